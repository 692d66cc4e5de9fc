using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Flannel whose ranges are leased in etcd: how a node gets one, keeps it and loses
/// it.</summary>
public class FlannelEtcdTests
{
    private const string Subnets = "/coreos.com/network/subnets/";
    private const string ConfigKey = "/coreos.com/network/config";
    private const string Pods = FlannelTests.Pods;

    private static Cluster New(int nodes = 2)
    {
        var cluster = new Cluster(nodes: nodes, network: PodNetwork.FlannelEtcd);
        cluster.Apply(Pods);
        cluster.Converge();
        return cluster;
    }

    private static PacketTrace Ping(Cluster cluster) =>
        cluster.Send("a", cluster.Get<Pod>("b").Status.PodIP!);

    private static string RangeOf(Cluster cluster, string node)
    {
        var line = cluster.Shell(node, "cat /run/flannel/subnet.env").Split('\n')
            .Single(l => l.StartsWith("FLANNEL_SUBNET=", StringComparison.Ordinal));
        return $"{Ipv4Range.Parse(line["FLANNEL_SUBNET=".Length..])}";
    }

    private static string KeyOf(Cluster cluster, string node) =>
        Subnets + RangeOf(cluster, node).Replace('/', '-');

    private static List<StepRecord> Steps(Cluster cluster, TimeSpan time)
    {
        var (steps, until) = (new List<StepRecord>(), cluster.Now + time);
        while (cluster.Now < until)
        {
            var step = cluster.Step();
            if (step.IsIdle)
            {
                break;
            }
            steps.Add(step);
        }
        return steps;
    }

    [Test]
    public void Each_node_picks_a_range_and_writes_who_has_it_to_etcd()
    {
        var cluster = New();
        Assert.That(cluster.Etcd.Get(ConfigKey)!.Value, Is.EqualTo(
            """{"Network":"10.244.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan"}}"""));
        var mac = NetDevice.MacOf("flannel.1 node-1");
        var key = cluster.Etcd.Get(KeyOf(cluster, "node-1"))!;
        Assert.That(key.Value, Is.EqualTo("""{"PublicIP":"172.18.0.2","PublicIPv6":null"""
            + $$$""","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"{{{mac}}}"}}"""));
        Assert.That(cluster.Etcd.Keys(Subnets), Has.Count.EqualTo(2));
        Assert.That(cluster.Get<Node>("node-1").Metadata.Annotations.Keys, Has.None
            .StartsWith("flannel"), "no Kubernetes is asked");
        Assert.That(Ipv4Range.Parse(RangeOf(cluster, "node-1"))
            .Contains(NumberOf(cluster.Get<Pod>("a").Status.PodIP!)), Is.True);
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
        Assert.That(cluster.Shell("node-1", "ip route"), Does.Contain(
            $"{RangeOf(cluster, "node-2")} via "));
        Assert.That(cluster.Shell("node-1", "cat /run/flannel/subnet.env"),
            Does.Contain("FLANNEL_NETWORK=10.244.0.0/16\n").And.Contain("FLANNEL_MTU=1450\n"));
    }

    private static uint NumberOf(string address) =>
        Ipv4Range.TryNumber(address, out var number) ? number : 0;

    [Test]
    public void A_lease_prints_as_etcdctl_prints_it()
    {
        var cluster = New();
        cluster.Run(TimeSpan.FromMinutes(10));
        var lease = cluster.Etcd.Leases[0];
        Assert.That(lease.ToString(), Does.Match("^lease 000000000000000[12] granted with "
            + @"TTL\(86400s\), remaining\(85[0-9]{3}s\), attached keys\(\["
            + Subnets + @"10\.244\.\d+\.0-24\]\)$"));
    }

