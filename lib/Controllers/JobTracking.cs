namespace KubeSim;

// How each ended pod of a Job is counted exactly once, whatever fails in between. A pod of a Job
// carries a finalizer, so that it stays until it was counted:
//
//   1. its UID goes into status.uncountedTerminatedPods         (a write of the status)
//   2. the finalizer comes off the pod                          (a patch of the pod)
//   3. the UID leaves the list, and succeeded or failed grows   (a write of the status)
//
// A process that dies after 1 finds the UID and knows that the pod is counted but for 3; after 2 it
// finds a UID whose pod has no finalizer, and does 3. Indexed Jobs need no UIDs for successes: an
// index is in completedIndexes or it is not. The conditions follow the same order:
// SuccessCriteriaMet or FailureTarget with 1, Complete or Failed with 3, and only when no pod is
// terminating any more.
//
// Models pkg/controller/job/job_controller.go (trackJobStatusAndRemoveFinalizers).
internal sealed partial class JobSync
{
    private const int MostUncounted = 500;

    private Job? written;

    private Job Stored => written ?? job;

    private void Track()
    {
        var held = pods.FindAll(p => p.IsTracked && !released.Contains(p.Metadata.Uid));
        if (job.IsIndexed)
        {
            held = [.. held.OrderBy(p => p.CompletionIndex)];
        }
        var uids = held.Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        CountReleased(uids);
        var leaving = Uncount(held, out var full);
        Announce();
        if (Flush())
        {
            memory.BackOffs[key] = backOff;
        }
        ApiException? failure = null;
        foreach (var pod in leaving)
        {
            try
            {
                LetGo(pod);
                uids.Remove(pod.Metadata.Uid);
            }
            catch (ApiException refused)
            {
                failure ??= refused;
            }
        }
        CountReleased(uids);
        if (failure is not null)
        {
            Flush();
            throw failure;
        }
        var over = !full && Finish();
        if (Flush() && over)
        {
            TellEnd();
        }
    }

    // Notes the ended pods whose finalizer may come off. One status takes only so many.
    private List<Pod> Uncount(List<Pod> held, out bool full)
    {
        var (won, lost) = (status.UncountedTerminatedPods!.Succeeded.ToList(),
            status.UncountedTerminatedPods.Failed.ToList());
        var (leaving, indexes) = (new List<Pod>(), new List<int>());
        full = false;
        foreach (var pod in held)
        {
            if (!MayLeave(pod))
            {
                continue;
            }
            leaving.Add(pod);
            var (uid, index) = (pod.Metadata.Uid, pod.CompletionIndex);
            var countsAsFailed = uncounted.Failed.AsSpan().Contains(uid);
            if (pod.Status.Phase == "Succeeded" && !countsAsFailed)
            {
                if (!job.IsIndexed && !uncounted.Succeeded.AsSpan().Contains(uid))
                {
                    won.Add(uid);
                }
                else if (job.IsIndexed && job.HasIndexOf(pod) && !countedIndexes.Has(index))
                {
                    indexes.Add(index);
                }
            }
            // Of a Job that fails, every pod has failed.
            else if (!countsAsFailed && (!job.IsIndexed || job.HasIndexOf(pod))
                && (job.HasFailed(pod) || end is { Type: not "SuccessCriteriaMet" })
                && JobPolicies.Match(job.Spec.PodFailurePolicy, pod).Counts)
            {
                lost.Add(uid);
            }
            if (full = indexes.Count + won.Count + lost.Count >= MostUncounted)
            {
                break;
            }
        }
        status = status with { UncountedTerminatedPods = Listed(won, lost) };
        succeededIndexes = succeededIndexes.With(indexes);
        return leaving;
    }

    private bool MayLeave(Pod pod) => job.IsTerminating || end is not null
        || pod.Status.Phase == "Succeeded" || (job.HasFailed(pod)
            && heldBack.GetValueOrDefault(pod.CompletionIndex)?.Metadata.Uid != pod.Metadata.Uid);

    // What goes with the first write: the indexes, and that the end is near.
    private void Announce()
    {
        if (job.IsIndexed)
        {
            status = status with
            {
                Succeeded = succeededIndexes.Count, CompletedIndexes = Unless(succeededIndexes),
                FailedIndexes = failedIndexes?.ToString(),
            };
        }
        if (end is not { Type: var type and ("FailureTarget" or "SuccessCriteriaMet") })
        {
            return;
        }
        if (status.Conditions.Of(type) is null)
        {
            status = status with { Conditions = status.Conditions.Add(end) };
        }
        end = Condition(type == "FailureTarget" ? "Failed" : "Complete", end.Reason, end.Message);
    }

    private static string? Unless(JobIndexes indexes) =>
        indexes.Count == 0 ? null : indexes.ToString();

    // Moves the UIDs of pods that have no finalizer any more into the counts.
    private void CountReleased(HashSet<string> held)
    {
        var list = status.UncountedTerminatedPods!;
        var left = Listed(list.Succeeded.Where(held.Contains), list.Failed.Where(held.Contains));
        status = status with
        {
            UncountedTerminatedPods = left,
            Succeeded = status.Succeeded + list.Succeeded.Count - left.Succeeded.Count,
            Failed = status.Failed + list.Failed.Count - left.Failed.Count,
        };
    }

    // A list without UIDs is left out of the JSON.
    private static UncountedTerminatedPods Listed(
        IEnumerable<string> won, IEnumerable<string> lost) =>
        new()
        {
            Succeeded = won.Any() ? [.. won] : default, Failed = lost.Any() ? [.. lost] : default,
        };

    private void LetGo(Pod pod)
    {
        released.Add(pod.Metadata.Uid);
        try
        {
            api.Patch(pod.Key, Jobs.Untrack());
            memory.Writes.Note(key, api);
        }
        catch (ApiException refused)
        {
            // The cache will show no change that comes of this.
            released.Remove(pod.Metadata.Uid);
            if (!refused.IsNotFound)
            {
                throw;
            }
        }
    }

    private string? Untrack(Pod pod)
    {
        try
        {
            if (pod.IsTracked)
            {
                api.Patch(pod.Key, Jobs.Untrack());
                memory.Writes.Note(key, api);
            }
            return null;
        }
        catch (ApiException refused)
        {
            return refused.IsNotFound ? null : $"removing completion finalizer: {refused.Message}";
        }
    }

    private bool Finish()
    {
        var left = status.UncountedTerminatedPods!;
        if (end is null || left.Succeeded.Count + left.Failed.Count > 0 || terminating > 0)
        {
            return false;
        }
        status = status with
        {
            Conditions = status.Conditions.With(end),
            CompletionTime = end.Type == "Complete" ? end.LastTransitionTime
                : status.CompletionTime,
        };
        return true;
    }

    private bool Flush()
    {
        if (status.Equals(Stored.Status))
        {
            return false;
        }
        written = api.UpdateStatus(Stored with { Status = status });
        memory.Writes.Note(key, api);
        status = written.Status;
        return true;
    }

    private void TellEnd()
    {
        if (end!.Type != "Complete")
        {
            api.Event(Stored, "Warning", end.Reason!, "{0}", end.Message!);
            return;
        }
        if (status.Succeeded > job.Spec.Completions)
        {
            api.Event(Stored, "Warning", "TooManySucceededPods",
                "Too many succeeded pods running after completion count reached");
        }
        api.Event(Stored, "Normal", "Completed", "Job completed");
    }
}
