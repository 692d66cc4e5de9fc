namespace KubeSim;

// The scheduling framework: the points at which plugins take part in the decision about one pod,
// in the order in which they are asked.
//
//   PreEnqueue   may the pod enter the queue at all?        (SchedulingGates)
//   QueueSort    which pod goes first?                      (PrioritySort)
//   PreFilter    once a pod: skip me, or only these nodes   (NodePorts, NodeAffinity)
//   Filter       once a node: can the pod run there?
//   PostFilter   nobody can: can something be done?         (DefaultPreemption)
//   PreScore     once a pod, with the nodes that can
//   Score        once a node: how good is it? Normalise to 0…100; weight; add up
//   Reserve, Permit, PreBind, Bind, PostBind: the way of the chosen node to the API server
//
// What upstream calls framework.Status is PluginStatus here, since Status is the answer of the API
// server.
//
// Models staging/src/k8s.io/kube-scheduler/framework/interface.go.

/// <summary>What a plugin says of a pod, or of a pod and a node.</summary>
public enum PluginCode
{
    /// <summary>Nothing speaks against it.</summary>
    Success,

    /// <summary>The plugin itself failed; the pod is tried again after a back-off.</summary>
    Error,

    /// <summary>Not as things are; fewer pods on the node might help.</summary>
    Unschedulable,

    /// <summary>Not, whatever pods leave the node.</summary>
    UnschedulableAndUnresolvable,

    /// <summary>Not yet (Permit only).</summary>
    Wait,

    /// <summary>The plugin has nothing to say about this pod: leave it out of this cycle.</summary>
    Skip,
}

/// <summary>The verdict of a plugin: a code, and why. Upstream's <c>framework.Status</c>.</summary>
public sealed class PluginStatus
{
    private PluginStatus(PluginCode code, string plugin, Seq<string> reasons) =>
        (Code, Plugin, Reasons) = (code, plugin, reasons);

    /// <summary>Nothing speaks against it.</summary>
    public static PluginStatus Success { get; } = new(PluginCode.Success, "", []);

    /// <summary>Leave the plugin out of this cycle.</summary>
    public static PluginStatus Skip { get; } = new(PluginCode.Skip, "", []);

    /// <summary>The verdict.</summary>
    public PluginCode Code { get; }

    /// <summary>The plugin that gave it; empty when it did not say.</summary>
    public string Plugin { get; }

    /// <summary>Why, in the words that events show.</summary>
    public Seq<string> Reasons { get; }

    /// <summary>True when nothing speaks against it.</summary>
    public bool IsSuccess => Code == PluginCode.Success;

    /// <summary>True when the pod is turned away, whether or not that can be helped.</summary>
    public bool IsRejected =>
        Code is PluginCode.Unschedulable or PluginCode.UnschedulableAndUnresolvable;

    /// <summary>True when the answer of the API server was lost: what it was asked to do may be
    /// done.</summary>
    internal bool IsUncertain { get; init; }

    /// <summary>The reasons in one line.</summary>
    public string Message => string.Join(", ", Reasons);

    /// <summary>Turned away, but fewer pods on the node might help.</summary>
    public static PluginStatus Unschedulable(string plugin, params ReadOnlySpan<string> reasons) =>
        new(PluginCode.Unschedulable, plugin, Seq.Create(reasons));

    /// <summary>Turned away, whatever pods leave the node.</summary>
    public static PluginStatus Unresolvable(string plugin, params ReadOnlySpan<string> reasons) =>
        new(PluginCode.UnschedulableAndUnresolvable, plugin, Seq.Create(reasons));

    /// <summary>A verdict of any code.</summary>
    public static PluginStatus Of(PluginCode code, string plugin, Seq<string> reasons) =>
        new(code, plugin, reasons);

    internal static PluginStatus Uncertain(string plugin, string reason) =>
        new(PluginCode.Error, plugin, [reason]) { IsUncertain = true };

    /// <summary>The same verdict under a plugin's name, if it has none yet.</summary>
    internal PluginStatus By(string plugin) =>
        Plugin.Length > 0 ? this : new(Code, plugin, Reasons);

    /// <summary>The code and the reasons.</summary>
    public override string ToString() => Reasons.IsEmpty ? $"{Code}" : $"{Code}: {Message}";
}

/// <summary>What plugins remember between their calls about one pod.</summary>
public sealed class CycleState
{
    private readonly List<(object Owner, object Data)> data = [];

    /// <summary>The state of a cycle for a pod.</summary>
    public CycleState(Pod pod)
        : this(pod, PodShape.Of(pod))
    {
    }

    internal CycleState(Pod pod, PodShape shape) => (Pod, Shape) = (pod, shape);

    /// <summary>The same pod in the same surroundings, and nothing remembered.</summary>
    internal CycleState(CycleState like)
        : this(like.Pod, like.Shape) =>
        (Cache, Objects, Api, Random) = (like.Cache, like.Objects, like.Api, like.Random);

    /// <summary>The pod that is to be placed.</summary>
    public Pod Pod { get; }

