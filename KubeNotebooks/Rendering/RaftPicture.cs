using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A Raft group as it is now: a row for each member with its role and its log, and below
/// them the messages on their way. An entry has the colour of its term once its member knows it to
/// be committed, and is white and dashed until then.</summary>
internal sealed class RaftPicture(RaftGroup group)
{
    private const int MostEntries = 6;
    private const int MostMessages = 12;
    private const int Left = 226;
    private const int Right = 592;
    private const int Top = 62;
    private const int RowHeight = 44;
    private const int Terms = 5;

    private readonly int[] ids = [.. Enumerable.Range(1, group.Size)];

    public static Picture Of(RaftGroup group)
    {
        var picture = new RaftPicture(group);
        var waiting = group.InFlight.Select(f => string.Create(CultureInfo.InvariantCulture,
            $"  {f.Number}  {f.Message}"));
        var text = group.ToString().TrimEnd('\n') + (group.InFlight.Count == 0 ? ""
            : $"\non their way:\n{string.Join('\n', waiting)}");
        var alt = Markup.Brief($"A Raft group. {text.Replace('\n', ';')}", 1400);
        return new(Picture.Document(MapLayout.Width, picture.Height, alt,
            ClusterMap.Drawn(picture.Draw)), alt, text);
    }

    private int Bottom => Top + (group.Size * RowHeight);

    private int Height => Bottom + 30
        + (group.InFlight.Count == 0 ? 0 : 24 + (18 * Math.Min(MostMessages + 1,
            group.InFlight.Count)));

    private long Last => ids.Max(id => group.OnDisk(id) is [.., var e] ? e.Index
        : group[id]?.LastIndex ?? 0);

    private long First => Math.Max(1, Last - MostEntries + 1);

    private void Draw(Canvas canvas)
    {
        canvas.Text(8, 24, group.Leader is { } leader
            ? $"{group.Size} members; m{leader.Id} leads term {leader.Term}"
            : $"{group.Size} members; nobody leads", "h");
        canvas.Text(8, 50, "member", "m");
        for (var index = First; index <= Last; index++)
        {
            canvas.Text(X(index) + 4, 50, $"{index}", "m");
        }
        Array.ForEach(ids, id => Member(canvas, id));
        canvas.Text(8, Bottom + 16, "term:entry · coloured: committed, as far as the member knows "
            + "· dashed: not (yet)", "m");
        Messages(canvas);
    }

    private static double X(long index, long first) =>
        Left + ((index - first) * (double)(Right - Left) / MostEntries);

    private double X(long index) => X(index, First);

    private void Member(Canvas canvas, int id)
    {
        var y = Top + ((id - 1) * RowHeight);
        var member = group[id];
        canvas.Box(8, y, Left - 18, 38, member is null ? "nd off"
            : member.Role == RaftRole.Leader ? "hd" : "nd");
        if (member?.Role == RaftRole.Leader)
        {
            canvas.Box(8, y, Left - 18, 38, "k");
        }
        canvas.Text(16, y + 16, $"m{id}", "b");
        canvas.Text(42, y + 16, member is null ? "down" : $"{member.Role} · term {member.Term}");
        canvas.Fitted(16, y + 32, member is null ? "what is on its disk stays"
            : $"commit {member.Commit}{Cut(id)}", Left - 34, 12.5, "m");
        var log = group.OnDisk(id);
        foreach (var entry in log.Where(e => e.Index >= First))
        {
            Entry(canvas, entry, y, member is not null && entry.Index <= member.Commit);
        }
        var snapshot = log is [var first, ..] ? first.Index - 1 : member?.Snapshot.Index ?? 0;
        if (snapshot >= First)
        {
            canvas.Box(Left, y + 5, X(snapshot + 1) - Left - 4, 28, "hd");
            canvas.Fitted(Left + 5, y + 24, $"snapshot …{snapshot}", X(snapshot + 1) - Left - 12);
        }
    }

    // Whom it reaches, where the network is cut.
    private string Cut(int id)
    {
        var reached = ids.Where(to => to != id && group.Reaches(id, to)).ToArray();
        return reached.Length == group.Up.Count() - 1 ? ""
            : reached.Length == 0 ? " · reaches nobody"
            : $" · reaches {string.Join(' ', reached.Select(to => $"m{to}"))}";
    }

    private void Entry(Canvas canvas, RaftEntry entry, double y, bool committed)
    {
        var width = X(entry.Index + 1) - X(entry.Index) - 4;
        canvas.Titled($"index {entry.Index}, term {entry.Term}: {entry.Data}", () =>
            canvas.Box(X(entry.Index), y + 5, width, 28,
                committed ? $"kp kp{entry.Term % Terms}" : "ch gs"));
        canvas.Fitted(X(entry.Index) + 5, y + 24, $"{entry}", width - 8,
            style: committed ? "on" : "");
    }

    private void Messages(Canvas canvas)
    {
        var y = Bottom + 42;
        if (group.InFlight.Count > 0)
        {
            canvas.Text(8, y, "On their way", "b");
        }
        foreach (var (number, message) in group.InFlight.Take(MostMessages))
        {
            y += 18;
            canvas.Fitted(16, y, $"{number}  {message}", 570, 12.5, start: true);
        }
        if (group.InFlight.Count > MostMessages)
        {
            canvas.Text(16, y + 18, $"and {group.InFlight.Count - MostMessages} more", "m");
        }
    }
}
