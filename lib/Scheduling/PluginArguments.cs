using System.Globalization;
using System.Text.Json;

namespace KubeSim;

/// <summary>A plugin that can be told something by a profile's <c>pluginConfig</c>.</summary>
/// <typeparam name="TArgs">What it is told.</typeparam>
public interface IPluginWithArgs<TArgs> : IPlugin
    where TArgs : ApiPart
{
    /// <summary>A new plugin with these arguments.</summary>
    IPlugin With(TArgs args);
}

/// <summary>What NodeResourcesFit is told.</summary>
public sealed record NodeResourcesFitArgs : ApiPart
{
    /// <summary>Extended resources that are not looked at.</summary>
    public Seq<string> IgnoredResources { get; init; }

    /// <summary>The domains of extended resources that are not looked at.</summary>
    public Seq<string> IgnoredResourceGroups { get; init; }

    /// <summary>How nodes are compared; unset: LeastAllocated.</summary>
    public ScoringStrategyArgs? ScoringStrategy { get; init; }
}

/// <summary>How nodes are compared by what is free.</summary>
public sealed record ScoringStrategyArgs : ApiPart
{
    /// <summary>LeastAllocated, MostAllocated or RequestedToCapacityRatio.</summary>
    public string Type { get; init; } = "LeastAllocated";

    /// <summary>The resources that count; none: CPU and memory alike.</summary>
    public Seq<ResourceSpec> Resources { get; init; }

    /// <summary>The curve of RequestedToCapacityRatio.</summary>
    public RequestedToCapacityRatioArgs? RequestedToCapacityRatio { get; init; }
}

/// <summary>A resource and how much it counts.</summary>
public sealed record ResourceSpec : ApiPart
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>How much it counts; unset: 1.</summary>
    public long? Weight { get; init; }
}

/// <summary>A curve from use to score.</summary>
public sealed record RequestedToCapacityRatioArgs : ApiPart
{
    /// <summary>The points of the curve.</summary>
    public Seq<UtilizationShapePoint> Shape { get; init; }
}

/// <summary>A point of a curve.</summary>
public sealed record UtilizationShapePoint : ApiPart
{
    /// <summary>The share in use, 0 to 100.</summary>
    public int Utilization { get; init; }

    /// <summary>The score there, 0 to 10.</summary>
    public int Score { get; init; }
}

/// <summary>What NodeResourcesBalancedAllocation is told.</summary>
public sealed record NodeResourcesBalancedAllocationArgs : ApiPart
{
    /// <summary>The resources that shall be used alike; none: CPU and memory.</summary>
    public Seq<ResourceSpec> Resources { get; init; }
}

/// <summary>What PodTopologySpread is told.</summary>
public sealed record PodTopologySpreadArgs : ApiPart
{
    /// <summary>For pods that have none of their own.</summary>
    public Seq<TopologySpreadConstraint> DefaultConstraints { get; init; }

    /// <summary>System (hosts 3, zones 5) or List.</summary>
    public string? DefaultingType { get; init; }
}

/// <summary>What InterPodAffinity is told.</summary>
public sealed record InterPodAffinityArgs : ApiPart
{
    /// <summary>What a required affinity of a placed pod counts for the others; unset: 1.</summary>
    public int? HardPodAffinityWeight { get; init; }

    /// <summary>True: what placed pods prefer counts nothing.</summary>
    public bool IgnorePreferredTermsOfExistingPods { get; init; }
}

/// <summary>What NodeAffinity is told.</summary>
public sealed record NodeAffinityArgs : ApiPart
{
    /// <summary>Holds for every pod, beside its own.</summary>
    public NodeAffinity? AddedAffinity { get; init; }
}

/// <summary>What DefaultPreemption is told.</summary>
public sealed record DefaultPreemptionArgs : ApiPart
{
    /// <summary>The share of the nodes that are tried, in percent; unset: 10.</summary>
    public int? MinCandidateNodesPercentage { get; init; }

    /// <summary>The fewest nodes that are tried; unset: 100.</summary>
    public int? MinCandidateNodesAbsolute { get; init; }
}

/// <summary>What VolumeBinding is told.</summary>
public sealed record VolumeBindingArgs : ApiPart
{
    /// <summary>How long binding may take; unset: 600.</summary>
    public long? BindTimeoutSeconds { get; init; }

    /// <summary>A curve from the use of storage to a score. It belongs to a feature that is off in
    /// 1.36, and is refused.</summary>
    public Seq<UtilizationShapePoint> Shape { get; init; }
}

/// <summary>The arguments of the plugins that take some: how they are read, checked and
/// given.</summary>
/// <remarks>Models pkg/scheduler/apis/config/validation/validation_pluginargs.go.</remarks>
internal static class PluginArguments
{
    private const string Zero = "cannot be zero at the same time as ";

