using KubeSim;

namespace KubeNotebooks;

/// <summary>Keys of etcd over revisions: a row for each key, a column for each revision that
/// changed one of them, a bar for as long as a value held. What is deleted ends with a cross, and
/// what is compacted away is a grey block: the same grid in SVG and in text.</summary>
internal sealed class KeyPicture
{
    private const int MostKeys = 20;
    private const int MostColumns = 10;
    private const int Left = 196;
    private const int Right = 592;
    private const int Top = 66;
    private const int RowHeight = 28;

    // A value from a column up to another one; -1 is before the first, and null is until now.
    private sealed record Bar(int Row, int From, string Text)
    {
        public int? To { get; set; }
    }

    private readonly string prefix;
    private readonly long compacted;
    private readonly List<string> keys = [];
    private readonly List<long> columns = [];
    private readonly List<Bar> bars = [];
    private readonly int dropped;

    private KeyPicture(Cluster cluster, string prefix)
    {
        this.prefix = prefix;
        var etcd = cluster.Etcd;
        compacted = etcd.Compacted.Value;
        var changes = new List<EtcdEvent>();
        using (var watch = etcd.Watch(prefix, compacted + 1))
        {
            while (watch.TryNext(out var change))
            {
                changes.Add(change);
            }
        }
        var shown = changes.TakeLast(MostColumns).ToList();
        dropped = changes.Count - shown.Count;
        // The state before the first column: of the keys alone where that is the very beginning.
        var before = shown.Count > 0 ? shown[0].Kv.ModRevision - 1 : etcd.Revision.Value;
        Seq<EtcdKeyValue> first = before == 0 ? [] : etcd.Range(prefix, before);
        keys.AddRange(first.Select(kv => kv.Key).Concat(shown.Select(e => e.Kv.Key)).Distinct()
            .Order(StringComparer.Ordinal).Take(MostKeys));
        foreach (var kv in first)
        {
            Begin(kv, -1);
        }
        foreach (var change in shown)
        {
            columns.Add(change.Kv.ModRevision);
            if (bars.FindLast(b => b.Row == keys.IndexOf(change.Kv.Key)) is { To: null } open)
            {
                open.To = columns.Count - 1;
            }
            if (change.Type == "PUT")
            {
                Begin(change.Kv, columns.Count - 1);
            }
        }
    }

    public static Picture Of(Cluster cluster, string prefix)
    {
        var picture = new KeyPicture(cluster, prefix);
        var text = picture.InText();
        var alt = Markup.Brief($"The keys under {prefix} over revisions. {picture.Note} {text}",
            1400);
        var height = Top + (picture.keys.Count * RowHeight) + 36;
        return new(Picture.Document(MapLayout.Width, height, alt,
            ClusterMap.Drawn(picture.Draw)), alt, text);
    }

    private string Note => compacted > 0 ? $"All before revision {compacted} is compacted away."
        : dropped > 0 ? $"{dropped} earlier changes are not shown." : "";

    private void Begin(EtcdKeyValue kv, int column)
    {
        if (keys.IndexOf(kv.Key) is >= 0 and var row)
        {
            bars.Add(new(row, column, kv.Value.StartsWith('{') ? $"version {kv.Version}"
                : kv.Value));
        }
    }

    private bool IsDeleted(int row, int column) =>
        bars.Exists(b => b.Row == row && b.To == column)
        && !bars.Exists(b => b.Row == row && b.From == column);

    private double X(int column) =>
        Left + ((column + 1) * (double)(Right - Left) / (columns.Count + 1));

    private void Draw(Canvas canvas)
    {
        canvas.Fitted(8, 24, $"Keys under {prefix}", 584, 15, "h");
        canvas.Text(8, 52, "key", "m");
        canvas.Fitted(Left, 52, compacted > 0 ? $"≤ {compacted}" : "before", X(0) - Left - 4, 12.5,
            "m");
        for (var i = 0; i < columns.Count; i++)
        {
            canvas.Text(X(i), 52, Markup.N(columns[i]), "b");
        }
        for (var row = 0; row < keys.Count; row++)
        {
            canvas.Fitted(8, Y(row) + 15, keys[row][prefix.Length..] is { Length: > 0 } rest ? rest
                : keys[row], Left - 20);
        }
        foreach (var bar in bars)
        {
            var (x, end) = (X(bar.From), bar.To is { } to ? X(to) : Right);
            canvas.Titled($"{keys[bar.Row]}: {bar.Text}", () =>
                canvas.Box(x, Y(bar.Row), end - x - 4, 22, bar.To is null ? "hd" : "nd off"));
            canvas.Fitted(x + 6, Y(bar.Row) + 15, bar.Text, end - x - 14,
                style: bar.To is null ? "b" : "");
        }
        for (var row = 0; row < keys.Count; row++)
        {
            for (var i = 0; i < columns.Count; i++)
            {
                if (IsDeleted(row, i))
                {
                    var (x, y) = (Markup.N(X(i) + 2), Markup.N(Y(row) + 5));
                    canvas.Path($"M{x} {y}l12 12m0 -12l-12 12", "x");
                }
            }
        }
        canvas.Text(8, Y(keys.Count) + 18, $"bold: now · dashed: the past · ✕ deleted. {Note}",
            "m");
    }

    private static double Y(int row) => Top + (row * RowHeight);

    // The same in letters: a value where it was written, a line as long as it held.
    private string InText()
    {
        var grid = new List<string[]>
        {
            (string[])["key", compacted > 0 ? $"<={compacted}" : "before",
                .. columns.Select(c => Markup.N(c))],
        };
        grid.AddRange(keys.Select((key, row) => (string[])[key,
            .. Enumerable.Range(-1, columns.Count + 1).Select(i => Cell(row, i))]));
        return $"{Markup.Columns(grid)}\n{Note}".TrimEnd('\n');
    }

    private string Cell(int row, int column) =>
        bars.Find(b => b.Row == row && b.From == column)?.Text is { } value ? value
        : IsDeleted(row, column) ? "x"
        : bars.Exists(b => b.Row == row && b.From < column && (b.To ?? int.MaxValue) > column)
            ? "-" : "";
}
