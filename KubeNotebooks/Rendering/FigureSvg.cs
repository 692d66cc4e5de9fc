using System.Globalization;
using System.Text;

namespace KubeNotebooks;

/// <summary>Draws a figure as a still picture, from the numbers that Plotly gets.</summary>
internal sealed class FigureSvg
{
    private const int Left = 58;
    private const int Right = 588;
    private const int PlotHeight = 230;
    private const int MostPoints = 600;

    private readonly Figure figure;
    private readonly Canvas canvas = new();
    private readonly double[][] tops;
    private readonly double least;
    private readonly double most;
    private readonly double low;
    private readonly double high;
    private readonly double unit;
    private double top = 36;

    private FigureSvg(Figure figure)
    {
        this.figure = figure;
        tops = Stack(figure.Traces);
        var xs = figure.Traces.SelectMany(t => t.X).DefaultIfEmpty();
        (least, most) = (xs.Min(), xs.Max());
        most = most > least ? most : least + 1;
        var ys = tops.SelectMany(t => t).Where(double.IsFinite).DefaultIfEmpty();
        (low, high) = (Math.Min(0, ys.Min()), Math.Max(figure.YMost, ys.Max()));
        high = high > low ? high : low + 1;
        unit = Nice((high - low) / 5);
        (low, high) = (Math.Floor(low / unit) * unit, Math.Ceiling(high / unit) * unit);
    }

    private double Bottom => top + PlotHeight;

    private bool IsBars => figure.Traces.Any(t => t.Form == TraceForm.Bar);

    public static string Of(Figure figure, string alt)
    {
        var svg = new FigureSvg(figure);
        svg.Draw();
        return Picture.Document(MapLayout.Width, svg.Bottom + 44, alt, svg.canvas.ToString());
    }

    // Areas stand on top of the ones before them; all else stands on the axis.
    private static double[][] Stack(IReadOnlyList<Trace> traces)
    {
        var tops = new double[traces.Count][];
        double[]? below = null;
        for (var i = 0; i < traces.Count; i++)
        {
            tops[i] = [.. traces[i].Y];
            if (traces[i].Form == TraceForm.Area)
            {
                for (var j = 0; j < tops[i].Length; j++)
                {
                    tops[i][j] += below?[j] ?? 0;
                }
                below = tops[i];
            }
        }
        return tops;
    }

    private static double Nice(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return Array.Find([1.0, 2, 5, 10], n => n * power >= least * 0.999) * power;
    }

    private double X(double x) => Left + ((Right - Left) * (x - least) / (most - least));

    private double Y(double y) => Bottom - (PlotHeight * (y - low) / (high - low));

    private void Draw()
    {
        canvas.Fitted(8, 22, figure.Title, 584, 15, "h");
        Legend();
        Axes();
        if (figure.Traces.All(t => t.Y.Count == 0))
        {
            canvas.Text((Left + Right) / 2.0, top + (PlotHeight / 2.0), "no data yet", "m",
                "middle");
        }
        else if (IsBars)
        {
            Bars();
            return;
        }
        double[]? below = null;
        for (var i = 0; i < figure.Traces.Count; i++)
        {
            if (figure.Traces[i].Form == TraceForm.Area && tops[i].Length > 0)
            {
                Area(figure.Traces[i], tops[i], below);
                below = tops[i];
            }
        }
        for (var i = 0; i < figure.Traces.Count; i++)
        {
            if (figure.Traces[i].Form != TraceForm.Area && tops[i].Length > 0)
            {
                Stroke(figure.Traces[i], i, Path(figure.Traces[i], tops[i]));
            }
        }
    }

    private void Legend()
    {
        var x = 12.0;
        for (var i = 0; i < figure.Traces.Count && figure.Traces.Count > 1; i++)
        {
            var trace = figure.Traces[i];
            var width = Markup.Width(trace.Name, 12) + 44;
            if (x > 12 && x + width > 596)
            {
                (x, top) = (12, top + 18);
            }
            if (trace.Form is TraceForm.Area or TraceForm.Bar)
            {
                Fill(trace, i, x, top - 6, 22, 12);
            }
            else
            {
                Stroke(trace, i, $"M{Markup.N(x)} {Markup.N(top)}h24");
            }
            canvas.Fitted(x + 30, top + 4, trace.Name, 600 - x - 30);
            x += width;
        }
        top += figure.Traces.Count > 1 ? 24 : 6;
        canvas.Fitted(8, top, figure.YTitle, 580, 12, "m");
        top += IsBars ? 22 : 12;
    }

    private void Fill(Trace trace, int index, double x, double y, double width, double height)
    {
        canvas.Raw(string.Create(CultureInfo.InvariantCulture, $"<rect class=\"sl\" "
            + $"x=\"{Markup.N(x)}\" y=\"{Markup.N(y)}\" width=\"{Markup.N(width)}\" "
            + $"height=\"{Markup.N(Math.Max(0, height))}\" fill=\"{trace.Colour}\"/>"));
        // Bars of a second row are hatched: colour alone tells nothing.
        for (var at = 4.0; trace.Form == TraceForm.Bar && index % 2 == 1 && at < height; at += 6)
        {
            canvas.Path($"M{Markup.N(x)} {Markup.N(y + at)}h{Markup.N(width)}", "sl");
        }
    }

