namespace KubeSim;

/// <summary>
/// The way of one packet from namespace to namespace, and the way of the answer back.
/// <list type="bullet">
/// <item>In each namespace the routing table says by which interface it leaves and who is next; ARP
/// finds out who that is (see <c>PacketPathLink.cs</c>).</item>
/// <item>A pod's <c>eth0</c> is one end of a cable; the other end is a port of the bridge
/// <c>cni0</c> of its node, whose address is the pod's way out.</item>
/// <item>A node hands the packet to its packet filter (<see cref="Netfilter"/>): PREROUTING, then
/// by the route INPUT or FORWARD, then POSTROUTING.</item>
/// </list>
/// <para>The answer takes its own way by the routes of whoever answers. Each node that rewrote the
/// packet must see the answer in order to undo that: one that comes back past it belongs to no
/// connection of the sender, who waits in vain. Of the answer's way only what changes or ends it is
/// noted.</para>
/// Models Linux: net/ipv4/ip_input.c, ip_forward.c, ip_output.c.
/// </summary>
internal sealed partial class PacketPath(
    NetworkView view, Func<double, bool> chance, DateTime now)
{
    private const int MostRouters = 64;

    // A connection: who opened it, its first packet, and the one that it answers to in its turn.
    private sealed record Leg(Place? From, Packet First, Packet? Answers = null);

    // A namespace: a pod's, or with no pod the node's own.
    private readonly record struct Place(NetworkNode Node, NetworkPod? Pod = null)
    {
        public string Name => Pod?.Name ?? Node.Name;

        public NetNamespace Net =>
            Pod is null ? Node.Net.Host : Node.Net.Pod(Pod.Cable, Pod.Address);

        public bool Is(Place? other) => other is { } o && o.Name == Name;
    }

    private readonly List<Leg> legs = [];
    private readonly List<Hop> unseen = [];
    private bool answering;
    private bool byBridge;
    private int routers;
    private (NetworkPod? Pod, string Name) answers;

    public List<Hop> Hops { get; } = [];

    public SendOutcome Outcome { get; private set; } = SendOutcome.TimedOut;

    public NetworkPod? Receiver { get; private set; }

    /// <summary>Who answers: a pod, a node, or somebody outside.</summary>
    public string ReceiverName { get; private set; } = "";

    public void FromPod(NetworkPod pod, NetworkNode node, Packet packet)
    {
        // What a container asks of localhost, its neighbours in the pod hear.
        packet = IsLoopback(packet) ? packet with { Source = packet.Destination } : packet;
        legs.Add(new(new(node, pod), packet));
        Originate(new(node, pod), packet);
    }

    private static bool IsLoopback(Packet packet) =>
        packet.Destination.StartsWith("127.", StringComparison.Ordinal);

    public void FromNode(NetworkNode node, Packet packet)
    {
        if (packet.Source == node.Address && node.Net.Host.RouteOf(packet.Destination) is { } route
            && SourceFor(node, route) is { Length: > 0 } source && !IsOwn(node, packet.Destination))
        {
            packet = packet with { Source = source };
        }
        if (node.Kernel is not null && node.Ipvs.HasAddress(packet.Destination))
        {
            // Of several addresses of its own the kernel sends from the one that it sends to.
            packet = packet with { Source = packet.Destination };
        }
        legs.Add(new(new(node), packet));
        Note($"{node.Name} process", $"sends from {packet.Source}", packet);
        Originate(new(node), packet);
    }

    public void FromOutside(NetworkNode? entry, Packet packet, string by)
    {
        legs.Add(new(null, packet));
        Note("router", by, packet, entry is null ? Verdict.Drop : Verdict.Pass);
        if (entry is not null)
        {
            Arrive(entry, packet);
        }
    }

    /// <summary>Out of a process of a namespace.</summary>
    private void Originate(Place at, Packet packet)
    {
        var before = packet;
        if (at.Pod is not null)
        {
            if (packet.Destination == at.Pod.Address || IsLoopback(packet))
            {
                Note($"{at.Name} lo", "the address is the pod's own", packet);
                AtPod(at, packet);
            }
            else if (RouteOf(at, packet) is { } route)
            {
                Transmit(at, route, packet);
            }
            return;
        }
        byBridge = false;
        if (Ends(Filter(at.Node, "OUTPUT", ref packet)))
        {
            return;
        }
        if (IsOwn(at.Node, packet.Destination))
        {
            Note($"{at.Name} lo", "the address is the node's own", packet);
            Deliver(at.Node, before, packet);
            return;
        }
        Forward(at.Node, before, packet, filtered: true);
    }

    private void Arrive(NetworkNode node, Packet packet)
    {
        if (!node.IsReachable || node.Net.Host.Device("eth0") is not { IsUp: true })
        {
            Note($"{node.Name} eth0", node.IsReachable ? "is down: nothing comes in"
                : "the machine is off or cut off: nothing comes in", packet, Verdict.Drop);
            return;
        }
        Note($"{node.Name} eth0", "in from the network of the nodes", packet);
        byBridge = false;
        Enter(node, packet);
    }

    /// <summary>Into the namespace of a node, by whatever interface.</summary>
    private void Enter(NetworkNode node, Packet packet)
    {
        var before = packet;
        if (Ends(Filter(node, "PREROUTING", ref packet)))
        {
            return;
        }
        if (IsOwn(node, packet.Destination))
        {
            Deliver(node, before, packet);
        }
        else if (!node.Net.Is(MachineNetwork.IpForward))
        {
            Note($"{node.Name} route", $"{MachineNetwork.IpForward} = 0: it passes nothing on",
                packet, Verdict.Drop);
        }
        else if (++routers > MostRouters)
        {
            Note($"{node.Name} route", "time to live exceeded: it went round in circles", packet,
                Verdict.Drop);
        }
        else
        {
            Forward(node, before, packet, filtered: false);
        }
    }

    /// <summary>To a process of the node itself.</summary>
    private void Deliver(NetworkNode node, Packet before, Packet packet)
    {
        if (Ends(Filter(node, "INPUT", ref packet)))
        {
            return;
        }
        if (packet.Carries is { } inner)
        {
            Decapsulate(node, packet, inner);
            return;
        }
        if (answering)
        {
            Back(new(node), packet);
            return;
        }
        if (node.Ipvs.Schedule(ref packet, LookOf(node)) is { } scheduled)
        {
            // From here on as if the node had sent it: OUTPUT has no rule for it.
            if (!Ends(scheduled))
            {
                Forward(node, before, packet, filtered: true);
            }
            return;
        }
        if (node.Forwarders.Take(packet, LookOf(node)) is { } onward)
        {
            node.Kernel.Track(before, packet, now);
            Note($"{node.Name} process", "takes the connection and opens another", onward);
            legs.Add(new(new(node), onward, packet));
            Originate(new(node), onward);
            return;
        }
        var pod = view.PodAt(node, node.Address, packet);
        var isOwn = packet.Protocol == "icmp" || node.Listens(packet.DestinationPort);
        if (isOwn || pod?.Listens(packet.Protocol, packet.DestinationPort) == true)
        {
            pod = isOwn ? null : pod;
            node.Kernel.Track(before, packet, now);
            Arrived(new(node), pod, pod?.Name ?? node.Name, $"{node.Name} eth0", packet);
            return;
        }
        Refuse(node.Name, packet, $"nothing listens on port {packet.DestinationPort} of the node");
    }

    /// <summary>Onward by the routes of the node.</summary>
    private void Forward(NetworkNode node, Packet before, Packet packet, bool filtered)
    {
        if (RouteOf(new(node), packet) is { } route
            && (filtered || !Ends(Filter(node, "FORWARD", ref packet))))
        {
            Transmit(new(node), route, Leave(node, before, packet, SourceFor(node, route)));
        }
    }

    /// <summary>Through POSTROUTING; what the packet has become is remembered.</summary>
    private Packet Leave(NetworkNode node, Packet before, Packet packet, string source)
    {
        Filter(node, "POSTROUTING", ref packet, source);
        packet = packet with { Mark = 0 };
        if (!answering && packet.Carries is null)
        {
            node.Kernel.Track(before, packet, now);
        }
        return packet with { IsDestinationTranslated = false };
    }

    /// <summary>At the receiving end of a pod's cable.</summary>
    private void AtPod(Place at, Packet packet)
    {
        var pod = at.Pod!;
        if (at.Net.Device("eth0") is not { IsUp: true })
        {
            Note($"{pod.Name} eth0", "is down: nothing comes in", packet, Verdict.Drop);
        }
        else if (answering)
        {
            Back(at, packet);
        }
        else if (packet.Protocol != "icmp" && !pod.Listens(packet.Protocol, packet.DestinationPort))
        {
            Refuse(pod.Name, packet, (pod.Runs ? "" : "no container runs, so ")
                + $"nothing listens on port {packet.DestinationPort}");
        }
        else
        {
            Arrived(at, pod, pod.Name, $"{pod.Name} eth0", packet);
        }
    }

    private void Arrived(Place at, NetworkPod? pod, string name, string where, Packet packet)
    {
        Note(where, packet.Protocol == "icmp" ? "the kernel answers the echo"
            : pod is null ? "a process of the node takes the connection"
            : "a container takes the connection", packet, Verdict.Deliver);
        answers = (pod, name);
        (answering, routers) = (true, 0);
        Originate(at, packet.Reply());
    }

    /// <summary>An answer has come to a namespace, or with none to the outside world.</summary>
    private void Back(Place? at, Packet packet)
    {
        var leg = legs[^1];
        var asked = leg.First.Reply();
        if ((leg.From is not { } from ? at is not null : !from.Is(at))
            || !packet.IsSameFlow(asked))
        {
            Note($"{at?.Name ?? "router"} eth0", $"an answer of {packet.Source} belongs to no "
                + $"connection: {leg.First.Destination} was asked", packet, Verdict.Drop);
            return;
        }
        legs.RemoveAt(legs.Count - 1);
        if (leg.Answers is { } first)
        {
            Originate(leg.From!.Value, first.Reply());
            return;
        }
        (Outcome, Receiver, ReceiverName) = (SendOutcome.Answered, answers.Pod, answers.Name);
    }

    private NetRoute? RouteOf(Place at, Packet packet)
    {
        if (at.Net.RouteOf(packet.Destination) is not { } route)
        {
            Note($"{at.Name} route", $"no route fits {packet.Destination}: network is unreachable",
                packet, Verdict.Reject);
            End(SendOutcome.Unreachable);
            return null;
        }
        Note($"{at.Name} route", route.ToString(), packet);
        return route;
    }

    private static string SourceFor(NetworkNode node, NetRoute route) =>
        route.Source ?? node.Net.Host.Device(route.Device)?.Address ?? "";

    private Verdict Filter(NetworkNode node, string hook, ref Packet packet, string by = "")
    {
        if (answering && packet.Carries is null && hook is "PREROUTING" or "OUTPUT")
        {
            Undo(node, ref packet);
        }
        var count = Hops.Count;
        var look = LookOf(node) with
        {
            IsBridged = byBridge && hook == "FORWARD" && node.HasPod(packet.Destination)
                && node.Net.Is(MachineNetwork.BridgeCalls),
        };
        unseen.Clear();
        var verdict = node.Kernel.Pass(hook, ref packet, look, by);
        if (answering && verdict is Verdict.Drop or Verdict.Reject && unseen.Count > 0)
        {
            Hops.Add(unseen[^1]);
        }
        if (Hops.Count == count && verdict == Verdict.Accept && hook == "PREROUTING")
        {
            Note($"{node.Name} nat PREROUTING", "no rule is about it", packet);
        }
        return verdict;
    }

    /// <summary>Gives an answer the addresses that the one who asked knows. (The kernel does the
    /// destination here and the source on the way out.)</summary>
    private void Undo(NetworkNode node, ref Packet answer)
    {
        if (node.Kernel.AnswerOf(answer) is { } entry)
        {
            var before = answer;
            answer = entry.Original.Reply();
            if (!before.IsSameFlow(answer))
            {
                Hops.Add(new($"{node.Name} conntrack", entry.ToString(), before, answer,
                    Verdict.Rewrite));
            }
        }
    }

    private NetfilterLook LookOf(NetworkNode node) =>
        new(node.Name, now, a => IsOwn(node, a), chance, answering ? unseen : Hops)
        {
            Sets = node.Sets, CameByBridge = byBridge,
            Address = byBridge && node.Net.Host.Device(MachineNetwork.Bridge) is { } bridge
                ? bridge.Address : node.Address,
        };

    /// <summary>True when the packet filter let it go no further.</summary>
    private bool Ends(Verdict verdict)
    {
        if (verdict == Verdict.Reject)
        {
            End(SendOutcome.Refused);
        }
        return verdict is Verdict.Reject or Verdict.Drop;
    }

    private void Refuse(string where, Packet packet, string why)
    {
        Note(where, why, packet, Verdict.Reject);
        End(SendOutcome.Refused);
    }

    // The one who asked does not hear what became of an answer, nor of a packet around its own.
    private void End(SendOutcome outcome) =>
        Outcome = answering || inTunnel ? SendOutcome.TimedOut : outcome;

    private void Note(string where, string what, Packet packet, Verdict verdict = Verdict.Pass)
    {
        if (!answering || verdict is Verdict.Drop or Verdict.Reject)
        {
            Hops.Add(new(where, what, packet, packet, verdict));
        }
    }

    private static bool IsOwn(NetworkNode node, string address) =>
        node.Net.Host.Has(address) || node.Ipvs.HasAddress(address);
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

    /// <summary>Network is unreachable: a routing table has no line for the address.</summary>
    Unreachable,

    /// <summary>Message too long: it does not fit an interface on the way, and must not be
    /// split.</summary>
    TooLong,
}
