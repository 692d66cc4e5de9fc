namespace KubeSim;

/// <summary>
/// How long a Job waits before it makes another pod. After the first failure 10 s since that pod
/// ended, then 20, 40… up to 10 minutes; a success starts it anew. Failures that happen together
/// count each: after three pods that failed at once, it waits 40 s.
/// <para>The record is the controller's memory, and lost when its process dies.</para>
/// Models pkg/controller/job/backoff_utils.go.
/// </summary>
/// <param name="Failures">The failures since the last success.</param>
/// <param name="Last">When the last of them was.</param>
internal readonly record struct JobBackOff(int Failures, Time? Last)
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Cap = TimeSpan.FromMinutes(10);

    /// <summary>The record after more pods have ended, each told by its time.</summary>
    public JobBackOff After(IReadOnlyCollection<Time> succeeded, IReadOnlyCollection<Time> failed)
    {
        if (succeeded.Count > 0)
        {
            var success = succeeded.Max();
            var later = failed.Where(f => f > success).ToArray();
            return later.Length == 0 ? default : new(later.Length, later.Max());
        }
        return failed.Count == 0 ? this : new(Failures + failed.Count, failed.Max());
    }

    /// <summary>What is left of the wait.</summary>
    public TimeSpan Remaining(DateTime now) => Remaining(now, First, Cap);

    /// <summary>What is left of a wait that starts and ends otherwise.</summary>
    public TimeSpan Remaining(DateTime now, TimeSpan first, TimeSpan cap)
    {
        if (Failures == 0 || Last is not { } last)
        {
            return TimeSpan.Zero;
        }
        var doublings = Math.Min(Failures - 1, 20);
        var wait = Math.Min(cap.Ticks, first.Ticks << doublings);
        return new(Math.Max(0, wait - (now - last.DateTime).Ticks));
    }
}
