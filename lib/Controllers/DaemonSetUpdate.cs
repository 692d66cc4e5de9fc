namespace KubeSim;

/// <summary>
/// What a DaemonSet lacks and has too much of, node by node, and how it changes over to a new
/// template. Nothing is done here: it says which nodes need a pod, and which pods go.
/// <para>Without <c>maxSurge</c> an old pod is deleted, and its node then lacks one; so many at a
/// time that no more than <c>maxUnavailable</c> nodes are without an available pod. Of 10 nodes
/// with 25 % that is 3, rounded up; a node whose old pod is not available anyway comes on top. With
/// <c>maxSurge</c> the new pod is made beside the old one, which goes when the new one is
/// available.</para>
/// Models pkg/controller/daemon/update.go and daemon_controller.go.
/// </summary>
internal sealed class DaemonSetUpdate
{
    private readonly DaemonSet set;
    private readonly List<(Node Node, bool Run, bool Stay)> nodes;
    private readonly SortedDictionary<string, List<Pod>> onNode = new(StringComparer.Ordinal);
    private readonly Time now;
    private readonly int desired;

    /// <summary>A look at a set, its nodes and its pods.</summary>
    public DaemonSetUpdate(
        DaemonSet set, List<Node> nodes, List<Pod> pods, string hash, Time now)
    {
        (this.set, this.now, Hash) = (set, now, hash);
        this.nodes = nodes.ConvertAll(node =>
        {
            var (run, stay) = DaemonSetNodes.ShouldRun(set, node);
            return (node, run, stay);
        });
        desired = this.nodes.Count(n => n.Run);
        foreach (var pod in pods.Where(DaemonSetNodes.Counts))
        {
            if (DaemonSetNodes.NodeOf(pod) is { } node)
            {
                if (!onNode.TryGetValue(node, out var there))
                {
                    onNode.Add(node, there = []);
                }
                there.Add(pod);
            }
        }
        foreach (var there in onNode.Values)
        {
            there.Sort(DaemonSetNodes.ByAge);
        }
        var rolling = set.Spec.UpdateStrategy.RollingUpdate;
        MaxUnavailable = (rolling?.MaxUnavailable ?? 1).Scaled(desired, roundUp: true);
        MaxSurge = (rolling?.MaxSurge ?? 0).Scaled(desired, roundUp: true);
        if (desired > 0 && MaxUnavailable == 0 && MaxSurge == 0)
        {
            MaxUnavailable = 1;
        }
    }

    /// <summary>The hash of the template of today.</summary>
    public string Hash { get; }

    /// <summary>The nodes that need a pod.</summary>
    public List<string> ToMake { get; private set; } = [];

    /// <summary>The pods that go.</summary>
    public List<Pod> ToDelete { get; private set; } = [];

    /// <summary>On how many nodes there may be no available pod.</summary>
    public int MaxUnavailable { get; }

    /// <summary>On how many nodes there may be an old and a new pod.</summary>
    public int MaxSurge { get; }

    private bool Surges => set.Spec.UpdateStrategy is
        { Type: "RollingUpdate", RollingUpdate.MaxSurge: { } share } && share != 0
        && share != "0%";

