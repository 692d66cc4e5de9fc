using System.Globalization;

namespace KubeSim;

/// <summary>
/// Joins the pods of all nodes: a daemon on each node (flanneld) that leases the range of its node
/// and tells the kernel the way to the ranges of all others. No packet ever passes through it; when
/// it dies, what it wrote stays, and nodes that come later are unknown here.
/// <para>The lease is the Node itself: the range is <c>spec.podCIDR</c>, and how to reach it stands
/// in annotations (<c>flannel.alpha.coreos.com/…</c>). It watches Nodes, annotates its own,
/// writes <c>/run/flannel/subnet.env</c> for the CNI plugin, and for each other node that has a
/// lease of the same kind:</para>
/// <list type="bullet">
/// <item>vxlan: a neighbour, a forwarding entry and a route on the device <c>flannel.1</c>: to
/// reach 10.244.2.0/24, put the frame for the hardware address of 10.244.2.0 into a packet to
/// 172.18.0.3;</item>
/// <item>host-gw: a route, <c>10.244.2.0/24 via 172.18.0.3 dev eth0</c>: no tunnel, but all nodes
/// must be on one link.</item>
/// </list>
/// <para>With --ip-masq it has what goes from a pod to the outside masqueraded: without it no
/// answer finds its way back, since nobody outside knows the pods' range.</para>
/// Models github.com/flannel-io/flannel pkg/subnet/kube, pkg/backend/vxlan, pkg/backend/hostgw,
/// pkg/trafficmngr/iptables.
/// </summary>
/// <param name="node">Its node.</param>
/// <param name="isMany">True: there are so many nodes that it tells the kernel of the others only
/// when somebody looks.</param>
public sealed class Flannel(string node, bool isMany = false) : ILazyReconciler
{
    private const string Prefix = "flannel.alpha.coreos.com/";
    private const string Device = "flannel.1";
    private const int Overhead = 50;

    // A lease of another node, as far as the kernel is told.
    private sealed record Lease(Ipv4Range Range, string PublicIp, string Mac);

    private readonly Dictionary<string, Lease> told = new(StringComparer.Ordinal);
    private MachineNetwork? kernel;

    /// <inheritdoc/>
    public string Name => "kube-flannel";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        (isMany ? Watched.OnNode<Node>() : Watched.All<Node>()) with
        {
            KeyOf = _ => new(Kinds.Node, "", node),
        },
    ];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        if (api.Get<Node>("", node) is not { Address.Length: > 0 } self
            || !api.World.Machine(node).IsOn)
        {
            return Result.Idle;
        }
        if (string.IsNullOrEmpty(self.Spec.PodCIDR))
        {
            return Result.Retry($"node \"{node}\" pod cidr not assigned");
        }
        var backend = api.Settings.Get(KnownFlags.FlannelBackend);
        var data = backend == "vxlan" ? $$"""{"VNI":1,"VtepMAC":"{{MacOf(node)}}"}""" : "null";
        var leased = self.Metadata.Annotations
            .Set(Prefix + "backend-data", data).Set(Prefix + "backend-type", backend)
            .Set(Prefix + "kube-subnet-manager", "true").Set(Prefix + "public-ip", self.Address);
        if (!leased.Equals(self.Metadata.Annotations))
        {
            api.Update(self with { Metadata = self.Metadata with { Annotations = leased } });
            api.Did("leased {0} for {1}", self.Spec.PodCIDR, self.Address);
        }
        return Sync(api) || api.Changes.Count > 0 ? Result.Done : Result.Idle;
    }

    /// <inheritdoc/>
    public void CatchUp(ReconcileContext api) => Sync(api);

    /// <summary>Tells the kernel what it does not know yet; false when there is nothing.</summary>
    private bool Sync(ReconcileContext api)
    {
        var machine = api.World.Machine(node);
        if (api.Get<Node>("", node) is not { Spec.PodCIDR: { } range } self || !machine.IsOn)
        {
            return false;
        }
        var isVxlan = api.Settings.Get(KnownFlags.FlannelBackend) == "vxlan";
        var changed = false;
        if (kernel != machine.Kernel<MachineNetwork>())
        {
            kernel = machine.Kernel<MachineNetwork>();
            told.Clear();
            Begin(machine, Ipv4Range.Parse(range), self.Address, isVxlan, api.Settings);
            api.Did("wrote /run/flannel/subnet.env");
            changed = true;
        }
        var leases = api.List<Node>().Where(n => n.Metadata.Name != node)
            .Select(n => (n.Metadata.Name, Lease: LeaseOf(n, isVxlan ? "vxlan" : "host-gw")))
            .Where(l => l.Lease is not null).ToDictionary(l => l.Name, l => l.Lease!);
        foreach (var (name, old) in told.Where(t => !leases.ContainsKey(t.Key)).ToArray())
        {
            told.Remove(name);
            Forget(kernel.Host, old, isVxlan);
            api.Did("removed the way to {0} on {1}", $"{old.Range}", name);
            changed = true;
        }
        foreach (var (name, lease) in leases.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            if (!told.TryGetValue(name, out var known) || known != lease)
            {
                told[name] = lease;
                Tell(kernel.Host, lease, isVxlan);
                api.Did("added the way to {0} on {1}", $"{lease.Range}", name);
                changed = true;
            }
        }
        return changed;
    }

    private void Begin(
        SimMachine machine, Ipv4Range range, string address, bool isVxlan, Settings settings)
    {
        var (network, masquerade) = (machine.Kernel<MachineNetwork>(),
            settings.Get(KnownFlags.FlannelMasquerade));
        var all = Ipv4Range.Parse(settings.Get(KnownFlags.ClusterCidr));
        var mtu = 1500 - (isVxlan ? Overhead : 0);
        network.SubnetEnv = string.Create(CultureInfo.InvariantCulture,
            $"FLANNEL_NETWORK={all}\nFLANNEL_SUBNET={range.At(1)}/{range.Length}\n"
            + $"FLANNEL_MTU={mtu}\nFLANNEL_IPMASQ={(masquerade ? "true" : "false")}\n");
        if (isVxlan)
        {
            network.Host.Set(new(3, Device, "vxlan", MacOf(node))
            {
                Mtu = mtu, Cidr = $"{range.At(0)}/32", Local = address,
            });
        }
        var filter = machine.Kernel<Netfilter>();
        FlannelRules.Write(filter, all, range, masquerade);
    }

    private static void Tell(NetNamespace host, Lease lease, bool isVxlan)
    {
        var first = lease.Range.At(0);
        if (isVxlan)
        {
            host.Learn(new NetNeighbour(first, Device, lease.Mac, null));
            host.Learn(new FdbEntry(lease.Mac, Device, null, lease.PublicIp, null));
        }
        host.Add(isVxlan ? new(lease.Range, Device) { Via = first, IsOnLink = true }
            : new(lease.Range, "eth0") { Via = lease.PublicIp });
    }

    private static void Forget(NetNamespace host, Lease lease, bool isVxlan)
    {
        if (isVxlan)
        {
            host.Forget(Device, lease.Range.At(0));
            host.Unforward(Device, lease.Mac);
        }
        host.Delete(lease.Range);
    }

    private static Lease? LeaseOf(Node other, string backend)
    {
        var notes = other.Metadata.Annotations;
        return notes.Get(Prefix + "kube-subnet-manager") == "true"
            && notes.Get(Prefix + "backend-type") == backend
            && Ipv4Range.TryParse(other.Spec.PodCIDR, out var range)
            ? new(range, notes.Get(Prefix + "public-ip") ?? "", MacOf(other.Metadata.Name)) : null;
    }

    private static string MacOf(string name) => NetDevice.MacOf($"{Device} {name}");
}

