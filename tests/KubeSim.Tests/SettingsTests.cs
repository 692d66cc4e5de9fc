using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The flags of the real binaries, and that each does here what it does there.</summary>
public sealed class SettingsTests
{
    private static Cluster With(string flag, string value, int nodes = 3) => new(new()
    {
        Components = Bootstrap.Components(),
        Objects = Bootstrap.Objects(nodes),
        Settings = Settings.Default.With(flag, value),
    });

    [Test]
    public void Every_flag_takes_its_own_default()
    {
        Assert.That(KnownFlags.All.Select(f => $"{f}"), Is.Unique);
        foreach (var flag in KnownFlags.All)
        {
            Assert.That(() => Settings.Default.With($"{flag}", flag.Default), Throws.Nothing);
        }
    }

    [TestCase("kube-schedular.x", "1",
        "unknown component \"kube-schedular\", did you mean \"kube-scheduler\"?")]
    [TestCase("kubelet.max-pod", "1",
        "kubelet: unknown flag \"max-pod\", did you mean \"max-pods\"?")]
    [TestCase("flanneld.sync", "1",
        "flanneld: unknown flag \"sync\"; known are Backend.Type, ip-masq, "
        + "kube-subnet-mgr")]
    [TestCase("kubelet.max-pods", "-1",
        "kubelet.max-pods: \"-1\" is not a whole number from 0 on")]
    [TestCase("max-pods", "1", "\"max-pods\" is no COMPONENT.FLAG, such as "
        + "kube-controller-manager.node-monitor-grace-period")]
    public void A_mistake_names_what_was_meant(string flag, string value, string message) =>
        Assert.That(() => Settings.Default.With(flag, value),
            Throws.ArgumentException.With.Message.EqualTo(message));

    [TestCase("50s", false)]
    [TestCase("20s", true)]
    public void A_short_grace_period_finds_a_lost_node_sooner(string grace, bool lost)
    {
        var cluster = With("kube-controller-manager.node-monitor-grace-period", grace);
        cluster.Run(TimeSpan.FromSeconds(1));
        cluster.Faults.Crash("node-2");
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Get<Node>("node-2").IsReady, Is.EqualTo(!lost));
    }

    [Test]
    public void Pods_tolerate_a_lost_node_for_as_long_as_the_server_is_told()
    {
        var cluster = With("kube-apiserver.default-unreachable-toleration-seconds", "30");
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: p}, "
            + "spec: {containers: [{name: c, image: nginx}]}}");
        Assert.That(cluster.Get<Pod>("p").Spec.Tolerations.Select(t => t.TolerationSeconds),
            Is.EqualTo(new[] { 300, 30 }));
    }

    [Test]
    public void A_node_takes_as_many_pods_as_its_kubelet_is_told() => Assert.That(
        With("kubelet.max-pods", "30").List<Node>().Select(n => $"{n.Status.Allocatable["pods"]}"),
        Is.All.EqualTo("30"));

    [Test]
    public void Slices_hold_as_many_endpoints_as_the_manager_is_told()
    {
        var cluster = With("kube-controller-manager.max-endpoints-per-slice", "2");
        cluster.Apply("""
            {apiVersion: v1, kind: Service, metadata: {name: web},
             spec: {selector: {app: web}, ports: [{port: 80}]}}
            ---
            apiVersion: apps/v1
            kind: ReplicaSet
            metadata: {name: web}
            spec:
              replicas: 5
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: c, image: nginx}]}
            """);
        cluster.Converge();
        Assert.That(cluster.List<EndpointSlice>().Where(s => s.Metadata.Name != "kubernetes")
            .Select(s => s.Endpoints.Count), Is.All.InRange(1, 2).And.Exactly(3).Items);
    }

    [Test]
    public void An_event_is_kept_for_as_long_as_the_server_is_told()
    {
        var cluster = With("kube-apiserver.event-ttl", "2m");
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: p}, "
            + "spec: {containers: [{name: c, image: nginx}]}}");
        cluster.Converge();
        Assert.That(cluster.Kubectl("get events").Out, Does.Contain("Scheduled"));
        cluster.Run(TimeSpan.FromMinutes(4));
        Assert.That(cluster.Kubectl("get events").Out, Does.Not.Contain("Scheduled"));
    }

    [Test]
    public void A_pod_that_fits_nowhere_is_tried_again_when_the_scheduler_is_told()
    {
        var cluster = With("kube-scheduler.pod-max-in-unschedulable-pods-duration", "1m");
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: "
            + "[{name: c, image: nginx, resources: {requests: {cpu: 9}}}]}}");
        var steps = 0;
        cluster.Stepped = s => steps += s.Component == "default-scheduler" ? 1 : 0;
        // Who has waited for more than a minute is looked for every 30 s.
        cluster.Run(TimeSpan.FromSeconds(100));
        Assert.That(steps, Is.EqualTo(2));
    }

    [TestCase(3, "10.244.0.0/16", "10.244.3.0/24")]
    [TestCase(255, "10.244.0.0/16", "10.244.255.0/24")]
    [TestCase(256, "10.244.0.0/15", "10.245.0.0/24")]
    [TestCase(5000, "10.224.0.0/11", "10.243.136.0/24")]
    public void The_range_of_the_pods_holds_those_of_all_nodes(int nodes, string all, string last)
    {
        var options = Bootstrap.Complete(new() { Objects = Bootstrap.Objects(nodes) });
        var ranges = options.Objects.OfType<Node>().Select(n => n.Spec.PodCIDR!).ToList();
        var whole = System.Net.IPNetwork.Parse(all);
        Assert.Multiple(() =>
        {
            Assert.That(options.Settings.Get(KnownFlags.ClusterCidr), Is.EqualTo(all));
            Assert.That(ranges[^1], Is.EqualTo(last));
            Assert.That(ranges, Is.Unique);
            Assert.That(ranges.TrueForAll(r =>
                whole.Contains(System.Net.IPNetwork.Parse(r).BaseAddress)));
            Assert.That(KubeProxyOptions.Of(options.Settings).ClusterCidr, Is.EqualTo(all));
        });
    }

    [Test]
    public void A_range_too_small_for_the_nodes_is_refused() => Assert.That(
        () => With("kube-controller-manager.cluster-cidr", "10.0.0.0/23", nodes: 2),
        Throws.ArgumentException.With.Message.EqualTo("kube-controller-manager.cluster-cidr: "
            + "10.0.0.0/23 has 2 ranges of /24 for the control plane and its nodes; node 2 finds "
            + "none left"));
}
