namespace KubeSim;

/// <summary>
/// The changes of a kind, pulled one by one. A watch reads the log at a cursor of its own and holds
/// a pin there, so that what it has not read yet is not forgotten. It starts after a revision; from
/// 0 it starts with an ADDED for every object that there is.
/// <para>Selectors turn the log's changes into those of the selected set: an object whose label
/// stops matching is DELETED for this watcher, as it last matched; one that starts matching is
/// ADDED.</para>
/// Models staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go.
/// </summary>
public sealed class Watch : IDisposable
{
    private readonly EtcdStore store;
    private readonly ResourcePath path;
    private readonly Selecting selecting;
    private readonly Pin pin;
    private readonly Queue<ApiObject> first = new();
    private bool marksStart;

    internal Watch(
        EtcdStore store, in ResourcePath path, Selecting selecting, Revision from, Query query)
    {
        (this.store, this.path, this.selecting) = (store, path, selecting);
        var initial = query.SendInitialEvents ?? (from == default);
        marksStart = query is { SendInitialEvents: true, AllowWatchBookmarks: true };
        At = from == default || initial ? store.Head : from;
        pin = store.Pin(At);
        if (initial)
        {
            foreach (var value in store.List(path.Kind, Namespace, At))
            {
                if (IsMine(value))
                {
                    first.Enqueue(value);
                }
            }
        }
    }

    /// <summary>The revision up to which the watch has read.</summary>
    public Revision At { get; private set; }

    /// <summary>Why the server ended the watch, such as 410 when the history that it stood in was
    /// compacted away; null while it lives.</summary>
    public Status? Ended { get; private set; }

    private string? Namespace => path.Namespace is { Length: > 0 } one ? one : null;

    /// <summary>The next change, if there is one by now.</summary>
    public bool TryNext(out WatchEvent change)
    {
        if (first.TryDequeue(out var value))
        {
            change = new(value.Metadata.ResourceVersion, value.Key, null, value);
            return true;
        }
        if (marksStart)
        {
            marksStart = false;
            change = Bookmark(("k8s.io/initial-events-end", "true"));
            return true;
        }
        change = default;
        if (Ended is null && At < store.Compacted)
        {
            End(Refusals.WatchTooOld($"{At}", store.Compacted));
        }
        while (Ended is null && At < store.Head)
        {
            At = At.Next;
            var found = path.Kind.Equals(store.LogKind(At)) && store.TryLog(At, out change)
                && Translate(ref change);
            pin.MoveTo(At);
            if (found)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>How far the watch has read, as an event: what a server sends about once a minute
    /// to a client that allows bookmarks, so that it can start again there.</summary>
    public WatchEvent Bookmark(params ReadOnlySpan<(string, string)> annotations)
    {
        var mark = Json.Decode(new System.Text.Json.Nodes.JsonObject(), path.Kind);
        return new(At, new(path.Kind, "", ""), null, mark with
        {
            Metadata = new() { ResourceVersion = At, Annotations = Map.Of(annotations) },
        });
    }

    /// <summary>Ends the watch from the server's side.</summary>
    public void End(Status why)
    {
        Ended ??= why;
        pin.Dispose();
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => pin.Dispose();

    // The change as this watcher sees it; false when it concerns it neither before nor after.
    private bool Translate(ref WatchEvent change)
    {
        var was = change.Old is { } old && IsMine(old);
        if (change.New is not { } now)
        {
            return was;
        }
        var isNow = IsMine(now);
        if (was && !isNow)
        {
            var last = change.Old!;
            last = last with { Metadata = last.Metadata with { ResourceVersion = change.At } };
            change = change with { Old = last, New = null };
        }
        else if (isNow && !was)
        {
            change = change with { Old = null };
        }
        return was || isNow;
    }

    private bool IsMine(ApiObject value) =>
        (path.Namespace is null or "" || value.Metadata.Namespace == path.Namespace)
        && (path.Name is null or "" || value.Metadata.Name == path.Name)
        && selecting.Matches(value);
}
