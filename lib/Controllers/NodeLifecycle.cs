namespace KubeSim;

/// <summary>
/// Finds out that a node is lost, and says so in the API, since the node itself cannot. Every
/// kubelet renews the Lease of its node each 10 s. When 50 s have passed since the controller saw
/// the last renewal, it sets the node's conditions to Unknown, marks the node's pods as not ready
/// (so that Services stop sending there), and puts on the taint
/// <c>node.kubernetes.io/unreachable:NoExecute</c>, upon which the taint eviction controller
/// deletes the pods that do not tolerate it (any longer).
/// <para>It looks every 5 s. A look at a node that is well changes nothing, so only those are
/// carried out where something happened: a node came or went, its readiness changed, or it fell
/// silent.</para>
/// <para>Worked example: looks at 0:00, 0:05…; last renewal at 0:12, seen at 0:15. At 1:05 the node
/// is NotReady; its pods tolerate that for 300 s by default and are deleted at 6:05.</para>
/// <para>Conditions become taints of effect NoSchedule as soon as they change; taints of effect
/// NoExecute are put on at most one node in 10 s of a zone, and on none while all nodes seem lost:
/// then it is the controller that is cut off (see <see cref="NodeZones"/>).</para>
/// Models pkg/controller/nodelifecycle/node_lifecycle_controller.go.
/// </summary>
public sealed class NodeLifecycle : IReconciler
{
    /// <summary>The taint of a node that nobody hears of.</summary>
    public const string Unreachable = "node.kubernetes.io/unreachable";

    /// <summary>The taint of a node that says itself that it is not ready.</summary>
    public const string NotReady = "node.kubernetes.io/not-ready";

    private readonly Dictionary<string, Health> nodes = new(StringComparer.Ordinal);
    private NodeZones zones = new(Settings.Default);
    private TimeSpan period;
    private DateTime? started;

    /// <inheritdoc/>
    public string Name => "node-lifecycle-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Node>()];

