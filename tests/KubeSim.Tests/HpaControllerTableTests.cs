using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>One whole sync of the autoscaler in each of upstream's cases, where its table lies
/// beside the project.</summary>
public sealed class HpaControllerTableTests
{
    // What no cluster can be brought to by its API: a scale that fails, two autoscalers that know
    // of each other before either has looked, a gate that is there no more.
    private static readonly string[] apart =
    [
        "TestConditionFailedGetScale", "TestConditionFailedUpdateScale",
        "TestConditionAmbiguousSelectorWhenFullSelectorOverlapBetweenHPAs",
        "TestContainerMetricWithTheFeatureGateDisabled",
    ];

    [Test]
    public void Every_case_ends_as_upstream_says()
    {
        var (count, left) = (0, new List<string>());
        foreach (var row in TestData.Table("hpa_controller"))
        {
            var (name, input, expected) = ($"{row["name"]}", row["input"]!, row["expected"]!);
            // Without its feature gate minReplicas is 1 at least.
            if (apart.Contains(name) || (int)input["minReplicas"]! == 0
                || input["metricsTarget"]?[0]!["type"]?.ToString() == "CheddarCheese")
            {
                left.Add(name);
                continue;
            }
            var (replicas, told) = Synced(name, input);
            Assert.That(replicas, Is.EqualTo((int)expected["expectedDesiredReplicas"]!), name);
            if (expected["expectedConditions"] is JsonArray conditions)
            {
                Assert.That(told, Is.EqualTo(conditions.Select(c =>
                    $"{c!["type"]} {c["status"]} {c["reason"]}")), name);
            }
            count++;
        }
        TestContext.Out.WriteLine($"{count} cases, left out: {string.Join(' ', left)}");
        Assert.That(count, Is.GreaterThan(40));
    }

