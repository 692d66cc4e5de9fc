using System.Globalization;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The autoscaler beside the real one: what it was given, and what it did, sync by
/// sync.</summary>
public sealed class HpaRecordedTests
{
    // The real one took 20 ms for each sync, and that decides whether 12 s have passed.
    private static readonly TimeSpan period = TimeSpan.FromMilliseconds(2020);

    private static IEnumerable<TestCaseData> Recordings()
    {
        var lines = Data.Lines("hpa-recorded.txt").Where(l => l[0] != '!').ToList();
        for (var i = 0; i < lines.Count;)
        {
            var end = lines.FindIndex(i + 1, l => l[0] == '=');
            end = end < 0 ? lines.Count : end;
            yield return new TestCaseData(lines[i], lines[(i + 1)..end])
                .SetArgDisplayNames(lines[i].Split(' ')[1]);
            i = end;
        }
    }

    [TestCaseSource(nameof(Recordings))]
    public void The_autoscaler_does_what_the_real_one_did(string head, List<string> lines)
    {
        var behavior = lines[0].StartsWith("b ", StringComparison.Ordinal) ? lines[0][2..] : null;
        lines = behavior is null ? lines : lines[1..];
        var recording = new Recording(head.Split(' '), behavior);
        var (expected, actual) = (new List<string>(), new List<string>());
        var (sync, message) = (0, "");
        foreach (var (at, text) in Placed(lines))
        {
            for (; sync < (int)at; sync++)
            {
                actual.AddRange(recording.Sync(sync + 1));
            }
            var words = text.Split(' ');
            if (words[0] == "D" && at > (int)at)
            {
                recording.Release(int.Parse(words[2], CultureInfo.InvariantCulture));
            }
            else if (words[0] == "D" && sync > 0)
            {
                expected.Add($"{sync} D {words[1]}");
            }
            else if (words[0] == "H" && sync > 0)
            {
                expected.AddRange(Conditions(sync, words, lines));
            }
            else if (words[0] == "E")
            {
                var at3 = text.Split(' ', 4);
                message = at3[3] == "\"" ? message : at3[3];
                var said = at3[3] == "\"" ? First(lines, at3[2]) : at3[3];
                expected.Add($"{sync} E {at3[1]} {at3[2]} {said}");
            }
        }
        Assert.That(expected, Is.Not.Empty);
        Assert.That(actual.Order(StringComparer.Ordinal),
            Is.EqualTo(expected.Order(StringComparer.Ordinal)));
    }

    // Each line in terms of syncs: 3.0 is what the third one did, 3.2 what happened after it.
    private static List<(double At, string Text)> Placed(List<string> lines)
    {
        var split = lines.ConvertAll(l => (T: double.Parse(l[..l.IndexOf(' ')],
            CultureInfo.InvariantCulture), Text: l[(l.IndexOf(' ') + 1)..]));
        var placed = new List<(double, string)>();
        var replicas = split[0].Text.Split(' ')[1];
        foreach (var (t, text) in split)
        {
            var next = split.Where(l => l.Text[0] == 'H' && l.T >= t - 0.02 && l.T > 1)
                .Select(l => l.T).DefaultIfEmpty(0).First();
            // By the next sync that left a trace; those between are 2.02 s apart.
            var of = next == 0 ? t / 2.02 : Math.Round(next / 2.025) - ((next - t) / 2.02);
            var isSync = text[0] != 'D' || text.Split(' ')[1] != replicas;
            replicas = text[0] == 'D' ? text.Split(' ')[1] : replicas;
            placed.Add((isSync ? Math.Round(of) : Math.Max(of, 0.01), text));
        }
        return placed;
    }

    private static IEnumerable<string> Conditions(int sync, string[] words, List<string> lines)
    {
        yield return $"{sync} H {words[1]} {words[2]} {words[3]}";
        foreach (var reason in words[4..])
        {
            var row = Data.Lines("hpa-recorded.txt").First(l =>
                l.StartsWith($"! {reason} ", StringComparison.Ordinal)).Split(' ', 5);
            yield return $"{sync} C {row[2]} {row[3]} {reason} " + row[4]
                .Replace("DESIRED", words[2], StringComparison.Ordinal)
                .Replace("PROBLEM", reason[0] == 'F' ? First(lines, reason) : "",
                    StringComparison.Ordinal);
        }
    }

    private static string First(List<string> lines, string reason) =>
        lines.First(l => l.Contains($" {reason} ", StringComparison.Ordinal) && l.Contains(" E "))
            .Split(' ', 5)[4];

    // The controllers, and nobody who runs pods: the recording says when they become ready.
    private sealed class Recording
    {
        private readonly Cluster cluster;
        private readonly DateTime start;
        private HorizontalPodAutoscalerStatus told = new();
        private Dictionary<string, int> counts = [];
        private int replicas;

