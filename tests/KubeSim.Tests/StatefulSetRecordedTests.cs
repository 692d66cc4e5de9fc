using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>StatefulSets against recordings of Kubernetes 1.36: each change that a watcher saw, in
/// its order, while the pods did what the recorded ones did.</summary>
public sealed class StatefulSetRecordedTests
{
    private static string[] Scenarios => [.. TestData.Rows("stateful-sets.tsv")
        .Select(row => row[1]).Distinct()];

    [Test]
    public void A_watcher_sees_what_the_recorded_one_saw(
        [ValueSource(nameof(Scenarios))] string scenario, [Values(1u, 2u, 3u)] uint seed)
    {
        var seen = new List<string>();
        Play(scenario, seed, seen);

        Assert.That(seen, Is.EqualTo(Recorded("out", scenario).Select(row => row[0])),
            string.Join('\n', seen));
    }

    [Test]
    public void It_tells_the_recorded_events([ValueSource(nameof(Scenarios))] string scenario)
    {
        var events = Play(scenario, 4, []).List<Event>("default")
            .Where(e => e.InvolvedObject.Kind == "StatefulSet")
            .Select(e => $"{e.Type} {e.Reason} {e.Message} {e.Count}");

        Assert.That(events, Is.EquivalentTo(
            Recorded("event", scenario).Select(row => string.Join(' ', row))));
    }

    [Test]
    public void The_claims_outlive_the_set_and_its_pods()
    {
        var cluster = Play("ss_pvc", 5, []);
        cluster.Delete(cluster.Get<StatefulSet>("web"));
        cluster.Converge();

        Assert.That(cluster.List<PersistentVolumeClaim>().Select(c => c.Metadata.Name),
            Is.EqualTo(new[] { "data-web-0", "data-web-1", "data-web-2" }));
        Assert.That(cluster.List<PersistentVolumeClaim>().SelectMany(
            c => c.Metadata.OwnerReferences), Is.Empty);
    }

    private static IEnumerable<string[]> Recorded(string claim, string scenario) =>
        TestData.Of("stateful-sets.tsv", claim).Select(row => row.Cast<string>().ToArray())
            .Where(row => row[0] == scenario).Select(row => row[1..]);

    private static Cluster Play(string scenario, uint seed, List<string> seen)
    {
        var cluster = ScriptedPods.Cluster(seed, 1, "statefulset-controller");
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var last = cluster.Revision;
        foreach (var row in Recorded("in", scenario))
        {
            Do(cluster, row);
            Assert.That(cluster.Converge().Met, Is.True);
            ScriptedPods.Watch(cluster, ref last, change => See(change, names, seen));
        }
        return cluster;
    }

    private static void Do(Cluster cluster, string[] row)
    {
        switch (row[0])
        {
            case "create":
                cluster.Create(Json.Decode<StatefulSet>(JsonNode.Parse(row[1])!));
                break;
            case "patch":
                cluster.Patch<StatefulSet>("default", "web", row[1]);
                break;
            case "delete":
                cluster.Delete(cluster.Get<Pod>(row[1]));
                break;
            case "gone":
                cluster.Delete(cluster.Get<Pod>(row[1]), new() { GracePeriodSeconds = 0 });
                break;
            default:
                ScriptedPods.Tell(cluster, cluster.Get<Pod>(row[1]), row[2], row[3] == "ready");
                break;
        }
    }

    private static void See(
        WatchEvent change, Dictionary<string, string> names, List<string> seen)
    {
        var name = change.Key.Name;
        string Of(string? revision) => names.GetValueOrDefault(revision ?? "", "-");
        var text = (change.Old, change.New) switch
        {
            (null, ControllerRevision r) => $"revision {names[name] = $"r{names.Count + 1}"} "
                + $"{r.Revision}",
            (null, PersistentVolumeClaim) => $"claim {name}",
            (null, Pod pod) => $"+ {name} {Of(StatefulSetIdentity.RevisionOf(pod))}",
            (Pod, null) => $"x {name}",
            (Pod { IsTerminating: false }, Pod { IsTerminating: true }) => $"- {name}",
            (_, StatefulSet { Status: var s }) => "status " + string.Join('/',
                s.ObservedGeneration ?? 0, s.Replicas, s.ReadyReplicas, s.CurrentReplicas,
                s.UpdatedReplicas, s.AvailableReplicas)
                + $" {Of(s.CurrentRevision)} {Of(s.UpdateRevision)}",
            _ => null,
        };
        if (text is not null && text != seen.FindLast(s => s[0] == 's' || text[0] != 's'))
        {
            seen.Add(text);
        }
    }
}
