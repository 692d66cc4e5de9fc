using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>A connection that a machine keeps track of: how its packets look coming in, and how
/// the answers do.</summary>
/// <param name="original">The first packet as it came in.</param>
/// <param name="answer">The answer to it as it comes back.</param>
public sealed class ConntrackEntry(Packet original, Packet answer)
{
    // The kernel's, but for the connections of TCP: 5 days, unless kube-proxy sets them
    // (--conntrack-tcp-timeout-established).
    private static readonly Dictionary<string, (int Number, int Asked, int Answered)> Protocols =
        new(StringComparer.Ordinal)
        {
            ["icmp"] = (1, 30, 30), ["tcp"] = (6, 120, 86400), ["udp"] = (17, 30, 30),
            ["sctp"] = (132, 3, 210),
        };

    /// <summary>The first packet as it came in.</summary>
    public Packet Original { get; } = original;

    /// <summary>The answer to it as it comes back, before it is translated.</summary>
    public Packet Answer { get; } = answer;

    /// <summary>True when an answer came by.</summary>
    public bool IsAnswered { get; internal set; }

    /// <summary>When a packet of it came by last (virtual time, UTC).</summary>
    public DateTime Seen { get; internal set; }

    /// <summary>When it is forgotten unless a packet comes by.</summary>
    public DateTime Expires
    {
        get
        {
            var (_, asked, answered) = Protocols[Original.Protocol];
            return Seen.AddSeconds(IsAnswered ? answered : asked);
        }
    }

    /// <summary>Who talks to whom, without what changes by the second.</summary>
    public override string ToString() =>
        $"{Original.Protocol} {Ends(Original)} {Ends(Answer)} [ASSURED]";

    /// <summary>A line of <c>conntrack -L</c>.</summary>
    public string ToString(DateTime now)
    {
        var number = Protocols[Original.Protocol].Number;
        var left = Math.Max(0, Math.Ceiling((Expires - now).TotalSeconds) - 1);
        var state = Original.Protocol switch
        {
            "tcp" => IsAnswered ? "ESTABLISHED " : "SYN_SENT ",
            "sctp" => IsAnswered ? "ESTABLISHED " : "COOKIE_WAIT ",
            _ => "",
        };
        var assured = IsAnswered && state.Length > 0 ? " [ASSURED]" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{Original.Protocol,-8} {number} {left} {state}{Ends(Original)}"
            + $"{(IsAnswered ? "" : " [UNREPLIED]")} {Ends(Answer)}{assured} mark=0 use=1");
    }

    private string Ends(Packet p) => string.Create(CultureInfo.InvariantCulture,
        $"src={p.Source} dst={p.Destination} ") + (p.Protocol == "icmp"
            ? $"type={(ReferenceEquals(p, Original) ? 8 : 0)} code=0 id=1"
            : string.Create(CultureInfo.InvariantCulture,
                $"sport={p.SourcePort} dport={p.DestinationPort}"));
}

// The memory of connections. What the rules decided about the first packet is kept here and done
// to all that follow, which is why a change of the rules never moves a connection that exists: a
// stream of UDP from one port to a Service would go to a pod that is long gone, if kube-proxy did
// not take its entry away.
public sealed partial class Netfilter
{
    // Of life's 32,768 a core.
    private const int MostConnections = 1024;

    private readonly List<ConntrackEntry> connections = [];
    private readonly Dictionary<(string, string, int, string, int), (ConntrackEntry Of, Packet To)>
        flows = [];

    /// <summary>The connections that the machine keeps track of, oldest first.</summary>
    public IReadOnlyList<ConntrackEntry> Connections => connections;

