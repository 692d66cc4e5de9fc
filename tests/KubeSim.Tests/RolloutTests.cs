using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Rollouts, against recordings of Kubernetes 1.36: the sequence of ReplicaSet sizes, the
/// states in which all stood still, and the events of Deployment and ReplicaSet.</summary>
public sealed class RolloutTests
{
    private static readonly Dictionary<string, JsonNode> Recordings = Data.Lines("rollouts.jsonl")
        .Select(line => JsonNode.Parse(line)!)
        .ToDictionary(r => r["name"]!.GetValue<string>(), StringComparer.Ordinal);

    private static IEnumerable<string> Recorded => Recordings.Keys
        .Where(name => !name.EndsWith("_free", StringComparison.Ordinal));

    private static IEnumerable<string> Free => Recordings.Keys
        .Where(name => name.EndsWith("_free", StringComparison.Ordinal));

    [TestCaseSource(nameof(Recorded))]
    public void A_rollout_takes_the_recorded_steps(string name)
    {
        var run = new Run(Recordings[name], seed: 1);
        run.Play();

        Assert.That(run.Sequence, Is.EqualTo(Texts(Recordings[name]["sequence"])));
    }

    [TestCaseSource(nameof(Recorded))]
    public void A_rollout_stands_still_where_the_recorded_one_did(string name)
    {
        var run = new Run(Recordings[name], seed: 2);
        run.Play();

        Assert.That(run.States, Is.EqualTo(run.RecordedStates));
    }

    [TestCaseSource(nameof(Recorded))]
    public void A_rollout_tells_the_recorded_events(string name)
    {
        var run = new Run(Recordings[name], seed: 3);
        run.Play();

        Assert.That(run.Events(), Is.EqualTo(Texts(Recordings[name]["events"])));
    }

    [TestCaseSource(nameof(Recorded))]
    public void A_rollout_says_how_far_it_is_as_the_recorded_one_did(string name)
    {
        var run = new Run(Recordings[name], seed: 4);
        run.Play();

        Assert.That(run.Progress, Is.EqualTo(Texts(Recordings[name]["progress"])));
    }

    [Test]
    public void A_rollout_left_to_itself_keeps_its_bounds(
        [ValueSource(nameof(Free))] string name, [Values(1u, 2u, 3u, 29u)] uint seed)
    {
        var recording = Recordings[name];
        var run = new Run(recording, seed);
        run.Watch();
        run.Play();

        Assert.That(run.Sequence[^1], Is.EqualTo(Texts(recording["sequence"])[^1]));
        Assert.That(run.Sequence.All(run.IsLegal), Is.True, string.Join('\n', run.Sequence));
        Assert.That(Texts(recording["sequence"]).All(run.IsLegal), Is.True, "so do the recorded");
    }

    [Test]
    public void A_rollout_counts_sizes_and_does_not_wait_for_pods_to_go()
    {
        var cluster = GatedNode.Cluster();
        cluster.Kubectl("create deployment web --image=nginx:v1 --replicas=10");
        cluster.Converge();
        cluster.Faults.Crash("replicaset-controller");
        cluster.Kubectl("set image deployment/web nginx=nginx:v2");
        cluster.Converge();

        // 10 + 25 % is 13; as soon as the sets are back, there may be 10 old pods and 5 new ones.
        Assert.That(cluster.List<ReplicaSet>().Select(set => set.Spec.Replicas),
            Is.EquivalentTo(new[] { 8, 5 }));
        Assert.That(cluster.List<Pod>().Count(p => p.IsActive), Is.EqualTo(10));
    }

    // Upstream adds up status.availableReplicas and asks nobody how old it is.
    [Test]
    public void A_set_that_has_not_yet_shrunk_still_counts_and_the_next_shrinks_too_far()
    {
        var cluster = GatedNode.Cluster();
        cluster.Apply(new Run(Recordings["ru_4_25p_25p_round"], seed: 1).Manifest().ToJsonString());
        cluster.Converge();
        GatedNode.Release(cluster, 4);
        cluster.Kubectl("set image deployment/web web=nginx:v2");
        cluster.Converge();
        Assert.That(Up(), Is.EqualTo(3), "4 less 1: as few as may be");

        // Its controller sees pods, and no longer what the Deployment asks of the old set.
        cluster.Faults.Hold("replicaset-controller:ReplicaSet");
        GatedNode.Release(cluster, 1);
        cluster.Converge();
        GatedNode.Release(cluster, 1);
        cluster.Converge();
        Assert.That(cluster.List<ReplicaSet>().Select(s => (s.Spec.Replicas,
            s.Status.AvailableReplicas)), Is.EquivalentTo(new[] { (0, 3), (4, 2) }));
        cluster.Faults.Restore("replicaset-controller");
        cluster.Converge();
        Assert.That(Up(), Is.EqualTo(2));

        int Up() => cluster.List<Pod>().Count(p => p.IsReady && !p.IsTerminating);
    }

