namespace KubeSim;

/// <summary>
/// What the scheduler knows of nodes and of the pods on them, from its watches and from its own
/// decisions. A pod that it has bound is assumed to be on its node until the watch shows it there:
/// deciding takes microseconds, the news of a binding milliseconds.
/// <para>Assume(pod, node): counted. Seen on the node: no longer assumed. Forget(pod): the binding
/// failed, no longer counted. Seen elsewhere: what was seen wins.</para>
/// <para>Nothing changes during a cycle, so the cache itself is the snapshot that a cycle looks at;
/// only the order of the nodes is worked out anew when one comes, goes or moves.</para>
/// Models pkg/scheduler/backend/cache/cache.go.
/// </summary>
public sealed class SchedulerCache
{
    private readonly Dictionary<string, NodeInfo> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, PodInfo> pods = [];
    private readonly Dictionary<ObjectKey, string> nominated = [];
    private readonly Dictionary<string, List<Pod>> guests = new(StringComparer.Ordinal);
    private readonly NodeTree tree = new();
    private readonly PodShapes shapes = new();
    private readonly Stack<int> freeSlots = [];
    private NodeInfo[]? ordered = [];
    private long[] generations = [];
    private int slots;
    private long generation;

    /// <summary>Claims and volumes, seen and promised.</summary>
    public VolumeCache Volumes { get; } = new();

    /// <summary>The nodes in the order in which a cycle looks at them.</summary>
    public IReadOnlyList<NodeInfo> Nodes => Ordered;

    internal NodeInfo[] Ordered => ordered ??= Order();

    /// <summary>The generations of the nodes, in that order: a look at them touches no
    /// node.</summary>
    internal ReadOnlySpan<long> Generations => generations;

    /// <summary>Where the pods are, for the plugins that place pods by their neighbours.</summary>
    internal PodIndex Index { get; } = new();

    /// <summary>A node by name; null when there is none.</summary>
    public NodeInfo? Find(string name) =>
        nodes.TryGetValue(name, out var info) && info.Node is not null ? info : null;

    /// <summary>A pod on a node, assumed or seen; null when there is none.</summary>
    public PodInfo? Find(ObjectKey pod) => pods.GetValueOrDefault(pod);

    /// <summary>What a pod asks of its node.</summary>
    public PodShape ShapeOf(Pod pod) => shapes.Of(pod);

    /// <summary>A node came or changed; the answer is what of it changed.</summary>
    public ClusterEvents SetNode(Node node)
    {
        var info = InfoOf(node.Metadata.Name);
        var old = info.Node;
        if (old is null)
        {
            info.Set(node);
            info.Slot = freeSlots.TryPop(out var free) ? free : slots++;
            tree.Add(node);
            ordered = null;
            Index.SetNode(info.Slot, node);
            Touch(info);
            return ClusterEvents.NodeAdd;
        }
        if (tree.Update(old, node))
        {
            ordered = null;
        }
        var changed = ChangesOf(old, node);
        if (changed == ClusterEvents.None && old.Metadata.Annotations == node.Metadata.Annotations
            && old.Status.Images == node.Status.Images)
        {
            info.Renew(node);
            return changed;
        }
        info.Set(node);
        Index.SetNode(info.Slot, node);
        Touch(info);
        return changed;
    }

    /// <summary>A node is gone; pods that name it are still counted.</summary>
    public void RemoveNode(string name)
    {
        if (!nodes.TryGetValue(name, out var info) || info.Node is not { } node)
        {
            return;
        }
        tree.Remove(node);
        ordered = null;
        info.Set(null);
        Index.SetNode(info.Slot, null);
        freeSlots.Push(info.Slot);
        info.Slot = info.Place = -1;
        DropIfEmpty(info);
    }

    /// <summary>A namespace, a Service or a workload came, changed, or went (null).</summary>
    public void SetOther(ObjectKey key, ApiObject? now)
    {
        if (key.Kind.Equals(Kinds.Namespace))
        {
            Index.SetNamespace(key.Name, now?.Metadata.Labels ?? default);
        }
        else
        {
            Index.Owners.Set(key, now);
        }
    }

    /// <summary>The same of all that there are.</summary>
    internal void SetOthers(IObjectReader objects)
    {
        foreach (var other in objects.List<Namespace>().Concat<ApiObject>(objects.List<Service>())
            .Concat(objects.List<ReplicaSet>()).Concat(objects.List<StatefulSet>())
            .Concat(objects.List<ReplicationController>()))
        {
            SetOther(other.Key, other);
        }
    }

