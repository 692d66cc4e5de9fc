namespace KubeSim;

/// <summary>Files that somebody outside made in a pod's containers, or removed: what the journal's
/// <c>probe</c> does. They outlive a container, as those of a volume do.</summary>
public sealed class PodFiles
{
    private readonly Dictionary<string, Map<(bool There, DateTime From)>> files =
        new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTime> ticks = new(StringComparer.Ordinal);
    private readonly HashSet<string> touched = new(StringComparer.Ordinal);

    /// <summary>Makes a file exist from a time on, or not; the pod's probes look then.</summary>
    public void Set(string podUid, string path, bool there, DateTime from)
    {
        files[podUid] = files.GetValueOrDefault(podUid).Set(path, (there, from));
        ticks[podUid] = from;
    }

    /// <summary>Whether a file exists; null when nobody outside said so.</summary>
    public bool? Find(string podUid, string path, DateTime now) => files.Count > 0
        && files.TryGetValue(podUid, out var known) && known.TryGetValue(path, out var set)
        ? set.There == now >= set.From : null;

    /// <summary>True once, when a pod's probes are to look now.</summary>
    public bool TakeTick(string podUid, DateTime now) => ticks.Count > 0
        && ticks.TryGetValue(podUid, out var tick) && tick <= now && ticks.Remove(podUid);

    /// <summary>Somebody ran a command in a pod: what its probes look at may differ.</summary>
    public void Touch(string podUid) => touched.Add(podUid);

    /// <summary>True once, when a pod's probes are to look again at their next tick.</summary>
    public bool TakeTouch(string podUid) => touched.Count > 0 && touched.Remove(podUid);

    internal void Forget(string podUid)
    {
        touched.Remove(podUid);
        if (files.Count > 0)
        {
            files.Remove(podUid);
            ticks.Remove(podUid);
        }
    }
}
