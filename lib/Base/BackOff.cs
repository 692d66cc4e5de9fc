namespace KubeSim;

/// <summary>How long to wait before trying a key again: doubled for each failure in a row, up to a
/// cap. As client-go's default for controllers: 5 ms, 10 ms, 20 ms, … 1000 s.</summary>
/// <remarks>Models staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go.</remarks>
public sealed class BackOff<TKey>(TimeSpan first, TimeSpan cap)
    where TKey : notnull
{
    private readonly Dictionary<TKey, int> failures = [];

    /// <summary>The back-off of controllers: 5 ms doubling up to 1000 s.</summary>
    public static BackOff<TKey> ForControllers() =>
        new(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1000));

    /// <summary>Counts a failure and says how long to wait.</summary>
    public TimeSpan Next(TKey key)
    {
        var before = failures.GetValueOrDefault(key);
        failures[key] = before + 1;
        // 63 doublings of any span above a tick pass every cap.
        var ticks = before >= 40 ? cap.Ticks : Math.Min(cap.Ticks, first.Ticks << before);
        return new(ticks < 0 ? cap.Ticks : ticks);
    }

    /// <summary>The failures in a row of a key.</summary>
    public int Failures(TKey key) => failures.GetValueOrDefault(key);

    /// <summary>Starts a key anew, after a success.</summary>
    public void Forget(TKey key)
    {
        if (failures.Count > 0)
        {
            failures.Remove(key);
        }
    }
}
