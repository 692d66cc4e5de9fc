using System.Globalization;

namespace KubeSim;

/// <summary>A node as the network sees it.</summary>
internal sealed record NetworkNode(
    string Name, string Address, string PodCidr, Func<Netfilter> Open)
{
    /// <summary>Its packet filter, opened when a packet comes by: only then are rules
    /// written.</summary>
    public Netfilter Kernel => Open();

    /// <summary>False: without power or cut off; nothing comes in or out.</summary>
    public bool IsReachable { get; init; } = true;

    /// <summary>The virtual servers of its kernel.</summary>
    public Ipvs Ipvs { get; init; } = new();

    /// <summary>The sets of addresses that its rules ask for.</summary>
    public IpSets Sets { get; init; } = new();

    /// <summary>The processes on it that take connections in order to hand them on.</summary>
    public Forwarders Forwarders { get; init; } = new();

    /// <summary>Whether a process of the node itself listens on a port.</summary>
    public Func<int, bool> Listens { get; init; } = _ => false;

    /// <summary>The address of its bridge: the first of its range.</summary>
    public string Bridge
    {
        get
        {
            var dot = PodCidr.LastIndexOf('.');
            return dot < 0 ? "" : PodCidr[..dot] + ".1";
        }
    }

    public bool HasPod(string address) =>
        PodCidr.Length > 0 && new RuleRange(PodCidr).Takes(address);
}

/// <summary>A pod as the network sees it.</summary>
internal sealed record NetworkPod(ObjectKey Key, string Address, string Node)
{
    /// <summary>True: it has no network of its own, but that of its node.</summary>
    public bool OnHost { get; init; }

    /// <summary>True: a container runs that takes connections.</summary>
    public bool Runs { get; init; }

    /// <summary>Whether such a container listens on a port of tcp, udp or sctp.</summary>
    public Func<string, int, bool> Listens { get; init; } = (_, _) => false;

    /// <summary><c>default/web-0</c>.</summary>
    public string Name => $"{Key.Namespace}/{Key.Name}";

    /// <summary>The end of its cable on the node.</summary>
    public string Cable => string.Create(CultureInfo.InvariantCulture,
        $"veth{(uint)Digest.Mix(Digest.Start, Name):x8}");
}