    private void Stroke(Trace trace, int index, string path)
    {
        var dash = figure.DashOf(index) switch
        {
            "dash" => " stroke-dasharray=\"7 4\"",
            "dot" => " stroke-dasharray=\"2 4\"",
            "dashdot" => " stroke-dasharray=\"8 3 2 3\"",
            _ => "",
        };
        // An edge around a line parts it from any area behind it.
        var look = trace.Form == TraceForm.Bound ? "class=\"bd\""
            : $"fill=\"none\" stroke=\"{trace.Colour}\" stroke-width=\"2.6\"";
        if (trace.Form != TraceForm.Bound)
        {
            canvas.Raw($"<path class=\"ed\" d=\"{path}\"/>");
        }
        canvas.Raw($"<path {look}{dash} d=\"{path}\"/>");
    }

    private void Axes()
    {
        for (var y = low; y <= high + (unit / 2); y += unit)
        {
            var at = Markup.N(Y(y));
            canvas.Raw($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Right}\" y1=\"{at}\" "
                + $"y2=\"{at}\"/>");
            canvas.Text(Left - 6, Y(y) + 4, Figure.Number(Math.Round(y, 9)), "m", "end");
        }
        canvas.Text((Left + Right) / 2.0, Bottom + 36, figure.XTitle, "m", "middle");
        if (IsBars)
        {
            return;
        }
        var step = Nice((most - least) / 6);
        for (var i = (long)Math.Ceiling(least / step); i * step <= most; i++)
        {
            var x = X(i * step);
            canvas.Raw($"<line class=\"grid\" x1=\"{Markup.N(x)}\" x2=\"{Markup.N(x)}\" "
                + $"y1=\"{Markup.N(top)}\" y2=\"{Markup.N(Bottom)}\"/>");
            canvas.Text(x, Bottom + 16, Figure.Number(Math.Round(i * step, 9)), "m",
                x > Right - 14 ? "end" : "middle");
        }
    }

    // Of very many points at one place the last one counts.
    private List<(double X, double Y)> Points(Trace trace, double[] ys)
    {
        var points = new List<(double X, double Y)>();
        var coarse = ys.Length > MostPoints;
        for (var i = 0; i < ys.Length; i++)
        {
            var x = coarse ? Math.Round(X(trace.X[i])) : Math.Round(X(trace.X[i]), 1);
            if (points.Count > 0 && points[^1].X == x)
            {
                points.RemoveAt(points.Count - 1);
            }
            points.Add((x, Y(ys[i])));
        }
        return points;
    }

    private string Path(Trace trace, double[] ys)
    {
        var path = new StringBuilder();
        foreach (var (x, y) in Points(trace, ys))
        {
            path.Append(path.Length == 0 ? $"M{Markup.N(x)} {Markup.N(y)}"
                : trace.Form == TraceForm.Line ? $"L{Markup.N(x)} {Markup.N(y)}"
                : $"H{Markup.N(x)}V{Markup.N(y)}");
        }
        return path.ToString();
    }

    private void Area(Trace trace, double[] ys, double[]? below)
    {
        var path = new StringBuilder(Path(trace, ys));
        var floor = Points(trace, below ?? new double[ys.Length]);
        path.Append($"V{Markup.N(floor[^1].Y)}");
        for (var i = floor.Count - 1; i > 0; i--)
        {
            // On the way back, too, a value holds from its point to the right.
            path.Append($"H{Markup.N(floor[i].X)}V{Markup.N(floor[i - 1].Y)}");
        }
        path.Append($"H{Markup.N(floor[0].X)}");
        canvas.Raw($"<path class=\"sl\" fill=\"{trace.Colour}\" d=\"{path}Z\"/>");
        NameInside(trace, ys, below);
    }

    // An area says what it is where it is thickest for long enough.
    private void NameInside(Trace trace, double[] ys, double[]? below)
    {
        var (best, at) = (0.0, -1);
        var room = Markup.Width(trace.Name, 12) + 10;
        for (var i = 0; i + 1 < ys.Length; i++)
        {
            var thick = Y(below?[i] ?? 0) - Y(ys[i]);
            var wide = X(trace.X[i + 1]) - X(trace.X[i]);
            if (thick > 15 && wide > room && thick * wide > best)
            {
                (best, at) = (thick * wide, i);
            }
        }
        if (at >= 0)
        {
            canvas.Text((X(trace.X[at]) + X(trace.X[at + 1])) / 2,
                ((Y(below?[at] ?? 0) + Y(ys[at])) / 2) + 4, trace.Name, "halo", "middle");
        }
    }

    private void Bars()
    {
        var names = figure.Traces[0].Names;
        var room = (Right - Left) / (double)Math.Max(1, names.Count);
        var width = Math.Min(60, room * 0.8 / figure.Traces.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var middle = Left + (room * (i + 0.5));
            var x = middle - (width * figure.Traces.Count / 2);
            for (var t = 0; t < figure.Traces.Count; t++)
            {
                var trace = figure.Traces[t];
                Fill(trace, t, x, Y(trace.Y[i]), width - 3, Bottom - Y(trace.Y[i]));
                var label = Figure.LabelOf(trace, i);
                if (Markup.Width(label, 12) < width + 8)
                {
                    canvas.Text(x + (width / 2) - 1, Y(trace.Y[i]) - 4, label, "", "middle");
                }
                x += width;
            }
            canvas.Text(middle, Bottom + 16,
                Markup.Fit(names[i], room - 4, 12), "m", "middle");
        }
    }
}
