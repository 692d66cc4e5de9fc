using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The lease of a node's range, as another flanneld sees it.</summary>
/// <param name="Key">What it is known by.</param>
/// <param name="Holder">Who has it, in words.</param>
/// <param name="Range">The range.</param>
/// <param name="Backend">How its pods are reached.</param>
/// <param name="PublicIp">The address of the machine.</param>
/// <param name="Mac">The hardware address of its end of the tunnel; empty without one.</param>
internal sealed record FlannelLease(string Key, string Holder, Ipv4Range Range, string Backend,
    string PublicIp, string Mac);

/// <summary>The network that ranges are cut from.</summary>
/// <param name="Network">All pods.</param>
/// <param name="Backend">How nodes reach each other's pods.</param>
internal sealed record FlannelConfig(Ipv4Range Network, string Backend)
{
    private int length;
    private (uint Least, uint Most) bounds;

    /// <summary>The ranges that a node can have. The first one of the network is left out:
    /// 10.244.0.0 would name the network as well.</summary>
    public IEnumerable<Ipv4Range> All
    {
        get
        {
            for (ulong at = bounds.Least; at <= bounds.Most; at += 1UL << (32 - length))
            {
                yield return new((uint)at, length);
            }
        }
    }

    /// <summary>True for a range that a node can have.</summary>
    public bool Takes(Ipv4Range range) => range.Length == length
        && range.First >= bounds.Least && range.First <= bounds.Most;

    /// <summary>Reads what somebody wrote; null, or what is wrong with it.</summary>
    public static string? Read(string text, out FlannelConfig? config)
    {
        config = null;
        try
        {
            var json = JsonNode.Parse(text);
            if (!Ipv4Range.TryParse((string?)json?[nameof(Network)], out var network))
            {
                return "please define a correct Network parameter in the flannel config";
            }
            config = new(network, (string?)json![nameof(Backend)]?["Type"] ?? "udp");
            return config.Backend is not ("vxlan" or "host-gw")
                ? $"backend type {config.Backend} is not simulated: choose vxlan or host-gw"
                : config.Cut((int?)json["SubnetLen"] ?? 0, (string?)json["SubnetMin"],
                    (string?)json["SubnetMax"]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    private string? Cut(int wanted, string? least, string? most)
    {
        if (wanted > 30)
        {
            return "SubnetLen must be less than /31";
        }
        if (wanted > 0 && wanted < Network.Length + 2)
        {
            return "network must be able to accommodate at least four subnets";
        }
        if (wanted == 0 && Network.Length > 28)
        {
            return "network is too small. Minimum useful network prefix is /28";
        }
        length = wanted > 0 ? wanted : Network.Length <= 22 ? 24 : Network.Length + 2;
        bounds = (Bound(least, Network.First + (1u << (32 - length))),
            Bound(most, Ipv4Range.Around(Network.Last, length).First));
        foreach (var (name, bound) in new[]
            { ("SubnetMin", bounds.Least), ("SubnetMax", bounds.Most) })
        {
            if (!Network.Contains(bound))
            {
                return $"{name} is not in the range of the Network";
            }
            if (Ipv4Range.Around(bound, length).First != bound)
            {
                return $"{name} is not on a SubnetLen boundary: {Ipv4Range.Text(bound)}";
            }
        }
        return null;
    }

    private static uint Bound(string? said, uint usual) =>
        Ipv4Range.TryNumber(said, out var number) ? number : usual;
}

/// <summary>Who says which range a node has. A lease holds until it is taken away; what the nodes
/// of the others are is told as it changes.</summary>
internal interface ISubnetManager
{
    /// <summary>Sees to it that the node has a range; null when it has one.</summary>
    /// <exception cref="EtcdException">etcd refused.</exception>
    Result? Acquire(Node self, ReconcileContext api);

    /// <summary>The network that it is a part of.</summary>
    FlannelConfig Config(ReconcileContext api);

    /// <summary>The range of the node; null for none.</summary>
    Ipv4Range? Own(Node self, ReconcileContext api);

    /// <summary>The leases of all others.</summary>
    IEnumerable<FlannelLease> Others(Node self, ReconcileContext api);

    /// <summary>The node is joined to the others: tells whom it concerns, or keeps its lease; true
    /// when there was something to do.</summary>
    bool Complete(Node self, ReconcileContext api);
}

/// <summary>
/// The lease is the Node itself: the range is <c>spec.podCIDR</c>, and how to reach it stands in
/// annotations (<c>flannel.alpha.coreos.com/…</c>). When the node is joined, its condition
/// NetworkUnavailable becomes False (FlannelIsUp), once for each start of flanneld.
/// <para>Models github.com/flannel-io/flannel pkg/subnet/kube.</para>
/// </summary>
internal sealed class KubeSubnets(string node) : ISubnetManager
{
    private const string Prefix = "flannel.alpha.coreos.com/";
    private bool told;

    public static Seq<Watched> Watches(string node, bool isMany) =>
    [
        (isMany ? Watched.OnNode<Node>() : Watched.All<Node>()) with
        {
            KeyOf = _ => new(Kinds.Node, "", node),
        },
    ];

    public Result? Acquire(Node self, ReconcileContext api)
    {
        if (string.IsNullOrEmpty(self.Spec.PodCIDR))
        {
            return Result.Retry($"node \"{node}\" pod cidr not assigned");
        }
        var backend = Config(api).Backend;
        var data = backend == "vxlan"
            ? $$"""{"VNI":1,"VtepMAC":"{{Flannel.MacOf(node)}}"}""" : "null";
        var leased = self.Metadata.Annotations
            .Set(Prefix + "backend-data", data).Set(Prefix + "backend-type", backend)
            .Set(Prefix + "kube-subnet-manager", "true").Set(Prefix + "public-ip", self.Address);
        if (!leased.Equals(self.Metadata.Annotations))
        {
            api.Update(self with { Metadata = self.Metadata with { Annotations = leased } });
            api.Did("leased {0} for {1}", self.Spec.PodCIDR, self.Address);
        }
        return null;
    }

    public FlannelConfig Config(ReconcileContext api) =>
        new(Ipv4Range.Parse(api.Settings.Get(KnownFlags.ClusterCidr)),
            api.Settings.Get(KnownFlags.FlannelBackend));

    public Ipv4Range? Own(Node self, ReconcileContext api) =>
        self.Spec.PodCIDR is { Length: > 0 } range ? Ipv4Range.Parse(range) : null;

    public IEnumerable<FlannelLease> Others(Node self, ReconcileContext api)
    {
        foreach (var (name, notes, spec) in api.List<Node>()
            .Select(n => (n.Metadata.Name, n.Metadata.Annotations, n.Spec)))
        {
            if (name != node && notes.Get(Prefix + "kube-subnet-manager") == "true"
                && Ipv4Range.TryParse(spec.PodCIDR, out var range))
            {
                yield return new(name, name, range, notes.Get(Prefix + "backend-type") ?? "",
                    notes.Get(Prefix + "public-ip") ?? "", Flannel.MacOf(name));
            }
        }
    }

    public bool Complete(Node self, ReconcileContext api)
    {
        if (told)
        {
            return false;
        }
        api.TellNetwork(self, true, "FlannelIsUp", "Flannel is running on this node");
        return told = true;
    }
}
