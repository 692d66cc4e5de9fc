using KubeSim;

namespace KubeNotebooks;

/// <summary>Virtual time from left to right: where an instant stands, and a grid at round
/// durations since the start.</summary>
internal sealed class TimeScale(DateTime start, DateTime from, DateTime to, double left,
    double right)
{
    private static readonly double[] Units =
    [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300,
        600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800,
    ];

    private readonly double seconds = Math.Max(0.001, (to - from).TotalSeconds);

    /// <summary>The place of an instant.</summary>
    public double X(DateTime time) =>
        Math.Round(left + ((right - left) * (time - from).TotalSeconds / seconds), 1);

    /// <summary>Lines from top to bottom, and below them how long after the start.</summary>
    public void Grid(Canvas canvas, double top, double bottom, string style = "")
    {
        var unit = Array.Find(Units, u => seconds / u <= 5) is > 0 and var found ? found
            : seconds / 4;
        var first = (long)Math.Ceiling(((from - start).TotalSeconds / unit) - 1e-9);
        for (var i = first; i * unit <= (from - start).TotalSeconds + seconds; i++)
        {
            var place = X(start.AddSeconds(i * unit));
            var x = Markup.N(place);
            canvas.Raw($"<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"{Markup.N(top)}\" "
                + $"y2=\"{Markup.N(bottom)}\"/>");
            canvas.Text(place, bottom + 15, GoDuration.Format(TimeSpan.FromSeconds(i * unit)),
                style, place > right - 14 ? "end" : "middle");
        }
    }
}
