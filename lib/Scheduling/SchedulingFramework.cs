using System.Numerics;

namespace KubeSim;

/// <summary>A plugin of a profile, and how much its score counts.</summary>
public sealed record ProfilePlugin(IPlugin Plugin, int Weight = 1);

/// <summary>The plugins of a scheduler, sorted by the points at which they take part, and the
/// asking of them. A plugin stands in every list whose interface it has, in the order of the
/// profile.</summary>
/// <remarks>Models pkg/scheduler/framework/runtime/framework.go and
/// pkg/scheduler/apis/config/v1/default_plugins.go.</remarks>
public sealed class SchedulingFramework
{
    private readonly IPreEnqueuePlugin[] preEnqueue;
    private readonly (IPreFilterPlugin Plugin, ulong Skips)[] preFilter;
    private readonly IFilterPlugin[] filters;
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

    /// <summary>A framework of some plugins.</summary>
    /// <exception cref="ArgumentException">There is not exactly one plugin that sorts the queue, or
    /// there are more than 64 plugins.</exception>
    public SchedulingFramework(Seq<ProfilePlugin> plugins)
    {
        all = plugins.Select(p => p.Plugin).ToSeq();
        var sorts = Those<IQueueSortPlugin>();
        if (sorts.Length != 1 || all.Count > 64)
        {
            throw new ArgumentException(
                $"a profile has one QueueSort plugin and at most 64 plugins, not {sorts.Length} "
                + $"and {all.Count}", nameof(plugins));
        }
        QueueSort = sorts[0];
        preEnqueue = Those<IPreEnqueuePlugin>();
        filters = Those<IFilterPlugin>();
        postFilters = Those<IPostFilterPlugin>();
        Scores = [.. plugins.Where(p => p.Plugin is IScorePlugin && p.Weight > 0)
            .Select(p => ((IScorePlugin)p.Plugin, (long)p.Weight))];
        localScores = [.. Scores.Select(s => s.Plugin is INodeLocalPlugin)];
        preFilter = [.. Those<IPreFilterPlugin>().Select(p => (p, BitOf(filters, p)))];
        preScore = [.. Those<IPreScorePlugin>().Select(p =>
            (p, BitOf([.. Scores.Select(s => s.Plugin)], p)))];
        reserves = Those<IReservePlugin>();
        permits = Those<IPermitPlugin>();
        preBinds = Those<IPreBindPlugin>();
        binds = Those<IBindPlugin>();
        postBinds = Those<IPostBindPlugin>();
        while (localFilters < filters.Length && filters[localFilters] is INodeLocalPlugin)
        {
            localFilters++;
        }
    }

    /// <summary>What orders the queue.</summary>
    public IQueueSortPlugin QueueSort { get; }

