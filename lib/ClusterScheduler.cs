namespace KubeSim;

/// <summary>
/// The scheduler, from outside: configure it, give it a plugin or a whole algorithm, and ask what
/// it would decide. A change of configuration is a restart of the scheduler, as in life; it is kept
/// in the journal, so that rewinds and forks have it too.
/// </summary>
/// <example><code>
/// cluster.Scheduler.Configure("""
///   apiVersion: kubescheduler.config.k8s.io/v1
///   kind: KubeSchedulerConfiguration
///   profiles:
///   - plugins: { score: { disabled: [{ name: ImageLocality }] } }
///   """);
/// cluster.Scheduler.Add(() => new Favourite("node-2"), weight: 5);
/// </code></example>
public sealed partial class ClusterScheduler
{
    private readonly Cluster cluster;

    internal ClusterScheduler(Cluster cluster) => this.cluster = cluster;

    /// <summary>The configuration that is in force.</summary>
    public SchedulerConfiguration Configuration =>
        cluster.Still(_ => Instance().Configuration);

    /// <summary>Restarts the scheduler with a configuration.</summary>
    /// <param name="yaml">A KubeSchedulerConfiguration.</param>
    /// <returns>What it says that has no effect here.</returns>
    /// <exception cref="ArgumentException">kube-scheduler would refuse it; the message is the real
    /// one's. The scheduler goes on as it was.</exception>
    public Seq<string> Configure(string yaml)
    {
        using var own = cluster.Own();
        var told = SchedulerConfiguration.Parse(yaml);
        var now = Configuration;
        Configure(told with { Registry = now.Registry, Listeners = now.Listeners });
        return told.NoEffect;
    }

    /// <summary>Restarts the scheduler with a configuration.</summary>
    /// <exception cref="ArgumentException">kube-scheduler would refuse it. The scheduler goes on as
    /// it was.</exception>
    public void Configure(SchedulerConfiguration configuration) =>
        Run(Scheduler.DefaultName, configuration);

    /// <summary>Adds a plugin to every profile, at every point whose interface it has.</summary>
    /// <param name="factory">Makes the plugin; called anew at every start, rewind and fork, so that
    /// none shares what it remembers.</param>
    /// <param name="weight">How much its score counts.</param>
    /// <exception cref="ArgumentException">There is a plugin of that name.</exception>
    public void Add(Func<IPlugin> factory, int weight = 1)
    {
        using var own = cluster.Own();
        Configure(Configuration.With(factory, weight));
    }

    /// <summary>Lets something listen at the address of an extender that the configuration names,
    /// now or later.</summary>
    /// <param name="urlPrefix">The <c>urlPrefix</c> of the configuration's entry.</param>
    /// <param name="factory">Makes what listens; called anew at every start, rewind and
    /// fork.</param>
    /// <example><code>
    /// cluster.Scheduler.Extender("http://127.0.0.1:8888", () => new LicenceServer());
    /// </code></example>
    public void Extender(string urlPrefix, Func<ISchedulerExtender> factory)
    {
        using var own = cluster.Own();
        Configure(Configuration with
        {
            Listeners = Configuration.Listeners.Add((urlPrefix, factory)),
        });
    }

    /// <summary>Puts one function in the place of all filters and scores.</summary>
    /// <param name="algorithm">The name of a node for a pod; null for the plugins again.</param>
    public void Use(SchedulingAlgorithm? algorithm)
    {
        using var own = cluster.Own();
        Configure(Configuration with { Algorithm = algorithm });
    }

    /// <summary>Runs a second scheduler, a process of its own, for the pods that name one of its
    /// profiles.</summary>
    /// <param name="name">The component's name.</param>
    /// <param name="configuration">Its profiles; none: one with the component's name.</param>
    /// <exception cref="ArgumentException">kube-scheduler would refuse the
    /// configuration.</exception>
    public void Run(string name, SchedulerConfiguration? configuration = null)
    {
        using var own = cluster.Own();
        configuration ??= new() { Profiles = [new() { SchedulerName = name }] };
        _ = configuration.Checked();
        cluster.AddComponent(new ComponentSpec(name, _ => new Scheduler(configuration, name))
        {
            User = Spec(Scheduler.DefaultName)?.User,
        });
    }

    /// <summary>What the scheduler would decide about a pod, and why, in full. Nothing comes of it:
    /// the decision is made by a scheduler of the same configuration over the state at a
    /// revision.</summary>
    /// <param name="pod">Of the cluster or not.</param>
    /// <param name="at">The revision; null for now.</param>
    /// <exception cref="PluginFailedException">A plugin failed.</exception>
    /// <exception cref="ArgumentException">The pod names a scheduler that has no profile
    /// here.</exception>
    public CycleRecord Decide(Pod pod, Revision? at = null)
    {
        ArgumentNullException.ThrowIfNull(pod);
        using var own = cluster.Own();
        var view = cluster.At(at ?? cluster.Revision);
        return Instance().Imagine(
            pod, view.List<Node>(), view, cluster.Engine.Options.Settings, new Prng(0));
    }

    /// <summary>One workload under two configurations: two forks of the cluster live on, each with
    /// one of them, and this one stays as it is.</summary>
    /// <param name="first">A configuration.</param>
    /// <param name="second">Another.</param>
    /// <param name="workload">What is asked of each fork; it then runs until nothing moves, at most
    /// ten minutes.</param>
    /// <exception cref="ArgumentException">kube-scheduler would refuse a
    /// configuration.</exception>
    public SchedulerComparison Compare(
        SchedulerConfiguration first, SchedulerConfiguration second, Action<Cluster> workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        SchedulerOutcome Live(SchedulerConfiguration configuration)
        {
            var fork = cluster.Fork();
            fork.Scheduler.Configure(configuration);
            workload(fork);
            fork.Converge();
            return SchedulerOutcome.Of(fork);
        }

        return new(Live(first), Live(second));
    }

    /// <summary>One manifest under two configurations, both as YAML.</summary>
    /// <exception cref="ArgumentException">kube-scheduler would refuse a
    /// configuration.</exception>
    public SchedulerComparison Compare(string first, string second, string manifest) =>
        Compare(SchedulerConfiguration.Parse(first), SchedulerConfiguration.Parse(second),
            c => c.Apply(manifest));

    private Scheduler Instance() => Spec(Scheduler.DefaultName)?.New("") as Scheduler
        ?? throw new InvalidOperationException(
            "this cluster's default-scheduler is another component");

    private ComponentSpec? Spec(string name) => cluster.Engine.Components
        .Select(c => c.Spec).FirstOrDefault(s => s.Name == name);
}

/// <summary>The scheduler of a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>The scheduler: configure it, extend it, ask what it would decide.</summary>
    public ClusterScheduler Scheduler { get; }
}
