using System.Globalization;

namespace KubeSim;

// Reading: one object, a list, a list in pages. A list shows one revision; its pages all show the
// revision of the first, which is kept for them. A client may ask for a revision:
// "not older than" waits in the real server and fails here, since time does not pass in a request.
//
// Models staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go.
public sealed partial class ApiServer
{
    // Pages that may still be asked for keep their revision; of these many lists the oldest goes.
    private const int KeptLists = 64;

    private readonly Queue<Pin> pages = new();

    private ApiResponse Get(ApiRequest request)
    {
        var path = request.Path;
        if (path.Name.Length == 0)
        {
            return Refusals.MethodNotAllowed;
        }
        if (RefuseRevision(request.Query.ResourceVersion, out _) is { } refusal)
        {
            return refusal;
        }
        CheckFresh(request.Query);
        return store.Get(path.Key) is { } found
            ? new ApiResponse(200) { Object = found }
            : ApiErrors.NotFound(path.Kind, path.Name);
    }

    private ApiResponse List(ApiRequest request)
    {
        var (path, query) = (request.Path, request.Query);
        if (Selecting.TryRead(path, query, out var selecting) is { } unreadable)
        {
            return unreadable;
        }
        if (RefuseListOptions(query, watch: false) is { } options)
        {
            return options;
        }
        if (RefuseRevision(query.ResourceVersion, out var asked) is { } refusal)
        {
            return refusal;
        }
        CheckFresh(query);
        ObjectKey? after = null;
        var at = IsExact(query, asked) ? asked : store.Head;
        if (query.Continue is { Length: > 0 } token)
        {
            if (asked != default)
            {
                return ApiErrors.BadRequest(
                    "specifying resource version is not allowed when using continue");
            }
            if (ContinueToken.TryRead(token, path, out var start, out after) is { } bad)
            {
                return bad;
            }
            at = start == default ? store.Head : start;
        }
        if (at < store.Oldest || at < store.Compacted)
        {
            return after is { } key
                ? Refusals.ContinueTooOld(ContinueToken.Write(null, key,
                    path.Namespace is { Length: > 0 }))
                : Refusals.ListTooOld;
        }
        return Page(path, query, selecting, at, after);
    }

    // resourceVersion=0 is answered from the watch cache, whatever etcd does; anything else has to
    // be as new as etcd's newest.
    private void CheckFresh(Query query)
    {
        if (query.ResourceVersion != "0")
        {
            store.Members?.CheckRead();
        }
    }

    private ApiResponse Page(
        ResourcePath path, Query query, Selecting selecting, Revision at, ObjectKey? after)
    {
        var items = new List<ApiObject>();
        var ns = path.Namespace is { Length: > 0 } one ? one : null;
        // What remains is counted on the first page only: pages are to cost what they show.
        var counts = after is null && selecting.IsEverything;
        var (more, next) = (0L, (string?)null);
        foreach (var item in selecting.Candidates(store, ns, at, after))
        {
            if (!selecting.Matches(item))
            {
                continue;
            }
            if (query.Limit > 0 && items.Count == query.Limit)
            {
                more++;
                if (!counts)
                {
                    break;
                }
                continue;
            }
            items.Add(item);
        }
        if (more > 0)
        {
            next = ContinueToken.Write(at, items[^1].Key, ns is not null);
            KeepForPages(at);
        }
        return new(200)
        {
            Items = items,
            List = new(at, next, more > 0 && counts ? more : null),
        };
    }

    private void KeepForPages(Revision at)
    {
        pages.Enqueue(store.Pin(at));
        if (pages.Count > KeptLists)
        {
            pages.Dequeue().Dispose();
        }
    }

    private ApiResponse OpenWatch(ApiRequest request)
    {
        var query = request.Query;
        if (Selecting.TryRead(request.Path, query, out var selecting) is { } unreadable)
        {
            return unreadable;
        }
        if (RefuseListOptions(query, watch: true) is { } options)
        {
            return options;
        }
        if (RefuseRevision(query.ResourceVersion, out var from) is { } refusal)
        {
            return refusal;
        }
        if (from != default && (from < store.Compacted || from < store.Oldest))
        {
            return Refusals.WatchTooOld(query.ResourceVersion!, store.Compacted);
        }
        return new(200) { Watch = new Watch(store, request.Path, selecting, from, query) };
    }

    // The revision that a query names, 0 for none; refused when it is none or yet to come.
    private Status? RefuseRevision(string? text, out Revision revision)
    {
        revision = default;
        if (string.IsNullOrEmpty(text) || text == "0")
        {
            return null;
        }
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return Refusals.BadVersion(text);
        }
        revision = new(value);
        return revision > store.Head ? Refusals.VersionTooLarge(text, store.Head) : null;
    }

    // Which options of a list or a watch go together.
    private static Status? RefuseListOptions(Query query, bool watch)
    {
        var match = query.ResourceVersionMatch is { Length: > 0 } given ? given : null;
        if (match is null && query.SendInitialEvents is null)
        {
            return null;
        }
        const string at = "resourceVersionMatch";
        var errors = new FieldErrors();
        void Forbid(bool wrong, string why)
        {
            if (wrong)
            {
                errors.Forbidden(at, why);
            }
        }
        var (version, continues) = (query.ResourceVersion ?? "",
            match is not null && query.Continue is { Length: > 0 });
        Forbid(!watch && match is not null && version.Length == 0,
            $"{at} is forbidden unless resourceVersion is provided");
        Forbid(watch && query.SendInitialEvents is not null && match != "NotOlderThan",
            $"sendInitialEvents requires setting {at} to NotOlderThan");
        Forbid(watch && match is not null && query.SendInitialEvents is null,
            $"{at} is forbidden for watch unless sendInitialEvents is provided");
        Forbid(!watch && continues, $"{at} is forbidden when continue is provided");
        errors.OneOf(at, match, watch ? ["NotOlderThan"] : ["Exact", "NotOlderThan", ""]);
        Forbid(watch && continues, $"{at} is forbidden when continue is provided");
        Forbid(!watch && match == "Exact" && version == "0",
            $"{at} \"exact\" is forbidden for resourceVersion \"0\"");
        if (!watch && query.SendInitialEvents is not null)
        {
            errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
        return errors.Any ? errors.ToStatus("ListOptions", "meta.k8s.io", "") : null;
    }

    // A page of an old list is exact even where nobody says so, as before there were matches.
    private static bool IsExact(Query query, Revision asked) => asked != default
        && (query.ResourceVersionMatch == "Exact"
            || (query.Limit > 0 && string.IsNullOrEmpty(query.ResourceVersionMatch)));
}
