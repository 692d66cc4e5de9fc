namespace KubeSim;

// Replacement (PUT) and patches, of an object or of its status. What is stored changes in one step
// or not at all; a client that read an older version is told so (409) and reads again.
//
// Worked example: two people read version 7. The first writes version 8. The second still says 7
// and is refused; had it said nothing, it would have overwritten the first one's work.
//
// Models staging/src/k8s.io/apiserver/pkg/registry/rest/update.go and .../handlers/patch.go.
public sealed partial class ApiServer
{
    private ApiResponse Update(ApiRequest request)
    {
        var path = request.Path;
        if (path.Name.Length == 0)
        {
            return Refusals.MethodNotAllowed;
        }
        if (RefuseOptions(request, "UpdateOptions") is { } options)
        {
            return options;
        }
        if (Decode(request, out var value) is { } unreadable)
        {
            return unreadable;
        }
        if (Place(path, ref value) is { } misplaced)
        {
            return misplaced;
        }
        var meta = value.Metadata;
        if (!string.Equals(meta.Name, path.Name, StringComparison.Ordinal))
        {
            return WrongName(meta.Name, path.Name);
        }
        if (store.Get(path.Key) is not { } old)
        {
            return strategies[path.Kind].CreatesOnUpdate && path.Subresource is null or ""
                ? Create(request with { Verb = Verb.Update })
                : ApiErrors.NotFound(path.Kind, path.Name);
        }
        if (meta.Uid.Length > 0 && meta.Uid != old.Metadata.Uid)
        {
            return ApiErrors.Conflict(path.Kind, path.Name, "Precondition failed: UID in "
                + $"precondition: {meta.Uid}, UID in object meta: {old.Metadata.Uid}");
        }
        return Replace(request, value, old);
    }

    private ApiResponse Patch(ApiRequest request)
    {
        var path = request.Path;
        if (path.Name.Length == 0)
        {
            return Refusals.MethodNotAllowed;
        }
        if (request.Body is not Payload.Patch patch)
        {
            return Refusals.UnsupportedMediaType;
        }
        if (RefuseOptions(request, "PatchOptions") is { } options)
        {
            return options;
        }
        if (store.Get(path.Key) is not { } old)
        {
            return patch.Kind == PatchKind.Apply && path.Subresource is null or ""
                ? CreateByApply(request, patch)
                : ApiErrors.NotFound(path.Kind, path.Name);
        }
        if (patch.Kind == PatchKind.Apply)
        {
            return Apply(request, patch, old);
        }
        var value = Patched(old, patch);
        return value.Metadata.Name == path.Name
            ? Replace(request, value, old)
            : WrongName(value.Metadata.Name, path.Name);
    }

    /// <summary>Puts a new state in the place of an old one, through all stages.</summary>
    private ApiResponse Replace(
        ApiRequest request, ApiObject value, ApiObject old, FieldManagers? managers = null)
    {
        var strategy = strategies[old.Kind];
        if (RefuseVersion(value.Metadata, old, strategy) is { } stale)
        {
            return stale;
        }
        var status = request.Path.Subresource == "status";
        if (status && request.Body is not Payload.Typed)
        {
            // A decoder fills in defaults wherever an object comes in as text.
            value = strategy.Default(value);
        }
        value = Carry(value, old, strategy, status);
        var admission = new AdmissionRequest(request, Verb.Update, old, store);
        Note("patch or replacement", old.Kind.Name, old, value, null);
        if (!status)
        {
            var sent = value;
            value = strategy.Default(value);
            Note("defaulting", old.Kind.Name, sent, value, null);
        }
        if (Mutate(admission, ref value) is { } notAdmitted)
        {
            return notAdmitted;
        }
        value = status ? value : strategy.Default(value);
        value = Owned(request, value, old, managers);
        if (value.Equals(old))
        {
            return new(200) { Object = old };
        }
        var invalid = RefuseChange(value, old, strategy, status);
        Note("validation", old.Kind.Name, value, value, invalid);
        if (invalid is not null)
        {
            return invalid;
        }
        if (Admit(admission, value) is { } refused)
        {
            return refused;
        }
        var meta = value.Metadata;
        if (!status && meta.Generation is { } count && !strategy.SameDesired(value, old))
        {
            meta = meta with { Generation = count + 1 };
        }
        return Store(request, value, meta, old, strategy);
    }

