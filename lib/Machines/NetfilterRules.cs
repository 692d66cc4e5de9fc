using System.Globalization;
using System.Net;

namespace KubeSim;

/// <summary>A range of addresses that a rule looks for, or that it must not be.</summary>
/// <param name="Cidr">With its length: <c>10.96.0.1/32</c>.</param>
/// <param name="Not">True: everything outside the range.</param>
public sealed record RuleRange(string Cidr, bool Not = false)
{
    /// <summary>One address.</summary>
    public static RuleRange Of(string address) =>
        new(address + (address.Contains(':') ? "/128" : "/32"));

    /// <summary>True when the rule takes this address.</summary>
    public bool Takes(string address)
    {
        var slash = Cidr.IndexOf('/', StringComparison.Ordinal);
        var whole = Cidr.AsSpan(slash) is "/32" or "/128";
        var inside = whole ? Cidr.AsSpan(0, slash).SequenceEqual(address)
            : Inside(Cidr.AsSpan(0, slash), Cidr.AsSpan(slash + 1), address);
        return inside != Not;
    }

    // As the kernel does it: bits beyond the length do not count.
    private static bool Inside(
        ReadOnlySpan<char> network, ReadOnlySpan<char> length, string address)
    {
        if (!IPAddress.TryParse(network, out var range) || !IPAddress.TryParse(address, out var ip)
            || !int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
            || range.AddressFamily != ip.AddressFamily || bits > 128)
        {
            return false;
        }
        Span<byte> one = stackalloc byte[16];
        Span<byte> other = stackalloc byte[16];
        range.TryWriteBytes(one, out _);
        ip.TryWriteBytes(other, out _);
        var rest = (byte)(0xFF00 >> (bits % 8));
        return one[..(bits / 8)].SequenceEqual(other[..(bits / 8)])
            && (rest == 0 || (one[bits / 8] & rest) == (other[bits / 8] & rest));
    }

    internal string Save(string option) => $"{(Not ? "! " : "")}{option} {Cidr} ";
}

/// <summary>A rule of a chain: which packets it is about, and what happens to them. All that it
/// names must hold.</summary>
public sealed record NetfilterRule
{
    /// <summary>-s: where they come from; null for anywhere.</summary>
    public RuleRange? Source { get; init; }

    /// <summary>-d: where they go; null for anywhere.</summary>
    public RuleRange? Destination { get; init; }

    /// <summary>-p: the protocol; null for all.</summary>
    public string? Protocol { get; init; }

    /// <summary>-m: what else must hold, in order.</summary>
    public Seq<RuleMatch> Matches { get; init; }

    /// <summary>-j: what happens; null counts only.</summary>
    public RuleTarget? Target { get; init; }

    /// <summary>The words of its comment; empty for none.</summary>
    public string Comment => Matches.OfType<RuleMatch.Comment>().FirstOrDefault()?.Text ?? "";

    /// <summary>The rule as <c>iptables-save</c> prints it, without its chain.</summary>
    public override string ToString()
    {
        var text = Source?.Save("-s") + Destination?.Save("-d")
            + (Protocol is null ? "" : $"-p {Protocol} ");
        foreach (var match in Matches)
        {
            text += $"-m {match} ";
        }
        return (text + (Target is null ? "" : $"-j {Target}")).TrimEnd();
    }

