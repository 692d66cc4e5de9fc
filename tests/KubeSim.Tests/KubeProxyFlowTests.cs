using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Where packets go by the rules of kube-proxy: upstream's own cases (v1.28), each after
/// its sequence of events.</summary>
public class KubeProxyFlowTests
{
    private const string NodeIp = "192.168.0.2";

    private static readonly Node Self = new()
    {
        Metadata = new() { Name = "test-hostname" },
        Status = new() { Addresses = [new() { Type = "InternalIP", Address = NodeIp }] },
    };

    private static IEnumerable<string> Cases() =>
        TestData.Rows("kube-proxy/flows.tsv").Select(r => r[0]).Distinct();

    [TestCaseSource(nameof(Cases))]
    public void Packets_go_where_upstream_says(string name)
    {
        var services = new Dictionary<ObjectKey, Service>();
        var slices = new Dictionary<ObjectKey, EndpointSlice>();
        var kernel = new Netfilter();
        var flows = 0;
        foreach (var row in TestData.Rows("kube-proxy/flows.tsv").Where(r => r[0] == name))
        {
            switch (row[1])
            {
                case "sync":
                    Proxy(name, row[2]).Write(
                        new() { Filter = kernel }, services.Values, slices.Values, Self);
                    break;
                case "flow":
                    flows++;
                    Check(kernel, row);
                    break;
                case var change when change.Contains("Service", StringComparison.Ordinal):
                    Apply(services, change, ProxyData.Decode<Service>(row[2]));
                    break;
                case var change:
                    Apply(slices, change, ProxyData.Decode<EndpointSlice>(row[2]));
                    break;
            }
        }
        Assert.That(flows, Is.Positive);
    }

    private static void Apply<T>(Dictionary<ObjectKey, T> objects, string change, T o)
        where T : ApiObject
    {
        if (change.EndsWith("Delete", StringComparison.Ordinal))
        {
            objects.Remove(o.Key);
        }
        else
        {
            objects[o.Key] = o;
        }
    }

    private static KubeProxy Proxy(string name, string settings)
    {
        var flags = JsonNode.Parse(settings)!;
        var all = (string)flags["ports"]![0]!;
        return new("test-hostname", new()
        {
            ClusterCidr = name is "TestInternalExternalMasquerade#2"
                or "TestOnlyLocalNodePortsNoClusterCIDR" ? "" : "10.0.0.0/8",
            LocalhostNodePorts = (bool)flags["local"]!,
            NodePortAddresses = all switch
            {
                "127.0.0.0/8" => ["127.0.0.1"],
                "192.168.0.0/24" => [NodeIp],
                _ => default,
            },
        });
    }

    private static void Check(Netfilter kernel, string[] flow)
    {
        var (source, destination, port) = (flow[2], flow[3], (int)TestData.Number(flow[4]));
        var packet = new Packet
        {
            Source = source, SourcePort = 40001, Destination = destination, DestinationPort = port,
        };
        var ends = ProxyWalk.Ends(kernel, packet, IsOwn);
        Assert.That(string.Join(", ", ends.Select(e => e.Where)), Is.EqualTo(flow[5]), flow[7]);
        Assert.That(ends[0].Masquerade, Is.EqualTo(flow[6] == "true"), flow[7]);
    }

    private static bool IsOwn(string address) =>
        address == NodeIp || address.StartsWith("127.", StringComparison.Ordinal);
}
