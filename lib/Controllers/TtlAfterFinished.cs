namespace KubeSim;

/// <summary>
/// Deletes Jobs some time after their end. It watches Jobs; one that says
/// <c>ttlSecondsAfterFinished</c> is deleted so many seconds after it became Complete or Failed,
/// its pods before it. Ended at 10:00:05 with 100: deleted at 10:01:45.
/// <para>Before it deletes it asks the API server once more, since the time may have been
/// raised.</para>
/// Models pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.
/// </summary>
public sealed class TtlAfterFinished : IReconciler
{
    /// <inheritdoc/>
    public string Name => "ttl-after-finished-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<Job>() with { KeyOf = o => ExpiresAt((Job)o) is null ? null : o.Key }];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Job job || ExpiresAt(job) is null || Waits(job, api))
        {
            return Result.Idle;
        }
        try
        {
            var path = new ResourcePath(key.Kind, key.Namespace, key.Name);
            var live = (Job)api.Send(new(Verb.Get, path)).Object!;
            if (ExpiresAt(live) is null || Waits(live, api))
            {
                return Result.Idle;
            }
            api.Delete(key, new() { PropagationPolicy = "Foreground", Uid = live.Metadata.Uid });
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // Somebody was faster.
        }
        return Result.Done;
    }

    /// <summary>When a Job is to be deleted; null when it is not.</summary>
    internal static DateTime? ExpiresAt(Job job) =>
        !job.IsTerminating && job.FinishedBy?.LastTransitionTime is { } end
            && job.Spec.TtlSecondsAfterFinished is { } seconds
            ? end.DateTime.AddSeconds(seconds) : null;

    private static bool Waits(Job job, ReconcileContext api)
    {
        var left = ExpiresAt(job)!.Value - api.Now;
        if (left > TimeSpan.Zero)
        {
            api.After(left, job.Key, Pace.Background);
        }
        return left > TimeSpan.Zero;
    }
}
