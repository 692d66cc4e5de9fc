using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A decision of the scheduler, taken or imagined, is told in full.</summary>
public sealed class SchedulerExplainTests
{
    private static string Wants(string name, string cpu, string more = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}} }
        spec:
          containers:
          - { name: main, image: "nginx:1.27", resources: { requests: { cpu: "{{cpu}}" } } }
          {{more}}
        """;

    private static Cluster With(int nodes, params string[] pods)
    {
        var cluster = new Cluster(nodes);
        foreach (var pod in pods)
        {
            cluster.Apply(pod);
            cluster.Converge();
        }
        return cluster;
    }

    [Test]
    public void A_decision_that_was_taken_is_told_over_the_state_of_that_time()
    {
        var cluster = With(2, Wants("old", "3"), Wants("web", "1"));
        var before = $"{cluster.Scheduler.Explain(cluster.Get<Pod>("web"))}";
        var node = cluster.Get<Pod>("web").Spec.NodeName!;
        cluster.Apply(Wants("late", "3"));
        cluster.Converge();
        cluster.Kubectl($"taint node {node} gone=wrong:NoSchedule");

        var told = cluster.Scheduler.Explain(cluster.Get<Pod>("web"));
        Assert.That($"{told}", Is.EqualTo(before), "what came later says nothing of it");
        Assert.That((told.Bound, told.Record.Chosen, told.Chosen), Is.EqualTo((node, node, node)));
        Assert.That(told.Summary,
            Is.EqualTo($"2 of 2 nodes looked at, 2 will do: {node} has the highest sum"));
        Assert.That(cluster.At(told.At).Find<Pod>("default", "web")!.IsScheduled);
        Assert.That(cluster.At(told.At.Value - 1).Find<Pod>("default", "web")!.IsScheduled,
            Is.False);
    }

    [Test]
    public void Sums_are_those_of_the_weighted_scores_and_the_best_is_chosen()
    {
        var cluster = With(3, Wants("old", "3"), Wants("web", "1"));
        var record = cluster.Scheduler.Explain(cluster.Get<Pod>("web")).Record;

        Assert.That(record.Nodes, Has.Count.EqualTo(3));
        foreach (var node in record.Nodes)
        {
            Assert.That(node.Total, Is.EqualTo(node.Scores.Sum(s => s.Normalized * s.Weight)));
        }
        Assert.That(record.Ties, Has.Count.EqualTo(2), "two are empty");
        Assert.That(record.Ties.AsSpan().Contains(cluster.Get<Pod>("web").Spec.NodeName!));
    }

    [Test]
    public void An_imagined_pod_gets_what_the_API_server_would_give_it_and_changes_nothing()
    {
        var cluster = With(1, """
            apiVersion: scheduling.k8s.io/v1
            kind: PriorityClass
            metadata: { name: urgent }
            value: 1000
            """, Wants("old", "3"));
        var (at, digest) = (cluster.Revision, cluster.Digest);
        var told = cluster.Scheduler.Explain(Wants("now", "2", "priorityClassName: urgent"));

        Assert.That((cluster.Revision, cluster.Digest), Is.EqualTo((at, digest)));
        Assert.That(told.Record.Pod.Spec.Priority, Is.EqualTo(1000));
        Assert.That((told.Chosen, told.Record.Nominated), Is.EqualTo(((string?)null, "node-1")));
        Assert.That($"{told}", Does.Contain("room on node-1 without old\n")
            .And.Contain("not node-1: NodeResourcesFit: Insufficient cpu\n"));
    }

    [Test]
    public void A_pending_pod_is_told_the_words_of_its_event()
    {
        var cluster = With(2, Wants("huge", "9"));
        Assert.That(cluster.Scheduler.Explain(cluster.Get<Pod>("huge")).Record.Message, Is.EqualTo(
            cluster.List<Event>().Single(e => e.Reason == "FailedScheduling").Message));
    }

    [Test]
    public void What_speaks_against_a_pod_before_any_node_is_told_too()
    {
        var cluster = With(2, Wants("web", "1",
            "volumes: [{ name: d, persistentVolumeClaim: { claimName: none } }]"));
        Assert.That($"{cluster.Scheduler.Explain(cluster.Get<Pod>("web"))}", Does.Contain(
            "before any node is looked at: VolumeRestrictions: persistentvolumeclaim \"none\" "
            + "not found"));
    }

    [Test]
    public void Nobody_decided_about_a_pod_that_came_with_its_node()
    {
        var cluster = With(1, Wants("web", "1", "nodeName: node-1"));
        Assert.That(() => cluster.Scheduler.Explain(cluster.Get<Pod>("web")),
            Throws.ArgumentException.With.Message.Contain("nobody decided"));
        Assert.That(() => cluster.Scheduler.Explain("kind: Pod"),
            Throws.TypeOf<ManifestException>());
    }
}