    private static readonly Dictionary<string, Kind> kinds = new(StringComparer.Ordinal)
    {
        ["NodeResourcesFit"] = new Kind<NodeResourcesFitArgs>(Fit),
        ["NodeResourcesBalancedAllocation"] =
            new Kind<NodeResourcesBalancedAllocationArgs>(Balanced),
        ["PodTopologySpread"] = new Kind<PodTopologySpreadArgs>(Spread),
        ["InterPodAffinity"] = new Kind<InterPodAffinityArgs>((path, args) =>
            Between($"{path}.hardPodAffinityWeight", args.HardPodAffinityWeight ?? 1, 0, 100)),
        ["NodeAffinity"] = new Kind<NodeAffinityArgs>(static (_, _) => []),
        ["DefaultPreemption"] = new Kind<DefaultPreemptionArgs>(Preemption),
        ["VolumeBinding"] = new Kind<VolumeBindingArgs>(Volumes),
    };

    /// <summary>What is wrong with the arguments of a plugin.</summary>
    public static IEnumerable<string> Check(string plugin, KeptFields? args, string path) =>
        args is null ? [] : kinds.TryGetValue(plugin, out var kind) ? kind.Check(args, path)
            : [$"{path}: Forbidden: the plugin {plugin} takes no arguments here"];

    /// <summary>The plugin as its arguments have it.</summary>
    /// <exception cref="ArgumentException">It takes none of these.</exception>
    public static IPlugin Apply(IPlugin plugin, KeptFields args) =>
        kinds.TryGetValue(plugin.Name, out var kind) ? kind.Apply(plugin, args) : plugin;

    private abstract class Kind
    {
        public abstract IEnumerable<string> Check(KeptFields args, string path);

        public abstract IPlugin Apply(IPlugin plugin, KeptFields args);
    }

    private sealed class Kind<T>(Func<string, T, IEnumerable<string>> check) : Kind
        where T : ApiPart
    {
        public override IEnumerable<string> Check(KeptFields args, string path)
        {
            try
            {
                return check(path, Read(args, path));
            }
            catch (ArgumentException unreadable)
            {
                return [unreadable.Message];
            }
        }

        public override IPlugin Apply(IPlugin plugin, KeptFields args) =>
            plugin is IPluginWithArgs<T> takes ? takes.With(Read(args, "")) : plugin;

        private static T Read(KeptFields args, string path)
        {
            var copy = JsonSerializer.SerializeToNode(args, Json.Options)!.AsObject();
            copy.Remove("apiVersion");
            copy.Remove("kind");
            return SchedulerValidation.Decode<T>(copy, path);
        }
    }

    private static IEnumerable<string> Preemption(string path, DefaultPreemptionArgs args)
    {
        var (share, least) = (args.MinCandidateNodesPercentage ?? 10,
            args.MinCandidateNodesAbsolute ?? 100);
        var (ofShare, ofLeast) = ($"{path}.minCandidateNodesPercentage",
            $"{path}.minCandidateNodesAbsolute");
        foreach (var wrong in Between(ofShare, share, 0, 100))
        {
            yield return wrong;
        }
        if (least < 0)
        {
            yield return Invalid(ofLeast, least, "not in valid range [0, inf)");
        }
        if (share == 0 && least == 0)
        {
            yield return Invalid(ofShare, share, Zero + "minCandidateNodesAbsolute");
            yield return Invalid(ofLeast, least, Zero + "minCandidateNodesPercentage");
        }
    }

