using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Deletes what has lost all of its owners. An object names its owners by UID; when a Deployment
/// goes, its ReplicaSets have no owner left and go too, and then their pods.
/// <para>It watches every kind that can own or be owned and keeps the graph of who depends on whom.
/// There are three ways to delete an owner:</para>
/// <para><b>Background</b> (the default): the owner goes at once, its dependents afterwards, one
/// level after the other.</para>
/// <para><b>Foreground</b>: the owner gets the finalizer <c>foregroundDeletion</c> and stays until
/// every dependent that says <c>blockOwnerDeletion</c> is gone. Dependents that have dependents of
/// their own go the same way: Deployment, ReplicaSet and Pod are marked from the top down and
/// vanish from the bottom up.</para>
/// <para><b>Orphan</b>: the finalizer <c>orphan</c> holds the owner until it has been taken off its
/// dependents' owner references; they live on without it.</para>
/// <para>Nothing is deleted on hearsay. An owner that the cache does not show is asked for at the
/// API server; an object of the same name with another UID is not the owner; and the deletion
/// itself says which version of the object it means.</para>
/// Events are not watched, nor are Leases, which live and die with their node.
/// Models pkg/controller/garbagecollector/garbagecollector.go.
/// </summary>
public sealed class GarbageCollector : IReconciler
{
    /// <summary>The finalizer that holds an owner until its dependents are gone.</summary>
    public const string Foreground = "foregroundDeletion";

    /// <summary>The finalizer that holds an owner until its dependents are let go.</summary>
    public const string Orphan = "orphan";

    // Owners before what they own, so that a first list meets no strangers.
    private static readonly Seq<Kind> last =
        [Kinds.Job, Kinds.ReplicaSet, Kinds.ControllerRevision, Kinds.EndpointSlice, Kinds.Pod];

    private readonly OwnerGraph graph = new();

    // Owners whose dependents were let go, and the version that was read after that.
    private readonly Dictionary<ObjectKey, ApiObject?> lettingGo = [];

    /// <inheritdoc/>
    public string Name => "generic-garbage-collector";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [
        .. KindRegistry.BuiltIn.All.Where(IsCollected).Concat(last)
            .Select(kind => new Watched(kind)),
    ];

