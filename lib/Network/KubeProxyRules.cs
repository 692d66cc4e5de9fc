using System.Security.Cryptography;
using System.Text;

namespace KubeSim;

/// <summary>
/// The rules that one port of a Service comes to on one node. Its chains:
/// <list type="bullet">
/// <item>KUBE-SVC-…: all its endpoints, one picked by chance; KUBE-SVL-…: those of this
/// node;</item>
/// <item>KUBE-EXT-…: what comes to its node port, external IP or load balancer, masqueraded by
/// policy Cluster, so that answers come back by this node;</item>
/// <item>KUBE-FW-…: the source ranges that its load balancer lets in;</item>
/// <item>KUBE-SEP-…: one endpoint. A pod that is sent to itself is masqueraded, or it would take
/// its own answer for a stranger's.</item>
/// </list>
/// The letters behind are the first 16 of the base32 of a SHA-256 over name and protocol, so that
/// every node and every restart comes to the same names.
/// <para>Worked: of three endpoints the first is taken with probability 1/3, else the second with
/// 1/2, else the third: a third each.</para>
/// Models pkg/proxy/iptables/proxier.go.
/// </summary>
internal sealed class ServiceRules
{
    public const uint MasqueradeBit = 0x4000;
    public const string MarkMasq = "KUBE-MARK-MASQ";

    private readonly ServicePortInfo service;
    private readonly UsableEndpoints endpoints;
    private readonly KubeProxyOptions options;
    private readonly bool isLarge;
    private readonly string id;

    public ServiceRules(ServicePortInfo service, UsableEndpoints endpoints, string nodeIp,
        KubeProxyOptions options, bool isLarge)
    {
        (this.service, this.endpoints, this.options) = (service, endpoints, options);
        this.isLarge = isLarge;
        id = Id(service.Name + service.Protocol);
        var hasInternal = endpoints.HasAny
            && (!service.IsInternalLocal || endpoints.Local.Count > 0);
        var hasExternal = endpoints.HasAny
            && (!service.IsExternalLocal || endpoints.Local.Count > 0);
        Capture(hasInternal, hasExternal);
        AddExternalChain(hasExternal);
        AddFirewallChain(nodeIp);
        AddPolicyChain("KUBE-SVC-" + id, service.UsesClusterEndpoints, endpoints.Cluster,
            hasInternal && !service.IsInternalLocal);
        AddPolicyChain("KUBE-SVL-" + id, service.UsesLocalEndpoints, endpoints.Local,
            hasInternal && service.IsInternalLocal);
        foreach (var endpoint in endpoints.All)
        {
            AddEndpointChain(endpoint);
        }
    }

    /// <summary>Its part of the chains of table nat that all Services share.</summary>
    public List<NetfilterRule> NatServices { get; } = [];

    public List<NetfilterRule> NatNodePorts { get; } = [];

    /// <summary>Its own chains of table nat.</summary>
    public List<NetfilterChain> NatChains { get; } = [];

    /// <summary>Its part of the chains of table filter.</summary>
    public List<NetfilterRule> FilterServices { get; } = [];

    public List<NetfilterRule> FilterExternal { get; } = [];

    public List<NetfilterRule> FilterNodePorts { get; } = [];

    public List<NetfilterRule> FilterFirewall { get; } = [];

    /// <summary>How many rules there are in all.</summary>
    public int Count => NatServices.Count + NatNodePorts.Count + NatChains.Sum(c => c.Rules.Count)
        + FilterServices.Count + FilterExternal.Count + FilterNodePorts.Count
        + FilterFirewall.Count;

    private string Chain(bool local) => (local ? "KUBE-SVL-" : "KUBE-SVC-") + id;

    private bool UsesFirewall => endpoints.HasAny && !service.LoadBalancerIPs.IsEmpty
        && !service.SourceRanges.IsEmpty;

    internal static RuleMatch Remark(string text) => new RuleMatch.Comment(text);

    // Of the rules of endpoints, of which a large cluster has too many.
    private RuleMatch[] Remarked(string text) => isLarge ? [] : [Remark(text)];

    internal static RuleTarget Jump(string chain) => new RuleTarget.Jump(chain);

