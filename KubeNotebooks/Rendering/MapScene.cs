using KubeSim;

namespace KubeNotebooks;

/// <summary>What a step did to something on the map.</summary>
internal enum Mark
{
    None,
    Changed,
    Gone,
}

internal sealed record ScenePod(ObjectKey Key, PodLook Look, string Reason, string Node,
    string Owner, Mark Mark)
{
    public string Name => Key.Name;

    /// <summary>Why a container does not get to run, such as ImagePullBackOff; empty when nothing
    /// is amiss.</summary>
    public string Trouble => PodLooks.IsTrouble(Reason) ? Reason : "";

    public string Title => $"{Words.Name(Key)}: {Reason}"
        + (Mark == Mark.Gone ? " (gone)" : Mark == Mark.Changed ? " (changed now)" : "");
}

internal sealed record SceneNode(string Name, bool IsReady, bool IsCordoned, Mark Mark);

/// <summary>A Deployment, ReplicaSet, Job…, with the ones that it owns.</summary>
internal sealed record SceneWorkload(ObjectKey Key, string Uid, string Owner, int Desired,
    int Ready, Mark Mark)
{
    public List<SceneWorkload> Parts { get; } = [];

    public List<ScenePod> Pods { get; } = [];
}

/// <summary>What a map shows: a cluster at one revision, and what the latest step did.</summary>
internal sealed class MapScene
{
    private readonly Dictionary<ObjectKey, Change> changed = [];

    public required string Title { get; init; }

    public required string Headline { get; init; }

    /// <summary>Who did it: a component, <c>kubectl</c>, or empty.</summary>
    public string Actor { get; private init; } = "";

    /// <summary>The node of the one who did it; empty for the control plane.</summary>
    public string ActorNode { get; private init; } = "";

    public required long Revision { get; init; }

    public required IReadOnlyList<string> Components { get; init; }

    public required IReadOnlyCollection<string> NodeComponents { get; init; }

    /// <summary>How many components the map leaves out, since they do nothing in the
    /// run.</summary>
    public int Idle { get; init; }

    public Seq<string> Down { get; private init; }

    public List<SceneNode> Nodes { get; } = [];

    public List<ScenePod> Pods { get; } = [];

    /// <summary>The workloads that nobody owns.</summary>
    public List<SceneWorkload> Workloads { get; } = [];

    /// <summary>What was written that has no place on the map.</summary>
    public List<string> Others { get; } = [];

    /// <summary>The first refusal, such as <c>409 Conflict</c>; empty when there was
    /// none.</summary>
    public string Refused { get; private set; } = "";

    public bool Wrote { get; private set; }

    public static MapScene Of(ClusterView view, Frame frame, DateTime start,
        IReadOnlyList<string> components, IReadOnlyCollection<string> nodeComponents,
        int idle = 0)
    {
        var step = frame.Step;
        var byRequest = !frame.Touched.IsEmpty;
        var since = Words.Elapsed(frame.Time - start);
        var scene = new MapScene
        {
            Title = frame.Still?.Title ?? (step is not null ? $"Step {step.Number}  ·  {since}"
                : frame.Inputs.IsEmpty ? $"The start  ·  {since}" : $"Input  ·  {since}"),
            Headline = HeadlineOf(frame),
            Actor = step?.Component ?? (byRequest ? "kubectl" : ""),
            ActorNode = step?.Node ?? "",
            Revision = view.Revision.Value,
            Components = components,
            NodeComponents = nodeComponents,
            Idle = idle,
            Down = frame.Down,
        };
        scene.ReadStep(frame);
        scene.ReadNodes(view);
        scene.ReadPods(view);
        scene.ReadWorkloads(view);
        return scene;
    }

    /// <summary>A frame in one sentence without an end.</summary>
    public static string HeadlineOf(Frame frame) => frame switch
    {
        { Still: { } still } => still.Headline,
        { Step: { IsIdle: true } step } => Words.Headline(step),
        { Step: { } step } => $"{Words.Who(step)} {DeedsOf(frame)}",
        { Inputs: [] } => "a fresh cluster, before anything happens",
        { Inputs: [var only] } => $"you {only}",
        _ => $"you {frame.Inputs[0]} (+{frame.Inputs.Count - 1} more)",
    };

    /// <summary>What was done in a step, without who did it. To report an event is to write,
    /// too.</summary>
    public static string DeedsOf(Frame frame) =>
        frame.Reported.IsEmpty || frame.Step!.Changes.Any(Words.IsWrite)
            ? Words.Deeds(frame.Step!)
            : $"reported {string.Join(", ", frame.Reported)} about {Words.Name(frame.Step.Key)}";

