using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>etcd past the API server: the keys, their numbers, transactions, leases, watches,
/// compaction, snapshots.</summary>
public sealed class EtcdKeyTests
{
    // The paths of kubernetes/kubernetes test/integration/etcd/data.go.
    [TestCase("v1", "Pod", "/registry/pods/")]
    [TestCase("v1", "Service", "/registry/services/specs/")]
    [TestCase("v1", "Endpoints", "/registry/services/endpoints/")]
    [TestCase("v1", "Node", "/registry/minions/")]
    [TestCase("v1", "ReplicationController", "/registry/controllers/")]
    [TestCase("v1", "PersistentVolumeClaim", "/registry/persistentvolumeclaims/")]
    [TestCase("apps/v1", "Deployment", "/registry/deployments/")]
    [TestCase("coordination.k8s.io/v1", "Lease", "/registry/leases/")]
    [TestCase("discovery.k8s.io/v1", "EndpointSlice", "/registry/endpointslices/")]
    [TestCase("networking.k8s.io/v1", "Ingress", "/registry/ingress/")]
    [TestCase("rbac.authorization.k8s.io/v1", "ClusterRole", "/registry/clusterroles/")]
    [TestCase("apiextensions.k8s.io/v1", "CustomResourceDefinition",
        "/registry/apiextensions.k8s.io/customresourcedefinitions/")]
    [TestCase("apiregistration.k8s.io/v1", "APIService",
        "/registry/apiregistration.k8s.io/apiservices/")]
    public void A_kind_lies_where_the_real_one_does(string version, string kind, string prefix) =>
        Assert.That(EtcdKeys.PrefixOf(KindRegistry.BuiltIn.Find(version, kind)!),
            Is.EqualTo(prefix));

    [Test]
    public void Custom_objects_have_their_group_in_the_key() => Assert.That(
        EtcdKeys.Of(new(new()
        {
            Group = "example.com", Version = "v1", Name = "Thing", Plural = "things",
            Singular = "thing", Namespaced = true,
        }, "default", "a")), Is.EqualTo("/registry/example.com/things/default/a"));

    [Test]
    public void The_tree_shows_what_the_cluster_holds()
    {
        var cluster = new Cluster(nodes: 1);
        Assert.That(cluster.Etcd.Keys("/registry/minions"),
            Is.EqualTo(["/registry/minions/node-1"]));
        Assert.That(cluster.Etcd.Tree("/registry/services"), Is.EqualTo(
            "/registry/\n  services/\n    endpoints/\n      default/\n        kubernetes\n"
            + "    specs/\n      default/\n        kubernetes\n"));
        Assert.That(cluster.Etcd.Keys(), Is.Ordered.Using<string>(string.CompareOrdinal));
        foreach (var key in cluster.Etcd.Keys())
        {
            Assert.That(cluster.Etcd.Get(key)?.Key, Is.EqualTo(key));
        }
    }

    [Test]
    public void A_key_tells_when_it_was_made_and_how_often_it_was_written()
    {
        var cluster = new Cluster(nodes: 0);
        var made = cluster.Create(Given.ConfigMap("a")).Metadata.ResourceVersion.Value;
        cluster.Create(Given.ConfigMap("b"));
        var written = cluster.Update(Given.ConfigMap("a", "2")).Metadata.ResourceVersion.Value;

        var now = cluster.Etcd.Get("/registry/configmaps/default/a")!;
        var then = cluster.Etcd.Get(now.Key, made)!;

        Assert.That((now.CreateRevision, now.ModRevision, now.Version),
            Is.EqualTo((made, written, 2)));
        Assert.That((then.CreateRevision, then.ModRevision, then.Version),
            Is.EqualTo((made, made, 1)));
        Assert.That(then.Value, Does.Contain("\"value\":\"1\""));
        Assert.That(now.Value, Does.Contain("\"value\":\"2\"").And.Not.Contain("resourceVersion"));
        cluster.Etcd.Delete(now.Key);
        cluster.Create(Given.ConfigMap("a", "3"));
        Assert.That(cluster.Etcd.Get(now.Key)!.Version, Is.EqualTo(1));
        Assert.That(cluster.Etcd.Get(now.Key, written)!.CreateRevision, Is.EqualTo(made));
    }

    [Test]
    public void What_is_written_behind_its_back_is_what_the_API_server_serves()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply(Given.ReplicaSet(replicas: 1));
        cluster.Converge();
        var web = cluster.Etcd.Get("/registry/replicasets/default/web")!;

        cluster.Etcd.Put(web.Key, web.Value.Replace("\"replicas\":1,", "\"replicas\":3,"));
        Assert.That(cluster.Get<ReplicaSet>("web").Spec.Replicas, Is.EqualTo(3));
        Assert.That(cluster.Get<ReplicaSet>("web").Metadata.Generation, Is.EqualTo(1),
            "no strategy counted it up");
        cluster.Converge();
        Assert.That(Given.Running(cluster), Is.EqualTo(3));