    internal bool Takes(Packet packet, Netfilter kernel, NetfilterLook look)
    {
        if ((Destination is not null && !Destination.Takes(packet.Destination))
            || (Source is not null && !Source.Takes(packet.Source))
            || (Protocol is not null && Protocol != packet.Protocol))
        {
            return false;
        }
        foreach (var match in Matches)
        {
            if (!match.Holds(packet, kernel, look))
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>What a rule asks of a packet beyond its addresses. Each prints as
/// <c>iptables-save</c> does after <c>-m</c>.</summary>
public abstract record RuleMatch
{
    internal abstract bool Holds(Packet packet, Netfilter kernel, NetfilterLook look);

    /// <summary>Asks nothing: a remark.</summary>
    public sealed record Comment(string Text) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => Text.All(c => char.IsAsciiLetterOrDigit(c)
            || c is '-' or '_') ? $"comment --comment {Text}"
            : $"comment --comment \"{Text.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) => true;
    }

    /// <summary>The destination port of a protocol; null: any port. With a last one all in
    /// between.</summary>
    public sealed record Port(string Protocol, int? Destination = null, int? Last = null)
        : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => Destination is null ? Protocol
            : string.Create(CultureInfo.InvariantCulture, $"{Protocol} --dport {Destination}")
                + (Last is null ? "" : string.Create(CultureInfo.InvariantCulture, $":{Last}"));

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            packet.Protocol == Protocol && (Destination is null
                || (packet.DestinationPort >= Destination
                    && packet.DestinationPort <= (Last ?? Destination)));
    }

    /// <summary>A destination port between two, of whatever protocol the rule names.</summary>
    public sealed record Ports(int First, int Last) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"multiport --dports {First}:{Last}");

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            packet.DestinationPort >= First && packet.DestinationPort <= Last;
    }

    /// <summary>One of several destination ports, of whatever protocol the rule names.</summary>
    public sealed record PortList(Seq<int> Of) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => $"multiport --dports {string.Join(',', Of)}";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            Of.Contains(packet.DestinationPort);
    }

    /// <summary>The type of an icmp message: 8 asks for an echo, and all that is sent is
    /// that.</summary>
    public sealed record Icmp(int Type) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"icmp --icmp-type {Type}");

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            packet.Protocol == "icmp" && Type == 8;
    }

    /// <summary>The packet goes from one port of a bridge to another.</summary>
    public sealed record Bridged : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => "physdev --physdev-is-bridged";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            look.IsBridged;
    }

    /// <summary>At most so many times a minute, after so many at once: always, for a packet that
    /// is looked at alone.</summary>
    public sealed record Limit(int PerMinute, int Burst) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"limit --limit {PerMinute}/min --limit-burst {Burst}");

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) => true;
    }

    /// <summary>The source, or the destination, is an address of this machine, or is
    /// none.</summary>
    public sealed record Local(bool OfSource, bool Not = false) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"addrtype {(Not ? "! " : "")}--{(OfSource ? "src" : "dst")}-type LOCAL";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            look.IsOwn(OfSource ? packet.Source : packet.Destination) != Not;
    }

    /// <summary>The packet did not come in by a port of a bridge: it is not from a pod of this
    /// machine.</summary>
    public sealed record NotByBridge : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => "physdev ! --physdev-is-in";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            !look.CameByBridge;
    }

    /// <summary>The packet belongs to a connection of a virtual server.</summary>
    /// <param name="Address">The address of the virtual server.</param>
    /// <param name="Protocol">Its protocol.</param>
    /// <param name="At">Its port.</param>
    public sealed record Virtual(string Address, string Protocol, int At) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"ipvs --vproto {Number(Protocol)} --vaddr {Address} --vport {At}");

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            packet.Destination == Address && packet.Protocol == Protocol
            && packet.DestinationPort == At;

        private static string Number(string protocol) =>
            protocol switch { "tcp" => "6", "udp" => "17", _ => "132" };
    }

    /// <summary>The mark has a bit, or has it not.</summary>
    public sealed record Marked(uint Bit, bool Not = false) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"mark {(Not ? "! " : "")}--mark 0x{Bit:x}/0x{Bit:x}");

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            ((packet.Mark & Bit) == Bit) != Not;
    }

    /// <summary>What connection tracking says, one of several, or none of them.</summary>
    public sealed record State(Seq<string> Of, bool Not = false) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"conntrack {(Not ? "! " : "")}--ctstate {string.Join(",", Of)}";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            (Of.Contains(packet.State)
                || (packet.IsDestinationTranslated && Of.Contains("DNAT"))) != Not;
    }

    /// <summary>Holds by chance, each time anew.</summary>
    /// <param name="Probability">From 0 to 1. The kernel keeps 31 bits of it, so a third prints as
    /// 0.33333333349.</param>
    public sealed record Chance(double Probability) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"statistic --mode random --probability {Math.Round(Probability * Bits) / Bits:F11}");

        private const double Bits = 1L << 31;

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            look.Chance(Probability);
    }

    /// <summary>Remembers the source under a name, or asks whether it was remembered lately.
    /// </summary>
    /// <param name="Name">The list.</param>
    /// <param name="Seconds">How long ago at most; null: remember it now.</param>
    public sealed record Recent(string Name, int? Seconds = null) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"recent --{(Seconds is null ? "set" : $"rcheck --seconds {Seconds} --reap")}")
            + $" --name {Name} --mask 255.255.255.255 --rsource";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            Seconds is { } seconds
                ? kernel.WasSeen(Name, packet.Source, look.Now - TimeSpan.FromSeconds(seconds))
                : kernel.See(Name, packet.Source, look.Now);
    }

    /// <summary>The packet is a member of a set of addresses (<c>ipset</c>), or is not.</summary>
    /// <param name="Name">The set.</param>
    /// <param name="Parts"><c>src</c> or <c>dst</c> for each part of a member, with commas: for a
    /// set of address and port <c>dst,dst</c>.</param>
    /// <param name="Not">True: it must not be one.</param>
    public sealed record Set(string Name, string Parts, bool Not = false) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"set {(Not ? "! " : "")}--match-set {Name} {Parts}";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) =>
            look.Sets.Holds(Name, packet, Parts) != Not;
    }

    /// <summary>Asks nothing: a named counter.</summary>
    public sealed record Counted(string Name) : RuleMatch
    {
        /// <inheritdoc/>
        public override string ToString() => $"nfacct --nfacct-name  {Name}";

        internal override bool Holds(Packet packet, Netfilter kernel, NetfilterLook look) => true;
    }
}

