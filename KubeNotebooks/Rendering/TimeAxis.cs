using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Virtual time from left to right, a lane for each component that did something, a tick
/// for each step. It tells what the list of steps hides: that five steps were at one instant, and
/// that nothing happened for a minute.</summary>
internal sealed class TimeAxis
{
    private const double Left = 176;
    private const double Right = 588;
    private const int Lane = 16;

    private static readonly double[] Units =
    [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300,
        600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800,
    ];

    private readonly List<Frame> frames;
    private readonly DateTime start;
    private readonly string[] components;
    private readonly double seconds;
    private readonly List<string> lanes = [];

    public TimeAxis(List<Frame> frames, DateTime start, string[] components)
    {
        (this.frames, this.start, this.components) = (frames, start, components);
        seconds = Math.Max(0.001, (frames[^1].Time - start).TotalSeconds);
        lanes.Add("you");
        foreach (var component in components)
        {
            if (frames.Exists(f => f.Step?.Component == component))
            {
                lanes.Add(component);
            }
        }
    }

    /// <summary>Where a time stands, from 0 to 600.</summary>
    public double X(DateTime time) =>
        Math.Round(Left + ((Right - Left) * (time - start).TotalSeconds / seconds), 1);

    public void Write(TextWriter to)
    {
        var bottom = 8 + (lanes.Count * Lane);
        var canvas = new Canvas();
        canvas.Raw(string.Create(CultureInfo.InvariantCulture,
            $"<svg id=\"axis\" viewBox=\"0 0 600 {bottom + 22}\" role=\"img\" aria-label=\"When "
            + $"each component took a step\"><title>When each component took a step</title>"));
        Grid(canvas, bottom);
        for (var i = 0; i < lanes.Count; i++)
        {
            canvas.Fitted(8, 19 + (i * Lane), lanes[i], Left - 20);
            Ticks(canvas, i);
        }
        canvas.Raw($"<line id=\"now\" class=\"now\" x1=\"{Markup.N(X(start))}\" "
            + $"x2=\"{Markup.N(X(start))}\" y1=\"4\" y2=\"{Markup.N(bottom + 4)}\"/></svg>\n");
        to.Write(canvas.ToString());
    }

    private void Grid(Canvas canvas, int bottom)
    {
        var unit = Array.Find(Units, u => seconds / u <= 5) is > 0 and var found ? found
            : seconds / 4;
        for (var i = 0; i * unit <= seconds; i++)
        {
            var x = Markup.N(X(start.AddSeconds(i * unit)));
            canvas.Raw($"<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"6\" "
                + $"y2=\"{Markup.N(bottom)}\"/>");
            canvas.Text(X(start.AddSeconds(i * unit)), bottom + 15,
                GoDuration.Format(TimeSpan.FromSeconds(i * unit)), "",
                X(start.AddSeconds(i * unit)) > Right - 14 ? "end" : "middle");
        }
    }

    // Ticks that would fall on the same place are one.
    private void Ticks(Canvas canvas, int lane)
    {
        var colour = lane == 0 ? "#777777"
            : MapStyle.Colour(Array.IndexOf(components, lanes[lane]));
        var drawn = new SortedSet<double>();
        foreach (var frame in frames)
        {
            if ((frame.Step?.Component ?? "you") == lanes[lane] && frame.Number > 0
                && drawn.Add(X(frame.Time)))
            {
                canvas.Raw($"<rect x=\"{Markup.N(X(frame.Time) - 1.5)}\" "
                    + $"y=\"{Markup.N(9 + (lane * Lane))}\" "
                    + $"width=\"3\" height=\"12\" fill=\"{colour}\"/>");
            }
        }
    }
}