    private static IEnumerable<string> Fit(string path, NodeResourcesFitArgs args)
    {
        for (var i = 0; i < args.IgnoredResourceGroups.Count; i++)
        {
            if (args.IgnoredResourceGroups[i].Contains('/'))
            {
                yield return Invalid($"{path}.ignoredResourceGroups[{i}]",
                    args.IgnoredResourceGroups[i], "resource group name can't contain '/'");
            }
        }
        if (args.ScoringStrategy is not { } strategy)
        {
            yield break;
        }
        path += ".scoringStrategy";
        string[] types = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];
        if (!types.Contains(strategy.Type))
        {
            yield return $"{path}.type: Unsupported value: \"{strategy.Type}\": supported values: "
                + string.Join(", ", types.Select(t => $"\"{t}\""));
        }
        for (var i = 0; i < strategy.Resources.Count; i++)
        {
            var (name, weight) = (strategy.Resources[i].Name, strategy.Resources[i].Weight ?? 1);
            if (weight is <= 0 or > 100)
            {
                yield return Invalid($"{path}.resources[{i}].weight", weight,
                    $"resource weight of {name} not in valid range (0, 100]");
            }
        }
        var (curve, wanted) = (strategy.RequestedToCapacityRatio, strategy.Type == types[2]);
        path += ".requestedToCapacityRatio";
        var wrongs = wanted && curve is null
            ? [$"{path}: Required value: must be specified when type is {types[2]}"]
            : !wanted && curve is not null
            ? [$"{path}: Forbidden: must be nil when type is not {types[2]}"]
            : curve is null ? [] : Shape($"{path}.shape", curve.Shape);
        foreach (var wrong in wrongs)
        {
            yield return wrong;
        }
    }

    private static IEnumerable<string> Shape(string path, Seq<UtilizationShapePoint> shape)
    {
        if (shape.IsEmpty)
        {
            yield return $"{path}: Required value: at least one point must be specified";
        }
        for (var i = 1; i < shape.Count; i++)
        {
            if (shape[i - 1].Utilization >= shape[i].Utilization)
            {
                yield return Invalid($"{path}[{i}].utilization", shape[i].Utilization,
                    "values must be sorted in increasing order");
                break;
            }
        }
        for (var i = 0; i < shape.Count; i++)
        {
            foreach (var wrong in Between($"{path}[{i}].utilization", shape[i].Utilization, 0, 100)
                .Concat(Between($"{path}[{i}].score", shape[i].Score, 0, 10)))
            {
                yield return wrong;
            }
        }
    }

    private static IEnumerable<string> Balanced(
        string path, NodeResourcesBalancedAllocationArgs args)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Resources.Count; i++)
        {
            var resource = args.Resources[i];
            if (!seen.Add(resource.Name))
            {
                yield return $"{path}.resources[{i}].name: Duplicate value: \"{resource.Name}\"";
            }
            if ((resource.Weight ?? 1) != 1)
            {
                yield return Invalid($"{path}.resources[{i}].weight", resource.Weight, "must be 1");
            }
        }
    }

    private static IEnumerable<string> Spread(string path, PodTopologySpreadArgs args)
    {
        var type = args.DefaultingType ?? "System";
        if (type is not ("System" or "List"))
        {
            yield return $"{path}.defaultingType: Unsupported value: \"{type}\": supported values: "
                + "\"System\", \"List\"";
        }
        if (type == "System" && !args.DefaultConstraints.IsEmpty)
        {
            yield return Invalid($"{path}.defaultingType", type,
                "when .defaultConstraints are not empty");
        }
        for (var i = 0; i < args.DefaultConstraints.Count; i++)
        {
            var (rule, at) = (args.DefaultConstraints[i], $"{path}.defaultConstraints[{i}]");
            if (rule.MaxSkew <= 0)
            {
                yield return Invalid($"{at}.maxSkew", rule.MaxSkew, "not in valid range (0, inf)");
            }
            if (string.IsNullOrEmpty(rule.TopologyKey))
            {
                yield return $"{at}.topologyKey: Required value: can not be empty";
            }
            if (string.IsNullOrEmpty(rule.WhenUnsatisfiable))
            {
                yield return $"{at}.whenUnsatisfiable: Required value: can not be empty";
            }
            if (rule.LabelSelector is not null)
            {
                yield return $"{at}.labelSelector: Forbidden: constraint must not define a "
                    + "selector, as they deduced for each pod";
            }
        }
    }

    private static IEnumerable<string> Volumes(string path, VolumeBindingArgs args)
    {
        if (args.BindTimeoutSeconds < 0)
        {
            yield return Invalid($"{path}.bindTimeoutSeconds", args.BindTimeoutSeconds,
                "invalid BindTimeoutSeconds, should not be a negative value");
        }
        if (!args.Shape.IsUnset)
        {
            var points = args.Shape.Select(p => string.Create(CultureInfo.InvariantCulture,
                $"config.UtilizationShapePoint{{Utilization:{p.Utilization}, Score:{p.Score}}}"));
            yield return $"{path}.shape: Invalid value: []config.UtilizationShapePoint"
                + $"{{{string.Join(", ", points)}}}: unexpected field `shape`, remove it or turn "
                + "on the feature gate StorageCapacityScoring";
        }
    }

    private static IEnumerable<string> Between(string path, int value, int least, int most) =>
        value >= least && value <= most ? []
            : [Invalid(path, value, $"not in valid range [{least}, {most}]")];

    /// <summary>A complaint as the API machinery words it.</summary>
    public static string Invalid(string path, object? value, string why) => string.Create(
        CultureInfo.InvariantCulture,
        $"{path}: Invalid value: {(value is string ? $"\"{value}\"" : value)}: {why}");
}