    /// <inheritdoc/>
    public int Workers => 20;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        graph.Observe(e, queue);
        if (e.New is null && e.Key.Kind.Equals(Kinds.Node))
        {
            // A node's Lease is watched by nobody.
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not { } item)
        {
            lettingGo.Remove(key);
            return key.Kind.Equals(Kinds.Node) ? DeleteLease(key, api) : Result.Done;
        }
        var meta = item.Metadata;
        if (item.IsTerminating && OwnerGraph.Has(meta, Foreground))
        {
            return Await(item, api);
        }
        if (item.IsTerminating)
        {
            return OwnerGraph.Has(meta, Orphan) ? LetGo(item, api) : Result.Done;
        }
        return meta.OwnerReferences.IsEmpty ? Result.Done : Collect(item, api);
    }

    /// <summary>The key of an owner; null when its kind is unknown.</summary>
    internal static ObjectKey? KeyOf(OwnerReference owner, string ns) =>
        KindRegistry.BuiltIn.Find(owner.ApiVersion, owner.Kind) is { } kind
            ? new(kind, kind.Namespaced ? ns : "", owner.Name) : null;

    private static bool IsCollected(Kind kind) => !last.AsSpan().Contains(kind)
        && !kind.Equals(Kinds.Lease) && kind.Name != "Event"
        && kind.Takes("list") && kind.Takes("watch") && kind.Takes("delete");

    /// <summary>Decides by its owners what becomes of an object.</summary>
    private Result Collect(ApiObject item, ReconcileContext api)
    {
        var (solid, waiting) = (0, 0);
        var gone = new List<string>();
        foreach (var owner in item.Metadata.OwnerReferences)
        {
            switch (Look(owner, item, api))
            {
                case OwnerState.Solid:
                    solid++;
                    break;
                case OwnerState.Waiting:
                    waiting++;
                    gone.Add(owner.Uid);
                    break;
                default:
                    gone.Add(owner.Uid);
                    break;
            }
        }
        if (gone.Count == 0)
        {
            return Result.Done;
        }
        if (solid > 0)
        {
            // Somebody still needs it: only the references to the others go.
            return DropOwners(item, gone, api);
        }
        var policy = waiting > 0 && graph.HasDependents(item.Metadata.Uid) ? "Foreground"
            : OwnerGraph.Has(item.Metadata, Orphan) ? "Orphan"
            : OwnerGraph.Has(item.Metadata, Foreground) ? "Foreground"
            : "Background";
        return Delete(item, policy, api);
    }

    private enum OwnerState
    {
        Solid,
        Waiting,
        Absent,
    }

    private OwnerState Look(OwnerReference owner, ApiObject item, ReconcileContext api)
    {
        var ns = item.Metadata.Namespace;
        if (graph.IsElsewhere(owner.Uid, ns))
        {
            api.Event(item, "Warning", "OwnerRefInvalidNamespace",
                "ownerRef [{0}/{1}, namespace: {2}, name: {3}, uid: {4}] does not exist in "
                + "namespace \"{2}\"", owner.ApiVersion, owner.Kind, ns, owner.Name, owner.Uid);
        }
        if (KeyOf(owner, ns) is not { } key || (key.Kind.Namespaced && !item.Kind.Namespaced))
        {
            // Nobody can tell whether such an owner exists: nothing is deleted for it.
            return OwnerState.Solid;
        }
        if (graph.IsGone(key, owner.Uid))
        {
            return OwnerState.Absent;
        }
        var found = api.Get(key);
        if (found?.Metadata.Uid != owner.Uid)
        {
            found = Live(key, api);
        }
        return found?.Metadata.Uid != owner.Uid ? OwnerState.Absent
            : found.IsTerminating && OwnerGraph.Has(found.Metadata, Foreground)
                ? OwnerState.Waiting : OwnerState.Solid;
    }

    private static ApiObject? Live(ObjectKey key, ReconcileContext api)
    {
        try
        {
            return api.Send(new(Verb.Get, ResourcePath.Of(key))).Object;
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            return null;
        }
    }

    private static Result Delete(ApiObject item, string policy, ReconcileContext api)
    {
        try
        {
            api.Delete(item.Key, new()
            {
                PropagationPolicy = policy,
                Uid = item.Metadata.Uid,
                ResourceVersion = item.Metadata.ResourceVersion.ToString(),
            });
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // Somebody was faster.
        }
        return Result.Done;
    }

    /// <summary>An owner that goes in the foreground goes when nothing holds it up.</summary>
    private Result Await(ApiObject owner, ReconcileContext api)
    {
        var blocking = graph.Blocking(owner.Metadata.Uid);
        if (blocking.Length == 0)
        {
            return RemoveFinalizer(owner, Foreground, api);
        }
        return Result.Done;
    }

    /// <summary>Takes an owner off its dependents, reads it, and lets it go: three steps, since
    /// others see the first and answer it before the last.</summary>
    private Result LetGo(ApiObject owner, ReconcileContext api)
    {
        var key = owner.Key;
        if (!lettingGo.TryGetValue(key, out var read))
        {
            foreach (var dependentKey in graph.Dependents(owner.Metadata.Uid))
            {
                if (api.Get(dependentKey) is { } dependent
                    && dependent.IsOwnedBy(owner.Metadata.Uid))
                {
                    DropOwners(dependent, [owner.Metadata.Uid], api);
                }
            }
            lettingGo.Add(key, null);
            api.After(TimeSpan.Zero, key);
        }
        else if (read is not null)
        {
            lettingGo[key] = null;
            RemoveFinalizer(read, Orphan, api);
            lettingGo.Remove(key);
        }
        else if (Live(key, api) is { } now && now.Metadata.Uid == owner.Metadata.Uid)
        {
            lettingGo[key] = now;
            api.After(TimeSpan.Zero, key);
        }
        else
        {
            lettingGo.Remove(key);
        }
        return Result.Done;
    }

    private static Result DropOwners(ApiObject item, List<string> uids, ReconcileContext api)
    {
        var kept = item.Metadata.OwnerReferences.RemoveAll(owner => uids.Contains(owner.Uid));
        try
        {
            api.Patch(item.Key, MetadataPatch(item, "ownerReferences",
                kept.IsEmpty ? null : Json.Encode(item with
                {
                    Metadata = item.Metadata with { OwnerReferences = kept },
                })["metadata"]!["ownerReferences"]!.DeepClone()));
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // Gone with all of its owners.
        }
        return Result.Done;
    }

    private static Result RemoveFinalizer(ApiObject owner, string finalizer, ReconcileContext api)
    {
        var kept = owner.Metadata.Finalizers.RemoveAll(name => name == finalizer);
        var names = new JsonArray();
        foreach (var name in kept)
        {
            names.Add(name);
        }
        try
        {
            api.Patch(owner.Key, MetadataPatch(owner, "finalizers", kept.IsEmpty ? null : names));
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // Somebody was faster.
        }
        return Result.Done;
    }

    // A patch that names the version which it means, so that it cannot undo somebody's change.
    private static Payload.Patch MetadataPatch(ApiObject item, string field, JsonNode? value) =>
        new(PatchKind.Merge, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = item.Metadata.Uid,
                ["resourceVersion"] = item.Metadata.ResourceVersion.ToString(),
                [field] = value,
            },
        });

    private static Result DeleteLease(ObjectKey node, ReconcileContext api)
    {
        if (api.Get<Lease>("kube-node-lease", node.Name) is { } lease
            && lease.Metadata.OwnerReferences.Any(owner => owner.Kind == node.Kind.Name))
        {
            Delete(lease, "Background", api);
        }
        return Result.Done;
    }
}
