namespace KubeSim;

/// <summary>
/// What a controller last wrote for each object that it works on, until its caches show it. A
/// controller that acts before it sees its own writes acts on the past: it deletes the pod web-2
/// that it has just made anew, since its cache still shows the one before. So it passes over an
/// object until then; what it waits for wakes it.
/// <para>A write whose answer was lost is not known here.</para>
/// Models pkg/controller/util/consistency/.
/// </summary>
internal sealed class WriteMemory
{
    private readonly Dictionary<ObjectKey, List<(Kind Kind, Revision At)>> written = [];

    /// <summary>Remembers the last write, whose answer has come.</summary>
    public void Note(ObjectKey owner, ReconcileContext api)
    {
        var change = api.Changes[^1];
        if (change.Revision.Value == 0)
        {
            return;
        }
        if (!written.TryGetValue(owner, out var last))
        {
            written.Add(owner, last = []);
        }
        last.RemoveAll(w => w.Kind.Equals(change.Key.Kind));
        last.Add((change.Key.Kind, change.Revision));
    }

    /// <summary>True when the caches show all that was written.</summary>
    public bool AreSeen(ObjectKey owner, ReconcileContext api)
    {
        if (written.TryGetValue(owner, out var last))
        {
            last.RemoveAll(w => api.Cursor(w.Kind) >= w.At);
        }
        return last is not { Count: > 0 };
    }

    /// <summary>The object is gone.</summary>
    public void Forget(ObjectKey owner) => written.Remove(owner);
}
