using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Runs the pods of each Job until enough of them have succeeded, or too many have failed.
/// <para>It watches Jobs and Pods. A new or changed Job is worked on at once; what happens to pods
/// within a second is worked on together. It makes as many pods as may run at once
/// (JobSync.cs), counts each ended pod exactly once, with the help of a finalizer on it
/// (JobTracking.cs), and tells in conditions how the Job ended.</para>
/// <para>Worked example: 5 completions, parallelism 2. Two pods run; one succeeds at 0:07; at 0:08
/// the controller makes the next pod, writes the ended pod's UID into
/// <c>status.uncountedTerminatedPods</c>, takes the finalizer off the pod, and moves the UID into
/// <c>status.succeeded</c>: 1.</para>
/// <para>What it wrote itself it must have seen before it works on a Job again. A pod with the
/// finalizer whose Job is gone or over is an orphan: nobody counts it any more, so its finalizer
/// goes.</para>
/// Models pkg/controller/job/job_controller.go.
/// </summary>
public sealed class Jobs : IReconciler
{
    private static readonly TimeSpan Batch = TimeSpan.FromSeconds(1);

    private readonly JobMemory memory = new();
    private readonly SelectorIndex index = new();
    private readonly Dictionary<ObjectKey, Job> jobs = [];
    private readonly Dictionary<string, SortedSet<ObjectKey>> tracked =
        new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "job-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Job>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public IWorkQueue NewQueue() => new DelayingQueue();

