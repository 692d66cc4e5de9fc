using KubeSim;

namespace KubeNotebooks;

/// <summary>Pictures of a cluster, for a cell to end with.</summary>
public static class Draw
{
    /// <summary>The cluster as it is now: its records, its nodes, their pods.</summary>
    public static ClusterMap Map(Cluster cluster) => ClusterMap.Of(cluster);

    /// <summary>The cluster on one page, as the Kubernetes Dashboard shows it: workloads by
    /// status, nodes with what is requested, allowed and used of them, pods in trouble, events with
    /// warnings first. What is used is there while a metrics server measures it.</summary>
    public static Picture Dashboard(Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return DashboardPicture.Of(cluster);
    }

    /// <summary>Takes steps, and draws a small map for each of them.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="count">How many steps; fewer are taken when the cluster falls idle.</param>
    public static Picture Steps(Cluster cluster, int count) =>
        Steps(cluster, count > 0 ? cluster.Steps(count) : []);

    /// <summary>Draws a small map for each of some steps that were taken.</summary>
    /// <param name="cluster">The cluster that took them.</param>
    /// <param name="steps">The steps, in order.</param>
    public static Picture Steps(Cluster cluster, Seq<StepRecord> steps) =>
        SmallMaps.Of(cluster, [.. steps.Where(s => !s.IsIdle)]);

    /// <summary>A causal chain: who did what and when, with an arrow from each cause to what it led
    /// to.</summary>
    public static Picture Why(CausalChain chain) => WhyPicture.Of(chain);

    /// <summary>Why an object is as it is: from what a person did down to it.</summary>
    public static Picture Why(Cluster cluster, ApiObject about) =>
        WhyPicture.Of(cluster.Why(about));

    /// <summary>A request on its way through the API server, stage by stage.</summary>
    public static Picture Request(Explanation explained) => RequestPicture.Of(explained);

    /// <summary>Why a pod is on its node, or on none: each filter and each score of each node.
    /// Of a pod that is not in the cluster, where it would go.</summary>
    public static Picture Schedule(Cluster cluster, Pod pod) =>
        SchedulePicture.Of(cluster.Scheduler.Explain(pod));

    /// <summary>Where a pod would go that is not in the cluster, and why.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="yaml">The manifest of one Pod.</param>
    public static Picture Schedule(Cluster cluster, string yaml) =>
        SchedulePicture.Of(cluster.Scheduler.Explain(yaml));

    /// <summary>A decision of the scheduler that was explained.</summary>
    public static Picture Schedule(ScheduleExplanation explained) => SchedulePicture.Of(explained);

    /// <summary>One workload under two configurations of the scheduler, side by side.</summary>
    /// <param name="both">What <c>cluster.Scheduler.Compare</c> gave.</param>
    /// <param name="first">What to call the first configuration.</param>
    /// <param name="second">What to call the second.</param>
    public static Picture Compare(SchedulerComparison both, string first = "first",
        string second = "second") => ComparisonPicture.Of(both, first, second);

    /// <summary>The life of pods: a row each, virtual time from left to right.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="ns">Only pods of a namespace; of all when null.</param>
    /// <param name="selector">Only pods with these labels: <c>app=web,tier!=db</c>.</param>
    public static Picture Timeline(Cluster cluster, string? ns = null, string? selector = null) =>
        PodTimeline.Of(cluster, ns, selector);

    /// <summary>A table of objects, as <c>kubectl get</c> prints it.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="resource">What to get: <c>pods</c>, <c>deploy,rs</c>,
    /// <c>pods -n shop</c>.</param>
    /// <param name="wide">With the columns of <c>-o wide</c>.</param>
    public static KubectlResult Table(Cluster cluster, string resource, bool wide = false) =>
        cluster.Kubectl($"get {resource}{(wide ? " -o wide" : "")}");

    /// <summary>The way of a packet across the cluster: a column for each machine, its pods in it,
    /// and from top to bottom the interfaces, routes and rules that the packet meets; a packet
    /// inside of a tunnel's is shown in its own.</summary>
    /// <param name="cluster">The cluster that sent it.</param>
    /// <param name="trace">What <c>cluster.Send</c> gave.</param>
    public static Picture Trace(Cluster cluster, PacketTrace trace) =>
        TracePicture.Of(trace, name => cluster.Find<Node>("", name) is not null);

    /// <summary>What etcd still remembers of some keys: a row for each, a column for each revision
    /// that changed one of them, and how long each value held.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="prefix">What the keys begin with.</param>
    public static Picture Keys(Cluster cluster, string prefix) => KeyPicture.Of(cluster, prefix);

    /// <summary>The members of a Raft group, their logs, and the messages on their way.</summary>
    public static Picture Raft(RaftGroup group) => RaftPicture.Of(group);

    /// <summary>Which pod may connect to which under the NetworkPolicies, whether or not anybody
    /// enforces them.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="port">On which port.</param>
    /// <param name="protocol">TCP, UDP or SCTP.</param>
    /// <param name="ns">The namespace of the pods; null for all.</param>
    public static Picture Policies(
        Cluster cluster, int port = 80, string protocol = "TCP", string? ns = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return PolicyPicture.Of(cluster.Policies.Matrix(port, protocol, ns));
    }

    /// <summary>Where two branches of a run part, and what is different now.</summary>
    public static ClusterDiff Diff(Cluster first, Cluster second) => new(first, second);

    /// <summary>The whole run up to now, to be played step by step.</summary>
    public static PlayerFragment Player(Cluster cluster) => new(cluster);
}
