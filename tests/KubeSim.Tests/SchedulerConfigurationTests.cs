using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What a scheduler is told: what it makes of it, and what it refuses.</summary>
public sealed class SchedulerConfigurationTests
{
    private const string Head = """
        apiVersion: kubescheduler.config.k8s.io/v1
        kind: KubeSchedulerConfiguration

        """;

    [TestCase("", "")]
    [TestCase("percentageOfNodesToScore: 101", "percentageOfNodesToScore: Invalid value: 101: "
        + "not in valid range [0-100]")]
    [TestCase("parallelism: 0",
        "parallelism: Invalid value: 0: should be an integer value greater than zero")]
    [TestCase("podInitialBackoffSeconds: 0", "podInitialBackoffSeconds: Invalid value: 0: "
        + "must be greater than 0")]
    [TestCase("podInitialBackoffSeconds: 20", "podMaxBackoffSeconds: Invalid value: 10: "
        + "must be greater than or equal to PodInitialBackoffSeconds")]
    [TestCase("profiles: [{schedulerName: a}, {schedulerName: a}]",
        "profiles[1].schedulerName: Duplicate value: \"profiles[0].schedulerName\"")]
    [TestCase("profiles: [{schedulerName: a}, {}]", "profiles[1].schedulerName: Required value")]
    [TestCase("profilez: []",
        "strict decoding error: unknown field \"profilez\", did you mean \"profiles\"?")]
    [TestCase("profiles: [{plugins: {scores: {}}}]",
        "unknown field \"profiles[0].plugins.scores\", did you mean \"score\"?")]
    [TestCase("profiles: [{plugins: {score: {enabled: [{name: NodeResourceFit}]}}}]",
        "initializing profiles: creating profile for scheduler name default-scheduler: ScorePlugin "
        + "\"NodeResourceFit\" does not exist, did you mean \"NodeResourcesFit\"?")]
    [TestCase("profiles: [{plugins: {filter: {enabled: [{name: PrioritySort}]}}}]",
        "initializing profiles: creating profile for scheduler name default-scheduler: plugin "
        + "\"PrioritySort\" does not extend FilterPlugin plugin")]
    [TestCase("profiles: [{plugins: {score: {enabled: [{name: NodeAffinity}, "
        + "{name: NodeAffinity}]}}}]", "initializing profiles: creating profile for scheduler name "
        + "default-scheduler: plugin \"NodeAffinity\" already registered as \"ScorePlugin\"")]
    [TestCase("profiles: [{plugins: {score: {enabled: [{name: NodeAffinity, weight: -1}]}}}]",
        "initializing profiles: creating profile for scheduler name default-scheduler: score "
        + "plugin \"NodeAffinity\" has the weight -1: it must be positive")]
    [TestCase("profiles: [{plugins: {multiPoint: {disabled: [{name: PrioritySort}]}}}]",
        "initializing profiles: creating profile for scheduler name default-scheduler: only one "
        + "queue sort plugin required for profile with scheduler name \"default-scheduler\", but "
        + "got 0")]
    [TestCase("profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]",
        "initializing profiles: creating profile for scheduler name default-scheduler: at least "
        + "one bind plugin is needed for profile with scheduler name \"default-scheduler\"")]
    [TestCase("profiles: [{pluginConfig: [{name: DefaultPreemption, args: "
        + "{minCandidateNodesPercentage: -5}}]}]", "profiles[0].pluginConfig[0].args."
        + "minCandidateNodesPercentage: Invalid value: -5: not in valid range [0, 100]")]
    [TestCase("profiles: [{pluginConfig: [{name: DefaultPreemption, args: "
        + "{minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0}}]}]",
        "[profiles[0].pluginConfig[0].args.minCandidateNodesPercentage: Invalid value: 0: cannot "
        + "be zero at the same time as minCandidateNodesAbsolute, profiles[0].pluginConfig[0].args."
        + "minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as "
        + "minCandidateNodesPercentage]")]
    [TestCase("profiles: [{pluginConfig: [{name: NodeResourcesFit, args: "
        + "{scoringStrategy: {type: Emptiest}}}]}]", "profiles[0].pluginConfig[0].args."
        + "scoringStrategy.type: Unsupported value: \"Emptiest\": supported values: "
        + "\"LeastAllocated\", \"MostAllocated\", \"RequestedToCapacityRatio\"")]
    [TestCase("profiles: [{pluginConfig: [{name: NodeResourcesFit, args: "
        + "{scoringStrategy: {resources: [{name: cpu, weight: 101}]}}}]}]",
        "profiles[0].pluginConfig[0].args.scoringStrategy.resources[0].weight: Invalid value: 101: "
        + "resource weight of cpu not in valid range (0, 100]")]
    [TestCase("profiles: [{pluginConfig: [{name: NodeResourcesFit, args: "
        + "{scoringStrategy: {type: RequestedToCapacityRatio}}}]}]",
        "profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio: Required "
        + "value: must be specified when type is RequestedToCapacityRatio")]
    [TestCase("profiles: [{pluginConfig: [{name: InterPodAffinity, args: "
        + "{hardPodAffinityWeight: 200}}]}]", "profiles[0].pluginConfig[0].args."
        + "hardPodAffinityWeight: Invalid value: 200: not in valid range [0, 100]")]
    [TestCase("profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultingType: System, "
        + "defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "
        + "DoNotSchedule}]}}]}]", "profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "
        + "\"System\": when .defaultConstraints are not empty")]
    [TestCase("profiles: [{pluginConfig: [{name: NodeAffinity, args: {}}, {name: NodeAffinity, "
        + "args: {}}]}]", "profiles[0].pluginConfig[1]: Duplicate value: \"NodeAffinity\"")]
    [TestCase("profiles: [{pluginConfig: [{name: VolumeBinding, args: {bindTimeoutSeconds: -1}}]}]",
        "profiles[0].pluginConfig[0].args.bindTimeoutSeconds: Invalid value: -1: invalid "
        + "BindTimeoutSeconds, should not be a negative value")]
    [TestCase("profiles: [{schedulerName: a}, {schedulerName: b, plugins: {queueSort: {enabled: "
        + "[{name: PrioritySort}]}}}]", "profiles[1].plugins.queueSort: Invalid value: "
        + "\"PrioritySort\": must be the same for all profiles")]
    public void A_mistake_is_told_as_the_real_scheduler_tells_it(string yaml, string message)
    {
        if (message.Length == 0)
        {
            Assert.That(SchedulerConfiguration.Parse(Head + yaml).Defaulted().Profiles[0]
                .SchedulerName, Is.EqualTo("default-scheduler"));
            return;
        }
        Assert.That(() => SchedulerConfiguration.Parse(Head + yaml),
            Throws.ArgumentException.With.Message.EqualTo(message));
    }

