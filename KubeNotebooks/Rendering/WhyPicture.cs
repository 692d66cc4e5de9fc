using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A causal chain from top to bottom: a box for each step or input, in a lane for each
/// who, and an arrow from each cause to what it led to. An arrow runs on the left where it leads on
/// to a later lane, and on the right where it leads back.</summary>
internal sealed class WhyPicture
{
    private const int Most = 24;
    private const int Gap = 16;
    private const int Top = 40;
    private const int Right = 556;
    private const int MostLanes = 6;

    private readonly CausalChain chain;
    private readonly List<CausalLink> links;
    private readonly List<string> lanes = [];
    private readonly Dictionary<long, int> places = [];
    private readonly List<(double Top, double Height)> boxes = [];
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
            var height = Lines(i).Second.Length > 0 ? 52 : 38;
            boxes.Add((i == 0 ? Top : Bottom + Gap, height));
        }
    }

    public static Picture Of(CausalChain chain)
    {
        var why = new WhyPicture(chain);
        var text = Words.Name(chain.About);
        var alt = Markup.Brief($"Why {text} is as it is. " + string.Join(" Then ",
            why.links.Select(l => $"{Who(l)} {What(l)}.")), 1400);
        var height = why.Bottom + (chain.IsCut || why.left > 0 ? 34 : 12);
        return new(Picture.Document(MapLayout.Width, height, alt, ClusterMap.Drawn(why.Draw)), alt,
            chain.ToString());
    }

    private static long Id(CausalLink link) => link.Step > 0 ? link.Step : -link.Input;

    private static string Who(CausalLink link) => link.Step == 0 ? "you"
        : link.Who.Replace("/", " on ", StringComparison.Ordinal);

    private static string What(CausalLink link) => link.Step == 0
        ? Plain(link.Who.Replace($" by {UserInfo.Admin.Name}", "", StringComparison.Ordinal))
        : link.Wrote.IsEmpty ? $"looked at {Words.Name(link.Key)} and wrote nothing"
        : string.Join(", ", Short(link));

    // As people say it: "Pod web-1", not "pods default/web-1".
    private static string Plain(string text) => string.Join(' ', text
        .Replace(" default/", " ", StringComparison.Ordinal).Split(' ')
        .Select(word => kinds.GetValueOrDefault(word, word)));

    private static readonly Dictionary<string, string> kinds = KindRegistry.BuiltIn.All
        .GroupBy(k => k.Resource).ToDictionary(g => g.Key, g => g.First().Name);

    private double Bottom => boxes.Count == 0 ? Top : boxes[^1].Top + boxes[^1].Height;

    private (string First, string Second) Lines(int place) =>
        Markup.Wrap(What(links[place]), Right - LeftOf(place) - 16, 12);

    // Many of a kind are said once: created 3 pods.
    private static IEnumerable<string> Short(CausalLink link) => link.Wrote
        .GroupBy(w => string.Join(' ', w.Split(' ').Take(2))).Select(g => g.Count() == 1
            ? Plain(g.First()) : g.Key.StartsWith("event ", StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"{g.Count()} events {g.Key[6..]}")
            : string.Create(CultureInfo.InvariantCulture,
                $"{g.Key.Split(' ')[0]} {g.Count()} {Plain(g.Key.Split(' ')[^1])}s"));

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
        canvas.Text(8, Bottom + 20, note, "m");
    }

    private double LeftOf(int place) =>
        12 + (26 * Math.Min(MostLanes, lanes.IndexOf(Who(links[place]))));

    private void Arrow(Canvas canvas, int from, int to)
    {
        var (x, y) = (LeftOf(from), boxes[from].Top + boxes[from].Height);
        var target = boxes[to].Top + 19;
        if (LeftOf(to) > x + 8)
        {
            canvas.Arrow("ar", (x + 12, y), (x + 12, target), (LeftOf(to) - 1, target));
        }
        else if (to == from + 1)
        {
            canvas.Arrow("ar", (x + 120, y), (x + 120, boxes[to].Top - 1));
        }
        else
        {
            var gutter = Right + 10 + (from % 4 * 8);
            canvas.Arrow("ar", (Right, y - 8), (gutter, y - 8), (gutter, target),
                (Right + 1, target));
        }
    }

    private void Box(Canvas canvas, CausalLink link, int place)
    {
        var (x, (y, height)) = (LeftOf(place), boxes[place]);
        var width = Right - x;
        canvas.Titled(link.ToString(), () =>
            canvas.Box(x, y, width, height, link.Step == 0 ? "hd" : "nd"));
        var when = string.Create(CultureInfo.InvariantCulture,
            $"{(link.Step > 0 ? $"step {link.Step}" : $"input {link.Input}")}  ·  "
            + $"{link.Time:HH:mm:ss.fff}");
        canvas.Text(Right - 8, y + 17, when, "m", "end");
        canvas.Fitted(x + 8, y + 17, Who(link), width - 24 - Markup.Width(when, 12.5), 12, "b");
        var (first, second) = Lines(place);
        canvas.Fitted(x + 8, y + 32, first, width - 16, start: true);
        canvas.Fitted(x + 8, y + 46, second, width - 16, start: true);
    }
}
