namespace KubeSim;

/// <summary>
/// Which plugin stands at which point of a profile, and in which order. A plugin that is enabled
/// at <c>multiPoint</c>, as all default plugins are, stands at every point whose interface it has.
/// At a single point come first the plugins that are named there and at multiPoint (the point's
/// own word on order and weight counts), then those of multiPoint, then those named only there.
/// <para>Example: <c>score: {disabled: [{name: "*"}], enabled: [{name: ImageLocality, weight: 5}]}
/// </c>: nothing but ImageLocality scores, and every plugin still filters.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/apis/config/v1/default_plugins.go (mergePlugins) and
/// pkg/scheduler/framework/runtime/framework.go (expandMultiPointPlugins).</remarks>
internal sealed class ProfilePlugins
{
    /// <summary>The name that stands for all points.</summary>
    public const string MultiPoint = "multiPoint";

    private static readonly (string Name, Type Type)[] points =
    [
        ("preEnqueue", typeof(IPreEnqueuePlugin)), ("preFilter", typeof(IPreFilterPlugin)),
        ("filter", typeof(IFilterPlugin)), ("postFilter", typeof(IPostFilterPlugin)),
        ("preScore", typeof(IPreScorePlugin)), ("score", typeof(IScorePlugin)),
        ("reserve", typeof(IReservePlugin)), ("permit", typeof(IPermitPlugin)),
        ("preBind", typeof(IPreBindPlugin)), ("bind", typeof(IBindPlugin)),
        ("postBind", typeof(IPostBindPlugin)), ("queueSort", typeof(IQueueSortPlugin)),
    ];

    private readonly Dictionary<string, IPlugin> known = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, List<IPlugin>> at = [];
    private readonly Dictionary<string, int> weights = new(StringComparer.Ordinal);

    /// <summary>Every plugin at every point that it has.</summary>
    public ProfilePlugins(Seq<ProfilePlugin> plugins)
    {
        All = plugins.Select(p => p.Plugin).ToSeq();
        foreach (var (_, type) in points)
        {
            at[type] = [.. All.Where(type.IsInstanceOfType)];
        }
        foreach (var (plugin, weight) in plugins)
        {
            weights[plugin.Name] = weight;
        }
    }

    /// <summary>The plugins of a profile, with some that are not Kubernetes' own,
    /// and without a look at resources that extenders watch over.</summary>
    /// <exception cref="ArgumentException">A plugin is unknown, or stands where it
    /// cannot.</exception>
    public ProfilePlugins(
        SchedulerProfile profile, IEnumerable<IPlugin> own, Seq<string> ignored = default)
    {
        var defaults = SchedulingFramework.DefaultProfile();
        foreach (var plugin in defaults.Select(p => p.Plugin).Concat(own))
        {
            if (!known.TryAdd(plugin.Name, plugin))
            {
                throw new ArgumentException($"a plugin named {plugin.Name} already exists");
            }
        }
        foreach (var (name, args) in profile.PluginConfig.Select(c => (c.Name, c.Args)))
        {
            if (known.TryGetValue(name, out var plugin) && args is not null)
            {
                known[name] = PluginArguments.Apply(plugin, args);
            }
        }
        if (!ignored.IsEmpty && known["NodeResourcesFit"] is NodeResourcesFit fit)
        {
            known["NodeResourcesFit"] = fit.Ignoring(ignored);
        }
        var multi = Merged(defaults, profile.Plugins.Get(MultiPoint) ?? new());
        foreach (var (point, type) in points)
        {
            at[type] = Expand(point, type, multi,
                profile.Plugins.Get(point) ?? new());
        }
        All = points.SelectMany(p => at[p.Type]).Distinct()
            .OrderBy(p => multi.FindIndex(m => m.Name == p.Name) is >= 0 and var i ? i : 64)
            .ToSeq();
        Check(profile.SchedulerName);
    }

    /// <summary>All plugins that take part somewhere.</summary>
    public Seq<IPlugin> All { get; }

    /// <summary>The names of the points.</summary>
    public static IEnumerable<string> PointNames =>
        points.Select(p => p.Name).Append(MultiPoint);