    [Test]
    public void Another_kind_is_no_configuration() => Assert.That(
        () => SchedulerConfiguration.Parse("apiVersion: v1\nkind: Pod\n"),
        Throws.ArgumentException.With.Message.EqualTo(
            "no kind \"Pod\" is registered for version \"v1\""));

    [TestCase("{}", "TaintToleration 3, NodeAffinity 2, NodeResourcesFit 1, "
        + "NodeResourcesBalancedAllocation 1")]
    [TestCase("{score: {disabled: [{name: '*'}], enabled: [{name: NodeAffinity, weight: 7}]}}",
        "NodeAffinity 7")]
    [TestCase("{score: {disabled: [{name: NodeAffinity}, {name: TaintToleration}]}}",
        "NodeResourcesFit 1, NodeResourcesBalancedAllocation 1")]
    [TestCase("{score: {enabled: [{name: NodeResourcesFit, weight: 5}]}}", "NodeResourcesFit 5, "
        + "TaintToleration 3, NodeAffinity 2, NodeResourcesBalancedAllocation 1")]
    [TestCase("{multiPoint: {enabled: [{name: TaintToleration, weight: 9}]}}", "TaintToleration 9, "
        + "NodeAffinity 2, NodeResourcesFit 1, NodeResourcesBalancedAllocation 1")]
    [TestCase("{multiPoint: {disabled: [{name: '*'}], enabled: [{name: PrioritySort}, "
        + "{name: DefaultBinder}, {name: NodeResourcesFit}]}}", "NodeResourcesFit 1")]
    public void Plugins_stand_in_order_with_their_weights(string plugins, string scores)
    {
        string[] known = ["TaintToleration", "NodeAffinity", "NodeResourcesFit",
            "NodeResourcesBalancedAllocation"];
        var framework = FrameworkOf($"profiles: [{{plugins: {plugins}}}]");
        Assert.That(string.Join(", ", framework.Scores.Where(s => known.Contains(s.Plugin.Name))
            .Select(s => $"{s.Plugin.Name} {s.Weight}")), Is.EqualTo(scores));
    }

    [Test]
    public void A_plugin_can_filter_without_scoring()
    {
        var framework = FrameworkOf(
            "profiles: [{plugins: {score: {disabled: [{name: TaintToleration}]}}}]");
        Assert.That(framework.Scores.Select(s => s.Plugin.Name),
            Has.None.EqualTo("TaintToleration"));
        Assert.That(framework.FilterPlugins.Select(p => p.Name),
            Has.One.EqualTo("TaintToleration"));
    }

