namespace KubeSim;

/// <summary>Which taints a node's conditions ask for.</summary>
/// <remarks>Models pkg/controller/nodelifecycle/node_lifecycle_controller.go
/// (doNoScheduleTaintingPass).</remarks>
internal static class NodeTaints
{
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    private static readonly Seq<(string Condition, string Status, string Key)> rules =
    [
        ("Ready", "False", NodeLifecycle.NotReady),
        ("Ready", "Unknown", NodeLifecycle.Unreachable),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ];

    /// <summary>The conditions that a kubelet reports, and that nobody knows when it is
    /// silent.</summary>
    public static Seq<string> KubeletConditions { get; } =
        ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    /// <summary>True for the taints that evict for a node's readiness.</summary>
    public static bool IsEvicting(Taint taint) => taint.Effect == "NoExecute"
        && taint.Key is NodeLifecycle.Unreachable or NodeLifecycle.NotReady;

    /// <summary>The taint that evicts for the node's readiness; null for none.</summary>
    public static Taint? Evicting(Seq<Taint> taints)
    {
        foreach (var taint in taints)
        {
            if (IsEvicting(taint))
            {
                return taint;
            }
        }
        return null;
    }

    /// <summary>The taints with those of effect NoSchedule that conditions and a cordon ask for,
    /// and without those that they ask for no more.</summary>
    public static Seq<Taint> ByCondition(Node node, Seq<Taint> taints, DateTime now)
    {
        foreach (var (type, status, key) in rules)
        {
            taints = Set(taints, key, node.Condition(type)?.Status == status, now);
        }
        return Set(taints, Unschedulable, node.Spec.Unschedulable == true, now);
    }

    private static Seq<Taint> Set(Seq<Taint> taints, string key, bool wanted, DateTime now)
    {
        foreach (var taint in taints)
        {
            if (taint.Key == key && taint.Effect == "NoSchedule")
            {
                return wanted ? taints
                    : taints.RemoveAll(t => t.Key == key && t.Effect == "NoSchedule");
            }
        }
        return !wanted ? taints
            : taints.Add(new() { Key = key, Effect = "NoSchedule", TimeAdded = now });
    }
}

/// <summary>
/// How fast nodes of a zone may be emptied. While most of a zone is well, one node in 10 s; when
/// 55 % of it and more than two nodes are lost, the fault is likely a common one: one node in 100 s
/// where the cluster has more than 50 nodes, else none. When every zone is lost entirely, none.
/// </summary>
/// <remarks>Models pkg/controller/nodelifecycle/node_lifecycle_controller.go
/// (handleDisruption, ComputeZoneState).</remarks>
internal sealed class NodeZones(Settings settings)
{
    private readonly TimeSpan? normal = Between(settings.Get(KnownFlags.NodeEvictionRate));
    private readonly TimeSpan? slow = Between(settings.Get(KnownFlags.SecondaryNodeEvictionRate));
    private readonly double unhealthyShare = settings.Get(KnownFlags.UnhealthyZoneThreshold);

    private readonly Dictionary<string, (ZoneCount? Zone, bool Ready)> nodes =
        new(StringComparer.Ordinal);

    private readonly Dictionary<string, ZoneCount> zones = new(StringComparer.Ordinal);
    private int zonesWithReady;
    private int counted;

    /// <summary>True when nodes are known and none is ready.</summary>
    public bool AllLost => counted > 0 && zonesWithReady == 0;

    /// <summary>Notes the readiness of a node; true when a zone or the whole cluster broke down or
    /// recovered by it.</summary>
    public bool Tell(Node node, string? ready)
    {
        var zone = ZoneOf(node);
        var before = (AllLost, State(zone));
        Forget(node.Metadata.Name);
        var excluded = node.Metadata.Labels.ContainsKey("node.kubernetes.io/exclude-disruption");
        if (!excluded)
        {
            Count(zone, ready == "True", +1);
        }
        nodes.Add(node.Metadata.Name, (excluded ? null : zone, ready == "True"));
        return before != (AllLost, State(zone));
    }

    /// <summary>Forgets a node that is gone.</summary>
    public void Forget(string name)
    {
        if (nodes.Remove(name, out var was) && was.Zone is { } zone)
        {
            Count(zone, was.Ready, -1);
        }
    }

    /// <summary>How long a node has to wait until it may be emptied; the longest span for as long
    /// as its zone stays as it is.</summary>
    public TimeSpan WaitFor(Node node, DateTime now)
    {
        var zone = ZoneOf(node);
        return Interval(zone) is null ? TimeSpan.MaxValue
            : zone.Next > now ? zone.Next - now : TimeSpan.Zero;
    }

    /// <summary>Notes that a node of its zone is being emptied.</summary>
    public void TakeTurn(Node node, DateTime now)
    {
        var zone = ZoneOf(node);
        zone.Next = now + (Interval(zone) ?? TimeSpan.Zero);
    }

    /// <summary>The state of a zone by its nodes that are ready and that are not.</summary>
    public static string State(int ready, int notReady, double unhealthyShare = 0.55) =>
        ready == 0 && notReady > 0 ? "FullDisruption"
        : notReady > 2 && (double)notReady / (notReady + ready) >= unhealthyShare
            ? "PartialDisruption" : "Normal";

    // A rate of 0 a second is never.
    private static TimeSpan? Between(double rate) =>
        rate <= 0 ? null : TimeSpan.FromSeconds(1 / rate);

    private string State(ZoneCount zone) => State(zone.Ready, zone.NotReady, unhealthyShare);

    private TimeSpan? Interval(ZoneCount zone) => State(zone) switch
    {
        "PartialDisruption" =>
            nodes.Count > settings.Get(KnownFlags.LargeClusterSizeThreshold) ? slow : null,
        _ => normal,
    };

    private ZoneCount ZoneOf(Node node)
    {
        var labels = node.Metadata.Labels;
        var key = labels.Get("topology.kubernetes.io/region") + "\0"
            + labels.Get("topology.kubernetes.io/zone");
        if (!zones.TryGetValue(key, out var zone))
        {
            zones.Add(key, zone = new());
        }
        return zone;
    }

    private void Count(ZoneCount zone, bool ready, int by)
    {
        zonesWithReady -= zone.Ready > 0 ? 1 : 0;
        zone.Ready += ready ? by : 0;
        zone.NotReady += ready ? 0 : by;
        zonesWithReady += zone.Ready > 0 ? 1 : 0;
        counted += by;
    }

    private sealed class ZoneCount
    {
        public int Ready { get; set; }

        public int NotReady { get; set; }

        public DateTime Next { get; set; }
    }
}
