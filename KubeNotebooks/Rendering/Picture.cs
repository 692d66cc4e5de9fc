using System.Text;

namespace KubeNotebooks;

/// <summary>A picture: an SVG, what one sees on it in words, and the same in plain text.</summary>
/// <remarks>As HTML it is an <c>img</c> with the SVG inside its address. That alone shows
/// everywhere: in an untrusted notebook, in a static page, offline and in print.</remarks>
/// <param name="Svg">A whole SVG document.</param>
/// <param name="Alt">What one sees, for those who do not.</param>
/// <param name="Text">The plain-text form.</param>
public sealed record Picture(string Svg, string Alt, string Text)
{
    /// <summary>The picture as one HTML element.</summary>
    public string ToHtml() => "<img src=\"data:image/svg+xml;base64,"
        + Convert.ToBase64String(Encoding.UTF8.GetBytes(Svg))
        + $"\" alt=\"{Markup.Escape(Alt)}\" style=\"width:100%;max-width:900px;height:auto\">";

    /// <summary>A whole SVG document in the style of maps.</summary>
    internal static string Document(double width, double height, string alt, string content) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"kmap\" role=\"img\" "
        + $"viewBox=\"0 0 {Markup.N(width)} {Markup.N(height)}\" width=\"{Markup.N(width)}\" "
        + $"height=\"{Markup.N(height)}\"><title>{Markup.Escape(alt)}</title><style>"
        + Markup.Escape(MapStyle.Css).Replace("&quot;", "\"", StringComparison.Ordinal)
        + $"</style><rect class=\"bg\" width=\"{Markup.N(width)}\" height=\"{Markup.N(height)}\" "
        + $"rx=\"8\"/>{content}</svg>";

    /// <summary>The picture in plain text.</summary>
    public override string ToString() => Text;
}
