namespace KubeSim;

// A key's own history: what it went through, newest first.
public sealed partial class EtcdStore
{
    /// <summary>The latest change of a key at or before a revision; null when none is
    /// known.</summary>
    public WatchEvent? LastChange(in ObjectKey key, Revision atOrBefore)
    {
        var version = Entry(key)?.Newest;
        while (version is not null && version.From > atOrBefore.Value)
        {
            version = version.Previous;
        }
        var known = version is not null && version.From >= log.First;
        return known && TryLog(new(version!.From), out var e) ? e : null;
    }
}