/// <summary>What a rule does. Each prints as <c>iptables-save</c> does after <c>-j</c>.</summary>
public abstract record RuleTarget
{
    /// <summary>Go through another chain, and come back unless it decides.</summary>
    public sealed record Jump(string Chain) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() => Chain;
    }

    /// <summary>ACCEPT, DROP or RETURN.</summary>
    public sealed record Decide(Verdict Verdict) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() => Verdict.ToString().ToUpperInvariant();
    }

    /// <summary>Hand a copy to whoever reads the log, and go on.</summary>
    public sealed record Log(int Group) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"NFLOG --nflog-group {Group}");
    }

    /// <summary>Throw away and tell the sender.</summary>
    public sealed record Reject : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() => "REJECT --reject-with icmp-port-unreachable";
    }

    /// <summary>Rewrite the destination, for the whole connection.</summary>
    /// <param name="To">An address and a port: <c>10.244.1.2:8080</c>.</param>
    public sealed record Dnat(string To) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() => $"DNAT --to-destination {To}";
    }

    /// <summary>Rewrite the destination to a port of this machine, for the whole
    /// connection.</summary>
    public sealed record Redirect(int Port) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"REDIRECT --to-ports {Port}");
    }

    /// <summary>Rewrite the source to the address of the interface that it leaves by, for the
    /// whole connection.</summary>
    /// <param name="AnyPort">True: to a port picked by chance, so that two connections at one
    /// moment do not want the same.</param>
    public sealed record Masquerade(bool AnyPort = true) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() => AnyPort ? "MASQUERADE --random-fully" : "MASQUERADE";
    }

    /// <summary>Clear the bits of the mask in the mark, then flip the bits of the value.</summary>
    public sealed record Mark(uint Value, uint Mask) : RuleTarget
    {
        /// <inheritdoc/>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"MARK --set-xmark 0x{Value:x}/0x{Mask:x}");
    }
}
