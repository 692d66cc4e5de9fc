using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 09-pod-network: give out addresses, look up a route, repair a network, and be
// the daemon that writes its routes.

/// <summary>The next free address of a node's range, as host-local gives it out.</summary>
[Exercise("09-pod-network/1", "The next address")]
[Hint(1, "Ipv4Range.Parse(range) has First, Last and At(n), the n-th address as text. Which "
    + "addresses of a range may no Pod have?")]
[Hint(2, "n = 0 names the network, n = 1 is the bridge, and the last one is for broadcasts. So n "
    + "goes from 2 to Last - First - 1.")]
[Hint(3, "Begin behind the address that was given last, and go round once: after the highest comes "
    + "2 again. No free one in a whole round: null.")]
public sealed class NextAddressTests
    : ExerciseFixture<Func<string, Seq<string>, string?, string?>>
{
    [Test, Task("An empty range: the first address behind the bridge")]
    public void Begins_behind_the_bridge() => Ask("10.244.1.0/24", [], null, "10.244.1.2",
        "10.244.1.0 names the network, and 10.244.1.1 is the bridge");

    [Test, Task("One after the other, also past an address that was given back")]
    public void Goes_on() => Ask("10.244.1.0/24", ["10.244.1.2", "10.244.1.4"], "10.244.1.4",
        "10.244.1.5", "10.244.1.3 was given back a moment ago: who still believes in the Pod that "
        + "had it would reach a stranger. So it waits until the round is over");

    [Test, Task("At the end it begins anew")]
    public void Begins_anew() => Ask("10.244.1.0/24", ["10.244.1.2", "10.244.1.254"],
        "10.244.1.254", "10.244.1.3", "10.244.1.255 is for broadcasts, so after 10.244.1.254 the "
        + "search begins anew");

    [Test, Task("Other ranges: 10.244.1.64/26")]
    public void Other_ranges() => Ask("10.244.1.64/26", ["10.244.1.66"], "10.244.1.66",
        "10.244.1.67", "a /26 has 64 addresses, here from 10.244.1.64 to 10.244.1.127");

    [Test, Task("A full range has none")]
    public void Full() => Ask("10.244.1.0/30", ["10.244.1.2"], "10.244.1.2", null,
        "a /30 has four addresses, and one of them is left for a Pod, which has it");

    private void Ask(string range, Seq<string> taken, string? last, string? right, string why)
    {
        Scenario($"{range}, taken: {(taken.IsEmpty ? "none" : string.Join(", ", taken))}, given "
            + $"last: {last ?? "none"}");
        var told = New()(range, taken, last);
        if (told != right)
        {
            Fail($"You give {told ?? "none"}; it is {right ?? "none"}: {why}.", right ?? "none",
                told ?? "none");
        }
    }
}

/// <summary>The route that a packet takes.</summary>
[Exercise("09-pod-network/2", "Which route?")]
[Hint(1, "Ipv4Range.Parse(address).First is an address as a number, and route.To.Contains(number) "
    + "tells whether a route is about it.")]
[Hint(2, "Several may be about it: default, 0.0.0.0/0, is about all. Which one is the most exact?")]
[Hint(3, "The one with the highest route.To.Length. MaxBy of none is null, and null is right: "
    + "network is unreachable.")]
public sealed class WhichRouteTests
    : ExerciseFixture<Func<Seq<NetRoute>, string, NetRoute?>>
{
    private static readonly Seq<NetRoute> Table =
    [
        Of("0.0.0.0/0", "eth0", "172.18.0.1"), Of("10.244.0.0/16", "tun0", null),
        Of("10.244.2.0/24", "flannel.1", "10.244.2.0"), Of("10.244.1.0/24", "cni0", null),
        Of("10.244.2.7/32", "eth0", "172.18.0.9"),
    ];

    [Test, Task("A Pod of this node: dev cni0")]
    public void On_the_bridge() => Ask(Table, "10.244.1.9");

    [Test, Task("A Pod of another node, though default is about it, too")]
    public void To_another_node() => Ask(Table, "10.244.2.6");

    [Test, Task("The most exact one wins, wherever it stands")]
    public void The_most_exact()
    {
        Ask(Table, "10.244.2.7");
        Ask(Table, "10.244.9.1");
        Ask([.. Table.Reverse()], "10.244.2.7");
    }

    [Test, Task("None at all: null")]
    public void None() => Ask([Of("10.244.1.0/24", "cni0", null)], "10.244.2.6");

    private static NetRoute Of(string to, string device, string? via) =>
        new(Ipv4Range.Parse(to), device) { Via = via };

    private void Ask(Seq<NetRoute> routes, string destination)
    {
        Scenario($"To {destination}, by\n{string.Join('\n', routes)}");
        var number = Ipv4Range.Parse(destination).First;
        var right = routes.Where(r => r.To.Contains(number)).MaxBy(r => r.To.Length);
        var told = New()(routes, destination);
        if (told != right)
        {
            Fail($"To {destination} you take {Say(told)}; the kernel takes {Say(right)}: of all "
                + "routes that are about an address, the one with the longest prefix.",
                Say(right), Say(told));
        }
    }

    private static string Say(NetRoute? route) => route?.ToString() ?? "none";
}

