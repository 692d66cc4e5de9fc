using System.Globalization;
using System.Numerics;

namespace KubeSim;

/// <summary>A plugin of a profile, and how much its score counts.</summary>
public sealed record ProfilePlugin(IPlugin Plugin, int Weight = 1);

/// <summary>A plugin failed, so that there is no decision about the pod; it is tried again after a
/// back-off.</summary>
public sealed class PluginFailedException : Exception
{
    internal PluginFailedException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>The plugins of a scheduler, sorted by the points at which they take part, and the
/// asking of them. A plugin stands in every list whose interface it has, in the order of the
/// profile.</summary>
/// <remarks>Models pkg/scheduler/framework/runtime/framework.go and
/// pkg/scheduler/apis/config/v1/default_plugins.go.</remarks>
public sealed partial class SchedulingFramework
{
    // One bit each; the last is the extenders'.
    private const int MostPlugins = 63;

    private readonly IPreEnqueuePlugin[] preEnqueue;
    private readonly (IPreFilterPlugin Plugin, ulong Skips)[] preFilter;
    private readonly IPostFilterPlugin[] postFilters;
    private readonly (IPreScorePlugin Plugin, ulong Skips)[] preScore;
    private readonly IReservePlugin[] reserves;
    private readonly IPermitPlugin[] permits;
    private readonly IPreBindPlugin[] preBinds;
    private readonly IBindPlugin[] binds;
    private readonly IPostBindPlugin[] postBinds;
    private readonly Seq<IPlugin> all;
    private readonly int localFilters;
    private readonly bool[] localScores;
    private readonly bool[] comparedScores;
    private readonly Dictionary<ulong, (int[] All, int[] Compared)> activeBySkips = [];

    /// <summary>A framework of some plugins, each at every point that it has.</summary>
    /// <exception cref="ArgumentException">There is not exactly one plugin that sorts the queue, or
    /// there are more than 63 plugins.</exception>
    public SchedulingFramework(Seq<ProfilePlugin> plugins)
        : this(new ProfilePlugins(plugins))
    {
    }

    internal SchedulingFramework(ProfilePlugins plugins)
    {
        all = plugins.All;
        var sorts = plugins.At<IQueueSortPlugin>();
        if (sorts.Length != 1 || all.Count > MostPlugins)
        {
            throw new ArgumentException(
                $"a profile has one QueueSort plugin and at most {MostPlugins} plugins, not "
                + $"{sorts.Length} and {all.Count}", nameof(plugins));
        }
        QueueSort = sorts[0];
        preEnqueue = plugins.At<IPreEnqueuePlugin>();
        FilterPlugins = plugins.At<IFilterPlugin>();
        postFilters = plugins.At<IPostFilterPlugin>();
        Scores = [.. plugins.At<IScorePlugin>().Select(p => (p, (long)plugins.WeightOf(p)))
            .Where(p => p.Item2 > 0)];
        localScores = [.. Scores.Select(s => s.Plugin is INodeLocalPlugin)];
        comparedScores = [.. Scores.Select((s, i) => !localScores[i] || HasNormalize(s.Plugin))];
        preFilter = [.. plugins.At<IPreFilterPlugin>().Select(p => (p, BitOf(FilterPlugins, p)))];
        preScore = [.. plugins.At<IPreScorePlugin>().Select(p =>
            (p, BitOf([.. Scores.Select(s => s.Plugin)], p)))];
        reserves = plugins.At<IReservePlugin>();
        permits = plugins.At<IPermitPlugin>();
        preBinds = plugins.At<IPreBindPlugin>();
        binds = plugins.At<IBindPlugin>();
        postBinds = plugins.At<IPostBindPlugin>();
        while (localFilters < FilterPlugins.Length
            && FilterPlugins[localFilters] is INodeLocalPlugin)
        {
            localFilters++;
        }
    }

    /// <summary>What orders the queue.</summary>
    public IQueueSortPlugin QueueSort { get; }

    /// <summary>The plugins, in the order of the profile.</summary>
    public Seq<IPlugin> Plugins => all;

    /// <summary>The scheduler's extenders, in the order in which they are asked.</summary>
    internal Seq<Extender> Extenders { get; set; }

