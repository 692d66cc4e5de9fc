using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Jobs against Kubernetes' own test cases. They are of 1.28; where 1.36 does otherwise it
/// goes first: the end of a Job is told by SuccessCriteriaMet or FailureTarget while pods are still
/// terminating, Complete has a reason, and terminating and ready are always counted.</summary>
public sealed class JobTableTests
{
    private static readonly ILookup<string, JsonNode> Cases = Data.Lines("jobs.jsonl")
        .Select(line => JsonNode.Parse(line)!)
        .ToLookup(row => Text(row, "t"), StringComparer.Ordinal);

    private static IEnumerable<TestCaseData> Looks => Named("sync");

    private static IEnumerable<TestCaseData> Tracked => Named("track");

    [TestCaseSource(nameof(Looks))]
    public void One_look_at_a_Job_does_what_upstream_does(JsonNode row)
    {
        var look = new Look(row, settled: row["unsettled"] is null);
        var want = row["want"]!.AsObject();

        Assert.That(string.Join(", ", want.Select(w => $"{w.Key}={look.Told(w.Key)}")),
            Is.EqualTo(string.Join(", ", want.Select(w => $"{w.Key}={w.Value}"))), look.Failure);
    }

    [TestCaseSource(nameof(Tracked))]
    public void Ended_pods_are_counted_as_upstream_counts_them(JsonNode row)
    {
        var look = new Look(row, settled: row["fails"] is not null);

        Assert.That(look.Told("patches"), Is.EqualTo(Text(row["want"]!, "patches")));
        Assert.That(look.Updates, Is.EqualTo(row["want"]!["updates"]!.AsArray()
            .Select(u => u!.ToString())));
    }

