namespace KubeSim;

/// <summary>
/// The filter rules of kube-router's network policy controller on one node.
/// <list type="bullet">
/// <item>KUBE-ROUTER-INPUT, -FORWARD and -OUTPUT come first in the kernel's chains and send the
/// packets of each pod of the node, by its address, to the pod's own chain.</item>
/// <item>KUBE-POD-FW-…, one for each pod, policies or not: answers pass, so does whatever the node
/// itself sends to the pod (its kubelet's probes); then the chain of each policy that selects the
/// pod, or KUBE-NWPLCY-DEFAULT in a direction where none does. What none of them marked 0x10000 is
/// logged and rejected. The rest is marked 0x20000 and goes on: a packet between two pods of the
/// node has the other pod's chain before it, and kube-proxy's rules behind that.</item>
/// <item>At the end of the kernel's chains what bears 0x20000 is accepted, so that a policy DROP of
/// those chains does not undo it.</item>
/// </list>
/// A ping from a pod whose egress nobody restricts is accepted by KUBE-NWPLCY-DEFAULT at once, and
/// then meets no chain of another pod of the same node.
/// <para>Worked: the chain of a pod that one policy isolates inwards has nine rules: answers,
/// invalid, node, default egress, the policy, log, reject, and two that set marks.</para>
/// </summary>
/// <remarks>Models github.com/cloudnativelabs/kube-router/pkg/controllers/netpol/pod.go as k3s has
/// it, where the last rule is in the kernel's chains.</remarks>
internal static class KubeRouterRules
{
    public const uint Matched = 0x10000;

    private const uint Complies = 0x20000;
    private const string Default = "KUBE-NWPLCY-DEFAULT";
    private const string ClusterIPs = "10.96.0.0/16";

    private static readonly string[] Hooks = ["INPUT", "FORWARD", "OUTPUT"];

    public static bool IsSet(string name) =>
        name.StartsWith("KUBE-SRC-", StringComparison.Ordinal)
        || name.StartsWith("KUBE-DST-", StringComparison.Ordinal);

    /// <summary>The chains, and what comes last in the kernel's.</summary>
    public static (NetfilterTable First, NetfilterTable Last) Filter(
        Seq<PolicyChain> policies, IReadOnlyList<Pod> pods)
    {
        var chains = new List<NetfilterChain> { new(Default, DefaultRules) };
        chains.AddRange(policies.Select(p => p.Chain));
        var hooks = Hooks.ToDictionary(h => h, _ => new List<NetfilterRule>());
        hooks["INPUT"].AddRange(InputRules);
        foreach (var pod in pods)
        {
            var chain = PodChain(pod, [.. policies.Where(p => p.Selects(pod))]);
            chains.Add(chain);
            Intercept(pod, chain.Name, hooks);
        }
        chains.AddRange(Hooks.Select(h => new NetfilterChain($"KUBE-ROUTER-{h}", [.. hooks[h]])));
        chains.AddRange(Hooks.Select(h => BuiltIn(h, new()
        {
            Matches = [Numbered("kube-router netpol", h, "-m", "comment", "--comment",
                "kube-router netpol", "-j", $"KUBE-ROUTER-{h}")],
            Target = ServiceRules.Jump($"KUBE-ROUTER-{h}"),
        })));
        return (new("filter", chains), new("filter", Hooks.Select(h => BuiltIn(h, new()
        {
            Matches =
            [
                ServiceRules.Remark("KUBE-ROUTER rule to explicitly ACCEPT traffic that comply to "
                    + "network policies"),
                new RuleMatch.Marked(Complies),
            ],
            Target = new RuleTarget.Decide(Verdict.Accept),
        }))));
    }

    private static NetfilterChain BuiltIn(string name, NetfilterRule rule) =>
        new(name, [rule], IsBuiltIn: true);

    /// <summary>A remark with a number made of the rule itself, by which kube-router finds it
    /// again.</summary>
    private static RuleMatch Numbered(string remark, string chain, params string[] words) =>
        ServiceRules.Remark($"{remark} - {ServiceRules.Id(chain + string.Concat(words))}");

    private static readonly Seq<NetfilterRule> DefaultRules =
    [
        .. new[] { (8, "echo requests"), (3, "destination unreachable messages"),
            (11, "time exceeded messages") }.Select(icmp => new NetfilterRule
            {
                Protocol = "icmp",
                Matches = [ServiceRules.Remark($"allow icmp {icmp.Item2}"),
                    new RuleMatch.Icmp(icmp.Item1)],
                Target = new RuleTarget.Decide(Verdict.Accept),
            }),
        new()
        {
            Matches = [ServiceRules.Remark("rule to mark traffic matching a network policy")],
            Target = new RuleTarget.Mark(Matched, Matched),
        },
    ];

