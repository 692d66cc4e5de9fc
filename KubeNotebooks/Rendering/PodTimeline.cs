using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>The life of pods: a row each, virtual time from left to right, a span for each state.
/// Restarts and failures are marked where they happened.</summary>
internal sealed class PodTimeline
{
    private const int Most = 40;
    private const int Row = 24;
    private const int Left = 150;
    private const int Right = 590;
    private const int Top = 44;

    private readonly SortedDictionary<ObjectKey, List<Life>> lives = [];
    private readonly DateTime start;
    private readonly DateTime from;
    private readonly DateTime to;

    private PodTimeline(Cluster cluster, string? ns, Selector selector)
    {
        start = ClusterMap.Begin(cluster);
        var open = new Dictionary<ObjectKey, Life>();
        foreach (var (time, e) in cluster.Past(Kinds.Pod))
        {
            if ((ns ?? e.Key.Namespace) != e.Key.Namespace
                || !selector.Matches(e.Object.Metadata.Labels))
            {
                continue;
            }
            if (!open.TryGetValue(e.Key, out var life))
            {
                open.Add(e.Key, life = new());
                (lives.TryGetValue(e.Key, out var all) ? all : lives[e.Key] = []).Add(life);
            }
            life.Add(time, e.New as Pod);
            if (e.New is null)
            {
                open.Remove(e.Key);
            }
        }
        var times = lives.Values.SelectMany(l => l).SelectMany(l => l.Times).ToList();
        from = times.DefaultIfEmpty(start).Min();
        var last = times.DefaultIfEmpty(cluster.Now).Max();
        // What lasts is seen to last, and a long quiet time after it does not press all else flat.
        var tail = Math.Max(0.001, (last - from).TotalSeconds * 0.08);
        to = last.AddSeconds(tail) is var end && end < cluster.Now ? end
            : cluster.Now > last ? cluster.Now : end;
    }

    public static Picture Of(Cluster cluster, string? ns, string? selector)
    {
        var line = new PodTimeline(cluster, ns,
            selector is null ? Selector.Everything : Selector.Parse(selector));
        var text = line.Text();
        var alt = Markup.Brief($"Timeline of {line.lives.Count} pods. "
            + text.Replace("\n", ". ", StringComparison.Ordinal), 1400);
        var height = Top + (Math.Clamp(line.lives.Count, 1, Most) * Row) + 76;
        return new(Picture.Document(MapLayout.Width, height, alt, ClusterMap.Drawn(line.Draw)),
            alt, text);
    }

    private string Text()
    {
        var text = new StringBuilder();
        foreach (var (key, all) in lives)
        {
            text.Append(Name(key)).Append(':');
            foreach (var life in all)
            {
                foreach (var (time, look) in life.Looks)
                {
                    text.Append(CultureInfo.InvariantCulture,
                        $" {PodLooks.Name(look)} from {Since(time)},");
                }
                text.Append(life.End is { } end ? $" gone at {Since(end)}," : "");
                foreach (var (time, what) in life.Marks)
                {
                    text.Append(CultureInfo.InvariantCulture, $" {what} at {Since(time)},");
                }
            }
            text.Length--;
            text.Append('\n');
        }
        return text.Length == 0 ? "There were no such pods." : text.ToString().TrimEnd('\n');
    }