        public Recording(string[] head, string? behavior)
        {
            string[] needed = ["deployment-controller", "replicaset-controller",
                "horizontal-pod-autoscaler-controller"];
            var script = new Script(head[6..]);
            const string Flag = "kube-controller-manager.horizontal-pod-autoscaler-";
            cluster = new(new SimulationOptions
            {
                Latency = Latency.None,
                Components = Bootstrap.Components().Where(c => needed.Contains(c.Name)).ToSeq(),
                Objects = Bootstrap.Objects(0),
                World = host => new World(host, new ImageCatalogue()) { Extension = script },
                Settings = Settings.Default.With($"{Flag}sync-period", "2020ms")
                    .With($"{Flag}downscale-stabilization", "12s"),
            });
            replicas = int.Parse(head[2], CultureInfo.InvariantCulture);
            var requests = head[5] == "none" ? "{}" : "{cpu: " + head[5] + "}";
            cluster.Apply($$"""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec:
                  replicas: {{replicas}}
                  selector:
                    matchLabels: {app: web}
                  template:
                    metadata:
                      labels: {app: web}
                    spec:
                      containers:
                      - name: c
                        image: x
                        resources: {requests: {{requests}} }
                """);
            cluster.Run(TimeSpan.FromSeconds(1));
            Release(replicas);
            script.Unmeasured = [.. cluster.List<Pod>().Select(p => p.Metadata.Name).Take(2)];
            script.Start = start = cluster.Now;
            cluster.Apply($$"""
                apiVersion: autoscaling/v2
                kind: HorizontalPodAutoscaler
                metadata: {name: web}
                spec:
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
                  minReplicas: {{head[3]}}
                  maxReplicas: {{head[4]}}
                  metrics:
                  - type: Resource
                    resource:
                      name: cpu
                      target: {type: Utilization, averageUtilization: 50}
                  behavior: {{behavior ?? "null"}}
                """);
        }

        public void Release(int ready)
        {
            var missing = ready - cluster.List<Pod>().Count(p => p.IsReady);
            foreach (var pod in cluster.List<Pod>().Where(p => !p.IsReady).Take(missing).ToList())
            {
                cluster.UpdateStatus(pod with
                {
                    Status = pod.Status with
                    {
                        Phase = "Running", StartTime = cluster.Now,
                        Conditions = pod.Status.Conditions.With(new PodCondition
                        {
                            Type = "Ready", Status = "True", LastTransitionTime = cluster.Now,
                        }),
                    },
                });
            }
            cluster.Run(TimeSpan.FromMilliseconds(1));
        }

        // What the n-th sync did; before it nothing happens.
        public List<string> Sync(int n)
        {
            cluster.Run(start + (period * n) - TimeSpan.FromMilliseconds(20) - cluster.Now);
            Assert.That(cluster.Get<HorizontalPodAutoscaler>("web").Status, Is.EqualTo(told));
            cluster.Run(start + (period * n) + TimeSpan.FromMilliseconds(20) - cluster.Now);
            return [.. Seen(n)];
        }

        private IEnumerable<string> Seen(int n)
        {
            var wanted = cluster.Get<Deployment>("web").Spec.Replicas!.Value;
            if (wanted != replicas)
            {
                yield return $"{n} D {replicas = wanted}";
            }
            var now = cluster.Get<HorizontalPodAutoscaler>("web").Status;
            if (!now.Equals(told))
            {
                told = now;
                var percent = now.CurrentMetrics
                    .Select(m => $"{m.Current?.AverageUtilization}").FirstOrDefault() ?? "";
                yield return $"{n} H {now.CurrentReplicas} {now.DesiredReplicas} "
                    + (percent.Length > 0 ? percent : "-");
                foreach (var c in now.Conditions.ToList())
                {
                    yield return $"{n} C {c.Type} {c.Status} {c.Reason} {Plain(c.Message!)}";
                }
            }
            var before = counts;
            counts = cluster.List<Event>()
                .Where(e => e.Source?.Component == "horizontal-pod-autoscaler")
                .ToDictionary(e => $"E {e.Type} {e.Reason} {Plain(e.Message!)}",
                    e => e.Count ?? 1);
            foreach (var (what, count) in counts)
            {
                for (var more = count - before.GetValueOrDefault(what); more > 0; more--)
                {
                    yield return $"{n} {what}";
                }
            }
        }

        private static string Plain(string message) => System.Text.RegularExpressions.Regex
            .Replace(message, "Pod web-[a-z0-9-]+", "Pod POD");
    }

    // The recorder's metrics API.
    private sealed class Script(string[] loads) : IApiExtension
    {
        public List<string> Unmeasured { get; set; } = [];

        public DateTime Start { get; set; }

        public Seq<Kind> Registered(EtcdStore store) => [];

        public bool Serves(Kind kind) => kind.Group == "metrics.k8s.io";

        public bool IsAvailable(Kind kind, EtcdStore store) => true;

        public ApiResponse Read(ApiRequest request, EtcdStore store, DateTime now)
        {
            var load = loads.Select(l => l.Split(':')).Last(l => now - Start
                >= TimeSpan.FromSeconds(int.Parse(l[0][..^1], CultureInfo.InvariantCulture)));
            var ready = store.List(Kinds.Pod, "default", store.Head).Cast<Pod>()
                .Where(p => p.IsReady).ToList();
            var each = int.Parse(load[2], CultureInfo.InvariantCulture)
                / (load[1] == "closed" ? ready.Count : 1);
            var measured = load[1] switch
            {
                "none" => [],
                "missing" => ready.Where(p => !Unmeasured.Contains(p.Metadata.Name)),
                _ => ready,
            };
            var metrics = MetricKinds.Of("metrics.k8s.io", "v1beta1", "pods");
            return new(200)
            {
                Items = [.. measured.Select(pod => Json.Decode(new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name },
                    ["timestamp"] = $"{(Time)now}", ["window"] = "0s",
                    ["containers"] = new JsonArray(new JsonObject
                    {
                        ["name"] = "c", ["usage"] = new JsonObject { ["cpu"] = $"{each}m" },
                    }),
                }, metrics))],
            };
        }
    }
}
