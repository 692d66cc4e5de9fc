using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Two ways through a cluster, word for word.</summary>
public class SendTranscriptTests
{
    [Test]
    public void From_a_pod_by_name_to_a_pod_of_another_node()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddPod("web-0", "10.244.2.3");
        cluster.AddPod("web-1", "10.244.3.3");
        cluster.AddService("web", "10.96.0.7", null, "10.244.2.3", "10.244.3.3");
        Check("send-cluster-ip.txt", cluster.Send("client", "http://web"));
    }

    [Test]
    public void From_outside_by_a_node_port_to_a_pod_of_another_node()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("web-0", "10.244.3.3");
        cluster.AddService("web", "10.96.0.7", s => s with
        {
            Type = "NodePort",
            Ports = [new() { Port = 80, TargetPort = 8080, NodePort = 30080 }],
        }, "10.244.3.3");
        Check("send-node-port.txt", cluster.Send("outside", "192.168.0.11:30080"));
    }

    private static void Check(string file, PacketTrace trace)
    {
        TestContext.Out.WriteLine(trace);
        Assert.That(trace.ToString() + "\n", Is.EqualTo(Data.Text(file)));
    }
}
