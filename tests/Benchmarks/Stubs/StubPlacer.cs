using KubeSim;

namespace Benchmarks;

/// <summary>
/// A stand-in for the scheduler: it binds each pod without a node to the node with the fewest pods,
/// of equals to the first by name. It looks at no request, taint or affinity; it only leaves out
/// nodes that are not ready, unschedulable or full.
/// <para>It watches Pods and Nodes and counts in its own cache, so that a decision costs the
/// logarithm of the number of nodes. A binding is counted when it is made, not when it is seen:
/// with three pods and three nodes each node gets one, however slow the watch is.</para>
/// </summary>
internal sealed class StubPlacer : IReconciler
{
    private readonly SortedSet<(int Pods, string Node)> byLoad =
        new(Comparer<(int Pods, string Node)>.Create((a, b) =>
            a.Pods != b.Pods ? a.Pods - b.Pods : string.CompareOrdinal(a.Node, b.Node)));

    private readonly Dictionary<string, int> load = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> room = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, string> placed = [];
    private readonly Dictionary<ObjectKey, bool> stranded = [];

    /// <inheritdoc/>
    public string Name => "default-scheduler";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Pod>(), Watched.All<Node>()];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Node))
        {
            ObserveNode(e.Key.Name, e.New as Node, queue);
            return;
        }
        var pod = (Pod?)e.New;
        if (pod is null || pod.IsFinished)
        {
            Unplace(e.Key);
        }
        else if (pod.Spec.NodeName is { } node)
        {
            Place(e.Key, node);
        }
        else if (!placed.ContainsKey(e.Key))
        {
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Pod { Spec.NodeName: null, IsTerminating: false } pod
            || placed.ContainsKey(key))
        {
            return Result.Done;
        }
        if (byLoad.Count == 0)
        {
            stranded[key] = true;
            api.Event(pod, "Warning", "FailedScheduling", "0/{0} nodes are available.",
                $"{api.List<Node>().Count()}");
            return Result.Done;
        }
        var node = byLoad.Min.Node;
        Place(key, node);
        api.Detached = true;
        api.Create(key, "binding", new Binding
        {
            Metadata = new() { Name = key.Name, Namespace = key.Namespace, Uid = pod.Metadata.Uid },
            Target = new() { Kind = "Node", Name = node },
        });
        api.Event(pod, "Normal", "Scheduled", "Successfully assigned {0}/{1} to {2}", key.Namespace,
            key.Name, node);
        return Result.Done;
    }

    private void ObserveNode(string name, Node? node, IWorkQueue queue)
    {
        var usable = node is { IsReady: true } && node.Spec.Unschedulable != true;
        var pods = load.GetValueOrDefault(name);
        byLoad.Remove((pods, name));
        load[name] = pods;
        room[name] = usable ? (int)node!.Status.Allocatable.Get("pods").Value : 0;
        if (pods < room[name])
        {
            byLoad.Add((pods, name));
            foreach (var key in stranded.Keys.Order().ToArray())
            {
                queue.Add(key);
            }
            stranded.Clear();
        }
    }

    private void Place(ObjectKey key, string node)
    {
        if (!placed.TryAdd(key, node))
        {
            return;
        }
        stranded.Remove(key);
        Count(node, +1);
    }

    private void Unplace(ObjectKey key)
    {
        stranded.Remove(key);
        if (placed.Remove(key, out var node))
        {
            Count(node, -1);
        }
    }

    private void Count(string node, int by)
    {
        var pods = load.GetValueOrDefault(node);
        byLoad.Remove((pods, node));
        load[node] = pods + by;
        if (pods + by < room.GetValueOrDefault(node))
        {
            byLoad.Add((pods + by, node));
        }
    }
}