    [Test]
    public void Two_schedulers_in_one_pack_and_spread_over_the_same_nodes()
    {
        var cluster = new Cluster(3);
        cluster.Scheduler.Configure(Head + """
            profiles:
            - schedulerName: default-scheduler
            - schedulerName: packing
              pluginConfig:
              - name: NodeResourcesFit
                args:
                  apiVersion: kubescheduler.config.k8s.io/v1
                  kind: NodeResourcesFitArgs
                  scoringStrategy:
                    type: MostAllocated
                    resources: [{name: cpu, weight: 1}]
              plugins:
                score: {disabled: [{name: NodeResourcesBalancedAllocation}]}
            """);
        for (var i = 0; i < 3; i++)
        {
            foreach (var name in (string[])["default-scheduler", "packing"])
            {
                var pod = SchedulerQueueTests.Wanting($"{name}-{i}", "500m");
                cluster.Create(pod with { Spec = pod.Spec with { SchedulerName = name } });
                cluster.Converge();
            }
        }
        int Nodes(string name) => cluster.List<Pod>().Where(p => p.Spec.SchedulerName == name)
            .Select(p => p.Spec.NodeName).Distinct().Count();
        Assert.That((Nodes("packing"), cluster.List<Pod>().All(p => p.IsScheduled)),
            Is.EqualTo((1, true)));
        Assert.That(Nodes("default-scheduler"), Is.GreaterThan(1));
    }

