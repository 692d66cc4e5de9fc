using System.Text;

namespace KubeNotebooks;

/// <summary>Collects the shapes of an SVG. Colours come from the classes of
/// <see cref="MapStyle"/>.</summary>
internal sealed class Canvas
{
    private readonly StringBuilder svg = new();

    public override string ToString() => svg.ToString();

    public void Raw(string markup) => svg.Append(markup);

    public void Box(double x, double y, double width, double height, string style, double round = 5)
    {
        svg.Append($"<rect class=\"{style}\" x=\"{Markup.N(x)}\" y=\"{Markup.N(y)}\" ")
            .Append($"width=\"{Markup.N(width)}\" height=\"{Markup.N(height)}\" ")
            .Append($"rx=\"{Markup.N(round)}\"/>");
    }

    public void Text(double x, double y, string text, string style = "", string anchor = "")
    {
        svg.Append($"<text x=\"{Markup.N(x)}\" y=\"{Markup.N(y)}\"")
            .Append(style.Length > 0 ? $" class=\"{style}\"" : "")
            .Append(anchor.Length > 0 ? $" text-anchor=\"{anchor}\"" : "")
            .Append('>').Append(Markup.Escape(text)).Append("</text>");
    }

    /// <summary>Text that keeps within its room in any font: one wider than most is
    /// squeezed.</summary>
    public void Fitted(double x, double y, string text, double room, double size = 12,
        string style = "", bool start = false)
    {
        var cut = start ? Markup.FitStart(text, room, size) : Markup.Fit(text, room, size);
        var width = Markup.Width(cut, size);
        var squeeze = width < room * 0.85 ? "" : $" textLength=\"{Markup.N(width * 0.96)}\" "
            + "lengthAdjust=\"spacingAndGlyphs\"";
        svg.Append($"<text x=\"{Markup.N(x)}\" y=\"{Markup.N(y)}\"{squeeze}")
            .Append(style.Length > 0 ? $" class=\"{style}\"" : "")
            .Append('>').Append(Markup.Escape(cut)).Append("</text>");
    }

    public void Path(string d, string style) =>
        svg.Append($"<path class=\"{style}\" d=\"{d}\"/>");

    /// <summary>A line with corners and an arrow at its end.</summary>
    public void Arrow(string style, params (double X, double Y)[] points)
    {
        var d = new StringBuilder();
        for (var i = 0; i < points.Length; i++)
        {
            d.Append($"{(i == 0 ? "M" : "L")}{Markup.N(points[i].X)} {Markup.N(points[i].Y)}");
        }
        Path(d.ToString(), style);
        var ((x, y), (fromX, fromY)) = (points[^1], points[^2]);
        var (dx, dy) = (Math.Sign(x - fromX), Math.Sign(y - fromY));
        Path($"M{Markup.N(x)} {Markup.N(y)}"
            + $"L{Markup.N(x - (8 * dx) - (5 * dy))} {Markup.N(y - (8 * dy) - (5 * dx))}"
            + $"L{Markup.N(x - (8 * dx) + (5 * dy))} {Markup.N(y - (8 * dy) + (5 * dx))}Z",
            style.Replace("ar", "ah", StringComparison.Ordinal));
    }

    /// <summary>Draws something that has a text for the pointer.</summary>
    public void Titled(string title, Action draw)
    {
        svg.Append("<g><title>").Append(Markup.Escape(title)).Append("</title>");
        draw();
        svg.Append("</g>");
    }
}
