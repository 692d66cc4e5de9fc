using System.Text.Json.Nodes;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What a dashboard shows of one resource of a node or a pod, in CPUs or bytes.</summary>
/// <param name="Requests">What its pods request.</param>
/// <param name="Limits">What they may use at most, as far as limits say.</param>
/// <param name="Used">What the metrics server has measured; null for nothing.</param>
/// <param name="Room">What the node can give.</param>
internal sealed record DashboardUse(double Requests, double Limits, double? Used, double Room)
{
    public double Share(double amount) => Room <= 0 ? 0 : amount / Room;
}

/// <summary>A row for a node.</summary>
internal sealed record DashboardNode(string Name, bool IsReady, string Condition,
    DashboardUse Cpu, DashboardUse Memory, int Pods)
{
    public double PodRoom { get; init; }
}

/// <summary>A row for a pod.</summary>
internal sealed record DashboardPod(ObjectKey Key, PodLook Look, string Reason, string Node,
    int Restarts)
{
    public (string Cpu, string Memory) Used { get; init; }
}

/// <summary>
/// What the Kubernetes Dashboard shows on its first page, read off the API as it does: workloads by
/// status, nodes, pods, events.
/// <para>Its rule of a status is its own, not the API's: a pod that is not ready and has a Warning
/// among its events counts as Failed, although its phase is Pending; so does a workload with one
/// such pod, and one with a pod in phase Pending is Pending. Worked: of three new pods one cannot
/// pull its image. The Deployment is Failed, two pods are Running, one Failed. After an hour its
/// events are gone, and both are Pending again.</para>
/// <para>What is used comes from the metrics server; without one there is nothing to show.</para>
/// Models github.com/kubernetes-retired/dashboard/src/app/backend/resource (v2.7.0).
/// </summary>
internal sealed class DashboardScene
{
    /// <summary>The kind that can be suspended.</summary>
    public const string CronJobs = "Cron Jobs";

    private readonly ILookup<string, Event> warnings;

    public DashboardScene(Cluster cluster)
    {
        Events = [.. cluster.List<Event>().OrderBy(e => e.Type != "Warning")
            .ThenByDescending(When).ThenBy(e => e.Key)];
        warnings = Events.Where(e => e.Type == "Warning")
            .ToLookup(e => e.InvolvedObject.Uid ?? "", StringComparer.Ordinal);
        var pods = cluster.List<Pod>();
        ReadStatuses(cluster, pods);
        var (ofPods, ofNodes) = (Measured(cluster, "pods"), Measured(cluster, "nodes"));
        Pods = [.. pods.OrderBy(p => StatusOf(p) switch
        {
            PodLook.Failed => 0,
            PodLook.Pending => 1,
            PodLook.Terminating => 2,
            _ => 3,
        }).ThenByDescending(p => p.Restarts).ThenBy(p => p.Key).Select(p =>
            new DashboardPod(p.Key, PodLooks.Of(p), PodLooks.Reason(p), p.Spec.NodeName ?? "",
                p.Restarts)
            {
                Used = ofPods.GetValueOrDefault($"{p.Metadata.Namespace}/{p.Metadata.Name}")
                    is { } used ? Short(used) : ("", ""),
            })];
        var byNode = pods.Where(p => !p.IsFinished)
            .ToLookup(p => p.Spec.NodeName ?? "", StringComparer.Ordinal);
        Nodes = [.. cluster.List<Node>().Select(n => Of(n, [.. byNode[n.Metadata.Name]],
            ofNodes.GetValueOrDefault($"/{n.Metadata.Name}")))];
        Nodes.Sort((a, b) => MapScene.Natural(a.Name, b.Name));
    }

    /// <summary>For each kind of workload that there is: how many have which status.</summary>
    public List<(string Title, Dictionary<PodLook, int> Counts)> Statuses { get; } = [];

    public List<DashboardNode> Nodes { get; }

    /// <summary>The pods, those in trouble first.</summary>
    public List<DashboardPod> Pods { get; }

    /// <summary>The events, warnings first, then the latest.</summary>
    public List<Event> Events { get; }

    public static DateTime When(Event e) => e.Series?.LastObservedTime?.Instant
        ?? e.LastTimestamp?.DateTime ?? e.EventTime?.Instant ?? e.FirstTimestamp?.DateTime
        ?? e.Metadata.CreationTimestamp?.DateTime ?? default;

    /// <summary>What to do first: the nodes that are not well, then the fullest.</summary>
    public IEnumerable<DashboardNode> FullestNodes => Nodes
        .OrderBy(n => n.IsReady && n.Condition == "Ready")
        .ThenByDescending(n => n.Cpu.Share(n.Cpu.Requests));

