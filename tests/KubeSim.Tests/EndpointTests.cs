using System.Globalization;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Endpoints and EndpointSlices: which pods stand behind a Service.</summary>
public sealed class EndpointTests
{
    private static Cluster Given(int maxPerSlice = 100, Latency? latency = null) =>
        new(nodes: 3, latency: latency ?? Latency.None, components:
        [
            new("endpointslice-controller", _ => new EndpointSlices { MaxPerSlice = maxPerSlice }),
            new("endpoint-controller", _ => new EndpointLists()),
        ]);

    private static IEnumerable<object[]> Cases(string claim) =>
        TestData.Of("endpoint-cases.tsv", claim);

    private static Seq<EndpointSlice> Own(Cluster cluster) =>
        cluster.List<EndpointSlice>("default").RemoveAll(s => s.Metadata.Name == "kubernetes");

    private static Service Service(string name = "web", params ServicePort[] ports) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new()
        {
            Selector = Map.Of(("app", "web")),
            Ports = ports.Length > 0 ? [.. ports] : [new() { Port = 80 }],
        },
    };

    private static Pod Pod(string name, string? node = "node-1", int named = 9999) => new()
    {
        Metadata = new()
        {
            Name = name, Namespace = "default", Labels = Map.Of(("app", "web")),
        },
        Spec = new()
        {
            NodeName = node,
            Containers =
            [
                new()
                {
                    Name = "c", Image = "nginx",
                    Ports = [new() { Name = "named", Port = named }],
                },
            ],
        },
    };

    private static void Tell(Cluster cluster, string pod, string? ip, bool ready,
        string phase = "Running") => cluster.UpdateStatus(cluster.Get<Pod>(pod) with
        {
            Status = Status(cluster, ip is null ? [] : [ip], ready, phase),
        });

    private static PodStatus Status(
        Cluster cluster, Seq<string> ips, bool ready, string phase) => new()
    {
        Phase = phase, PodIP = ips.IsEmpty ? null : ips[0],
        PodIPs = ips.Select(ip => new PodIP { Ip = ip }).ToSeq(),
        Conditions =
        [
            new()
            {
                Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = cluster.Now,
            },
        ],
    };

    private static string[] Slices(Cluster cluster) => [.. Own(cluster)
        .SelectMany(s => s.Endpoints).Select(Text).Order(StringComparer.Ordinal)];

    private static string Text(Endpoint e) => e.Addresses[0]
        + (e.Conditions.Ready == true ? " ready" : "")
        + (e.Conditions.Serving == true ? " serving" : "")
        + (e.Conditions.Terminating == true ? " terminating" : "")
        + (e.Zone is { } zone ? $" zone={zone}" : "")
        + (e.Hostname is { } host ? $" hostname={host}" : "");

    private static string Text(Endpoints e)
    {
        static string Names(Seq<EndpointAddress> addresses) =>
            string.Join(' ', addresses.Select(a => a.TargetRef!.Name));
        return string.Join(" + ", e.Subsets.Select(s => $"{Names(s.Addresses)} / "
            + $"{Names(s.NotReadyAddresses)} / "
            + string.Join(' ', s.Ports.Select(p => $"{p.Name}:{p.Port}"))));
    }

    [Test]
    public void Endpoints_follow_pods_as_recorded()
    {
        var cluster = Given();
        cluster.Create(Service("rs", new() { Name = "a", Port = 80, TargetPort = 8080 },
            new() { Name = "b", Port = 81, TargetPort = new IntOrString("named") }));
        var pub = Service("pub");
        cluster.Create(pub with { Spec = pub.Spec with { PublishNotReadyAddresses = true } });
        var expected = new List<string>();
        var seen = new List<string>();
        var last = new Dictionary<string, string>();
        foreach (var row in TestData.Rows("endpoints-recorded.tsv"))
        {
            if (row[0] == "ep")
            {
                expected.Add($"{row[1]}: {row[2]}");
                continue;
            }
            Play(cluster, row);
            cluster.Converge();
            foreach (var service in new[] { "pub", "rs" })
            {
                var text = Text(cluster.Get<Endpoints>(service));
                if (!last.TryGetValue(service, out var before) || before != text)
                {
                    last[service] = text;
                    seen.Add($"{service}: {text}");
                }
            }
        }
        foreach (var service in new[] { "pub", "rs" })
        {
            Assert.That(seen.Where(s => s.StartsWith(service)),
                Is.EqualTo(expected.Where(s => s.StartsWith(service))));
        }
    }

    [Test]
    public void Of_recorded_pods_and_Services_come_the_recorded_lists()
    {
        var cluster = Given();
        var (expected, seen) = (new List<string>(), new List<string>());
        foreach (var row in TestData.Rows("endpoints-kube-proxy.tsv"))
        {
            switch (row[0])
            {
                case "pod":
                    Add(cluster, row);
                    break;
                case "service":
                    cluster.Apply("{apiVersion: v1, kind: Service, metadata: {name: " + row[1]
                        + "}, spec: " + row[2] + "}");
                    cluster.Converge();
                    break;
                default:
                    expected.Add(string.Join('\t', row));
                    break;
            }
        }
        foreach (var e in cluster.List<Endpoints>("default").Where(e => !e.Subsets.Any(s =>
            s.Addresses.Any(a => a.TargetRef is null))))
        {
            seen.Add($"endpoints\t{e.Metadata.Name}\t{e.Metadata.Labels}\t" + string.Join(" + ",
                e.Subsets.Select(s => $"{At(s.Addresses)} | {At(s.NotReadyAddresses)} | "
                    + Ports(s.Ports))));
        }
        foreach (var s in Own(cluster))
        {
            var labels = s.Metadata.Labels;
            seen.Add($"slice\t{labels["kubernetes.io/service-name"]}\t{labels}\t{Ports(s.Ports)}\t"
                + string.Join(' ', s.Endpoints.Select(Recorded).Order(StringComparer.Ordinal)));
        }
        Assert.That(seen, Is.EquivalentTo(expected));
        Assert.That(expected, Has.Count.EqualTo(28));
    }

    private static string At(Seq<EndpointAddress> addresses) =>
        string.Join(' ', addresses.Select(a => $"{a.Ip}@{a.NodeName}"));

    private static string Ports(Seq<EndpointPort> ports) =>
        string.Join(' ', ports.Select(p => $"{p.Name}:{p.Port}/{p.Protocol}"));

    private static string Recorded(Endpoint e) =>
        $"{e.Addresses[0]}@{e.NodeName}:{e.TargetRef!.Name}"
        + (e.Conditions.Ready == true ? "r" : "") + (e.Conditions.Serving == true ? "s" : "")
        + (e.Conditions.Terminating == true ? "t" : "");

    private static void Add(Cluster cluster, string[] row)
    {
        var ports = row[6].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => p.Split(':')).Select(p => new ContainerPort
            {
                Name = p[0], Port = (int)TestData.Number(p[1]), Protocol = "TCP",
            });
        var pod = Pod(row[1], row[3]);
        cluster.Create(pod with
        {
            Metadata = pod.Metadata with { Labels = Map.Of(("app", row[2])) },
            Spec = pod.Spec with
            {
                Containers = [pod.Spec.Containers[0] with { Ports = ports.ToSeq() }],
            },
        });
        Tell(cluster, row[1], row[4], row[5] == "true");
    }

    private static void Play(Cluster cluster, string[] row)
    {
        var name = row[1];
        if (row[0] == "end")
        {
            cluster.Delete(cluster.Get<Pod>(name), new() { GracePeriodSeconds = 0 });
            return;
        }
        if (row[2].Length == 0)
        {
            return;
        }
        if (cluster.Find<Pod>("default", name) is null)
        {
            cluster.Create(Pod(name, row[2]));
        }
        if (row[6] == "true" && !cluster.Get<Pod>(name).IsTerminating)
        {
            cluster.Delete(cluster.Get<Pod>(name));
        }
        Tell(cluster, name, row[3].Length == 0 ? null : row[3], row[5] == "true", row[4]);
    }

    [TestCaseSource(nameof(Cases), new object[] { "belongs" })]
    public void A_pod_belongs_while_it_has_an_address_and_has_not_ended(
        string name, string pod, string includeTerminating, string belongs) =>
        Assert.That(EndpointFacts.Belongs(PodOf(pod), includeTerminating == "true"),
            Is.EqualTo(belongs == "true"), name);

    [TestCaseSource(nameof(Cases), new object[] { "endpoint" })]
    public void A_pod_becomes_an_endpoint(string name, string service, string pod, string publish,
        string zone, string expected)
    {
        var cluster = Given();
        if (zone.Length > 0)
        {
            var node = cluster.Find<Node>("", "node-1")!;
            var labels = node.Metadata.Labels.Set("topology.kubernetes.io/zone", zone);
            cluster.Update(node with { Metadata = node.Metadata with { Labels = labels } });
        }
        var web = Service(service);
        cluster.Create(web with
        {
            Spec = web.Spec with { PublishNotReadyAddresses = publish == "true" },
        });
        Add(cluster, "pod1", PodOf(pod));
        cluster.Converge();
        Assert.That(Slices(cluster), Is.EqualTo(new[] { expected }), name);
        Assert.That(Own(cluster)[0].Endpoints[0].TargetRef!.Name,
            Is.EqualTo("pod1"));
    }

    [TestCaseSource(nameof(Cases), new object[] { "service" })]
    public void The_pods_of_a_Service_become_its_slices(
        string name, string family, string pods, string expected)
    {
        var cluster = Given();
        var web = Service("foobar",
            new() { Name = "tcp-example", Port = 80, TargetPort = 80, Protocol = "TCP" },
            new() { Name = "udp-example", Port = 161, TargetPort = 161, Protocol = "UDP" },
            new() { Name = "sctp-example", Port = 3456, TargetPort = 3456, Protocol = "SCTP" });
        cluster.Create(web with { Spec = web.Spec with { IpFamilies = [family] } });
        var n = 0;
        foreach (var pod in JsonNode.Parse(pods)!.AsArray())
        {
            Add(cluster, $"pod{n++}", PodOf(pod!.ToJsonString()));
        }
        cluster.Converge();
        Assert.That(Slices(cluster),
            Is.EqualTo(expected.Split("; ").Order(StringComparer.Ordinal)), name);
        Assert.That(Own(cluster)[0]
            .Ports.Select(p => $"{p.Name} {p.Port} {p.Protocol}"), Is.EquivalentTo(new[]
            {
                "sctp-example 3456 SCTP", "udp-example 161 UDP", "tcp-example 80 TCP",
            }));
    }

    [TestCaseSource(nameof(Cases), new object[] { "slices" })]
    public void Many_pods_are_cut_into_slices(string most, string lengths)
    {
        var cluster = Given((int)TestData.Number(most));
        for (var i = 0; i < 250; i++)
        {
            cluster.Create(Pod($"pod{i}"));
            Tell(cluster, $"pod{i}", $"10.0.{i / 250}.{i % 250}", ready: true);
        }
        cluster.Create(Service());
        cluster.Converge();
        Assert.That(Own(cluster).Select(s => s.Endpoints.Count)
            .OrderDescending(), Is.EqualTo(lengths.Split(',').Select(TestData.Number)));
    }

    [TestCase(null, "")]
    [TestCase("PreferSameZone", "zones east")]
    [TestCase("PreferClose", "zones east")]
    [TestCase("PreferSameNode", "zones east nodes node-1")]
    public void A_Service_says_whose_clients_an_endpoint_is_meant_for_first(
        string? distribution, string hints)
    {
        var cluster = Given();
        cluster.Patch<Node>("", "node-1",
            """{"metadata":{"labels":{"topology.kubernetes.io/zone":"east"}}}""");
        var web = Service();
        cluster.Create(web with
        {
            Spec = web.Spec with { TrafficDistribution = distribution },
        });
        cluster.Create(Pod("a"));
        cluster.Create(Pod("b"));
        Tell(cluster, "a", "10.0.0.1", ready: true);
        Tell(cluster, "b", "10.0.0.2", ready: false);
        cluster.Converge();

        string Hints(Endpoint e) => e.Hints is not { } h ? "" : string.Concat(
            h.ForZones.Select(z => $"zones {z.Name}")) + string.Concat(
            h.ForNodes.Select(n => $" nodes {n.Name}"));
        Assert.That(Own(cluster)[0].Endpoints.OrderBy(e => e.Addresses[0]).Select(Hints),
            Is.EqualTo(new[] { hints, "" }), "who is not ready is meant for nobody");

        cluster.Patch<Service>("default", "web", """{"spec":{"trafficDistribution":null}}""");
        cluster.Converge();
        Assert.That(Own(cluster)[0].Endpoints.Select(Hints), Is.All.Empty);
    }

    [TestCase("", false)]
    [TestCase("aware-hints=aUto", false)]
    [TestCase("aware-hints=auto", true)]
    [TestCase("aware-hints=Auto", true)]
    [TestCase("aware-hints=disabled", false)]
    [TestCase("mode=aUto", false)]
    [TestCase("mode=auto", true)]
    [TestCase("mode=Auto", true)]
    [TestCase("mode=disabled", false)]
    [TestCase("aware-hints=auto,mode=disabled", true)]
    public void Zones_are_shared_out_where_an_annotation_says_Auto(string cell, bool wanted)
    {
        var web = Service();
        var annotations = TestData.Labels(cell)
            .Select(a => (Key: $"service.kubernetes.io/topology-{a.Key}", a.Value));
        Assert.That(EndpointZones.AreWanted(web with
        {
            Metadata = web.Metadata with { Annotations = Map.Of([.. annotations]) },
        }), Is.EqualTo(wanted));
    }

    // Upstream's cases: nodes as zone, CPU, - for not ready, c for the control plane.
    [TestCase("a1", "")]
    [TestCase("a1 b1", "a=0.5 b=0.5")]
    [TestCase("a1 b1c", "")]
    [TestCase("a1 b1 b1-", "a=0.5 b=0.5")]
    [TestCase("a1 b1 b1c", "a=0.5 b=0.5")]
    [TestCase("a1 a1 a1 a2 b3 b1.5 c0.5", "a=0.5 b=0.45 c=0.05")]
    public void A_zone_has_its_share_of_the_CPUs(string nodes, string shares)
    {
        var all = nodes.Split(' ').Select((n, i) =>
        {
            var labels = Map.Of(("topology.kubernetes.io/zone", n[..1]));
            var node = Bootstrap.NewNode($"node-{i}");
            return node with
            {
                Metadata = node.Metadata with
                {
                    Labels = n[^1] == 'c'
                        ? labels.Set("node-role.kubernetes.io/control-plane", "") : labels,
                },
                Status = node.Status with
                {
                    Allocatable = Map.Of(("cpu", Quantity.Parse(n[1..].TrimEnd('-', 'c')))),
                    Conditions = [new() { Type = "Ready", Status = n[^1] == '-' ? "No" : "True" }],
                },
            };
        });
        Assert.That(string.Join(' ', (EndpointZones.Shares(all) ?? []).Select(
            s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}={s.Value:0.##}"))),
            Is.EqualTo(shares));
    }

    private const string Enabled = "Topology Aware Hints has been enabled, addressType: IPv4";

    // Upstream's cases, and slices that are not written: endpoints as zone, >zone it is meant for,
    // ! for not ready; a slice that is left alone is in brackets.
    [TestCase("", "", "Insufficient Node information: allocatable CPU or zone not specified on one "
        + "or more nodes, addressType: IPv4", "")]
    [TestCase("", "a", "Insufficient Node information: allocatable CPU or zone not specified on "
        + "one or more nodes, addressType: IPv4", "a")]
    [TestCase("a=0.45 b=0.55", "a b", Enabled, "a>a b>b")]
    [TestCase("a=0.35 b=0.35 c=0.3", "a b|c c a|a a|b c a", Enabled,
        "a>b b>b|c>c c>c a>a|a>a a>a|b>b c>c a>a")]
    [TestCase("a=0.5 b=0.5", "a", "Insufficient number of endpoints (1 endpoints, 2 zones), "
        + "addressType: IPv4", "a")]
    [TestCase("a=0.9 b=0.05 c=0.05", "a b c", "Unable to allocate minimum required endpoints to "
        + "each zone without exceeding overload threshold (3 endpoints, 3 zones), addressType: "
        + "IPv4", "a b c")]
    [TestCase("a=0.67 b=0.33", "a b!|[a>a b>b]", Enabled, "a>a b!|[a>a b>b]")]
    [TestCase("a=0.67 b=0.33", "a|[a>z b>b]", Enabled, "a>a|a>a b>b")]
    [TestCase("a=0.67 b=0.33", "-|[a>a b>b]", "One or more endpoints do not have a zone specified, "
        + "addressType: IPv4", "-|a b")]
    public void Zones_give_and_take_endpoints(
        string shares, string slices, string told, string hinted)
    {
        static Endpoint Endpoint(string text) => new()
        {
            Addresses = ["10.0.0.1"], Zone = text[0] == '-' ? null : text[..1],
            Conditions = new() { Ready = text[^1] != '!' },
            Hints = text.Split('>') is [_, var zone]
                ? new() { ForZones = [new() { Name = zone }] } : null,
        };
        static string Text(Endpoint e) => (e.Zone ?? "-") + (e.Conditions.Ready == true ? "" : "!")
            + string.Concat((e.Hints?.ForZones ?? default).Select(z => $">{z.Name}"));
        static EndpointSlice Slice(string text) => new()
        {
            Endpoints = text.Trim('[', ']').Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(Endpoint).ToSeq(),
        };
        var all = slices.Split('|');
        var written = all.Where(s => !s.StartsWith('[')).Select(Slice).ToList();
        var rest = all.Where(s => s.StartsWith('[')).Select(Slice).ToList();
        var ratios = shares.Length == 0 ? null : new SortedDictionary<string, double>(
            TestData.Labels(shares.Replace(' ', ',')).ToDictionary(s => s.Key,
                s => double.Parse(s.Value, CultureInfo.InvariantCulture)));
        var key = Service().Key;

        var news = new EndpointZones().Put(key, "IPv4", ratios, written, rest);
        Assert.That(news!.Value.Message, Is.EqualTo(told));
        Assert.That(string.Join('|', written.Select(s => string.Join(' ', s.Endpoints.Select(Text)))
            .Concat(rest.Select(s => $"[{string.Join(' ', s.Endpoints.Select(Text))}]"))),
            Is.EqualTo(hinted));
    }

    [Test]
    public void A_Service_in_mode_Auto_has_hints_and_settles()
    {
        var cluster = Given();
        foreach (var (node, zone) in new[] { ("node-1", "a"), ("node-2", "b"), ("node-3", "b") })
        {
            cluster.Patch<Node>("", node,
                "{\"metadata\":{\"labels\":{\"topology.kubernetes.io/zone\":\"" + zone + "\"}}}");
        }
        var web = Service();
        cluster.Create(web with
        {
            Metadata = web.Metadata with
            {
                Annotations = Map.Of(("service.kubernetes.io/topology-mode", "Auto")),
            },
        });
        for (var i = 0; i < 6; i++)
        {
            cluster.Create(Pod($"pod{i}", $"node-{(i % 3) + 1}"));
            Tell(cluster, $"pod{i}", $"10.0.0.{i}", ready: true);
        }
        cluster.Converge();
        string Hints() => string.Concat(Own(cluster).SelectMany(s => s.Endpoints)
            .Select(e => e.Hints is { } h ? h.ForZones[0].Name : "-").Order());
        Assert.That(Hints(), Is.EqualTo("aabbbb"), "a has a third of the CPUs");
        var revision = cluster.Revision;
        cluster.Patch<Service>("default", "web", """{"metadata":{"labels":null}}""");
        cluster.Converge();
        Assert.That(cluster.Revision, Is.EqualTo(revision), "nothing is written anew");

        cluster.Patch<Service>("default", "web", """{"metadata":{"annotations":null}}""");
        cluster.Converge();
        Assert.That(Hints(), Is.EqualTo("------"));
        Assert.That(cluster.List<Event>().Select(e => e.Message), Is.SupersetOf(new[]
        {
            Enabled, "Topology Aware Hints has been disabled, addressType: IPv4",
        }));
    }

    [TestCase(1100, 0, 1000, 0)]
    [TestCase(900, 200, 900, 100)]
    [TestCase(1050, 50, 1000, 0)]
    [TestCase(600, 400, 600, 400)]
    public void Of_more_than_a_thousand_addresses_the_ready_ones_stay(
        int ready, int others, int addresses, int notReady)
    {
        var cluster = Given();
        for (var i = 0; i < ready + others; i++)
        {
            cluster.Create(Pod($"pod{i}"));
            // Those that are not ready come first by name and age.
            Tell(cluster, $"pod{i}", $"10.0.{i / 250}.{i % 250}", ready: i >= others);
        }
        cluster.Create(Service());
        cluster.Converge();

        var list = cluster.Get<Endpoints>("web");
        Assert.That((list.Subsets[0].Addresses.Count, list.Subsets[0].NotReadyAddresses.Count),
            Is.EqualTo((addresses, notReady)));
        Assert.That(list.Metadata.Annotations.Get("endpoints.kubernetes.io/over-capacity"),
            Is.EqualTo(ready + others > 1000 ? "truncated" : null));
        Assert.That(Own(cluster).Sum(s => s.Endpoints.Count), Is.EqualTo(ready + others));
    }

    [TestCase("come")]
    [TestCase("change")]
    [TestCase("go")]
    public void Pods_that_follow_each_other_are_a_write_each(string what)
    {
        // Upstream's cases without a batch period, which is how both flags are set by default.
        var cluster = Given();
        cluster.Create(Service());
        for (var i = 0; i < (what == "come" ? 0 : 10); i++)
        {
            cluster.Create(Pod($"pod{i}"));
            Tell(cluster, $"pod{i}", $"10.1.1.{i}", ready: true);
        }
        cluster.Converge();
        var (slices, lists) = (0, 0);
        cluster.Stepped = step =>
        {
            slices += step.Changes.Count(c => c.After is EndpointSlice);
            lists += step.Changes.Count(c => c.After is Endpoints);
        };
        foreach (var (i, wait) in new[] { 200, 100, 100 }.Index())
        {
            cluster.Run(TimeSpan.FromMilliseconds(wait));
            if (what == "go")
            {
                cluster.Delete(cluster.Get<Pod>($"pod{i}"), new() { GracePeriodSeconds = 0 });
                continue;
            }
            if (what == "come")
            {
                cluster.Create(Pod($"pod{i}"));
            }
            Tell(cluster, $"pod{i}", $"10.0.0.{i}", ready: true);
        }
        cluster.Run(TimeSpan.FromSeconds(3));
        Assert.That((slices, lists), Is.EqualTo((3, 3)));
    }

    [Test]
    public void One_pod_that_goes_changes_one_slice_and_the_next_fills_it_up()
    {
        var cluster = Given(maxPerSlice: 2);
        cluster.Create(Service());
        for (var i = 0; i < 6; i++)
        {
            cluster.Create(Pod($"pod{i}"));
            Tell(cluster, $"pod{i}", $"10.0.0.{i}", ready: true);
        }
        cluster.Converge();
        var before = cluster.List<EndpointSlice>("default").ToDictionary(s => s.Metadata.Name);

        cluster.Delete(cluster.Get<Pod>("pod2"), new() { GracePeriodSeconds = 0 });
        cluster.Converge();
        cluster.Create(Pod("pod6"));
        Tell(cluster, "pod6", "10.0.0.6", ready: true);
        cluster.Converge();

        var after = cluster.List<EndpointSlice>("default");
        Assert.That(after.Select(s => s.Metadata.Name), Is.EquivalentTo(before.Keys));
        Assert.That(after.Count(s => s != before[s.Metadata.Name]), Is.EqualTo(1));
    }

    [Test]
    public void A_Service_without_pods_has_an_empty_slice_that_is_used_when_they_come()
    {
        var cluster = Given();
        cluster.Create(Service());
        cluster.Converge();
        var empty = Own(cluster).Single();
        Assert.That(empty.Endpoints.IsEmpty && empty.Ports.IsEmpty);

        cluster.Create(Pod("a"));
        Tell(cluster, "a", "10.0.0.1", ready: true);
        cluster.Converge();
        var used = Own(cluster).Single();
        Assert.That(used.Metadata.Uid, Is.EqualTo(empty.Metadata.Uid));
        Assert.That(used.Metadata.Labels, Is.EqualTo(TestData.Labels(
            "kubernetes.io/service-name=web,"
            + "endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io")));
        Assert.That(used.Metadata.Annotations.ContainsKey(EndpointFacts.TriggerTime));

        Tell(cluster, "a", "10.0.0.1", ready: false, phase: "Succeeded");
        cluster.Converge();
        Assert.That(Slices(cluster), Is.Empty);
    }

    [Test]
    public void A_port_by_name_is_another_number_at_another_pod()
    {
        var cluster = Given();
        cluster.Create(Service("web",
            new ServicePort { Name = "n", Port = 80, TargetPort = new IntOrString("named") }));
        cluster.Create(Pod("a", named: 1111));
        cluster.Create(Pod("b", named: 2222));
        Tell(cluster, "a", "10.0.0.1", ready: true);
        Tell(cluster, "b", "10.0.0.2", ready: true);
        cluster.Converge();
        Assert.That(Own(cluster)
            .Select(s => $"{s.Ports[0].Port} {s.Endpoints[0].Addresses[0]}"),
            Is.EquivalentTo(new[] { "1111 10.0.0.1", "2222 10.0.0.2" }));
        Assert.That(cluster.Get<Endpoints>("web").Subsets, Has.Count.EqualTo(2));
    }

    [TestCase("endpointslice-controller:EndpointSlice")]
    [TestCase("endpoint-controller:Endpoints")]
    public void A_stale_cache_of_its_own_objects_makes_nothing_twice(string cursor)
    {
        var cluster = Given(latency: Latency.Typical);
        cluster.Converge();
        cluster.Faults.Hold(cursor);
        cluster.Create(Service());
        for (var i = 0; i < 3; i++)
        {
            cluster.Create(Pod($"pod{i}"));
            Tell(cluster, $"pod{i}", $"10.0.0.{i}", ready: true);
            cluster.Converge();
        }
        Assert.That(cluster.List<EndpointSlice>("default"), Has.Count.EqualTo(2));

        cluster.Faults.Restore(cursor.Split(':')[0]);
        cluster.Converge();
        Assert.That(cluster.List<EndpointSlice>("default"), Has.Count.EqualTo(2));
        Assert.That(Slices(cluster), Has.Length.EqualTo(3));
        Assert.That(cluster.Get<Endpoints>("web").Subsets[0].Addresses, Has.Count.EqualTo(3));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_crash_after_a_write_or_a_lost_reply_does_no_harm(int write)
    {
        var cluster = Given(maxPerSlice: 1, latency: Latency.Typical);
        cluster.Converge();
        cluster.Faults.CrashAfterWrite("endpointslice-controller", write);
        cluster.Faults.LoseReply("endpoint-controller", write);
        cluster.Create(Service());
        for (var i = 0; i < 3; i++)
        {
            cluster.Create(Pod($"pod{i}"));
            Tell(cluster, $"pod{i}", $"10.0.0.{i}", ready: true);
            cluster.Converge();
        }
        cluster.Faults.Restore("endpointslice-controller");
        cluster.Converge();
        Assert.That(Slices(cluster), Is.EqualTo(new[]
        {
            "10.0.0.0 ready serving", "10.0.0.1 ready serving", "10.0.0.2 ready serving",
        }));
        Assert.That(cluster.Get<Endpoints>("web").Subsets[0].Addresses, Has.Count.EqualTo(3));
    }

    [Test]
    public void The_Service_of_the_API_server_is_there_from_the_start()
    {
        var cluster = new Cluster(nodes: 1);
        var service = cluster.Get<Service>("kubernetes");
        Assert.That((service.Spec.ClusterIP, service.Spec.Ports[0].TargetPort?.Number),
            Is.EqualTo(("10.96.0.1", 6443)));
        var slice = cluster.Get<EndpointSlice>("kubernetes");
        Assert.That(slice.Endpoints[0].Conditions.Ready, Is.True);
        var revision = cluster.Revision;
        cluster.Converge();
        Assert.That(cluster.Revision, Is.EqualTo(revision), "nothing is left to do");
    }

    private static Pod PodOf(string json)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        var ips = node["ips"]?.AsArray().Select(ip => (string)ip!).ToSeq() ?? [];
        var pod = Pod("x", (string?)node["nodeName"]);
        return pod with
        {
            Metadata = pod.Metadata with
            {
                DeletionTimestamp = (bool?)node["going"] == true ? new Time(1) : null,
            },
            Spec = pod.Spec with
            {
                Hostname = (string?)node["hostname"], Subdomain = (string?)node["subdomain"],
            },
            Status = new()
            {
                Phase = (string?)node["phase"], PodIP = (string?)node["ip"],
                PodIPs = ips.Select(ip => new PodIP { Ip = ip }).ToSeq(),
                Conditions =
                [
                    new()
                    {
                        Type = "Ready", Status = (bool?)node["ready"] == true ? "True" : "False",
                    },
                ],
            },
        };
    }

    private static void Add(Cluster cluster, string name, Pod pod)
    {
        cluster.Create(Pod(name) with
        {
            Spec = pod.Spec with { NodeName = "node-1", TerminationGracePeriodSeconds = 30 },
        });
        cluster.UpdateStatus(cluster.Get<Pod>(name) with
        {
            Status = pod.Status with { Phase = pod.Status.Phase ?? "Running" },
        });
        if (pod.IsTerminating)
        {
            cluster.Delete(cluster.Get<Pod>(name));
        }
    }
}