    // What pods send to Services is judged after the translation, not here.
    private static IEnumerable<NetfilterRule> InputRules
    {
        get
        {
            const string range = "allow traffic to primary/secondary cluster IP range";
            yield return new()
            {
                Destination = new(ClusterIPs),
                Matches = [Numbered(range, "KUBE-ROUTER-INPUT", "-m", "comment", "--comment",
                    range, "-d", ClusterIPs, "-j", "RETURN")],
                Target = new RuleTarget.Decide(Verdict.Return),
            };
            foreach (var protocol in (string[])["tcp", "udp"])
            {
                var remark = $"allow LOCAL {protocol.ToUpperInvariant()} traffic to node ports";
                yield return new()
                {
                    Protocol = protocol,
                    Matches =
                    [
                        Numbered(remark, "KUBE-ROUTER-INPUT", "-p", protocol, "-m", "comment",
                            "--comment", remark, "-m", "addrtype", "--dst-type", "LOCAL", "-m",
                            "multiport", "--dports", "30000:32767", "-j", "RETURN"),
                        new RuleMatch.Local(OfSource: false), new RuleMatch.Ports(30000, 32767),
                    ],
                    Target = new RuleTarget.Decide(Verdict.Return),
                };
            }
        }
    }

    private static NetfilterChain PodChain(Pod pod, List<PolicyChain> policies)
    {
        var (name, ns, address) = (pod.Metadata.Name, pod.Metadata.Namespace,
            RuleRange.Of(pod.Status.PodIP!));
        var rules = new List<NetfilterRule>
        {
            Rule("rule for stateful firewall for pod", Verdict.Accept,
                new RuleMatch.State(["RELATED", "ESTABLISHED"])),
            Rule("rule to drop invalid state for pod", Verdict.Drop,
                new RuleMatch.State(["INVALID"])),
            // iptables-save writes the apostrophe so.
            Rule("rule to permit the traffic traffic to pods when source is the pod\\'s local node",
                Verdict.Accept, new RuleMatch.Local(OfSource: true)) with { Destination = address },
        };
        // Each was put before the one that was there: the last policy comes first.
        foreach (var (ingress, word) in (ReadOnlySpan<(bool, string)>)
            [(false, "egress"), (true, "ingress")])
        {
            if (!policies.Exists(p => p.Isolates(ingress)))
            {
                rules.Add(Towards(Default, $"run through default {word} network policy chain",
                    ingress ? null : address, ingress ? address : null));
            }
        }
        rules.AddRange(policies.AsEnumerable().Reverse().Select(p => Towards(p.Chain.Name,
            $"run through nw policy {p.Name}", p.Isolates(true) ? null : address,
            p.Isolates(false) ? null : address)));
        var unmarked = new RuleMatch.Marked(Matched, Not: true);
        rules.AddRange([
            new()
            {
                Matches =
                [
                    ServiceRules.Remark($"rule to log dropped traffic POD name:{name} namespace: "
                        + ns), unmarked, new RuleMatch.Limit(10, 10),
                ],
                Target = new RuleTarget.Log(100),
            },
            new()
            {
                Matches = [ServiceRules.Remark($"rule to REJECT traffic destined for POD "
                    + $"name:{name} namespace: {ns}"), unmarked],
                Target = new RuleTarget.Reject(),
            },
            new() { Target = new RuleTarget.Mark(0, Matched) },
            new()
            {
                Matches = [ServiceRules.Remark("set mark to ACCEPT traffic that comply to network "
                    + "policies")],
                Target = new RuleTarget.Mark(Complies, Complies),
            },
        ]);
        return new("KUBE-POD-FW-" + ServiceRules.Id(ns + name), [.. rules]);
    }

    private static NetfilterRule Rule(string remark, Verdict verdict, RuleMatch when) => new()
    {
        Matches = [ServiceRules.Remark(remark), when], Target = new RuleTarget.Decide(verdict),
    };

    private static NetfilterRule Towards(
        string chain, string remark, RuleRange? source, RuleRange? destination) => new()
        {
            Source = source, Destination = destination,
            Matches = [ServiceRules.Remark(remark)], Target = ServiceRules.Jump(chain),
        };

    /// <summary>Sends the packets of a pod to its chain, those that the bridge passes on among its
    /// ports too.</summary>
    private static void Intercept(
        Pod pod, string chain, Dictionary<string, List<NetfilterRule>> hooks)
    {
        NetfilterRule Go(string way, RuleRange? source, RuleRange? destination) => Towards(chain,
            $"rule to jump traffic {way} POD name:{pod.Metadata.Name} namespace: "
            + $"{pod.Metadata.Namespace} to chain {chain}", source, destination);
        static NetfilterRule Bridged(NetfilterRule rule) => rule with
        {
            Matches = [new RuleMatch.Bridged(), .. rule.Matches],
        };
        var address = RuleRange.Of(pod.Status.PodIP!);
        var (to, from) = (Go("destined to", null, address), Go("from", address, null));
        hooks["FORWARD"].AddRange([to, Bridged(to), from, Bridged(from)]);
        hooks["OUTPUT"].AddRange([to, from]);
        hooks["INPUT"].Add(from);
    }
}
