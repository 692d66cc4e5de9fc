using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The arithmetic of ReplicaSets and Deployments against Kubernetes' own test cases, and
/// against its functions as run on a grid of inputs.</summary>
public sealed class WorkloadTableTests
{
    private static readonly DateTime Base = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly ILookup<string, JsonNode> Tables = Data.Lines("workloads.jsonl")
        .Select(line => JsonNode.Parse(line)!)
        .ToLookup(row => row["t"]!.GetValue<string>(), StringComparer.Ordinal);

    [Test]
    public void Surge_and_unavailable_are_resolved_as_upstream_does() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Rows("fenceposts.tsv"))
        {
            var desired = (int)TestData.Number(row[2]);
            DeploymentBounds.Resolve(IntOrString.Parse(row[0]), IntOrString.Parse(row[1]), desired,
                out var surge, out var unavailable);
            Assert.That($"{surge} {unavailable}", Is.EqualTo($"{row[3]} {row[4]}"),
                string.Join(' ', row));
        }
    });

    [TestCaseSource(nameof(Oracle))]
    public void A_rollout_takes_the_sizes_that_upstream_takes(string[] row) =>
        Assert.That(string.Join(' ', Rollout(row)), Is.EqualTo(row[4]));

    [TestCase("fenceposts")]
    [TestCase("maxunavailable")]
    [TestCase("minavailable")]
    [TestCase("grown")]
    [TestCase("newsize")]
    [TestCase("oldsize")]
    [TestCase("scaledown")]
    [TestCase("unhealthy")]
    [TestCase("proportional")]
    [TestCase("history")]
    [TestCase("historyorder")]
    [TestCase("complete")]
    [TestCase("progressing")]
    [TestCase("timedout")]
    [TestCase("stuck")]
    [TestCase("rollout")]
    [TestCase("equal")]
    [TestCase("findnew")]
    [TestCase("findold")]
    [TestCase("oldpods")]
    [TestCase("order")]
    [TestCase("todelete")]
    [TestCase("slowstart")]
    [TestCase("status")]
    [TestCase("failure")]
    public void It_is_as_in_the_table(string table)
    {
        Assert.That(Tables[table], Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (var row in Tables[table])
            {
                var (actual, expected) = Case(table, row);
                Assert.That(actual, Is.EqualTo(expected), row.ToJsonString());
            }
        });
    }

    private static IEnumerable<TestCaseData> Oracle() => TestData.Rows("rollout-oracle.tsv")
        .Select(row => new TestCaseData((object)row)
            .SetArgDisplayNames(string.Join(' ', row[..4])));

    private static (string Actual, string Expected) Case(string table, JsonNode row) => table switch
    {
        "fenceposts" => Fenceposts(row),
        "maxunavailable" => (Text(D(row).MaxUnavailable), T(row, "n")),
        "minavailable" => (Text(D(row).MinAvailable), T(row, "n")),
        "grown" => (Text(DeploymentBounds.Grown(Of(row, T(row, "type"), N(row, "s"), 1),
            5, N(row, "size"))), T(row, "n")),
        "newsize" => (Text(DeploymentBounds.NewSize(Of(row, "RollingUpdate", N(row, "s"), 0),
            N(row, "new") + N(row, "old"), N(row, "new"))), T(row, "n")),
        "oldsize" => OldSize(row),
        "scaledown" => ScaleDown(row),
        "unhealthy" => Unhealthy(row),
        "proportional" => Proportional(row),
        "history" => (Text(Superfluous(row).Count), T(row, "n")),
        "historyorder" => (Names(Superfluous(row)), Names(row["names"]!)),
        "complete" => (Bool(DeploymentStatusOf.IsComplete(D(row), D(row).Status)), T(row, "is_")),
        "progressing" => (Bool(DeploymentStatusOf.IsProgressing(
            D(row), Get<DeploymentStatus>(row["status"]!))), T(row, "is_")),
        "timedout" => (Bool(DeploymentStatusOf.IsTimedOut(D(row), D(row).Status,
            new(2016, 1, 1, 0, 1, 20, DateTimeKind.Utc))), T(row, "is_")),
        "stuck" => Stuck(row),
        "rollout" => RolloutStatus(row),
        "equal" => (Bool(DeploymentSets.SameTemplate(Get<PodTemplateSpec>(row["a"]!),
            Get<PodTemplateSpec>(row["b"]!))), T(row, "is_")),
        "findnew" => (DeploymentSets.FindNew(D(row), ByAge(row))?.Metadata.Name ?? "-",
            T(row, "name")),
        "findold" => FindOld(row),
        "oldpods" => OldPods(row),
        "order" => Order(row),
        "todelete" => ToDelete(row),
        "slowstart" => SlowStart(row),
        "status" => Status(row),
        _ => Failure(row),
    };

    private static (string, string) Fenceposts(JsonNode row)
    {
        var problem = DeploymentBounds.Resolve(IntOrString.Parse(T(row, "s")),
            IntOrString.Parse(T(row, "u")), N(row, "d"), out var surge, out var unavailable);
        return ($"{surge} {unavailable} {Bool(problem is not null)}",
            $"{N(row, "S")} {N(row, "U")} {T(row, "err")}");
    }

    private static (string, string) OldSize(JsonNode row)
    {
        var old = Set("old", N(row, "old"), N(row, "oldReady"));
        var moves = DeploymentBounds.Shrunk(Of(row, "RollingUpdate", 0, N(row, "u")), [old],
            Set("new", N(row, "new"), N(row, "newReady")));
        return moves.Count == 0 ? ("false", T(row, "is_"))
            : ($"true {moves[^1].Size}", $"{T(row, "is_")} {T(row, "n")}");
    }

    private static (string, string) ScaleDown(JsonNode row)
    {
        var moves = new List<(ReplicaSet Set, int Size)>();
        DeploymentBounds.ScaleDown(Of(row, "RollingUpdate", 0, N(row, "u")),
            [Set("old", N(row, "old"), N(row, "ready"))], 0, moves);
        return moves.Count == 0 ? ("false", T(row, "is_"))
            : ($"true {moves[0].Size}", $"{T(row, "is_")} {T(row, "n")}");
    }

    private static (string, string) Unhealthy(JsonNode row)
    {
        var moves = new List<(ReplicaSet Set, int Size)>();
        DeploymentBounds.CleanUnhealthy(
            [Set("old", N(row, "old"), N(row, "ready"))], N(row, "max"), moves);
        return (Text(moves.Sum(m => m.Set.Size - m.Size)), T(row, "n"));
    }

    private static (string, string) Proportional(JsonNode row)
    {
        var deployment = Of(row, T(row, "type"),
            IntOrString.Parse(T(row, "s")), IntOrString.Parse(T(row, "u")));
        var before = Of(N(row, "before"), T(row, "type"), IntOrString.Parse(T(row, "s0")), 0);
        var newest = T(row, "new") is { Length: > 0 } text ? Sized(text, before) : null;
        var old = row["old"]!.AsArray().Select(r => Sized(r!.GetValue<string>(), before)).ToList();
        var oldest = old.Order(Comparer<ReplicaSet>.Create(DeploymentSets.ByAge)).ToList();
        var sizes = DeploymentScaling.Resized(deployment, newest, oldest)
            .ToDictionary(m => m.Set.Metadata.Name, m => m.Size, StringComparer.Ordinal);
        return (string.Join(' ', (newest is null ? old : [newest, .. old])
                .Select(s => sizes.GetValueOrDefault(s.Metadata.Name, s.Size))),
            string.Join(' ', row["sizes"]!.AsArray().Select(n => n!.GetValue<int>())));
    }

    // "name created size desired", as a set that was sized for the deployment before.
    private static ReplicaSet Sized(string text, Deployment before)
    {
        var parts = text.Split(' ');
        var desired = int.Parse(parts[3], CultureInfo.InvariantCulture);
        var set = Set(parts[0], int.Parse(parts[2], CultureInfo.InvariantCulture), 0);
        set = set with
        {
            Metadata = set.Metadata with
            {
                CreationTimestamp = DateTime.Parse(parts[1], CultureInfo.InvariantCulture,
                    DateTimeStyles.AdjustToUniversal),
            },
        };
        return DeploymentScaling.Annotated(
            set, before with { Spec = before.Spec with { Replicas = desired } });
    }

    private static (string, string) Stuck(JsonNode row)
    {
        var now = new DateTime(2017, 2, 15, 18, 49, 0, DateTimeKind.Utc)
            .AddSeconds(row["now"]!.GetValue<double>());
        var after = DeploymentStatusOf.StuckAfter(
            D(row), Get<DeploymentStatus>(row["status"]!), now);
        return (after is { } span ? $"{span.TotalSeconds:0}s" : "-1ns", T(row, "e"));
    }

    private static (string, string) RolloutStatus(JsonNode row)
    {
        var newest = row["new"]!["none"] is null ? Get<ReplicaSet>(row["new"]!) : null;
        var all = row["all"]!.AsArray().Select(s => Get<ReplicaSet>(s!)).ToList();
        all = newest is null ? all : [.. all, newest];
        var status = DeploymentStatusOf.OfRollout(D(row), all, newest, Base);
        var condition = status.Conditions.Of(DeploymentStatusOf.Progressing);
        var changed = T(row, "changed") == "-" ? "-" : $"{condition?.LastTransitionTime}";
        return ($"{condition?.Reason} {condition?.Status} {changed}",
            $"{T(row, "reason")} {T(row, "status")} {T(row, "changed")}");
    }

    private static (string, string) FindOld(JsonNode row)
    {
        var sets = ByAge(row);
        var newest = DeploymentSets.FindNew(D(row), sets);
        return (Names([.. sets.Where(s => !ReferenceEquals(s, newest))
            .OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)]), Names(row["names"]!));
    }

    private static (string, string) OldPods(JsonNode row)
    {
        var pods = row["pods"]!.AsArray()
            .Select(p => new Pod { Status = new() { Phase = p!.GetValue<string>() } }).ToList();
        var old = row["replicas"]!.AsArray()
            .Select(n => Set("old", 0, 0) with { Status = new() { Replicas = n!.GetValue<int>() } })
            .ToList();
        old = old.Count == 0 && pods.Count > 0 ? [Set("old", 0, 0)] : old;
        return (Bool(DeploymentSync.OldPodsLive(old, _ => pods)), T(row, "is_"));
    }

    private static (string, string) Order(JsonNode row)
    {
        var first = (Get<Pod>(row["first"]!), N(row, "firstRank"));
        var second = (Get<Pod>(row["second"]!), N(row, "secondRank"));
        var there = ReplicaSetDeletionOrder.Compare(first, second, Base);
        var back = ReplicaSetDeletionOrder.Compare(second, first, Base);
        return ($"{Math.Sign(there)} {Math.Sign(back)}", "-1 1");
    }

    private static (string, string) ToDelete(JsonNode row)
    {
        var pods = row["pods"]!.AsArray().Select(p => Get<Pod>(p!)).ToList();
        var related = row["related"]!.AsArray().Select(p => Get<Pod>(p!)).ToList();
        var ranked = ReplicaSetDeletionOrder.Rank(pods, related, Base);
        string Sorted(IEnumerable<string> names) =>
            string.Join(' ', names.Order(StringComparer.Ordinal));
        return (Sorted(ranked.Take(N(row, "diff")).Select(p => p.Metadata.Name)),
            Sorted(row["names"]!.AsArray().Select(n => n!.GetValue<string>())));
    }

    private static (string, string) SlowStart(JsonNode row)
    {
        var calls = 0;
        var successes = PodControl.SlowStart(N(row, "count"),
            () => ++calls > N(row, "limit") ? "fake error" : null, out var failure);
        return ($"{calls} {successes} {Bool(failure is not null)}",
            $"{N(row, "calls")} {N(row, "ok")} {T(row, "err")}");
    }

    private static (string, string) Status(JsonNode row)
    {
        var status = StatusOf(row, null);
        return ($"{status.Replicas} {status.FullyLabeledReplicas} {status.ReadyReplicas} "
            + $"{status.AvailableReplicas}",
            string.Join(' ', row["out"]!.AsArray().Select(n => n!.GetValue<int>())));
    }

    private static (string, string) Failure(JsonNode row)
    {
        var status = StatusOf(row, T(row, "err") is { Length: > 0 } why ? why : null);
        return (string.Join(", ", status.Conditions.Select(c => $"{c.Reason}: {c.Message}")),
            string.Join(", ", row["reasons"]!.AsArray().Select(n => n!.GetValue<string>())));
    }

    private static ReplicaSetStatus StatusOf(JsonNode row, string? failure) =>
        ReplicaSetStatusOf.Calculate(Get<ReplicaSet>(row["set"]!),
            [.. row["pods"]!.AsArray().Select(p => Get<Pod>(p!))], [], failure, Base);

    // The model that the recorded sizes come from: a set loses pods that are not available first;
    // new pods become available at once, one when nothing else can happen, or never.
    private static IEnumerable<string> Rollout(string[] row)
    {
        var wanted = (int)TestData.Number(row[0]);
        var deployment = Of(wanted, "RollingUpdate",
            IntOrString.Parse(row[1]), IntOrString.Parse(row[2]));
        var (size, available, old, oldAvailable) =
            (DeploymentBounds.Grown(deployment, wanted, 0), 0, wanted, wanted);
        string Told(string what) => $"{what}:{size}/{available}:{old}/{oldAvailable}";
        yield return Told("create");
        while (true)
        {
            available = row[3] == "instant" ? size : available;
            var grown = DeploymentBounds.NewSize(deployment, size + old, size);
            var sets = old == 0 ? [] : new List<ReplicaSet> { Set("old", old, oldAvailable) };
            var moves = DeploymentBounds.Shrunk(deployment, sets, Set("new", size, available));
            if (grown != size)
            {
                size = grown;
                available = row[3] == "instant" ? size : available;
                yield return Told("new");
            }
            else if (moves.Count > 0)
            {
                old = moves[^1].Size;
                oldAvailable = Math.Min(oldAvailable, old);
                yield return Told("old");
            }
            else if (row[3] == "oneReadyPerTick" && available < size)
            {
                available++;
                yield return Told("ready");
            }
            else
            {
                yield break;
            }
        }
    }

    private static Deployment Of(JsonNode row, string type, IntOrString surge,
        IntOrString unavailable) => Of(N(row, "d"), type, surge, unavailable);

    private static Deployment Of(int replicas, string type, IntOrString surge,
        IntOrString unavailable) => new()
        {
            Spec = new()
            {
                Replicas = replicas,
                Strategy = new()
                {
                    Type = type,
                    RollingUpdate = new() { MaxSurge = surge, MaxUnavailable = unavailable },
                },
            },
        };

    private static ReplicaSet Set(string name, int size, int available) => new()
    {
        Metadata = new() { Name = name },
        Spec = new() { Replicas = size },
        Status = new() { Replicas = size, AvailableReplicas = available },
    };

    private static List<ReplicaSet> ByAge(JsonNode row) =>
        [.. row["sets"]!.AsArray().Select(s => Get<ReplicaSet>(s!))
            .Order(Comparer<ReplicaSet>.Create(DeploymentSets.ByAge))];

    private static List<ReplicaSet> Superfluous(JsonNode row) => DeploymentSets.Superfluous(
        new() { Spec = new() { RevisionHistoryLimit = N(row, "limit") } },
        [.. row["old"]!.AsArray().Select(s => Get<ReplicaSet>(s!))]);

    private static string Names(List<ReplicaSet> sets) =>
        string.Join(' ', sets.Select(s => s.Metadata.Name));

    private static string Names(JsonNode names) =>
        string.Join(' ', names.AsArray().Select(n => n!.GetValue<string>()));

    private static Deployment D(JsonNode row) => Get<Deployment>(row["d"]!);

    private static T Get<T>(JsonNode node) => node.Deserialize<T>(Json.Options)!;

    private static int N(JsonNode row, string field) => row[field]!.GetValue<int>();

    private static string T(JsonNode row, string field) => row[field]!.ToString();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Bool(bool value) => value ? "true" : "false";
}
