using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Who owns what. A controller owns the objects that name it as their managing owner; it adopts
/// those that its selector matches and nobody manages, and it lets go of those that it manages and
/// its selector no longer matches. Take the label <c>app=web</c> off a pod: it is released and
/// lives on, and a replacement is made. Put it back: the pod is adopted, and one pod is too many.
/// Models pkg/controller/controller_ref_manager.go.
/// </summary>
internal static class ControllerRefs
{
    /// <summary>The reference by which an object names the one that manages it.</summary>
    public static OwnerReference To(ApiObject owner) => new()
    {
        ApiVersion = owner.Kind.ApiVersion, Kind = owner.Kind.Name, Name = owner.Metadata.Name,
        Uid = owner.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
    };

    /// <summary>The key of the object that manages another, when it is of a kind.</summary>
    public static ObjectKey? KeyOf(ApiObject? o, Kind kind) =>
        o?.ControllerOwner is { } owner && owner.Kind == kind.Name
            ? new(kind, kind.Namespaced ? o.Metadata.Namespace : "", owner.Name)
            : null;

    /// <summary>Takes an object for an owner, if it is his or becomes his now. What is adopted gets
    /// the finalizer, if there is one; what is released loses it.</summary>
    /// <returns>True when the owner manages it.</returns>
    /// <exception cref="ApiException">Adopting or releasing it failed.</exception>
    public static bool Claim(ApiObject owner, LabelSelector? selector, ApiObject o,
        ReconcileContext api, string? finalizer = null)
    {
        var matches = selector.Matches(o.Metadata.Labels);
        if (o.ControllerOwner is { } managing)
        {
            if (managing.Uid != owner.Metadata.Uid || matches)
            {
                return managing.Uid == owner.Metadata.Uid;
            }
            if (!owner.IsTerminating)
            {
                Release(owner, o, api, finalizer);
            }
            return false;
        }
        return matches && !owner.IsTerminating && !o.IsTerminating
            && MayAdopt(owner, api) && Adopt(owner, o, api, finalizer);
    }

    // The cache may not know yet that the owner is being deleted: a look at the live object says.
    private static bool MayAdopt(ApiObject owner, ReconcileContext api)
    {
        var path = new ResourcePath(owner.Kind, owner.Metadata.Namespace, owner.Metadata.Name);
        var live = api.Send(new(Verb.Get, path)).Object!;
        return live.Metadata.Uid == owner.Metadata.Uid && !live.IsTerminating;
    }

    private static bool Adopt(
        ApiObject owner, ApiObject o, ReconcileContext api, string? finalizer)
    {
        var to = To(owner);
        return Patch(o, api, "finalizers", finalizer, new JsonObject
        {
            ["apiVersion"] = to.ApiVersion, ["kind"] = to.Kind, ["name"] = to.Name,
            ["uid"] = to.Uid, ["controller"] = true, ["blockOwnerDeletion"] = true,
        });
    }

    private static void Release(
        ApiObject owner, ApiObject o, ReconcileContext api, string? finalizer) =>
        Patch(o, api, "$deleteFromPrimitiveList/finalizers", finalizer,
            new JsonObject { ["$patch"] = "delete", ["uid"] = owner.Metadata.Uid });

    // The UID makes sure that the patch meets the object that was looked at. One that is gone, or
    // another of its name (422), is none of ours.
    private static bool Patch(ApiObject o, ReconcileContext api, string list, string? finalizer,
        JsonObject reference)
    {
        var metadata = new JsonObject
        {
            ["uid"] = o.Metadata.Uid, ["ownerReferences"] = new JsonArray(reference),
        };
        if (finalizer is not null)
        {
            metadata[list] = new JsonArray(finalizer);
        }
        try
        {
            api.Patch(o.Key, new(PatchKind.StrategicMerge,
                new JsonObject { ["metadata"] = metadata }));
            return true;
        }
        catch (ApiException refused) when (refused.IsNotFound || refused.Status.Code == 422)
        {
            return false;
        }
    }
}
