using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 10-services: the rules of a Service, the questions of a resolver, a site of two
// programs, a rollout under load, and a namespace that is shut but for some holes.

/// <summary>What kube-proxy writes for one Service.</summary>
[Exercise("10-services/1", "Write the rules")]
[Hint(1, "Endpoint number i of n comes to its turn only when all before it were passed over: it "
    + "has to take one of the n - i that are left. Of three: 1/3, 1/2, and all the rest.")]
[Hint(2, "A line: -A KUBE-SERVICES -d 10.96.0.7/32 -p tcp -m tcp --dport 80 -m statistic --mode "
    + "random --probability 0.333 -j DNAT --to-destination 10.244.1.2:8080")]
[Hint(3, "Spare the last line its -m statistic. And 1.0 / (n - i), not 1 / (n - i): whole numbers "
    + "have no third.")]
public sealed class ServiceRulesTests
    : ExerciseFixture<Func<string, int, IReadOnlyList<string>, IEnumerable<string>>>
{
    private const string Service = "10.96.0.7";

    private static readonly string[] Three = ["10.244.1.2:8080", "10.244.2.2:8080",
        "10.244.3.2:8080"];

    [Test, Task("One endpoint gets every connection")]
    public void One_endpoint() => Shares(Three[..1]);

    [Test, Points(2), Task("Of three, of four, each gets its equal share")]
    public void Equal_shares()
    {
        Shares(Three);
        Shares([.. Three, "10.244.1.3:8080"]);
    }

    [Test, Task("Nobody else's packets are touched, and without endpoints none are")]
    public void Others_are_left_alone()
    {
        foreach (var (endpoints, to, port, protocol) in (ReadOnlySpan<(string[], string, int,
            string)>)[(Three, "10.96.0.8", 80, "tcp"), (Three, Service, 443, "tcp"),
                (Three, Service, 80, "udp"), ([], Service, 80, "tcp")])
        {
            var packet = Packet(to, port, protocol);
            Scenario($"Service {Service}, port 80/tcp, {endpoints.Length} endpoints. A packet: "
                + $"{packet}");
            foreach (var (_, after) in Ways(endpoints, packet))
            {
                if (after != packet)
                {
                    Fail($"The packet {packet} is none for this Service with its "
                        + $"{endpoints.Length} endpoints, and your rules make it {after}.",
                        packet, after);
                }
            }
        }
    }

    private void Shares(string[] endpoints)
    {
        Scenario($"Service {Service}, port 80/tcp; endpoints {string.Join(", ", endpoints)}. A "
            + "packet to it walks your rules, by every draw that chance can make.");
        var packet = Packet(Service, 80, "tcp");
        var shares = Ways(endpoints, packet).GroupBy(w => w.After == packet ? "no endpoint"
            : $"{w.After.Destination}:{w.After.DestinationPort}",
            (to, ways) => (To: to, Share: ways.Sum(w => w.Share)), StringComparer.Ordinal).ToList();
        var wanted = 1.0 / endpoints.Length;
        foreach (var to in endpoints.Prepend("no endpoint"))
        {
            var share = shares.Find(s => s.To == to).Share;
            var right = to == "no endpoint" ? 0 : wanted;
            if (Math.Abs(share - right) > 0.0005)
            {
                Fail($"Of 1000 connections {share * 1000:0} go to {to}, and {right * 1000:0} "
                    + "should. A rule draws only for the packets that all rules above it let "
                    + "pass.", Say(endpoints.Select(e => (e, wanted))), Say(shares));
            }
        }
    }

    private static string Say(IEnumerable<(string To, double Share)> shares) =>
        string.Join('\n', shares.Select(s =>
            string.Create(CultureInfo.InvariantCulture, $"{s.To}: {s.Share:0.000}")));

    private static Packet Packet(string to, int port, string protocol) => new()
    {
        Protocol = protocol, Source = "10.244.1.9", SourcePort = 40001, Destination = to,
        DestinationPort = port,
    };

    // Each draw of a rule goes both ways, with its probability.
    private List<(double Share, Packet After)> Ways(string[] endpoints, Packet packet)
    {
        var kernel = Read(string.Join('\n', New()(Service, 80, endpoints)));
        var (script, ways) = (new List<bool>(), new List<(double, Packet)>());
        do
        {
            var (share, asked, after) = (1.0, 0, packet);
            kernel.Pass("PREROUTING", ref after, new NetfilterLook("node-1", default, _ => false,
                p =>
                {
                    if (asked == script.Count)
                    {
                        script.Add(true);
                    }
                    share *= script[asked] ? p : 1 - p;
                    return script[asked++];
                }, []));
            ways.Add((share, after with { IsDestinationTranslated = false }));
            script.RemoveRange(asked, script.Count - asked);
            while (script.Count > 0 && !script[^1])
            {
                script.RemoveAt(script.Count - 1);
            }
            if (script.Count > 0)
            {
                script[^1] = false;
            }
        }
        while (script.Count > 0 && ways.Count < 1000);
        return ways;
    }

    private Netfilter Read(string lines)
    {
        try
        {
            return Netfilter.Parse($"""
                *nat
                :PREROUTING ACCEPT [0:0]
                :INPUT ACCEPT [0:0]
                :OUTPUT ACCEPT [0:0]
                :POSTROUTING ACCEPT [0:0]
                :KUBE-SERVICES - [0:0]
                -A PREROUTING -j KUBE-SERVICES
                {lines}
                COMMIT

                """.ReplaceLineEndings("\n"));
        }
        catch (FormatException e)
        {
            Fail($"iptables-restore would not take your lines. {e.Message}",
                "-A KUBE-SERVICES -d … -p tcp -m tcp --dport … -j DNAT --to-destination …",
                lines);
            throw;
        }
    }
}

