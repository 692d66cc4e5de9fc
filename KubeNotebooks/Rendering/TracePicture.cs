using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>The way of a packet: a lane for each machine that it came by, and a row for each
/// interface, route and chain of rules, from top to bottom. A pod's own namespace is a box in the
/// lane of its node; where a tunnel carries the packet, a band lies behind its way.</summary>
internal sealed class TracePicture
{
    private const int Width = MapLayout.Width;
    private const int Row = 34;
    private const int Top = 70;
    private const int Gap = 8;
    private const int Lanes = 240;
    private const int Most = 60;

    // A row: one hop, or all rules of one table that it met at a stretch.
    private sealed record Stop(int Column, string Place, string Part, int First, int Last, Hop Hop);

    private readonly Canvas canvas = new();
    private readonly PacketTrace trace;
    private readonly List<string> columns = [];
    private readonly List<Stop> stops = [];
    private readonly double lane;

    private TracePicture(PacketTrace trace, Func<string, bool> isNode)
    {
        this.trace = trace;
        Read(isNode);
        lane = Math.Min(84, Lanes / Math.Max(1.0, columns.Count));
    }

    /// <summary>The picture of a trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="isNode">Which places are machines; all that are no pods when null.</param>
    public static Picture Of(PacketTrace trace, Func<string, bool>? isNode = null)
    {
        var picture = new TracePicture(trace, isNode ?? (p => !p.Contains('/')));
        var height = picture.Draw();
        var alt = Markup.Brief($"{trace.From} to {trace.To}: {trace.Message}. By "
            + string.Join(", ", picture.stops.Select(s => s.Hop.Where).Distinct()) + ".", 1400);
        return new(
            Picture.Document(Width, height, alt, picture.canvas.ToString()), alt, $"{trace}");
    }

    // A pod stands in the column of the machine that comes next, or that came before.
    private void Read(Func<string, bool> isNode)
    {
        var places = trace.Hops.Select(h => h.Where.Split(' ')[0]).ToList();
        for (var i = 0; i < trace.Hops.Count; i++)
        {
            var column = isNode(places[i]) || places[i] == "router" ? places[i]
                : i > 0 && stops.Exists(s => isNode(s.Place))
                    ? stops.FindLast(s => isNode(s.Place))!.Place
                    : places.Find(p => isNode(p)) ?? places[i];
            if (!columns.Contains(column))
            {
                columns.Add(column);
            }
            var hop = trace.Hops[i];
            var part = hop.Where[Math.Min(hop.Where.Length, places[i].Length + 1)..];
            var kind = part.Split(' ')[0];
            var isRule = kind is "nat" or "filter" or "mangle" or "DNS";
            if (isRule && stops.Count > 0 && stops[^1] is var last && last.Place == places[i]
                && last.Part.Split(' ')[0] == kind)
            {
                stops[^1] = last with
                {
                    Last = i + 1, Hop = last.Hop with { After = hop.After, Verdict = hop.Verdict,
                        Rule = hop.Rule },
                };
            }
            else
            {
                stops.Add(new(columns.IndexOf(column), places[i], part, i + 1, i + 1, hop));
            }
        }
        stops.RemoveRange(Math.Min(Most, stops.Count), Math.Max(0, stops.Count - Most));
    }

    private double X(int column) => Gap + (column * lane) + (lane / 2);

    private double Words => Gap + (columns.Count * lane) + 10;

    private static double Y(int row) => Top + (row * Row);

    private double Draw()
    {
        canvas.Fitted(Gap, 22, $"{trace.From} \u2192 {trace.To}", Width - (2 * Gap), 15, "h");
        var bottom = Y(stops.Count) + 8;
        for (var i = 0; i < columns.Count; i++)
        {
            canvas.Box(X(i) - (lane / 2) + 2, 34, lane - 4, bottom - 34, "nd", 8);
            canvas.Fitted(X(i) - (lane / 2) + 7, 50, columns[i], lane - 14, 12, "b");
        }
        Pods();
        for (var i = 0; i < stops.Count; i++)
        {
            Way(i);
        }
        var packet = "";
        for (var i = 0; i < stops.Count; i++)
        {
            packet = Draw(i, packet);
        }
        var isGood = trace.Outcome == SendOutcome.Answered;
        canvas.Fitted(Gap, bottom + 22, trace.Message, Width - (2 * Gap), 13, isGood ? "b" : "e");
        return bottom + 34;
    }

    private void Pods()
    {
        for (var i = 0; i < stops.Count; i++)
        {
            var from = i;
            var (place, column) = (stops[i].Place, stops[i].Column);
            while (i + 1 < stops.Count && stops[i + 1].Place == place)
            {
                i++;
            }
            if (place != columns[column])
            {
                canvas.Box(X(column) - 22, Y(from) - 7, 44, ((i - from + 1) * Row) - 2, "hd");
            }
        }
    }

    private void Way(int row)
    {
        if (row == 0)
        {
            return;
        }
        var (from, to) = (stops[row - 1], stops[row]);
        var (x, y, end, below) = (X(from.Column), Y(row - 1) + 9, X(to.Column), Y(row) + 9);
        if (from.Hop.After.Carries is not null)
        {
            canvas.Path(from.Column == to.Column
                ? $"M{Markup.N(x)} {Markup.N(y)}V{Markup.N(below)}"
                : $"M{Markup.N(x)} {Markup.N(y)}V{Markup.N(y + (Row / 2.0))}H{Markup.N(end)}"
                    + $"V{Markup.N(below)}", "tun");
        }
        if (from.Column == to.Column)
        {
            canvas.Arrow("ar", (x, y + 8), (x, below - 9));
        }
        else
        {
            canvas.Arrow("ar", (x, y + 8), (x, y + (Row / 2.0)), (end, y + (Row / 2.0)),
                (end, below - 9));
        }
    }

    private string Draw(int row, string packet)
    {
        var stop = stops[row];
        var (x, y) = (X(stop.Column), Y(row) + 9);
        var isBad = stop.Hop.Verdict is Verdict.Drop or Verdict.Reject;
        var many = stop.Last > stop.First;
        canvas.Titled($"{stop.Hop.Where}: {stop.Hop.Rule}", () =>
        {
            canvas.Box(x - (many ? 19 : 13), y - 9, many ? 38 : 26, 18, isBad ? "kp kp6"
                : stop.Hop.Verdict == Verdict.Deliver ? "kp kp3" : "kp kp1", 9);
            canvas.Text(x, y + 4, many ? string.Create(CultureInfo.InvariantCulture,
                $"{stop.First}\u2026{stop.Last}") : $"{stop.First}", "on num", "middle");
            var after = stop.Hop.After.ToString();
            var what = many && !isBad ? string.Create(CultureInfo.InvariantCulture,
                $"{stop.Part.Split(' ')[0]}: {stop.Last - stop.First + 1} rules")
                : $"{stop.Part}: {stop.Hop.Rule}".TrimStart(':', ' ');
            var who = stop.Place == columns[stop.Column] ? "" : $"{stop.Place} ";
            canvas.Fitted(Words, y + 2, who + what, Width - Words - 10, 12, isBad ? "e" : "");
            if (after != packet)
            {
                canvas.Fitted(Words, y + 16, $"= {after}", Width - Words - 10, 12, "m");
            }
            packet = after;
        });
        return packet;
    }
}
