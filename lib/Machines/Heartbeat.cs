namespace KubeSim;

/// <summary>
/// When a kubelet last renewed the Lease of its node, without anybody having to renew it.
/// <para>A kubelet renews its Lease every ten seconds. On 5,000 nodes that is 500 writes a second
/// that say nothing new, so they are not carried out: while the kubelet runs and reaches the API
/// server, the renewals are known to have happened, each on a grid of ten seconds with a phase of
/// its own. What a fault ends is the grid: the time of the last renewal then stands still.</para>
/// <para>Worked: phase 3 s, the kubelet dies at 00:01:00. The last renewal was at 00:00:53; with a
/// grace of 50 s the node is NotReady from 00:01:43 on, 43 s after the fault.</para>
/// The Lease object is written when a kubelet comes back; what stands in it in between is
/// <see cref="LastRenewal"/>. The node lifecycle controller is woken when a kubelet falls silent
/// and when it is back.
/// Models pkg/kubelet and component-helpers/apimachinery/lease/controller.go.
/// </summary>
public sealed class Heartbeat
{
    /// <summary>How often a kubelet renews its Lease.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly TimeSpan phase;
    private DateTime since;
    private DateTime? silentSince;

    internal Heartbeat(Prng random) =>
        phase = random.Next(TimeSpan.Zero, Interval - TimeSpan.FromTicks(1));

    /// <summary>Since when no heartbeat arrives; null while they do.</summary>
    public DateTime? SilentSince => silentSince;

    /// <summary>True when heartbeats were missing at some time.</summary>
    public bool WasSilent => silentSince is not null || since != default;

    /// <summary>When the Lease was renewed last, as of a time: at most ten seconds before it while
    /// the kubelet runs, and a time that stands still while it does not.</summary>
    public DateTime LastRenewal(DateTime now)
    {
        var at = silentSince ?? now;
        var past = new TimeSpan((at.Ticks - phase.Ticks) % Interval.Ticks);
        return at - past > since ? at - past : since;
    }

    /// <summary>Notes that heartbeats arrive, or do not any more; true when that is
    /// news.</summary>
    internal bool Tell(bool arrive, DateTime now)
    {
        if (arrive == silentSince is null)
        {
            return false;
        }
        // A kubelet renews as soon as it is back.
        since = arrive ? now : since;
        silentSince = arrive ? null : now;
        return true;
    }
}
