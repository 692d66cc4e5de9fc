using System.Globalization;

namespace KubeSim;

/// <summary>
/// The link layer of a packet's way: who has the address of the next router, out by an interface,
/// by a bridge from port to port, and through a tunnel.
/// <para>A VXLAN device puts the whole frame into a UDP packet to another machine, 50 bytes longer:
/// of 1500 bytes on the wire 1450 are left for a pod. Which machine, its neighbour table and
/// forwarding table say; nobody is asked, so that a missing entry means silence.</para>
/// <para>The network of the machines answers ARP for every machine, running or not, as that of a
/// cloud does: what goes to a dead one is lost without a word.</para>
/// Models Linux: net/bridge/br_input.c, br_netfilter_hooks.c, drivers/net/vxlan/vxlan_core.c.
/// </summary>
internal sealed partial class PacketPath
{
    private const int VxlanPort = 8472;
    private const int VxlanBytes = 50;

    // Whom ARP found: a pod, a machine, or neither: the bridge itself or the router.
    private sealed record Found(string Mac, NetworkPod? Pod = null, NetworkNode? Machine = null);

    // The hardware address on the frame inside of the tunnel.
    private string insideFor = "";
    private bool inTunnel;

    /// <summary>Out by the interface of a route.</summary>
    private void Transmit(Place at, NetRoute route, Packet packet)
    {
        var device = at.Net.Device(route.Device);
        var where = $"{at.Name} {route.Device}";
        if (device is not { IsUp: true })
        {
            Note(where, "is down: nothing goes out", packet, Verdict.Drop);
            return;
        }
        if (packet.Length > device.Mtu)
        {
            Note(where, string.Create(CultureInfo.InvariantCulture, $"{packet.Length} bytes do "
                + $"not fit: mtu {device.Mtu}, and it must not be split"), packet, Verdict.Reject);
            End(SendOutcome.TooLong);
            return;
        }
        var next = route.Via ?? packet.Destination;
        if (device.Kind == "vxlan")
        {
            Encapsulate(at.Node, device, next, packet);
            return;
        }
        if (at.Pod is { } sender && at.Node.Net.IsDown(sender.Cable))
        {
            Note($"{at.Node.Name} {sender.Cable}", "is down: the pod's eth0 has no carrier", packet,
                Verdict.Drop);
            End(SendOutcome.NoRoute);
            return;
        }
        if (Ask(at, device, next, packet) is not { } found)
        {
            return;
        }
        if (at.Pod is not null)
        {
            IntoBridge(at, found, packet);
        }
        else if (device.Kind == "bridge")
        {
            ToPort(at.Node, found, packet);
        }
        else if (!at.Node.IsReachable)
        {
            Note(where, "the machine is cut off: nothing goes out", packet, Verdict.Drop);
        }
        else
        {
            Note(where, "out to the network of the nodes", packet);
            ToMachine(found, packet);
        }
    }

    /// <summary>Finds out who has an address on the link: from memory, or by asking all.</summary>
    private Found? Ask(Place at, NetDevice device, string address, Packet packet)
    {
        var known = at.Net.Neighbour(device.Name, address);
        var found = Has(at, device, address);
        var isFresh = known is not null
            && (known.Heard is not { } heard || now - heard <= NetNeighbour.Fresh);
        if (found is not null && found.Mac == known?.Mac)
        {
            if (!isFresh)
            {
                at.Net.Learn(known with { Heard = now });
            }
            return found;
        }
        if (isFresh)
        {
            Note($"{at.Name} {device.Name}", $"the frame goes to {known!.Mac}, and nobody has that "
                + "hardware address", packet, Verdict.Drop);
            return null;
        }
        if (found is null)
        {
            Note($"{at.Name} arp", $"who has {address}? Nobody answers: no route to host", packet,
                Verdict.Reject);
            End(SendOutcome.NoRoute);
            return null;
        }
        Note($"{at.Name} arp", $"who has {address}? It is at {found.Mac}", packet);
        at.Net.Learn(new NetNeighbour(address, device.Name, found.Mac, now));
        if (found.Pod is not null)
        {
            // The answer came by a port, and the bridge looks at where frames come from.
            Learn(at.Node, found.Pod.Cable, found.Mac);
        }
        return found;
    }

    private Found? Has(Place at, NetDevice device, string address)
    {
        if (at.Pod is null && device.Kind != "bridge")
        {
            return address == view.Router ? new(NetDevice.MacOf(address))
                : view.MachineAt(address) is not { } machine || machine.Name == at.Name ? null
                : new(machine.Net.Host.Device("eth0")?.Mac ?? "", Machine: machine);
        }
        if (at.Node.Net.Host.Device(MachineNetwork.Bridge) is not { IsUp: true } bridge)
        {
            return null;
        }
        // A node answers for every address that is its own, whatever the interface.
        return at.Pod is not null && at.Node.Net.Host.Has(address) ? new(bridge.Mac)
            : view.PodAt(at.Node, address, null) is { } pod && !at.Node.Net.IsDown(pod.Cable)
                && new Place(at.Node, pod).Net.Device("eth0") is { IsUp: true } end
                ? new(end.Mac, pod) : null;
    }

