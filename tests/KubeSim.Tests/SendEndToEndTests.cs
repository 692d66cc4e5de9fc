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
    public void A_service_leads_to_the_pods_of_a_deployment_as_long_as_there_are_any()
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Apply("""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 3
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}]}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client}
            spec: {containers: [{name: main, image: busybox, command: [sleep, "3600"]}]}
            """);
        cluster.Converge();
        var reached = Enumerable.Range(0, 30)
            .Select(_ => cluster.Send("client", "http://web").Receiver?.Name).Distinct();
        Assert.That(reached, Is.EquivalentTo(cluster.List<Pod>("default")
            .Where(p => p.Metadata.Name != "client").Select(p => p.Metadata.Name)));
        cluster.Patch<Deployment>("default", "web", """{"spec":{"replicas":0}}""");
        cluster.Converge();
        Assert.That(cluster.Send("client", "http://web").Outcome,
            Is.EqualTo(SendOutcome.Refused));
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
