using System.Globalization;

namespace KubeSim;

/// <summary>Why a node does not take a pod.</summary>
/// <param name="Reason">Such as <c>OutOfcpu</c>.</param>
/// <param name="Message">In the kubelet's words.</param>
/// <param name="Resource">What there is too little of; null for another reason.</param>
/// <param name="Lacks">How much of it is missing.</param>
internal sealed record Rejection(
    string Reason, string Message, string? Resource = null, long Lacks = 0);

/// <summary>What the pods of a node have been promised.</summary>
internal sealed class NodePromises
{
    private readonly Dictionary<string, long> amounts = new(StringComparer.Ordinal);
    private readonly List<HostPort> ports = [];

    public long Of(string resource) => amounts.GetValueOrDefault(resource);

    public void Add(Pod pod, int sign)
    {
        amounts["pods"] = Of("pods") + sign;
        foreach (var (resource, asked) in pod.Requests)
        {
            amounts[resource] = Of(resource) + (sign * Amount(resource, asked));
        }
        foreach (var port in pod.Spec.HostPorts)
        {
            if (sign > 0)
            {
                ports.Add(port);
            }
            else
            {
                ports.Remove(port);
            }
        }
    }

    public bool Conflicts(Pod pod) =>
        pod.Spec.HostPorts.Any(wanted => ports.Exists(wanted.Conflicts));

    public static long Amount(string resource, Quantity quantity) =>
        resource == "cpu" ? quantity.MilliValue : quantity.Value;
}

/// <summary>
/// The node's own look at a pod before it takes it in hand. The scheduler has looked already, but
/// a pod may name its node itself, and two schedulers may choose at once: what no longer fits is
/// refused for good, phase Failed with a reason such as OutOfcpu, and it is up to the pod's
/// controller to make another one. Of several reasons the first is told: amounts, labels, name,
/// ports, and taints of effect NoExecute, of which static pods need not know.
/// <para>Worked: 4 CPUs, pods that ask for 3.5 run, and one comes that asks for 1: OutOfcpu,
/// requested: 1000, used: 3500, capacity: 4000.</para>
/// A critical pod does not fail for amounts: others make room (KubeletPreemption.cs).
/// Models pkg/kubelet/lifecycle/predicate.go.
/// </summary>
public sealed partial class Kubelet
{
    private const string Os = "kubernetes.io/os";

    private readonly NodePromises use = new();

    private bool Admit(PodWorker worker)
    {
        var pod = worker.Pod;
        var all = UnderPressure(pod) is { } pressure ? [pressure]
            : api.Get<Node>("", node) is { } host ? Rejections(pod, host, use) : [];
        if (all is not [var first, ..])
        {
            return worker.Admitted = true;
        }
        if (IsCritical(pod) && Preempt(worker, all, ref first))
        {
            return false;
        }
        api.Event(pod, "Warning", first.Reason, "{0}", first.Message);
        worker.Finished = true;
        // Nothing is known of its containers: no condition of the kubelet's stays.
        Write(worker, pod.Status with
        {
            Phase = "Failed", Reason = first.Reason,
            Message = $"Pod was rejected: {first.Message}", StartTime = Now,
            Conditions = PodConditions.OfOthers(pod.Status.Conditions),
            ObservedGeneration = pod.Metadata.Generation,
        });
        return false;
    }

    /// <summary>All that speaks against a pod; empty when it is welcome.</summary>
    internal static List<Rejection> Rejections(Pod pod, Node host, NodePromises use)
    {
        var (name, os) = (host.Metadata.Name, host.Metadata.Labels.Get(Os) ?? "linux");
        if (pod.Metadata.Labels.TryGetValue(Os, out var wanted) && wanted != os)
        {
            return [new("PodOSSelectorNodeLabelDoesNotMatch", "Failed to admit pod as the "
                + $"`{Os}` label doesn't match node label")];
        }
        if (pod.Spec.Os is { } own && own.Name != "linux")
        {
            return [new("PodOSNotSupported",
                "Failed to admit pod as the OS field doesn't match node OS")];
        }
        var found = new List<Rejection>();
        Full(found, "pods", 1, use, host);
        var requests = pod.Requests;
        foreach (var resource in requests.Keys.OrderBy(Rank).ThenBy(r => r, StringComparer.Ordinal))
        {
            Full(found, resource, NodePromises.Amount(resource, requests.Get(resource)), use, host);
        }
        void Unless(bool holds, string predicate, string why)
        {
            if (!holds)
            {
                found.Add(new(predicate, $"Predicate {predicate} failed: {why}"));
            }
        }
        Unless(NodeAffinity.Allows(pod.Spec.NodeSelector, pod.Spec.Affinity?.NodeAffinity,
            host.Metadata.Labels, name), "NodeAffinity",
            "node(s) didn't match Pod's node affinity/selector");
        Unless(pod.Spec.NodeName is null or "" || pod.Spec.NodeName == name, "NodeName",
            "node(s) didn't match the requested node name");
        Unless(!use.Conflicts(pod), "NodePorts",
            "node(s) didn't have free ports for the requested pod ports");
        Unless(IsStatic(pod) || host.Spec.Taints.FirstUntolerated(
            pod.Spec.Tolerations, TaintEffects.NoExecute) is null, "TaintToleration",
            "node(s) had taints that the pod didn't tolerate");
        return found;
    }

    private static int Rank(string resource) => resource switch
    {
        "cpu" => 0,
        "memory" => 1,
        "ephemeral-storage" => 2,
        _ => 3,
    };

    private static void Full(
        List<Rejection> found, string resource, long asked, NodePromises use, Node host)
    {
        // What the node does not count, a resource of the cluster, it does not refuse.
        if (asked == 0 || !host.Status.Allocatable.TryGetValue(resource, out var there))
        {
            return;
        }
        var (used, capacity) = (use.Of(resource), NodePromises.Amount(resource, there));
        if (used + asked > capacity)
        {
            found.Add(new($"OutOf{resource}", "Node didn't have enough resource: " + string.Create(
                CultureInfo.InvariantCulture,
                $"{resource}, requested: {asked}, used: {used}, capacity: {capacity}"),
                resource, used + asked - capacity));
        }
    }

    private static bool IsStatic(Pod pod) =>
        pod.Metadata.Annotations.Get("kubernetes.io/config.source") is { } source
        && source != "api";

    private static bool IsMirror(Pod pod) =>
        pod.Metadata.Annotations.ContainsKey("kubernetes.io/config.mirror");

    private void Charge(PodWorker worker)
    {
        if (!worker.Charged)
        {
            worker.Charged = true;
            use.Add(worker.Pod, 1);
        }
    }

    private void Release(PodWorker worker)
    {
        Unmount(worker);
        if (worker.Charged)
        {
            worker.Charged = false;
            use.Add(worker.Pod, -1);
        }
    }
}