    /// <summary>From a pod by its cable into the bridge of its node.</summary>
    private void IntoBridge(Place at, Found found, Packet packet)
    {
        var (node, pod) = (at.Node, at.Pod!);
        Note($"{pod.Name} eth0", $"to {pod.Cable}, the other end of the cable", packet);
        Learn(node, pod.Cable, at.Net.Device("eth0")!.Mac);
        byBridge = true;
        if (found.Pod is null)
        {
            Note($"{node.Name} cni0", $"in by port {pod.Cable}; the frame is for cni0 itself",
                packet);
            Enter(node, packet);
            return;
        }
        var calls = node.Net.Is(MachineNetwork.BridgeCalls);
        Note($"{node.Name} cni0", $"in by port {pod.Cable}, for another port; "
            + $"{MachineNetwork.BridgeCalls} = {(calls ? "1: by the packet filter" : "0")}",
            packet);
        if (calls)
        {
            var before = packet;
            if (Ends(Filter(node, "PREROUTING", ref packet)))
            {
                return;
            }
            if (packet.Destination != before.Destination && !answering)
            {
                Forward(node, before, packet, filtered: false);
                return;
            }
            if (Ends(Filter(node, "FORWARD", ref packet)))
            {
                return;
            }
            packet = Leave(node, before, packet, found.Pod.Address);
        }
        ToPort(node, found, packet);
    }

    /// <summary>Out of the bridge by the port of a pod.</summary>
    private void ToPort(NetworkNode node, Found found, Packet packet)
    {
        var pod = found.Pod!;
        var entry = node.Net.Host.Forward(MachineNetwork.Bridge, found.Mac);
        Note($"{node.Name} cni0", entry?.Heard is { } heard && now - heard > FdbEntry.Ages
            || entry is null ? $"fdb: no entry for {found.Mac}: out by every port"
            : $"fdb: {entry}", packet);
        Note($"{node.Name} {pod.Cable}", "out to the other end of the cable", packet);
        AtPod(new(node, pod), packet);
    }

    private void Learn(NetworkNode node, string port, string mac) =>
        node.Net.Host.Learn(new FdbEntry(mac, port, MachineNetwork.Bridge, null, now));

    private void ToMachine(Found found, Packet packet)
    {
        if (found.Machine is { } machine)
        {
            Arrive(machine, packet);
            return;
        }
        if (answering && legs[^1].From is null)
        {
            Back(null, packet);
            return;
        }
        if ((view.MachineAt(packet.Destination) ?? view.Behind(packet.Destination)) is { } other)
        {
            Note("router", $"{packet.Destination} is behind {other.Name}", packet);
            Arrive(other, packet);
            return;
        }
        if (answering || view.Outside(packet) is not { } name)
        {
            Note("router", $"no answer ever comes from {packet.Destination}: outside the rules of "
                + "the nodes nobody has this address", packet, Verdict.Drop);
            return;
        }
        Note("router", $"{name} is in the outside world and answers", packet, Verdict.Deliver);
        (answering, answers) = (true, (null, name));
        var answer = packet.Reply();
        if ((view.MachineAt(answer.Destination) ?? view.Behind(answer.Destination)) is { } back)
        {
            Arrive(back, answer);
            return;
        }
        Note("router", $"the answer finds no way to {answer.Destination}: an address that only the "
            + "nodes know, and none put its own in its place (masquerade)", answer, Verdict.Drop);
    }

    /// <summary>Puts a packet into one to the machine at the other end of the tunnel.</summary>
    private void Encapsulate(NetworkNode node, NetDevice device, string next, Packet packet)
    {
        var where = $"{node.Name} {device.Name}";
        if (node.Net.Host.Neighbour(device.Name, next) is not { } neighbour)
        {
            Note(where, $"no entry for {next} in ip neigh, and nobody is asked: no route to host",
                packet, Verdict.Drop);
            End(SendOutcome.NoRoute);
            return;
        }
        if (node.Net.Host.Forward(device.Name, neighbour.Mac) is not { } entry)
        {
            Note(where, $"no entry for {neighbour.Mac} in bridge fdb: it goes nowhere", packet,
                Verdict.Drop);
            return;
        }
        var flow = Digest.Mix(Digest.Mix(Digest.Start, packet.Source + packet.Destination),
            (packet.SourcePort << 16) | packet.DestinationPort);
        var outer = new Packet
        {
            Protocol = "udp", Source = device.Local ?? "", Destination = entry.Destination ?? "",
            SourcePort = 32768 + (int)(flow % 28232), DestinationPort = VxlanPort,
            Length = packet.Length + VxlanBytes, Carries = packet,
        };
        if (!answering)
        {
            Hops.Add(new(where, $"{neighbour.Say(now)}; fdb: {entry}", packet, outer,
                Verdict.Rewrite));
        }
        (insideFor, inTunnel) = (neighbour.Mac, true);
        Originate(new(node), outer);
        inTunnel = false;
    }

    /// <summary>At the end of the tunnel: the packet inside comes in by the VXLAN
    /// device.</summary>
    private void Decapsulate(NetworkNode node, Packet outer, Packet inner)
    {
        inTunnel = false;
        var device = node.Net.Host.Devices.FirstOrDefault(d => d is { Kind: "vxlan", IsUp: true });
        if (device?.Mac != insideFor)
        {
            Note($"{node.Name} {device?.Name ?? "eth0"}", device is null
                ? $"no VXLAN device takes what comes to port {VxlanPort}"
                : $"the frame inside is for {insideFor}, not for {device.Mac}", outer,
                Verdict.Drop);
            return;
        }
        if (!answering)
        {
            Hops.Add(new($"{node.Name} {device.Name}", "out of the tunnel", outer, inner,
                Verdict.Rewrite));
        }
        byBridge = false;
        Enter(node, inner);
    }
}
