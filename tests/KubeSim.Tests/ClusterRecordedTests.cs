using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Whole clusters against recordings of Kubernetes 1.36: a node that is cordoned and
/// drained under a budget, a kubelet that dies and a Node that is removed and comes back, a
/// namespace that goes with all that is in it.</summary>
public sealed partial class ClusterRecordedTests
{
    private const string Drain = "cordon_drain";
    private const string Failure = "node_failure_and_removal";
    private const string Gone = "namespace_delete";

    [Test]
    public void Pods_and_sets_stand_where_the_recorded_ones_did(
        [Values(Drain, Failure)] string scenario, [Values(6u, 7u, 13u)] uint seed)
    {
        var run = Run.Of(scenario, seed);

        Assert.That(run.Pods, Is.EqualTo(Recorded("pods", scenario)));
        Assert.That(run.Sets, Is.EqualTo(Recorded("sets", scenario)));
    }

    [Test]
    public void An_object_goes_the_recorded_way(
        [Values(Drain, Failure, Gone)] string scenario, [Values(6u, 7u, 13u)] uint seed)
    {
        var run = Run.Of(scenario, seed);

        Assert.Multiple(() =>
        {
            foreach (var row in Recorded("way", scenario).Select(row => row.Split('\t')))
            {
                var (way, known) = (string.Join("; ", run.Ways[row[0]]), row[1].Split('…'));
                Assert.That(way, known.Length == 1 ? Is.EqualTo(row[1])
                    : Does.StartWith(known[0]).And.EndsWith(known[1]), row[0]);
            }
        });
    }

    [Test]
    public void The_recorded_events_are_told(
        [Values(Drain, Failure, Gone)] string scenario, [Values(6u, 7u, 13u)] uint seed)
    {
        // What happens between a cordon and its taint, a scheduler may see or not.
        var told = Run.Of(scenario, seed).Events()
            .Where(e => !e.Contains("FailedScheduling\t0/3 nodes are available: 1 node(s) had"));
        Assert.That(told, Is.EquivalentTo(Recorded("event", scenario)));
    }

    [Test]
    public void Kubectl_says_of_a_drain_what_the_recorded_one_said(
        [Values(6u, 7u, 13u)] uint seed) =>
        Assert.That(Run.Of(Drain, seed).Said, Is.EqualTo(Recorded("said", Drain)));

    private static IEnumerable<string> Recorded(string claim, string scenario) =>
        TestData.Of("clusters-recorded.tsv", claim).Where(row => (string)row[0] == scenario)
            .Select(row => string.Join('\t', row[1..]));

    /// <summary>A recording, repeated at its times.</summary>
    private sealed partial class Run
    {
        private readonly string about;
        private readonly Cluster cluster;
        private readonly DateTime start;
        private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> last = new(StringComparer.Ordinal);
        private readonly HashSet<string> there = [];
        private bool begun;
        private string slow = "";
        private Revision seen;
        private Revision? before;

        private Run(string scenario, uint seed)
        {
            about = scenario == Drain ? "node-2" : scenario == Failure ? "node-3" : "";
            begun = scenario == Gone;
            cluster = new(nodes: 3, seed: seed);
            cluster.Run(TimeSpan.FromSeconds(2));
            start = cluster.Now;
            seen = cluster.Revision;
            cluster.List<Node>().ToList().ForEach(n => last[n.Metadata.Uid] = Text(n));
        }

        public List<string> Pods { get; } = [];

        public List<string> Sets { get; } = [];

        public List<string> Said { get; } = [];

        public Dictionary<string, List<string>> Ways { get; } = new(StringComparer.Ordinal);