/// <summary>The search path and ndots.</summary>
[Exercise("10-services/2", "The questions of a resolver")]
[Hint(1, "A dot at the end says that the name is whole: take the dot off and ask for that alone.")]
[Hint(2, "Count the dots: name.Count(c => c == '.'). Fewer than ndots: first behind each domain of "
    + "the search path, the name itself last.")]
[Hint(3, "With ndots dots or more the name itself comes first, and the search path after it.")]
public sealed class ResolverTests
    : ExerciseFixture<Func<string, IReadOnlyList<string>, int, IEnumerable<string>>>
{
    private static readonly string[] Path =
        ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"];

    [Test, Task("Short names: the search path first")]
    public void Short_names()
    {
        Ask("web", 5, "no dots are fewer than five");
        Ask("web.shop", 5, "one dot is fewer than five");
        Ask("example.com", 5, "one dot is fewer than five, although the name is whole");
    }

    [Test, Task("Names with enough dots: as they stand first")]
    public void Long_names()
    {
        Ask("a.b.c.d.e.f", 5, "five dots are not fewer than five");
        Ask("example.com", 1, "one dot is not fewer than one");
    }

    [Test, Task("A dot at the end: no search at all")]
    public void Whole_names() => Ask("example.com.", 5, "the dot at its end says that it is whole");

    private void Ask(string name, int ndots, string why)
    {
        Scenario($"{name}; search {string.Join(' ', Path)}; options ndots:{ndots}");
        var conf = new ResolvConf(["10.96.0.10"], [.. Path], [$"ndots:{ndots}"]);
        var right = string.Join('\n', conf.Questions(name));
        var asked = string.Join('\n', New()(name, Path, ndots) ?? []);
        if (asked != right)
        {
            Fail($"For {name} with ndots:{ndots} the resolver asks otherwise: {why}.", right,
                asked);
        }
    }
}

/// <summary>Two Services and an Ingress.</summary>
[Exercise("10-services/3", "One site, two programs")]
[Hint(1, "Two Services: shop selects app: shop, and api selects app: api. The program of api "
    + "listens on 8080, whatever port its Service has: targetPort.")]
[Hint(2, "The Ingress: ingressClassName: nginx, and one rule with host: shop.test. A rule without "
    + "a host takes every host.")]
[Hint(3, "Two paths under it, both with pathType: Prefix, / and /api. The longer one wins, and "
    + "/api does not take /apish: prefixes go by whole parts between slashes.")]
public sealed class SiteTests : AppliedTests
{
    private Cluster? site;

    [Test, Task("http://shop.test/ and what is below it go to the shop")]
    public void The_shop() => Ask("shop", ("shop.test", "/"), ("shop.test", "/cart/7"));

    [Test, Task("http://shop.test/api and what is below it go to the API")]
    public void The_api() => Ask("api", ("shop.test", "/api"), ("shop.test", "/api/v1/items"));

