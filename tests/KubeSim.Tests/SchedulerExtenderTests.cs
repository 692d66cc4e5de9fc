using NUnit.Framework;
using static KubeSim.Tests.SchedulerQueueTests;

namespace KubeSim.Tests;

/// <summary>Extenders: what they may say in a decision, and what happens when nobody
/// answers.</summary>
public sealed class SchedulerExtenderTests
{
    private const string Address = "http://127.0.0.1:8888/scheduler";

    private static Cluster With(string verbs, ISchedulerExtender? extender = null)
    {
        var cluster = new Cluster(3);
        cluster.Scheduler.Configure($$"""
            apiVersion: kubescheduler.config.k8s.io/v1
            kind: KubeSchedulerConfiguration
            extenders: [{urlPrefix: {{Address}}, {{verbs}}}]
            """);
        if (extender is not null)
        {
            cluster.Scheduler.Extender(Address + "/", () => extender);
        }
        return cluster;
    }

    private static string Try(Cluster cluster, Pod? pod = null)
    {
        cluster.Create(pod ?? Wanting("web"));
        cluster.Run(TimeSpan.FromSeconds(5));
        var web = cluster.Get<Pod>("web");
        return web.Condition("PodScheduled") is { Status: "False" } refused
            ? $"{refused.Reason}: {refused.Message}" : $"{web.Spec.NodeName}";
    }

    [Test]
    public void It_keeps_some_nodes_and_rates_them_from_0_to_10()
    {
        var answers = new Answers
        {
            Kept = ["node-1", "node-3"], Scores = Map.Of(("node-1", 0L), ("node-3", 10L)),
        };
        var cluster = With("filterVerb: f, prioritizeVerb: p, weight: 5", answers);
        Assert.That(Try(cluster), Is.EqualTo("node-3"));

        var record = cluster.Scheduler.Decide(Wanting("next"));
        var (first, third) = (record.Nodes.Single(n => n.Node == "node-1"),
            record.Nodes.Single(n => n.Node == "node-3"));
        Assert.That(third.Scores.Single(s => s.Plugin == Address).Weighted, Is.EqualTo(500));
        Assert.That(third.Total, Is.GreaterThan(first.Total + 400));
        Assert.That(record.Nodes.Single(n => n.Node == "node-2").Filters[^1].Plugin,
            Is.EqualTo("Extender"));
    }

    [Test]
    public void Its_reasons_are_told_and_any_change_of_the_cluster_has_the_pod_tried_again()
    {
        var answers = new Answers
        {
            Kept = [],
            Failed = Map.Of(("node-1", "no licence left"), ("node-2", "no licence left")),
        };
        var cluster = With("filterVerb: f", answers);
        Assert.That(Try(cluster), Does.StartWith(
            "Unschedulable: 0/3 nodes are available: 2 no licence left."));
        answers.Kept = ["node-2"];
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Get<Pod>("web").IsScheduled, Is.False, "nothing happened");
        cluster.Patch<Node>("", "node-1", """{"metadata":{"labels":{"licences":"9"}}}""");
        cluster.Run(TimeSpan.FromSeconds(15));
        Assert.That(cluster.Get<Pod>("web").Spec.NodeName, Is.EqualTo("node-2"));
    }

    [TestCase("http://127.0.0.1:9/x", "filterVerb: f", "SchedulerError: Post "
        + "\"http://127.0.0.1:9/x/f\": dial tcp 127.0.0.1:9: connect: connection refused")]
    [TestCase("https://extender.local", "filterVerb: f", "SchedulerError: Post "
        + "\"https://extender.local/f\": dial tcp: lookup extender.local: no such host")]
    [TestCase("http://127.0.0.1:9", "bindVerb: b", "SchedulerError: Post "
        + "\"http://127.0.0.1:9/b\": dial tcp 127.0.0.1:9: connect: connection refused")]
    [TestCase("http://127.0.0.1:9", "filterVerb: f, bindVerb: b, ignorable: true", "node-")]
    [TestCase("http://127.0.0.1:9", "prioritizeVerb: p, weight: 1", "node-")]
    public void Where_nobody_listens_the_connection_is_refused(
        string address, string verbs, string outcome)
    {
        var cluster = new Cluster(3);
        cluster.Scheduler.Configure(cluster.Scheduler.Configuration with
        {
            Extenders = SchedulerConfiguration.Parse($$"""
                apiVersion: kubescheduler.config.k8s.io/v1
                kind: KubeSchedulerConfiguration
                extenders: [{urlPrefix: '{{address}}', {{verbs}}}]
                """).Extenders,
        });
        Assert.That(Try(cluster), Does.StartWith(outcome));
    }

    [Test]
    public void What_it_throws_is_the_answer_500_and_an_error_of_its_own_is_told()
    {
        Assert.That(Try(With("filterVerb: f", new Answers())), Is.EqualTo("SchedulerError: failed "
            + $"f with extender at URL {Address}/f, code 500"));
        Assert.That(Try(With("filterVerb: f", new Answers { Kept = [], Error = "out of order" })),
            Is.EqualTo("SchedulerError: out of order"));
        Assert.That(Try(With("bindVerb: b", new Answers { Error = "not today" })),
            Is.EqualTo("SchedulerError: not today"));
        Assert.That(Try(With("bindVerb: b", new Answers())), Does.StartWith("node-"));
    }

    [Test]
    public void It_is_asked_only_about_pods_that_want_what_it_manages()
    {
        const string Managed = "filterVerb: f, managedResources: [{name: example.com/gpu, "
            + "ignoredByScheduler: true}]";
        var answers = new Answers { Kept = ["node-2"] };
        var pod = Wanting("web");
        var greedy = pod with
        {
            Spec = pod.Spec with
            {
                Containers = [pod.Spec.Containers[0] with
                {
                    Resources = new()
                    {
                        Requests = Map.Of<Quantity>(("example.com/gpu", "1")),
                        Limits = Map.Of<Quantity>(("example.com/gpu", "1")),
                    },
                }],
            },
        };
        Assert.That(Try(With(Managed, answers), greedy), Is.EqualTo("node-2"),
            "no node has one, but the scheduler does not look");
        Assert.That(answers.Asked, Is.GreaterThan(0));
        var (before, plain) = (answers.Asked, With(Managed, answers));
        Try(plain);
        Assert.That(answers.Asked, Is.EqualTo(before));
    }

    [Test]
    public void What_has_no_effect_is_said() => Assert.That(
        SchedulerConfiguration.Parse("""
            apiVersion: kubescheduler.config.k8s.io/v1
            kind: KubeSchedulerConfiguration
            extenders: [{urlPrefix: http://a, preemptVerb: p, httpTimeout: 5s}]
            """).NoEffect, Is.EqualTo((Seq<string>)["preemptVerb"]));

    // Filters only once it has been told what to keep.
    private sealed class Answers : ISchedulerExtender
    {
        public Seq<string>? Kept { get; set; }

        public Map<string> Failed { get; init; }

        public Map<long> Scores { get; init; }

        public string? Error { get; init; }

        public int Asked { get; private set; }

        public ExtenderFilterResult Filter(Pod pod, Seq<Node> nodes)
        {
            Asked++;
            return new() { NodeNames = Kept!.Value, FailedNodes = Failed, Error = Error };
        }

        public Map<long> Prioritize(Pod pod, Seq<Node> nodes) => Scores;

        public string? Bind(Pod pod, string node, ReconcileContext api)
        {
            if (Error is null)
            {
                new DefaultBinder().Bind(new(pod), pod, node, api);
            }
            return Error;
        }
    }
}