    /// <summary>The Filter plugins.</summary>
    internal IFilterPlugin[] FilterPlugins { get; }

    /// <summary>The Score plugins with their weights.</summary>
    internal (IScorePlugin Plugin, long Weight)[] Scores { get; }

    /// <summary>The default plugins with their default weights, as far as the simulator has
    /// them.</summary>
    public static Seq<ProfilePlugin> DefaultProfile() =>
    [
        new(new SchedulingGates()),
        new(new PrioritySort()),
        new(new NodeUnschedulable()),
        new(new NodeName()),
        new(new TaintToleration(), 3),
        new(new NodeAffinityPlugin(), 2),
        new(new NodePorts()),
        new(new NodeResourcesFit(), 1),
        new(new VolumeRestrictions()),
        new(new NodeVolumeLimits()),
        new(new VolumeBinding()),
        new(new VolumeZone()),
        new(new PodTopologySpread(), 2),
        new(new InterPodAffinity(), 2),
        new(new DynamicResources()),
        new(new DefaultPreemption()),
        new(new NodeResourcesBalancedAllocation(), 1),
        new(new ImageLocality(), 1),
        new(new DefaultBinder()),
    ];

    /// <summary>Success, or why the pod may not enter the queue.</summary>
    public PluginStatus PreEnqueue(Pod pod)
    {
        foreach (var plugin in preEnqueue)
        {
            var status = plugin.PreEnqueue(pod);
            if (!status.IsSuccess)
            {
                return status.By(plugin.Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>Prepares a cycle; a rejection is one of every node.</summary>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        IPlugin? asked = null;
        try
        {
            foreach (var (plugin, skips) in preFilter)
            {
                asked = plugin;
                var status = plugin.PreFilter(state, pod, nodes);
                if (status.Code == PluginCode.Skip)
                {
                    state.SkipFilter |= skips;
                }
                else if (!status.IsSuccess)
                {
                    return status.IsRejected ? status.By(plugin.Name)
                        : throw Failed("PreFilter", plugin, status.Message);
                }
            }
            return PluginStatus.Success;
        }
        catch (Exception e) when (IsFault(e))
        {
            throw Failed("PreFilter", asked!, e.Message, e);
        }
    }

    /// <summary>Success, or what the first plugin says that is against the node.</summary>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        Filter(state, pod, node, 0, FilterPlugins.Length);

    /// <summary>Only the plugins whose answers equal pods can share: those at the front of the list
    /// that promise it.</summary>
    internal PluginStatus FilterShared(CycleState state, Pod pod, NodeInfo node) =>
        Filter(state, pod, node, 0, localFilters);

    /// <summary>True for the scores that are kept until the node changes, and compared
    /// anew for each pod.</summary>
    internal bool IsKept(int plugin) => localScores[plugin] && comparedScores[plugin];

    /// <summary>True when a plugin's score depends on those of other nodes, or on more than its
    /// node: it has a Normalize of its own, or is not local.</summary>
    internal bool IsCompared(int plugin) => comparedScores[plugin];

    /// <summary>The places of the Score plugins that take part in a cycle, and of those that are
    /// compared.</summary>
    internal (int[] All, int[] Compared) Active(CycleState state)
    {
        if (!activeBySkips.TryGetValue(state.SkipScore, out var active))
        {
            int[] all = [.. Enumerable.Range(0, Scores.Length)
                .Where(p => (state.SkipScore >> p & 1) == 0)];
            active = (all, [.. all.Where(IsCompared)]);
            activeBySkips.Add(state.SkipScore, active);
        }
        return active;
    }

    private static bool HasNormalize(IScorePlugin plugin)
    {
        var map = plugin.GetType().GetInterfaceMap(typeof(IScorePlugin));
        var at = Array.FindIndex(map.InterfaceMethods,
            m => m.Name == nameof(IScorePlugin.Normalize));
        return map.TargetMethods[at].DeclaringType != typeof(IScorePlugin);
    }

    internal PluginStatus FilterOwn(CycleState state, Pod pod, NodeInfo node) =>
        Filter(state, pod, node, localFilters, FilterPlugins.Length);

    internal bool HasOwnFilters(CycleState state) =>
        (state.SkipFilter >> localFilters) != (1UL << (FilterPlugins.Length - localFilters)) - 1;

    /// <summary>Asks the plugins for help, in order, until one can; else what they
    /// said.</summary>
    public PluginStatus PostFilter(CycleState state, Pod pod, Diagnosis diagnosis)
    {
        var reasons = new List<string>();
        foreach (var plugin in postFilters)
        {
            PluginStatus status;
            try
            {
                status = plugin.PostFilter(state, pod, diagnosis, this);
            }
            catch (Exception e) when (IsFault(e))
            {
                throw Failed("PostFilter", plugin, e.Message, e);
            }
            if (status.IsSuccess || status.Code == PluginCode.Error)
            {
                return status;
            }
            reasons.AddRange(status.Reasons);
        }
        return PluginStatus.Of(PluginCode.Unschedulable, "", reasons.ToSeq());
    }

    /// <summary>Prepares the scoring of the nodes that will do.</summary>
    /// <exception cref="PluginFailedException">A plugin failed, or rejected what it may only
    /// rate.</exception>
    public void PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        IPlugin? asked = null;
        try
        {
            foreach (var (plugin, skips) in preScore)
            {
                asked = plugin;
                var status = plugin.PreScore(state, pod, nodes);
                if (status.Code == PluginCode.Skip)
                {
                    state.SkipScore |= skips;
                }
                else if (!status.IsSuccess)
                {
                    throw Failed("PreScore", plugin, status.Message);
                }
            }
        }
        catch (Exception e) when (IsFault(e))
        {
            throw Failed("PreScore", asked!, e.Message, e);
        }
    }

    /// <summary>What a Score plugin says of a node.</summary>
    internal long Score(int plugin, CycleState state, NodeInfo node)
    {
        try
        {
            return Scores[plugin].Plugin.Score(state, state.Pod, node);
        }
        catch (Exception e) when (IsFault(e))
        {
            throw new PluginFailedException("running Score plugins: plugin "
                + $"\"{Scores[plugin].Plugin.Name}\" failed with: {e.Message}", e);
        }
    }

    /// <summary>Brings the scores of a plugin to 0…100, and sees that they are.</summary>
    internal static void Normalize(IScorePlugin plugin, CycleState state, Span<long> scores)
    {
        try
        {
            plugin.Normalize(state, state.Pod, scores);
        }
        catch (Exception e) when (IsFault(e))
        {
            throw new PluginFailedException("running Normalize on Score plugins: plugin "
                + $"\"{plugin.Name}\" failed with: {e.Message}", e);
        }
        if (scores.IndexOfAnyExceptInRange(0, IScorePlugin.MaxScore) is >= 0 and var wrong)
        {
            Checked(plugin, scores[wrong]);
        }
    }

    /// <summary>The score, which is from 0 to 100.</summary>
    internal static long Checked(IScorePlugin plugin, long score) =>
        score is >= 0 and <= IScorePlugin.MaxScore ? score : throw new PluginFailedException(
            string.Create(CultureInfo.InvariantCulture,
                $"applying score defaultWeights on Score plugins: plugin \"{plugin.Name}\" "
                + $"returns an invalid score {score}, it should in the range of "
                + $"[0, {IScorePlugin.MaxScore}] after normalizing"));

    /// <summary>Filter anew, from the start: the pods on the nodes are others than when the cycle
    /// began.</summary>
    internal PluginStatus Refilter(CycleState state, NodeInfo node)
    {
        var status = FilterWithGuests(state, node);
        return status.IsSuccess ? FilterAnew(state, node) : status;
    }

    /// <summary>Room that is being made for a pod of no lower priority is taken, though that pod is
    /// not there yet; but nobody may count on it being there. So a node must do both with it, which
    /// is asked here, and without it.</summary>
    internal PluginStatus FilterWithGuests(CycleState state, NodeInfo node)
    {
        var cache = state.Cache!;
        var guests = cache.NominatedTo(node.Name, state.Pod);
        if (guests.Count == 0)
        {
            return PluginStatus.Success;
        }
        var placed = guests.Select(guest => cache.Put(guest, node.Name)).ToList();
        var status = FilterAnew(state, node);
        foreach (var guest in placed)
        {
            cache.TakeOut(guest);
        }
        return status;
    }

    private PluginStatus FilterAnew(CycleState state, NodeInfo node)
    {
        var again = new CycleState(state);
        var status = PreFilter(again, state.Pod, state.Cache!.Ordered);
        return status.IsSuccess ? Filter(again, state.Pod, node) : status;
    }

    /// <summary>The plugins that a diagnosis names: a bit for each place in the profile. A plugin
    /// that is not in the profile stands for none.</summary>
    internal ulong RejectorsIn(Diagnosis diagnosis)
    {
        var bits = 0UL;
        PluginStatus? last = null;
        foreach (var (_, status) in diagnosis.Rejected)
        {
            bits |= ReferenceEquals(status, last) ? 0 : BitOf(status.Plugin);
            last = status;
        }
        return bits;
    }

    internal ulong BitOf(string plugin)
    {
        for (var i = 0; i < all.Count; i++)
        {
            if (all[i].Name == plugin)
            {
                return 1UL << i;
            }
        }
        return plugin == Extender.Rejector ? 1UL << MostPlugins : 0;
    }

    /// <summary>True when every one of the plugins answers by the pod's shape alone.</summary>
    internal bool AreLocal(ulong plugins)
    {
        for (; plugins != 0; plugins &= plugins - 1)
        {
            if (Rejector(plugins) is not INodeLocalPlugin)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>True when one of the plugins that turned a pod away sees hope in a
    /// change.</summary>
    internal bool MayHelp(ulong rejectors, Pod pod, in ClusterChange change)
    {
        for (; rejectors != 0; rejectors &= rejectors - 1)
        {
            if (Rejector(rejectors) is not IQueueingHints hints
                || ((hints.Events & change.Event) != 0 && hints.MayHelp(pod, change)))
            {
                return true;
            }
        }
        return false;
    }

    // The first of some; null: an extender, and nobody knows what might help it.
    private IPlugin? Rejector(ulong plugins) =>
        BitOperations.TrailingZeroCount(plugins) is < MostPlugins and var first
            ? all[first] : null;

    private PluginStatus Filter(CycleState state, Pod pod, NodeInfo node, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if ((state.SkipFilter >> i & 1) != 0)
            {
                continue;
            }
            var status = Ask(FilterPlugins[i], state, pod, node);
            if (!status.IsSuccess)
            {
                return status.By(FilterPlugins[i].Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>What every Filter plugin that takes part says of a node, also after one that is
    /// against it.</summary>
    internal Seq<FilterVerdict> Verdicts(CycleState state, NodeInfo node) => FilterPlugins
        .Where((_, i) => (state.SkipFilter >> i & 1) == 0)
        .Select(p => new FilterVerdict(p.Name, p.Filter(state, state.Pod, node).By(p.Name)))
        .ToSeq();

    /// <summary>The names of the plugins of a list whose bits are set.</summary>
    internal static Seq<string> Skipped(ulong bits, IReadOnlyList<IPlugin> plugins) =>
        plugins.Where((_, i) => (bits >> i & 1) != 0).Select(p => p.Name).ToSeq();

    private static PluginStatus Ask(
        IFilterPlugin plugin, CycleState state, Pod pod, NodeInfo node)
    {
        PluginStatus status;
        try
        {
            status = plugin.Filter(state, pod, node);
        }
        catch (Exception e) when (IsFault(e))
        {
            throw new PluginFailedException(
                $"running \"{plugin.Name}\" filter plugin: {e.Message}", e);
        }
        return status.Code != PluginCode.Error ? status : throw new PluginFailedException(
            $"running \"{plugin.Name}\" filter plugin: {status.Message}");
    }

    // An error is no verdict: it ends the cycle.
    private static PluginFailedException Failed(
        string point, IPlugin plugin, string why, Exception? inner = null) =>
        new($"running {point} plugin \"{plugin.Name}\": {why}", inner);

    internal static bool IsFault(Exception e) =>
        e is not (PluginFailedException or Faults.CrashedException or EndlessRunException);

    private static ulong BitOf<T>(T[] list, object plugin)
        where T : class
    {
        var at = Array.FindIndex(list, p => ReferenceEquals(p, plugin));
        return at < 0 ? 0 : 1UL << at;
    }
}
