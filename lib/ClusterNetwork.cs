using System.Globalization;
using System.Net;

namespace KubeSim;

/// <summary>The network of a cluster: send a packet and see its way.</summary>
public sealed partial class Cluster
{
    internal const string OutsideAddress = "203.0.113.50";
    private const int KubeletPort = 10250;
    private const int HeaderBytes = 28;

    private readonly HashSet<string> looked = new(StringComparer.Ordinal);
    private (Simulation, Revision, DateTime, long, int) lookedAt;
    private int sends;
    private (Revision At, NetworkGround Known)? ground;

    /// <summary>Sends the first packet of a connection and follows it.</summary>
    /// <param name="from">A pod (<c>client</c>, <c>shop/client</c>), a node (<c>node-1</c>), or
    /// <c>outside</c>.</param>
    /// <param name="to"><c>NAME:PORT</c>, <c>IP:PORT</c>, <c>http://NAME</c>,
    /// <c>udp://NAME:PORT</c>; a name or address alone is pinged.</param>
    /// <param name="bytes">How much it carries; 28 bytes more make the whole packet, which must
    /// not be split.</param>
    /// <returns>Its way, rule by rule, and what the sender notices.</returns>
    /// <exception cref="ArgumentException">There is no such sender, or the target cannot be
    /// read.</exception>
    /// <remarks>A send is no part of the run: it draws from a source of its own, named by how many
    /// sends came before, and what machines remember of it (connections, session affinity) nothing
    /// but later sends can see. A fork begins without that memory.</remarks>
    public PacketTrace Send(string from, string to, int bytes = 32)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        using var own = Own();
        return Send(SenderOf(from), SendTarget.Parse(to), to, bytes);
    }

    private PacketTrace Send(Sender sender, SendTarget target, string to, int bytes = 32)
    {
        var random = NextSend();
        var hops = new List<Hop>();
        var (address, unknown) = IPAddress.TryParse(target.Host, out _) ? (target.Host, null)
            : Resolve(sender, target.Host, random, hops);
        if (address is null)
        {
            return new()
            {
                From = sender.Said, To = to, Hops = [.. hops], Outcome = SendOutcome.NameUnknown,
                Message = $"could not resolve host: {target.Host} ({unknown})",
            };
        }
        var packet = new Packet
        {
            Protocol = target.Protocol, Source = sender.Address, Destination = address,
            SourcePort = target.Port == 0 ? 0 : 32768 + random.Next(28232),
            DestinationPort = target.Port, Length = HeaderBytes + bytes,
        };
        var path = NewPath(random);
        path.Hops.AddRange(hops);
        Start(path, sender, packet, random);
        return new()
        {
            From = sender.Said, To = to, Hops = [.. path.Hops], Outcome = path.Outcome,
            Receiver = path.Receiver?.Key, Message = Say(path, target),
        };
    }

    /// <summary>A table of a node's packet filter as <c>iptables-save -t TABLE</c> prints
    /// it there.</summary>
    /// <exception cref="ArgumentException">There is no such node or table.</exception>
    public string IptablesSave(string node, string table = "nat") =>
        Still(c => c.FilterOf(node).Save(table));

    /// <summary>The packet filter of a node, with the rules that kube-proxy and kube-router
    /// have written by now.</summary>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    public Netfilter FilterOf(string node)
    {
        using var own = Own();
        if (simulation.Store.Get(new(Kinds.Node, "", node)) is null)
        {
            throw new ArgumentException($"there is no node {node}");
        }
        if (IsNews(node))
        {
            simulation.Look("kube-proxy", node);
            simulation.Look("kube-router", node);
            simulation.Look("kube-flannel", node);
        }
        return simulation.World.Machine(node).Kernel<Netfilter>();
    }

    // Whoever looks at a machine for the second time in an instant finds it as it was.
    private bool IsNews(string node)
    {
        var now = (simulation, simulation.Store.Head, simulation.Now, simulation.Items,
            simulation.Journal.Count);
        if (now != lookedAt)
        {
            lookedAt = now;
            looked.Clear();
        }
        return looked.Add(node);
    }

    // Each send has a source of chance of its own.
    private Prng NextSend() => simulation.Random.Fork(
        string.Create(CultureInfo.InvariantCulture, $"send/{++sends}"));

    private static string Say(PacketPath path, SendTarget target) => path.Outcome switch
    {
        SendOutcome.Answered => $"{path.ReceiverName} answers",
        SendOutcome.Refused => $"{target}: connection refused",
        SendOutcome.NoRoute => $"{target}: no route to host",
        SendOutcome.Unreachable => $"{target}: network is unreachable",
        SendOutcome.TooLong => $"{target}: message too long",
        _ when target.Port == 0 => $"{target}: 100% packet loss",
        _ => $"{target}: connection timed out",
    };

    private void Start(PacketPath path, Sender sender, Packet packet, Prng random)
    {
        var node = sender.Node is null ? null : ViewOf(sender.Node);
        // A port that a connection has is not free for another one.
        while (node?.Kernel.Find(packet) is not null && packet.SourcePort > 0)
        {
            packet = packet with { SourcePort = 32768 + ((packet.SourcePort - 32767) % 28232) };
        }
        if (node is not null && sender.Pod is { OnHost: false } pod)
        {
            path.FromPod(pod, node, packet);
        }
        else if (node is not null)
        {
            path.FromNode(node, packet.Destination.StartsWith("127.", StringComparison.Ordinal)
                ? packet with { Source = "127.0.0.1" } : packet);
        }
        else
        {
            var entry = EntryFor(packet.Destination, random, out var by);
            path.FromOutside(entry, packet, by);
        }
    }

    /// <summary>Where a packet from outside comes in: the node that has the address, or one that a
    /// load balancer picks.</summary>
    private NetworkNode? EntryFor(string address, Prng random, out string by)
    {
        var nodes = List<Node>().ToList();
        if (nodes.Find(n => AddressOf(n) == address) is { } direct)
        {
            by = $"{address} is {direct.Metadata.Name}";
            return ViewOf(direct.Metadata.Name);
        }
        foreach (var service in List<Service>())
        {
            if (!service.Status.LoadBalancer.Ingress.Any(i => i.Ip == address))
            {
                continue;
            }
            var port = service.Spec.HealthCheckNodePort ?? 0;
            var behind = simulation.World.Cloud.BalancerAt(address)?.Nodes;
            var ready = nodes.FindAll(n => ViewOf(n.Metadata.Name).IsReachable
                && behind?.Contains(n.Metadata.Name) != false
                && (port == 0 || HealthOf(n.Metadata.Name).EndpointsOf(port) > 0));
            if (ready.Count == 0)
            {
                by = "the load balancer has no healthy node";
                return null;
            }
            var picked = ready[random.Next(ready.Count)].Metadata.Name;
            by = $"load balancer of {service.Metadata.Namespace}/{service.Metadata.Name} picks "
                + $"{picked}";
            return ViewOf(picked);
        }
        by = $"no route to {address}: cluster IPs and pod addresses mean something on the nodes "
            + "alone";
        return null;
    }

    private Sender SenderOf(string from)
    {
        if (from == "outside")
        {
            return new(from, OutsideAddress);
        }
        if (Find<Node>("", from) is { } node)
        {
            return new(from, AddressOf(node)) { Node = from };
        }
        var slash = from.IndexOf('/', StringComparison.Ordinal);
        var (ns, name) = slash < 0 ? ("default", from) : (from[..slash], from[(slash + 1)..]);
        if (Find<Pod>(ns, name) is not { } pod)
        {
            throw new ArgumentException(
                $"there is no pod {ns}/{name} and no node {from}; or send from \"outside\"");
        }
        if (pod.Spec.NodeName is null || pod.Status.PodIP is not { Length: > 0 } address)
        {
            throw new ArgumentException($"pod {ns}/{name} has no address yet: it is "
                + (pod.Status.Phase ?? "Pending"));
        }
        return new($"{ns}/{name}", address)
        {
            Node = pod.Spec.NodeName, Pod = ViewOf(pod), Said = from,
        };
    }

    private PacketPath NewPath(Prng random) => NewPath(p => random.NextDouble() < p);

    private PacketPath NewPath(Func<double, bool> chance)
    {
        var (ground, isFlannel) = (Ground, NetworkGround.IsFlannel(simulation));
        var views = new Dictionary<string, NetworkNode>(StringComparer.Ordinal);
        NetworkNode View(string name)
        {
            if (!views.TryGetValue(name, out var view))
            {
                views.Add(name, view = ViewOf(name));
            }
            return view;
        }
        return new(new(PodAt, a => ground.At(a) is { } name ? View(name) : null,
            a => ground.Behind(a) is { } name && !isFlannel ? View(name) : null,
            ground.Router, NetworkGround.AnswersOutside), chance, Now);
    }

    /// <summary>What the network stands on now.</summary>
    private NetworkGround Ground
    {
        get
        {
            if (ground is not { } known || known.At != simulation.Store.Head)
            {
                ground = (simulation.Store.Head, NetworkGround.Of(simulation, ground?.Known));
            }
            return ground.Value.Known;
        }
    }

    private NetworkNode ViewOf(string name)
    {
        var node = Find<Node>("", name);
        var machine = simulation.World.Machine(name);
        var network = Ground.NetworkOf(simulation, name);
        return new(name, node is null ? machine.Address : AddressOf(node),
            network.PodRange(node?.Spec.PodCIDR ?? machine.PodCidr), () => FilterOf(name))
        {
            Net = network,
            IsReachable = machine.IsOn && machine.IsConnected,
            Ipvs = machine.Kernel<Ipvs>(), Sets = machine.Kernel<IpSets>(),
            Forwarders = machine.Kernel<Forwarders>(),
            Listens = port => port is KubeletPort || HealthOf(name).EndpointsOf(port) is not null,
        };
    }

    private ServiceHealth HealthOf(string node)
    {
        FilterOf(node);
        return simulation.World.Machine(node).Kernel<ServiceHealth>();
    }

    internal string AddressOf(Node node) => NetworkGround.AddressOf(simulation, node);

    // What runs is asked of the machine: it goes on when its kubelet is silent. A pod that no
    // runtime knows, in a cluster without kubelets, is as the API says. Of the pods with their
    // node's address the one that listens.
    private NetworkPod? PodAt(NetworkNode node, string address, Packet? packet)
    {
        var runtime = simulation.World.Machine(node.Name).Runtime;
        if (runtime.PodAt(address) is { } about)
        {
            return WithServers(new(new(Kinds.Pod, about.Namespace, about.Name), address,
                node.Name), runtime, about.Uid);
        }
        NetworkPod? found = null;
        foreach (var o in simulation.Store.OnNode(Kinds.Pod, node.Name, Revision))
        {
            var (pod, uid) = ((Pod)o, o.Metadata.Uid);
            var known = !runtime.ListPodSandbox(uid).IsEmpty;
            if (pod.Status.PodIP != address || pod.IsFinished
                || (known && pod.Spec.HostNetwork != true))
            {
                continue;
            }
            var view = ViewOf(pod);
            view = known ? WithServers(view, runtime, uid) : view;
            if (found is null || (view.Runs && !found.Runs)
                || (packet is not null
                    && view.Listens(packet.Protocol, packet.DestinationPort)))
            {
                found = view;
            }
        }
        return found;
    }

    // The containers of a pod that take connections, on a machine.
    private static IEnumerable<CriContainerStatus> Servers(SimRuntime runtime, string uid) =>
        runtime.ListContainers(uid).Where(c => runtime.TakesConnections(c.Id));

    private static NetworkPod WithServers(NetworkPod pod, SimRuntime runtime, string uid) =>
        pod with
        {
            Runs = runtime.ListContainers(uid).Any(c => c.State == CriContainerState.Running),
            Listens = (protocol, port) => Servers(runtime, uid).Any(
                c => ContainerServer.Listens(c.Config, protocol, port)),
        };

    private static NetworkPod ViewOf(Pod pod)
    {
        var containers = pod.Status.ContainerStatuses;
        var runs = pod.Status.Phase == "Running" && (containers.IsEmpty
            || containers.Any(c => c.State?.Running is not null));
        return new(pod.Key, pod.Status.PodIP ?? "", pod.Spec.NodeName ?? "")
        {
            OnHost = pod.Spec.HostNetwork == true, Runs = runs,
            Listens = (protocol, port) => runs && pod.Spec.Containers.Any(
                c => ContainerServer.Listens(ConfigOf(c), protocol, port)),
        };
    }

    // What a kubelet would tell a runtime.
    private static ContainerConfig ConfigOf(Container c) => new()
    {
        Name = c.Name, Image = c.Image ?? "", Command = c.Command, Args = c.Args, Ports = c.Ports,
        Mounts = c.VolumeMounts,
    };

    private sealed record Sender(string Name, string Address)
    {
        /// <summary>As it was written.</summary>
        public string Said { get; init; } = Name;

        public string? Node { get; init; }

        public NetworkPod? Pod { get; init; }
    }

    private sealed record SendTarget(string Protocol, string Host, int Port)
    {
        public static SendTarget Parse(string to)
        {
            ArgumentException.ThrowIfNullOrEmpty(to);
            var split = to.IndexOf("://", StringComparison.Ordinal);
            var scheme = split < 0 ? "" : to[..split];
            var rest = split < 0 ? to : to[(split + 3)..];
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            rest = slash < 0 ? rest : rest[..slash];
            var colon = rest.IndexOf(':', StringComparison.Ordinal);
            var host = colon < 0 ? rest : rest[..colon];
            var port = scheme switch { "http" => 80, "https" => 443, _ => 0 };
            if (host.Length == 0 || scheme is not ("" or "http" or "https" or "tcp" or "udp")
                || (colon >= 0 && (!int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None,
                    CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)))
            {
                throw new ArgumentException($"cannot read the target \"{to}\": NAME:PORT, "
                    + "IP:PORT, http://NAME, udp://NAME:PORT, or a name or address to ping");
            }
            return new(port == 0 ? "icmp" : scheme == "udp" ? "udp" : "tcp", host, port);
        }

        public override string ToString() => Port == 0 ? Host
            : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
    }
}