    /// <summary>True for a component instance, or a whole node, that a fault took away.</summary>
    public bool IsDown(string component, string node = "")
    {
        foreach (var target in Down)
        {
            if (target == (component.Length == 0 ? node : component)
                || (node.Length > 0 && (target == node || target == $"{component}/{node}")))
            {
                return true;
            }
        }
        return false;
    }

    public Mark MarkOf(ObjectKey key) => changed.TryGetValue(key, out var change)
        ? change is { After: null, Before: not null } ? Mark.Gone : Mark.Changed : Mark.None;

    private void ReadStep(Frame frame)
    {
        foreach (var change in frame.Step?.Changes ?? [])
        {
            Wrote |= Words.IsWrite(change);
            if (change.Refused is { } refused && Refused.Length == 0)
            {
                Refused = Words.Code(refused);
            }
            if (Words.IsWrite(change))
            {
                changed[change.Key] = change;
                if (!HasPlace(change.Key.Kind))
                {
                    Others.Add(Words.Did(change));
                }
            }
        }
        if (!Wrote && !frame.Reported.IsEmpty)
        {
            Wrote = true;
            Others.Add($"Event {string.Join(", ", frame.Reported)}");
        }
        foreach (var key in frame.Touched)
        {
            Wrote = true;
            changed.TryAdd(key, new() { Verb = Verb.Update, Key = key });
            if (!HasPlace(key.Kind))
            {
                Others.Add(Words.Name(key));
            }
        }
    }

    private static bool HasPlace(Kind kind) => kind.Name is "Pod" or "Node" or "Deployment"
        or "ReplicaSet" or "StatefulSet" or "DaemonSet" or "Job" or "CronJob"
        or "ReplicationController";

    private void ReadNodes(ClusterView view)
    {
        foreach (var node in view.List<Node>())
        {
            Nodes.Add(new(node.Metadata.Name, node.IsReady, node.IsCordoned, MarkOf(node.Key)));
        }
        Nodes.Sort((a, b) => Natural(a.Name, b.Name));
    }

    /// <summary>node-2 before node-10.</summary>
    public static int Natural(string a, string b) => a.Length != b.Length
        && a.TrimEnd(Digits).Equals(b.TrimEnd(Digits), StringComparison.Ordinal)
        ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b);

    private static readonly char[] Digits = [.. "0123456789"];

    private void ReadPods(ClusterView view)
    {
        foreach (var pod in view.List<Pod>())
        {
            Pods.Add(Of(pod, MarkOf(pod.Key)));
        }
        foreach (var change in changed.Values)
        {
            if (change is { After: null, Before: Pod gone })
            {
                Pods.Add(Of(gone, Mark.Gone));
            }
        }
    }

    private static ScenePod Of(Pod pod, Mark mark) => new(pod.Key, PodLooks.Of(pod),
        PodLooks.Reason(pod), pod.Spec.NodeName ?? "", pod.ControllerOwner?.Uid ?? "", mark);

    private void ReadWorkloads(ClusterView view)
    {
        var all = new List<SceneWorkload>();
        Add(view.List<Deployment>(), d => (d.Spec.Replicas ?? 1, d.Status.ReadyReplicas));
        Add(view.List<ReplicaSet>(), d => (d.Spec.Replicas ?? 1, d.Status.ReadyReplicas));
        Add(view.List<StatefulSet>(), d => (d.Spec.Replicas ?? 1, d.Status.ReadyReplicas));
        Add(view.List<DaemonSet>(), d => (d.Status.DesiredNumberScheduled, d.Status.NumberReady));
        Add(view.List<ReplicationController>(),
            d => (d.Spec.Replicas ?? 1, d.Status.ReadyReplicas));
        Add(view.List<CronJob>(), _ => (0, 0));
        Add(view.List<Job>(), d => (d.Spec.Completions ?? 1, d.Status.Succeeded));
        var byUid = new Dictionary<string, SceneWorkload>(StringComparer.Ordinal);
        all.ForEach(w => byUid.TryAdd(w.Uid, w));
        foreach (var pod in Pods)
        {
            if (pod.Mark != Mark.Gone && byUid.TryGetValue(pod.Owner, out var owner))
            {
                owner.Pods.Add(pod);
            }
        }
        foreach (var workload in all)
        {
            if (!byUid.TryGetValue(workload.Owner, out var owner))
            {
                Workloads.Add(workload);
            }
            else if (workload.Desired > 0 || workload.Pods.Count > 0 || workload.Mark != Mark.None)
            {
                owner.Parts.Add(workload);
            }
        }

        void Add<T>(Seq<T> list, Func<T, (int? Desired, int? Ready)> counts)
            where T : ApiObject
        {
            foreach (var o in list)
            {
                var (desired, ready) = counts(o);
                all.Add(new(o.Key, o.Metadata.Uid, o.ControllerOwner?.Uid ?? "", desired ?? 0,
                    ready ?? 0, MarkOf(o.Key)));
            }
        }
    }
}