    /// <summary>What the pod asks of its node, worked out once.</summary>
    public PodShape Shape { get; }

    /// <summary>The claims and volumes of the cluster.</summary>
    public VolumeCache Volumes => Cache?.Volumes ?? (field ??= new());

    /// <summary>The nodes and their pods, as the scheduler counts them; null where a plugin is
    /// asked outside of a scheduler.</summary>
    public SchedulerCache? Cache { get; init; }

    /// <summary>What else a plugin may read, as the scheduler sees it: nothing unless the plugin
    /// is an <see cref="IWatchingPlugin"/> for that kind.</summary>
    public IObjectReader? Objects { get; init; }

    /// <summary>The way to the API server; null when the decision is only imagined.</summary>
    public ReconcileContext? Api { get; init; }

    /// <summary>The source of chance.</summary>
    public Prng Random { get; init; } = new(0);

    /// <summary>Where the decision is written down in detail; null, as usual: nobody looks.
    /// </summary>
    public CycleRecord? Record { get; init; }

    /// <summary>The node that PostFilter made room on, or is making: the pod's
    /// <c>nominatedNodeName</c> from now on. Empty: none any more; null: as before.</summary>
    public string? Nominate { get; set; }

    /// <summary>When a node was chosen and set aside, and whether Permit has let the pod
    /// go.</summary>
    internal DateTime? Reserved { get; set; }

    internal bool IsPermitted { get; set; }

    /// <summary>What PostFilter leaves to be done beside the next cycles.</summary>
    internal Action? Afterwards { get; set; }

    /// <summary>The only nodes that a PreFilter plugin left to look at; null for all.</summary>
    public Seq<string>? OnlyNodes { get; private set; }

    /// <summary>The plugins that left only some nodes.</summary>
    internal SortedSet<string> Narrowing { get; } = new(StringComparer.Ordinal);

    /// <summary>The Filter plugins, and the Score plugins, that sit this cycle out: a bit
    /// each.</summary>
    internal ulong SkipFilter { get; set; }

    internal ulong SkipScore { get; set; }

    /// <summary>Leaves only some nodes to look at; said twice, those that both name.</summary>
    public void Narrow(string plugin, Seq<string> nodes)
    {
        Narrowing.Add(plugin);
        OnlyNodes = OnlyNodes is { } before
            ? before.RemoveAll(name => !nodes.AsSpan().Contains(name)) : nodes;
    }

    /// <summary>Remembers something for a plugin.</summary>
    public void Set(object owner, object value)
    {
        for (var i = 0; i < data.Count; i++)
        {
            if (ReferenceEquals(data[i].Owner, owner))
            {
                data[i] = (owner, value);
                return;
            }
        }
        data.Add((owner, value));
    }

    /// <summary>What was remembered for a plugin; null when nothing was.</summary>
    public T? Get<T>(object owner)
        where T : class
    {
        foreach (var (who, value) in data)
        {
            if (ReferenceEquals(who, owner))
            {
                return (T)value;
            }
        }
        return null;
    }
}

/// <summary>A part of the scheduler that takes part at one or more points.</summary>
public interface IPlugin
{
    /// <summary>The name, as in a scheduler's configuration.</summary>
    string Name { get; }
}

/// <summary>A plugin that reads more than nodes and pods: <see cref="CycleState.Objects"/> has
/// these kinds too, and their changes come as <see cref="ClusterEvents.Other"/>.</summary>
public interface IWatchingPlugin : IPlugin
{
    /// <summary>The kinds besides nodes and pods.</summary>
    Seq<Kind> Kinds { get; }
}

/// <summary>A promise: what the plugin says of a pod and a node at Filter and Score depends on the
/// <see cref="PodShape"/>, the node's labels, annotations, spec, allocatable and images, and on the
/// sums of the pods there; and whether it skips a pod, on the shape alone. Then equal pods share
/// its answers until the node changes.</summary>
public interface INodeLocalPlugin : IPlugin;

/// <summary>Orders the queue; a profile has one.</summary>
public interface IQueueSortPlugin : IPlugin
{
    /// <summary>True when the first pod goes before the second.</summary>
    bool Less(QueuedPod first, QueuedPod second);
}

/// <summary>Says whether a pod may enter the queue.</summary>
public interface IPreEnqueuePlugin : IPlugin
{
    /// <summary>Success, or why the pod has to wait outside.</summary>
    PluginStatus PreEnqueue(Pod pod);
}

/// <summary>Works out once a pod what Filter needs.</summary>
public interface IPreFilterPlugin : IPlugin
{
    /// <summary>Success, Skip, or a rejection of every node.
    /// <see cref="CycleState.Narrow"/> leaves only some nodes.</summary>
    PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes);
}

/// <summary>Says whether a pod can run on a node.</summary>
public interface IFilterPlugin : IPlugin
{
    /// <summary>Success, or why not.</summary>
    PluginStatus Filter(CycleState state, Pod pod, NodeInfo node);
}