    // Upstream fills up to replicas and maxSurge over the sets as its cache has them. The write is
    // refused only where the larger set itself is older there than in the store.
    [Test]
    public void A_paused_one_adds_a_pod_where_it_does_not_see_that_all_are_given_out()
    {
        var cluster = GatedNode.Cluster();
        cluster.Kubectl("create deployment web --image=nginx:v1 --replicas=4");
        cluster.Converge();
        cluster.Faults.Crash("replicaset-controller");
        cluster.Kubectl("set image deployment/web nginx=nginx:v2");
        Assert.That(cluster.RunUntil(_ => Sizes() == "2 3").Met, Is.True, "4 and a surge of 1");

        cluster.Faults.Hold("deployment-controller:ReplicaSet");
        cluster.Kubectl("rollout pause deployment/web");
        cluster.Converge();
        Assert.That(Sizes(), Is.EqualTo("2 4"), "it saw 1 and 3; the larger gets what is left");
        cluster.Faults.Restore("deployment-controller");
        cluster.Converge();
        Assert.That(Sizes(), Is.EqualTo("2 3"));

        string Sizes() => string.Join(' ', cluster.List<ReplicaSet>()
            .Select(s => s.Spec.Replicas).Order());
    }

    private static string[] Texts(JsonNode? list) =>
        [.. list!.AsArray().Select(x => x!.GetValue<string>())];

    /// <summary>A recording, repeated.</summary>
    private sealed class Run
    {
        private readonly JsonNode recording;
        private readonly Cluster cluster;
        private readonly int replicas;
        private int surge;
        private int unavailable;

        public Run(JsonNode recording, ulong seed)
        {
            this.recording = recording;
            cluster = GatedNode.Cluster(seed);
            replicas = recording["spec"]!["replicas"]!.GetValue<int>();
            cluster.Stepped = step => Note(step);
        }

        public List<string> Sequence { get; } = [];

        public List<string> Progress { get; } = ["- 0 -"];

        public List<string> States { get; } = [];

        public List<string> RecordedStates { get; } = [];

        public void Play()
        {
            cluster.Apply(Manifest().ToJsonString());
            Converge();
            foreach (var op in recording["ops"]!.AsArray())
            {
                if (op!["patch"] is { } patch)
                {
                    cluster.Patch<Deployment>("default", "web", patch.ToJsonString());
                }
                else if (op["probe"] is { } count)
                {
                    GatedNode.Release(cluster, count.GetValue<int>());
                }
                else
                {
                    cluster.Run(TimeSpan.FromSeconds(20));
                }
                Converge();
                if (op["state"] is JsonObject state)
                {
                    RecordedStates.Add(string.Join(' ', state.Select(s => Comparable(s.Key,
                        s.Value!.GetValue<string>()))));
                    States.Add(string.Join(' ', Sets().Select(s => Comparable(s.Image,
                        State(s.Set)))));
                }
            }
        }

        /// <summary>Watches the bounds of a rolling update at every step.</summary>
        public void Watch()
        {
            var rolling = recording["spec"]!["strategy"]!["rollingUpdate"]!;
            surge = Share(rolling["maxSurge"]!).Scaled(replicas, roundUp: true);
            unavailable = Share(rolling["maxUnavailable"]!).Scaled(replicas, roundUp: false);
            var begun = false;
            // A Deployment counts the sizes of its sets; a set that is busy deletes late.
            cluster.Always("no more pods than replicas and maxSurge, but for some yet to go", c =>
            {
                var pods = c.List<Pod>();
                return c.List<ReplicaSet>().Sum(set => Math.Min(set.Spec.Replicas!.Value,
                    pods.Count(p => p.IsActive && p.IsControlledBy(set.Metadata.Uid))))
                    <= replicas + surge;
            });
            cluster.Always("no fewer available than replicas without maxUnavailable", c =>
            {
                var available = c.List<Pod>().Count(p => p.IsActive && p.IsReady);
                begun |= available == replicas;
                return !begun || available >= replicas - unavailable;
            });
        }

        public bool IsLegal(string sizes) => sizes.Split(' ')
            .Sum(s => int.Parse(s.Split(':')[^1], null)) <= replicas + surge;