/// <summary>A function that puts a broken pod network right.</summary>
[Exercise("09-pod-network/3", "Put it right")]
[Hint(1, "c.Network.Check() names the broken pairs and the hop where each breaks. c.List<Node>() "
    + "has spec.podCIDR and the address of each node.")]
[Hint(2, "You need not find out what is broken: say on every node what should be so. A command "
    + "that changes nothing harms nobody.")]
[Hint(3, "On each node: sysctl -w net.ipv4.ip_forward=1, ip link set cni0 up, and for each other "
    + "node ip route replace RANGE via ADDRESS dev eth0.")]
public sealed class PutRightTests : ExerciseFixture<Action<Cluster>>
{
    [Test, Task("A node has lost a route")]
    public void A_route() => Repair("ip route del 10.244.3.0/24");

    [Test, Task("A node passes nothing on")]
    public void Forwarding() => Repair("sysctl -w net.ipv4.ip_forward=0");

    [Test, Task("The bridge of a node is down")]
    public void A_bridge() => Repair("ip link set cni0 down");

    [Test, Task("All of it, and nothing is broken that was not")]
    public void All() => Repair("ip route del 10.244.3.0/24", "ip link set cni0 down",
        "sysctl -w net.ipv4.ip_forward=0");

    private void Repair(params string[] broken)
    {
        Scenario("Three nodes with host-gw, two Pods on each. Then somebody types on node-2: "
            + string.Join("; ", broken));
        var cluster = PodNetworks.New();
        foreach (var command in broken)
        {
            cluster.Shell("node-2", command);
        }
        New()(cluster);
        var check = cluster.Network.Check();
        if (!check.Holds)
        {
            var pair = check.Guarantees.SelectMany(g => g.Broken).First();
            Fail($"{pair.From} does not reach {pair.To}: it breaks at {pair.Where}. "
                + "(ip link set cni0 down takes the bridge's route away as well.)",
                "all pairs reach each other", check);
        }
    }
}

/// <summary>What the daemon of host-gw writes.</summary>
[Exercise("09-pod-network/4", "Be flanneld")]
[Hint(1, "For each other node one command: its range (node.Spec.PodCIDR) is behind its address.")]
[Hint(2, "The address is the one of type InternalIP in node.Status.Addresses. A node that has no "
    + "range yet gets no route.")]
[Hint(3, "ip route replace RANGE via ADDRESS dev eth0. Your own range is on cni0 already: leave it "
    + "alone.")]
public sealed class BeFlanneldTests : ExerciseFixture<Func<string, Seq<Node>, Seq<string>>>
{
    [Test, Points(2), Task("Three nodes: all Pods reach each other")]
    public void Three_nodes()
    {
        Scenario("Three nodes with two Pods each, and no routes between them.");
        Run(PodNetworks.New(routes: false));
    }

    [Test, Task("A node that has no range yet is passed over")]
    public void No_range_yet()
    {
        Scenario("The same, and a fourth Node that has no range and no address yet.");
        Run(PodNetworks.New(routes: false),
            new Node { Metadata = new() { Name = "node-4" } });
    }

    private void Run(Cluster cluster, params Node[] more)
    {
        Seq<Node> nodes = [.. cluster.List<Node>(), .. more];
        foreach (var node in cluster.List<Node>())
        {
            foreach (var command in New()(node.Metadata.Name, nodes))
            {
                var said = cluster.Shell(node.Metadata.Name, command);
                if (said.Length > 0)
                {
                    Fail($"On {node.Metadata.Name} your command {command} says: {said}",
                        "no words", said);
                }
            }
        }
        var check = cluster.Network.Check();
        if (!check.Holds)
        {
            var pair = check.Guarantees.SelectMany(g => g.Broken).First();
            Fail($"{pair.From} does not reach {pair.To}: it breaks at {pair.Where}.",
                "all pairs reach each other", check);
        }
    }
}

/// <summary>A pod network to break.</summary>
internal static class PodNetworks
{
    /// <summary>Three nodes with two Pods each, by host-gw; with or without the routes that its
    /// daemons wrote.</summary>
    public static Cluster New(bool routes = true)
    {
        var cluster = new Cluster(nodes: 3, network: PodNetwork.FlannelHostGw);
        foreach (var node in cluster.List<Node>())
        {
            foreach (var letter in (string[])["a", "b"])
            {
                cluster.Create(new Pod
                {
                    Metadata = new()
                    {
                        Name = $"{letter}-{node.Metadata.Name}", Namespace = "default",
                    },
                    Spec = new()
                    {
                        NodeName = node.Metadata.Name,
                        Containers = [new() { Name = "web", Image = "nginx:1.27" }],
                    },
                });
            }
        }
        cluster.Converge();
        foreach (var (node, other) in routes ? [] : cluster.List<Node>().SelectMany(n =>
            cluster.List<Node>().Where(o => o.Metadata.Name != n.Metadata.Name)
                .Select(o => (n.Metadata.Name, o.Spec.PodCIDR))).ToArray())
        {
            cluster.Shell(node, $"ip route del {other}");
        }
        return cluster;
    }
}