    /// <summary>The plugins at a point, in their order.</summary>
    public T[] At<T>() => [.. at[typeof(T)].Cast<T>()];

    /// <summary>How much a plugin's score counts.</summary>
    public int WeightOf(IPlugin plugin) => weights.GetValueOrDefault(plugin.Name, 1);

    // The default plugins but for the disabled ones, each with the profile's word on its weight;
    // then what the profile adds.
    private static List<(string Name, int Weight)> Merged(
        Seq<ProfilePlugin> defaults, PluginSet custom)
    {
        var merged = new List<(string Name, int Weight)>();
        var added = custom.Enabled.ToList();
        var disabled = custom.Disabled.Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (plugin, weight) in defaults)
        {
            if (disabled.Contains("*") || disabled.Contains(plugin.Name))
            {
                continue;
            }
            var here = added.Find(e => e.Name == plugin.Name);
            merged.Add((plugin.Name, here is null ? weight : here.Weight ?? 0));
            if (here is not null)
            {
                added.Remove(here);
            }
        }
        merged.AddRange(added.Select(e => (e.Name, e.Weight ?? 0)));
        return merged;
    }

    private List<IPlugin> Expand(
        string point, Type type, List<(string Name, int Weight)> multi, PluginSet here)
    {
        var disabled = here.Disabled.Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        var named = here.Enabled.Select(e => e.Name).ToList();
        var own = new List<IPlugin>();
        foreach (var entry in here.Enabled)
        {
            var plugin = Find(entry.Name, type);
            if (!type.IsInstanceOfType(plugin))
            {
                throw new ArgumentException(
                    $"plugin \"{entry.Name}\" does not extend {type.Name[1..]} plugin");
            }
            Add(own, plugin, type);
        }
        var spread = new List<IPlugin>();
        foreach (var (name, weight) in multi)
        {
            var plugin = Find(name, type);
            if (!type.IsInstanceOfType(plugin) || disabled.Contains("*")
                || disabled.Contains(name))
            {
                continue;
            }
            if (!named.Contains(name))
            {
                Add(spread, plugin, type);
                Weigh(point, name, weight);
            }
        }
        foreach (var entry in here.Enabled)
        {
            Weigh(point, entry.Name, entry.Weight ?? 0);
        }
        var both = disabled.Contains("*") ? []
            : own.Where(p => multi.Exists(m => m.Name == p.Name)).ToList();
        return [.. both, .. spread, .. own.Except(both)];
    }

    private void Weigh(string point, string name, int weight)
    {
        if (point == "score")
        {
            weights[name] = weight == 0 ? 1 : weight;
        }
    }

    private IPlugin Find(string name, Type type) => known.TryGetValue(name, out var plugin)
        ? plugin : throw new ArgumentException($"{type.Name[1..]} \"{name}\" does not exist"
            + (Nearest.To(name, known.Keys) is { } meant ? $", did you mean \"{meant}\"?" : ""));

    private static void Add(List<IPlugin> list, IPlugin plugin, Type type)
    {
        if (list.Contains(plugin))
        {
            throw new ArgumentException(
                $"plugin \"{plugin.Name}\" already registered as \"{type.Name[1..]}\"");
        }
        list.Add(plugin);
    }

    private void Check(string? name)
    {
        var sorts = at[typeof(IQueueSortPlugin)].Count;
        if (sorts != 1)
        {
            throw new ArgumentException("only one queue sort plugin required for profile with "
                + $"scheduler name \"{name}\", but got {sorts}");
        }
        if (at[typeof(IBindPlugin)].Count == 0)
        {
            throw new ArgumentException(
                $"at least one bind plugin is needed for profile with scheduler name \"{name}\"");
        }
        foreach (var plugin in at[typeof(IScorePlugin)])
        {
            if (WeightOf(plugin) is var weight && weight is < 0 or > MaxWeight)
            {
                throw new ArgumentException(weight < 0
                    ? $"score plugin \"{plugin.Name}\" has the weight {weight}: it must be positive"
                    : "total score of Score plugins could overflow");
            }
        }
    }

    // Upstream's sum of weights times 100 must fit its type.
    private const int MaxWeight = int.MaxValue / 100;
}
