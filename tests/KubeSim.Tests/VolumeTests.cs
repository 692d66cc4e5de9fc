using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Claims, volumes and classes: who is bound to what, and what the scheduler makes of
/// it.</summary>
public sealed class VolumeTests
{
    private static string Volume(
        string name, string size, string more = "", string spec = "") => $$"""
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: {{name}} {{more}} }
        spec:
          capacity: { storage: {{size}} }
          accessModes: [ReadWriteOnce]
          storageClassName: disk
          hostPath: { path: /tmp/{{name}} }
          {{spec}}
        ---

        """;

    private static string Claim(string name, string size = "1Gi", string spec = "") => $$"""
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: {{name}} }
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: disk
          resources: { requests: { storage: {{size}} } }
          {{spec}}
        ---

        """;

    private static string Class(string name, string provisioner, bool waits = true) => $$"""
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata:
          name: {{name}}
          annotations: { storageclass.kubernetes.io/is-default-class: "true" }
        provisioner: {{provisioner}}
        volumeBindingMode: {{(waits ? "WaitForFirstConsumer" : "Immediate")}}
        ---

        """;

    private static string User(string name, string claim) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}} }
        spec:
          containers: [{ name: main, image: nginx }]
          volumes: [{ name: data, persistentVolumeClaim: { claimName: {{claim}} } }]
        ---

        """;

    private static Cluster With(params string[] manifests)
    {
        var cluster = new Cluster(nodes: 3, seed: 5);
        cluster.Converge();
        foreach (var manifest in manifests)
        {
            cluster.Apply(manifest);
            cluster.Converge();
        }
        return cluster;
    }

    private static string Phase(Cluster cluster, string claim)
    {
        var c = cluster.Get<PersistentVolumeClaim>(claim);
        return $"{c.Status.Phase} {c.Spec.VolumeName}".TrimEnd();
    }

    private static string State(Cluster cluster, string volume) =>
        cluster.List<PersistentVolume>().First(v => v.Metadata.Name == volume).Status.Phase!;

    private static string Condition(Cluster cluster, string pod) =>
        cluster.Get<Pod>(pod).Condition("PodScheduled")?.Message ?? "";

    private static List<string> Told(Cluster cluster, string name) =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == name)
            .Select(e => $"{e.Reason}: {e.Message}")];

    [Test]
    public void A_claim_gets_the_smallest_volume_that_fits()
    {
        var cluster = With(Volume("small", "2Gi") + Volume("large", "10Gi")
            + Volume("right", "5Gi"), Claim("data", "3Gi"));

        Assert.That(Phase(cluster, "data"), Is.EqualTo("Bound right"));
        Assert.That(cluster.Get<PersistentVolumeClaim>("data").Status.Capacity.Get("storage"),
            Is.EqualTo(Quantity.Parse("5Gi")));
        Assert.That((State(cluster, "right"), State(cluster, "small")),
            Is.EqualTo(("Bound", "Available")));
        var volume = cluster.List<PersistentVolume>().First(v => v.Metadata.Name == "right");
        Assert.That(volume.Spec.ClaimRef!.Uid,
            Is.EqualTo(cluster.Get<PersistentVolumeClaim>("data").Metadata.Uid));
        Assert.That(volume.Metadata.Annotations.Get(VolumeFacts.BoundByController),
            Is.EqualTo("yes"));
    }

    [Test]
    public void A_volume_that_comes_later_is_found_by_the_resync_of_15_seconds()
    {
        var cluster = With(Claim("data"), Volume("late", "1Gi"));
        Assert.That(Phase(cluster, "data"), Is.EqualTo("Pending"));
        Assert.That(State(cluster, "late"), Is.EqualTo("Available"));

        cluster.Run(TimeSpan.FromSeconds(16));
        Assert.That(Phase(cluster, "data"), Is.EqualTo("Bound late"));
    }

    [TestCase("volumeName: small", "Cannot bind to requested volume \"small\": requested PV is too "
        + "small")]
    [TestCase("volumeName: small\n  volumeMode: Block", "Cannot bind to requested volume "
        + "\"small\": requested PV is too small")]
    public void A_volume_asked_for_by_name_must_fit(string spec, string message)
    {
        var cluster = With(Volume("small", "1Gi"), Claim("data", "2Gi", spec));

        Assert.That(Phase(cluster, "data"), Is.EqualTo("Pending small"));
        Assert.That(Told(cluster, "data")[0], Is.EqualTo($"VolumeMismatch: {message}"));
    }

    [Test]
    public void A_volume_kept_for_a_claim_goes_to_nobody_else()
    {
        var cluster = With(
            Volume("kept", "1Gi", spec: "claimRef: { namespace: default, name: mine }")
            + Volume("free", "9Gi"), Claim("other"), Claim("mine"));

        Assert.That((Phase(cluster, "other"), Phase(cluster, "mine")),
            Is.EqualTo(("Bound free", "Bound kept")));
    }

    [TestCase("Retain", "Released")]
    [TestCase("Recycle", "Available")]
    [TestCase("Delete", "")]
    public void When_a_claim_goes_the_policy_says_what_becomes_of_its_volume(
        string policy, string phase)
    {
        var cluster = With(Volume("disk", "1Gi",
            spec: $"persistentVolumeReclaimPolicy: {policy}"), Claim("data"));
        cluster.Delete(cluster.Get<PersistentVolumeClaim>("data"));
        cluster.Converge();

        Assert.That(string.Join(",", cluster.List<PersistentVolume>()
            .Select(v => v.Status.Phase)), Is.EqualTo(phase));
    }

    [Test]
    public void A_claim_in_use_stays_until_its_pod_is_gone()
    {
        var cluster = With(Volume("disk", "1Gi"), Claim("data"), User("web", "data"));
        Assert.That(cluster.Get<Pod>("web").IsReady);
        cluster.Delete(cluster.Get<PersistentVolumeClaim>("data"));
        cluster.Converge();
        Assert.That(cluster.Get<PersistentVolumeClaim>("data").IsTerminating);

        cluster.Delete(cluster.Get<Pod>("web"));
        cluster.Converge();
        Assert.That(cluster.List<PersistentVolumeClaim>(), Is.Empty);
        Assert.That(State(cluster, "disk"), Is.EqualTo("Released"));
    }

    [Test]
    public void A_bound_claim_without_its_volume_is_lost()
    {
        var cluster = With(Volume("disk", "1Gi"), Claim("data"));
        var disk = cluster.List<PersistentVolume>()[0];
        cluster.Delete(disk);
        cluster.Converge();
        Assert.That(State(cluster, "disk"), Is.EqualTo("Bound"), "protected");

        cluster.Patch<PersistentVolume>("", "disk", """{"metadata":{"finalizers":null}}""");
        cluster.Converge();
        Assert.That(Phase(cluster, "data"), Is.EqualTo("Lost disk"));
        Assert.That(Told(cluster, "data")[^1], Is.EqualTo(
            "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"));
    }

    [Test]
    public void Without_a_class_to_make_one_a_claim_says_what_it_lacks()
    {
        var cluster = With(Claim("data"), Class("made", "example.com/nobody", waits: false),
            Claim("nobody").Replace("storageClassName: disk", "", StringComparison.Ordinal),
            Claim("none").Replace("disk", "\"\"", StringComparison.Ordinal));

        Assert.That(Told(cluster, "data")[0],
            Is.EqualTo("ProvisioningFailed: storageclass.storage.k8s.io \"disk\" not found"));
        Assert.That(Told(cluster, "nobody")[0],
            Does.StartWith("ExternalProvisioning: Waiting for a volume to be created either by the "
                + "external provisioner 'example.com/nobody' or manually"));
        Assert.That(Told(cluster, "none")[0], Is.EqualTo("FailedBinding: no persistent volumes "
            + "available for this claim and no storage class is set"));
    }

    [Test]
    public void A_claim_that_waits_gets_its_volume_where_its_first_pod_goes()
    {
        var cluster = With(Class("disk", "rancher.io/local-path"), Claim("data"));
        Assert.That(Told(cluster, "data"), Is.EqualTo((string[])[
            "WaitForFirstConsumer: waiting for first consumer to be created before binding"]));

        cluster.Apply(User("web", "data"));
        cluster.Converge();

        var pod = cluster.Get<Pod>("web");
        var volume = cluster.List<PersistentVolume>().Single();
        Assert.That(pod.IsReady);
        Assert.That(Phase(cluster, "data"), Is.EqualTo($"Bound {volume.Metadata.Name}"));
        Assert.That(cluster.Get<PersistentVolumeClaim>("data").Metadata.Annotations
            .Get(VolumeFacts.SelectedNode), Is.EqualTo(pod.Spec.NodeName));
        Assert.That(volume.Reaches(cluster.Get<Node>(pod.Spec.NodeName!)));
        Assert.That(Told(cluster, "data"), Has.Some.EqualTo(
            $"ProvisioningSucceeded: Successfully provisioned volume {volume.Metadata.Name}"));
        Assert.That(pod.Status.StartTime!.Value.UnixSeconds
            - pod.Metadata.CreationTimestamp!.Value.UnixSeconds, Is.InRange(3, 6), "the making");

        cluster.Delete(pod);
        cluster.Delete(cluster.Get<PersistentVolumeClaim>("data"));
        cluster.Converge();
        Assert.That(cluster.List<PersistentVolume>(), Is.Empty, "its maker unmakes it");
    }

    [Test]
    public void Two_pods_of_one_moment_are_promised_two_volumes()
    {
        var on = (string node) => "nodeAffinity: { required: { nodeSelectorTerms: [{ "
            + "matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: "
            + $"[{node}] }}] }}] }} }}";
        var cluster = With(Class("disk", VolumeFacts.NoProvisioner)
            + Volume("one", "1Gi", spec: on("node-1")) + Volume("two", "1Gi", spec: on("node-2")),
            Claim("a") + Claim("b") + Claim("c") + User("a", "a") + User("b", "b")
            + User("c", "c"));

        Assert.That(cluster.List<Pod>().Where(p => p.IsReady).Select(p => p.Spec.NodeName).Order(),
            Is.EqualTo((string[])["node-1", "node-2"]));
        var left = cluster.List<Pod>().Single(p => !p.IsScheduled);
        Assert.That(Condition(cluster, left.Metadata.Name), Is.EqualTo(
            "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind. "
            + "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is "
            + "not helpful for scheduling."));
    }

    [Test]
    public void A_pod_goes_where_its_volume_is_or_nowhere()
    {
        var cluster = With(Class("disk", "rancher.io/local-path"), Claim("data")
            + User("web", "data"));
        var node = cluster.Get<Pod>("web").Spec.NodeName!;
        cluster.Delete(cluster.Get<Pod>("web"));
        cluster.Kubectl($"cordon {node}");
        cluster.Converge();
        cluster.Apply(User("again", "data"));
        cluster.Converge();

        Assert.That(Condition(cluster, "again"), Does.StartWith("0/3 nodes are available: "
            + "1 node(s) were unschedulable, 2 node(s) had volume node affinity conflict."));

        cluster.Kubectl($"uncordon {node}");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("again").Spec.NodeName, Is.EqualTo(node));
    }

    [TestCase("web", "persistentvolumeclaim \"data\" not found")]
    [TestCase("claim", "pod has unbound immediate PersistentVolumeClaims")]
    public void Before_any_node_is_looked_at_the_claims_must_do(string what, string message)
    {
        var cluster = With(what == "claim" ? Claim("data") : "", User("web", "data"));
        Assert.That(Condition(cluster, "web"),
            Is.EqualTo($"0/3 nodes are available: {message}. not found"));

        cluster.Apply((what == "claim" ? "" : Claim("data")) + Volume("disk", "1Gi"));
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Get<Pod>("web").IsReady, "the claim's change brings it back");
    }

    [Test]
    public void A_claim_for_one_pod_is_for_one_pod_of_the_cluster()
    {
        var alone = Claim("data").Replace("Once]", "OncePod]", StringComparison.Ordinal);
        var cluster = With(Volume("disk", "1Gi").Replace("Once]", "OncePod]",
            StringComparison.Ordinal), alone, User("one", "data"), User("two", "data"));
        Assert.That(Condition(cluster, "two"), Does.StartWith("0/3 nodes are available: 3 node has "
            + "pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access "
            + "mode."));

        cluster.Delete(cluster.Get<Pod>("one"));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("two").IsReady);
    }

    [TestCase("a", 3)]
    [TestCase("a__b", 3)]
    [TestCase("b", 0)]
    public void A_volume_keeps_to_its_zone(string zone, int scheduled)
    {
        var cluster = With(
            Volume("disk", "1Gi", $", labels: {{ topology.kubernetes.io/zone: {zone} }}"),
            Claim("data"));
        cluster.Kubectl("label node node-1 node-2 node-3 topology.kubernetes.io/zone=a");
        cluster.Apply(User("p1", "data") + User("p2", "data") + User("p3", "data"));
        cluster.Converge();

        Assert.That(cluster.List<Pod>().Count(p => p.IsScheduled), Is.EqualTo(scheduled));
        Assert.That(scheduled > 0 || Condition(cluster, "p1").StartsWith("0/3 nodes are available: "
            + "3 node(s) had no available volume zone.", StringComparison.Ordinal));
    }

    [Test]
    public void A_node_takes_as_many_volumes_as_its_driver_can_attach()
    {
        static string Csi(string name) => Volume(name, "1Gi").Replace(
            $"hostPath: {{ path: /tmp/{name} }}",
            $"csi: {{ driver: ebs.csi.aws.com, volumeHandle: vol-{name} }}",
            StringComparison.Ordinal);
        var cluster = With(Csi("v1") + Csi("v2") + """
            apiVersion: storage.k8s.io/v1
            kind: CSINode
            metadata: { name: node-1 }
            spec: { drivers: [{ name: ebs.csi.aws.com, nodeID: i-1, allocatable: { count: 1 } }] }
            """, Claim("c1") + Claim("c2"));
        cluster.Kubectl("cordon node-2 node-3");
        foreach (var (pod, claim) in ((string, string)[])[("p1", "c1"), ("p2", "c1"), ("p3", "c2")])
        {
            cluster.Apply(User(pod, claim));
            cluster.Converge();
        }

        Assert.That(cluster.Get<Pod>("p2").IsScheduled, "it shares the first one's volume");
        Assert.That(Condition(cluster, "p3"), Does.StartWith("0/3 nodes are available: "
            + "1 node(s) exceed max volume count, 2 node(s) were unschedulable."));
        cluster.Patch<CSINode>("", "node-1", """
            {"spec":{"drivers":[{"name":"ebs.csi.aws.com","nodeID":"i-1",
            "allocatable":{"count":2}}]}}
            """);
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("p3").IsScheduled, "the driver's news brings it back");
    }

    [Test]
    public void A_pod_with_a_template_brings_its_claim_along()
    {
        var cluster = With(Class("disk", "rancher.io/local-path"), """
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers: [{ name: main, image: nginx }]
              volumes:
              - name: scratch
                ephemeral:
                  volumeClaimTemplate:
                    spec:
                      accessModes: [ReadWriteOnce]
                      resources: { requests: { storage: 1Gi } }
            """);
        Assert.That(cluster.Get<Pod>("web").IsReady);
        Assert.That(Phase(cluster, "web-scratch"), Does.StartWith("Bound pvc-"));

        cluster.Delete(cluster.Get<Pod>("web"));
        cluster.Converge();
        Assert.That(cluster.List<PersistentVolume>(), Is.Empty, "claim and volume go with it");
    }

    [Test]
    public void A_run_with_volumes_being_made_replays()
    {
        var cluster = With(Class("disk", "rancher.io/local-path"),
            Claim("a") + Claim("b") + User("a", "a") + User("b", "b"));
        var fork = cluster.Fork();
        Assert.That(fork.Digest, Is.EqualTo(cluster.Digest));
        Assert.That(cluster.List<Pod>().All(p => p.IsReady));
    }
}