    /// <summary>Remembers a connection whose first packet went through; of too many the oldest
    /// is forgotten.</summary>
    /// <param name="original">The packet as it came in.</param>
    /// <param name="final">The packet as it went out.</param>
    /// <param name="now">The virtual time (UTC).</param>
    public void Track(Packet original, Packet final, DateTime now = default)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(final);
        if (Find(original) is { } known)
        {
            known.Seen = now;
            return;
        }
        if (connections.Count == MostConnections)
        {
            Drop(connections[0]);
        }
        var entry = new ConntrackEntry(original with { Mark = 0 }, final.Reply()) { Seen = now };
        connections.Add(entry);
        foreach (var (came, to) in Ways(entry))
        {
            flows[Key(came)] = (entry, to);
        }
    }

    /// <summary>The connection that a packet belongs to, whichever way it goes; null for a
    /// packet that begins one.</summary>
    public ConntrackEntry? Find(Packet packet)
    {
        ArgumentNullException.ThrowIfNull(packet);
        return flows.TryGetValue(Key(packet), out var flow)
            && (flow.Of.Original.IsSameFlow(packet) || flow.Of.Answer.IsSameFlow(packet))
            ? flow.Of : null;
    }

    /// <summary>The connection that a packet answers in; null when it is of none.</summary>
    public ConntrackEntry? AnswerOf(Packet packet)
    {
        var entry = connections.FindLast(e => e.Answer.IsSameFlow(packet));
        entry?.IsAnswered = true;
        return entry;
    }

    /// <summary>Forgets connections: <c>conntrack -D</c>.</summary>
    /// <returns>How many.</returns>
    public int Drop(Predicate<ConntrackEntry> which)
    {
        var gone = connections.FindAll(which);
        gone.ForEach(Drop);
        return gone.Count;
    }

    /// <summary>The connections as <c>conntrack -L</c> prints them, oldest first.</summary>
    /// <param name="now">The virtual time (UTC); connections that nobody used for too long are
    /// gone.</param>
    public string ListConnections(DateTime now)
    {
        Drop(e => e.Expires <= now);
        var text = new StringBuilder();
        foreach (var entry in connections)
        {
            text.Append(entry.ToString(now)).Append('\n');
        }
        return text.ToString();
    }

    private void Drop(ConntrackEntry entry)
    {
        connections.Remove(entry);
        foreach (var (came, _) in Ways(entry))
        {
            if (flows.TryGetValue(Key(came), out var flow) && ReferenceEquals(flow.Of, entry))
            {
                flows.Remove(Key(came));
            }
        }
    }

    /// <summary>A packet of a connection that is known: no rule of <c>nat</c> sees it, what was
    /// done to the first is done to it too.</summary>
    private void Follow(string hook, ref Packet packet, NetfilterLook look)
    {
        var begins = hook is "PREROUTING" or "OUTPUT";
        if (flows.Count == 0 || (!begins && hook != "POSTROUTING")
            || !flows.TryGetValue(Key(packet), out var flow)
            || (begins && Find(packet) is null) || (!begins && packet.State == "NEW"))
        {
            return;
        }
        var (before, to) = (packet, flow.To);
        packet = begins
            ? packet with
            {
                State = "ESTABLISHED", Destination = to.Destination,
                DestinationPort = to.DestinationPort,
                IsDestinationTranslated = to.Destination != packet.Destination,
            }
            : packet with { Source = to.Source, SourcePort = to.SourcePort };
        flow.Of.Seen = look.Now;
        if (!before.IsSameFlow(packet))
        {
            look.Trace.Add(new($"{look.Machine} conntrack", flow.Of.ToString(), before, packet,
                Verdict.Rewrite));
        }
    }

    // Both ways, each as it comes in and as it is between the two translations, with what it
    // becomes.
    private static IEnumerable<(Packet Came, Packet To)> Ways(ConntrackEntry entry)
    {
        var (there, back) = (entry.Answer.Reply(), entry.Original.Reply());
        foreach (var (came, to) in new[] { (entry.Original, there), (entry.Answer, back) })
        {
            yield return (came, to);
            yield return (came with
            {
                Destination = to.Destination, DestinationPort = to.DestinationPort,
            }, to);
        }
    }

    private static (string, string, int, string, int) Key(Packet p) =>
        (p.Protocol, p.Source, p.SourcePort, p.Destination, p.DestinationPort);
}
