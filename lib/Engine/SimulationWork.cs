namespace KubeSim;

// How a step is taken: a worker takes a key, the component reconciles it, its writes leave for the
// watchers one after the other, its timers are set, and the step enters the log and the digest.
internal sealed partial class Simulation
{
    private void Work(Shard shard, bool detail, ref StepRecord? step)
    {
        if (shard.Queue.Ready == 0)
        {
            return;
        }
        CheckInstant(shard);
        var key = shard.Take(out var pending);
        var context = shard.Context;
        var before = Store.Head;
        context.Begin(detail);
        var result = Reconcile(shard, key, out var crashed);
        var error = result.Error;
        var own = DigestOf(shard, key, context, error);
        Rolling = Digest.Mix(Digest.Mix(Digest.Mix(Rolling, own), Store.Head.Value),
            pending.First.Number);
        var wrote = Store.Head > before;
        var shown = wrote || context.Changes.Count > 0 || error is not null
            || (!pending.Quiet && !result.IsIdle);
        if (shown)
        {
            Steps.Add(new()
            {
                Ticks = Now.Ticks, Items = Items, Shard = shard, Key = key, First = pending.First,
                More = pending.More, Last = Store.Head, Own = own, Rolling = Rolling,
                Writes = (int)(Store.Head.Value - before.Value),
            });
            if (detail)
            {
                step = Steps.Record(this, shard, key, pending, error) with
                {
                    Unseen = Unseen(shard, before),
                };
            }
        }
        shard.ForgetSeen();
        RouteFrom(before, context.Commits);
        ArmExpiry();
        if (crashed)
        {
            shard.Crash();
            return;
        }
        SetTimers(shard, key, shown ? new(CauseType.Timer, Steps.Count) : pending.First, error);
        if (context.Busy > TimeSpan.Zero)
        {
            shard.BusyWorkers++;
            Enqueue(Now + context.Busy,
                new(WorkType.Free, shard, key, Pace.Progress, shard.Generation, default));
        }
        else
        {
            shard.Queue.Done(key);
        }
    }

    private Result Reconcile(Shard shard, ObjectKey key, out bool crashed)
    {
        crashed = false;
        try
        {
            return shard.Reconciler!.Reconcile(key, shard.Context);
        }
        catch (ApiException refused)
        {
            return Result.Retry(refused.Message);
        }
        catch (Faults.CrashedException)
        {
            crashed = true;
            return Result.Retry(Faults.Died);
        }
        catch (Exception bug) when (bug is not ThreadInterruptedException)
        {
            failure ??= new(Steps.Count + 1, shard.Instance, key, bug);
            return Result.Retry($"{bug.GetType().Name}: {bug.Message}");
        }
    }

    // A step that nobody looks at passes on the cause that woke it.
    private static void SetTimers(Shard shard, ObjectKey key, Cause setBy, string? error)
    {
        if (error is null)
        {
            // A success overtakes the retry that waits; in life it fires and finds nothing to do.
            if (shard.BackOff.Failures(key) > 0)
            {
                shard.CancelTimer(key, Pace.Retry);
            }
            shard.BackOff.Forget(key);
        }
        else
        {
            shard.SetTimer(shard.BackOff.Next(key), key, Pace.Retry, setBy);
        }
        foreach (var (delay, about, pace) in shard.Context.Timers)
        {
            shard.SetTimer(delay, about, pace, setBy);
        }
    }

    private void CheckInstant(Shard shard)
    {
        stepsAtInstant = instant == Now ? stepsAtInstant + 1 : 0;
        instant = Now;
        if (stepsAtInstant > Options.StepsPerInstant)
        {
            throw new EndlessRunException($"{stepsAtInstant} reconciles at one instant "
                + $"({Now:HH:mm:ss.fff}): {shard.Instance} keeps adding keys without letting time "
                + "pass. "
                + "Let Reconcile write only when something must change, or use After(delay, key).");
        }
    }

    /// <summary>What a step did, apart from the numbers of revisions: two branches do the same as
    /// long as this is the same, even when one has written more before.</summary>
    private ulong DigestOf(Shard shard, ObjectKey key, ReconcileContext context, string? error)
    {
        var digest = Digest.Mix(Digest.Mix(Digest.Start, shard.Digest), Now.Ticks);
        digest = key.Mix(digest);
        foreach (var change in context.Changes)
        {
            digest = change.Key.Mix(Digest.Mix(digest, (ulong)change.Verb));
            digest = change.Revision.Value > 0
                ? StateDigest.Mix(digest, change.Before, change.After)
                : Digest.Mix(digest, change.Refused?.Message);
        }
        foreach (var (delay, about, pace) in context.Timers)
        {
            digest = Digest.Mix(about.Mix(digest), delay.Ticks ^ (long)pace);
        }
        return Digest.Mix(digest, error);
    }
}