    [Test, Task("/apish is no part of /api")]
    public void Prefixes_are_of_whole_parts() => Ask("shop", ("shop.test", "/apish"));

    [Test, Task("Other hosts get nothing")]
    public void Other_hosts() => Ask("404", ("other.test", "/"), ("other.test", "/api"));

    private void Ask(string right, params ReadOnlySpan<(string Host, string Path)> asked)
    {
        Scenario("Deployments shop (whoami, port 80) and api (hello-app, port 8080); ingress-nginx "
            + "behind a load balancer; your manifest. Somebody outside asks.");
        site ??= Site();
        var address = site.Get<Service>("ingress-nginx", "ingress-nginx-controller")
            .Status.LoadBalancer.Ingress[0].Ip;
        foreach (var (host, path) in asked)
        {
            var reply = site.Request("outside", $"http://{address}{path}", ("Host", host));
            var by = reply.Status == 200 ? reply.ServedBy!.Value.Name.Split('-')[0]
                : $"{reply.Status}";
            if (by != right)
            {
                Fail($"http://{host}{path} should come to {right}, and it comes to {by}: {Why(by,
                    site)}", right, reply);
            }
        }
    }

    private static string Why(string by, Cluster cluster) => by switch
    {
        "404" => "no rule of an Ingress that nginx looks at takes this host and path.",
        "502" => "the Pods take no connection on the port that the Service says.",
        "503" => "the Service has no endpoints: " + string.Join(", ", cluster.List<Service>(
            "default").Select(s => $"{s.Metadata.Name} selects {string.Join(',', s.Spec.Selector
                .Select(l => $"{l.Key}={l.Value}"))}")) + ".",
        _ => "look at the host and at the paths, and how they are compared (pathType).",
    };

    private Cluster Site()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.AddOn("ingress");
        cluster.Kubectl("create deployment shop --image=traefik/whoami:v1.10");
        cluster.Kubectl("create deployment api --image=gcr.io/google-samples/hello-app:1.0");
        Converge(cluster);
        Applied<Service>(cluster, "shop");
        Converge(cluster);
        return cluster;
    }
}

/// <summary>A rollout under load.</summary>
[Exercise("10-services/4", "Lose none of 110 a second")]
[Hint(1, "Two kinds of loss: `refused`, from a Pod that was told to stop before the nodes heard of "
    + "it; `timed out`, where too few Pods were left for the load.")]
[Hint(2, "A Pod of 300m does 30 requests a second of 10m each: four do 120, two do 60, and a new "
    + "one does none for 20 seconds. So let no old one go before a new one is ready.")]
[Hint(3, "strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, and in the container "
    + "lifecycle: {preStop: {sleep: {seconds: 5}}}.")]
public sealed class UnderLoadTests : AppliedTests
{
    [Test, Task("Four Pods of 300m, that take 20 seconds to warm up: as before")]
    public void It_stays_as_it_is()
    {
        Scenario("Your manifest is applied, and left alone.");
        var pod = Shop(4).List<Pod>()[0];
        var (limit, delay) = (pod.Limits.Get("cpu"),
            pod.Spec.Containers[0].ReadinessProbe?.InitialDelaySeconds);
        if (limit != (Quantity)"300m" || delay != 20)
        {
            Fail("Larger Pods were not asked for, and the program does not warm up sooner because "
                + "nobody waits for it: keep the limit of 300m and the readinessProbe.",
                "300m, 20 s", $"{limit}, {delay} s");
        }
    }

