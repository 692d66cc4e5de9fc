using NUnit.Framework;
using static KubeSim.Tests.SchedulerQueueTests;

namespace KubeSim.Tests;

/// <summary>What a scheduler is told: what it makes of it, and what it refuses.</summary>
public sealed class SchedulerConfigurationTests
{
    private const string Head = """
        apiVersion: kubescheduler.config.k8s.io/v1
        kind: KubeSchedulerConfiguration

        """;

    private static IEnumerable<TestCaseData> Mistakes() =>
        Data.Lines("scheduler-configuration.tsv").Select(line => line.Split('\t'))
            .Select(c => new TestCaseData(c[0], c[1]).SetArgDisplayNames(c[0]));

    [TestCaseSource(nameof(Mistakes))]
    public void A_mistake_is_told_as_the_real_scheduler_tells_it(string yaml, string message)
    {
        yaml = yaml == "{}" ? "" : yaml;
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
                var pod = Wanting($"{name}-{i}", "500m");
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
        var pod = Wanting("web");
        cluster.Create(pod with { Spec = pod.Spec with { SchedulerName = "mine" } });
        cluster.Create(Wanting("other"));
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
            cluster.Create(Wanting($"web-{i}"));
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
            cluster.Create(Wanting(name));
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
        cluster.Create(Wanting("cursed"));
        cluster.Create(Wanting("web"));
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(Message(cluster, "cursed"), Is.EqualTo(message));
        Assert.That(cluster.Get<Pod>("cursed").Condition("PodScheduled")!.Reason,
            Is.EqualTo("SchedulerError"));
        Assert.That(cluster.Get<Pod>("web").IsScheduled);
    }

    [Test]
    public void A_gang_waits_at_Permit_until_it_is_whole_or_time_is_up()
    {
        var cluster = new Cluster(2);
        cluster.Scheduler.Add(() => new Gang(3));
        cluster.Create(Wanting("one"));
        cluster.Create(Wanting("two"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.List<Pod>().Any(p => p.IsScheduled), Is.False);
        cluster.Create(Wanting("three"));
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(cluster.List<Pod>().All(p => p.IsScheduled));

        var lonely = new Cluster(2);
        lonely.Scheduler.Add(() => new Gang(3));
        lonely.Create(Wanting("one"));
        lonely.Run(TimeSpan.FromMinutes(16));
        Assert.That(Message(lonely, "one"), Does.Contain(
            "rejected due to timeout after waiting 15m0s at plugin Gang"));
    }

    [Test]
    public void Two_configurations_are_compared_over_one_workload()
    {
        var cluster = new Cluster(4);
        const string Packing = Head + """
            profiles:
            - pluginConfig:
              - name: NodeResourcesFit
                args: {scoringStrategy: {type: MostAllocated}}
              plugins:
                score: {disabled: [{name: NodeResourcesBalancedAllocation}]}
            """;
        var comparison = cluster.Scheduler.Compare(SchedulerConfiguration.Parse(Head),
            SchedulerConfiguration.Parse(Packing), fork =>
            {
                for (var i = 0; i < 8; i++)
                {
                    fork.Create(Wanting($"web-{i}", "500m"));
                    fork.Converge();
                }
                fork.Create(Wanting("huge", "9"));
            });
        var (spread, packed) = (comparison.First, comparison.Second);
        Assert.That((spread.Empty, packed.Empty), Is.EqualTo((0, 3)));
        Assert.That((spread.Cpu, packed.Cpu), Is.EqualTo((0.25, 0.25)));
        Assert.That((spread.Unevenness, packed.Unevenness),
            Is.EqualTo((0.0, Math.Sqrt(3) / 4)).Within(1e-9));
        Assert.That(packed.Pending.Single().Pod, Is.EqualTo("huge"));
        Assert.That(cluster.List<Pod>(), Is.Empty, "the cluster itself has seen nothing of it");
        Assert.That($"{comparison}", Does.Match(@"all +8 +25% +0% +8 +25% +0%\s"));
        Assert.That($"{comparison}", Does.Contain("pending (second): huge: 0/4 nodes are"));
    }

    [Test]
    public void What_has_no_effect_here_is_said() => Assert.That(
        new Cluster(1).Scheduler.Configure(Head + "parallelism: 32\nleaderElection: {}\n"),
        Is.EquivalentTo(new[] { "leaderElection", "parallelism" }));

    [Test]
    public void A_decision_can_be_looked_at_in_full()
    {
        var cluster = new Cluster(3);
        cluster.Create(Wanting("big", "3"));
        cluster.Converge();
        var taken = cluster.Get<Pod>("big").Spec.NodeName;
        cluster.Patch<Node>("", taken == "node-3" ? "node-2" : "node-3",
            """{"spec":{"unschedulable":true}}""");

        var record = cluster.Scheduler.Decide(Wanting("web", "2"));
        var full = record.Nodes.Single(n => n.Node == taken);
        var free = record.Nodes.Single(n => n.Verdict.IsSuccess);
        Assert.That(full.Verdict.Message, Is.EqualTo("Insufficient cpu"));
        Assert.That(full.Filters.Single(f => !f.Status.IsSuccess).Plugin,
            Is.EqualTo("NodeResourcesFit"));
        Assert.That((record.AllNodes, record.Chosen), Is.EqualTo((3, free.Node)));
        Assert.That(free.Scores, Is.Empty, "the only node is not scored");

        var choice = cluster.Scheduler.Decide(Wanting("small", "500m"));
        var scored = choice.Nodes.Where(n => n.Verdict.IsSuccess).ToList();
        Assert.That(scored, Has.Count.EqualTo(2));
        Assert.That(choice.Chosen, Is.EqualTo(scored.MaxBy(n => n.Total)!.Node));
        var score = scored.Single(n => n.Node == taken).Scores
            .Single(s => s.Plugin == "NodeResourcesFit");
        Assert.That((score.Raw, score.Normalized, score.Weighted), Is.EqualTo((54L, 54L, 54L)),
            "the mean of 12 (of 4 CPUs 500m are left) and 97 (of the memory, 200Mi a pod)");
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(1), "nothing came of it");

        var refused = cluster.Scheduler.Decide(Wanting("huge", "9"));
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

    // Members that wait are counted until all are there.
    private sealed class Gang(int size) : IPermitPlugin
    {
        private readonly HashSet<string> members = [];

        public string Name => "Gang";

        public PluginStatus Permit(CycleState state, Pod pod, string node)
        {
            members.Add(pod.Metadata.Uid);
            return members.Count >= size ? PluginStatus.Success
                : PluginStatus.Of(PluginCode.Wait, Name, []);
        }
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
