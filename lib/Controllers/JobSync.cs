using System.Globalization;

namespace KubeSim;

/// <summary>
/// One look at a Job: how many of its pods run, have succeeded, have failed; whether that ends it;
/// and if not, which pods to make or to delete.
/// <para>As many pods run as <c>parallelism</c> allows, and never more than completions are
/// missing. Without completions, the first success ends it: no pod is made after it. After a
/// failure it waits before it makes more (<see cref="JobBackOff"/>). An indexed Job gives each pod
/// the lowest free index, as an annotation, a label, the hostname and JOB_COMPLETION_INDEX; with a
/// limit per index every index waits and fails by itself, and a failed pod is held back until its
/// successor has taken over its count.</para>
/// <para>It fails, in this order: when a policy says so, when more pods have failed than
/// <c>backoffLimit</c>, when it was active for too long, when too many indexes have failed. Then
/// its pods are deleted. Worked: backoffLimit 2 and pods that all fail after a second: three pods,
/// made at 0 s, at 11 s and at 32 s; the Job has failed at 34 s.</para>
/// Models pkg/controller/job/job_controller.go (syncJob, manageJob).
/// </summary>
internal sealed partial class JobSync(
    Job job, List<Pod> pods, bool settled, JobMemory memory, ReconcileContext api)
{
    private const int Burst = 500;

    private readonly ObjectKey key = job.Key;
    private readonly HashSet<string> released = memory.Released(job.Key);
    private readonly List<Pod> active = pods.FindAll(p => p.IsActive);
    private readonly UncountedTerminatedPods uncounted =
        job.Status.UncountedTerminatedPods ?? new();
    private readonly Dictionary<int, Pod> heldBack = [];
    private JobStatus status = job.Status with
    {
        UncountedTerminatedPods = job.Status.UncountedTerminatedPods ?? new(),
    };
    private int running;
    private int ready;
    private int terminating;
    private int succeeded;
    private int failed;
    private JobIndexes countedIndexes = JobIndexes.None;
    private JobIndexes succeededIndexes = JobIndexes.None;
    private JobIndexes? failedIndexes;
    private JobBackOff backOff;
    private JobCondition? end;

    /// <summary>Brings the Job a step further.</summary>
    /// <returns>Why it is to be tried again; null when all went well.</returns>
    /// <exception cref="ApiException">A write was refused.</exception>
    public string? Run()
    {
        Count();
        if (status.StartTime is null && !job.IsSuspended)
        {
            status = status with { StartTime = api.Now };
        }
        end = Decided() ?? Exceeded();
        if (job.IsIndexed)
        {
            CountIndexes();
        }
        var failure = end is null ? Work() : Wind();
        status = status with { Active = running, Ready = ready, Terminating = terminating };
        Track();
        return failure;
    }

    private void Count()
    {
        running = active.Count;
        ready = active.Count(p => p.IsReady);
        terminating = pods.Count(p => p.IsTerminating && !p.IsFinished);
        var (won, lost) = (Uncounted(uncounted.Succeeded, p => p.Status.Phase == "Succeeded"),
            Uncounted(uncounted.Failed, job.HasFailed));
        succeeded = status.Succeeded + won.Count + uncounted.Succeeded.Count;
        failed = status.Failed + uncounted.Failed.Count
            + lost.Count(p => JobPolicies.Match(job.Spec.PodFailurePolicy, p).Counts);
        backOff = memory.BackOffs.GetValueOrDefault(key)
            .After([.. won.Select(p => p.FinishedAt)], [.. lost.Select(p => p.FinishedAt)]);
    }

    // The pods of a sort that are in no count yet.
    private List<Pod> Uncounted(Seq<string> known, Predicate<Pod> sort) => pods.FindAll(p =>
        p.IsTracked && !known.AsSpan().Contains(p.Metadata.Uid)
        && !released.Contains(p.Metadata.Uid) && (!job.IsIndexed || job.HasIndexOf(p)) && sort(p));

    // What an earlier look, or the failure policy, has decided.
    private JobCondition? Decided()
    {
        if (status.Conditions.IsTrue("SuccessCriteriaMet"))
        {
            return status.Conditions.Of("SuccessCriteriaMet");
        }
        if (status.Conditions.IsTrue("FailureTarget"))
        {
            var target = status.Conditions.Of("FailureTarget")!;
            return Condition("Failed", target.Reason, target.Message);
        }
        var why = job.Spec.PodFailurePolicy is not { } policy ? null : pods.Where(job.HasFailed)
            .Select(p => JobPolicies.Match(policy, p).FailsJob).FirstOrDefault(m => m is not null);
        return why is null ? null : Condition("FailureTarget", "PodFailurePolicy", why);
    }

    private JobCondition? Exceeded()
    {
        var limit = job.Spec.BackoffLimit ?? 6;
        if (failed > limit || (job.Spec.Template.Spec.RestartPolicy == "OnFailure"
            && active.Concat(pods.Where(p => p.IsTerminating && !p.IsFinished))
                .Sum(p => p.Restarts) >= Math.Max(limit, 1)))
        {
            return Condition("FailureTarget", "BackoffLimitExceeded",
                "Job has reached the specified backoff limit");
        }
        if (job.IsSuspended || job.Spec.ActiveDeadlineSeconds is not { } seconds)
        {
            return null;
        }
        var left = status.StartTime!.Value.DateTime.AddSeconds(seconds) - api.Now;
        if (left <= TimeSpan.Zero)
        {
            return Condition("FailureTarget", "DeadlineExceeded",
                "Job was active longer than specified deadline");
        }
        api.After(left, key, Pace.Background);
        return null;
    }

    private void CountIndexes()
    {
        var all = job.Spec.Completions ?? 0;
        var ended = pods.FindAll(p => p.IsTracked && job.HasIndexOf(p));
        countedIndexes = JobIndexes.Parse(status.CompletedIndexes, all);
        succeededIndexes = countedIndexes.With(ended.Where(p => p.Status.Phase == "Succeeded")
            .Select(p => p.CompletionIndex));
        succeeded = succeededIndexes.Count;
        if (job.Spec.BackoffLimitPerIndex is not null)
        {
            failedIndexes = JobIndexes.Parse(status.FailedIndexes, all)
                .With(ended.Where(job.HasFailedIndex).Select(p => p.CompletionIndex));
            var lost = failedIndexes.Count;
            end ??= lost > job.Spec.MaxFailedIndexes
                ? Condition("FailureTarget", "MaxFailedIndexesExceeded",
                    "Job has exceeded the specified maximal number of failed indexes")
                : lost > 0 && lost + succeeded >= all
                ? Condition("FailureTarget", "FailedIndexes", "Job has failed indexes") : null;
            HoldBack();
        }
        var met = JobPolicies.Met(job.Spec.SuccessPolicy, all, succeededIndexes);
        end ??= met is null ? null : Condition("SuccessCriteriaMet", "SuccessPolicy", met);
    }

    // Of each index that is to be tried again, the pod that failed last.
    private void HoldBack()
    {
        var taken = active.Select(p => p.CompletionIndex).ToHashSet();
        foreach (var pod in Uncounted(default, job.HasFailed))
        {
            var index = pod.CompletionIndex;
            if (succeededIndexes.Has(index) || failedIndexes!.Has(index) || taken.Contains(index))
            {
                continue;
            }
            if (!heldBack.TryGetValue(index, out var last)
                || (Tries(last) <= Tries(pod) && last.FinishedAt <= pod.FinishedAt))
            {
                heldBack[index] = pod;
            }
        }
    }

    private static int Tries(Pod pod) => pod.FailedBefore + pod.IgnoredBefore;

    // It is over: the pods that still run are deleted, and their finalizers come off below.
    private string? Wind()
    {
        var failure = Delete(active, keep: true);
        if (failure is not null || !settled)
        {
            // There may be pods that the cache does not show yet.
            end = null;
        }
        return failure;
    }

    private string? Work()
    {
        var manages = settled && !job.IsTerminating;
        var failure = manages ? Manage() : null;
        if (running == 0 && (job.Spec.Completions is { } all ? succeeded >= all : succeeded > 0))
        {
            end = Condition("SuccessCriteriaMet", "CompletionsReached",
                "Reached expected number of succeeded pods");
        }
        else if (manages)
        {
            TellSuspension();
        }
        return failure;
    }

    private void TellSuspension()
    {
        var (was, told) = (status.Conditions.IsTrue("Suspended"),
            job.IsSuspended ? "Suspended" : "Resumed");
        if (was == job.IsSuspended)
        {
            return;
        }
        var condition = Condition("Suspended", $"Job{told}", $"Job {told.ToLowerInvariant()}");
        status = status with
        {
            Conditions = status.Conditions.With(condition with { Status = was ? "False" : "True" }),
            StartTime = was ? api.Now : null,
        };
        api.Event(job, "Normal", told, condition.Message!);
    }

    private string? Manage()
    {
        var wanted = job.IsSuspended ? 0
            : job.Spec.Completions is { } all
            ? Math.Clamp(all - succeeded, 0, job.Spec.Parallelism ?? 1)
            : succeeded > 0 ? running : job.Spec.Parallelism ?? 1;
        var surplus = Surplus(Math.Max(0, running - wanted));
        if (surplus.Count > 0 || job.IsSuspended)
        {
            return Delete(job.IsSuspended ? surplus : [.. surplus.Take(Burst)], keep: false);
        }
        var missing = wanted - running - (job.ReplacesOnlyFailed ? terminating : 0);
        return missing > 0 ? Create(missing) : null;
    }

    // Those without an index, with one too high or one that another has too, and then as many more
    // as need be: first those that have come least far.
    private List<Pod> Surplus(int count)
    {
        var surplus = new List<Pod>();
        var left = active.OrderBy(p => p.IsScheduled).ThenBy(ReplicaSetDeletionOrder.Phase)
            .ThenBy(p => p.IsReady)
            .ThenByDescending(p => p.IsReady ? ReplicaSetDeletionOrder.ReadySince(p) : null)
            .ThenByDescending(p => ReplicaSetDeletionOrder.MostRestarts(p, ofSidecars: false))
            .ThenByDescending(p => ReplicaSetDeletionOrder.MostRestarts(p, ofSidecars: true))
            .ThenByDescending(p => p.Metadata.CreationTimestamp).ToList();
        if (job.IsIndexed)
        {
            // Of several with one index, the one that has come farthest stays.
            var kept = left.Where(job.HasIndexOf).GroupBy(p => p.CompletionIndex)
                .Select(g => g.Last()).ToHashSet(ReferenceEqualityComparer.Instance);
            surplus.AddRange(left.Where(p => !kept.Contains(p)).OrderBy(p => p.CompletionIndex));
            left.RemoveAll(p => !kept.Contains(p));
        }
        surplus.AddRange(left.Take(count - surplus.Count));
        return surplus;
    }

    // With the finalizer gone, nobody counts a pod as failed because it was one too many.
    private string? Delete(List<Pod> unwanted, bool keep)
    {
        string? failure = null;
        foreach (var pod in unwanted)
        {
            var error = keep ? null : Untrack(pod);
            error ??= PodControl.Delete(job, pod, keep ? null : memory.Expectations, api);
            failure ??= error;
            var gone = error is null ? 1 : 0;
            running -= gone;
            terminating += gone;
            ready -= pod.IsReady ? 1 : 0;
        }
        return failure;
    }

    private string? Create(int missing)
    {
        var indexes = new List<int>();
        TimeSpan? wait = null;
        if (job.Spec.BackoffLimitPerIndex is null)
        {
            wait = backOff.Remaining(api.Now);
        }
        missing = Math.Min(missing, Burst);
        if (job.IsIndexed && wait is null or { Ticks: 0 })
        {
            indexes = FreeIndexes(missing, ref wait);
            missing = indexes.Count;
        }
        if (wait > TimeSpan.Zero)
        {
            var second = TimeSpan.FromSeconds(1);
            api.After(wait.Value < second ? second : wait.Value, key, Pace.Retry);
            // As 1.36.2 does it: while the Job waits, none of its pods counts as active. Where one
            // is Ready the API server refuses such a status, and the Job is looked at once more.
            running = 0;
            return null;
        }
        var made = 0;
        running += PodControl.SlowStart(missing, () =>
        {
            var pod = job.IsIndexed ? NewPod(indexes[made++]) : NewPod();
            var error = PodControl.Create(job, pod, memory.Expectations, api);
            if (error is null)
            {
                memory.Writes.Note(key, api);
            }
            return error;
        }, out var failure);
        return failure;
    }

    // The lowest indexes that may have a pod now; when none may, how long to wait.
    private List<int> FreeIndexes(int count, ref TimeSpan? wait)
    {
        var taken = active.Concat(job.ReplacesOnlyFailed
            ? pods.Where(p => p.IsTerminating && !p.IsFinished) : []);
        var free = succeededIndexes.With(failedIndexes)
            .With(taken.Select(p => p.CompletionIndex).Where(i => i >= 0))
            .FirstMissing(count, job.Spec.Completions ?? 0);
        var waits = free.ToDictionary(i => i, i => heldBack.TryGetValue(i, out var last)
            ? new JobBackOff(Tries(last) + 1, last.FinishedAt).Remaining(api.Now) : TimeSpan.Zero);
        var now = free.FindAll(i => waits[i] == TimeSpan.Zero);
        wait = now.Count > 0 || free.Count == 0 ? TimeSpan.Zero : waits.Values.Min();
        return now;
    }

    private Pod NewPod()
    {
        var pod = PodControl.FromTemplate(job.Spec.Template, job);
        var kept = pod.Metadata.Finalizers;
        return kept.AsSpan().Contains(JobPods.Finalizer) ? pod : pod with
        {
            Metadata = pod.Metadata with { Finalizers = kept.Add(JobPods.Finalizer) },
        };
    }

    private Pod NewPod(int index)
    {
        var pod = NewPod();
        var (meta, text) = (pod.Metadata, index.ToString(CultureInfo.InvariantCulture));
        var suffix = $"-{text}-";
        var annotations = meta.Annotations.Set(JobPods.Index, text);
        if (job.Spec.BackoffLimitPerIndex is not null)
        {
            var last = heldBack.GetValueOrDefault(index);
            var counts = last is not null
                && JobPolicies.Match(job.Spec.PodFailurePolicy, last).Counts;
            var failures = (last?.FailedBefore ?? 0) + (counts ? 1 : 0);
            var ignored = (last?.IgnoredBefore ?? 0) + (last is null || counts ? 0 : 1);
            annotations = annotations.Set(JobPods.FailureCount, Text(failures));
            annotations = ignored == 0 ? annotations
                : annotations.Set(JobPods.IgnoredCount, Text(ignored));
        }
        // Five characters of the longest name are made up.
        var name = job.Metadata.Name[..Math.Min(job.Metadata.Name.Length, 58 - suffix.Length)];
        return pod with
        {
            Metadata = meta with
            {
                GenerateName = name + suffix, Annotations = annotations,
                Labels = meta.Labels.Set(JobPods.Index, text),
            },
            Spec = pod.Spec with
            {
                Hostname = $"{job.Metadata.Name}-{text}",
                Containers = [.. pod.Spec.Containers.Select(WithIndex)],
                InitContainers = pod.Spec.InitContainers.IsEmpty ? pod.Spec.InitContainers
                    : [.. pod.Spec.InitContainers.Select(WithIndex)],
            },
        };
    }

    private static Container WithIndex(Container container)
    {
        const string name = "JOB_COMPLETION_INDEX";
        return container.Env.Any(v => v.Name == name) ? container : container with
        {
            Env = container.Env.Add(new()
            {
                Name = name,
                ValueFrom = new()
                {
                    FieldRef = new() { FieldPath = $"metadata.labels['{JobPods.Index}']" },
                },
            }),
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private JobCondition Condition(string type, string? reason, string? message) => new()
    {
        Type = type, Status = "True", Reason = reason, Message = message,
        LastProbeTime = api.Now, LastTransitionTime = api.Now,
    };
}
