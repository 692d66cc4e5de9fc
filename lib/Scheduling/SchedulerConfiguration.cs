using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>
/// What a scheduler is told at its start: the file that <c>kube-scheduler --config</c> reads, of
/// the kind KubeSchedulerConfiguration. A profile is a scheduler by name (a pod chooses by
/// <c>spec.schedulerName</c>) with plugins of its own; all profiles share one queue and one view
/// of the cluster, so that two of them cannot place two pods on the same room.
/// <para>Example: one profile as it comes, and a second, <c>packing</c>, whose NodeResourcesFit
/// has the strategy MostAllocated: fuller nodes first.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/apis/config/types.go, v1/defaults.go.</remarks>
public sealed record SchedulerConfiguration : ApiPart
{
    /// <summary>The group and version of the file.</summary>
    public const string Version = "kubescheduler.config.k8s.io/v1";

    /// <summary>The profiles; none: the default one.</summary>
    public Seq<SchedulerProfile> Profiles { get; init; }

    /// <summary>How much of a large cluster is looked at, in percent; unset: as the flag says, or
    /// by the size of the cluster.</summary>
    public int? PercentageOfNodesToScore { get; init; }

    /// <summary>The back-off after the first failure, in seconds; unset: 1.</summary>
    public long? PodInitialBackoffSeconds { get; init; }

    /// <summary>The longest back-off, in seconds; unset: 10.</summary>
    public long? PodMaxBackoffSeconds { get; init; }

    /// <summary>How many nodes are looked at side by side. Here decisions are made one node after
    /// the other, with the same outcome: no effect.</summary>
    public int? Parallelism { get; init; }

    /// <summary>Services that have a say in decisions.</summary>
    public Seq<SchedulerExtender> Extenders { get; init; }

    /// <summary>What the file said that has no effect here.</summary>
    [JsonIgnore]
    public Seq<string> NoEffect { get; init; }

    /// <summary>Plugins that are not Kubernetes' own: what makes each of them.</summary>
    [JsonIgnore]
    public Seq<Func<IPlugin>> Registry { get; init; }

    /// <summary>What listens at the addresses of extenders: what makes each of them.</summary>
    [JsonIgnore]
    public Seq<(string UrlPrefix, Func<ISchedulerExtender> Make)> Listeners { get; init; }

    /// <summary>An algorithm in the place of filters and scores: the name of a node for a pod;
    /// null for the plugins.</summary>
    [JsonIgnore]
    public SchedulingAlgorithm? Algorithm { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <param name="yaml">A KubeSchedulerConfiguration as YAML or JSON.</param>
    /// <exception cref="ArgumentException">It is none, or says something that kube-scheduler would
    /// refuse; the message is the real one's.</exception>
    public static SchedulerConfiguration Parse(string yaml)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var documents = Manifest.Parse(yaml, "configuration");
        if (documents.Count != 1 || !documents[0].Errors.IsEmpty)
        {
            throw new ArgumentException(documents.Count == 0 ? "the configuration is empty"
                : string.Join('\n', documents.SelectMany(d => d.Errors).Select(e => $"{e}")
                    .DefaultIfEmpty("the configuration is more than one document")));
        }
        var node = documents[0].Node;
        var (kind, version) = (ManifestDocument.Text(node, "kind"),
            ManifestDocument.Text(node, "apiVersion"));
        if (kind != "KubeSchedulerConfiguration" || version != Version)
        {
            throw new ArgumentException(
                $"no kind \"{kind}\" is registered for version \"{version}\"");
        }
        return Read(node).Checked();
    }

    /// <summary>The same with one more plugin, in every profile.</summary>
    /// <param name="factory">Makes the plugin, anew for each start.</param>
    /// <param name="weight">How much its score counts.</param>
    public SchedulerConfiguration With(Func<IPlugin> factory, int weight = 1)
    {
        var name = factory().Name;
        return (this with
        {
            Registry = Registry.Add(factory),
            Profiles = Defaulted().Profiles.Select(p => p.Enabling(name, weight)).ToSeq(),
        }).Checked();
    }

    /// <summary>The same, after a look that a scheduler would start with it.</summary>
    /// <exception cref="ArgumentException">It would not.</exception>
    public SchedulerConfiguration Checked()
    {
        var errors = SchedulerValidation.Of(Defaulted());
        if (errors.Count > 0)
        {
            throw new ArgumentException(
                errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]");
        }
        foreach (var profile in Defaulted().Profiles)
        {
            _ = Build(profile);
        }
        return this;
    }

