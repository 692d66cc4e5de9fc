using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The memory of connections: what was done to the first packet is done to all.</summary>
public class ConntrackTests
{
    private static readonly DateTime Now = DateTime.UnixEpoch;

    private static readonly Packet First = new()
    {
        Source = "10.244.1.2", SourcePort = 40001, Destination = "10.96.0.7", DestinationPort = 80,
    };

    private static readonly Packet Final = First with
    {
        Source = "192.168.0.11", Destination = "10.244.2.3", DestinationPort = 8080,
    };

    private static NetfilterLook Look(params string[] own) =>
        new("node-1", Now, own.Contains, _ => throw new InvalidOperationException("no chance"), []);

    // Whoever asks this table rolls a die, which here is an error.
    private static Netfilter Tracked()
    {
        var kernel = Netfilter.Parse("""
            *nat
            :PREROUTING ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            -A PREROUTING -m statistic --mode random --probability 0.5 -j DROP
            -A POSTROUTING -m statistic --mode random --probability 0.5 -j DROP
            COMMIT
            """);
        kernel.Track(First, Final, Now);
        return kernel;
    }

    [Test]
    public void The_second_packet_skips_the_rules()
    {
        var (kernel, packet) = (Tracked(), First);
        kernel.Pass("PREROUTING", ref packet, Look());
        Assert.That((packet.Destination, packet.DestinationPort), Is.EqualTo(("10.244.2.3", 8080)));
        Assert.That(packet.State, Is.EqualTo("ESTABLISHED"));
        kernel.Pass("POSTROUTING", ref packet, Look(), "unused");
        Assert.That(packet.Source, Is.EqualTo("192.168.0.11"));
    }

    [Test]
    public void The_answer_is_turned_back()
    {
        var (kernel, packet) = (Tracked(), Final.Reply());
        kernel.Pass("PREROUTING", ref packet, Look());
        Assert.That(packet.Destination, Is.EqualTo("10.244.1.2"));
        kernel.Pass("POSTROUTING", ref packet, Look(), "unused");
        Assert.That(packet.IsSameFlow(First.Reply()), packet.ToString());
    }

    [Test]
    public void Another_port_is_another_connection()
    {
        var (kernel, packet) = (Tracked(), First with { SourcePort = 40002 });
        Assert.That(kernel.Find(packet), Is.Null);
        Assert.That(kernel.Find(First), Is.SameAs(kernel.Find(Final.Reply())));
        Assert.That(() => kernel.Pass("PREROUTING", ref packet, Look()),
            Throws.InvalidOperationException);
    }

    [Test]
    public void The_list_reads_as_conntrack_prints_it()
    {
        var kernel = Tracked();
        Assert.That(kernel.ListConnections(Now), Is.EqualTo(
            "tcp      6 119 SYN_SENT src=10.244.1.2 dst=10.96.0.7 sport=40001 dport=80 [UNREPLIED] "
            + "src=10.244.2.3 dst=192.168.0.11 sport=8080 dport=40001 mark=0 use=1\n"));
        kernel.AnswerOf(Final.Reply());
        kernel.Track(First with { Protocol = "udp" }, Final with { Protocol = "udp" }, Now);
        kernel.AnswerOf(Final.Reply() with { Protocol = "udp" });
        var ping = new Packet { Protocol = "icmp", Source = "10.0.0.1", Destination = "10.0.0.2" };
        kernel.Track(ping, ping, Now);
        Assert.That(kernel.ListConnections(Now.AddSeconds(1)), Is.EqualTo(
            "tcp      6 86398 ESTABLISHED src=10.244.1.2 dst=10.96.0.7 sport=40001 dport=80 "
            + "src=10.244.2.3 dst=192.168.0.11 sport=8080 dport=40001 [ASSURED] mark=0 use=1\n"
            + "udp      17 28 src=10.244.1.2 dst=10.96.0.7 sport=40001 dport=80 "
            + "src=10.244.2.3 dst=192.168.0.11 sport=8080 dport=40001 mark=0 use=1\n"
            + "icmp     1 28 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1 [UNREPLIED] "
            + "src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=1 mark=0 use=1\n"));
        Assert.That(kernel.ListConnections(Now.AddSeconds(30)), Does.Not.Contain("udp"));
    }

    [Test]
    public void Of_too_many_connections_the_oldest_is_forgotten()
    {
        var kernel = Tracked();
        for (var i = 1; i <= 1024; i++)
        {
            kernel.Track(First with { SourcePort = i }, Final with { SourcePort = i }, Now);
        }
        Assert.That(kernel.Connections, Has.Count.EqualTo(1024));
        Assert.That(kernel.Find(First), Is.Null);
    }

    [TestCase("iptables")]
    [TestCase("ipvs")]
    public void A_stream_of_udp_is_forgotten_when_its_endpoint_serves_no_more(string mode)
    {
        var cluster = NetworkCluster.New(mode: mode);
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddPod("dns-0", "10.244.2.3");
        cluster.AddService("dns", "10.96.0.10", s => s with
        {
            Ports = [new() { Name = "dns", Port = 53, Protocol = "UDP", TargetPort = 8081 }],
        }, "10.244.2.3", "10.244.3.3");
        var slice = cluster.Update(cluster.Get<EndpointSlice>("dns-abcde") with
        {
            Ports = [new() { Name = "dns", Port = 8081, Protocol = "UDP" }],
            Endpoints = [NetworkCluster.Slice("dns", "10.244.2.3").Endpoints[0]],
        });
        cluster.Converge();
        Assert.That(cluster.Send("client", "udp://10.96.0.10:53").Outcome,
            Is.EqualTo(SendOutcome.Answered));
        cluster.Send("client", "udp://10.244.2.3:8081");
        string List() => cluster.KernelOf("node-1").Filter.ListConnections(cluster.Now);
        Assert.That(List(), Does.Contain("dst=10.96.0.10").And.Contain("udp      17 29 "));
        slice = cluster.Update(slice with
        {
            Endpoints = [slice.Endpoints[0] with
            {
                Conditions = new() { Ready = false, Serving = true, Terminating = true },
            }],
        });
        cluster.Converge();
        Assert.That(List(), Does.Contain("dst=10.96.0.10"), "it ends in peace");
        cluster.Update(slice with { Endpoints = [] });
        cluster.Converge();
        Assert.That(List(), Does.Not.Contain("dst=10.96.0.10").And.Contain("dst=10.244.2.3 sport"));
    }
}
