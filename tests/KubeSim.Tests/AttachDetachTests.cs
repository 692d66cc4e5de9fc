using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Disks of the cloud: made in the right zone, attached to one machine at a time, and
/// never taken from one that may still write to them.</summary>
public sealed class AttachDetachTests
{
    private const string OutOfService = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute";

    internal const string Claim = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: data }
        spec:
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 10Gi } }
        ---

        """;

    internal static string User(string name, string spec = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}} }
        spec:
          containers: [{ name: main, image: nginx }]
          volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
          {{spec}}
        ---

        """;

    private static string On(string node) => $"nodeName: {node}";

    private const string Set = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db }
        spec:
          serviceName: db
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: main, image: nginx }] }
          volumeClaimTemplates:
          - metadata: { name: data }
            spec:
              accessModes: [ReadWriteOnce]
              resources: { requests: { storage: 1Gi } }
        """;

    // Two nodes in each zone: 1 and 4, 2 and 5, 3 and 6.
    private static Cluster With(string manifest, Settings? settings = null)
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(6),
            Settings = (settings ?? Settings.Default).With("kubelet.cloud-provider", "external"),
        });
        cluster.Apply(manifest);
        cluster.Converge();
        return cluster;
    }

    private static string[] Told(Cluster cluster, string name, string reason = "") =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == name
                && e.Reason!.StartsWith(reason, StringComparison.Ordinal))
            .OrderBy(e => e.Metadata.ResourceVersion).Select(e => $"{e.Reason}: {e.Message}")];

    private static string Volume(Cluster cluster) =>
        cluster.List<PersistentVolume>().Single().Metadata.Name;

    private static string Attached(Cluster cluster) => string.Join(' ',
        cluster.List<VolumeAttachment>().OrderBy(a => a.Spec.NodeName, StringComparer.Ordinal)
            .Select(a => $"{a.Spec.NodeName}:{a.Status.Attached}"));

    private static Seq<string> InUse(Cluster cluster, string node) =>
        cluster.Get<Node>(node).Status.VolumesInUse;

    [Test]
    public void A_pod_starts_once_its_disk_is_made_in_its_zone_and_attached()
    {
        var cluster = With(Claim);
        cluster.Apply(User("a"));
        cluster.Converge();
        var pod = cluster.Get<Pod>("a");
        var node = cluster.Get<Node>(pod.Spec.NodeName!);
        var volume = cluster.List<PersistentVolume>().Single();
        var unique = $"kubernetes.io/csi/disk.csi.kubenotebooks.dev^{volume.Metadata.Name}";
        Assert.Multiple(() =>
        {
            Assert.That(pod.IsReady);
            Assert.That($"{cluster.Kubectl("get volumeattachments")}", Does.Match(
                @"^NAME +ATTACHER +PV +NODE +ATTACHED +AGE\ncsi-\w{64}   "
                + $@"disk.csi.kubenotebooks.dev   {volume.Metadata.Name}   node-\d   true  "));
            Assert.That($"{cluster.Kubectl("get csinodes")}", Does.Match(
                @"^NAME +DRIVERS +AGE\nnode-1   1   "));
            Assert.That(cluster.Cloud.Disks.Single(), Is.EqualTo(new CloudDisk(
                volume.Metadata.Name, node.Metadata.Labels.Get("topology.kubernetes.io/zone")!,
                Quantity.Parse("10Gi"), node.Metadata.Name)));
            Assert.That(cluster.List<Node>().Count(n => volume.Reaches(n)), Is.EqualTo(2));
            Assert.That(node.Status.VolumesInUse, Is.EqualTo((Seq<string>)[unique]));
            Assert.That(node.Status.VolumesAttached.Single().Name, Is.EqualTo(unique));
            Assert.That(Attached(cluster), Is.EqualTo($"{node.Metadata.Name}:True"));
            Assert.That(cluster.List<VolumeAttachment>().Single().Metadata.Name,
                Does.Match("^csi-[0-9a-f]{64}$"));
            Assert.That(Told(cluster, "a").Select(e => e.Split(':')[0]), Is.EqualTo((string[])[
                "Scheduled", "SuccessfulAttachVolume", "Pulling", "Pulled", "Created", "Started"]));
            Assert.That(Told(cluster, "a", "Succ")[0], Is.EqualTo("SuccessfulAttachVolume: "
                + $"AttachVolume.Attach succeeded for volume \"{volume.Metadata.Name}\" "));
            Assert.That((pod.Status.ContainerStatuses[0].State!.Running!.StartedAt!.Value.DateTime
                - pod.Metadata.CreationTimestamp!.Value.DateTime).TotalSeconds, Is.InRange(5, 40));
        });
    }

    [Test]
    public void Bound_at_once_a_disk_may_stand_where_its_pod_cannot_go()
    {
        var cluster = With("""
            apiVersion: storage.k8s.io/v1
            kind: StorageClass
            metadata: { name: now }
            provisioner: disk.csi.kubenotebooks.dev
            volumeBindingMode: Immediate
            allowedTopologies:
            - matchLabelExpressions: [{ key: topology.kubernetes.io/zone, values: [eu-1c] }]
            ---

            """ + Claim.Replace("spec:", "spec:\n  storageClassName: now",
                StringComparison.Ordinal)
            + User("a", "nodeSelector: { kubernetes.io/hostname: node-1 }"));
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Cloud.Disks.Single().Zone, Is.EqualTo("eu-1c"));
        Assert.That(cluster.Get<Pod>("a").Condition("PodScheduled")!.Message,
            Does.Contain("node(s) had volume node affinity conflict"));
    }

    [Test]
    public void What_one_node_has_no_other_gets_until_it_is_let_go()
    {
        var cluster = With(Claim + User("a", "nodeSelector: { kubernetes.io/hostname: node-1 }"));
        cluster.Apply(User("b", On("node-4")));
        cluster.Run(TimeSpan.FromMinutes(3));
        Assert.That(cluster.Get<Pod>("b").Status.Phase, Is.EqualTo("Pending"));
        Assert.That(Told(cluster, "b"), Is.EqualTo((string[])["FailedAttachVolume: Multi-Attach "
            + $"error for volume \"{Volume(cluster)}\" Volume is already used by pod(s) a"]),
            "once; and the kubelet waits in silence");

        cluster.Delete(cluster.Get<Pod>("a"));
        var at = cluster.Now;
        cluster.RunUntil(c => Attached(c) == "node-4:True");
        Assert.That((cluster.Now - at).TotalSeconds, Is.InRange(5, 26),
            "the kubelet's next report, then the cloud");
        Assert.That(InUse(cluster, "node-1"), Is.Empty);
        Assert.That(cluster.Get<Node>("node-1").Status.VolumesAttached, Is.Empty);
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("b").IsReady);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_dead_node_keeps_its_volume_six_minutes_beyond_its_pod(bool stays)
    {
        var cluster = With(Set, Settings.Default.With(
            "kube-controller-manager.disable-force-detach-on-timeout", stays ? "true" : "false"));
        var node = cluster.Get<Pod>("db-0").Spec.NodeName!;
        cluster.Faults.Crash(node);
        cluster.Run(TimeSpan.FromMinutes(20));
        Assert.That(cluster.Get<Pod>("db-0").IsTerminating, "nobody saw it end");
        Assert.That(Attached(cluster), Is.EqualTo($"{node}:True"));

        cluster.Kubectl("delete pod db-0 --force --grace-period=0");
        var at = cluster.Now;
        cluster.Run(TimeSpan.FromMinutes(5.9));
        Assert.That(cluster.Get<Pod>("db-0").Spec.NodeName, Is.Not.EqualTo(node));
        Assert.That(Told(cluster, "db-0", "FailedAttach"), Is.EqualTo((string[])[
            $"FailedAttachVolume: Multi-Attach error for volume \"{Volume(cluster)}\" Volume is "
            + "already exclusively attached to one node and can't be attached to another"]));
        Assert.That(cluster.Get<Pod>("db-0").IsReady, Is.False);

        var moved = cluster.RunUntil(c => !Attached(c).Contains(node, StringComparison.Ordinal),
            TimeSpan.FromMinutes(30));
        Assert.That(moved.Met, Is.Not.EqualTo(stays));
        if (!stays)
        {
            Assert.That((cluster.Now - at).TotalSeconds, Is.InRange(360, 366));
            cluster.Converge();
            Assert.That(cluster.Get<Pod>("db-0").IsReady);
            Assert.That(InUse(cluster, node), Has.Exactly(1).Items, "who is dead says nothing");
        }
    }

    [Test]
    public void Whoever_vouches_that_a_node_is_off_need_not_wait()
    {
        var cluster = With(Set);
        var node = cluster.Get<Pod>("db-0").Spec.NodeName!;
        cluster.Faults.Crash(node);
        cluster.RunUntil(c => !c.Get<Node>(node).IsReady);
        var at = cluster.Now;
        cluster.Kubectl($"taint node {node} {OutOfService}");
        cluster.RunUntil(c => c.Find<Pod>("default", "db-0") is { IsReady: true } p
            && p.Spec.NodeName != node);
        Assert.That((cluster.Now - at).TotalSeconds, Is.LessThan(60));
        var now = cluster.Get<Pod>("db-0").Spec.NodeName;
        Assert.That(Attached(cluster), Is.EqualTo($"{now}:True"));
    }

    [Test]
    public void A_machine_given_back_gives_its_disks_back()
    {
        var cluster = With(Set);
        var node = cluster.Get<Pod>("db-0").Spec.NodeName!;
        var at = cluster.Now;
        cluster.Cloud.RemoveInstance(node);
        cluster.RunUntil(c => c.Find<Pod>("default", "db-0") is { IsReady: true } p
            && p.Spec.NodeName != node);
        Assert.That((cluster.Now - at).TotalMinutes, Is.InRange(1, 4),
            "the Node is deleted, its pods are collected, its volumes are free");
    }

    [Test]
    public void A_volume_that_is_used_again_on_its_node_is_not_detached()
    {
        var cluster = With(Claim + User("a", "nodeSelector: { kubernetes.io/hostname: node-1 }"));
        cluster.Kubectl("delete pod a --force --grace-period=0");
        cluster.Apply(User("b", On("node-1")));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("b").IsReady);
        Assert.That(cluster.Past(Kinds.VolumeAttachment).Select(p => p.Event.New)
            .OfType<VolumeAttachment>().Select(a => a.Metadata.Uid).Distinct(),
            Has.Exactly(1).Items);
    }

    [Test]
    public void Why_a_disk_cannot_be_attached_is_told_and_it_is_tried_again()
    {
        var cluster = new Cluster(cloud: true);
        cluster.Cloud.Fail("CreateVolume", "no capacity");
        cluster.Apply(Claim + User("a"));
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(Told(cluster, "data", "ProvisioningFailed"), Is.EqualTo((string[])[
            "ProvisioningFailed: failed to provision volume with StorageClass \"standard\": "
            + "rpc error: code = Internal desc = no capacity"]));
        cluster.Cloud.Fail("ControllerPublishVolume", "too many disks");
        cluster.Cloud.Recover("CreateVolume");
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(Told(cluster, "a", "FailedAttach"), Is.EqualTo((string[])[
            $"FailedAttachVolume: AttachVolume.Attach failed for volume \"{Volume(cluster)}\" : "
            + "rpc error: code = Internal desc = too many disks"]));
        Assert.That(cluster.List<VolumeAttachment>().Single().Status.AttachError!.Message,
            Does.EndWith("too many disks"));

        cluster.Cloud.Recover("ControllerPublishVolume");
        cluster.Converge(TimeSpan.FromMinutes(20));
        Assert.That(cluster.Get<Pod>("a").IsReady);
        Assert.That(cluster.List<VolumeAttachment>().Single().Status.AttachError, Is.Null);
    }

    [Test]
    public void A_disk_is_thrown_away_when_claim_and_attachment_are_gone()
    {
        var cluster = With(Claim + User("a"));
        cluster.Cloud.Fail("ControllerUnpublishVolume", "stuck");
        var name = Volume(cluster);
        var node = cluster.Get<Pod>("a").Spec.NodeName!;
        cluster.Delete(cluster.Get<Pod>("a"));
        cluster.Delete(cluster.Get<PersistentVolumeClaim>("data"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.List<VolumeAttachment>().Single().Status.DetachError!.Message,
            Is.EqualTo("rpc error: code = Internal desc = stuck"));
        Assert.That(Told(cluster, name, "VolumeFailedDelete"), Is.EqualTo((string[])[
            $"VolumeFailedDelete: persistentvolume {name} is still attached to node {node}"]));

        cluster.Cloud.Recover("ControllerUnpublishVolume");
        cluster.Converge(TimeSpan.FromMinutes(20));
        Assert.That(cluster.List<PersistentVolume>(), Is.Empty);
        Assert.That(cluster.List<VolumeAttachment>(), Is.Empty);
        Assert.That(cluster.Cloud.Disks, Is.Empty);
    }

    [Test]
    public void A_driver_that_needs_no_attaching_gets_none()
    {
        var cluster = With("""
            apiVersion: storage.k8s.io/v1
            kind: CSIDriver
            metadata: { name: nfs.csi.example.com }
            spec: { attachRequired: false }
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: { name: shared }
            spec:
              capacity: { storage: 10Gi }
              accessModes: [ReadWriteOnce]
              storageClassName: ""
              csi: { driver: nfs.csi.example.com, volumeHandle: shared }
            ---

            """ + Claim.Replace("spec:", "spec:\n  storageClassName: \"\"",
                StringComparison.Ordinal) + User("a") + User("b"));
        Assert.That(cluster.Get<Pod>("a").IsReady && cluster.Get<Pod>("b").IsReady);
        Assert.That(cluster.List<VolumeAttachment>(), Is.Empty);
    }

    [Test]
    public void A_kubelet_that_starts_again_knows_what_it_had_mounted()
    {
        var cluster = With(Claim + User("a", "nodeSelector: { kubernetes.io/hostname: node-1 }"));
        var attached = cluster.List<VolumeAttachment>().Single().Metadata.Uid;
        cluster.Faults.Crash("kubelet/node-1");
        cluster.Run(TimeSpan.FromSeconds(15));
        cluster.Faults.Restore("kubelet/node-1");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(InUse(cluster, "node-1"), Has.Exactly(1).Items);

        cluster.Faults.Crash("kubelet/node-1");
        cluster.Kubectl("delete pod a --force --grace-period=0");
        cluster.Run(TimeSpan.FromSeconds(15));
        Assert.That(cluster.List<VolumeAttachment>().Single().Metadata.Uid, Is.EqualTo(attached),
            "still mounted, as far as anybody knows");
        cluster.Faults.Restore("kubelet/node-1");
        cluster.Converge();
        Assert.That(InUse(cluster, "node-1"), Is.Empty);
        Assert.That(cluster.List<VolumeAttachment>(), Is.Empty);
    }

    [TestCase("persistentvolume-attach-detach-controller")]
    [TestCase("csi-attacher")]
    [TestCase("csi-provisioner")]
    [TestCase("kubelet/node-1")]
    public void Whoever_dies_after_any_write_a_disk_is_never_in_two_machines(string component)
    {
        for (var write = 1; write <= 6; write++)
        {
            var cluster = new Cluster(nodes: 4, cloud: true);
            cluster.Always("one machine has the disk",
                c => c.List<Node>().Count(n => !n.Status.VolumesAttached.IsEmpty) <= 1
                    && c.List<VolumeAttachment>().Count(a => a.Status.Attached) <= 1);
            cluster.Faults.CrashAfterWrite(component, write);
            cluster.Apply(Claim + User("a", "nodeSelector: { kubernetes.io/hostname: node-1 }"));
            cluster.Run(TimeSpan.FromMinutes(1));
            cluster.Apply(User("b", On("node-4")));
            cluster.Run(TimeSpan.FromSeconds(5));
            cluster.Delete(cluster.Get<Pod>("a"));
            cluster.Run(TimeSpan.FromSeconds(5));
            cluster.Faults.Restore(component);
            cluster.Run(TimeSpan.FromMinutes(8));
            Assert.That(cluster.Get<Pod>("b").IsReady, $"after write {write}");
            Assert.That(Attached(cluster), Is.EqualTo("node-4:True"));
        }
    }

    [Test]
    public void The_same_run_attaches_the_same()
    {
        static Cluster Run()
        {
            var cluster = With(Set);
            cluster.Faults.Crash(cluster.Get<Pod>("db-0").Spec.NodeName!);
            cluster.Run(TimeSpan.FromMinutes(3));
            return cluster;
        }
        var cluster = Run();
        Assert.That(Run().Digest, Is.EqualTo(cluster.Digest));
        var fork = cluster.Fork();
        Assert.That(fork.Digest, Is.EqualTo(cluster.Digest));
        Assert.That($"{fork.Cloud}", Is.EqualTo($"{cluster.Cloud}"));
    }
}