        public static Run Of(string scenario, uint seed)
        {
            var run = new Run(scenario, seed);
            var rows = Recorded("op", scenario).Concat(Recorded("pods", scenario))
                .Select(row => row.Split('\t')).OrderBy(row => Seconds(row[0]));
            var late = 0.0;
            foreach (var row in rows)
            {
                // What took longer than in the recording puts off all that comes after it.
                late = Math.Max(late, run.Seconds() - Seconds(row[0]) + (row.Length == 2 ? 5 : 0));
                run.Until(Seconds(row[0]) + late);
                if (row.Length == 2)
                {
                    run.Look(row[0]);
                }
                else
                {
                    run.begun |= row[1] is "kubectl" or "crash";
                    run.Do(row[1], row[2]);
                }
            }
            run.Until(run.Seconds() + 10);
            return run;
        }

        // The events of a namespace go with it: those before.
        public IEnumerable<string> Events() => cluster.At(before ?? seen).List<Event>()
            .Where(e => e.Metadata.Namespace == (about.Length > 0 ? "default" : "shop")
                && (e.InvolvedObject.Kind is not ("Node" or "Service" or "Endpoints")
                    || e.InvolvedObject.Name == about)
                && e.Reason is not ("TaintManagerEviction" or "NodeReady" or "Pulling" or "Pulled"
                    or "Created" or "Started" or "Killing")
                && !(Named(e.InvolvedObject.Name!).StartsWith("tol0", StringComparison.Ordinal)
                    && (e.Reason == "Scheduled" || e.InvolvedObject.Kind == "ReplicaSet")))
            .GroupBy(e => string.Join('\t', e.Type, $"{e.InvolvedObject.Kind}/"
                + Named(e.InvolvedObject.Name!), e.Reason, Words(e)))
            .Select(g => $"{g.Key}\t" + (g.Key.Contains("NoPods") || g.Key.Contains("Pod/tol0") ? 1
                : g.Sum(e => e.Count ?? 1)));

        private void Until(double seconds)
        {
            if (seconds > Seconds())
            {
                cluster.Run(TimeSpan.FromSeconds(seconds - Seconds()));
            }
            ScriptedPods.Watch(cluster, ref seen, See);
        }

        private void Do(string verb, string what)
        {
            switch (verb)
            {
                case "create":
                    cluster.Apply(what);
                    break;
                case "kubectl":
                    before ??= what.StartsWith("delete ns", StringComparison.Ordinal) ? seen : null;
                    var said = cluster.Kubectl(what);
                    Said.Add($"{what}\t{said.ExitCode}\t{Lines(said.Out)}\t{Lines(said.Error)}");
                    break;
                case "crash":
                    there.UnionWith(cluster.List<Pod>().Select(p => p.Metadata.Uid));
                    cluster.Faults.Crash(what);
                    break;
                case "slow":
                    cluster.RunUntil(c => c.List<Pod>("default").Count(p => p.IsReady)
                        == int.Parse(what, CultureInfo.InvariantCulture));
                    var late = cluster.List<Pod>("default").Single(p => !p.IsReady);
                    slow = $"kubelet/{late.Spec.NodeName}";
                    Assert.That((late.Metadata.Labels.Get("app"), late.Spec.NodeName != about),
                        Is.EqualTo(("web", true)), "the recorded one was of web and elsewhere");
                    cluster.Faults.Partition(slow);
                    break;
                case "heal":
                    cluster.Faults.Restore(slow);
                    break;
                default:
                    cluster.Create(Bootstrap.NewNode(about));
                    cluster.Faults.Restore(what);
                    break;
            }
        }

        private void Look(string second)
        {
            Pods.Add($"{second}\t" + Joined(cluster.List<Pod>("default")
                .Select(p => $"{Named(p.Metadata.Name)} {Text(p)}")
                .Where(pod => !pod.StartsWith($"tol0 {about} Pending", StringComparison.Ordinal))));
            Sets.Add($"{second}\t" + Joined(new ApiObject[][]
            {
                [.. cluster.List<StatefulSet>()], [.. cluster.List<DaemonSet>()],
                [.. cluster.List<ReplicaSet>()],
            }.SelectMany(o => o).Select(o => $"{o.Kind.Name}/{Named(o.Metadata.Name)} {Text(o)}")));
        }