    private static (int, string[]) Synced(string name, JsonNode input)
    {
        const string Flag = "kube-controller-manager.horizontal-pod-autoscaler-";
        // Upstream takes the initial proposal away; here the second sync has forgotten it.
        var forgets = input["recommendations"] is JsonArray { Count: 0 };
        var cluster = new Cluster(new SimulationOptions
        {
            Latency = Latency.None, Objects = Bootstrap.Objects(0),
            Components = Bootstrap.Components()
                .Where(c => c.Name == "horizontal-pod-autoscaler-controller").ToSeq(),
            World = host => new World(host, new ImageCatalogue())
            {
                Extension = new Script(input, name),
            },
            Settings = Settings.Default.With($"{Flag}cpu-initialization-period", "2m")
                .With($"{Flag}initial-readiness-delay", "10s")
                .With($"{Flag}downscale-stabilization", forgets ? "0s" : "5m"),
        });
        var sync = cluster.Now.AddSeconds(forgets ? 30 : 15);
        var target = input["resource"]?.AsObject() ?? new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "ReplicationController", ["name"] = "test-rc",
        };
        Target(cluster, target, (int)input["specReplicas"]!, (int)input["statusReplicas"]!);
        foreach (var pod in Pods(input, sync))
        {
            cluster.Create(pod);
            cluster.UpdateStatus(cluster.Get<Pod>(pod.Metadata.Name) with { Status = pod.Status });
            if (pod.IsTerminating)
            {
                cluster.Delete(cluster.Get<Pod>(pod.Metadata.Name));
            }
        }
        var percent = (int)input["CPUTarget"]!;
        var metrics = percent == 0 ? [] : new JsonArray(JsonNode.Parse("{\"type\":\"Resource\","
            + "\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\","
            + $"\"averageUtilization\":{percent}}}}}}}"));
        foreach (var metric in input["metricsTarget"]?.AsArray() ?? [])
        {
            metrics.Add(metric!.DeepClone());
        }
        cluster.Apply(new JsonObject
        {
            ["apiVersion"] = "autoscaling/v2", ["kind"] = "HorizontalPodAutoscaler",
            ["metadata"] = new JsonObject { ["name"] = "hpa" },
            ["spec"] = new JsonObject
            {
                ["scaleTargetRef"] = target.DeepClone(), ["metrics"] = metrics,
                ["minReplicas"] = (int)input["minReplicas"]!,
                ["maxReplicas"] = (int)input["maxReplicas"]!,
                ["behavior"] = input["scaleUpRules"] is not { } rules ? null
                    : new JsonObject { ["scaleUp"] = rules.DeepClone() },
            },
        }.ToJsonString());
        cluster.Run(sync.AddSeconds(1) - cluster.Now);
        var replicas = (int)Json.Encode(cluster.List<Deployment>().Cast<ApiObject>()
            .Concat(cluster.List<ReplicaSet>()).Concat(cluster.List<ReplicationController>())
            .Single()).At("spec", "replicas")!;
        return (replicas, [.. cluster.Get<HorizontalPodAutoscaler>("hpa").Status.Conditions
            .Select(c => $"{c.Type} {c.Status} {c.Reason}")]);
    }

    private static void Target(Cluster cluster, JsonObject target, int replicas, int there)
    {
        var plain = $"{target["kind"]}" == "ReplicationController";
        cluster.Apply($$$$"""
            apiVersion: {{{{target["apiVersion"]}}}}
            kind: {{{{target["kind"]}}}}
            metadata: {name: {{{{target["name"]}}}} }
            spec:
              replicas: {{{{replicas}}}}
              selector: {{{{(plain ? "{name: pod}" : "{matchLabels: {name: pod}}")}}}}
              template:
                metadata: {labels: {name: pod}}
                spec: {containers: [{name: c, image: x}]}
            """);
        var status = cluster.List<ReplicationController>().SingleOrDefault();
        _ = status is not null
            ? cluster.UpdateStatus(status with { Status = status.Status with { Replicas = there } })
            : cluster.List<ReplicaSet>().SingleOrDefault() is { } set
            ? cluster.UpdateStatus(set with { Status = set.Status with { Replicas = there } })
            : (ApiObject)cluster.UpdateStatus(cluster.List<Deployment>().Single() with
            {
                Status = new() { Replicas = there },
            });
    }

    private static IEnumerable<Pod> Pods(JsonNode input, DateTime now)
    {
        JsonNode? Of(string field, int i) => input[field]?.AsArray().ElementAtOrDefault(i);
        var count = input["reportedCPURequests"]?.AsArray().Count ?? (int)input["statusReplicas"]!;
        for (var i = 0; i < count; i++)
        {
            var start = (string?)Of("reportedPodStartTime", i) switch
            {
                null => DateTime.UnixEpoch, "now" => now,
                var ago => now - (GoDuration.TryParse(ago[4..], out var span) ? span : default),
            };
            var half = Quantity.Milli(
                Quantity.Parse($"{Of("reportedCPURequests", i) ?? "1"}").MilliValue / 2);
            yield return new()
            {
                Metadata = new()
                {
                    Name = $"test-pod-{i}", Namespace = "default",
                    Labels = Map.Of(("name", "pod")), Finalizers = ["test.example.com/stay"],
                    DeletionTimestamp = (bool?)Of("reportedPodDeletionTimestamp", i) == true
                        ? now : null,
                },
                Spec = new()
                {
                    Containers = [.. new[] { "container1", "container2" }.Select(c =>
                        new Container
                        {
                            Name = c, Image = "x",
                            Resources = new() { Requests = Map.Of(("cpu", half)) },
                        })],
                },
                Status = new()
                {
                    Phase = (string?)Of("reportedPodPhase", i) ?? "Running", StartTime = start,
                    Conditions =
                    [
                        new()
                        {
                            Type = "Ready", LastTransitionTime = start,
                            Status = (string?)Of("reportedPodReadiness", i) ?? "True",
                        },
                    ],
                },
            };
        }
    }

    // All three APIs of metrics, or a failure of each.
    private sealed class Script(JsonNode input, string name) : IApiExtension
    {
        public Seq<Kind> Registered(EtcdStore store) => [];

        public bool Serves(Kind kind) => kind.Group.Contains("metrics", StringComparison.Ordinal);

        public bool IsAvailable(Kind kind, EtcdStore store) => true;

        public ApiResponse Read(ApiRequest request, EtcdStore store, DateTime now)
        {
            var isEmpty = name.EndsWith("MetricsEmpty", StringComparison.Ordinal)
                || (name.EndsWith("MetricEmpty", StringComparison.Ordinal)
                    && request.Path.Kind.Group[0] == 'e');
            var levels = isEmpty ? []
                : input["reportedLevels"]!.AsArray().Select(l => (int)l!);
            return name == "TestConditionFailedGetMetrics"
                ? ApiErrors.Of(500, "InternalError", "something went wrong").Status
                : new ApiResponse(200)
                {
                    Items = [.. levels.Select((level, i) => Json.Decode(new JsonObject
                    {
                        ["metadata"] = new JsonObject { ["name"] = $"test-pod-{i}" },
                        ["describedObject"] = new JsonObject { ["name"] = $"test-pod-{i}" },
                        ["timestamp"] = $"{(Time)now}", ["window"] = "1m0s",
                        ["value"] = $"{level}m",
                        ["containers"] = new JsonArray([.. new[] { "container1", "container2" }
                            .Select(c => new JsonObject
                            {
                                ["name"] = c,
                                ["usage"] = new JsonObject { ["cpu"] = $"{level / 2}m" },
                            })]),
                    }, request.Path.Kind))],
                };
        }
    }
}