    [TestCase("policy")]
    [TestCase("pending")]
    [TestCase("succeeded")]
    [TestCase("finished")]
    [TestCase("record")]
    [TestCase("wait")]
    [TestCase("waitindex")]
    [TestCase("ttl")]
    public void It_is_as_in_the_table(string table)
    {
        Assert.That(Cases[table], Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (var row in Cases[table])
            {
                Assert.That(Case(table, row), Is.EqualTo(Text(row, "want")), row.ToJsonString());
            }
        });
    }

    private static IEnumerable<TestCaseData> Named(string table) => Cases[table]
        .Select((row, i) => new TestCaseData(row).SetArgDisplayNames($"{i} {row["name"]}"));

    private static string Case(string table, JsonNode row) => table switch
    {
        "policy" => Policy(row),
        "pending" => Pending(row),
        "succeeded" => Succeeded(row),
        "finished" => $"{Get<Pod>(row["pod"]!).FinishedAt}",
        "record" => Record(row),
        "wait" => Wait(row, new(Number(row, "failures"), TimeOf(row["last"]))),
        "waitindex" => WaitOfIndex(row),
        _ => Ttl(row),
    };

    private static string Policy(JsonNode row)
    {
        var (action, counts, why) = JobPolicies.Match(
            Get<PodFailurePolicy>(row["policy"]!), Get<Pod>(row["pod"]!));
        return $"{action ?? "-"} {(counts ? "true" : "false")} {why ?? "-"}";
    }

    private static string Pending(JsonNode row)
    {
        var all = Number(row, "completions");
        var active = row["active"]!.AsArray().Select(i => i!.ToString()).Where(i => i != "-")
            .Select(i => (int)TestData.Number(i));
        return string.Join(' ', JobIndexes.Parse(Text(row, "done"), all).With(active)
            .With(JobIndexes.Parse(Text(row, "lost"), all))
            .FirstMissing(Number(row, "count"), all));
    }

    private static string Succeeded(JsonNode row)
    {
        var before = JobIndexes.Parse(Text(row, "before"), Number(row, "completions"));
        var more = row["pods"]!.AsArray().Select(p => p!.ToString().Split(' '))
            .Where(p => p[1] == "Succeeded").Select(p => new Pod
            {
                Metadata = new() { Annotations = Map.Of((JobPods.Index, p[0])) },
            }.CompletionIndex).Where(i => i >= 0);
        return $"{before}|{before.With(more)}";
    }

    private static string Record(JsonNode row)
    {
        var record = new JobBackOff(Number(row, "stored"), null).After(
            [.. row["won"]!.AsArray().Select(t => TimeOf(t)!.Value)],
            [.. row["lost"]!.AsArray().Select(t => TimeOf(t)!.Value)]);
        return $"{record.Failures} {record.Last?.ToString() ?? "-"}";
    }

    private static string Wait(JsonNode row, JobBackOff record) => GoDuration.Format(
        record.Remaining(TimeOf(row["now"])!.Value.DateTime, Span(row, "first"), Span(row, "cap")));

    private static string WaitOfIndex(JsonNode row)
    {
        var pod = Get<Pod>(row["pod"]!);
        return Wait(row, string.IsNullOrEmpty(pod.Status.Phase) ? default
            : new(pod.FailedBefore + pod.IgnoredBefore + 1, pod.FinishedAt));
    }

    private static string Ttl(JsonNode row)
    {
        var now = new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var (type, ago) = row["complete"] is { } end
            ? ("Complete", end) : ("Failed", row["failed"]);
        var job = new Job
        {
            Spec = new() { TtlSecondsAfterFinished = row["ttl"]?.GetValue<int>() },
            Status = new()
            {
                Conditions = ago is null ? [] :
                [
                    new()
                    {
                        Type = type, Status = "True",
                        LastTransitionTime = now.AddSeconds(ago.GetValue<int>()),
                    },
                ],
            },
        };
        return TtlAfterFinished.ExpiresAt(job) is { } at
            ? (at - now).TotalSeconds.ToString(CultureInfo.InvariantCulture) : "-";
    }

    private static T Get<T>(JsonNode node) => node.Deserialize<T>(Json.Options)!;

    private static string Text(JsonNode row, string field) => row[field]?.ToString() ?? "";

    private static int Number(JsonNode row, string field) => row[field]!.GetValue<int>();

    private static Time? TimeOf(JsonNode? text) => text is null ? null
        : DateTime.Parse(text.ToString(), CultureInfo.InvariantCulture,
            DateTimeStyles.AdjustToUniversal);

    private static TimeSpan Span(JsonNode row, string field) =>
        GoDuration.TryParse(Text(row, field), out var span) ? span : default;

    /// <summary>A Job and pods as a case has them, and one look at them.</summary>
    private sealed class Look
    {
        private readonly JsonNode row;
        private readonly Cluster cluster;
        private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
        private readonly List<Change> changes = [];
        private readonly bool settled;
        private Job? begin;
        private bool looks;

        public Look(JsonNode row, bool settled)
        {
            (this.row, this.settled) = (row, settled);
            cluster = Given.Alone(() => new Probe(Watched.All<Job>(), Watched.All<Pod>())
            {
                OnReconcile = Reconcile,
            });
            var job = cluster.Create(NewJob());
            foreach (var pod in Pods())
            {
                Create(job, pod);
            }
            // No failure is so young that a Job would wait.
            cluster.Run(TimeSpan.FromMinutes(20));
            foreach (var (name, pod) in names.Values.Zip(Pods()))
            {
                if (pod["deleted"] is not null)
                {
                    cluster.Delete(cluster.Get<Pod>(name));
                }
            }
            cluster.UpdateStatus(job with { Status = StatusOf(job) });
            if (row["deleting"] is not null)
            {
                cluster.Delete(job);
            }
            cluster.Api.Add(new("limit", () => Webhook) { Resources = ["pods"] });
            cluster.Converge();
            looks = true;
            cluster.Patch<Job>("default", "foobar", """{"metadata":{"annotations":{"a":"b"}}}""");
            cluster.Converge();
        }

        public string? Failure { get; private set; }

        private Job After => cluster.Get<Job>("foobar");

        private bool Refuses => row["refuse"] is not null;

        private IEnumerable<Change> Of(Verb verb) =>
            changes.Where(c => c.Key.Kind.Equals(Kinds.Pod) && c.Verb == verb);

        /// <summary>The counts that were written, each time that they changed.</summary>
        public IEnumerable<string> Updates
        {
            get
            {
                var last = CountsOf(begin!.Status);
                foreach (var change in changes.Where(c => c.After is Job))
                {
                    var counts = CountsOf(((Job)change.After!).Status);
                    if (counts != last)
                    {
                        yield return last = counts;
                    }
                }
            }
        }

        public string Told(string what) => what switch
        {
            "active" => Number(After.Status.Active),
            "ready" => Number(After.Status.Ready ?? 0),
            "terminating" => Number(After.Status.Terminating ?? 0),
            "succeeded" => Number(After.Status.Succeeded),
            "failed" => Number(After.Status.Failed),
            "completed" => After.Status.CompletedIndexes ?? "",
            "lost" => After.Status.FailedIndexes ?? "-",
            "creations" => Number(Of(Verb.Create).Count(c => Refuses || c.After is not null)),
            "deletions" => Number(Of(Verb.Delete).Count()),
            "patches" => Number(Of(Verb.Patch).Count()),
            "indexes" => string.Join(' ', Of(Verb.Create)
                .Select(c => c.After!.Metadata.Annotations[JobPods.Index])
                .Order(StringComparer.Ordinal)),
            "condition" => Condition(),
            _ => Last is { Type: "Complete" or "SuccessCriteriaMet" } ? "" : Last?.Message ?? "",
        };

        private JobCondition? Last =>
            After.Status.Conditions is { Count: > 0 } all ? all[all.Count - 1] : null;

        // As 1.28 called it.
        private string Condition() => Last switch
        {
            null => "",
            { Type: "Complete" or "SuccessCriteriaMet" } => "Complete True",
            { Type: "FailureTarget" } c => $"Failed {c.Status} {c.Reason}",
            var c => $"{c.Type} {c.Status} {c.Reason}",
        };

        private Result Reconcile(ObjectKey key, ReconcileContext api)
        {
            if (!looks || api.Get(key) is not Job job)
            {
                return Result.Done;
            }
            (looks, begin) = (false, job);
            var memory = new JobMemory();
            if (row["failures"] is { } failures)
            {
                memory.BackOffs[key] = new(failures.GetValue<int>(), api.Now);
            }
            try
            {
                Failure = new JobSync(job, [.. api.List<Pod>("default")], settled, memory, api)
                    .Run();
            }
            catch (ApiException refused)
            {
                Failure = refused.Message;
            }
            changes.AddRange(api.Changes);
            return Result.Done;
        }

        private WebhookAnswer Webhook(AdmissionReview review)
        {
            var made = cluster.List<Pod>().Count;
            var tooMany = review.Operation == "CREATE" && row["limit"] is { } limit
                && made >= limit.GetValue<int>();
            return looks || begin is null || !(Refuses || tooMany)
                ? WebhookAnswer.Allow : WebhookAnswer.Deny("fake error");
        }

        private Job NewJob()
        {
            var spec = Get<JobSpec>(row["spec"]!);
            return new()
            {
                Metadata = new()
                {
                    Name = "foobar", Namespace = "default",
                    Finalizers = row["deleting"] is null ? [] : ["example.com/hold"],
                },
                Spec = spec with
                {
                    Parallelism = spec.Parallelism ?? 1,
                    BackoffLimit = row["fails"] is null ? spec.BackoffLimit : 1,
                    Template = new()
                    {
                        Spec = new()
                        {
                            RestartPolicy = row["restart"]?.ToString() ?? "Never",
                            Containers = [new() { Name = "c", Image = "foo/bar" }],
                        },
                    },
                },
            };
        }

        private IEnumerable<JsonNode> Pods()
        {
            var indexed = row["spec"]!["completionMode"] is not null;
            var many = row["many"]?.GetValue<int>() ?? 0;
            return row["pods"]!.AsArray().Select(p => p!).Concat(Enumerable.Range(0, many)
                .Select(i => indexed || i < many - 1
                    ? (JsonNode)new JsonObject
                    {
                        ["phase"] = "Succeeded", ["uid"] = $"{i:000}",
                        ["index"] = indexed ? Number(i) : null,
                    }
                    : new JsonObject { ["phase"] = "Failed", ["uid"] = "b" }));
        }

        private void Create(Job job, JsonNode given)
        {
            var name = given["uid"]?.ToString() ?? given["name"]?.ToString()
                ?? $"mypod-{names.Count}";
            (string Key, JsonNode? Value)[] marks =
            [
                (JobPods.Index, given["index"]), (JobPods.FailureCount, given["failures"]),
                (JobPods.IgnoredCount, given["ignored"]),
            ];
            var pod = cluster.Create(new Pod
            {
                Metadata = new()
                {
                    Name = name, Namespace = "default", OwnerReferences = [ControllerRefs.To(job)],
                    Finalizers = given["free"] is null ? [JobPods.Finalizer] : [],
                    Annotations = marks.Where(m => m.Value is not null)
                        .Select(m => KeyValuePair.Create(m.Key, m.Value!.ToString())).ToMap(),
                },
                Spec = job.Spec.Template.Spec,
            });
            names.Add(pod.Metadata.Uid, name);
            var status = given["status"] is { } told ? Get<PodStatus>(told) : new();
            cluster.UpdateStatus(pod with
            {
                Status = status with
                {
                    Phase = Text(given, "phase") is { Length: > 0 } phase ? phase : "Pending",
                    Conditions = given["ready"] is null ? status.Conditions
                        : status.Conditions.Add(new() { Type = "Ready", Status = "True" }),
                    ContainerStatuses = given["restarts"] is not { } restarts
                        ? status.ContainerStatuses
                        : [new() { Name = "c", RestartCount = restarts.GetValue<int>() }],
                },
            });
        }

        private JobStatus StatusOf(Job job)
        {
            var status = row["status"] is { } told ? Get<JobStatus>(told) : job.Status;
            var uncounted = status.UncountedTerminatedPods ?? new();
            string Uid(string name) => names.FirstOrDefault(n => n.Value == name).Key ?? name;
            return status with
            {
                StartTime = row["started"] is { } ago
                    ? cluster.Now.AddSeconds(-ago.GetValue<int>()) : null,
                UncountedTerminatedPods = new()
                {
                    Succeeded = [.. uncounted.Succeeded.Select(Uid)],
                    Failed = [.. uncounted.Failed.Select(Uid)],
                },
                Conditions = row["wasSuspended"] is null ? status.Conditions :
                [
                    new()
                    {
                        Type = "Suspended", Status = "True", Reason = "JobSuspended",
                        Message = "Job suspended",
                    },
                ],
            };
        }

        private string CountsOf(JobStatus status)
        {
            var (won, lost) = (status.UncountedTerminatedPods?.Succeeded ?? default,
                status.UncountedTerminatedPods?.Failed ?? default);
            return $"{status.Succeeded}/{status.Failed} {status.CompletedIndexes ?? "-"} "
                + $"{status.FailedIndexes ?? "-"} [{Names(won)}] [{Names(lost)}]";
        }

        private string Names(Seq<string> uids) => uids.Count > 20 ? Number(uids.Count)
            : string.Join(' ', uids.Select(u => names.GetValueOrDefault(u, u)));

        private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