        private void See(WatchEvent change)
        {
            var (o, text) = (change.Object, change.New is { } now ? Text(now) : "gone");
            if (change.New is Pod or ReplicaSet)
            {
                names.TryAdd(o.Metadata.Name, o.ControllerOwner is { Kind: not "StatefulSet" } by
                    ? Named(by.Name) : o.Metadata.Name);
            }
            var subject = $"{o.Kind.Name}/{Named(o.Metadata.Name)}";
            if (o is Pod && there.Count > 0 && !there.Contains(o.Metadata.Uid)
                && o.ControllerOwner!.Kind != "StatefulSet")
            {
                return;
            }
            if (text.Length == 0 || last.GetValueOrDefault(o.Metadata.Uid) == text)
            {
                return;
            }
            last[o.Metadata.Uid] = text;
            if (begun || o is DaemonSet)
            {
                Ways.TryAdd(subject, []);
                Ways[subject].Add(text);
            }
        }

        private string Text(ApiObject o) => o switch
        {
            Pod { Status: var s } pod => string.Join(' ', pod.Spec.NodeName is null ? "-"
                : pod.Spec.NodeName == about ? about : "elsewhere", s.Phase,
                pod.IsReady ? "ready" : "-", pod.Condition("DisruptionTarget")?.Reason ?? "-")
                + (pod.IsTerminating ? " going" : ""),
            Node node => $"{node.Condition("Ready")?.Status} " + (node.Spec.Taints.IsEmpty ? "-"
                : string.Join(',', node.Spec.Taints.Select(t => $"{t.Key.Split('/')[1]}:{t.Effect}")
                    .Order(StringComparer.Ordinal))),
            StatefulSet { Status: var s } => string.Join('/', s.ObservedGeneration ?? 0, s.Replicas,
                s.ReadyReplicas, s.CurrentReplicas, s.UpdatedReplicas, s.AvailableReplicas),
            DaemonSet { Status: var s }
                when s.CurrentNumberScheduled == s.DesiredNumberScheduled => string.Join('/',
                s.ObservedGeneration ?? 0, s.DesiredNumberScheduled, s.CurrentNumberScheduled,
                s.NumberReady, s.UpdatedNumberScheduled, s.NumberAvailable, s.NumberUnavailable,
                s.NumberMisscheduled),
            ReplicaSet { Status: var s } set => string.Join('/', set.Spec.Replicas, s.Replicas,
                s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas,
                Named(set.Metadata.Name) == "tol0" ? "*" : $"{s.TerminatingReplicas}"),
            _ => "",
        };

        private string Words(Event e)
        {
            var words = e.Message!.Split(' ').Select(word => word.Contains('/')
                ? $"{word.Split('/')[0]}/{Named(word.Split('/')[1])}" : Named(word)).ToArray();
            if (e.Reason == "Scheduled" && words[^1] != about)
            {
                words[^1] = "elsewhere";
            }
            return string.Join(' ', words);
        }

        // A pod is told by what owns it, a ReplicaSet by its Deployment.
        private string Named(string name) => names.GetValueOrDefault(name, name) is var known
            && cluster.Find<ReplicaSet>("default", known)?.ControllerOwner is { } by
            ? by.Name : known;

        private string Lines(string text) => string.Join(" | ", Pieces().Split(text)
            .Where(line => line.Length > 0).Select(line => Hyphened().Replace(line,
                match => Named(match.Value))).Distinct().Order(StringComparer.Ordinal));

        private static string Joined(IEnumerable<string> texts) =>
            string.Join("; ", texts.Order(StringComparer.Ordinal));

        private double Seconds() => (cluster.Now - start).TotalSeconds;

        private static double Seconds(string cell) =>
            double.Parse(cell, CultureInfo.InvariantCulture);

        // In which order reasons are listed is chance.
        [GeneratedRegex(@"\n|, |\[|\]")]
        private static partial Regex Pieces();

        [GeneratedRegex("[a-z0-9]+(-[a-z0-9]+)+")]
        private static partial Regex Hyphened();
    }
}
