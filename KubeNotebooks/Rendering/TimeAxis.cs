using System.Globalization;

namespace KubeNotebooks;

/// <summary>Virtual time from left to right, a lane for each component that did something, a tick
/// for each step. It tells what the list of steps hides: that five steps were at one instant, and
/// that nothing happened for a minute.</summary>
internal sealed class TimeAxis
{
    private const double Left = 176;
    private const double Right = 588;
    private const int Lane = 16;

    private readonly List<Frame> frames;
    private readonly DateTime start;
    private readonly TimeScale scale;
    private readonly string[] components;
    private readonly List<string> lanes = [];

    public TimeAxis(List<Frame> frames, DateTime start, string[] components)
    {
        (this.frames, this.start, this.components) = (frames, start, components);
        scale = new(start, start, frames[^1].Time, Left, Right);
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
    public double X(DateTime time) => scale.X(time);

    public void Write(TextWriter to)
    {
        var bottom = 8 + (lanes.Count * Lane);
        var canvas = new Canvas();
        canvas.Raw(string.Create(CultureInfo.InvariantCulture,
            $"<svg id=\"axis\" viewBox=\"0 0 600 {bottom + 22}\" role=\"img\" aria-label=\"When "
            + $"each component took a step\"><title>When each component took a step</title>"));
        scale.Grid(canvas, 6, bottom);
        for (var i = 0; i < lanes.Count; i++)
        {
            canvas.Fitted(8, 19 + (i * Lane), lanes[i], Left - 20);
            Ticks(canvas, i);
        }
        canvas.Raw($"<line id=\"now\" class=\"now\" x1=\"{Markup.N(X(start))}\" "
            + $"x2=\"{Markup.N(X(start))}\" y1=\"4\" y2=\"{Markup.N(bottom + 4)}\"/></svg>\n");
        to.Write(canvas.ToString());
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