    [Test, Points(3), Task("An update under load loses no request")]
    public void An_update_loses_nothing()
    {
        Scenario("110 requests a second from Pod client to Service shop, each of 10m CPU; after 5 "
            + "seconds kubectl set image deployment/shop '*=nginx:1.28'.");
        var cluster = Shop(4);
        cluster.Kubectl("create service clusterip shop --tcp=80");
        cluster.Kubectl("run client --image=busybox:1.36 -- sleep 3600");
        cluster.Run(TimeSpan.FromSeconds(30));
        var load = cluster.Load("client", "http://shop", 110, TimeSpan.FromMinutes(4),
            cpuPerRequest: "10m");
        cluster.Run(TimeSpan.FromSeconds(5));
        var least = 4;
        cluster.Stepped = _ => least = Math.Min(least,
            cluster.List<Pod>().Count(p => p.IsReady && p.Metadata.Name != "client"));
        cluster.Kubectl("set image deployment/shop *=nginx:1.28");
        cluster.Run(TimeSpan.FromMinutes(4));
        var lost = load.Seconds.SelectMany(s => s.Lost).GroupBy(l => l.Key, (reason, of) =>
            (Reason: reason, Count: of.Sum(l => l.Value))).OrderByDescending(l => l.Count).ToList();
        if (lost.Sum(l => l.Count) > 0.5)
        {
            Fail($"Of {load.Seconds.Sum(s => s.Sent):0} requests were lost: {string.Join(", ",
                lost.Select(l => $"{l.Reason} {l.Count:0}"))}. {Why(least)}", "none lost",
                Chart.Load(load));
        }
        if (cluster.List<Pod>().Any(p => p.Spec.Containers[0].Image == "nginx:1.27"))
        {
            Fail("The update did not come to its end: old Pods are left.", "none", cluster);
        }
    }

    private static string Why(int least) => least < 4
        ? $"At one time {least} Pods were ready, and do {30 * least} a second; 110 come. The queue "
            + "grows until clients lose patience."
        : "There were always four ready Pods, but one that was told to stop still got its share: "
            + "the nodes had not heard of it yet.";
}

/// <summary>Everything shut but what is needed.</summary>
[Exercise("10-services/5", "Shut, with holes", Optional = true)]
[Hint(1, "First all shut: podSelector: {}, policyTypes: [Ingress, Egress], and no rules. Policies "
    + "add up: every other one only opens.")]
[Hint(2, "A way is open when both ends say so: web may leave to api (Egress), and api lets web in "
    + "(Ingress).")]
[Hint(3, "web and api ask for names first: egress to UDP 53 of the Pods k8s-app: kube-dns, which "
    + "are in the namespace kubernetes.io/metadata.name: kube-system. Those let all in.")]
public sealed class ShutTests : AppliedTests
{
    private static readonly string[] Pods = ["web", "api", "db", "guest"];
    private Cluster? closed;

    [Test, Points(2), Task("web reaches api, and api reaches db, by name")]
    public void What_is_needed_is_open()
    {
        Ask("web", "api", true);
        Ask("api", "db", true);
    }

    [Test, Points(2), Task("Nobody else reaches anybody")]
    public void The_rest_is_shut()
    {
        foreach (var from in Pods)
        {
            foreach (var to in Pods.Where(to => to != from && to != "guest"
                && (from, to) is not (("web", "api") or ("api", "db"))))
            {
                Ask(from, to, false);
            }
        }
    }

    private void Ask(string from, string to, bool right)
    {
        Scenario("Pods web, api, db and guest in default, each labelled app: NAME, each listening "
            + "on 8080 behind a Service of its name and of port 8080; CoreDNS in kube-system; "
            + "kube-router enforces your policies.");
        closed ??= Closed();
        var sent = closed.Send(from, right ? $"{to}:8080"
            : $"{closed.Get<Pod>(to).Status.PodIP}:8080");
        if ((sent.Outcome == SendOutcome.Answered) != right)
        {
            Fail(!right ? $"{from} reaches {to}, and nobody needs that."
                : sent.Outcome == SendOutcome.NameUnknown
                    ? $"{from} cannot even ask who {to} is: {sent.Message}. Names are looked up "
                        + "over the network, too."
                    : $"{from} does not reach {to}: {sent.Message}. "
                        + string.Join("; ", closed.Policies.Explain(from, $"{to}:8080").Why),
                right ? "answered" : "refused", sent);
        }
    }

    private Cluster Closed()
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(2),
            Settings = Settings.Default.With("kube-router.run-firewall", "true"),
        });
        cluster.AddOn("dns");
        foreach (var name in Pods)
        {
            cluster.Kubectl($"run {name} --image=gcr.io/google-samples/hello-app:1.0 "
                + $"--labels=app={name} --port=8080 --expose");
        }
        Converge(cluster);
        try
        {
            cluster.Apply(New());
        }
        catch (Exception e) when (e is ManifestException or ApiException)
        {
            Fail($"The manifest is refused. {e.Message}");
        }
        Converge(cluster);
        return cluster;
    }
}
