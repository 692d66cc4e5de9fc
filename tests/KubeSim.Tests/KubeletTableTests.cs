using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What the kubelet works out without doing anything, against upstream's own
/// cases.</summary>
public sealed class KubeletTableTests
{
    private static IEnumerable<object[]> Cases(string claim) =>
        TestData.Of("kubelet.tsv", claim).Select(row => new object[] { row[0], row });

    private static IEnumerable<object[]> Actions() => Cases("actions");

    private static IEnumerable<object[]> Phases() => Cases("phase");

    private static IEnumerable<object[]> Graces() => Cases("grace");

    private static Pod PodOf(string json)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "foo" },
            ["spec"] = node["spec"]?.DeepClone() ?? node.DeepClone(),
            ["status"] = node["spec"] is null ? null : node["status"]?.DeepClone(),
        };
        return Json.Decode<Pod>(pod);
    }

    [TestCaseSource(nameof(Actions))]
    public void What_is_done_next_follows_from_the_runtime(string claim, object[] cells)
    {
        var row = cells.Cast<string>().ToArray();
        var pod = PodOf(row[1]);
        var actions = PodActions.Of(pod, View(pod, row[2], row[3]), Probes(pod, row[4]));
        var text = string.Join('\t', $"{actions.KillPod}", $"{actions.CreateSandbox}",
            $"{actions.Attempt}", string.Join(' ', actions.InitToStart),
            string.Join(' ', actions.ToStart),
            string.Join(' ', actions.ToKill.Select(k => k.Container.Config.Name)),
            string.Join(' ', actions.EphemeralToStart));
        Assert.That(text, Is.EqualTo(string.Join('\t', row[5..])), claim);
    }

    [TestCaseSource(nameof(Phases))]
    public void The_phase_follows_from_the_containers(string claim, object[] cells)
    {
        var row = cells.Cast<string>().ToArray();
        var pod = PodOf(row[1]);
        // In these cases every status stands in one list.
        var all = pod.Status.ContainerStatuses;
        var inits = pod.Status.InitContainerStatuses.IsEmpty
            ? all : pod.Status.InitContainerStatuses;
        Assert.That(PodPhases.Of(pod.Spec, inits, all, row[2] == "True"), Is.EqualTo(row[3]),
            claim);
    }

    [Test]
    public void Conditions_follow_from_the_containers()
    {
        Assert.Multiple(() =>
        {
            foreach (var claim in (string[])["ready", "containers", "initialized"])
            {
                foreach (var row in TestData.Of("kubelet.tsv", claim))
                {
                    var condition = Condition(claim, PodOf((string)row[0]), (string)row[1]);
                    var text = $"{condition.Status} {condition.Reason}";
                    Assert.That(text, Is.EqualTo($"{row[2]} {row[3]}"), $"{claim} {row[0]}");
                    if (claim != "initialized")
                    {
                        Assert.That(condition.Message ?? "", Is.EqualTo(row[4]), $"{row[0]}");
                    }
                }
            }
        });
    }

    [TestCaseSource(nameof(Graces))]
    public void A_probe_may_bring_a_grace_period_of_its_own(string claim, object[] cells)
    {
        var row = cells.Cast<string>().ToArray();
        var pod = PodOf(row[1]);
        var reason = Enum.TryParse<KillReason>(row[2], out var known) ? known : KillReason.Other;
        Assert.That(Kubelet.GraceOf(pod, pod.Spec.Containers[0], reason).TotalSeconds,
            Is.EqualTo(TestData.Number(row[3])), claim);
    }

    [Test]
    public void A_sandbox_counts_when_it_is_ready_and_has_an_address() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Of("kubelet.tsv", "sandbox"))
        {
            Assert.That(PodConditions.Sandbox(new(), View(new(), "", (string)row[1])).Status,
                Is.EqualTo(row[2]), $"{row[0]}");
        }
    });

    [Test]
    public void The_hosts_file_names_the_pod_and_its_aliases() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Of("kubelet.tsv", "hosts").Select(r => r.Cast<string>()
            .ToArray()))
        {
            var aliases = row[3].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(a => new HostAlias
                {
                    Ip = a.Split('=')[0], Hostnames = [.. a.Split('=')[1].Split(',')],
                }).ToSeq();
            Assert.That(row[4].Length > 0 ? PodHostFiles.HostsOfNode(row[4], aliases)
                : PodHostFiles.Hosts(row[0].Split(','), row[1], row[2], aliases),
                Is.EqualTo(row[5]), string.Join(' ', row[..4]));
        }
    });

    [Test]
    public void A_node_refuses_what_does_not_fit() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Of("kubelet.tsv", "admission"))
        {
            var use = new NodePromises();
            foreach (var other in JsonNode.Parse((string)row[3])!.AsArray())
            {
                use.Add(Json.Decode<Pod>(other!.DeepClone()), 1);
            }
            var all = Kubelet.Rejections(Json.Decode<Pod>(JsonNode.Parse((string)row[1])!),
                Json.Decode<Node>(JsonNode.Parse((string)row[2])!), use);
            // Upstream's cases leave the second half of a predicate's words open.
            Assert.That(string.Join("; ", all.Select(r => r.Resource is not null ? r.Message
                : r.Message.Split(':')[0])), Is.EqualTo(row[4]), $"{row[0]}");
        }
    });

    [Test]
    public void A_target_port_is_found_by_number_or_by_name() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Of("kubelet.tsv", "port"))
        {
            var pod = PodOf($"{{\"containers\":{row[1]}}}");
            var port = new ServicePort
            {
                TargetPort = IntOrString.Parse((string)row[2]), Protocol = "TCP",
            };
            Assert.That(EndpointFacts.Port(pod, port), Is.EqualTo(
                TestData.Number((string)row[3])), $"{row[0]}");
        }
    });

    [Test]
    public void The_environment_comes_of_maps_variables_and_Services() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Of("kubelet.tsv", "environment").Select(r =>
            r.Cast<string>().ToArray()))
        {
            var container = Json.Decode<Pod>(JsonNode.Parse(
                $"{{\"spec\":{{\"containers\":[{row[3]}]}}}}")!).Spec.Containers[0];
            var made = new PodEnvironment(Teller(row[1], row[2].Split(' ')[0], row[6]), default)
            {
                Services = row[2].EndsWith("none", StringComparison.Ordinal) ? [] : Known,
                Map = name => name[0] == 'm' ? null : new() { Data = Pairs(row[4]) },
                Secret = name => name[0] == 'm' ? null : new()
                {
                    Data = Pairs(row[5]).Select(p => KeyValuePair.Create(p.Key,
                        Convert.ToBase64String(Encoding.UTF8.GetBytes(p.Value)))).ToMap(),
                },
            }.Of(container);
            Assert.That(string.Join('\n', made.Select(v => $"{v.Key}={v.Value}")
                .Order(StringComparer.Ordinal)), Is.EqualTo(row[7]), row[0]);
        }
    });

    private static Map<string> Pairs(string json) => JsonNode.Parse(json)!.AsObject()
        .Select(p => KeyValuePair.Create(p.Key, (string)p.Value!)).ToMap();

    // The pod and the Services of all these cases.
    private static Pod Teller(string ns, string links, string ips) => new()
    {
        Metadata = new() { Name = "dapi-test-pod-name", Namespace = ns },
        Spec = new()
        {
            NodeName = "node-name", ServiceAccountName = "special",
            EnableServiceLinks = links == "unset" ? null : links == "yes",
        },
        Status = new()
        {
            PodIP = ips.Split(',')[0], PodIPs = ips.Split(',').Select(i => new PodIP { Ip = i })
                .ToSeq(),
            HostIP = "127.0.0.1", HostIPs = [new() { Ip = "127.0.0.1" }, new() { Ip = "::1" }],
        },
    };

    private static IEnumerable<Service> Known =>
        new[]
        {
            "kubernetes default 1.2.3.1 8081", "test test1 1.2.3.3 8083",
            "kubernetes test2 1.2.3.4 8084", "test test2 1.2.3.5 8085", "test test2 None 8085",
            "kubernetes kubernetes 1.2.3.6 8086", "not-special default 1.2.3.8 8088",
            "not-special default None 8088",
        }.Select(s => s.Split(' ')).Select(s => new Service
        {
            Metadata = new() { Name = s[0], Namespace = s[1] },
            Spec = new()
            {
                ClusterIP = s[2],
                Ports = [new() { Port = (int)TestData.Number(s[3]), Protocol = "TCP" }],
            },
        });

    [Test]
    public void What_others_wrote_of_a_pod_stays() => Assert.Multiple(() =>
    {
        PodCondition[] ours = [new() { Type = "Ready", Status = "False" }];
        foreach (var (before, after) in new[]
        {
            ("Ready=True PodScheduled=True", "Ready=False PodScheduled=True"),
            ("Ready=True PodScheduled=True example.com/feature=True",
                "example.com/feature=True Ready=False PodScheduled=True"),
            ("DisruptionTarget=True Ready=True PodScheduled=True",
                "DisruptionTarget=True Ready=False PodScheduled=True"),
        })
        {
            var pod = new Pod
            {
                Status = new()
                {
                    Conditions = before.Split(' ').Select(c => new PodCondition
                    {
                        Type = c.Split('=')[0], Status = c.Split('=')[1],
                    }).ToSeq(),
                },
            };
            Assert.That(string.Join(' ', PodConditions.Merge(pod, ours, default)
                .Select(c => $"{c.Type}={c.Status}")), Is.EqualTo(after));
        }
    });

    private static PodCondition Condition(string claim, Pod pod, string phase)
    {
        var (spec, status) = (pod.Spec, pod.Status);
        var (inits, mains) = (status.InitContainerStatuses, status.ContainerStatuses);
        var ready = PodConditions.ContainersReady(spec, inits, mains, phase);
        return claim == "containers" ? ready
            : claim == "ready" ? PodConditions.Ready(spec, ready, status.Conditions)
            : PodConditions.Initialized(spec, inits, mains, phase);
    }

    private static PodView View(Pod pod, string containers, string sandboxes) => new(
        [.. Words(sandboxes).Select(w => new PodSandboxStatus(w[0],
            new("foo", "12345678", "foo-ns", (int)TestData.Number(w[3])), w[1] == "1", default,
            w[2].Length == 0 ? [] : [w[2]]))],
        [.. Words(containers).Select(w => new CriContainerStatus
        {
            Id = w[0], PodSandboxId = "sandboxID", ExitCode = (int)TestData.Number(w[2]),
            State = Enum.Parse<CriContainerState>(w[1], ignoreCase: true),
            Config = new()
            {
                Name = w[0],
                Image = w[3] == "changed" ? "old" : All(pod)
                    .FirstOrDefault(c => c.Name == w[0])?.Image ?? "",
            },
        })]);

    private static IEnumerable<Container> All(Pod pod) =>
        [.. pod.Spec.InitContainers, .. pod.Spec.Containers];

    private static IEnumerable<string[]> Words(string cell) =>
        cell.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split(':'));

    // "*:+:-" is for every container with probes: startup passed, liveness not asked yet; "!"
    // marks the last one's failure.
    private static PodProbes Probes(Pod pod, string cell)
    {
        var probes = new PodProbes();
        if (cell.StartsWith('*'))
        {
            var marks = cell.Split(':');
            foreach (var init in pod.Spec.InitContainers.Where(c => c.StartupProbe is not null))
            {
                var last = init == pod.Spec.InitContainers[^1];
                probes.Set(init.Name, ProbeKind.Startup, Mark(marks[1], last));
                probes.Set(init.Name, ProbeKind.Liveness, Mark(marks[2], last));
            }
        }
        else if (cell.Length > 0)
        {
            probes.Set("foo2", Enum.Parse<ProbeKind>(cell, ignoreCase: true), false);
        }
        return probes;
    }

    private static bool? Mark(string mark, bool last) => mark switch
    {
        "-" => null,
        "!" => !last,
        _ => true,
    };
}