        Assert.That(cluster.Etcd.Delete("/registry/pods/default/", prefix: true), Is.EqualTo(3));
        Assert.That(cluster.List<Pod>(), Is.Empty, "no grace period: etcd knows none");
        cluster.Converge();
        Assert.That(Given.Running(cluster), Is.EqualTo(3));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
        Assert.That(cluster.Why(cluster.Get<ReplicaSet>("web")).ToString(),
            Does.Contain("etcdctl put /registry/replicasets/default/web"));
    }

    // They share one revision, 0, under each label.
    [Test]
    public void What_was_there_from_the_beginning_can_be_changed_and_deleted()
    {
        var cluster = new Cluster(nodes: 0);
        string Roles() => cluster.Kubectl(
            "get clusterroles -o name -l kubernetes.io/bootstrapping=rbac-defaults").ToString();
        var before = Roles();
        Assert.That(cluster.Etcd.Get("/registry/clusterroles/view")!.Version, Is.EqualTo(1));
        Assert.That(before, Does.Contain("/edit\n").And.Contain("/view\n"));

        cluster.Kubectl("label clusterrole view team=a");
        Assert.That(Roles(), Is.EqualTo(before));
        cluster.Kubectl("delete clusterrole edit");
        Assert.That(Roles(), Is.EqualTo(before.Replace(
            "clusterrole.rbac.authorization.k8s.io/edit\n", "", StringComparison.Ordinal)));

        cluster.Etcd.Delete(EtcdKeys.Root, prefix: true);
        Assert.That(cluster.Etcd.Keys(), Is.Empty);
    }

    [Test]
    public void A_value_that_the_API_server_could_not_read_is_refused()
    {
        var cluster = new Cluster(nodes: 0);
        Assert.That(() => cluster.Etcd.Put("/registry/pods/default/a", "no JSON"),
            Throws.ArgumentException.With.Message.Contains("would fail every list of pods"));
        Assert.That(() => cluster.Etcd.Put("/registry/configmaps/default/a",
            EtcdKeys.Encode(Given.ConfigMap("b"))), Throws.ArgumentException);
        Assert.That(cluster.Journal, Is.Empty);
    }

    [Test]
    public void A_transaction_writes_only_if_nobody_wrote_meanwhile()
    {
        var cluster = new Cluster(nodes: 0);
        var first = cluster.Etcd.Put("lock", "me");
        var lost = cluster.Etcd.Txn([new("lock", 0)], [EtcdOp.Put("lock", "you")],
            [EtcdOp.Get("lock")]);
        Assert.That(lost.Succeeded, Is.False);
        Assert.That(lost.Responses[0]!.Value, Is.EqualTo("me"));
        var won = cluster.Etcd.Txn([new("lock", first.ModRevision)], [EtcdOp.Put("lock", "you")]);
        Assert.That(won.Succeeded, Is.True);
        Assert.That(cluster.Etcd.Get("lock")!.Value, Is.EqualTo("you"));
    }

    [Test]
    public void A_transaction_that_writes_a_key_twice_writes_nothing()
    {
        var cluster = new Cluster(nodes: 0);
        var put = EtcdOp.Put("dir/a", "1");
        foreach (var other in new[] { put, EtcdOp.Delete("dir/a"),
            EtcdOp.Delete("dir/") with { Prefix = true } })
        {
            Assert.That(() => cluster.Etcd.Txn([], [EtcdOp.Put("b", "1"), put, other]),
                Throws.TypeOf<EtcdException>().With.Message.EqualTo(
                    "etcdserver: duplicate key given in txn request"));
        }
        Assert.That(cluster.Etcd.Get("b"), Is.Null);
    }

    [Test]
    public void A_lease_that_nobody_keeps_alive_takes_its_keys_along()
    {
        var cluster = new Cluster(nodes: 0);
        var lease = cluster.Etcd.Lease(TimeSpan.FromSeconds(10));
        cluster.Etcd.Put("leader", "a", lease);
        Assert.That(cluster.Etcd.Get("leader")!.Lease, Is.EqualTo(lease));
        cluster.Run(TimeSpan.FromSeconds(8));
        cluster.Etcd.KeepAlive(lease);
        cluster.Run(TimeSpan.FromSeconds(8));
        Assert.That(cluster.Etcd.Get("leader"), Is.Not.Null);
        cluster.Run(TimeSpan.FromSeconds(3));
        Assert.That(cluster.Etcd.Get("leader"), Is.Null);
        Assert.That(() => cluster.Etcd.KeepAlive(lease), Throws.TypeOf<EtcdException>()
            .With.Message.EqualTo("etcdserver: requested lease not found"));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void A_watch_may_begin_in_the_past_but_not_before_a_compaction()
    {
        var cluster = new Cluster(nodes: 0);
        var first = cluster.Etcd.Put("a", "1").ModRevision;
        cluster.Etcd.Put("b", "1");
        cluster.Etcd.Put("a", "2");
        cluster.Etcd.Delete("a");
        using var watch = cluster.Etcd.Watch("a", first);
        var seen = new List<string>();
        while (watch.TryNext(out var change))
        {
            seen.Add($"{change.Type} {change.Kv.Value} was {change.Previous?.Value}");
        }
        Assert.That(seen, Is.EqualTo(["PUT 1 was ", "PUT 2 was 1", "DELETE  was 2"]));

        cluster.Etcd.Compact(first + 2);
        Refuses(() => cluster.Etcd.Watch("a", first), "required revision has been compacted");
        Refuses(() => cluster.Etcd.Get("a", first), "required revision has been compacted");
        Refuses(() => cluster.Etcd.Compact(first), "required revision has been compacted");
        Refuses(() => cluster.Etcd.Get("a", 9999), "required revision is a future revision");
        Refuses(() => cluster.Etcd.Compact(9999), "required revision is a future revision");
        Assert.That(cluster.Etcd.Get("a", first + 2)!.Value, Is.EqualTo("2"));
    }

    [Test]
    public void Requests_to_etcd_are_saved_with_the_journal()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Etcd.Put("a", "1", cluster.Etcd.Lease(TimeSpan.FromSeconds(5)));
        cluster.Etcd.Txn([new("a", 1)], [], [EtcdOp.Put("b", "2")]);
        cluster.Etcd.Restore(cluster.Etcd.Snapshot());
        cluster.Run(TimeSpan.FromSeconds(9));
        var copy = new Cluster(nodes: 1);
        var saved = JournalText.Read(cluster.SaveJournal(), "j", KindRegistry.BuiltIn);
        foreach (var line in saved.Lines)
        {
            copy.Play(line);
        }
        copy.Run(cluster.Now - copy.Now);
        Assert.That(copy.Digest, Is.EqualTo(cluster.Digest));
        Assert.That(copy.Etcd.Keys("b"), Is.EqualTo(["b"]));
    }

    [Test]
    public void A_damaged_snapshot_is_not_restored()
    {
        var cluster = new Cluster(nodes: 1);
        var bytes = cluster.Etcd.Snapshot();
        var status = ClusterEtcd.StatusOf(bytes);
        Assert.That(status.Revision, Is.EqualTo(cluster.Revision.Value));
        Assert.That(status.TotalKeys, Is.EqualTo(cluster.Etcd.Keys("").Count));
        bytes[100] ^= 1;
        Assert.That(() => cluster.Etcd.Restore(bytes), Throws.TypeOf<EtcdException>()
            .With.Message.StartsWith("expected sha256 ["));
        Assert.That(cluster.Journal, Is.Empty);
    }

    [Test]
    public void Restoring_what_is_there_changes_nothing()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply(Given.ReplicaSet());
        cluster.Converge();
        var head = cluster.Revision;
        cluster.Etcd.Restore(cluster.Etcd.Snapshot());
        Assert.That(cluster.Revision, Is.EqualTo(head));
    }

    [Test]
    public void A_cluster_of_which_nothing_is_left_rebuilds_itself_from_a_snapshot()
    {
        var cluster = new Cluster(nodes: 3, seed: 3);
        cluster.Apply(Given.ReplicaSet("web", 3));
        cluster.Converge();
        var snapshot = cluster.Etcd.Snapshot();
        var watch = cluster.Handle(new(Verb.Watch, new(Kinds.Pod, "", ""))).Watch!;
        while (watch.TryNext(out _))
        {
            // It has read all there is.
        }
        cluster.Apply(Given.ReplicaSet("later", 2));
        cluster.Delete(cluster.Get<ReplicaSet>("web"));
        cluster.Converge();
        string[] everything = ["node-1", "node-2", "node-3", .. cluster.Components
            .Where(c => c is not ("kubelet" or "kube-proxy"))];
        Array.ForEach(everything, cluster.Faults.Crash);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Find<ReplicaSet>("default", "web"), Is.Null);

        cluster.Etcd.Restore(snapshot);
        Array.ForEach(everything, cluster.Faults.Restore);
        Assert.That(cluster.Find<ReplicaSet>("default", "later"), Is.Null);
        cluster.Converge();
        cluster.Run(TimeSpan.FromMinutes(10));

        Assert.That(cluster.List<Pod>().Count(p => p.IsReady), Is.EqualTo(3));
        Assert.That(cluster.List<Pod>().Select(p => p.Metadata.OwnerReferences[0].Name),
            Is.All.EqualTo("web"));
        Assert.That(watch.TryNext(out _), Is.False);
        Assert.That(watch.Ended!.Code, Is.EqualTo(410));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    private static void Refuses(Action act, string why) => Assert.That(act,
        Throws.TypeOf<EtcdException>().With.Message.EqualTo($"etcdserver: mvcc: {why}"));
}
