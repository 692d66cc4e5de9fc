using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Pods that nobody but the pod garbage collector ends.</summary>
public sealed class PodGarbageTests
{
    private static Cluster Given(int threshold = 12_500) =>
        new(nodes: 2, latency: Latency.None, components:
        [
            new("pod-garbage-collector-controller", _ => new PodGarbageCollector(threshold)),
        ]);

    private static Pod Pod(Cluster cluster, string name, string? node, string phase = "Running")
    {
        var pod = cluster.Create(new Pod
        {
            Metadata = new() { Name = name, Namespace = "default", Finalizers = ["a.io/seen"] },
            Spec = new() { NodeName = node, Containers = [new() { Name = "c", Image = "nginx" }] },
        });
        return cluster.UpdateStatus(pod with { Status = pod.Status with { Phase = phase } });
    }

    private static void Pass(Cluster cluster, double seconds) =>
        cluster.Run(TimeSpan.FromSeconds(seconds));

    private static string[] Ending(Cluster cluster) => [.. cluster.List<Pod>()
        .Where(pod => pod.IsTerminating && pod.Metadata.DeletionGracePeriodSeconds == 0)
        .Select(pod => $"{pod.Metadata.Name} {pod.Status.Phase}")];

    [Test]
    public void Pods_of_a_node_that_is_gone_go_at_the_look_after_forty_seconds()
    {
        var cluster = Given();
        Pod(cluster, "a", "node-1");
        Pod(cluster, "b", "node-2");
        Pass(cluster, 5);
        cluster.Delete(cluster.Find<Node>("", "node-1")!);
        Pass(cluster, 54.9);
        Assert.That(Ending(cluster), Is.Empty, "found missing at 0:20");
        Pass(cluster, 0.2);
        Assert.That(Ending(cluster), Is.EqualTo(new[] { "a Failed" }));
        var pod = cluster.Get<Pod>("a");
        var told = pod.Condition("DisruptionTarget")!;
        Assert.That((told.Status, told.Reason, told.Message),
            Is.EqualTo(("True", "DeletionByPodGC", "PodGC: node no longer exists")));
    }

    [Test]
    public void A_node_that_comes_back_in_time_keeps_its_pods()
    {
        var cluster = Given();
        Pod(cluster, "a", "node-1");
        cluster.Delete(cluster.Find<Node>("", "node-1")!);
        Pass(cluster, 30);
        cluster.Create(Bootstrap.NewNode("node-1"));
        Pass(cluster, 120);
        Assert.That(Ending(cluster), Is.Empty);
    }

    [Test]
    public void A_cache_that_has_not_heard_of_a_node_kills_nobody()
    {
        var cluster = Given();
        cluster.Faults.Hold("pod-garbage-collector-controller:Node");
        cluster.Create(Bootstrap.NewNode("node-3"));
        Pod(cluster, "a", "node-3");
        Pass(cluster, 120);
        Assert.That(Ending(cluster), Is.Empty);
    }

    [TestCase(true, true, 1)]
    [TestCase(true, false, 0)]
    [TestCase(false, true, 0)]
    public void Terminating_pods_of_a_node_out_of_service_go(bool tainted, bool lost, int gone)
    {
        var cluster = Given();
        Pod(cluster, "a", "node-1");
        Pod(cluster, "stays", "node-1");
        cluster.Delete(cluster.Get<Pod>("a"));
        var node = cluster.Find<Node>("", "node-1")!;
        node = cluster.Update(node with
        {
            Spec = node.Spec with
            {
                Taints = tainted
                    ? [new() { Key = PodGarbageCollector.OutOfService, Effect = "NoExecute" }] : [],
            },
        });
        cluster.UpdateStatus(node with
        {
            Status = node.Status with
            {
                Conditions = [new() { Type = "Ready", Status = lost ? "Unknown" : "True" }],
            },
        });
        Pass(cluster, 20);
        Assert.That(Ending(cluster), Has.Length.EqualTo(gone));
        Assert.That(gone == 0 || cluster.Get<Pod>("a").Condition("DisruptionTarget") is null);
    }

    [Test]
    public void A_pod_that_ends_before_it_is_bound_goes()
    {
        var cluster = Given();
        Pod(cluster, "a", null, "Pending");
        cluster.Delete(cluster.Get<Pod>("a"), new() { GracePeriodSeconds = 30 });
        Pass(cluster, 20);
        Assert.That(cluster.Get<Pod>("a").Status.Phase, Is.EqualTo("Pending").Or.EqualTo("Failed"));
        Assert.That(Ending(cluster), Has.Length.EqualTo(1));
    }

    [Test]
    public void Of_too_many_finished_pods_the_evicted_and_then_the_oldest_go()
    {
        var cluster = Given(threshold: 2);
        foreach (var name in new[] { "c", "b", "evicted", "a" })
        {
            Pass(cluster, 1);
            var pod = Pod(cluster, name, "node-1", "Failed");
            if (name == "evicted")
            {
                cluster.UpdateStatus(
                    pod with { Status = pod.Status with { Reason = "Evicted" } });
            }
        }
        Pass(cluster, 20);
        Assert.That(Ending(cluster), Is.EqualTo(new[] { "c Failed", "evicted Failed" }));
    }

    [Test]
    public void A_whole_cluster_replaces_the_pods_of_a_node_that_was_removed()
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Kubectl("create deployment web --image=nginx --replicas=3");
        cluster.Converge();
        var pod = cluster.List<Pod>()[0];
        cluster.Faults.Crash($"kubelet/{pod.Spec.NodeName}");
        cluster.Delete(cluster.Find<Node>("", pod.Spec.NodeName!)!);
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Select(p => p.Metadata.Name),
            Does.Not.Contain(pod.Metadata.Name));
        Assert.That(cluster.List<Pod>().Count(p => p.IsReady), Is.EqualTo(3));
        Assert.That(cluster.List<Lease>(), Has.Count.EqualTo(2));
    }
}
