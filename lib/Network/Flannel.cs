using System.Globalization;

namespace KubeSim;

/// <summary>
/// Joins the pods of all nodes: a daemon on each node (flanneld) that leases the range of its node
/// and tells the kernel the way to the ranges of all others. No packet ever passes through it; when
/// it dies, what it wrote stays, and nodes that come later are unknown here.
/// <para>Who hands out the ranges is a subnet manager (<see cref="ISubnetManager"/>): the Nodes,
/// whose ranges the controller manager chose (--kube-subnet-mgr, as kube-flannel.yml has it), or
/// etcd, where each flanneld picks a free one. Either way it writes
/// <c>/run/flannel/subnet.env</c> for the CNI plugin, and for each other lease of the same
/// kind:</para>
/// <list type="bullet">
/// <item>vxlan: a neighbour, a forwarding entry and a route on the device <c>flannel.1</c>: to
/// reach 10.244.2.0/24, put the frame for the hardware address of 10.244.2.0 into a packet to
/// 172.18.0.3;</item>
/// <item>host-gw: a route, <c>10.244.2.0/24 via 172.18.0.3 dev eth0</c>: no tunnel, but all nodes
/// must be on one link.</item>
/// </list>
/// <para>With --ip-masq it has what goes from a pod to the outside masqueraded: without it no
/// answer finds its way back, since nobody outside knows the pods' range.</para>
/// Models github.com/flannel-io/flannel main.go, pkg/backend/vxlan, pkg/backend/hostgw,
/// pkg/trafficmngr/iptables.
/// </summary>
/// <param name="node">Its node.</param>
/// <param name="isMany">True: there are so many nodes that it tells the kernel of the others only
/// when somebody looks.</param>
/// <param name="inEtcd">True: the ranges are leased in etcd, not by the Nodes.</param>
public sealed class Flannel(string node, bool isMany = false, bool inEtcd = false) : ILazyReconciler
{
    private const string Device = "flannel.1";
    private const int Overhead = 50;

    private readonly ISubnetManager subnets =
        inEtcd ? new EtcdSubnets(node) : new KubeSubnets(node);
    private readonly Dictionary<string, FlannelLease> told = new(StringComparer.Ordinal);
    private MachineNetwork? kernel;

    /// <inheritdoc/>
    public string Name => "kube-flannel";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = inEtcd ? EtcdSubnets.Watches(node, isMany)
        : KubeSubnets.Watches(node, isMany);

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        if (api.Get<Node>("", node) is not { Address.Length: > 0 } self
            || !api.World.Machine(node).IsOn)
        {
            return Result.Idle;
        }
        try
        {
            if (subnets.Acquire(self, api) is { } early)
            {
                // Who has no range any more begins anew, with the kernel as it is.
                kernel = subnets.Own(self, api) is null ? null : kernel;
                return early;
            }
            var changed = Sync(api);
            return subnets.Complete(self, api) || changed || api.Changes.Count > 0
                ? Result.Done : Result.Idle;
        }
        catch (EtcdException refusal)
        {
            return Result.Retry(refusal.Message);
        }
    }

    /// <inheritdoc/>
    public void CatchUp(ReconcileContext api) => Sync(api);

    /// <summary>Tells the kernel what it does not know yet; false when there is nothing.</summary>
    private bool Sync(ReconcileContext api)
    {
        var machine = api.World.Machine(node);
        if (api.Get<Node>("", node) is not { } self || !machine.IsOn
            || subnets.Own(self, api) is not { } own)
        {
            return false;
        }
        var config = subnets.Config(api);
        var isVxlan = config.Backend == "vxlan";
        var changed = false;
        if (kernel != machine.Kernel<MachineNetwork>())
        {
            kernel = machine.Kernel<MachineNetwork>();
            told.Clear();
            Begin(machine, config.Network, own, self.Address, isVxlan, api.Settings);
            api.Did("wrote /run/flannel/subnet.env");
            changed = true;
        }
        var leases = subnets.Others(self, api).Where(l => l.Backend == config.Backend)
            .ToDictionary(l => l.Key);
        foreach (var (name, old) in told.Where(t => !leases.ContainsKey(t.Key)).ToArray())
        {
            told.Remove(name);
            Forget(kernel.Host, old, isVxlan);
            api.Did("removed the way to {0} on {1}", $"{old.Range}", old.Holder);
            changed = true;
        }
        foreach (var (name, lease) in leases.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            if (!told.TryGetValue(name, out var known) || known != lease)
            {
                told[name] = lease;
                Tell(kernel.Host, lease, isVxlan);
                api.Did("added the way to {0} on {1}", $"{lease.Range}", lease.Holder);
                changed = true;
            }
        }
        return changed;
    }

    private void Begin(SimMachine machine, Ipv4Range all, Ipv4Range range, string address,
        bool isVxlan, Settings settings)
    {
        var (network, masquerade) = (machine.Kernel<MachineNetwork>(),
            settings.Get(KnownFlags.FlannelMasquerade));
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

    private static void Tell(NetNamespace host, FlannelLease lease, bool isVxlan)
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

    private static void Forget(NetNamespace host, FlannelLease lease, bool isVxlan)
    {
        if (isVxlan)
        {
            host.Forget(Device, lease.Range.At(0));
            host.Unforward(Device, lease.Mac);
        }
        host.Delete(lease.Range);
    }

    /// <summary>The hardware address of a node's end of the tunnel.</summary>
    internal static string MacOf(string name) => NetDevice.MacOf($"{Device} {name}");
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
