using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>ReplicationControllers: what ReplicaSets do, in the older form.</summary>
public sealed class ReplicationControllerTests
{
    private static Cluster Web()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply("""
            {"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"web"},"spec":{
              "replicas":3,"template":{"metadata":{"labels":{"app":"web"}},"spec":{
                "terminationGracePeriodSeconds":1,
                "containers":[{"name":"c","image":"nginx:1"}]}}}}
            """);
        cluster.Converge();
        return cluster;
    }

    [Test]
    public void It_keeps_its_number_and_says_so()
    {
        var cluster = Web();
        cluster.Delete(cluster.List<Pod>()[0]);
        cluster.Kubectl("scale rc/web --replicas=4");
        cluster.Converge();

        Assert.That(cluster.Get<ReplicationController>("web").Status, Is.EqualTo(
            new ReplicationControllerStatus
            {
                Replicas = 4, FullyLabeledReplicas = 4, ReadyReplicas = 4, AvailableReplicas = 4,
                ObservedGeneration = 2,
            }));
        Assert.That(cluster.List<Event>("default").Where(e =>
            e.InvolvedObject.Kind == "ReplicationController").Select(e =>
            $"{e.Source!.Component} {e.Reason}"), Has.Exactly(5).EqualTo(
            "replication-controller SuccessfulCreate"));
        Assert.That(cluster.Kubectl("get rc").Out, Does.StartWith(
            "NAME   DESIRED   CURRENT   READY   AGE\nweb    4         4         4"));
    }

    [Test]
    public void It_lets_go_of_what_it_does_not_select_and_takes_it_back()
    {
        var cluster = Web();
        var pod = cluster.List<Pod>()[0];
        cluster.Patch<Pod>("default", pod.Metadata.Name, """{"metadata":{"labels":{"app":"x"}}}""");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>(pod.Metadata.Name).ControllerOwner, Is.Null);
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(4));

        cluster.Patch<Pod>("default", pod.Metadata.Name,
            """{"metadata":{"labels":{"app":"web"}}}""");
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Select(p => p.ControllerOwner?.Kind),
            Is.EqualTo(new[] { "ReplicationController", "ReplicationController",
                "ReplicationController" }));
    }

    [Test]
    public void What_is_refused_is_a_condition_until_it_is_not()
    {
        var cluster = Web();
        cluster.Kubectl("create quota q --hard=pods=3");
        cluster.Converge();
        cluster.Kubectl("scale rc/web --replicas=4");
        cluster.Run(TimeSpan.FromSeconds(5));
        var failure = cluster.Get<ReplicationController>("web").Status.Conditions.Single();
        Assert.That((failure.Type, failure.Reason), Is.EqualTo(("ReplicaFailure", "FailedCreate")));

        cluster.Kubectl("delete quota q");
        cluster.Run(TimeSpan.FromMinutes(30));
        Assert.That(cluster.Get<ReplicationController>("web").Status.Conditions, Is.Empty);
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(4));
    }

    [Test]
    public void No_order_of_delivery_makes_a_pod_too_many()
    {
        var found = Explore.Runs(Web, "no more than asked for",
            c => c.List<Pod>().Count(p => p.IsActive) <= 5,
            c => c.List<Pod>().Count(p => p.IsReady) == 5, "replicationcontroller-controller",
            new()
            {
                Runs = 60,
                Inputs = [(TimeSpan.FromSeconds(1), c => c.Patch<ReplicationController>(
                    "default", "web", """{"spec":{"replicas":5}}"""))],
            });

        Assert.That(found.Failure, Is.Null, found.ToString());
    }
}
