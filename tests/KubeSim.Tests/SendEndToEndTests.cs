using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Packets through a cluster whose pods real kubelets run.</summary>
public class SendEndToEndTests
{
    private static Cluster Web()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply("""
            apiVersion: v1
            kind: Pod
            metadata: {name: web, labels: {app: web}}
            spec:
              nodeName: node-2
              containers: [{name: nginx, image: nginx}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client}
            spec:
              nodeName: node-1
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            """);
        cluster.Converge();
        return cluster;
    }

    [Test]
    public void Pods_of_two_nodes_reach_each_other()
    {
        var cluster = Web();
        var ip = cluster.Get<Pod>("web").Status.PodIP;
        var trace = cluster.Send("client", $"{ip}:80");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Answered), trace.ToString());
        Assert.That(trace.Hops.Select(h => h.Where), Does.Contain("node-2 eth0"));
    }

    [Test]
    public void A_container_answers_while_its_kubelet_is_silent()
    {
        var cluster = Web();
        var ip = cluster.Get<Pod>("web").Status.PodIP;
        cluster.Faults.Crash("kubelet/node-2");
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.That(cluster.Send("client", $"{ip}:80").Outcome, Is.EqualTo(SendOutcome.Answered));
        cluster.Faults.Crash("node-2");
        Assert.That(cluster.Send("client", $"{ip}:80").Outcome, Is.EqualTo(SendOutcome.TimedOut));
    }

    [Test]
    public void An_address_of_a_deleted_pod_has_no_route()
    {
        var cluster = Web();
        var ip = cluster.Get<Pod>("web").Status.PodIP;
        cluster.Delete(new ObjectKey(Kinds.Pod, "default", "web"));
        cluster.Converge();
        Assert.That(cluster.Send("client", $"{ip}:80").Outcome, Is.EqualTo(SendOutcome.NoRoute));
    }
}
