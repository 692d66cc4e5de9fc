using System.Globalization;

namespace KubeSim;

/// <summary>A set of addresses that kube-router keeps.</summary>
internal sealed record PolicySet(string Name, string Type, Seq<string> Members)
{
    public override string ToString() => $"{Name} {Type} {string.Join(' ', Members)}";
}

/// <summary>
/// The chain of filter rules that one NetworkPolicy comes to. Each of its rules is a pair: packets
/// of the right set, to the right set, on the right port are marked 0x10000, and marked packets
/// leave the chain. What leaves without the mark no rule of this policy has let through; another
/// policy may.
/// <list type="bullet">
/// <item>KUBE-DST-…: the pods that the policy selects, for connections to them; KUBE-SRC-…: the
/// same pods, for connections from them;</item>
/// <item>for each rule one set more of the peers that are pods, and one of the ranges, where an
/// exception is a hole (nomatch). Ports by name are those pods that have a port of that name, with
/// the number that they give it.</item>
/// </list>
/// The letters behind the prefix are the first 16 of the base32 of a SHA-256, for a policy over its
/// namespace, its name and IPv4. In the real chain's name is also the nanosecond at which it was
/// written, so that it is another one after each change.
/// </summary>
/// <remarks>Models github.com/cloudnativelabs/kube-router/pkg/controllers/netpol/policy.go.
/// </remarks>
internal sealed class PolicyChain
{
    private const uint Matched = KubeRouterRules.Matched;

    private readonly NetworkPolicy policy;
    private readonly IReadOnlyDictionary<string, Namespace> namespaces;
    private readonly Seq<Pod> pods;
    private readonly Seq<Pod> selected;
    private readonly string id;
    private readonly List<NetfilterRule> rules = [];
    private readonly List<PolicySet> sets = [];

    public PolicyChain(NetworkPolicy policy, Seq<Pod> pods,
        IReadOnlyDictionary<string, Namespace> namespaces)
    {
        (this.policy, this.pods, this.namespaces) = (policy, pods, namespaces);
        id = policy.Metadata.Namespace + policy.Metadata.Name;
        selected = [.. pods.Where(policy.Selects)];
        foreach (var ingress in (bool[])[true, false])
        {
            if (!policy.Isolates(ingress))
            {
                continue;
            }
            var own = Add(ingress ? "DST" : "SRC", "IPv4", selected);
            foreach (var (i, rule) in policy.Rules(ingress).Index())
            {
                Write(rule, ingress, own, string.Create(CultureInfo.InvariantCulture,
                    $"{(ingress ? "ingress" : "egress")}rule{i}"));
            }
        }
        Chain = new("KUBE-NWPLCY-" + ServiceRules.Id(id + "IPv4"), [.. rules]);
    }

    public NetfilterChain Chain { get; }

    public IReadOnlyList<PolicySet> Sets => sets;

    public string Name => policy.Metadata.Name;

    public bool Selects(Pod pod) => policy.Selects(pod);

    public bool Isolates(bool ingress) => policy.Isolates(ingress);

    private void Write(NetworkPolicyRule rule, bool ingress, string own, string at)
    {
        var peers = pods.Where(pod => rule.Peers.Any(peer => peer.Means(pod,
            namespaces.GetValueOrDefault(pod.Metadata.Namespace), policy.Metadata.Namespace)))
            .ToList();
        // Names of ports are looked for on whoever is connected to.
        var targets = ingress ? selected : rule.Peers.IsEmpty
            ? [.. pods.Where(p => p.Metadata.Namespace == policy.Metadata.Namespace)] : [.. peers];
        var other = ingress ? "SRC" : "DST";
        var named = Named(rule.Ports, targets, ingress, at);
        if (peers.Count > 0)
        {
            var set = Add(other, at + "IPv4pod", peers);
            // kube-router words this one alike in both directions.
            Pass(rule.Ports, named, ingress, own, set, "rule to ACCEPT traffic from source pods to "
                + $"dest pods selected by policy name {policy.Metadata.Name} namespace "
                + policy.Metadata.Namespace);
        }
        if (rule.Peers.IsEmpty)
        {
            Pass(rule.Ports, named, ingress, own, null, Remark(ingress
                ? "all sources to dest pods" : "source pods to all destinations"));
        }
        Seq<string> ranges = [.. rule.Peers.Where(p => p.IpBlock is not null)
            .SelectMany(p => RangesOf(p.IpBlock!))];
        if (!ranges.IsEmpty)
        {
            sets.Add(new($"KUBE-{other}-" + ServiceRules.Id(id + at + "IPv4ipblock"), "hash:net",
                ranges));
            Pass(rule.Ports, ingress ? named : [], ingress, own, sets[^1].Name, Remark(ingress
                ? "specified ipBlocks to dest pods" : "source pods to specified ipBlocks"));
        }
    }