    /// <summary>Finds the nodes without their pod, and the pods without their node.</summary>
    /// <param name="mayReplace">Asked about a pod that has ended.</param>
    public void Manage(Predicate<Pod> mayReplace)
    {
        foreach (var (node, run, stay) in nodes)
        {
            var there = onNode.GetValueOrDefault(node.Metadata.Name);
            if (run && there is null)
            {
                ToMake.Add(node.Metadata.Name);
            }
            else if (stay && there is not null)
            {
                Keep(node.Metadata.Name, there, run, mayReplace);
            }
            else if (there is not null)
            {
                ToDelete.AddRange(there.Where(pod => !pod.IsTerminating));
            }
        }
        // A pod that waits for a node that is gone waits for ever.
        var known = nodes.Select(n => n.Node.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        ToDelete.AddRange(onNode.Where(n => !known.Contains(n.Key))
            .SelectMany(n => n.Value).Where(pod => !pod.IsScheduled));
    }

    /// <summary>Finds the pods of old templates that go now, and the nodes that get a new one
    /// beside.</summary>
    public void Roll()
    {
        (ToMake, ToDelete) = ([], []);
        var (used, instead) = (0, new List<(string Node, Pod Pod)>());
        var candidates = new List<(string Node, Pod Pod)>();
        foreach (var (node, there) in Nodes())
        {
            var live = there.FindAll(pod => !pod.IsTerminating);
            var updated = live.FindAll(pod => DaemonSetNodes.IsUpdated(set, pod, Hash));
            var (fresh, old) = (updated.FirstOrDefault(), live.Find(pod => !updated.Contains(pod)));
            if (live.Count > (fresh is null ? 0 : 1) + (old is null ? 0 : 1))
            {
                used++;
            }
            else if (old is not null && fresh is null)
            {
                (IsAvailable(old) ? candidates : instead).Add((node, old));
            }
            else if (MaxSurge == 0)
            {
                used += fresh is null || old is not null || !IsAvailable(fresh) ? 1 : 0;
            }
            else if (fresh is not null && old is not null)
            {
                if (IsAvailable(fresh))
                {
                    ToDelete.Add(old);
                }
                else
                {
                    used++;
                }
            }
        }
        var left = Math.Max(0, (MaxSurge == 0 ? MaxUnavailable : MaxSurge) - used);
        foreach (var (node, pod) in instead.Concat(candidates.Take(left)))
        {
            if (MaxSurge == 0)
            {
                ToDelete.Add(pod);
            }
            else
            {
                ToMake.Add(node);
            }
        }
    }

    /// <summary>What the set's status says of these pods.</summary>
    public DaemonSetStatus Status(int? collisions)
    {
        var (current, wrong, ready, updated, available) = (0, 0, 0, 0, 0);
        foreach (var (node, run, _) in nodes)
        {
            if (onNode.GetValueOrDefault(node.Metadata.Name) is not [var first, ..])
            {
                continue;
            }
            (current, wrong) = run ? (current + 1, wrong) : (current, wrong + 1);
            if (run)
            {
                ready += first.IsReady ? 1 : 0;
                available += IsAvailable(first) ? 1 : 0;
                updated += DaemonSetNodes.IsUpdated(set, first, Hash) ? 1 : 0;
            }
        }
        return set.Status with
        {
            DesiredNumberScheduled = desired, CurrentNumberScheduled = current,
            NumberMisscheduled = wrong, NumberReady = ready, UpdatedNumberScheduled = updated,
            NumberAvailable = available, NumberUnavailable = desired - available,
            ObservedGeneration = set.Metadata.Generation, CollisionCount = collisions,
        };
    }

    // All nodes that count for the update: those with pods, and those that should have one.
    private SortedDictionary<string, List<Pod>> Nodes()
    {
        var all = new SortedDictionary<string, List<Pod>>(onNode, StringComparer.Ordinal);
        foreach (var (node, run, _) in nodes)
        {
            if (run)
            {
                all.TryAdd(node.Metadata.Name, []);
            }
        }
        return all;
    }

    private void Keep(string node, List<Pod> there, bool run, Predicate<Pod> mayReplace)
    {
        var running = new List<Pod>();
        foreach (var pod in there.Where(pod => !pod.IsTerminating))
        {
            if (!pod.IsFinished)
            {
                running.Add(pod);
            }
            else if (mayReplace(pod))
            {
                ToDelete.Add(pod);
            }
        }
        if (!Surges)
        {
            ToDelete.AddRange(running.Skip(1));
        }
        else if (running.Count == 0 && run)
        {
            ToMake.Add(node);
        }
        else if (running.Count > 1)
        {
            Thin(running);
        }
    }

    // An old pod stays beside the new one while it is ready and the new one is not yet available.
    private void Thin(List<Pod> running)
    {
        bool IsNew(Pod pod) => pod.Metadata.Labels.Get(ControllerRevisions.PodLabel) == Hash;
        var (fresh, old) = (running.Find(IsNew), running.Find(pod => !IsNew(pod)));
        ToDelete.AddRange(running.Where(pod => pod != fresh && pod != old));
        if (fresh is not null && old is not null && (!old.IsReady || IsAvailable(fresh)))
        {
            ToDelete.Add(old);
        }
    }

    private bool IsAvailable(Pod pod) => pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now);
}