    /// <inheritdoc/>
    public int Workers => 8;

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (started is null)
        {
            started = api.Now;
            period = api.Settings.Get(KnownFlags.NodeMonitorPeriod);
            zones = new(api.Settings);
        }
        var node = api.Get(key) as Node;
        if (!nodes.TryGetValue(key.Name, out var health))
        {
            if (node is null)
            {
                return Result.Done;
            }
            nodes.Add(key.Name, health = new() { Node = node });
            health.Announced = node.Metadata.CreationTimestamp <= started.Value;
            health.Due = health.Announced ? api.Now : NextLook(api.Now);
        }
        Plan(node, health, api);
        if (health.Due <= api.Now)
        {
            health.Due = null;
            if (Look(key, node, health, api) is not { } looked)
            {
                return Result.Done;
            }
            node = looked;
            // It may have fallen silent before the first look, and nothing else will say so.
            Plan(node, health, api);
        }
        if (node is not null)
        {
            Taint(node, health, api);
        }
        if (health.Due is { } due)
        {
            api.After(due - api.Now, key);
        }
        return Result.Done;
    }

    /// <summary>Decides when to look at a node next.</summary>
    private void Plan(Node? node, Health health, ReconcileContext api)
    {
        var ready = ReadyOf(node);
        if (node is null || node.Metadata.Uid != health.Node.Metadata.Uid || ready != health.Ready
            || health.MarkPods)
        {
            health.Due ??= NextLook(api.Now);
        }
        if (node is not null && ready != "Unknown" && Expiry(node, api) is { } expiry
            && (health.Due is null || expiry < health.Due))
        {
            health.Due = expiry > api.Now ? expiry : api.Now;
        }
    }

    /// <summary>What the monitor does with a node at one of its looks; null when the node is
    /// gone.</summary>
    private Node? Look(ObjectKey key, Node? node, Health health, ReconcileContext api)
    {
        if (node is null || node.Metadata.Uid != health.Node.Metadata.Uid)
        {
            api.Event(health.Node, "Normal", "RemovingNode",
                "Node {0} event: Removing Node {0} from Controller", key.Name);
            zones.Forget(key.Name);
            nodes.Remove(key.Name);
            if (node is null)
            {
                return null;
            }
            nodes.Add(key.Name, health = new() { Node = node });
        }
        if (!health.Announced)
        {
            api.Event(node, "Normal", "RegisteredNode",
                "Node {0} event: Registered Node {0} in Controller", key.Name);
            health.Announced = true;
        }
        var before = ReadyOf(node);
        if (Expiry(node, api) is { } expiry && expiry <= api.Now && before != "Unknown")
        {
            node = api.UpdateStatus(Lost(node, api.Now));
        }
        // An instance that is new cannot know whether the one before it got to the pods.
        health.MarkPods |= health.Ready is null;
        health.Node = node;
        health.Ready = ReadyOf(node);
        if (zones.Tell(node, health.Ready))
        {
            Revisit(api);
        }
        if (before == "True" && health.Ready != "True")
        {
            api.Event(node, "Normal", "NodeNotReady", "Node {0} status is now: {1}", key.Name,
                "NodeNotReady");
            health.MarkPods = true;
        }
        health.MarkPods = health.MarkPods && health.Ready != "True" && MarkPods(node, api);
        if (health.MarkPods)
        {
            health.Due = NextLook(api.Now.AddTicks(1));
        }
        return node;
    }

    /// <summary>When a zone, or the whole cluster, seems to break down or recovers, every decision
    /// on taints is taken anew.</summary>
    private void Revisit(ReconcileContext api)
    {
        foreach (var name in nodes.Keys.Order(StringComparer.Ordinal))
        {
            api.After(TimeSpan.Zero, new(Kinds.Node, "", name));
        }
    }

    // Two loops in the real one, so two writes: a watcher sees the first without the second.
    private void Taint(Node node, Health health, ReconcileContext api)
    {
        var taints = node.Spec.Taints;
        var evicting = Evicting(node, taints, health, api);
        if (!evicting.Equals(taints))
        {
            node = Write(node, evicting, health, api);
        }
        if (evicting.Count > taints.Count)
        {
            zones.TakeTurn(node, api.Now);
        }
        if (NodeTaints.ByCondition(node, evicting, api.Now) is var all && !all.Equals(evicting))
        {
            Write(node, all, health, api);
        }
    }

    private static Node Write(
        Node node, Seq<Taint> taints, Health health, ReconcileContext api) =>
        health.Node = api.Update(node with { Spec = node.Spec with { Taints = taints } });

    /// <summary>The taints with those of effect NoExecute as the node's readiness asks for
    /// them.</summary>
    private Seq<Taint> Evicting(Node node, Seq<Taint> taints, Health health, ReconcileContext api)
    {
        var key = health.Ready switch
        {
            "Unknown" => Unreachable,
            "False" => NotReady,
            _ => null,
        };
        var has = NodeTaints.Evicting(taints);
        if (health.Ready is not null && (key is null || zones.AllLost))
        {
            return taints.RemoveAll(NodeTaints.IsEvicting);
        }
        if (key is null || has?.Key == key)
        {
            return taints;
        }
        // Going from one reason to the other is no new eviction and need not wait.
        if (has is null && zones.WaitFor(node, api.Now) is var wait && wait > TimeSpan.Zero)
        {
            if (wait < TimeSpan.MaxValue)
            {
                api.After(wait, node.Key);
            }
            return taints;
        }
        return taints.RemoveAll(NodeTaints.IsEvicting)
            .Add(new() { Key = key, Effect = "NoExecute", TimeAdded = api.Now });
    }

    private static Node Lost(Node node, DateTime now)
    {
        var conditions = node.Status.Conditions;
        foreach (var type in NodeTaints.KubeletConditions)
        {
            var old = conditions.Of(type);
            if (old?.Status == "Unknown")
            {
                continue;
            }
            conditions = conditions.With(old is null
                ? new()
                {
                    Type = type, Status = "Unknown", Reason = "NodeStatusNeverUpdated",
                    Message = "Kubelet never posted node status.", LastTransitionTime = now,
                    LastHeartbeatTime = node.Metadata.CreationTimestamp,
                }
                : old with
                {
                    Status = "Unknown", Reason = "NodeStatusUnknown",
                    Message = "Kubelet stopped posting node status.", LastTransitionTime = now,
                });
        }
        return node with { Status = node.Status with { Conditions = conditions } };
    }

    /// <summary>Marks the pods of a lost node as not ready; true when one is left to do.</summary>
    private static bool MarkPods(Node node, ReconcileContext api)
    {
        var failed = false;
        foreach (var pod in api.OnNode<Pod>(node.Metadata.Name))
        {
            if (pod.Condition("Ready") is not { Status: "True" } ready)
            {
                continue;
            }
            var conditions = pod.Status.Conditions.With(
                ready with { Status = "False", LastTransitionTime = api.Now });
            try
            {
                api.UpdateStatus(pod with { Status = pod.Status with { Conditions = conditions } });
            }
            catch (ApiException refused) when (refused.IsConflict || refused.IsNotFound)
            {
                failed |= refused.IsConflict;
                continue;
            }
            api.Event(pod, "Warning", "NodeNotReady", "Node is not ready");
        }
        return failed;
    }

    /// <summary>At which look a node counts as lost; null while it is heard of.</summary>
    private DateTime? Expiry(Node node, ReconcileContext api)
    {
        if (LastRenewal(node, api) is not { } last)
        {
            return null;
        }
        var allowed = api.Settings.Get(node.Condition("Ready") is null
            ? KnownFlags.NodeStartupGracePeriod : KnownFlags.NodeMonitorGracePeriod);
        return NextLook(last) + allowed;
    }

    /// <summary>When a node that is silent renewed its Lease last; null for one that renews it. The
    /// renewals are not carried out one by one: see <see cref="Heartbeat"/>.</summary>
    private static DateTime? LastRenewal(Node node, ReconcileContext api) =>
        api.World is World world
            && world.Machine(node.Metadata.Name).Heartbeat is { SilentSince: not null } heartbeat
            ? heartbeat.LastRenewal(api.Now) : null;

    private static string? ReadyOf(Node? node) =>
        node is null ? null : node.Condition("Ready")?.Status ?? "Unknown";

    /// <summary>The first look at or after a time.</summary>
    private DateTime NextLook(DateTime at)
    {
        var past = (at - started!.Value).Ticks % period.Ticks;
        return past == 0 ? at : at.AddTicks(past > 0 ? period.Ticks - past : -past);
    }

    /// <summary>What the controller remembers of a node.</summary>
    private sealed class Health
    {
        /// <summary>The node at the last look.</summary>
        public required Node Node { get; set; }

        /// <summary>Its readiness at the last look; null before the first.</summary>
        public string? Ready { get; set; }

        /// <summary>True when its coming was reported.</summary>
        public bool Announced { get; set; }

        /// <summary>When something is to be done at a look; null for never.</summary>
        public DateTime? Due { get; set; }

        /// <summary>True when its pods are yet to be marked as not ready.</summary>
        public bool MarkPods { get; set; }
    }
}