    private string Remark(string what) => $"rule to ACCEPT traffic from {what} selected by policy "
        + $"name: {policy.Metadata.Name} namespace {policy.Metadata.Namespace}";

    /// <summary>The pairs of rules for all ports of a rule.</summary>
    private void Pass(Seq<NetworkPolicyPort> ports, List<(string Protocol, int Port, string Set)>
        named, bool ingress, string own, string? other, string remark)
    {
        var (source, target) = ingress ? (other, own) : (own, other);
        if (ports.IsEmpty)
        {
            Pass(remark, source, target, null, null);
        }
        foreach (var port in ports.Where(p => p.Port is not { IsText: true }))
        {
            var protocol = LowerOf(port.Protocol);
            Pass(remark, source, target, protocol, port.Port is not { Number: var first } ? null
                : new RuleMatch.Port(protocol, first, port.EndPort > first ? port.EndPort : null));
        }
        foreach (var (protocol, port, set) in named)
        {
            Pass(remark, source, ingress || other is not null ? set : null, protocol,
                new RuleMatch.Port(protocol, port));
        }
    }

    private void Pass(
        string remark, string? source, string? target, string? protocol, RuleMatch? port)
    {
        var matches = new List<RuleMatch> { new RuleMatch.Comment(remark) };
        matches.AddRange(source is null ? [] : [new RuleMatch.Set(source, "src")]);
        matches.AddRange(target is null ? [] : [new RuleMatch.Set(target, "dst")]);
        matches.AddRange(port is null ? [] : [port]);
        var rule = new NetfilterRule { Protocol = protocol, Matches = [.. matches] };
        rules.Add(rule with { Target = new RuleTarget.Mark(Matched, Matched) });
        rules.Add(rule with
        {
            Matches = rule.Matches.Add(new RuleMatch.Marked(Matched)),
            Target = new RuleTarget.Decide(Verdict.Return),
        });
    }

    /// <summary>For ports by name: each number that pods give it, with the set of those
    /// pods.</summary>
    private List<(string Protocol, int Port, string Set)> Named(
        Seq<NetworkPolicyPort> ports, Seq<Pod> targets, bool ingress, string at)
    {
        var found = new List<(string, int, string)>();
        foreach (var wanted in ports.Where(p => p.Port is { IsText: true }))
        {
            var protocol = wanted.Protocol ?? "TCP";
            foreach (var number in targets.SelectMany(p => p.Spec.Containers)
                .SelectMany(c => c.Ports).Where(p => p.Name == wanted.Port!.Value.Text
                    && (p.Protocol ?? "TCP") == protocol).Select(p => p.Port).Distinct())
            {
                var set = Add("DST", at + string.Create(CultureInfo.InvariantCulture,
                    $"{found.Count}IPv4namedport"), targets.Where(p => wanted.Means(
                        protocol, number, p)));
                found.Add((LowerOf(protocol), number, set));
            }
        }
        return found;
    }

    private string Add(string side, string what, IEnumerable<Pod> members)
    {
        sets.Add(new($"KUBE-{side}-{ServiceRules.Id(id + what)}", "hash:ip",
            [.. members.Select(p => p.Status.PodIP!).Order(StringComparer.Ordinal)]));
        return sets[^1].Name;
    }

    // The kernel's sets know no range of all addresses: two halves.
    private static IEnumerable<string> RangesOf(IPBlock block)
    {
        static string[] Halves(string cidr) => cidr.EndsWith("/0", StringComparison.Ordinal)
            ? ["0.0.0.0/1", "128.0.0.0/1"] : [cidr];
        return Halves(block.Cidr).Concat(
            block.Except.SelectMany(Halves).Select(hole => hole + " nomatch"))
            .Where(range => !range.Contains(':', StringComparison.Ordinal));
    }

    private static string LowerOf(string? protocol) => protocol switch
    {
        "UDP" => "udp",
        "SCTP" => "sctp",
        _ => "tcp",
    };
}
