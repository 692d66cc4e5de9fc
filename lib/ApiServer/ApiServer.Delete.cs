namespace KubeSim;

// Deletion has up to three acts. Without grace and finalizers an object goes at once. With grace (a
// pod on a node: 30 s unless its spec says otherwise) it is first marked: deletionTimestamp = now +
// grace; the kubelet ends the containers and deletes again with a grace of 0. With finalizers it
// stays marked until the last one is taken off, which is an update (see ApiServer.Update.cs).
//
// Models staging/src/k8s.io/apiserver/pkg/registry/{rest/delete.go,generic/registry/store.go}.
public sealed partial class ApiServer
{
    private static readonly string[] propagations = ["Foreground", "Background", "Orphan", "nil"];

    private ApiResponse Delete(ApiRequest request)
    {
        var path = request.Path;
        if (path.Name.Length == 0)
        {
            return Refusals.MethodNotAllowed;
        }
        if (RefuseDelete(request) is { } options)
        {
            return options;
        }
        if (store.Get(path.Key) is not { } old)
        {
            return ApiErrors.NotFound(path.Kind, path.Name);
        }
        if (Admit(new(request, Verb.Delete, old, store), null) is { } refused)
        {
            return refused;
        }
        return Delete(request, old);
    }

    private ApiResponse DeleteCollection(ApiRequest request)
    {
        if (RefuseDelete(request) is { } options)
        {
            return options;
        }
        var listed = List(request with { Verb = Verb.List });
        if (!listed.IsSuccess)
        {
            return listed;
        }
        var before = store.Head;
        foreach (var item in listed.Items!)
        {
            var answer = Delete(request with
            {
                Verb = Verb.Delete,
                Path = ResourcePath.Of(item.Key),
            });
            if (!answer.IsSuccess && answer.Code != 404)
            {
                return answer;
            }
        }
        return listed with { Revision = store.Head > before ? store.Head : default };
    }

    private ApiResponse Delete(ApiRequest request, ApiObject old)
    {
        var options = request.Delete ?? DeleteOptions.None;
        var meta = old.Metadata;
        if (options.Uid is { } uid && uid != meta.Uid)
        {
            return Refusals.WrongUid(old.Kind, meta.Name, uid, meta.Uid);
        }
        if (options.ResourceVersion is { } version && version != $"{meta.ResourceVersion}")
        {
            return Refusals.WrongVersion(old.Kind, meta.Name, version, meta.ResourceVersion);
        }
        var strategy = strategies[old.Kind];
        if (meta.DeletionTimestamp is null && strategy.Marked(old, now()) is { } own)
        {
            var last = IsDryRun(request) ? own : Put(own, own.Metadata, old);
            return new(200) { Object = last, Revision = IsDryRun(request) ? default : store.Head };
        }
        var grace = strategy.Grace(old, options.GracePeriodSeconds);
        var (marked, pending) = Mark(meta, grace is > int.MaxValue ? int.MaxValue : grace, options);
        if (pending)
        {
            return new(200) { Object = old };
        }
        var finalizers = Propagate(marked.Finalizers, options.PropagationPolicy);
        var held = !finalizers.IsEmpty || !strategy.MayGo(old);
        var graceful = !ReferenceEquals(marked, meta);
        marked = held && !graceful ? Terminating(marked, strategy) : marked;
        marked = finalizers.SameAs(marked.Finalizers)
            ? marked
            : marked with { Finalizers = finalizers };
        return IsDryRun(request) ? Answer(old with { Metadata = marked }, strategy, held)
            : End(old, marked, strategy, held, graceful);
    }

    // Writes what a deletion decided: the mark, and the end when nothing holds it up.
    private ApiResponse End(
        ApiObject old, ObjectMeta marked, KindStrategy strategy, bool held, bool graceful)
    {
        var last = old;
        if ((graceful || held) && !ReferenceEquals(marked, old.Metadata))
        {
            last = Put(strategy.PrepareDelete(old), marked, old);
        }
        if (held || (graceful && marked.DeletionGracePeriodSeconds > 0))
        {
            return new(200) { Object = last, Revision = store.Head };
        }
        var revision = Remove(last);
        return Answer(last, strategy, held) with { Revision = revision };
    }

    private static ApiResponse Answer(ApiObject last, KindStrategy strategy, bool held) =>
        held || strategy.ReturnsDeleted
            ? new ApiResponse(200) { Object = last }
            : Refusals.Deleted(last);

    // The metadata with the mark of a graceful deletion, the same reference for kinds without
    // grace; pending when an earlier deletion gives as little grace already.
    private (ObjectMeta Marked, bool Pending) Mark(
        ObjectMeta meta, long? grace, DeleteOptions options)
    {
        if (meta is { DeletionTimestamp: { } end, DeletionGracePeriodSeconds: { } given })
        {
            // Grace can only be shortened. Without finalizers a mark without grace goes on at once.
            var shorter = options.GracePeriodSeconds is { } asked && grace is not null
                && asked < given;
            return !shorter ? (meta, true) : (meta with
            {
                DeletionTimestamp = end + TimeSpan.FromSeconds(grace!.Value - given),
                DeletionGracePeriodSeconds = grace,
            }, false);
        }
        return meta.DeletionTimestamp is not null || grace is null ? (meta, false) : (meta with
        {
            DeletionTimestamp = (Time)now() + TimeSpan.FromSeconds(grace.Value),
            DeletionGracePeriodSeconds = grace,
            Generation = meta.Generation + 1,
        }, false);
    }

    // The mark of an object that finalizers hold.
    private ObjectMeta Terminating(ObjectMeta meta, KindStrategy strategy) =>
        meta.DeletionTimestamp is not null ? meta : meta with
        {
            DeletionTimestamp = now(),
            DeletionGracePeriodSeconds = strategy.MarksGrace ? 0 : null,
            Generation = meta.Generation + 1,
        };

    // The finalizers after a policy: the garbage collector takes its own off when it is done.
    private static Seq<string> Propagate(Seq<string> finalizers, string? policy)
    {
        if (policy is null)
        {
            return finalizers;
        }
        var others = finalizers.RemoveAll(static name => name is "orphan" or "foregroundDeletion");
        return policy switch
        {
            "Orphan" => others.Add("orphan"),
            "Foreground" => others.Add("foregroundDeletion"),
            _ => others,
        };
    }

    private static Status? RefuseDelete(ApiRequest request)
    {
        if (RefuseOptions(request, "DeleteOptions") is { } refusal)
        {
            return refusal;
        }
        var policy = request.Delete?.PropagationPolicy;
        if (policy is null or "Background" or "Foreground" or "Orphan")
        {
            return null;
        }
        var errors = new FieldErrors();
        errors.NotSupported("propagationPolicy", FieldErrors.Quote(policy), propagations);
        return errors.ToStatus("DeleteOptions", "meta.k8s.io", "");
    }
}
