using System.Globalization;
using System.Text;

namespace KubeNotebooks;

/// <summary>Text made safe for HTML and SVG, and made to fit.</summary>
internal static class Markup
{
    // Widths at a size of 12, rather too wide than too narrow for Arial, Roboto and Segoe UI.
    private const double Narrow = 4.1;
    private const double Usual = 6.8;
    private const double Wide = 10.2;

    /// <summary>Escapes for text and for attributes in either quotes. What XML cannot hold at all
    /// becomes a replacement character.</summary>
    public static string Escape(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }
        var safe = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '&': safe.Append("&amp;"); break;
                case '<': safe.Append("&lt;"); break;
                case '>': safe.Append("&gt;"); break;
                case '"': safe.Append("&quot;"); break;
                case '\'': safe.Append("&#39;"); break;
                case '\t' or '\n' or '\r': safe.Append(c); break;
                case < ' ' or '\uFFFE' or '\uFFFF': safe.Append('\uFFFD'); break;
                case var high when char.IsHighSurrogate(high) && i + 1 < text.Length
                    && char.IsLowSurrogate(text[i + 1]):
                    safe.Append(high).Append(text[++i]);
                    break;
                case var half when char.IsSurrogate(half): safe.Append('\uFFFD'); break;
                default: safe.Append(c); break;
            }
        }
        return safe.ToString();
    }

    /// <summary>A number as SVG has it.</summary>
    public static string N(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>The most that a text is wide, in pixels.</summary>
    public static double Width(string text, double size)
    {
        var width = 0.0;
        foreach (var c in text)
        {
            width += c is 'i' or 'j' or 'l' or 't' or 'f' or 'r' or '.' or ',' or ':' or ';'
                or '\'' or '|' or 'I' or ' ' or '-' ? Narrow
                : c is 'm' or 'w' or 'M' or 'W' or '@' or '%' ? Wide : Usual;
        }
        return width * size / 12;
    }

    /// <summary>The text, or its beginning and end with … between: both ends of a name say
    /// something.</summary>
    public static string Fit(string text, double width, double size)
    {
        if (Width(text, size) <= width)
        {
            return text;
        }
        for (var keep = text.Length - 1; keep > 2; keep--)
        {
            var end = keep / 2;
            var cut = $"{text.AsSpan(0, keep - end)}…{text.AsSpan(text.Length - end)}";
            if (Width(cut, size) <= width)
            {
                return cut;
            }
        }
        return "…";
    }

    /// <summary>The beginning of a text, as far as it fits.</summary>
    public static string FitStart(string text, double width, double size)
    {
        var keep = text.Length;
        while (keep > 0 && Width(keep == text.Length ? text : text[..keep] + "…", size) > width)
        {
            keep--;
        }
        return keep == text.Length ? text : text[..keep].TrimEnd() + "…";
    }

    /// <summary>Two lines, broken between words.</summary>
    public static (string First, string Second) Wrap(string text, double width, double size)
    {
        if (Width(text, size) <= width)
        {
            return (text, "");
        }
        var at = text.Length - 1;
        while (at > 0 && (text[at] != ' ' || Width(text[..at], size) > width))
        {
            at--;
        }
        return at == 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }

    /// <summary>Rows with their columns under each other, in characters.</summary>
    public static string Columns(List<string[]> rows, string gap = "  ")
    {
        int[] widths = [.. rows[0].Select((_, i) => rows.Max(r => r[i].Length))];
        return string.Join('\n', rows.Select(r =>
            string.Join(gap, r.Select((c, i) => c.PadRight(widths[i]))).TrimEnd()));
    }

    /// <summary>At most so many characters.</summary>
    public static string Brief(string text, int most) =>
        text.Length <= most ? text : $"{text.AsSpan(0, most - 1)}…";
}
