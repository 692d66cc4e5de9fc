using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Rules changed by hand: what they do, and which of them their writers put
/// right.</summary>
public class IptablesTests
{
    private const string Objects = """
        apiVersion: v1
        kind: Pod
        metadata: {name: client}
        spec: {nodeName: node-1, containers: [{name: main, image: nginx}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {nodeName: node-2, containers: [{name: main, image: nginx}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        """;

    private const string Nobody = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: nobody}
        spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
        """;

    private static Cluster New(bool policies = false)
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(2),
            Settings = Settings.Default
                .With("kube-router.run-firewall", policies ? "true" : "false"),
        });
        cluster.Apply(Objects);
        cluster.Converge();
        return cluster;
    }

    private static string Web(Cluster cluster) => cluster.Get<Pod>("web").Status.PodIP + ":80";

    [Test]
    public void A_rule_by_hand_drops_until_it_is_deleted()
    {
        var cluster = New();
        var rule = $"FORWARD -d {cluster.Get<Pod>("web").Status.PodIP} -p tcp --dport 80 -j DROP";
        Assert.That(cluster.Shell("node-2", "iptables -I " + rule), Is.Empty);
        var trace = cluster.Send("client", Web(cluster));
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(trace.Hops[^1].Where, Is.EqualTo("node-2 filter FORWARD"));
        Assert.That(cluster.IptablesSave("node-2", "filter"), Does.Contain("-A FORWARD -d "
            + $"{cluster.Get<Pod>("web").Status.PodIP}/32 -p tcp -m tcp --dport 80 -j DROP\n"));
        Assert.That(cluster.Fork().Send("client", Web(cluster)).Outcome,
            Is.EqualTo(SendOutcome.TimedOut), "it is an input of the run");
        Assert.That(cluster.Shell("node-2", "iptables -D " + rule), Is.Empty);
        Assert.That(cluster.Send("client", Web(cluster)).Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void An_inserted_rule_comes_before_and_an_appended_one_after()
    {
        var cluster = New();
        var address = cluster.Get<Pod>("web").Status.PodIP;
        cluster.Shell("node-2", $"iptables -A FORWARD -d {address} -j REJECT --reject-with "
            + "icmp-port-unreachable");
        Assert.That(cluster.Send("client", Web(cluster)).Outcome, Is.EqualTo(SendOutcome.Refused));
        cluster.Shell("node-2", $"iptables -I FORWARD 1 -s 10.244.1.0/24 -j ACCEPT");
        Assert.That(cluster.Send("client", Web(cluster)).Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void Kube_proxy_puts_its_own_jump_back_when_it_writes_again()
    {
        var cluster = New();
        Assert.That(cluster.Shell("node-1", "iptables -t nat -F PREROUTING"), Is.Empty);
        Assert.That(cluster.Send("client", "http://web").Outcome,
            Is.Not.EqualTo(SendOutcome.Answered));
        cluster.Apply("""
            apiVersion: v1
            kind: Service
            metadata: {name: other}
            spec: {selector: {app: web}, ports: [{port: 81, targetPort: 80}]}
            """);
        cluster.Converge();
        Assert.That(cluster.Send("client", "http://web").Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void Kube_router_puts_its_rules_right_every_five_minutes()
    {
        var cluster = New(policies: true);
        cluster.Apply(Nobody);
        cluster.Converge();
        Assert.That(cluster.Send("client", Web(cluster)).Outcome, Is.EqualTo(SendOutcome.Refused));
        cluster.Shell("node-2", "iptables -F KUBE-ROUTER-FORWARD");
        cluster.Shell("node-2", "iptables -A INPUT -s 192.0.2.99 -j DROP");
        Assert.That(cluster.Send("client", Web(cluster)).Outcome, Is.EqualTo(SendOutcome.Answered));
        cluster.Run(TimeSpan.FromMinutes(5));
        Assert.That(cluster.Send("client", Web(cluster)).Outcome, Is.EqualTo(SendOutcome.Refused));
        Assert.That(cluster.IptablesSave("node-2", "filter"),
            Does.Contain("-A INPUT -s 192.0.2.99/32 -j DROP"), "not its own: that stays");
    }

    [TestCase("iptables -A NOWHERE -j DROP", "iptables: No chain/target/match by that name.")]
    [TestCase("iptables -A INPUT -j NOWHERE", "iptables: No chain/target/match by that name.")]
    [TestCase("iptables -D INPUT -j DROP",
        "iptables: Bad rule (does a matching rule exist in that chain?).")]
    [TestCase("iptables -I INPUT 99 -j DROP", "iptables: Index of insertion too big.")]
    [TestCase("iptables -I INPUT 0 -j DROP", "iptables: Invalid rule number `0'")]
    [TestCase("iptables -t nat -A OUTPUT -j DNAT --to-destination 10.0.0.1", "iptables: only "
        + "ADDRESS:PORT is simulated: \"iptables -t nat -A OUTPUT -j DNAT --to-destination "
        + "10.0.0.1\"")]
    [TestCase("iptables -P INPUT DROP",
        "iptables: -P is not simulated; -A, -I, -D and -F are")]
    [TestCase("iptables -t raw -A INPUT -j DROP",
        "iptables: can't initialize iptables table `raw': Table does not exist")]
    public void What_cannot_be_done_is_said(string command, string said)
    {
        var cluster = New();
        var steps = cluster.SaveJournal();
        Assert.That(cluster.Shell("node-1", command), Is.EqualTo(said));
        Assert.That(cluster.SaveJournal(), Is.EqualTo(steps), "and is no input");
    }
}