    /// <summary>The rules that catch what is for the Service: in table nat where it has endpoints,
    /// in table filter where it must not pass.</summary>
    private void Capture(bool hasInternal, bool hasExternal)
    {
        var external = Jump("KUBE-EXT-" + id);
        var refusal = endpoints.HasAny ? new RuleTarget.Decide(Verdict.Drop)
            : (RuleTarget)new RuleTarget.Reject();
        var why = $"{service.Name} has no {(endpoints.HasAny ? "local " : "")}endpoints";
        (hasInternal ? NatServices : FilterServices).Add(hasInternal
            ? To(service.ClusterIP, $"{service.Name} cluster IP",
                Jump(Chain(service.IsInternalLocal)))
            : To(service.ClusterIP, why, refusal));
        foreach (var ip in service.ExternalIPs)
        {
            Catch(NatServices, endpoints.HasAny, ip, $"{service.Name} external IP", external);
            Catch(FilterExternal, !hasExternal, ip, why, refusal);
        }
        foreach (var ip in service.LoadBalancerIPs)
        {
            Catch(NatServices, endpoints.HasAny, ip, $"{service.Name} loadbalancer IP",
                UsesFirewall ? Jump("KUBE-FW-" + id) : external);
            Catch(FilterFirewall, UsesFirewall, ip, $"{service.Name} traffic not accepted by "
                + $"KUBE-FW-{id}", new RuleTarget.Decide(Verdict.Drop));
            Catch(FilterExternal, !hasExternal, ip, why, refusal);
        }
        CaptureNodePort(hasExternal, external, why, refusal);
        if (service.HealthCheckNodePort != 0)
        {
            FilterNodePorts.Add(new()
            {
                Protocol = "tcp",
                Matches = [Remark($"{service.Name} health check node port"),
                    new RuleMatch.Port("tcp", service.HealthCheckNodePort)],
                Target = new RuleTarget.Decide(Verdict.Accept),
            });
        }
    }

    private void CaptureNodePort(
        bool hasExternal, RuleTarget external, string why, RuleTarget refusal)
    {
        if (service.NodePort == 0)
        {
            return;
        }
        var port = new RuleMatch.Port(service.Protocol, service.NodePort);
        var rule = new NetfilterRule
        {
            Protocol = service.Protocol, Matches = [Remark(service.Name), port], Target = external,
        };
        if (endpoints.HasAny && options is { LocalhostNodePorts: true, Ipv6: false })
        {
            // The same once more, to count who still uses node ports by 127.0.0.1.
            NatNodePorts.Add(rule with
            {
                Destination = new("127.0.0.0/8"),
                Matches = rule.Matches.Add(
                    new RuleMatch.Counted("localhost_nps_accepted_pkts")),
            });
        }
        if (endpoints.HasAny)
        {
            NatNodePorts.Add(rule);
        }
        if (!hasExternal)
        {
            FilterExternal.Add(rule with
            {
                Matches = [Remark(why), new RuleMatch.Local(OfSource: false), port],
                Target = refusal,
            });
        }
    }

    private void AddExternalChain(bool hasExternal)
    {
        if (!endpoints.HasAny || !service.IsExternallyAccessible)
        {
            return;
        }
        var rules = new List<NetfilterRule>();
        NetfilterRule About(string what, RuleTarget target) => new()
        {
            Matches = [Remark($"{what} {service.Name} external destinations")], Target = target,
        };
        var isLocal = new RuleMatch.Local(OfSource: true);
        if (!service.IsExternalLocal)
        {
            rules.Add(About("masquerade traffic for", Jump(MarkMasq)));
        }
        else
        {
            if (options.ClusterCidr.Length > 0)
            {
                rules.Add(About("pod traffic for", Jump(Chain(local: false))) with
                {
                    Source = new(options.ClusterCidr),
                });
            }
            var mark = About("masquerade LOCAL traffic for", Jump(MarkMasq));
            var route = About("route LOCAL traffic for", Jump(Chain(local: false)));
            rules.Add(mark with { Matches = mark.Matches.Add(isLocal) });
            rules.Add(route with { Matches = route.Matches.Add(isLocal) });
        }
        if (hasExternal)
        {
            rules.Add(new() { Target = Jump(Chain(service.IsExternalLocal)) });
        }
        NatChains.Add(new("KUBE-EXT-" + id, [.. rules]));
    }

