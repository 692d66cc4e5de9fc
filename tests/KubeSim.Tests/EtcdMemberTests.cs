using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A cluster whose etcd has several members: what a quorum allows, and what its loss
/// stops.</summary>
public sealed class EtcdMemberTests
{
    [Test]
    public void A_cluster_with_three_members_works_as_one_with_one()
    {
        var (one, three) = (new Cluster(seed: 4), new Cluster(seed: 4, etcd: 3));
        foreach (var cluster in (Cluster[])[one, three])
        {
            cluster.Apply(Given.ReplicaSet());
            cluster.Converge();
        }
        Assert.That(three.Digest, Is.EqualTo(one.Digest));
        Assert.That(three.Etcd.Members.Count(m => m.IsLeader), Is.EqualTo(1));
        Assert.That(three.Etcd.Members.Select(m => m.Revision),
            Is.All.EqualTo(three.Revision));
        Assert.That(three.Etcd.Members[0].Index, Is.GreaterThan(20), "the writes went through it");
    }

    [Test]
    public void When_the_leader_dies_writes_fail_until_another_is_elected()
    {
        var cluster = new Cluster(etcd: 3);
        cluster.Apply(Given.ReplicaSet());
        cluster.Converge();
        var leader = LeaderOf(cluster);
        cluster.Faults.Crash(leader);

        Assert.That(Refusal(cluster), Is.EqualTo(
            "etcdserver: request timed out, possibly due to previous leader failure"));
        var from = cluster.Now;
        cluster.RunUntil(c => true);
        while (!cluster.Etcd.Members.Any(m => m.IsLeader))
        {
            cluster.Run(TimeSpan.FromMilliseconds(100));
        }
        Assert.That((cluster.Now - from).TotalSeconds, Is.InRange(1.0, 2.5));
        Assert.That(LeaderOf(cluster), Is.Not.EqualTo(leader));
        cluster.Create(Given.ConfigMap("works"));

        cluster.Faults.Restore(leader);
        cluster.Run(TimeSpan.FromSeconds(1));
        Assert.That(cluster.Etcd.Members.Select(m => m.Revision), Is.All.EqualTo(cluster.Revision));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void Without_a_quorum_only_what_is_cached_can_be_read()
    {
        var cluster = new Cluster(etcd: 3);
        cluster.Apply(Given.ReplicaSet());
        cluster.Converge();
        cluster.Faults.Crash("etcd-1");
        cluster.Faults.Crash("etcd-2");
        cluster.Run(TimeSpan.FromSeconds(5));

        Assert.That(Refusal(cluster), Is.EqualTo("etcdserver: request timed out"));
        Assert.That(cluster.Kubectl("get pods").ToString(),
            Does.Contain("Error from server: etcdserver: request timed out"));
        var path = new ResourcePath(Kinds.Pod, "default", "");
        Assert.That(cluster.Handle(new(Verb.List, path)).Code, Is.EqualTo(500));
        var cached = cluster.Handle(new(Verb.List, path)
        {
            Query = new() { ResourceVersion = "0" },
        });
        Assert.That(cached.Items, Has.Count.EqualTo(3));
        Assert.That(() => cluster.Etcd.Get("/registry/minions/node-1"),
            Throws.TypeOf<EtcdException>());
        Assert.That(() => cluster.Etcd.Watch("/registry/"),
            Throws.TypeOf<EtcdException>().With.Message.EqualTo("etcdserver: no leader"));

        cluster.Faults.Crash("etcd-3");
        Assert.That(Refusal(cluster), Does.StartWith("Timeout: request did not complete"));
        cluster.Faults.Restore("etcd-1");
        cluster.Faults.Restore("etcd-3");
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(Refusal(cluster), Is.Null);
    }

    [Test]
    public void Controllers_try_again_until_the_quorum_is_back()
    {
        var cluster = new Cluster(etcd: 3);
        cluster.Apply(Given.ReplicaSet());
        cluster.Faults.Partition("etcd-1");
        cluster.Faults.Partition("etcd-2");
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(cluster.List<Pod>(), Is.Empty);
        cluster.Faults.Restore("etcd-1");
        cluster.Faults.Restore("etcd-2");
        cluster.Run(TimeSpan.FromMinutes(5));
        cluster.Converge();
        Assert.That(Given.Running(cluster), Is.EqualTo(3));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void A_write_that_timed_out_may_be_committed_after_all()
    {
        var cluster = new Cluster(etcd: 3);
        var leader = LeaderOf(cluster);
        string[] others = [.. cluster.Etcd.Members.Select(m => m.Name).Where(n => n != leader)];
        Array.ForEach(others, cluster.Faults.Crash);

        Assert.That(Refusal(cluster, "late"), Is.EqualTo(
            "etcdserver: request timed out, possibly due to connection lost"));
        Assert.That(cluster.Find<ConfigMap>("default", "late"), Is.Null);
        Array.ForEach(others, cluster.Faults.Restore);
        cluster.Run(TimeSpan.FromSeconds(3));

        Assert.That(cluster.Find<ConfigMap>("default", "late"), Is.Not.Null);
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void A_write_in_the_log_of_a_deposed_leader_is_lost()
    {
        var cluster = new Cluster(etcd: 5);
        var leader = LeaderOf(cluster);
        string[] others = [.. cluster.Etcd.Members.Select(m => m.Name).Where(n => n != leader)];
        Array.ForEach(others, cluster.Faults.Crash);
        Assert.That(Refusal(cluster, "lost"), Is.Not.Null);
        cluster.Faults.Crash(leader);
        Array.ForEach(others, cluster.Faults.Restore);
        cluster.Run(TimeSpan.FromSeconds(5));
        cluster.Create(Given.ConfigMap("kept"));
        cluster.Faults.Restore(leader);
        cluster.Run(TimeSpan.FromSeconds(5));

        Assert.That(cluster.Find<ConfigMap>("default", "lost"), Is.Null);
        Assert.That(cluster.Etcd.Members.Select(m => m.Revision), Is.All.EqualTo(cluster.Revision));
    }

    [Test]
    public void A_lost_reply_hides_a_write_that_was_carried_out()
    {
        var cluster = new Cluster(etcd: 3);
        cluster.Faults.LoseReply(LeaderOf(cluster));
        Assert.That(Refusal(cluster, "a"), Does.StartWith("etcdserver: request timed out"));
        Assert.That(cluster.Find<ConfigMap>("default", "a"), Is.Not.Null);
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void A_member_that_was_cut_off_shows_the_past()
    {
        var cluster = new Cluster(etcd: 3);
        var leader = LeaderOf(cluster);
        var other = cluster.Etcd.Members.First(m => m.Name != leader).Name;
        cluster.Faults.Partition(other);
        var before = cluster.Revision;
        cluster.Create(Given.ConfigMap("a"));
        cluster.Run(TimeSpan.FromSeconds(30));

        var behind = cluster.Etcd.Members.First(m => m.Name == other);
        Assert.That(behind.Revision, Is.EqualTo(before));
        Assert.That(cluster.At(behind.Revision).Find<ConfigMap>("default", "a"), Is.Null);
        Assert.That(LeaderOf(cluster), Is.EqualTo(leader));
        cluster.Faults.Restore(other);
        cluster.Run(TimeSpan.FromSeconds(1));
        Assert.That(LeaderOf(cluster), Is.EqualTo(leader), "pre-vote: it deposed nobody");
        Assert.That(cluster.Etcd.Members.Select(m => m.Revision), Is.All.EqualTo(cluster.Revision));
    }

    [Test]
    public void A_member_has_no_cursor_to_hold()
    {
        var cluster = new Cluster(etcd: 3);
        Assert.That(() => cluster.Faults.Hold("etcd-1"), Throws.ArgumentException);
        Assert.That(() => cluster.Faults.Crash("etcd-4"), Throws.ArgumentException);
        Assert.That(() => new Cluster().Faults.Crash("etcd-1"), Throws.ArgumentException);
    }

    private static string LeaderOf(Cluster cluster) =>
        cluster.Etcd.Members.Single(m => m.IsLeader).Name;

    private static string? Refusal(Cluster cluster, string name = "a")
    {
        try
        {
            cluster.Create(Given.ConfigMap(name));
            return null;
        }
        catch (ApiException refused)
        {
            return refused.Message;
        }
    }
}