        /// <summary>What was told, write by write; ~3 is the third of combined events.</summary>
        public string[] Events()
        {
            string Named(string message) => string.Join(' ', message.Split(' ').Select(
                word => names.TryGetValue(word, out var image) ? image
                    : word.Length > 6 && names.TryGetValue(word[..^6], out image)
                        ? image + "-pod" : word));
            var told = new List<string>();
            for (var r = new Revision(1); r <= cluster.Revision; r = r.Next)
            {
                told.AddRange(cluster.At(r).List<Event>("default")
                    .Where(e => e.Metadata.ResourceVersion == r
                        && (e.InvolvedObject.Kind is "Deployment" or "ReplicaSet"))
                    .Select(e => Named(e.Message!.Replace(
                        "(combined from similar events):", $"~{e.Count}", StringComparison.Ordinal)
                        + (e.Count > 1 && e.Message[0] != '(' ? $" x{e.Count}" : ""))));
            }
            return [.. told.GroupBy(text => text).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => $"{g.Count()} {g.Key}")];
        }

        private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, int> sizes = new(StringComparer.Ordinal);

        // What a watcher of the deployment sees: revision, observedGeneration, and the reason of
        // Progressing.
        private void Tell(Deployment deployment)
        {
            var (annotations, status) = (deployment.Metadata.Annotations, deployment.Status);
            var reason = status.Conditions.Of("Progressing")?.Reason ?? "-";
            var state = $"{annotations.Get("deployment.kubernetes.io/revision") ?? "-"} "
                + $"{status.ObservedGeneration ?? 0} {reason}";
            if (Progress.Count == 0 || Progress[^1] != state)
            {
                Progress.Add(state);
            }
        }

        // A step may write several sets: each write is a state that a watcher sees.
        private void Note(StepRecord step)
        {
            foreach (var deployment in step.Changes.Select(c => c.After).OfType<Deployment>())
            {
                Tell(deployment);
            }
            foreach (var change in step.Changes.Where(c => c.Key.Kind.Equals(Kinds.ReplicaSet)))
            {
                if (change.After is ReplicaSet after)
                {
                    sizes[Image(after)] = after.Spec.Replicas!.Value;
                    names[after.Metadata.Name] = Image(after);
                }
                else if (change.Before is ReplicaSet gone)
                {
                    sizes.Remove(Image(gone));
                }
                var state = string.Join(' ', sizes.Select(s => $"{s.Key}:{s.Value}"));
                if (Sequence.Count == 0 || Sequence[^1] != state)
                {
                    Sequence.Add(state);
                }
            }
        }

        private void Converge() => Assert.That(cluster.Converge().Met, Is.True);

        public JsonObject Manifest()
        {
            var probe = new JsonObject
            {
                ["exec"] = new JsonObject { ["command"] = new JsonArray("cat", "/flag") },
            };
            var container = new JsonObject
            {
                ["name"] = "web", ["image"] = recording["image"]!.GetValue<string>(),
            };
            if (recording["gated"]!.GetValue<bool>())
            {
                container["readinessProbe"] = probe;
            }
            var labels = new JsonObject { ["app"] = "web" };
            var spec = recording["spec"]!.DeepClone().AsObject();
            spec["selector"] = new JsonObject { ["matchLabels"] = labels };
            spec["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = labels.DeepClone() },
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray(container),
                    ["terminationGracePeriodSeconds"] = 1,
                },
            };
            return new()
            {
                ["apiVersion"] = "apps/v1", ["kind"] = "Deployment",
                ["metadata"] = new JsonObject { ["name"] = "web" }, ["spec"] = spec,
            };
        }

        private IEnumerable<(string Image, ReplicaSet Set)> Sets() => cluster.List<ReplicaSet>()
            .Select(s => (Image: Image(s), Set: s)).OrderBy(s => s.Image, StringComparer.Ordinal);

        private string State(ReplicaSet set)
        {
            var pods = cluster.List<Pod>()
                .Count(p => p.IsActive && p.IsControlledBy(set.Metadata.Uid));
            string Annotation(string name) =>
                set.Metadata.Annotations[$"deployment.kubernetes.io/{name}"];
            return $"{set.Spec.Replicas}/{set.Status.ReadyReplicas}/{pods}/"
                + $"{Annotation("revision")}/{Annotation("desired-replicas")}/"
                + Annotation("max-replicas");
        }

        // Where pods become ready by themselves, the recording was taken before all of them were.
        private string Comparable(string image, string state)
        {
            var parts = state.Split('/');
            parts[1] = recording["gated"]!.GetValue<bool>() ? parts[1] : "-";
            return $"{image}:{string.Join('/', parts)}";
        }

        private static string Image(ReplicaSet set) =>
            set.Spec.Template.Spec.Containers[0].Image!["nginx:".Length..];

        private static IntOrString Share(JsonNode value) =>
            IntOrString.Parse(value.ToString());
    }
}