    /// <summary>A bound pod was seen. True when it is news: not a pod that was assumed there, and
    /// not one that changed in nothing that counts.</summary>
    public bool SetPod(Pod pod)
    {
        var shape = shapes.Of(pod);
        var node = pod.Spec.NodeName!;
        if (pods.TryGetValue(pod.Key, out var known))
        {
            if (known.NodeName == node && known.Shape == shape
                && known.Pod.Metadata.Uid == pod.Metadata.Uid)
            {
                var old = known.Pod;
                (known.Pod, known.Assumed) = (pod, false);
                var relabelled = !old.Metadata.Labels.Equals(pod.Metadata.Labels);
                if (relabelled || old.IsTerminating != pod.IsTerminating)
                {
                    Index.Remove(known, nodes[node]);
                    Index.Add(known, nodes[node]);
                }
                return relabelled;
            }
            TakeOut(known);
        }
        Put(pod, shape, node);
        return true;
    }

    /// <summary>A pod is gone, has ended, or is bound no longer; the answer is the pod as it was
    /// counted.</summary>
    public Pod? RemovePod(ObjectKey key)
    {
        if (!pods.TryGetValue(key, out var known))
        {
            return null;
        }
        TakeOut(known);
        return known.Pod;
    }

    /// <summary>Counts a pod on the node that was chosen for it.</summary>
    public void Assume(Pod pod, string node)
    {
        RemovePod(pod.Key);
        Put(pod, shapes.Of(pod), node).Assumed = true;
    }

    /// <summary>How many pods have a node nominated for them.</summary>
    internal int Nominations => nominated.Count;

    /// <summary>Room is being made for a pod on a node.</summary>
    internal void Nominate(Pod pod, string node)
    {
        EndNomination(pod.Key);
        nominated.Add(pod.Key, node);
        if (!guests.TryGetValue(node, out var there))
        {
            guests.Add(node, there = []);
        }
        there.Add(pod);
    }

    /// <summary>No room is made for a pod any more; true when there was.</summary>
    internal bool EndNomination(ObjectKey pod)
    {
        if (!nominated.Remove(pod, out var node))
        {
            return false;
        }
        var there = guests[node];
        there.RemoveAll(p => p.Key == pod);
        if (there.Count == 0)
        {
            guests.Remove(node);
        }
        return true;
    }

    /// <summary>The pods for which room is being made on a node and that are no less important than
    /// a pod, itself left out; or those that are less.</summary>
    internal List<Pod> NominatedTo(string node, Pod than, bool less = false) =>
        !guests.TryGetValue(node, out var there) ? [] : [.. there
            .Where(p => p.Key != than.Key && (p.Priority < than.Priority) == less)];

    /// <summary>Counts a pod on a node for the time being.</summary>
    internal PodInfo Put(Pod pod, string node) => Put(pod, shapes.Of(pod), node);

    /// <summary>Counts a pod on its node again that was taken out.</summary>
    internal void PutBack(PodInfo placed)
    {
        pods.Add(placed.Pod.Key, placed);
        var info = InfoOf(placed.NodeName);
        info.Add(placed);
        Index.Add(placed, info);
        Touch(info);
    }

    private PodInfo Put(Pod pod, PodShape shape, string node)
    {
        var placed = new PodInfo(pod, shape) { NodeName = node };
        PutBack(placed);
        return placed;
    }

    /// <summary>Counts a pod no longer.</summary>
    internal void TakeOut(PodInfo known)
    {
        pods.Remove(known.Pod.Key);
        var info = nodes[known.NodeName];
        info.Remove(known);
        Index.Remove(known, info);
        Touch(info);
        DropIfEmpty(info);
    }

    private void DropIfEmpty(NodeInfo info)
    {
        if (info.Node is null && info.Pods.Count == 0)
        {
            nodes.Remove(info.Name);
        }
    }

    private NodeInfo InfoOf(string name)
    {
        if (!nodes.TryGetValue(name, out var info))
        {
            nodes.Add(name, info = new(name));
        }
        return info;
    }

    private NodeInfo[] Order()
    {
        NodeInfo[] order = [.. tree.Ordered().Select(name => nodes[name])];
        generations = [.. order.Select(n => n.Generation)];
        for (var i = 0; i < order.Length; i++)
        {
            order[i].Place = i;
        }
        return order;
    }

    private void Touch(NodeInfo info)
    {
        info.Generation = ++generation;
        if (ordered is not null && info.Place >= 0)
        {
            generations[info.Place] = generation;
        }
    }

    private static ClusterEvents ChangesOf(Node old, Node node)
    {
        var changes = ClusterEvents.None;
        if (!old.Status.Allocatable.Equals(node.Status.Allocatable))
        {
            changes |= ClusterEvents.NodeAllocatable;
        }
        if (!old.Metadata.Labels.Equals(node.Metadata.Labels))
        {
            changes |= ClusterEvents.NodeLabels;
        }
        if (!old.Spec.Taints.Equals(node.Spec.Taints) || old.IsCordoned != node.IsCordoned)
        {
            changes |= ClusterEvents.NodeTaints;
        }
        return changes;
    }
}