/// <summary>The rules that flanneld has beside those of kube-proxy: what leaves the pods' network
/// is masqueraded, what stays in it is not, and the machine passes it on.</summary>
internal static class FlannelRules
{
    // What kube-proxy marks it masquerades itself.
    private const uint KubeProxyMark = 0x4000;

    private static readonly RuleMatch Masquerade = new RuleMatch.Comment("flanneld masq");
    private static readonly RuleMatch Passing = new RuleMatch.Comment("flanneld forward");

    public static void Write(Netfilter kernel, Ipv4Range all, Ipv4Range own, bool masquerade)
    {
        RuleRange network = new($"{all}"), subnet = new($"{own}");
        var (back, away) = (new RuleTarget.Decide(Verdict.Return), new RuleTarget.Masquerade());
        var accept = new RuleTarget.Decide(Verdict.Accept);
        if (masquerade)
        {
            Lay(kernel, "nat", "POSTROUTING", "FLANNEL-POSTRTG", Masquerade,
            [
                new()
                {
                    Matches = [new RuleMatch.Marked(KubeProxyMark), Masquerade],
                    Target = back,
                },
                Rule(subnet, network, Masquerade, back), Rule(network, subnet, Masquerade, back),
                Rule(network with { Not = true }, subnet, Masquerade, back),
                Rule(network, new("224.0.0.0/4", Not: true), Masquerade, away),
                Rule(network with { Not = true }, network, Masquerade, away),
            ]);
        }
        Lay(kernel, "filter", "FORWARD", "FLANNEL-FWD", Passing,
        [
            Rule(network, null, Passing, accept), Rule(null, network, Passing, accept),
        ]);
    }

    private static void Lay(Netfilter kernel, string table, string from, string chain,
        RuleMatch remark, Seq<NetfilterRule> rules) => kernel.Lay("flannel",
            new(table, [new(chain, rules)]), new(table,
            [
                new(from, [new() { Matches = [remark], Target = new RuleTarget.Jump(chain) }],
                    IsBuiltIn: true),
            ]));

    private static NetfilterRule Rule(
        RuleRange? source, RuleRange? destination, RuleMatch remark, RuleTarget target) => new()
        {
            Source = source, Destination = destination, Matches = [remark], Target = target,
        };
}