    /// <summary>The configuration with what nobody said.</summary>
    internal SchedulerConfiguration Defaulted() => Profiles.Count > 1 ? this : this with
    {
        Profiles = Profiles.IsEmpty ? [new() { SchedulerName = Scheduler.DefaultName }]
            : [Profiles[0] with
            {
                SchedulerName = Profiles[0].SchedulerName ?? Scheduler.DefaultName,
            }],
    };

    /// <summary>The plugins of a profile, made anew.</summary>
    /// <exception cref="ArgumentException">A plugin is unknown, or one is missing.</exception>
    internal SchedulingFramework Build(SchedulerProfile profile)
    {
        try
        {
            return Algorithm is { } choose
                ? new([new(new SchedulingGates()), new(new PrioritySort()),
                    new(new AlgorithmPlugin(choose)), new(new DefaultBinder())])
                : new(new ProfilePlugins(profile, Registry.Select(make => make()),
                    Extenders.SelectMany(e => e.ManagedResources)
                        .Where(r => r.IgnoredByScheduler).Select(r => r.Name).ToSeq()));
        }
        catch (ArgumentException wrong)
        {
            throw new ArgumentException("initializing profiles: creating profile for scheduler "
                + $"name {profile.SchedulerName}: {wrong.Message}", wrong);
        }
    }

    /// <summary>The extenders, what listens made anew.</summary>
    internal Seq<Extender> MakeExtenders() => Extenders.Select(e => new Extender(e, Listeners
        .Where(l => l.UrlPrefix.TrimEnd('/') == e.UrlPrefix.TrimEnd('/'))
        .Select(l => l.Make()).LastOrDefault())).ToSeq();

    // The file's fields that speak of the process rather than of its decisions.
    private static SchedulerConfiguration Read(JsonObject node)
    {
        var copy = node.DeepClone().AsObject();
        string[] header = ["apiVersion", "kind"];
        string[] idle = ["clientConnection", "delayCacheUntilActive", "enableContentionProfiling",
            "enableProfiling", "healthzBindAddress", "leaderElection",
            "metricsBindAddress"];
        var told = idle.Where(copy.ContainsKey).ToList();
        foreach (var name in header.Concat(told))
        {
            copy.Remove(name);
        }
        if (copy.ContainsKey("parallelism"))
        {
            told.Add("parallelism");
        }
        var read = SchedulerValidation.Decode<SchedulerConfiguration>(copy, "");
        if (read.Extenders.Any(e => !string.IsNullOrEmpty(e.PreemptVerb)))
        {
            told.Add("preemptVerb");
        }
        return read with { NoEffect = told.ToSeq() };
    }
}

/// <summary>A scheduler by name, with its plugins.</summary>
public sealed record SchedulerProfile : ApiPart
{
    /// <summary>What pods call it by <c>spec.schedulerName</c>.</summary>
    public string? SchedulerName { get; init; }

    /// <summary>How much of a large cluster is looked at for these pods; unset: as for
    /// all.</summary>
    public int? PercentageOfNodesToScore { get; init; }

    /// <summary>What differs from the default plugins, by the point: <c>score</c>, <c>filter</c>,
    /// …, or <c>multiPoint</c> for all points at once.</summary>
    public Map<PluginSet> Plugins { get; init; }

    /// <summary>The arguments of plugins.</summary>
    public Seq<PluginConfig> PluginConfig { get; init; }

    /// <summary>The same with one more plugin at every point that it has.</summary>
    internal SchedulerProfile Enabling(string plugin, int weight)
    {
        var set = Plugins.Get(ProfilePlugins.MultiPoint) ?? new();
        return this with
        {
            Plugins = Plugins.Set(ProfilePlugins.MultiPoint, set with
            {
                Enabled = set.Enabled.Add(new() { Name = plugin, Weight = weight }),
            }),
        };
    }
}

/// <summary>What a profile changes at a point.</summary>
public sealed record PluginSet : ApiPart
{
    /// <summary>What takes part too, after the default plugins.</summary>
    public Seq<PluginEntry> Enabled { get; init; }

    /// <summary>What does not take part; <c>*</c> for all default plugins.</summary>
    public Seq<PluginEntry> Disabled { get; init; }
}

/// <summary>A plugin of a set.</summary>
public sealed record PluginEntry : ApiPart
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>How much its score counts; unset or 0: 1.</summary>
    public int? Weight { get; init; }
}

/// <summary>The arguments of a plugin.</summary>
public sealed record PluginConfig : ApiPart
{
    /// <summary>The plugin's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it is told, such as a <see cref="NodeResourcesFitArgs"/> as JSON.</summary>
    public KeptFields? Args { get; init; }
}
