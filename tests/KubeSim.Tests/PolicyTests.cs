using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>NetworkPolicies: what they say, what kube-router makes of them, and what comes of it
/// where nobody enforces them.</summary>
public class PolicyTests
{
    private static readonly Lazy<Cluster> Enforced = new(() => PolicyCases.Cluster());

    private static IEnumerable<TestCaseData> Cases() =>
        PolicyCases.All().Select(c => new TestCaseData(c).SetArgDisplayNames(c.Name));

    [TestCaseSource(nameof(Cases))]
    public void Who_reaches_whom(object given)
    {
        var (of, cluster) = ((PolicyCases.Case)given, Enforced.Value);
        PolicyCases.Apply(cluster, of);
        Assert.That(cluster.Policies.Matrix(of.Port).ToString(),
            Is.EqualTo(PolicyCases.Expected(of).ToString()));
        Assert.That(PolicyCases.Matrix(of.Port, PolicyCases.Pods.SelectMany(from =>
            PolicyCases.Pods.Select(to => from == to || Reaches(cluster, from, to, of.Port))))
            .ToString(), Is.EqualTo(PolicyCases.Expected(of, byRules: true).ToString()),
            "by packets");
    }

    private static bool Reaches(Cluster cluster, string from, string to, int port)
    {
        var trace = cluster.Send(from,
            $"{cluster.Get<Pod>(to[..1], to[2..]).Status.PodIP}:{port}");
        Assert.That(trace.Outcome, Is.AnyOf(SendOutcome.Answered, SendOutcome.Refused),
            trace.ToString());
        return trace.Outcome == SendOutcome.Answered;
    }

    private static Cluster Closed(bool enforced)
    {
        var cluster = PolicyCases.Cluster(enforced);
        PolicyCases.Apply(cluster, new("closed", 80,
            ["x {podSelector: {}, policyTypes: [Ingress, Egress]}"], []));
        return cluster;
    }

