using System.Globalization;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>ReplicaSets in a whole cluster, against recordings of Kubernetes 1.36: a pod that
/// loses its label and gets it back, one that is deleted, one that comes from outside, a set that
/// leaves its pods to the next, pods that find no node.</summary>
public sealed class ReplicaSetRecordedTests
{
    private const string Adoption = "rs_orphan_adopt";
    private const string Pending = "rs_pending_first";

    [Test]
    public void Sets_and_pods_stand_where_the_recorded_ones_did(
        [Values(Adoption, Pending)] string scenario, [Range(1, 8)] int seed)
    {
        var run = new Run(scenario, seed);
        run.Play();

        Assert.That(run.States, Is.EqualTo(Recorded("state", scenario)
            .Select(row => $"{row[1]} {row[2]} {Sorted(row[3].Split(' '))}")));
    }

    [Test]
    public void A_watcher_sees_the_recorded_states_one_by_one(
        [Values(Adoption, Pending)] string scenario, [Range(1, 8)] int seed)
    {
        var run = new Run(scenario, seed);
        run.Play();

        var between = Recorded("between", scenario).Select(row => row[1]).ToHashSet();
        Assert.That(run.Seen.Where(state => !between.Contains(state)),
            Is.EqualTo(Recorded("status", scenario).Select(row => row[1])),
            string.Join('\n', run.Seen));
    }

    [Test]
    public void A_set_tells_the_recorded_events(
        [Values(Adoption, Pending)] string scenario, [Range(1, 8)] int seed)
    {
        var run = new Run(scenario, seed);
        run.Play();

        Assert.That(run.Events(), Is.EquivalentTo(Recorded("event", scenario)
            .Select(row => string.Join(' ', row[1..]))));
    }

    private static IEnumerable<string[]> Recorded(string claim, string scenario) =>
        TestData.Of("replica-sets.tsv", claim).Select(row => row.Cast<string>().ToArray())
            .Where(row => row[0] == scenario);

    private static string Sorted(IEnumerable<string> words) =>
        string.Join(' ', words.Order(StringComparer.Ordinal));

    /// <summary>A recording, repeated at its times.</summary>
    private sealed class Run
    {
        private readonly string scenario;
        private readonly Cluster cluster;
        private readonly DateTime start;
        private readonly int alike;
        private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);

        public Run(string scenario, int seed)
        {
            this.scenario = scenario;
            alike = Recorded("alike", scenario).Select(row => (int)TestData.Number(row[1]))
                .SingleOrDefault();
            cluster = new(nodes: 3, seed: (ulong)seed);
            cluster.Run(TimeSpan.FromSeconds(5));
            start = cluster.Now;
            cluster.Stepped = Note;
        }

        public List<string> States { get; } = [];

        public List<string> Seen { get; } = [];

        public void Play()
        {
            var rows = Recorded("op", scenario).Concat(Recorded("state", scenario))
                .OrderBy(row => Seconds(row[1]));
            foreach (var row in rows)
            {
                cluster.Run(TimeSpan.FromSeconds(Seconds(row[1])) - (cluster.Now - start));
                if (row.Length == 4)
                {
                    States.Add($"{row[1]} {SetNow()} {PodsNow()}");
                }
                else
                {
                    Do(row[2], row[3].Split('/'), row[4]);
                    See(cluster.Find<ReplicaSet>("default", "rs"));
                }
            }
        }

        public IEnumerable<string> Events() => cluster.List<Event>("default")
            .Where(e => e.InvolvedObject.Kind == "ReplicaSet")
            .GroupBy(e => $"{e.Type} {e.Reason} {Named(e.Message!)}")
            .Select(g => $"{g.Key} {g.Sum(e => e.Count ?? 1)}");

        private void Do(string verb, string[] about, string body)
        {
            var (kind, name) = (about[0], about[1]);
            name = names.FirstOrDefault(n => n.Value == name).Key ?? name;
            switch (verb)
            {
                case "create" when kind == "Pod":
                    cluster.Create(InDefault(Json.Decode<Pod>(JsonNode.Parse(body)!)));
                    break;
                case "create":
                    cluster.Create(InDefault(Json.Decode<ReplicaSet>(JsonNode.Parse(body)!)));
                    break;
                case "patch" when kind == "Pod":
                    cluster.Patch<Pod>("default", name, body);
                    break;
                case "patch":
                    cluster.Patch<ReplicaSet>("default", name, body);
                    break;
                case "delete":
                    var options = body.Length == 0 ? null : new DeleteOptions
                    {
                        PropagationPolicy =
                            JsonNode.Parse(body)!["propagationPolicy"]!.GetValue<string>(),
                    };
                    cluster.Delete(kind == "Pod" ? cluster.Get<Pod>(name)
                        : cluster.Get<ReplicaSet>(name), options);
                    break;
                case "hold":
                    cluster.Faults.Hold(kind);
                    break;
                case "restore":
                    cluster.Faults.Restore(kind);
                    break;
                default:
                    Reach(verb == "cut" ? cluster.Faults.Partition : cluster.Faults.Restore);
                    break;
            }
        }

        private static void Reach(Action<string> change)
        {
            for (var node = 1; node <= 3; node++)
            {
                change($"kubelet/node-{node}");
            }
        }

        // A step may write several times: each write is a state that a watcher sees. What the user
        // writes is no step.
        private void Note(StepRecord step)
        {
            foreach (var change in step.Changes)
            {
                if (change is { Before: null, After: Pod made })
                {
                    var of = made.Metadata.OwnerReferences.IsEmpty ? made.Metadata.Name
                        : Name(1 + names.Values.Count(n => n[0] == '$'));
                    names.Add(made.Metadata.Name, of);
                }
                else if (change.Before is ReplicaSet || change.After is ReplicaSet)
                {
                    See((ReplicaSet?)change.After);
                }
            }
        }

        private void See(ReplicaSet? set)
        {
            var state = set is null ? "-" : Text(set);
            if (Seen.Count == 0 || Seen[^1] != state)
            {
                Seen.Add(state);
            }
        }

        private string Name(int number) => number <= alike ? "$_" : $"${number}";

        private string SetNow() =>
            cluster.Find<ReplicaSet>("default", "rs") is { } set ? Text(set) : "-";

        private string PodsNow() => Sorted(cluster.List<Pod>("default").Select(pod =>
        {
            var owner = pod.ControllerOwner is { } o ? $"{o.Kind}/{o.Name}" : "-";
            var ready = pod.IsReady ? "ready" : "-";
            return $"{names[pod.Metadata.Name]}:{pod.Status.Phase}:{ready}:{owner}";
        }));

        private string Named(string message) => string.Join(' ',
            message.Split(' ').Select(word => names.GetValueOrDefault(word, word)));

        private static string Text(ReplicaSet set)
        {
            var status = set.Status;
            var (terminating, seen) = (status.TerminatingReplicas, status.ObservedGeneration);
            return (set.IsTerminating ? "d" : "") + string.Join('/', set.Spec.Replicas,
                status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas,
                status.AvailableReplicas, terminating?.ToString(Invariant) ?? "-",
                seen?.ToString(Invariant) ?? "-");
        }

        private static Pod InDefault(Pod pod) => pod with
        {
            Metadata = pod.Metadata with { Namespace = "default" },
        };

        private static ReplicaSet InDefault(ReplicaSet set) => set with
        {
            Metadata = set.Metadata with { Namespace = "default" },
        };

        private static CultureInfo Invariant => CultureInfo.InvariantCulture;

        private static double Seconds(string cell) => double.Parse(cell, Invariant);
    }
}