    /// <inheritdoc/>
    public BackOff<ObjectKey> NewBackOff() => new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Job))
        {
            ObserveJob(e.Key, (Job?)e.Old, (Job?)e.New, (DelayingQueue)queue);
            return;
        }
        var (old, pod) = ((Pod?)e.Old, (Pod?)e.New);
        index.SetOrphan(e.Key, pod);
        Track(e.Key, old, pod);
        if (pod is null or { IsTerminating: true })
        {
            ObserveEnd(e.Key, pod ?? old!, final: pod is null, (DelayingQueue)queue);
        }
        else
        {
            ObservePod(e.Key, old, pod, (DelayingQueue)queue);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (key.Kind.Equals(Kinds.Pod))
        {
            return Release(key, api);
        }
        if (!memory.Writes.AreSeen(key, api))
        {
            return Result.Retry("its own writes are not yet in its cache");
        }
        if (api.Get(key) is not Job job)
        {
            memory.Forget(key);
            return Result.Idle;
        }
        if (job.IsManagedElsewhere || job.IsFinished)
        {
            memory.BackOffs.Remove(key);
            return Result.Idle;
        }
        var settled = memory.Expectations.AreMet(key, api.Now);
        var failure = new JobSync(job, PodsOf(job, api), settled, memory, api).Run();
        if (memory.Expectations.GivesUpAt(key) is { } until)
        {
            api.After(until - api.Now, key, Pace.Background);
        }
        return failure is not null ? Result.Retry(failure)
            : api.Changes.Count == 0 ? Result.Idle : Result.Done;
    }

    private void ObserveJob(ObjectKey key, Job? old, Job? job, DelayingQueue queue)
    {
        index.SetOwner(key, job?.Spec.Selector);
        if (job is null)
        {
            jobs.Remove(key);
            memory.Forget(key);
        }
        else
        {
            jobs[key] = job;
        }
        if (job is not null && old is not null
            && old.Metadata.Generation == job.Metadata.Generation)
        {
            queue.AddAfter(Batch, key);
        }
        else
        {
            queue.Add(key);
        }
        // The pods that nobody counts any more.
        if (job is null or { IsFinished: true }
            && tracked.TryGetValue((job ?? old!).Metadata.Uid, out var left))
        {
            foreach (var pod in left)
            {
                queue.Add(pod);
            }
        }
        if (job is { Spec.ActiveDeadlineSeconds: { } deadline, Status.StartTime: { } start }
            && old?.Spec.ActiveDeadlineSeconds != deadline)
        {
            queue.AddAfter(start.DateTime.AddSeconds(deadline) - queue.Now, key, Pace.Background);
        }
    }

    private void ObservePod(ObjectKey key, Pod? old, Pod pod, DelayingQueue queue)
    {
        var (now, before) = (JobOf(pod), JobOf(old));
        if (before is not null && old!.ControllerOwner != pod.ControllerOwner)
        {
            SawRelease(before, pod);
            queue.AddAfter(Batch, before.Key);
        }
        if (pod.ControllerOwner is not null)
        {
            if (now is null)
            {
                return;
            }
            if (old is null)
            {
                memory.Expectations.SawCreation(now.Key, pod.Metadata.Uid);
            }
            SawRelease(now, pod);
            queue.AddAfter(Batch, now.Key);
            return;
        }
        if (pod.IsTracked)
        {
            queue.Add(key);
        }
        if (old is null || !old.Metadata.Labels.Equals(pod.Metadata.Labels)
            || old.ControllerOwner is not null)
        {
            foreach (var owner in index.OwnersOf(pod))
            {
                queue.AddAfter(Batch, owner);
            }
        }
    }

    // A pod begins to go, or is gone.
    private void ObserveEnd(ObjectKey key, Pod pod, bool final, DelayingQueue queue)
    {
        if (JobOf(pod) is not { IsFinished: false } job)
        {
            if (pod.IsTracked && !final)
            {
                queue.Add(key);
            }
            return;
        }
        memory.Expectations.SawDeletion(job.Key, pod.Metadata.Uid);
        if (final)
        {
            memory.SawRelease(job.Key, pod.Metadata.Uid);
        }
        SawRelease(job, pod);
        queue.AddAfter(Batch, job.Key);
    }

    private void SawRelease(Job job, Pod pod)
    {
        if (!pod.IsTracked)
        {
            memory.SawRelease(job.Key, pod.Metadata.Uid);
        }
    }

    private Job? JobOf(Pod? pod) => ControllerRefs.KeyOf(pod, Kinds.Job) is { } key
        && jobs.TryGetValue(key, out var job) && pod!.IsControlledBy(job.Metadata.Uid) ? job : null;

    private void Track(ObjectKey key, Pod? old, Pod? pod)
    {
        if (old is { IsTracked: true, ControllerOwner: { } before }
            && tracked.TryGetValue(before.Uid, out var held) && held.Remove(key) && held.Count == 0)
        {
            tracked.Remove(before.Uid);
        }
        if (pod is { IsTracked: true, ControllerOwner: { } owner })
        {
            if (!tracked.TryGetValue(owner.Uid, out var pods))
            {
                tracked.Add(owner.Uid, pods = []);
            }
            pods.Add(key);
        }
    }

    private List<Pod> PodsOf(Job job, ReconcileContext api)
    {
        var pods = api.Owned<Pod>(job);
        pods.RemoveAll(pod => !ControllerRefs.Claim(job, job.Spec.Selector, pod, api,
            JobPods.Finalizer));
        foreach (var key in index.Orphans(job.Metadata.Namespace))
        {
            if (api.Get(key) is Pod orphan
                && ControllerRefs.Claim(job, job.Spec.Selector, orphan, api, JobPods.Finalizer))
            {
                // It was adopted with the finalizer, which the cache does not show yet.
                pods.Add(orphan.IsTracked ? orphan : orphan with
                {
                    Metadata = orphan.Metadata with
                    {
                        Finalizers = orphan.Metadata.Finalizers.Add(JobPods.Finalizer),
                    },
                });
            }
        }
        return pods;
    }

    // Takes the finalizer off a pod that no Job will count.
    private Result Release(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Pod { IsTracked: true } pod
            || pod.ControllerOwner is { Kind: not "Job" }
            || JobOf(pod) is { } job && (job.IsManagedElsewhere || !job.IsFinished))
        {
            return Result.Idle;
        }
        try
        {
            api.Patch(key, Untrack());
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // There is nothing to let go.
        }
        return Result.Done;
    }

    /// <summary>The patch that takes the finalizer off a pod.</summary>
    internal static Payload.Patch Untrack() => new(PatchKind.StrategicMerge, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["$deleteFromPrimitiveList/finalizers"] = new JsonArray(JobPods.Finalizer),
        },
    });
}

/// <summary>What the controller remembers of each Job, until its process dies.</summary>
internal sealed class JobMemory
{
    private readonly Dictionary<ObjectKey, HashSet<string>> released = [];

    public Expectations Expectations { get; } = new();

    public WriteMemory Writes { get; } = new();

    public Dictionary<ObjectKey, JobBackOff> BackOffs { get; } = [];

    /// <summary>The UIDs of pods whose finalizer was taken off, and which the cache may still show
    /// with it.</summary>
    public HashSet<string> Released(ObjectKey job)
    {
        if (!released.TryGetValue(job, out var uids))
        {
            released.Add(job, uids = new(StringComparer.Ordinal));
        }
        return uids;
    }

    public void SawRelease(ObjectKey job, string uid)
    {
        if (released.TryGetValue(job, out var uids))
        {
            uids.Remove(uid);
        }
    }

    public void Forget(ObjectKey job)
    {
        Expectations.Forget(job);
        BackOffs.Remove(job);
        released.Remove(job);
        Writes.Forget(job);
    }
}