    private ApiResponse Store(
        ApiRequest request, ApiObject value, ObjectMeta meta, ApiObject old, KindStrategy strategy)
    {
        var goes = meta.DeletionTimestamp is not null && meta.Finalizers.IsEmpty
            && meta.DeletionGracePeriodSeconds is null or 0 && strategy.MayGo(value);
        if (IsDryRun(request))
        {
            return new(200) { Object = value with { Metadata = meta } };
        }
        if (goes)
        {
            // The last finalizer is off. The answer still bears the version that was stored; and
            // watchers see what was stored go, not this update of it, which never was.
            return new(200) { Object = value, Revision = Remove(old) };
        }
        Charge();
        var stored = Put(addresses.Reassign(value, old), meta, old);
        return new(200) { Object = stored, Revision = store.Head };
    }

    // The new state with what a client cannot change carried over from the old one.
    private static ApiObject Carry(
        ApiObject value, ApiObject old, KindStrategy strategy, bool status)
    {
        var meta = MetadataStage.Keep(value.Metadata, old.Metadata);
        if (status && !meta.OwnerReferences.SameAs(old.Metadata.OwnerReferences))
        {
            meta = meta with { OwnerReferences = old.Metadata.OwnerReferences };
        }
        if (status && strategy.StatusKeepsLabels && !meta.Labels.SameAs(old.Metadata.Labels))
        {
            meta = meta with { Labels = old.Metadata.Labels };
        }
        value = ReferenceEquals(meta, value.Metadata) ? value : value with { Metadata = meta };
        return status ? strategy.PrepareStatus(value, old) : strategy.PrepareUpdate(value, old);
    }

    private static Status? RefuseVersion(ObjectMeta meta, ApiObject old, KindStrategy strategy)
    {
        if (meta.ResourceVersion == old.Metadata.ResourceVersion)
        {
            return null;
        }
        if (meta.ResourceVersion != default)
        {
            return ApiErrors.Modified(old.Kind, old.Metadata.Name).Status;
        }
        if (strategy.Unconditional)
        {
            return null;
        }
        var errors = new FieldErrors();
        errors.Invalid("metadata.resourceVersion", 0, "must be specified for an update");
        return errors.ToStatus(old.Kind, old.Metadata.Name);
    }

    private Status? RefuseChange(
        ApiObject value, ApiObject old, KindStrategy strategy, bool status)
    {
        FieldErrors? errors = null;
        if (!ReferenceEquals(value.Metadata, old.Metadata))
        {
            MetadataStage.ValidateUpdate(value.Metadata, old.Metadata, strategy, errors = new());
        }
        if (status)
        {
            strategy.ValidateStatus(value, errors ??= new());
        }
        else
        {
            errors ??= new();
            strategy.Validate(value, errors);
            strategy.ValidateUpdate(value, old, errors);
            ObjectRules.Validate(value, old, errors);
            if (value is Service service)
            {
                addresses.Check(service, (Service)old, errors);
            }
        }
        return errors is { Any: true } ? errors.ToStatus(old.Kind, old.Metadata.Name) : null;
    }

    private static Status WrongName(string given, string asked) => given.Length == 0
        ? ApiErrors.BadRequest($"the name of the object ({asked} based on URL) was undeterminable: "
            + "name must be provided").Status
        : ApiErrors.BadRequest($"the name of the object ({given}) does not match the name on the "
            + $"URL ({asked})").Status;
}
