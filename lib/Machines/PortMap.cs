using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KubeSim;

/// <summary>
/// The plugin <c>portmap</c>, called behind the one that made a pod's interface: a
/// <c>hostPort</c> is a rule in the packet filter of the pod's node and nothing else. No process
/// listens there, so no other program of the node is told that the port is taken.
/// <para>Worked: hostPort 8080 of a pod 10.244.1.2 that listens on 80. What is for an address of
/// the node meets in PREROUTING (from a process of the node: OUTPUT) the jump to CNI-HOSTPORT-DNAT,
/// there its port leads to the chain of the pod, CNI-DN- and the beginning of the SHA-512 of
/// network and sandbox, and that one makes 10.244.1.2:80 of it. The pod sees who asked, but for
/// pods of its own node and for 127.0.0.1: these are marked (CNI-HOSTPORT-SETMARK) and masqueraded,
/// or the answer would not come back past the node.</para>
/// <para>kube-proxy puts its jump before all others, so a Service's port is found first. DEL takes
/// away the pod's chain; the common ones stay. That two pods of a node do not want the same port is
/// the scheduler's to see (NodePorts); nobody asks here.</para>
/// Models github.com/containernetworking/plugins plugins/meta/portmap.
/// </summary>
internal sealed class PortMap
{
    private const string Network = "cbr0";
    private const string Common = "CNI-HOSTPORT-DNAT";
    private const string SetMark = "CNI-HOSTPORT-SETMARK";
    private const string Masquerade = "CNI-HOSTPORT-MASQ";
    private const uint Bit = 0x2000;
    private const int ChainLength = 28;
    private const int PortsOfRule = 15;

    private static readonly NetfilterTable Last = new("nat", new[] { "PREROUTING", "OUTPUT" }
        .Select(c => new NetfilterChain(c, [Rule(Common, new RuleMatch.Local(OfSource: false))],
            IsBuiltIn: true)));

    private readonly SortedList<int, (string Id, CniResult Pod, Seq<ContainerPort> Ports)> open =
        [];
    private int opened;

    /// <summary>ADD: leads the host ports of a sandbox to it.</summary>
    public void Open(Netfilter kernel, string id, CniResult pod, Seq<ContainerPort> ports)
    {
        var mapped = ports.Where(p => p.HostPort > 0).ToSeq();
        if (mapped.IsEmpty)
        {
            return;
        }
        open.Add(opened++, (id, pod, mapped));
        Write(kernel);
        // Datagrams of a client that sent before would go on where the first one went.
        kernel.Drop(e => e.Original.Protocol == "udp" && mapped.Any(p =>
            ProtocolOf(p) == "udp" && p.HostPort == e.Original.DestinationPort));
    }

    /// <summary>DEL: it may come twice, or for one that never had a port.</summary>
    public void Close(Netfilter kernel, string id)
    {
        foreach (var (number, _) in open.Where(o => o.Value.Id == id).ToArray())
        {
            open.Remove(number);
            Write(kernel);
        }
    }

    private void Write(Netfilter kernel)
    {
        var (common, pods) = (new List<NetfilterRule>(), new List<NetfilterChain>());
        foreach (var (id, pod, ports) in open.Values)
        {
            var hash = Convert.ToHexStringLower(
                SHA512.HashData(Encoding.UTF8.GetBytes(Network + id)));
            var chain = $"CNI-DN-{hash}"[..ChainLength];
            var remark = new RuleMatch.Comment($"dnat name: \"{Network}\" id: \"{id}\"");
            foreach (var group in ports.GroupBy(ProtocolOf)
                .OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                common.AddRange(group.Select(p => p.HostPort!.Value).Chunk(PortsOfRule).Select(
                    numbers => Rule(chain, remark, new RuleMatch.PortList([.. numbers])) with
                    {
                        Protocol = group.Key,
                    }));
            }
            pods.Add(new(chain, [.. ports.SelectMany(p => RulesOf(p, pod))]));
        }
        kernel.Lay("portmap", new("nat",
        [
            new(Common, [.. common]), .. pods,
            new(SetMark,
            [
                new()
                {
                    Matches = [new RuleMatch.Comment("CNI portfwd masquerade mark")],
                    Target = new RuleTarget.Mark(Bit, Bit),
                },
            ]),
            new(Masquerade,
            [
                new()
                {
                    Matches = [new RuleMatch.Marked(Bit)],
                    Target = new RuleTarget.Masquerade(AnyPort: false),
                },
            ]),
            new("POSTROUTING",
                [Rule(Masquerade, new RuleMatch.Comment("CNI portfwd requiring masquerade"))],
                IsBuiltIn: true),
        ]), Last);
    }

    private static IEnumerable<NetfilterRule> RulesOf(ContainerPort port, CniResult pod)
    {
        var protocol = ProtocolOf(port);
        var to = new NetfilterRule
        {
            Protocol = protocol, Matches = [new RuleMatch.Port(protocol, port.HostPort)],
            Destination = port.HostIP is null or "" or "0.0.0.0" ? null
                : RuleRange.Of(port.HostIP),
        };
        var own = Ipv4Range.Around(Ipv4Range.Parse(pod.Ip).First, pod.Length);
        foreach (var from in new[] { $"{own}", "127.0.0.1/32" })
        {
            yield return to with { Source = new(from), Target = new RuleTarget.Jump(SetMark) };
        }
        yield return to with
        {
            Target = new RuleTarget.Dnat(
                string.Create(CultureInfo.InvariantCulture, $"{pod.Ip}:{port.Port}")),
        };
    }

    private static NetfilterRule Rule(string chain, params RuleMatch[] matches) =>
        new() { Matches = [.. matches], Target = new RuleTarget.Jump(chain) };

    private static string ProtocolOf(ContainerPort port) => port.Protocol switch
    {
        "UDP" => "udp", "SCTP" => "sctp", _ => "tcp",
    };
}