/// <summary>
/// The way of one packet through a pod network of bridges and host routes, first form.
/// <list type="bullet">
/// <item>A pod's <c>eth0</c> is one end of a cable (veth pair); the other end is a port of the
/// bridge <c>cni0</c> of its node, whose address is the pod's way out.</item>
/// <item>The node passes the packet through its packet filter (<see cref="Netfilter"/>), then by
/// its routes: its own pods are on the bridge, each other node's range is behind that node's
/// address (<c>10.244.2.0/24 via 192.168.0.12</c>), all else is behind the router.</item>
/// <item>On the way in, node by node, the same again, until a cable leads to the pod.</item>
/// </list>
/// The answer takes the same way back, and each node that rewrote the packet undoes that on the
/// answer.
/// </summary>
internal sealed class PacketPath(IReadOnlyList<NetworkNode> nodes,
    Func<NetworkNode, Packet, NetworkPod?> podAt, Func<double, bool> chance, DateTime now)
{
    // Upstream networks end a loop by the packet's time to live; ours has at most three nodes.
    private const int MostNodes = 8;

    private readonly List<(NetworkNode Node, Packet In, Packet Out)> passed = [];

    public List<Hop> Hops { get; } = [];

    public SendOutcome Outcome { get; private set; } = SendOutcome.TimedOut;

    public NetworkPod? Receiver { get; private set; }

    /// <summary>Who answers: a pod or a node.</summary>
    public string ReceiverName { get; private set; } = "";

    public void FromPod(NetworkPod pod, NetworkNode node, Packet packet)
    {
        var local = node.HasPod(packet.Destination);
        Note($"{pod.Name} eth0", local ? $"{node.PodCidr} is on the link"
            : $"default via {node.Bridge} dev eth0", packet);
        Note($"{node.Name} cni0", $"in by {pod.Cable}, the other end of the pod's eth0; "
            + $"cni0 is {node.Bridge}", packet);
        Enter(node, packet);
    }

    public void FromNode(NetworkNode node, Packet packet)
    {
        var before = packet;
        Note($"{node.Name} process", $"sends from {packet.Source}", packet);
        var verdict = Filter(node, "OUTPUT", ref packet);
        if (Ends(node, verdict, packet))
        {
            return;
        }
        if (IsOwn(node, packet.Destination))
        {
            Note($"{node.Name} lo", "the address is the node's own", packet);
            Deliver(node, before, packet);
            return;
        }
        Forward(node, before, packet, filtered: true);
    }

    public void FromOutside(NetworkNode? entry, Packet packet, string by)
    {
        if (entry is null)
        {
            Note("router", by, packet, Verdict.Drop);
            return;
        }
        Note("router", by, packet);
        Arrive(entry, packet);
    }

    private void Arrive(NetworkNode node, Packet packet)
    {
        if (!node.IsReachable)
        {
            Note($"{node.Name} eth0", "the machine is off or cut off: nothing comes in", packet,
                Verdict.Drop);
            return;
        }
        Note($"{node.Name} eth0", "in from the network of the nodes", packet);
        Enter(node, packet);
    }

    private void Enter(NetworkNode node, Packet packet)
    {
        var before = packet;
        var verdict = Filter(node, "PREROUTING", ref packet);
        if (Ends(node, verdict, packet))
        {
            return;
        }
        if (IsOwn(node, packet.Destination))
        {
            Deliver(node, before, packet);
            return;
        }
        Forward(node, before, packet, filtered: false);
    }

    /// <summary>To a process of the node itself.</summary>
    private void Deliver(NetworkNode node, Packet before, Packet packet)
    {
        if (Ends(node, Filter(node, "INPUT", ref packet), packet))
        {
            return;
        }
        if (node.Ipvs.Schedule(ref packet, LookOf(node)) is { } scheduled)
        {
            // From here on as if the node had sent it: OUTPUT has no rule for it.
            if (!Ends(node, scheduled, packet))
            {
                Forward(node, before, packet, filtered: true);
            }
            return;
        }
        if (node.Forwarders.Take(packet, LookOf(node)) is { } onward)
        {
            Passed(node, before, packet);
            FromNode(node, onward);
            return;
        }
        var pod = podAt(node, packet with { Destination = node.Address });
        var isOwn = packet.Protocol == "icmp" || node.Listens(packet.DestinationPort);
        if (isOwn || pod?.Listens(packet.Protocol, packet.DestinationPort) == true)
        {
            pod = isOwn ? null : pod;
            Passed(node, before, packet);
            Arrived(pod, pod?.Name ?? node.Name, $"{node.Name} eth0", packet);
            return;
        }
        Refuse(node.Name, packet, $"nothing listens on port {packet.DestinationPort} of the node");
    }

    /// <summary>Onward by the routes of the node.</summary>
    private void Forward(NetworkNode node, Packet before, Packet packet, bool filtered)
    {
        if (!filtered && Ends(node, Filter(node, "FORWARD", ref packet), packet))
        {
            return;
        }
        var local = node.HasPod(packet.Destination);
        Filter(node, "POSTROUTING", ref packet, local ? node.Bridge : node.Address);
        packet = packet with { Mark = 0 };
        Passed(node, before, packet);
        packet = packet with { IsDestinationTranslated = false };
        if (local)
        {
            ToPod(node, packet);
        }
        else if (passed.Count < MostNodes)
        {
            Leave(node, packet);
        }
    }

    private void ToPod(NetworkNode node, Packet packet)
    {
        Note($"{node.Name} route", $"{node.PodCidr} dev cni0", packet);
        if (podAt(node, packet) is not { } pod)
        {
            Note($"{node.Name} cni0", $"nobody on the bridge answers for {packet.Destination}",
                packet, Verdict.Drop);
            Outcome = SendOutcome.NoRoute;
            return;
        }
        Note($"{node.Name} {pod.Cable}", "out to the other end of the cable", packet);
        if (packet.Protocol != "icmp" && !pod.Listens(packet.Protocol, packet.DestinationPort))
        {
            Refuse(pod.Name, packet, (pod.Runs ? "" : "no container runs, so ")
                + $"nothing listens on port {packet.DestinationPort}");
            return;
        }
        Arrived(pod, pod.Name, $"{pod.Name} eth0", packet);
    }

    private void Leave(NetworkNode node, Packet packet)
    {
        foreach (var other in nodes)
        {
            var isNode = other.Address == packet.Destination;
            if (other.Name != node.Name && (isNode || other.HasPod(packet.Destination)))
            {
                Note($"{node.Name} route", isNode ? "the node is on the link, dev eth0"
                    : $"{other.PodCidr} via {other.Address} dev eth0", packet);
                Arrive(other, packet);
                return;
            }
        }
        Note($"{node.Name} route", "default via the router dev eth0", packet);
        Note("router", $"no answer ever comes from {packet.Destination}: outside the rules of the "
            + "nodes nobody has this address", packet, Verdict.Drop);
    }

    private void Arrived(NetworkPod? pod, string name, string where, Packet packet)
    {
        Note(where, packet.Protocol == "icmp" ? "the kernel answers the echo"
            : pod is null ? "a process of the node takes the connection"
            : "a container takes the connection", packet, Verdict.Deliver);
        (Outcome, Receiver, ReceiverName) = (SendOutcome.Answered, pod, name);
        var answer = packet.Reply();
        for (var i = passed.Count - 1; i >= 0; i--)
        {
            var node = passed[i].Node;
            if (node.Kernel.AnswerOf(answer) is not { } entry)
            {
                continue;
            }
            var before = answer;
            answer = entry.Original.Reply();
            if (!before.IsSameFlow(answer))
            {
                Hops.Add(new($"{node.Name} conntrack", entry.ToString(), before, answer,
                    Verdict.Rewrite));
            }
        }
    }

    private void Passed(NetworkNode node, Packet before, Packet after)
    {
        passed.Add((node, before, after));
        node.Kernel.Track(before, after);
    }

    private Verdict Filter(NetworkNode node, string hook, ref Packet packet, string by = "")
    {
        var count = Hops.Count;
        var look = LookOf(node);
        var verdict = node.Kernel.Pass(hook, ref packet, look, by);
        if (Hops.Count == count && verdict == Verdict.Accept && hook == "PREROUTING")
        {
            Note($"{node.Name} nat PREROUTING", "no rule is about it", packet);
        }
        return verdict;
    }

    private NetfilterLook LookOf(NetworkNode node) =>
        new(node.Name, now, a => IsOwn(node, a), chance, Hops) { Sets = node.Sets };

    /// <summary>True when the packet filter let it go no further.</summary>
    private bool Ends(NetworkNode node, Verdict verdict, Packet packet)
    {
        _ = (node, packet);
        Outcome = verdict == Verdict.Reject ? SendOutcome.Refused : Outcome;
        return verdict is Verdict.Reject or Verdict.Drop;
    }

    private void Refuse(string where, Packet packet, string why)
    {
        Note(where, why, packet, Verdict.Reject);
        Outcome = SendOutcome.Refused;
    }

    private void Note(string where, string what, Packet packet, Verdict verdict = Verdict.Pass) =>
        Hops.Add(new(where, what, packet, packet, verdict));

    private static bool IsOwn(NetworkNode node, string address) => address == node.Address
        || (node.Bridge.Length > 0 && address == node.Bridge)
        || node.Ipvs.HasAddress(address)
        || address.StartsWith("127.", StringComparison.Ordinal);
}

/// <summary>What the sender notices.</summary>
public enum SendOutcome
{
    /// <summary>It gets an answer.</summary>
    Answered,

    /// <summary>Connection refused: somebody said no.</summary>
    Refused,

    /// <summary>No answer ever comes.</summary>
    TimedOut,

    /// <summary>No route to host: the address is of this network, but nobody has it.</summary>
    NoRoute,

    /// <summary>The name could not be resolved.</summary>
    NameUnknown,
}