    [Test]
    public void A_second_scheduler_runs_beside_the_first()
    {
        var cluster = new Cluster(2);
        cluster.Scheduler.Run("mine", new()
        {
            Profiles = [new() { SchedulerName = "mine" }],
            Algorithm = (_, nodes) => nodes[^1].Name,
        });
        var pod = SchedulerQueueTests.Wanting("web");
        cluster.Create(pod with { Spec = pod.Spec with { SchedulerName = "mine" } });
        cluster.Create(SchedulerQueueTests.Wanting("other"));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("web").Spec.NodeName, Is.EqualTo("node-2"));
        Assert.That(cluster.Get<Pod>("other").IsScheduled);
        var told = cluster.List<Event>().Single(e => e.InvolvedObject.Name == "web"
            && e.Reason == "Scheduled");
        Assert.That(told.ReportingComponent, Is.EqualTo("mine"));
    }

    [Test]
    public void A_plugin_of_ones_own_counts_and_is_replayed()
    {
        var cluster = new Cluster(3);
        cluster.Scheduler.Add(() => new Favourite("node-2"), weight: 100);
        for (var i = 0; i < 4; i++)
        {
            cluster.Create(SchedulerQueueTests.Wanting($"web-{i}"));
        }
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.NodeName), Is.All.EqualTo("node-2"));

        var digest = cluster.Digest;
        Assert.That(cluster.Fork().Digest, Is.EqualTo(digest));
        cluster.Rewind(steps: 3);
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.NodeName), Is.All.EqualTo("node-2"));
        Assert.That(() => cluster.Scheduler.Add(() => new Favourite("node-3")),
            Throws.ArgumentException.With.Message.EndsWith(
                "a plugin named Favourite already exists"));
    }

    [Test]
    public void A_whole_algorithm_is_one_function()
    {
        var cluster = new Cluster(3);
        cluster.Scheduler.Use((pod, nodes) => pod.Metadata.Name switch
        {
            "nowhere" => null,
            "elsewhere" => "node-9",
            "fails" => throw new InvalidOperationException("no idea"),
            _ => "node-2",
        });
        foreach (var name in (string[])["nowhere", "elsewhere", "fails", "web"])
        {
            cluster.Create(SchedulerQueueTests.Wanting(name));
        }
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Get<Pod>("web").Spec.NodeName, Is.EqualTo("node-2"));
        Assert.That(Message(cluster, "nowhere"), Is.EqualTo(
            "0/3 nodes are available: the algorithm chose no node. no new claims to deallocate, "
            + "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming "
            + "pod.").Or.EqualTo("0/3 nodes are available: the algorithm chose no node."));
        Assert.That(Message(cluster, "elsewhere"), Is.EqualTo(
            "running PreFilter plugin \"Algorithm\": there is no node \"node-9\""));
        Assert.That(Message(cluster, "fails"), Is.EqualTo(
            "running PreFilter plugin \"Algorithm\": no idea"));

        cluster.Scheduler.Use(null);
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.List<Pod>().All(p => p.IsScheduled));
    }

    [TestCase("filter", "running \"Broken\" filter plugin: it broke")]
    [TestCase("score", "running Score plugins: plugin \"Broken\" failed with: it broke")]
    [TestCase("range", "applying score defaultWeights on Score plugins: plugin \"Broken\" returns "
        + "an invalid score 101, it should in the range of [0, 100] after normalizing")]
    [TestCase("prefilter", "running PreFilter plugin \"Broken\": it broke")]
    [TestCase("reserve", "running Reserve plugin \"Broken\": it broke")]
    public void A_plugin_that_fails_is_told_and_the_queue_goes_on(string point, string message)
    {
        var cluster = new Cluster(2);
        cluster.Scheduler.Add(() => new Broken(point));
        cluster.Create(SchedulerQueueTests.Wanting("cursed"));
        cluster.Create(SchedulerQueueTests.Wanting("web"));
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(Message(cluster, "cursed"), Is.EqualTo(message));
        Assert.That(cluster.Get<Pod>("cursed").Condition("PodScheduled")!.Reason,
            Is.EqualTo("SchedulerError"));
        Assert.That(cluster.Get<Pod>("web").IsScheduled);
    }

    [Test]
    public void What_has_no_effect_here_is_said() => Assert.That(
        new Cluster(1).Scheduler.Configure(Head + "parallelism: 32\nleaderElection: {}\n"),
        Is.EquivalentTo(new[] { "leaderElection", "parallelism" }));

    [Test]
    public void A_decision_can_be_looked_at_in_full()
    {
        var cluster = new Cluster(3);
        cluster.Create(SchedulerQueueTests.Wanting("big", "3"));
        cluster.Converge();
        var taken = cluster.Get<Pod>("big").Spec.NodeName;
        cluster.Patch<Node>("", taken == "node-3" ? "node-2" : "node-3",
            """{"spec":{"unschedulable":true}}""");

        var record = cluster.Scheduler.Decide(SchedulerQueueTests.Wanting("web", "2"));
        var full = record.Nodes.Single(n => n.Node == taken);
        var free = record.Nodes.Single(n => n.Verdict.IsSuccess);
        Assert.That(full.Verdict.Message, Is.EqualTo("Insufficient cpu"));
        Assert.That(full.Filters.Single(f => !f.Status.IsSuccess).Plugin,
            Is.EqualTo("NodeResourcesFit"));
        Assert.That((record.AllNodes, record.Chosen), Is.EqualTo((3, free.Node)));
        Assert.That(free.Scores, Is.Empty, "the only node is not scored");

        var choice = cluster.Scheduler.Decide(SchedulerQueueTests.Wanting("small", "500m"));
        var scored = choice.Nodes.Where(n => n.Verdict.IsSuccess).ToList();
        Assert.That(scored, Has.Count.EqualTo(2));
        Assert.That(choice.Chosen, Is.EqualTo(scored.MaxBy(n => n.Total)!.Node));
        var score = scored.Single(n => n.Node == taken).Scores
            .Single(s => s.Plugin == "NodeResourcesFit");
        Assert.That((score.Raw, score.Normalized, score.Weighted), Is.EqualTo((54L, 54L, 54L)),
            "the mean of 12 (of 4 CPUs 500m are left) and 97 (of the memory, 200Mi a pod)");
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(1), "nothing came of it");

        var refused = cluster.Scheduler.Decide(SchedulerQueueTests.Wanting("huge", "9"));
        Assert.That((refused.Chosen, refused.Message), Is.EqualTo(((string?)null,
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. no new "
            + "claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not "
            + "helpful for scheduling.")));
    }

    private static SchedulingFramework FrameworkOf(string yaml)
    {
        var read = SchedulerConfiguration.Parse(Head + yaml);
        return read.Build(read.Defaulted().Profiles[0]);
    }

    private static string? Message(Cluster cluster, string pod) => cluster.List<Event>()
        .First(e => e.InvolvedObject.Name == pod && e.Reason == "FailedScheduling").Message;

    private sealed class Favourite(string node) : IScorePlugin
    {
        public string Name => "Favourite";

        public long Score(CycleState state, Pod pod, NodeInfo info) => info.Name == node ? 100 : 0;
    }

    private sealed class Broken(string point)
        : IPreFilterPlugin, IFilterPlugin, IScorePlugin, IReservePlugin
    {
        public string Name => "Broken";

        public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
            Break("prefilter", pod);

        public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
            Break("filter", pod);

        public long Score(CycleState state, Pod pod, NodeInfo node) =>
            Break("score", pod).IsSuccess && point == "range" && pod.Metadata.Name == "cursed"
                ? 101 : 0;

        public PluginStatus Reserve(CycleState state, Pod pod, string node) =>
            Break("reserve", pod);

        public void Unreserve(CycleState state, Pod pod, string node)
        {
            // There is nothing to give back.
        }

        private PluginStatus Break(string here, Pod pod) =>
            here != point || pod.Metadata.Name != "cursed" ? PluginStatus.Success
                : throw new InvalidOperationException("it broke");
    }
}
