using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A causal chain from top to bottom: a box for each step or input, in a lane for each who,
/// and an arrow from each cause to what it led to. An arrow runs on the left where it leads on to a
/// later lane, and on the right where it leads back.</summary>
internal sealed class WhyPicture
{
    private const int Most = 24;
    private const int BoxHeight = 50;
    private const int Pitch = 66;
    private const int Top = 40;
    private const int Right = 556;
    private const int MostLanes = 6;

    private readonly CausalChain chain;
    private readonly List<CausalLink> links;
    private readonly List<string> lanes = [];
    private readonly Dictionary<long, int> places = [];
    private readonly int left;

    private WhyPicture(CausalChain chain)
    {
        this.chain = chain;
        // Of too many the first and the last: where it began, and what came of it.
        left = Math.Max(0, chain.Links.Count - Most);
        links = [.. chain.Links.Where((_, i) => i < Most / 2 || i >= left + (Most / 2))];
        for (var i = 0; i < links.Count; i++)
        {
            places.TryAdd(Id(links[i]), i);
            if (!lanes.Contains(Who(links[i])))
            {
                lanes.Add(Who(links[i]));
            }
        }
    }

    public static Picture Of(CausalChain chain)
    {
        var why = new WhyPicture(chain);
        var text = Words.Name(chain.About);
        var alt = Markup.Brief($"Why {text} is as it is. " + string.Join(" Then ",
            why.links.Select(l => $"{Who(l)} {What(l)}.")), 1400);
        var height = Top + (why.links.Count * Pitch) + (chain.IsCut || why.left > 0 ? 16 : 0);
        return new(Picture.Document(MapLayout.Width, height, alt, ClusterMap.Drawn(why.Draw)), alt,
            chain.ToString());
    }

    private static long Id(CausalLink link) => link.Step > 0 ? link.Step : -link.Input;

    private static string Who(CausalLink link) => link.Step == 0 ? "you"
        : link.Who.Replace("/", " on ", StringComparison.Ordinal);

    private static string What(CausalLink link) => link.Step == 0 ? link.Who
        : link.Wrote.IsEmpty ? $"looked at {link.Key}" : string.Join(", ", Short(link));

    // Many of a kind are said once: created 3 pods.
    private static IEnumerable<string> Short(CausalLink link) => link.Wrote
        .GroupBy(w => string.Join(' ', w.Split(' ').Take(2))).Select(g => g.Count() == 1
            ? g.First().Replace(" default/", " ", StringComparison.Ordinal)
            : string.Create(CultureInfo.InvariantCulture,
                $"{g.Key.Split(' ')[0]} {g.Count()} {g.Key.Split(' ')[^1]}"));

    private void Draw(Canvas canvas)
    {
        canvas.Fitted(8, 24, $"Why {Words.Name(chain.About)} is as it is", 584, 15, "h");
        for (var i = 0; i < links.Count; i++)
        {
            foreach (var from in links[i].From)
            {
                if (places.TryGetValue(from, out var place) && place < i)
                {
                    Arrow(canvas, place, i);
                }
            }
        }
        for (var i = 0; i < links.Count; i++)
        {
            Box(canvas, links[i], i);
        }
        var note = left > 0 ? string.Create(CultureInfo.InvariantCulture,
                $"{left} links between are left out. ") : "";
        note += chain.IsCut ? "Earlier causes are no longer kept." : "";
        canvas.Text(8, Top + (links.Count * Pitch) + 8, note, "m");
    }

    private double LeftOf(int place) =>
        12 + (26 * Math.Min(MostLanes, lanes.IndexOf(Who(links[place]))));

    private static double TopOf(int place) => Top + (place * Pitch);

    private void Arrow(Canvas canvas, int from, int to)
    {
        var (x, y) = (LeftOf(from), TopOf(from));
        var target = TopOf(to) + (BoxHeight / 2.0);
        if (LeftOf(to) > x + 8)
        {
            canvas.Arrow("ar", (x + 12, y + BoxHeight), (x + 12, target), (LeftOf(to) - 1, target));
        }
        else if (to == from + 1)
        {
            canvas.Arrow("ar", (x + 120, y + BoxHeight), (x + 120, TopOf(to) - 1));
        }
        else
        {
            var gutter = Right + 10 + (from % 4 * 8);
            canvas.Arrow("ar", (Right, y + BoxHeight - 8), (gutter, y + BoxHeight - 8),
                (gutter, target), (Right + 1, target));
        }
    }

    private void Box(Canvas canvas, CausalLink link, int place)
    {
        var (x, y) = (LeftOf(place), TopOf(place));
        var width = Right - x;
        canvas.Titled(link.ToString(), () =>
            canvas.Box(x, y, width, BoxHeight, link.Step == 0 ? "hd" : "nd"));
        var when = string.Create(CultureInfo.InvariantCulture,
            $"{(link.Step > 0 ? $"step {link.Step}" : $"input {link.Input}")}  ·  "
            + $"{link.Time:HH:mm:ss.fff}");
        canvas.Text(Right - 8, y + 17, when, "m", "end");
        canvas.Fitted(x + 8, y + 17, Who(link), width - 24 - Markup.Width(when, 12.5), 12, "b");
        var (first, second) = Markup.Wrap(What(link), width - 16, 12);
        canvas.Fitted(x + 8, y + 31, first, width - 16, start: true);
        canvas.Fitted(x + 8, y + 45, second, width - 16, start: true);
    }
}
