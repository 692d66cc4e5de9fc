using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Nodes that are machines of a cloud, and load balancers from it.</summary>
public sealed class CloudTests
{
    private static readonly TimeSpan minute = TimeSpan.FromMinutes(1);

    private static Cluster New(int nodes = 3, ulong seed = 0)
    {
        var cluster = new Cluster(nodes, seed, cloud: true);
        cluster.Converge();
        return cluster;
    }

    private static Service Balanced(Cluster cluster, string name = "web",
        Func<ServiceSpec, ServiceSpec>? change = null)
    {
        var spec = new ServiceSpec { Type = "LoadBalancer", Ports = [new() { Port = 80 }] };
        return cluster.Create(new Service
        {
            Metadata = new() { Name = name, Namespace = "default" },
            Spec = change?.Invoke(spec) ?? spec,
        });
    }

    private static string[] Told(Cluster cluster, string name, string reason = "") =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == name
                && e.Reason!.StartsWith(reason, StringComparison.Ordinal))
            .OrderBy(e => e.Metadata.ResourceVersion).Select(e => $"{e.Reason}: {e.Message}")];

    private static string Taints(Node node) => string.Join(' ', node.Spec.Taints);

    private static string? Ip(Cluster cluster, string service = "web") =>
        cluster.Get<Service>(service).Status.LoadBalancer.Ingress is [{ Ip: { } ip }] ? ip : null;

    [Test]
    public void The_nodes_of_a_cloud_are_its_machines_and_a_cluster_without_one_has_none()
    {
        var cluster = New();
        var node = cluster.Get<Node>("node-2");
        Assert.Multiple(() =>
        {
            Assert.That(node.Spec.ProviderID, Is.EqualTo("sim://eu-1b/node-2"));
            Assert.That(node.Metadata.Labels.Get("topology.kubernetes.io/zone"),
                Is.EqualTo("eu-1b"));
            Assert.That(node.Metadata.Labels.Get("failure-domain.beta.kubernetes.io/region"),
                Is.EqualTo("eu-1"));
            Assert.That(node.Metadata.Labels.Get("node.kubernetes.io/instance-type"),
                Is.EqualTo("standard-4"));
            Assert.That(node.Status.Addresses.Select(a => $"{a.Type} {a.Address}"), Is.EqualTo(
                (string[])["InternalIP 172.18.0.3", "ExternalIP 198.51.100.2", "Hostname node-2"]));
            Assert.That(node.Condition("NetworkUnavailable")!.Reason, Is.EqualTo("RouteCreated"));
            Assert.That(cluster.Cloud.Routes, Has.Exactly(3).Items);
            Assert.That($"{cluster.Cloud}", Does.StartWith(
                "zone eu-1a\n  instance node-1 standard-4 172.18.0.2 198.51.100.1\nzone eu-1b\n"));
            Assert.That($"{cluster.Kubectl("get storageclass")}", Does.Contain(
                "standard (default)   disk.csi.kubenotebooks.dev"));
            Assert.That(cluster.List<Event>(), Is.Empty, "all was done before");
        });

        var plain = new Cluster();
        plain.Converge();
        Assert.That(plain.Components, Has.None.EqualTo("cloud-node-controller"));
        Assert.That(plain.Cloud.Instances, Is.Empty);
        Assert.That(plain.Get<Node>("node-1").Spec.ProviderID, Is.Null);
        Assert.That(() => plain.Cloud.AddInstance("x"), Throws.ArgumentException.With.Message
            .Contains("cloud: true"));
    }

    [Test]
    public void A_machine_that_is_rented_boots_registers_and_becomes_a_full_node()
    {
        var cluster = New();
        cluster.Cloud.AddInstance("node-4", "standard-8", "eu-1c");
        var rented = cluster.Now;
        cluster.Run(TimeSpan.FromSeconds(29));
        Assert.That(cluster.Find<Node>("", "node-4"), Is.Null, "it boots");

        cluster.RunUntil(c => c.Find<Node>("", "node-4") is not null);
        var young = cluster.Get<Node>("node-4");
        Assert.That((cluster.Now - rented).TotalSeconds, Is.InRange(30, 46));
        Assert.That(Taints(young), Does.StartWith(
            "node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule"));
        Assert.That(young.IsReady, Is.False);
        Assert.That(young.Status.Addresses.Single().Type, Is.EqualTo("Hostname"));

        cluster.Converge();
        var node = cluster.Get<Node>("node-4");
        Assert.Multiple(() =>
        {
            Assert.That(node.IsReady);
            Assert.That(Taints(node), Is.Empty);
            Assert.That(node.Spec.ProviderID, Is.EqualTo("sim://eu-1c/node-4"));
            Assert.That(node.Spec.PodCIDR, Is.EqualTo("10.244.4.0/24"));
            Assert.That(node.Status.Allocatable.Get("cpu"), Is.EqualTo(Quantity.Parse("8")));
            Assert.That(node.Metadata.Labels.Get("beta.kubernetes.io/instance-type"),
                Is.EqualTo("standard-8"));
            Assert.That(node.Status.Addresses.Select(a => a.Type),
                Is.EqualTo((string[])["InternalIP", "ExternalIP", "Hostname"]));
            Assert.That(cluster.Cloud.Routes, Has.Some.EqualTo(
                new CloudRoute("10.244.4.0/24", "node-4")));
            Assert.That(node.Condition("NetworkUnavailable")!.Message,
                Is.EqualTo("RouteController created a route"));
            Assert.That(cluster.Find<CSINode>("", "node-4"), Is.Not.Null);
            Assert.That(Told(cluster, "node-4"), Is.EquivalentTo((string[])[
                "Synced: Node synced successfully",
                "RegisteredNode: Node node-4 event: Registered Node node-4 in Controller",
                "NodeReady: Node node-4 status is now: NodeReady"]));
        });
        cluster.Apply("""
            {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {
              nodeSelector: {topology.kubernetes.io/zone: eu-1c},
              containers: [{name: c, image: nginx, resources: {requests: {cpu: "6"}}}]}}
            """);
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("p").Status.PodIP, Does.StartWith("10.244.4."));
    }

    [Test]
    public void Until_the_cloud_answers_a_new_node_gets_no_pods()
    {
        var cluster = New(nodes: 1);
        cluster.Cloud.Fail("InstanceMetadata", "request limit exceeded");
        cluster.Cloud.AddInstance("node-2");
        cluster.Run(5 * minute);
        Assert.That(cluster.Get<Node>("node-2").IsReady, "the kubelet is well");
        Assert.That(Taints(cluster.Get<Node>("node-2")),
            Does.Contain("node.cloudprovider.kubernetes.io/uninitialized"));
        Assert.That(Told(cluster, "node-2", "Synced"), Is.Empty);

        cluster.Cloud.Recover("InstanceMetadata");
        cluster.Run(10 * minute);
        Assert.That(Taints(cluster.Get<Node>("node-2")), Is.Empty);
        Assert.That(Told(cluster, "node-2", "Synced"), Has.Exactly(1).Items);
    }

    [Test]
    public void A_machine_given_back_takes_its_node_along()
    {
        var cluster = New();
        cluster.Apply(Given.Web);
        cluster.Converge();
        var lost = cluster.List<Pod>()[0].Spec.NodeName!;
        var at = cluster.Now;
        cluster.Cloud.RemoveInstance(lost);
        cluster.RunUntil(c => c.Find<Node>("", lost) is null);
        Assert.That((cluster.Now - at).TotalSeconds, Is.InRange(40, 65), "NotReady, then asked");
        Assert.That(Told(cluster, lost, "DeletingNode"), Is.EqualTo((string[])[
            $"DeletingNode: Deleting node {lost} because it does not exist in the cloud "
            + "provider"]));

        cluster.RunUntil(c => c.List<Pod>().Count(p => p.IsReady) == 2);
        cluster.Run(minute);
        Assert.That(cluster.List<Pod>(), Has.All.Matches<Pod?>(p => p!.IsReady));
        Assert.That((cluster.Now - at).TotalMinutes, Is.LessThan(4), "not five minutes and more");
        Assert.That(cluster.Cloud.Routes.Select(r => r.Node), Has.None.EqualTo(lost));
        Assert.That(cluster.Find<CSINode>("", lost), Is.Null, "owned by the node");

        cluster.Cloud.AddInstance("node-9");
        cluster.Converge();
        Assert.That(cluster.Get<Node>("node-9").Spec.PodCIDR, Is.EqualTo($"10.244.{lost[^1]}.0/24"),
            "the range is free again");
    }

    [Test]
    public void A_machine_turned_off_keeps_its_node_which_says_so()
    {
        var cluster = New();
        var before = cluster.Cloud.Instances[1].Addresses;
        cluster.Cloud.StopInstance("node-2");
        cluster.Run(2 * minute);
        Assert.That(Taints(cluster.Get<Node>("node-2")),
            Does.Contain("node.cloudprovider.kubernetes.io/shutdown:NoSchedule"));

        cluster.Cloud.StartInstance("node-2");
        cluster.Run(6 * minute);
        var node = cluster.Get<Node>("node-2");
        Assert.That(node.IsReady);
        Assert.That(Taints(node), Is.Empty);
        Assert.That(node.Status.Addresses[0], Is.EqualTo(before[0]));
        Assert.That(node.Status.Addresses[1].Address, Is.EqualTo("198.51.100.4"),
            "the outside address is another, and is noticed within five minutes");
    }

    [Test]
    public void A_machine_stopped_while_it_boots_joins_when_it_is_started()
    {
        var cluster = New(nodes: 1);
        cluster.Cloud.AddInstance("node-2");
        cluster.Run(TimeSpan.FromSeconds(5));
        cluster.Cloud.StopInstance("node-2");
        cluster.Run(5 * minute);
        Assert.That(cluster.Find<Node>("", "node-2"), Is.Null);

        cluster.Cloud.StartInstance("node-2");
        cluster.Run(minute);
        Assert.That(cluster.Get<Node>("node-2").IsReady);
    }

    [Test]
    public void A_cloud_that_does_not_answer_deletes_nothing()
    {
        var cluster = New();
        cluster.Cloud.Fail("InstanceMetadata", "timeout");
        cluster.Cloud.RemoveInstance("node-2");
        cluster.Run(4 * minute);
        Assert.That(cluster.Get<Node>("node-2").IsReady, Is.False);

        cluster.Cloud.Recover("InstanceMetadata");
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Find<Node>("", "node-2"), Is.Null);
    }

    [Test]
    public void A_node_without_its_route_gets_no_pods()
    {
        var cluster = New(nodes: 1);
        cluster.Cloud.Fail("CreateRoute", "route table is full");
        cluster.Cloud.AddInstance("node-2");
        cluster.Run(2 * minute);
        var node = cluster.Get<Node>("node-2");
        Assert.That(node.Condition("NetworkUnavailable"), Is.EqualTo(new NodeCondition
        {
            Type = "NetworkUnavailable", Status = "True", Reason = "NoRouteCreated",
            Message = "RouteController failed to create a route",
            LastHeartbeatTime = node.Condition("NetworkUnavailable")!.LastHeartbeatTime,
            LastTransitionTime = node.Condition("NetworkUnavailable")!.LastTransitionTime,
        }));
        Assert.That(Taints(node), Does.Contain("node.kubernetes.io/network-unavailable"));
        Assert.That(Told(cluster, "node-2", "FailedToCreateRoute")[0], Does.Match(
            "^FailedToCreateRoute: Could not create route [0-9a-f-]{36} 10.244.2.0/24 for node "
            + "node-2 after 0s: route table is full$"));

        cluster.Cloud.Recover("CreateRoute");
        cluster.Run(TimeSpan.FromSeconds(11));
        Assert.That(Taints(cluster.Get<Node>("node-2")), Is.Empty);
    }

    [Test]
    public void A_load_balancer_that_fails_is_tried_again_with_back_off()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Cloud.Fail("EnsureLoadBalancer", "quota exceeded");
        Balanced(cluster);
        var attempts = new List<double>();
        cluster.Stepped = step =>
        {
            if (step.Component == "service-lb-controller" && step.Error is not null)
            {
                attempts.Add(step.Time.TimeOfDay.TotalSeconds);
            }
        };
        cluster.Run(TimeSpan.FromSeconds(320));
        Assert.That(attempts.Zip(attempts.Skip(1), (a, b) => Math.Round(b - a)),
            Is.EqualTo((double[])[5, 10, 20, 40, 80, 160]));
        Assert.That(Told(cluster, "web", "Sync"), Is.EqualTo((string[])["SyncLoadBalancerFailed: "
            + "Error syncing load balancer: failed to ensure load balancer: quota exceeded"]));
        Assert.That(cluster.List<Event>().Single(e => e.Reason == "SyncLoadBalancerFailed").Count,
            Is.EqualTo(7));
        Assert.That(cluster.Get<Service>("web").Metadata.Finalizers, Has.Exactly(1).Items);

        cluster.Cloud.Recover("EnsureLoadBalancer");
        cluster.RunUntil(c => Ip(c) is not null);
        Assert.That((cluster.Now - new DateTime(2025, 1, 1)).TotalSeconds, Is.InRange(675, 715),
            "the next attempt after 300 s, and a minute or so to make it");
    }

    [Test]
    public void A_service_stays_for_as_long_as_the_cloud_keeps_its_load_balancer()
    {
        var cluster = new Cluster(nodes: 1);
        Balanced(cluster);
        cluster.Converge();
        cluster.Cloud.Fail("EnsureLoadBalancerDeleted", "in use");
        cluster.Delete(cluster.Get<Service>("web"));
        cluster.Run(minute);
        Assert.That(cluster.Get<Service>("web").IsTerminating);
        Assert.That(Told(cluster, "web", "Sync"), Is.EqualTo((string[])["SyncLoadBalancerFailed: "
            + "Error syncing load balancer: failed to delete load balancer: in use"]));

        cluster.Cloud.Recover("EnsureLoadBalancerDeleted");
        cluster.Converge();
        Assert.That(cluster.Find<Service>("default", "web"), Is.Null);
        Assert.That(cluster.Cloud.LoadBalancers, Is.Empty);
    }

    [Test]
    public void The_nodes_behind_a_load_balancer_are_followed()
    {
        var cluster = New();
        Balanced(cluster);
        cluster.Converge();
        Assert.That(cluster.Cloud.LoadBalancers[0].Nodes,
            Is.EqualTo((Seq<string>)["node-1", "node-2", "node-3"]));

        cluster.Kubectl("label node node-1 "
            + "node.kubernetes.io/exclude-from-external-load-balancers=true");
        cluster.Cloud.RemoveInstance("node-2");
        cluster.Cloud.AddInstance("node-4");
        cluster.Run(2 * minute);
        Assert.That(cluster.Cloud.LoadBalancers[0].Nodes,
            Is.EqualTo((Seq<string>)["node-3", "node-4"]));
        Assert.That(cluster.List<Event>().Single(e => e.Reason == "UpdatedLoadBalancer").Count,
            Is.EqualTo(3), "one for each change");

        cluster.Cloud.Fail("UpdateLoadBalancer", "busy");
        cluster.Kubectl("label node node-1 "
            + "node.kubernetes.io/exclude-from-external-load-balancers-");
        cluster.Converge();
        Assert.That(Told(cluster, "web", "UpdateLoadBalancerFailed"), Is.EqualTo((string[])[
            "UpdateLoadBalancerFailed: Error updating load balancer with new hosts [node-1 node-3 "
            + "node-4] [node names limited, total number of nodes: 3], error: busy"]));
        Assert.That(cluster.Cloud.LoadBalancers[0].Nodes, Has.Exactly(3).Items,
            "the retry is a sync of the Service");
    }

    [Test]
    public void Traffic_comes_in_by_healthy_nodes_behind_the_load_balancer_alone()
    {
        var cluster = New();
        cluster.Apply(Given.Web);
        Balanced(cluster, change: s => s with { Selector = Map.Of(("app", "web")) });
        cluster.Converge();
        cluster.Kubectl("label node node-1 "
            + "node.kubernetes.io/exclude-from-external-load-balancers=true");
        cluster.Converge();
        string By() => cluster.Send("outside", $"{Ip(cluster)}:80").Hops[0].Rule;
        var entries = Enumerable.Range(0, 20).Select(_ => By()[^6..]).Distinct().Order().ToArray();
        Assert.That(entries, Is.EqualTo((string[])["node-2", "node-3"]));

        cluster.Cloud.StopInstance("node-2");
        entries = Enumerable.Range(0, 10).Select(_ => By()[^6..]).Distinct()
            .ToArray();
        Assert.That(entries, Is.EqualTo((string[])["node-3"]), "its health check fails at once");

        cluster.Cloud.StopInstance("node-3");
        Assert.That(By(), Is.EqualTo("the load balancer has no healthy node"));
    }

    [Test]
    public void What_the_cloud_need_not_know_of_a_service_does_not_trouble_it()
    {
        var cluster = new Cluster(nodes: 1);
        Balanced(cluster);
        Balanced(cluster, "other", s => s with { LoadBalancerClass = "example.com/lb" });
        cluster.Create(new Service
        {
            Metadata = new() { Name = "plain", Namespace = "default" },
            Spec = new() { Ports = [new() { Port = 80 }] },
        });
        cluster.Converge();
        Assert.That(cluster.Cloud.LoadBalancers, Has.Exactly(1).Items);
        Assert.That(Told(cluster, "other"), Is.Empty);

        cluster.Patch<Service>("default", "web", "{\"spec\":{\"selector\":{\"a\":\"b\"}}}");
        cluster.Converge();
        Assert.That(Told(cluster, "web"), Has.Exactly(2).Items, "ensuring, ensured");
        cluster.Patch<Service>("default", "web",
            "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}");
        cluster.Patch<Service>("default", "plain", "{\"spec\":{\"type\":\"LoadBalancer\"}}");
        cluster.Converge();
        Assert.That(Told(cluster, "web"), Has.Some.EqualTo(
            "ExternalTrafficPolicy: Cluster -> Local"));
        Assert.That(cluster.Cloud.LoadBalancers.Single(b => b.Ip == Ip(cluster))
            .HealthCheckNodePort, Is.GreaterThan(0));
        Assert.That(Told(cluster, "plain")[0], Is.EqualTo("Type: ClusterIP -> LoadBalancer"));

        cluster.Patch<Service>("default", "plain",
            "{\"spec\":{\"type\":\"ClusterIP\",\"ports\":[{\"port\":80,\"nodePort\":null}]}}");
        cluster.Converge();
        Assert.That(Ip(cluster, "plain"), Is.Null);
        Assert.That(cluster.Get<Service>("plain").Metadata.Finalizers, Is.Empty);
        Assert.That(Told(cluster, "plain")[^1], Is.EqualTo(
            "DeletedLoadBalancer: Deleted load balancer"));
    }

    private static Cluster Eventful(ulong seed = 0)
    {
        var cluster = New(seed: seed);
        Balanced(cluster);
        cluster.Cloud.Fail("EnsureLoadBalancer", "quota exceeded");
        cluster.Cloud.AddInstance("node-4");
        cluster.Run(20 * TimeSpan.FromSeconds(1));
        cluster.Cloud.RemoveInstance("node-2");
        cluster.Run(2 * minute);
        cluster.Cloud.Recover("EnsureLoadBalancer");
        return cluster;
    }

    [Test]
    public void A_failing_cloud_is_forked_and_rewound_with_all_else()
    {
        var cluster = Eventful();
        Assert.That(Eventful().Digest, Is.EqualTo(cluster.Digest));
        Assert.That(Eventful(1).Digest, Is.Not.EqualTo(cluster.Digest));

        var fork = cluster.Fork();
        cluster.Run(10 * minute);
        fork.Run(10 * minute);
        Assert.That(fork.Digest, Is.EqualTo(cluster.Digest));
        Assert.That($"{fork.Cloud}", Is.EqualTo($"{cluster.Cloud}"));
        Assert.That(Ip(fork), Is.EqualTo("203.0.113.10"));

        Assert.That($"{fork.Cloud}", Does.Not.Contain("node-2").And.Not.Contain("fails"));
        fork.Rewind(fork.StepCount - 1);
        Assert.That($"{fork.Cloud}", Does.Contain("instance node-2").And.Contain("fails"));
    }

    [Test]
    public void What_is_done_to_the_cloud_is_saved_in_the_journal()
    {
        var cluster = Eventful();
        var text = cluster.SaveJournal();
        Assert.That(text, Does.Contain("\"cloud\":{\"op\":\"add-instance\",\"target\":\"node-4\","
            + "\"value\":\"standard-4\""));
        var read = JournalText.Read(text, "journal", KindRegistry.BuiltIn);
        Assert.That(read.Errors, Is.Empty);
        var again = new Cluster(cloud: true);
        foreach (var line in read.Lines)
        {
            Assert.That(again.Play(line), Is.Null);
        }
        Assert.That($"{again.Cloud}", Is.EqualTo($"{cluster.Cloud}"));
        Assert.That(again.Digest, Is.EqualTo(cluster.Digest));

        var wrong = JournalText.Read("{\"at\":\"1s\",\"cloud\":{\"op\":\"rain\",\"target\":\"x\"}}",
            "journal", KindRegistry.BuiltIn);
        Assert.That(wrong.Errors[0].Message, Does.StartWith(
            "unknown operation \"rain\"; operations are add-instance"));
    }

    [TestCase("service-lb-controller")]
    [TestCase("cloud-node-controller")]
    [TestCase("cloud-node-lifecycle-controller")]
    [TestCase("node-route-controller")]
    [TestCase("node-ipam-controller")]
    public void A_controller_that_dies_after_any_write_ends_up_the_same(string controller)
    {
        var whole = Outcome(New(), controller, 0);
        for (var write = 1; write <= 4; write++)
        {
            Assert.That(Outcome(New(), controller, write), Is.EqualTo(whole), $"write {write}");
        }
    }

    private static string Outcome(Cluster cluster, string controller, int write)
    {
        if (write > 0)
        {
            cluster.Faults.CrashAfterWrite(controller, write);
        }
        Balanced(cluster);
        cluster.Cloud.AddInstance("node-4", zone: "eu-1b");
        cluster.Cloud.StopInstance("node-3");
        cluster.Run(100 * TimeSpan.FromSeconds(1));
        cluster.Cloud.RemoveInstance("node-2");
        cluster.Run(30 * TimeSpan.FromSeconds(1));
        cluster.Faults.Restore(controller);
        cluster.Cloud.StartInstance("node-3");
        cluster.Run(8 * minute);
        return $"{cluster.Cloud} {Ip(cluster)}\n" + string.Join('\n', cluster.List<Node>().Select(
            n => $"{n.Metadata.Name} {n.IsReady} {n.Spec.PodCIDR} {n.Spec.ProviderID} {Taints(n)} "
                + string.Join(' ', n.Status.Addresses.Select(a => a.Address))
                + n.Condition("NetworkUnavailable")?.Reason));
    }

    [Test]
    public void The_components_of_the_cloud_are_allowed_what_they_do()
    {
        var cluster = new Cluster(cloud: true);
        var refused = new List<string>();
        cluster.Stepped = step => refused.AddRange(step.Changes
            .Where(c => c.Refused is { Code: 403 or 401 or 422 })
            .Select(c => c.Refused!.Message!));
        Balanced(cluster);
        cluster.Apply(AttachDetachTests.Claim + AttachDetachTests.User("a"));
        cluster.Cloud.AddInstance("node-4");
        cluster.Cloud.Fail("CreateRoute", "full");
        cluster.Run(2 * minute);
        cluster.Cloud.StopInstance("node-1");
        cluster.Cloud.RemoveInstance("node-2");
        cluster.Run(8 * minute);
        cluster.Delete(cluster.Get<Service>("web"));
        cluster.Run(2 * minute);
        Assert.That(refused, Is.Empty);
    }

    [Test]
    public void A_mistake_names_what_the_cloud_has()
    {
        var cluster = New();
        var before = cluster.Journal.Count;
        Assert.Multiple(() =>
        {
            Says(() => cluster.Cloud.RemoveInstance("node-7"),
                "the cloud has no instance \"node-7\"; it has node-1, node-2, node-3");
            Says(() => cluster.Cloud.AddInstance("node-1"),
                "there is an instance \"node-1\" already");
            Says(() => cluster.Cloud.AddInstance("node-4", "huge"),
                "the cloud has no machines of type \"huge\"; it has standard-1, standard-2 …");
            Says(() => cluster.Cloud.AddInstance("node-4", zone: "us"),
                "the cloud has no zone \"us\"; it has eu-1a, eu-1b, eu-1c");
            Says(() => cluster.Cloud.Fail("Ensure", "x"),
                "the cloud has no operation \"Ensure\"; it has InstanceMetadata, "
                + string.Join(", ", SimCloud.Operations.Skip(1)));
            Assert.That(() => cluster.Cloud.AddInstance("Node_4"), Throws.ArgumentException);
        });
        Assert.That(cluster.Journal, Has.Count.EqualTo(before));

        static void Says(Action act, string message) =>
            Assert.That(act, Throws.ArgumentException.With.Message.EqualTo(message));
    }
}