    /// <summary>The plugins, in the order of the profile.</summary>
    public Seq<IPlugin> Plugins => all;

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
        new(new DynamicResources()),
        new(new DefaultPreemption()),
        new(new NodeResourcesBalancedAllocation(), 1),
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
        foreach (var (plugin, skips) in preFilter)
        {
            var status = plugin.PreFilter(state, pod, nodes);
            if (status.Code == PluginCode.Skip)
            {
                state.SkipFilter |= skips;
            }
            else if (!status.IsSuccess)
            {
                return status.By(plugin.Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>Success, or what the first plugin says that is against the node.</summary>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        Filter(state, pod, node, 0, filters.Length);

    /// <summary>Only the plugins whose answers equal pods can share: those at the front of the list
    /// that promise it.</summary>
    internal PluginStatus FilterShared(CycleState state, Pod pod, NodeInfo node) =>
        Filter(state, pod, node, 0, localFilters);

    internal bool IsLocalScore(int plugin) => localScores[plugin];

    internal PluginStatus FilterOwn(CycleState state, Pod pod, NodeInfo node) =>
        Filter(state, pod, node, localFilters, filters.Length);

    internal bool HasOwnFilters(CycleState state) =>
        (state.SkipFilter >> localFilters) != (1UL << (filters.Length - localFilters)) - 1;

    /// <summary>Asks the plugins for help, in order, until one can; else what they
    /// said.</summary>
    public PluginStatus PostFilter(CycleState state, Pod pod, Diagnosis diagnosis)
    {
        var reasons = new List<string>();
        foreach (var plugin in postFilters)
        {
            var status = plugin.PostFilter(state, pod, diagnosis, this);
            if (status.IsSuccess || status.Code == PluginCode.Error)
            {
                return status;
            }
            reasons.AddRange(status.Reasons);
        }
        return PluginStatus.Of(PluginCode.Unschedulable, "", reasons.ToSeq());
    }

    /// <summary>Prepares the scoring of the nodes that will do.</summary>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        foreach (var (plugin, skips) in preScore)
        {
            var status = plugin.PreScore(state, pod, nodes);
            if (status.Code == PluginCode.Skip)
            {
                state.SkipScore |= skips;
            }
            else if (!status.IsSuccess)
            {
                return status.By(plugin.Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>Reserve and Permit; a failure gives back what was reserved.</summary>
    public PluginStatus Reserve(CycleState state, Pod pod, string node)
    {
        foreach (var plugin in reserves)
        {
            var status = plugin.Reserve(state, pod, node);
            if (!status.IsSuccess)
            {
                Unreserve(state, pod, node);
                return status.By(plugin.Name);
            }
        }
        foreach (var plugin in permits)
        {
            var status = plugin.Permit(state, pod, node);
            if (!status.IsSuccess)
            {
                Unreserve(state, pod, node);
                return status.By(plugin.Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>Gives back what was reserved, the last first.</summary>
    public void Unreserve(CycleState state, Pod pod, string node)
    {
        for (var i = reserves.Length - 1; i >= 0; i--)
        {
            reserves[i].Unreserve(state, pod, node);
        }
    }

    /// <summary>PreBind, Bind, PostBind. A refusal of the API server is an answer
    /// too.</summary>
    public PluginStatus Bind(CycleState state, Pod pod, string node, ReconcileContext api)
    {
        foreach (var plugin in preBinds)
        {
            var status = Guarded(plugin, "PreBind", () => plugin.PreBind(state, pod, node, api));
            if (!status.IsSuccess && status.Code != PluginCode.Skip)
            {
                return status;
            }
        }
        foreach (var plugin in binds)
        {
            var status = Guarded(plugin, "Bind", () => plugin.Bind(state, pod, node, api));
            if (status.Code == PluginCode.Skip)
            {
                continue;
            }
            if (status.IsSuccess)
            {
                foreach (var told in postBinds)
                {
                    told.PostBind(state, pod, node);
                }
            }
            return status;
        }
        return PluginStatus.Of(PluginCode.Error, "", ["no Bind plugin took the pod"]);
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
        return 0;
    }

    /// <summary>True when every one of the plugins answers by the pod's shape alone.</summary>
    internal bool AreLocal(ulong plugins)
    {
        for (; plugins != 0; plugins &= plugins - 1)
        {
            if (all[BitOperations.TrailingZeroCount(plugins)] is not INodeLocalPlugin)
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
            var plugin = all[BitOperations.TrailingZeroCount(rejectors)];
            if (plugin is not IQueueingHints hints
                || ((hints.Events & change.Event) != 0 && hints.MayHelp(pod, change)))
            {
                return true;
            }
        }
        return false;
    }

    private PluginStatus Filter(CycleState state, Pod pod, NodeInfo node, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if ((state.SkipFilter >> i & 1) != 0)
            {
                continue;
            }
            var status = filters[i].Filter(state, pod, node);
            if (!status.IsSuccess)
            {
                return status.By(filters[i].Name);
            }
        }
        return PluginStatus.Success;
    }

    private static PluginStatus Guarded(IPlugin plugin, string point, Func<PluginStatus> ask)
    {
        string Told(string why) => $"running {point} plugin \"{plugin.Name}\": {why}";
        try
        {
            var status = ask();
            return status.IsSuccess || status.Code is PluginCode.Skip or PluginCode.Wait ? status
                : PluginStatus.Of(PluginCode.Error, plugin.Name, [Told(status.Message)]);
        }
        catch (ApiException refused) when (refused.Status.Code == 504)
        {
            return PluginStatus.Uncertain(plugin.Name, Told(refused.Message));
        }
        catch (ApiException refused)
        {
            return PluginStatus.Of(PluginCode.Error, plugin.Name, [Told(refused.Message)]);
        }
    }

    private T[] Those<T>() => [.. all.OfType<T>()];

    private static ulong BitOf<T>(T[] list, object plugin)
        where T : class
    {
        var at = Array.FindIndex(list, p => ReferenceEquals(p, plugin));
        return at < 0 ? 0 : 1UL << at;
    }
}
