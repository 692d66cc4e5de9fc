using System.Globalization;

namespace KubeSim;

/// <summary>
/// Enforces NetworkPolicies: on every node it writes rules that reject what the policies of the
/// node's pods do not let through. It is a plugin beside the network, not part of it (k3s runs it
/// so beside Flannel); in a cluster without one, policies are kept and nothing happens.
/// <para>It watches NetworkPolicies, Pods and Namespaces, and writes on its machine sets of
/// addresses (<see cref="IpSets"/>), a chain for each policy and a chain for each pod of the node
/// (<see cref="KubeRouterRules"/>), beside those of kube-proxy. A policy guards the nodes where its
/// pods run: there the incoming packets of their connections pass, and the outgoing ones.</para>
/// <para>Whatever changes, and every five minutes, all of it is written anew. Until that has
/// happened a new pod is as open as any: its first connections may come before its rules.</para>
/// <para>Worked: a rule with some pods, a range and two ports comes to four pairs of filter rules,
/// on a node with ten of its pods as on a node with one: who is meant is in the sets.</para>
/// Models github.com/cloudnativelabs/kube-router/pkg/controllers/netpol.
/// </summary>
public sealed class KubeRouter(string node) : ILazyReconciler
{
    private (Netfilter Kernel, Seq<string> Text)? written;

    /// <summary>--iptables-sync-period: how often it writes what has not changed.</summary>
    internal static TimeSpan SyncPeriod { get; } = TimeSpan.FromMinutes(5);

    /// <summary>The last round up to a time.</summary>
    internal static DateTime RoundAt(DateTime now) =>
        now - TimeSpan.FromTicks(now.Ticks % SyncPeriod.Ticks);

    /// <inheritdoc/>
    public string Name => "kube-router";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        .. new[] { Watched.All<NetworkPolicy>(), Watched.All<Pod>(), Watched.All<Namespace>() }
            .Select(w => w with { OnDemand = true, KeyOf = _ => new(Kinds.Node, "", node) }),
    ];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        return Sync(api) ? Result.Done : Result.Idle;
    }

    /// <inheritdoc/>
    public void CatchUp(ReconcileContext api) => Sync(api);

    /// <summary>Writes the rules; true when they are others than before.</summary>
    private bool Sync(ReconcileContext api)
    {
        if (api.World is not World world || !world.Machine(node).IsOn)
        {
            return false;
        }
        var seen = api.Shared<SeenPolicies>();
        seen.Read(api);
        var machine = world.Machine(node);
        var (kernel, sets) = (machine.Kernel<Netfilter>(), machine.Kernel<IpSets>());
        var pods = seen.Pods.Where(p => p.Spec.NodeName == node).ToList();
        var (first, last) = KubeRouterRules.Filter(seen.Policies, pods);
        var now = (kernel, Text: (Seq<string>)[first.ToString(),
            .. seen.Policies.SelectMany(p => p.Sets).Select(s => s.ToString())]);
        // Its chains are right again five minutes later at the latest.
        if (now.Equals(written) && !kernel.WasEdited(first, RoundAt(api.Now)))
        {
            return false;
        }
        written = now;
        var wanted = seen.Policies.SelectMany(p => p.Sets).ToList();
        foreach (var set in wanted)
        {
            sets.Swap(set.Name, set.Type, set.Members);
        }
        kernel.Lay(Name, first, last);
        foreach (var name in sets.Names.Where(KubeRouterRules.IsSet)
            .Except(wanted.Select(s => s.Name)).ToList())
        {
            sets.Destroy(name);
        }
        api.Did("wrote the rules of {0} policies for {1} pods",
            seen.Policies.Count.ToString(CultureInfo.InvariantCulture),
            pods.Count.ToString(CultureInfo.InvariantCulture));
        return true;
    }

    /// <summary>What the policies come to, which is the same on all nodes.</summary>
    private sealed class SeenPolicies
    {
        private (Revision, Revision, Revision) at;

        public Seq<PolicyChain> Policies { get; private set; }

        /// <summary>The pods that have an address of their own.</summary>
        public Seq<Pod> Pods { get; private set; }

        public void Read(ReconcileContext api)
        {
            var now = (api.Cursor<NetworkPolicy>(), api.Cursor<Pod>(), api.Cursor<Namespace>());
            if (now == at)
            {
                return;
            }
            at = now;
            Pods = [.. api.List<Pod>().Where(p => p is
                { IsFinished: false, Spec.HostNetwork: not true, Status.PodIP.Length: > 0 })];
            var namespaces = api.List<Namespace>().ToDictionary(n => n.Metadata.Name);
            Policies = [.. api.List<NetworkPolicy>()
                .Select(p => new PolicyChain(p, Pods, namespaces))];
        }
    }
}
