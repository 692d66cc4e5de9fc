using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>The way of a packet through the cluster, and what its sender notices.</summary>
public sealed record PacketTrace
{
    /// <summary>Who sent it.</summary>
    public required string From { get; init; }

    /// <summary>Where to, as it was written.</summary>
    public required string To { get; init; }

    /// <summary>Each place that it came by, in order.</summary>
    public Seq<Hop> Hops { get; init; }

    /// <summary>What the sender notices.</summary>
    public required SendOutcome Outcome { get; init; }

    /// <summary>The pod that answered; null when none did.</summary>
    public ObjectKey? Receiver { get; init; }

    /// <summary>The outcome in words.</summary>
    public required string Message { get; init; }

    /// <summary>The whole way as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The whole way: under each machine or pod its rules, a line each, and the packet
    /// wherever it has changed.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{From} → {To}\n");
        var width = Hops.Select(h => h.Where.Length - h.Where.IndexOf(' ')).DefaultIfEmpty().Max();
        var (stop, packet) = ("", "");
        for (var i = 0; i < Hops.Count; i++)
        {
            var space = Hops[i].Where.IndexOf(' ');
            var (place, part) = space < 0 ? (Hops[i].Where, "")
                : (Hops[i].Where[..space], Hops[i].Where[(space + 1)..]);
            if (place != stop)
            {
                text.Append(place).Append('\n');
                stop = place;
            }
            text.Append(CultureInfo.InvariantCulture, $"{i + 1,4}  {part.PadRight(width)}")
                .Append(Hops[i].Rule).Append('\n');
            var after = Hops[i].After.ToString();
            if (after != packet)
            {
                text.Append(' ', 6 + width).Append("= ").Append(after).Append('\n');
                packet = after;
            }
        }
        return text.Append(Message).ToString();
    }
}