    private void AddFirewallChain(string nodeIp)
    {
        if (!UsesFirewall)
        {
            return;
        }
        var ranges = service.SourceRanges.Select(r => new RuleRange(r)).ToList();
        if (nodeIp.Length > 0 && ranges.Exists(r => r.Takes(nodeIp)))
        {
            // A node that is let in reaches a load balancer by that balancer's own address.
            ranges.AddRange(service.LoadBalancerIPs.Select(RuleRange.Of));
        }
        var rules = ranges.ConvertAll(range => new NetfilterRule
        {
            Source = range, Matches = [Remark($"{service.Name} loadbalancer IP")],
            Target = Jump("KUBE-EXT-" + id),
        });
        rules.Add(new()
        {
            Matches = [Remark($"other traffic to {service.Name} will be dropped by "
                + "KUBE-PROXY-FIREWALL")],
        });
        NatChains.Add(new("KUBE-FW-" + id, [.. rules]));
    }

    private void AddPolicyChain(
        string name, bool used, IReadOnlyList<EndpointInfo> targets, bool isInternal)
    {
        if (!used || targets.Count == 0)
        {
            return;
        }
        var rules = new List<NetfilterRule>();
        if (isInternal && (options.MasqueradeAll || options.ClusterCidr.Length > 0))
        {
            rules.Add(To(service.ClusterIP, $"{service.Name} cluster IP", Jump(MarkMasq)) with
            {
                Source = options.MasqueradeAll ? null : new(options.ClusterCidr, Not: true),
            });
        }
        if (service.StickySeconds is { } seconds)
        {
            foreach (var target in targets)
            {
                rules.Add(Choice(target, new RuleMatch.Recent(EndpointChain(target), seconds)));
            }
        }
        for (var i = 0; i < targets.Count; i++)
        {
            rules.Add(Choice(targets[i], i == targets.Count - 1 ? null
                : new RuleMatch.Chance(Math.Round(1.0 / (targets.Count - i), 10))));
        }
        NatChains.Add(new(name, [.. rules]));
    }

    private NetfilterRule Choice(EndpointInfo target, RuleMatch? condition)
    {
        return new()
        {
            Matches = [.. Remarked($"{service.Name} -> {target.Address}"), .. condition is null
                ? Array.Empty<RuleMatch>() : [condition]],
            Target = Jump(EndpointChain(target)),
        };
    }

    private void AddEndpointChain(EndpointInfo endpoint)
    {
        var name = EndpointChain(endpoint);
        var (remark, port) = (Remarked(service.Name), new RuleMatch.Port(service.Protocol));
        NatChains.Add(new(name,
        [
            new()
            {
                Source = RuleRange.Of(endpoint.Ip), Matches = [.. remark], Target = Jump(MarkMasq),
            },
            new()
            {
                Protocol = service.Protocol,
                Matches = service.StickySeconds is null ? [.. remark, port]
                    : [.. remark, new RuleMatch.Recent(name), port],
                Target = new RuleTarget.Dnat(endpoint.Address),
            },
        ]));
    }

    private string EndpointChain(EndpointInfo endpoint) =>
        "KUBE-SEP-" + Id(service.Name + service.Protocol + endpoint.Address);

    private void Catch(
        List<NetfilterRule> rules, bool wanted, string ip, string remark, RuleTarget target)
    {
        if (wanted)
        {
            rules.Add(To(ip, remark, target));
        }
    }

    private NetfilterRule To(string ip, string remark, RuleTarget target) => new()
    {
        Destination = RuleRange.Of(ip), Protocol = service.Protocol,
        Matches = [Remark(remark), new RuleMatch.Port(service.Protocol, service.Port)],
        Target = target,
    };

    /// <summary>The first 16 letters of the base32 of a SHA-256.</summary>
    internal static string Id(string text)
    {
        const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return string.Create(16, hash[..10], static (id, bytes) =>
        {
            for (var i = 0; i < id.Length; i++)
            {
                var bit = 5 * i;
                var pair = (bytes[bit / 8] << 8) | (bit / 8 < 9 ? bytes[(bit / 8) + 1] : 0);
                id[i] = letters[(pair >> (11 - (bit % 8))) & 31];
            }
        });
    }
}