    [Test]
    public void Without_a_plugin_that_can_a_policy_has_silently_no_effect()
    {
        var cluster = Closed(enforced: false);
        Assert.That(Reaches(cluster, "y/a", "x/a", 80), Is.True);
        Assert.That(cluster.Components, Has.None.EqualTo("kube-router"));
        Assert.That(cluster.FilterOf("node-1").Save("filter"), Does.Not.Contain("KUBE-ROUTER"));
        Assert.That(cluster.Policies.Explain("y/a", "x/a:80").ToString(), Is.EqualTo("""
            y/a → x/a:80/TCP: not allowed
            egress of y/a: no policy isolates it
            ingress of x/a: isolated by p0, and no rule admits it
              not by p0: it has no rules
            nobody enforces policies here, so that they have no effect (kube-router.run-firewall)
            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void A_refused_connection_ends_in_the_chain_of_the_pod()
    {
        var cluster = Closed(enforced: true);
        var trace = cluster.Send("y/b", $"{cluster.Get<Pod>("x", "a").Status.PodIP}:80");
        Assert.That(trace.Hops[^1].Rule, Is.EqualTo("-m comment --comment \"rule to REJECT traffic "
            + "destined for POD name:a namespace: x\" -m mark ! --mark 0x10000/0x10000 -j REJECT "
            + "--reject-with icmp-port-unreachable"));
        Assert.That(trace.Hops[^1].Where, Does.StartWith("node-1 filter KUBE-POD-FW-"));
    }

    [Test]
    public void A_node_always_reaches_its_own_pods_and_no_others_that_are_closed()
    {
        var cluster = Closed(enforced: true);
        var ip = cluster.Get<Pod>("x", "a").Status.PodIP;
        Assert.That(cluster.Send("node-1", $"{ip}:80").Outcome, Is.EqualTo(SendOutcome.Answered));
        Assert.That(cluster.Send("node-2", $"{ip}:80").Outcome, Is.EqualTo(SendOutcome.Refused));
        Assert.That(cluster.Policies.Explain("node-1", "x/a:80").IsAllowed, Is.True);
        Assert.That(cluster.Policies.Explain("node-2", "x/a:80").IsAllowed, Is.False);
    }

    [Test]
    public void A_service_is_judged_by_the_pod_behind_it()
    {
        var cluster = PolicyCases.Cluster();
        cluster.Apply("""
            apiVersion: v1
            kind: Service
            metadata: {name: a, namespace: x}
            spec: {selector: {pod: a}, ports: [{port: 8000, targetPort: 80}]}
            """);
        PolicyCases.Apply(cluster, new("port", 80, ["x {podSelector: {}, ingress: [{from: "
            + "[{podSelector: {}}], ports: [{port: 80}]}]}"], []));
        var ip = cluster.Get<Service>("x", "a").Spec.ClusterIP;
        Assert.That(cluster.Send("x/b", $"{ip}:8000").Outcome, Is.EqualTo(SendOutcome.Answered));
        Assert.That(cluster.Send("y/b", $"{ip}:8000").Outcome, Is.EqualTo(SendOutcome.Refused));
    }

    [Test]
    public void Labels_decide_as_they_are_now()
    {
        var cluster = PolicyCases.Cluster();
        PolicyCases.Apply(cluster, new("label", 80,
            ["x {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: "
                + "{in: 'yes'}}, podSelector: {matchLabels: {pod: b}}}]}]}"], []));
        Assert.That(Reaches(cluster, "z/b", "x/a", 80), Is.False);
        cluster.Kubectl("label namespace z in=yes");
        cluster.Converge();
        Assert.That(Reaches(cluster, "z/b", "x/a", 80), Is.True);
        cluster.Kubectl("label pod b -n z pod=other --overwrite");
        cluster.Converge();
        Assert.That(Reaches(cluster, "z/b", "x/a", 80), Is.False);
        cluster.Delete(new ObjectKey(Kinds.NetworkPolicy, "x", "p0"));
        cluster.Converge();
        Assert.That(Reaches(cluster, "z/b", "x/a", 80), Is.True);
        Assert.That(cluster.Engine.World.Machine("node-1").Kernel<IpSets>().Names, Is.Empty);
    }

    [Test]
    public void Rules_stay_when_kube_router_dies_and_services_still_get_theirs()
    {
        var cluster = Closed(enforced: true);
        cluster.Faults.Crash("kube-router/node-1");
        cluster.Apply("""
            apiVersion: v1
            kind: Service
            metadata: {name: late, namespace: 'y'}
            spec: {selector: {pod: a}, ports: [{port: 80}]}
            """);
        cluster.Delete(new ObjectKey(Kinds.NetworkPolicy, "x", "p0"));
        cluster.Converge();
        var rules = cluster.FilterOf("node-1");
        Assert.That(rules.Save(), Does.Contain("y/late cluster IP"));
        Assert.That(rules.Save("filter"), Does.Contain("run through nw policy p0"));
        cluster.Faults.Restore("kube-router/node-1");
        cluster.Converge();
        Assert.That(rules.Save("filter"), Does.Not.Contain("run through nw policy p0"));
    }

    [Test]
    public void An_unset_selector_is_kept_as_the_one_that_selects_all()
    {
        var cluster = new Cluster(nodes: 0);
        cluster.Apply("""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: p}
            spec: {policyTypes: [Egress], egress: [{ports: [{port: 53}]}]}
            """);
        Assert.That(cluster.Kubectl("get netpol p -o jsonpath={.spec}").Out, Is.EqualTo(
            """{"egress":[{"ports":[{"port":53,"protocol":"TCP"}]}],"podSelector":{},"""
            + "\"policyTypes\":[\"Egress\"]}"));
    }

    [TestCase("INPUT", "4IA2OSFRMVNDXBVV")]
    [TestCase("FORWARD", "TEMCG2JMHZYE7H7T")]
    [TestCase("OUTPUT", "VEAAIY32XVBHCSCY")]
    public void The_chains_of_the_kernel_lead_to_those_of_kube_router_first(string hook, string id)
    {
        var rules = Enforced.Value.FilterOf("node-2").Table("filter").Chain(hook)!.Rules;
        Assert.That(rules[0].ToString(), Is.EqualTo(
            $"-m comment --comment \"kube-router netpol - {id}\" -j KUBE-ROUTER-{hook}"));
        Assert.That(rules[^1].ToString(), Is.EqualTo("-m comment --comment \"KUBE-ROUTER rule to "
            + "explicitly ACCEPT traffic that comply to network policies\" -m mark --mark "
            + "0x20000/0x20000 -j ACCEPT"));
    }

    [Test]
    public void Names_are_those_of_a_real_k3s()
    {
        var pod = new Pod
        {
            Metadata = new() { Name = "a", Namespace = "sample1" },
            Status = new() { PodIP = "10.42.0.5" },
        };
        var policy = new NetworkPolicy
        {
            Metadata = new() { Name = "allow-same-namespace", Namespace = "sample1" },
            Spec = new()
            {
                PodSelector = new(), PolicyTypes = ["Ingress"],
                Ingress = [new() { From = [new() { IpBlock = new() { Cidr = "10.42.0.0/16" } }] }],
            },
        };
        var chain = new PolicyChain(policy, [pod], new Dictionary<string, Namespace>());
        Assert.That(chain.Chain.Rules.Select(r => r.ToString()), Is.EqualTo(new[]
        {
            "MARK --set-xmark 0x10000/0x10000", "RETURN",
        }.Select(target => "-m comment --comment \"rule to ACCEPT traffic from specified ipBlocks "
            + "to dest pods selected by policy name: allow-same-namespace namespace sample1\" -m "
            + "set --match-set KUBE-SRC-DSEC5V52VOYVVZ4H src -m set --match-set "
            + "KUBE-DST-5TPLTTXGTPDHQ2AH dst "
            + $"{(target == "RETURN" ? "-m mark --mark 0x10000/0x10000 " : "")}-j {target}")));
        var input = KubeRouterRules.Filter([chain], [pod]).First.Chain("KUBE-ROUTER-INPUT")!.Rules;
        Assert.That(input.Skip(1).Take(2).Select(r => r.ToString()), Is.EqualTo(new[]
        {
            "-p tcp -m comment --comment \"allow LOCAL TCP traffic to node ports - "
                + "LR7XO7NXDBGQJD2M\" -m addrtype --dst-type LOCAL -m multiport --dports "
                + "30000:32767 -j RETURN",
            "-p udp -m comment --comment \"allow LOCAL UDP traffic to node ports - "
                + "76UCBPIZNGJNWNUZ\" -m addrtype --dst-type LOCAL -m multiport --dports "
                + "30000:32767 -j RETURN",
        }));
    }

    // As iptables-save of a k3s printed it, with our pod in the place of its own.
    [Test]
    public void The_chain_of_a_pod_that_no_policy_selects_is_that_of_a_real_k3s()
    {
        var pod = new Pod
        {
            Metadata = new() { Name = "metrics-server-cdcc87586-phckc", Namespace = "kube-system" },
            Status = new() { PodIP = "10.42.0.5" },
        };
        var chain = KubeRouterRules.Filter([], [pod]).First.Chains
            .Single(c => c.Name.StartsWith("KUBE-POD-FW-", StringComparison.Ordinal));
        Assert.That(string.Join('\n', chain.Rules) + "\n",
            Is.EqualTo(Data.Text("policies/pod-chain.txt")));
    }
}
