namespace KubeSim;

/// <summary>
/// Where a DaemonSet runs, and what its pods look like there. A node is meant unless the template's
/// node name, node selector or required affinity says otherwise; it also has to bear the node's
/// taints, and bears more than other pods: a node that is not ready, cordoned or short of memory is
/// no reason to go. On a node with a taint NoSchedule that it does not bear no pod is made, but one
/// that is there stays; NoExecute drives it away. Whether there is room nobody asks here.
/// <para>The controller chooses the node and the scheduler binds: the pod of node-2 requires, as
/// affinity, the field <c>metadata.name</c> to be node-2, and waits where node-2 is full.</para>
/// Models pkg/controller/daemon/util/daemonset_util.go.
/// </summary>
internal static class DaemonSetNodes
{
    private const string GenerationLabel = "pod-template-generation";
    private const string NodeField = "metadata.name";

    private static readonly Seq<Toleration> tolerated =
    [
        Borne("not-ready", "NoExecute"), Borne("unreachable", "NoExecute"),
        Borne("disk-pressure", "NoSchedule"), Borne("memory-pressure", "NoSchedule"),
        Borne("pid-pressure", "NoSchedule"), Borne("unschedulable", "NoSchedule"),
    ];

    /// <summary>Whether a set's pod should be made on a node, and whether one that is there may
    /// stay.</summary>
    public static (bool Run, bool Stay) ShouldRun(DaemonSet set, Node node)
    {
        var (spec, name) = (set.Spec.Template.Spec, node.Metadata.Name);
        if (spec.NodeName is { Length: > 0 } only && only != name
            || !NodeAffinity.Allows(spec.NodeSelector, spec.Affinity?.NodeAffinity,
                node.Metadata.Labels, name))
        {
            return (false, false);
        }
        var (tolerations, taints) = (TolerationsOf(spec), node.Spec.Taints);
        return taints.FirstUntolerated(tolerations, TaintEffects.Forbidding) is null ? (true, true)
            : (false, taints.FirstUntolerated(tolerations, TaintEffects.NoExecute) is null);
    }

    /// <summary>A set's pod of a revision for a node, to be created.</summary>
    public static Pod NewPod(DaemonSet set, string node, string hash)
    {
        var pod = PodControl.FromTemplate(set.Spec.Template, set);
        var labels = pod.Metadata.Labels.Set(ControllerRevisions.PodLabel, hash);
        if (GenerationOf(set) is { } generation)
        {
            labels = labels.Set(GenerationLabel, generation);
        }
        var affinity = pod.Spec.Affinity ?? new();
        var isNode = new NodeSelectorRequirement
        {
            Key = NodeField, Operator = "In", Values = [node],
        };
        var required = new NodeSelector { NodeSelectorTerms = [new() { MatchFields = [isNode] }] };
        return pod with
        {
            Metadata = pod.Metadata with { Labels = labels },
            Spec = pod.Spec with
            {
                Tolerations = TolerationsOf(pod.Spec),
                Affinity = affinity with
                {
                    NodeAffinity = (affinity.NodeAffinity ?? new()) with
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = required,
                    },
                },
            },
        };
    }

    /// <summary>The node that a pod runs on, or is meant for.</summary>
    public static string? NodeOf(Pod pod)
    {
        if (pod.IsScheduled)
        {
            return pod.Spec.NodeName;
        }
        var required =
            pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        foreach (var term in required?.NodeSelectorTerms ?? default)
        {
            if (term.MatchFields is [{ Key: NodeField, Operator: "In", Values: [var node] }])
            {
                return node;
            }
        }
        return null;
    }

    /// <summary>True when a pod is of the template of today.</summary>
    public static bool IsUpdated(DaemonSet set, Pod pod, string hash) =>
        pod.Metadata.Labels.Get(ControllerRevisions.PodLabel) == hash
        || (GenerationOf(set) is { } generation
            && pod.Metadata.Labels.Get(GenerationLabel) == generation);

    /// <summary>False for a pod that has ended and is being deleted: its node counts as having
    /// none.</summary>
    public static bool Counts(Pod pod) => !(pod.IsFinished && pod.IsTerminating);

    /// <summary>The order in which pods of one node are kept: those bound first, then the
    /// oldest.</summary>
    public static int ByAge(Pod a, Pod b)
    {
        var (left, right) = (a.Metadata.CreationTimestamp ?? default,
            b.Metadata.CreationTimestamp ?? default);
        return a.IsScheduled != b.IsScheduled ? b.IsScheduled.CompareTo(a.IsScheduled)
            : left != right ? left.CompareTo(right)
            : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name);
    }

    private static string? GenerationOf(DaemonSet set) =>
        set.Metadata.Annotations.Get(DaemonSetRules.Generation);

    private static Seq<Toleration> TolerationsOf(PodSpec spec)
    {
        var all = spec.Tolerations;
        foreach (var added in spec.HostNetwork == true
            ? tolerated.Add(Borne("network-unavailable", "NoSchedule")) : tolerated)
        {
            all = all.AsSpan().Contains(added) ? all : all.Add(added);
        }
        return all;
    }

    private static Toleration Borne(string what, string effect) =>
        new() { Key = "node.kubernetes.io/" + what, Operator = "Exists", Effect = effect };
}