    private string Since(DateTime time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(time - start).TotalSeconds:0.###} s");

    private static string Name(ObjectKey key) =>
        key.Namespace == "default" ? key.Name : $"{key.Namespace}/{key.Name}";

    private void Draw(Canvas canvas)
    {
        PodLooks.Define(canvas);
        canvas.Text(8, 24, "The life of pods", "h");
        var scale = new TimeScale(start, from, to, Left, Right);
        var count = Math.Min(lives.Count, Most);
        var bottom = Top + (Math.Max(1, count) * Row);
        scale.Grid(canvas, Top - 6, bottom, "m");
        canvas.Text(8, bottom + 15, "virtual time", "m");
        var y = Top;
        foreach (var (key, all) in lives.Take(Most))
        {
            canvas.Fitted(8, y + 14, Name(key), Left - 16);
            all.ForEach(life => Bar(canvas, scale, life, y));
            y += Row;
        }
        if (lives.Count == 0)
        {
            canvas.Text(Left, y + 14, "There were no such pods.", "m");
        }
        var more = lives.Count > Most ? string.Create(CultureInfo.InvariantCulture,
            $"and {lives.Count - Most} more pods") : "";
        SmallMaps.Legend(canvas, bottom + 34, more);
        canvas.Text(592, bottom + 56, "↻ restart   ✗ failure   ┤ gone", "m", "end");
    }

    private void Bar(Canvas canvas, TimeScale scale, Life life, int y)
    {
        for (var i = 0; i < life.Looks.Count; i++)
        {
            var (begin, look) = life.Looks[i];
            var end = i + 1 < life.Looks.Count ? life.Looks[i + 1].Time : life.End ?? to;
            var (x, width) = (scale.X(begin), Math.Max(1.5, scale.X(end) - scale.X(begin)));
            canvas.Titled($"{PodLooks.Name(look)} from {Since(begin)}", () =>
                canvas.Box(x, y + 1, width, Row - 6, $"sl kp{(int)look}", 2));
            double[] stops = [.. life.Marks.Select(m => scale.X(m.Time))
                .Where(s => s > x - 8 && s < x + width), x + width + 8];
            var name = PodLooks.Name(look);
            if (Gap(x, stops, Markup.Width(name, 12) + 22) is { } room)
            {
                PodLooks.Draw(canvas, look, room + 9, y + 10);
                canvas.Text(room + 19, y + 14, name, look == PodLook.Succeeded ? "ow" : "on");
            }
            else if (Gap(x, stops, 18) is { } little)
            {
                PodLooks.Draw(canvas, look, little + 9, y + 10);
            }
        }
        foreach (var (time, what) in life.Marks)
        {
            var restart = what.StartsWith("restart", StringComparison.Ordinal);
            canvas.Titled($"{what} at {Since(time)}", () => canvas.Text(scale.X(time), y + 15,
                restart ? "↻" : "✗", "halo", "middle"));
        }
        if (life.End is { } gone)
        {
            var x = Markup.N(scale.X(gone));
            canvas.Path($"M{x} {y - 1}v{Row - 2}", "wy");
        }
    }

    // The first place between marks that is wide enough.
    private static double? Gap(double from, double[] stops, double need)
    {
        foreach (var stop in stops)
        {
            if (stop - 8 - from >= need)
            {
                return from;
            }
            from = Math.Max(from, stop + 8);
        }
        return null;
    }

    /// <summary>One pod from its creation to its end.</summary>
    private sealed class Life
    {
        private int restarts;
        private bool wasAmiss;

        public List<(DateTime Time, PodLook Look)> Looks { get; } = [];

        public List<(DateTime Time, string What)> Marks { get; } = [];

        public DateTime? End { get; private set; }

        public IEnumerable<DateTime> Times => Looks.Select(l => l.Time)
            .Concat(Marks.Select(m => m.Time)).Concat(End is { } end ? [end] : []);

        public void Add(DateTime time, Pod? pod)
        {
            if (pod is null)
            {
                End = time;
                return;
            }
            var look = PodLooks.Of(pod);
            if (Looks.Count == 0 || Looks[^1].Look != look)
            {
                Looks.Add((time, look));
            }
            if (pod.Restarts > restarts)
            {
                restarts = pod.Restarts;
                Marks.Add((time, string.Create(CultureInfo.InvariantCulture,
                    $"restart {restarts}")));
            }
            var why = PodLooks.Reason(pod);
            var amiss = PodLooks.IsTrouble(why) || look == PodLook.Failed;
            if (amiss && !wasAmiss)
            {
                Marks.Add((time, why));
            }
            wasAmiss = amiss;
        }
    }
}