    /// <summary>The status of a pod by the rule above; Ready stands for Running.</summary>
    public PodLook StatusOf(Pod pod) => pod switch
    {
        { Status.Phase: "Failed" } => PodLook.Failed,
        { Status.Phase: "Succeeded" } => PodLook.Succeeded,
        { Status.Phase: "Running", IsReady: true } => PodLook.Ready,
        _ when warnings[pod.Metadata.Uid].Any() => PodLook.Failed,
        { IsTerminating: true } => PodLook.Terminating,
        _ => PodLook.Pending,
    };

    private void ReadStatuses(Cluster cluster, Seq<Pod> pods)
    {
        var byOwner = pods.ToLookup(p => p.ControllerOwner?.Uid ?? "", StringComparer.Ordinal);
        var sets = cluster.List<ReplicaSet>();
        var setsOf = sets.ToLookup(s => s.ControllerOwner?.Uid ?? "", StringComparer.Ordinal);
        Add(CronJobs, cluster.List<CronJob>(),
            c => c.Spec.Suspend == true ? PodLook.Terminating : PodLook.Ready);
        Add("Daemon Sets", cluster.List<DaemonSet>(), Owner);
        Add("Deployments", cluster.List<Deployment>(), d => StatusOf(
            [.. setsOf[d.Metadata.Uid].SelectMany(s => byOwner[s.Metadata.Uid])]));
        Add("Jobs", cluster.List<Job>(), j => j.Status.Conditions.IsTrue("Failed")
            ? PodLook.Failed : j.Status.Conditions.IsTrue("Complete") ? PodLook.Succeeded
            : byOwner[j.Metadata.Uid].Any(p => p.Status.Phase == "Running") ? PodLook.Ready
            : PodLook.Pending);
        Add("Pods", pods, StatusOf);
        Add("Replica Sets", sets, Owner);
        Add("Replication Controllers", cluster.List<ReplicationController>(), Owner);
        Add("Stateful Sets", cluster.List<StatefulSet>(), Owner);

        PodLook Owner(ApiObject o) => StatusOf([.. byOwner[o.Metadata.Uid]]);

        void Add<T>(string title, Seq<T> all, Func<T, PodLook> status)
        {
            if (all.Count > 0)
            {
                Statuses.Add((title, all.GroupBy(status).ToDictionary(g => g.Key, g => g.Count())));
            }
        }
    }

    // Of a workload, by its pods.
    private PodLook StatusOf(Pod[] pods) =>
        Array.Exists(pods, p => StatusOf(p) == PodLook.Failed && warnings[p.Metadata.Uid].Any())
            ? PodLook.Failed
            : Array.Exists(pods, p => p.Status.Phase == "Pending") ? PodLook.Pending
            : PodLook.Ready;

    private static DashboardNode Of(Node node, Pod[] pods, JsonNode? used)
    {
        var amiss = node.Status.Conditions.Where(c => c.Type != "Ready" && c.Status == "True")
            .Select(c => c.Type);
        string[] words = [node.IsReady ? "Ready" : "NotReady", .. amiss,
            .. node.IsCordoned ? ["cordoned"] : (string[])[]];
        return new(node.Metadata.Name, node.IsReady, string.Join(", ", words), Use("cpu"),
            Use("memory"), pods.Length)
        {
            PodRoom = node.Status.Allocatable.Get("pods").ToDouble(),
        };

        DashboardUse Use(string resource) => new(
            pods.Sum(p => p.Requests.Get(resource).ToDouble()),
            pods.Sum(p => p.Limits.Get(resource).ToDouble()),
            used is null ? null : Quantity.Parse((string)used[resource]!).ToDouble(),
            node.Status.Allocatable.Get(resource).ToDouble());
    }

    // By namespace and name; of a pod the sum of its containers.
    private static Dictionary<string, JsonNode> Measured(Cluster cluster, string plural)
    {
        var answer = cluster.Serve(new("GET", $"/apis/metrics.k8s.io/v1beta1/{plural}"));
        var items = answer.Code == 200 ? answer.Body?["items"]?.AsArray() : null;
        return (items ?? []).ToDictionary(
            i => $"{i!["metadata"]!["namespace"]}/{i["metadata"]!["name"]}",
            i => i!["usage"] ?? Sum(i["containers"]!.AsArray()), StringComparer.Ordinal);
    }

    private static JsonObject Sum(JsonArray containers)
    {
        JsonNode Of(string resource) => $"{containers.Aggregate(new Quantity(0), (sum, c) =>
            sum + Quantity.Parse((string)c!["usage"]![resource]!))}";
        return new() { ["cpu"] = Of("cpu"), ["memory"] = Of("memory") };
    }

    private static (string, string) Short(JsonNode used) => (
        $"{Markup.N(Quantity.Parse((string)used["cpu"]!).MilliValue)}m",
        $"{Markup.N(Quantity.Parse((string)used["memory"]!).Value / (1 << 20))}Mi");
}
