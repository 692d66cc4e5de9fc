using System.Globalization;

namespace KubeSim;

/// <summary>A packet on its way: what the kernel of a machine matches its rules against, and what
/// those rules change.</summary>
public sealed record Packet
{
    /// <summary><c>tcp</c>, <c>udp</c>, <c>sctp</c> or <c>icmp</c>.</summary>
    public string Protocol { get; init; } = "tcp";

    /// <summary>The address that it comes from.</summary>
    public required string Source { get; init; }

    /// <summary>The port that it comes from; 0 for icmp.</summary>
    public int SourcePort { get; init; }

    /// <summary>The address that it goes to.</summary>
    public required string Destination { get; init; }

    /// <summary>The port that it goes to; 0 for icmp.</summary>
    public int DestinationPort { get; init; }

    /// <summary>The firewall mark: a note that the kernel keeps with the packet and that never
    /// leaves the machine.</summary>
    public uint Mark { get; init; }

    /// <summary>What connection tracking says of it: NEW, ESTABLISHED, RELATED or
    /// INVALID.</summary>
    public string State { get; init; } = "NEW";

    /// <summary>True when this machine has rewritten its destination.</summary>
    public bool IsDestinationTranslated { get; init; }

    /// <summary>Its length in bytes, from the IP header on; it must not be split.</summary>
    public int Length { get; init; } = 60;

    /// <summary>The packet that it carries: of a tunnel's packet the one inside.</summary>
    public Packet? Carries { get; init; }

    /// <summary>The answer to it.</summary>
    public Packet Reply() => this with
    {
        Source = Destination, SourcePort = DestinationPort,
        Destination = Source, DestinationPort = SourcePort,
        Mark = 0, State = "ESTABLISHED", IsDestinationTranslated = false,
    };

    /// <summary>True when both have the same protocol, addresses and ports.</summary>
    public bool IsSameFlow(Packet other) =>
        Protocol == other.Protocol && Source == other.Source && SourcePort == other.SourcePort
        && Destination == other.Destination && DestinationPort == other.DestinationPort;

    /// <summary>Such as <c>tcp 10.244.1.2:40001 → 10.96.0.7:80</c>, and the mark when it has
    /// one.</summary>
    public override string ToString() => $"{Protocol} {End(Source, SourcePort)} → "
        + End(Destination, DestinationPort)
        + (Mark == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" mark 0x{Mark:x}"))
        + (Carries is null ? "" : $" {{ {Carries} }}");

    private static string End(string address, int port) => port == 0 ? address
        : string.Create(CultureInfo.InvariantCulture,
            $"{(address.Contains(':') ? $"[{address}]" : address)}:{port}");
}

/// <summary>What came of a packet at one place.</summary>
public enum Verdict
{
    /// <summary>It goes on.</summary>
    Pass,

    /// <summary>A chain sends it into another one.</summary>
    Jump,

    /// <summary>It leaves the chain and goes on behind the rule that sent it there.</summary>
    Return,

    /// <summary>It was changed and goes on: a mark, an address, a port.</summary>
    Rewrite,

    /// <summary>The table lets it through.</summary>
    Accept,

    /// <summary>It is thrown away and the sender told so: <c>connection refused</c>.</summary>
    Reject,

    /// <summary>It is thrown away without a word: the sender waits in vain.</summary>
    Drop,

    /// <summary>It has arrived.</summary>
    Deliver,
}

/// <summary>One place that a packet came by.</summary>
/// <param name="Where">Such as <c>node-1 nat KUBE-SERVICES</c> or <c>node-2 cni0</c>.</param>
/// <param name="Rule">The rule or the fact that decided, a firewall rule as
/// <c>iptables-save</c> prints it.</param>
/// <param name="Before">The packet as it came.</param>
/// <param name="After">The packet as it went.</param>
/// <param name="Verdict">What was decided.</param>
public sealed record Hop(string Where, string Rule, Packet Before, Packet After, Verdict Verdict)
{
    /// <summary>The place and the rule as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The place, the rule, and the packet where it changed.</summary>
    public override string ToString() => $"{Where}: {Rule}"
        + (Before.Equals(After) ? "" : $"\n    {Before}  becomes  {After}");
}