    [Test]
    public void A_lease_is_renewed_an_hour_before_it_ends_under_a_new_number()
    {
        var cluster = New();
        var (key, before) = (KeyOf(cluster, "node-1"), cluster.Etcd.Leases.ToArray());
        cluster.Run(TimeSpan.FromHours(23) + TimeSpan.FromMinutes(1));
        var leases = cluster.Etcd.Leases;
        Assert.That(leases.Select(l => l.Keys.Count), Is.EqualTo(new[] { 0, 0, 1, 1 }),
            "the old ones run out without a key");
        Assert.That(leases.Take(2).Select(l => l.Id), Is.EquivalentTo(before.Select(l => l.Id)));
        cluster.Run(TimeSpan.FromHours(3));
        Assert.That(cluster.Etcd.Leases, Has.Count.EqualTo(2));
        Assert.That(cluster.Etcd.Get(key), Is.Not.Null);
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void A_node_that_is_dead_for_a_day_loses_its_range_and_the_way_to_it()
    {
        var cluster = New(3);
        var (key, range) = (KeyOf(cluster, "node-3"), RangeOf(cluster, "node-3"));
        cluster.Faults.Crash("node-3");
        cluster.Run(TimeSpan.FromHours(23) + TimeSpan.FromMinutes(50));
        Assert.That(cluster.Etcd.Get(key), Is.Not.Null);
        Assert.That(cluster.Shell("node-1", "ip route"), Does.Contain(range));
        cluster.Run(TimeSpan.FromMinutes(20));
        Assert.That(cluster.Etcd.Get(key), Is.Null);
        var mac = NetDevice.MacOf("flannel.1 node-3");
        Assert.That(cluster.Shell("node-1", "ip route") + cluster.Shell("node-1", "ip neigh")
            + cluster.Shell("node-1", "bridge fdb show"),
            Does.Not.Contain(range).And.Not.Contain(mac));
        cluster.Faults.Restore("node-3");
        cluster.Converge();
        Assert.That(cluster.Etcd.Keys(Subnets), Has.Count.EqualTo(3), "it takes a range anew");
        Assert.That(cluster.Shell("node-1", "ip route"), Does.Contain(RangeOf(cluster, "node-3")));
    }

    [Test]
    public void A_flanneld_that_died_finds_its_lease_under_its_address()
    {
        var cluster = New();
        var (key, range) = (KeyOf(cluster, "node-1"), RangeOf(cluster, "node-1"));
        var lease = cluster.Etcd.Get(key)!.Lease;
        cluster.Faults.Crash("kube-flannel/node-1");
        cluster.Run(TimeSpan.FromMinutes(5));
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered), "nothing passes it");
        cluster.Faults.Restore("kube-flannel/node-1");
        cluster.Converge();
        Assert.That(RangeOf(cluster, "node-1"), Is.EqualTo(range));
        Assert.That(cluster.Etcd.Get(key)!.Lease, Is.GreaterThan(lease));
    }

    [Test]
    public void Traffic_goes_on_while_etcd_is_away_and_renewals_fail()
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(2), EtcdMembers = 3,
            Settings = NetworkGround.SettingsOf(PodNetwork.FlannelEtcd),
        });
        cluster.Apply(Pods);
        cluster.Converge();
        var range = RangeOf(cluster, "node-1");
        cluster.Run(TimeSpan.FromHours(22) + TimeSpan.FromMinutes(59));
        cluster.Faults.Crash("etcd-1");
        cluster.Faults.Crash("etcd-2");
        var failed = Steps(cluster, TimeSpan.FromMinutes(3))
            .FirstOrDefault(s => s.Component == "kube-flannel");
        Assert.That(failed?.Did[0], Is.EqualTo("Error renewing lease (trying again in 1 min): "
            + "etcdserver: request timed out"));
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
        cluster.Faults.Restore("etcd-1");
        cluster.Faults.Restore("etcd-2");
        cluster.Run(TimeSpan.FromHours(2));
        Assert.That(cluster.Etcd.Get(Subnets + range.Replace('/', '-')), Is.Not.Null);
        Assert.That(RangeOf(cluster, "node-1"), Is.EqualTo(range));
    }

    [Test]
    public void Who_loses_its_lease_starts_anew_with_the_range_that_it_had()
    {
        var cluster = New();
        var (key, range) = (KeyOf(cluster, "node-2"), RangeOf(cluster, "node-2"));
        cluster.Etcd.Delete(key);
        var steps = Steps(cluster, TimeSpan.FromSeconds(10))
            .Where(s => s.Component == "kube-flannel").ToList();
        var did = steps.Select(s => $"{s.Node}: {string.Join("; ", s.Did)}");
        Assert.That(did, Is.EquivalentTo(new[]
        {
            $"node-1: removed the way to {range} on 172.18.0.3",
            "node-2: Lease has been revoked. Shutting down daemon.",
            $"node-2: leased {range} for 172.18.0.3; wrote /run/flannel/subnet.env; added the way "
                + $"to {RangeOf(cluster, "node-1")} on 172.18.0.2",
            $"node-1: added the way to {range} on 172.18.0.3",
        }));
        Assert.That(steps[0].Causes.Select(c => c.Type), Has.Some.EqualTo(CauseType.Revision));
        Assert.That(steps.SelectMany(s => s.Changes).Select(c => $"{c}"),
            Is.EqualTo(new[] { $"put {key} in etcd" }));
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void Where_the_old_range_is_taken_the_bridge_keeps_its_address_and_new_pods_fail()
    {
        var cluster = New();
        var (key, range) = (KeyOf(cluster, "node-2"), RangeOf(cluster, "node-2"));
        cluster.Etcd.Put(key, cluster.Etcd.Get(key)!.Value.Replace("172.18.0.3", "172.18.0.99"));
        cluster.Faults.Crash("kube-flannel/node-2");
        cluster.Faults.Restore("kube-flannel/node-2");
        cluster.Converge();
        var now = RangeOf(cluster, "node-2");
        Assert.That(now, Is.Not.EqualTo(range));
        cluster.Apply(Pods.Split("---")[1].Replace("name: b", "name: c"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Kubectl("describe pod c").ToString(), Does.Contain("failed to delegate "
            + "add: failed to set bridge addr: \"cni0\" already has an IP address different from "
            + $"{now.Replace(".0/", ".1/")}"));
    }

    [Test]
    public void Without_a_network_in_etcd_flanneld_waits_and_no_pod_starts()
    {
        var cluster = new Cluster(nodes: 2, network: PodNetwork.FlannelEtcd);
        cluster.Etcd.Delete(ConfigKey);
        cluster.Apply(Pods);
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Get<Pod>("a").IsReady, Is.False);
        cluster.Etcd.Put(ConfigKey, """{"Network":"10.42.0.0/22","Backend":{"Type":"host-gw"}}""");
        cluster.Run(TimeSpan.FromMinutes(3));
        Assert.That(cluster.Get<Pod>("a").IsReady, Is.True);
        Assert.That(cluster.Etcd.Range(Subnets).Select(kv => kv.Value), Is.EquivalentTo(new[]
        {
            """{"PublicIP":"172.18.0.2","PublicIPv6":null,"BackendType":"host-gw"}""",
            """{"PublicIP":"172.18.0.3","PublicIPv6":null,"BackendType":"host-gw"}""",
        }));
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [TestCase("""{"Network":"10.0.0.0/8","SubnetLen":31,"Backend":{"Type":"vxlan"}}""",
        "SubnetLen must be less than /31")]
    [TestCase("""{"Network":"10.0.0.0/23","SubnetLen":24,"Backend":{"Type":"vxlan"}}""",
        "network must be able to accommodate at least four subnets")]
    [TestCase("""{"Network":"10.0.0.0/29","Backend":{"Type":"vxlan"}}""",
        "network is too small. Minimum useful network prefix is /28")]
    [TestCase("""{"Network":"10.0.0.0/16","SubnetMin":"10.1.0.0","Backend":{"Type":"vxlan"}}""",
        "SubnetMin is not in the range of the Network")]
    [TestCase("""{"Network":"10.0.0.0/16","SubnetMax":"10.0.9.1","Backend":{"Type":"vxlan"}}""",
        "SubnetMax is not on a SubnetLen boundary: 10.0.9.1")]
    [TestCase("""{"Backend":{"Type":"vxlan"}}""",
        "please define a correct Network parameter in the flannel config")]
    [TestCase("""{"Network":"10.0.0.0/16"}""",
        "backend type udp is not simulated: choose vxlan or host-gw")]
    public void A_network_that_makes_no_sense_is_refused_in_words(string config, string error) =>
        Assert.That(FlannelConfig.Read(config, out _), Is.EqualTo(error));

    [TestCase("10.244.0.0/16", 24, 255, "10.244.1.0/24", "10.244.255.0/24")]
    [TestCase("10.244.0.0/23", 25, 3, "10.244.0.128/25", "10.244.1.128/25")]
    [TestCase("192.168.0.0/28", 30, 3, "192.168.0.4/30", "192.168.0.12/30")]
    public void The_first_range_of_a_network_is_nobodys(
        string network, int length, int count, string first, string last)
    {
        var text = $$$"""{"Network":"{{{network}}}","Backend":{"Type":"vxlan"}}""";
        Assert.That(FlannelConfig.Read(text, out var config), Is.Null);
        var all = config!.All.ToList();
        Assert.That((all.Count, $"{all[0]}", $"{all[^1]}", all[0].Length),
            Is.EqualTo((count, first, last, length)));
    }

    [Test]
    public void When_all_ranges_are_taken_a_node_gets_none()
    {
        var cluster = new Cluster(nodes: 4, network: PodNetwork.FlannelEtcd);
        cluster.Etcd.Put(ConfigKey, """{"Network":"10.42.0.0/22","Backend":{"Type":"vxlan"}}""");
        var error = Steps(cluster, TimeSpan.FromSeconds(20)).Select(s => s.Error)
            .FirstOrDefault(e => e is not null);
        Assert.That(cluster.Etcd.Keys(Subnets), Has.Count.EqualTo(3));
        Assert.That(error, Is.EqualTo("failed to acquire lease: out of subnets"));
    }

    [Test]
    public void Many_nodes_are_told_only_when_somebody_looks_and_lease_all_the_same()
    {
        var cluster = New(25);
        Assert.That(cluster.Etcd.Keys(Subnets), Has.Count.EqualTo(25));
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
        Assert.That(cluster.Shell("node-7", "ip route").Split('\n')
            .Count(l => l.Contains("flannel.1", StringComparison.Ordinal)), Is.EqualTo(24));
    }

    [Test]
    public void A_run_with_leases_can_be_taken_back_and_branched()
    {
        var cluster = New();
        cluster.Run(TimeSpan.FromHours(23) + TimeSpan.FromMinutes(1));
        var fork = cluster.Fork();
        Assert.That(fork.Etcd.Range(Subnets), Is.EqualTo(cluster.Etcd.Range(Subnets)));
        cluster.Rewind(3);
        cluster.Run(TimeSpan.FromHours(25));
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
    }
}