/// <summary>Is asked when no node will do.</summary>
public interface IPostFilterPlugin : IPlugin
{
    /// <summary>Success when something was done about it, else a rejection whose reasons close the
    /// message of the event.</summary>
    PluginStatus PostFilter(
        CycleState state, Pod pod, Diagnosis diagnosis, SchedulingFramework framework);
}

/// <summary>Works out once a pod what Score needs.</summary>
public interface IPreScorePlugin : IPlugin
{
    /// <summary>Success, or Skip: then the plugin is left out of the sum.</summary>
    PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes);
}

/// <summary>Says how good a node is.</summary>
public interface IScorePlugin : IPlugin
{
    /// <summary>The best score after <see cref="Normalize"/>.</summary>
    const long MaxScore = 100;

    /// <summary>The score of a node; from 0 to 100, or whatever <see cref="Normalize"/>
    /// takes.</summary>
    long Score(CycleState state, Pod pod, NodeInfo node);

    /// <summary>Brings the scores of all nodes to 0…100. By default they are left alone.</summary>
    void Normalize(CycleState state, Pod pod, Span<long> scores)
    {
        // They already are.
    }
}

/// <summary>A Score plugin that at times has nothing to say: it would give every node 0, so that
/// none needs to be looked at.</summary>
internal interface ISilentPlugin : IScorePlugin
{
    bool HasNothingToSay(CycleState state);
}

/// <summary>Sets something aside for the pod on the chosen node.</summary>
public interface IReservePlugin : IPlugin
{
    /// <summary>Success, or why the node will not do after all.</summary>
    PluginStatus Reserve(CycleState state, Pod pod, string node);

    /// <summary>Gives it back: what followed failed.</summary>
    void Unreserve(CycleState state, Pod pod, string node);
}

/// <summary>Has the last word before the pod is bound.</summary>
public interface IPermitPlugin : IPlugin
{
    /// <summary>Success, a rejection, or Wait: the node is kept, and the plugin is asked again
    /// every second, for at most a quarter of an hour.</summary>
    PluginStatus Permit(CycleState state, Pod pod, string node);
}

/// <summary>Does what must be done before the pod is bound, such as binding its volumes.</summary>
public interface IPreBindPlugin : IPlugin
{
    /// <summary>Success, or why the pod cannot be bound.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    PluginStatus PreBind(CycleState state, Pod pod, string node, ReconcileContext api);
}

/// <summary>Binds the pod to its node; the first that does not skip.</summary>
public interface IBindPlugin : IPlugin
{
    /// <summary>Success, Skip (let the next one), or why not.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    PluginStatus Bind(CycleState state, Pod pod, string node, ReconcileContext api);
}

/// <summary>Is told that the pod is bound.</summary>
public interface IPostBindPlugin : IPlugin
{
    /// <summary>The pod is bound.</summary>
    void PostBind(CycleState state, Pod pod, string node);
}

/// <summary>Knows which changes of the cluster may help a pod that the plugin has turned away. A
/// plugin without hints has such pods tried again after every change.</summary>
public interface IQueueingHints : IPlugin
{
    /// <summary>The changes that can matter.</summary>
    ClusterEvents Events { get; }

    /// <summary>True when this change may make room for the pod.</summary>
    bool MayHelp(Pod pod, in ClusterChange change);
}

/// <summary>Changes of the cluster that may make a pod schedulable.</summary>
[Flags]
public enum ClusterEvents
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A node came.</summary>
    NodeAdd = 1,

    /// <summary>What a node has to give changed.</summary>
    NodeAllocatable = 2,

    /// <summary>The labels of a node changed.</summary>
    NodeLabels = 4,

    /// <summary>The taints of a node, or whether it is cordoned, changed.</summary>
    NodeTaints = 8,

    /// <summary>A pod was bound, here or by somebody else.</summary>
    AssignedPodAdd = 16,

    /// <summary>The labels or the requests of a bound pod changed.</summary>
    AssignedPodUpdate = 32,

    /// <summary>A bound pod ended or is gone.</summary>
    AssignedPodDelete = 64,

    /// <summary>The waiting pod itself changed.</summary>
    OwnUpdate = 128,

    /// <summary>A claim came or changed.</summary>
    Claim = 256,

    /// <summary>A volume came or changed.</summary>
    Volume = 512,

    /// <summary>A storage class came or changed.</summary>
    StorageClass = 1024,

    /// <summary>The storage drivers of a node came or changed, or a volume was detached.</summary>
    CSINode = 2048,

    /// <summary>An object of another kind came, changed or went; see
    /// <see cref="IWatchingPlugin"/>.</summary>
    Other = 4096,

    /// <summary>A node is gone.</summary>
    NodeDelete = 8192,
}

/// <summary>One change of the cluster: what it is, and the object before and after.</summary>
public readonly record struct ClusterChange(ClusterEvents Event, ApiObject? Old, ApiObject? New)
{
    /// <summary>The node as it is now; null when the change is no node's.</summary>
    public Node? Node => New as Node;

    /// <summary>The pod that changed or went.</summary>
    public Pod? Pod => (New ?? Old) as Pod;
}
