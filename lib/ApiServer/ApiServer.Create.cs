namespace KubeSim;

// Creation. The order of refusals is the real server's: unreadable body, wrong namespace,
// admission, invalid fields, name taken. Only then is anything drawn from the seed.
//
// Models staging/src/k8s.io/apiserver/pkg/registry/rest/create.go.
public sealed partial class ApiServer
{
    private const int NameTries = 8;

    private ApiResponse Create(ApiRequest request)
    {
        var path = request.Path;
        if (path.Name.Length > 0 && request.Verb == Verb.Create)
        {
            return Refusals.MethodNotAllowed;
        }
        if (RefuseOptions(request, "CreateOptions") is { } options)
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
        var strategy = strategies[path.Kind];
        var admission = new AdmissionRequest(request, Verb.Create, null, store);
        var sent = value;
        value = strategy.Default(value);
        Note("defaulting", path.Kind.Name, sent, value, null);
        if (Mutate(admission, ref value) is { } notAdmitted)
        {
            return notAdmitted;
        }
        // Once more: what a rule added may lack what has a default.
        value = strategy.PrepareCreate(strategy.Default(value));
        var invalid = RefuseNew(value, strategy);
        Note("validation", path.Kind.Name, value, value, invalid);
        if (invalid is not null)
        {
            return invalid;
        }
        if (Admit(admission, value) is { } refused)
        {
            return refused;
        }
        return Store(request, value, strategy);
    }

    /// <summary>The namespace that the path says, where the object says none.</summary>
    private static Status? Place(in ResourcePath path, ref ApiObject value)
    {
        var meta = value.Metadata;
        if (string.Equals(meta.Namespace, path.Namespace, StringComparison.Ordinal))
        {
            return null;
        }
        if (meta.Namespace.Length > 0)
        {
            return Refusals.WrongNamespace;
        }
        value = value with { Metadata = meta with { Namespace = path.Namespace } };
        return null;
    }

    private Status? RefuseNew(ApiObject value, KindStrategy strategy)
    {
        var errors = new FieldErrors();
        MetadataStage.Validate(value.Metadata, strategy, errors);
        strategy.Validate(value, errors);
        ObjectRules.Validate(value, null, errors);
        if (value is Service service)
        {
            addresses.Check(service, null, errors);
        }
        var meta = value.Metadata;
        var shown = meta.Name.Length > 0 ? meta.Name : meta.GenerateName ?? "";
        return errors.Any ? errors.ToStatus(value.Kind, shown)
            : meta.ResourceVersion != default ? Refusals.VersionOnCreate
            : null;
    }

    private ApiResponse Store(ApiRequest request, ApiObject value, KindStrategy strategy)
    {
        var (kind, meta) = (value.Kind, value.Metadata);
        if (meta.Name.Length > 0 && store.Get(value.Key) is not null)
        {
            return ApiErrors.AlreadyExists(kind, meta.Name);
        }
        var dry = IsDryRun(request);
        var name = meta.Name.Length > 0 ? meta.Name
            : dry ? MetadataStage.Generated(meta.GenerateName!, "xxxxx")
            : NewName(kind, meta);
        if (name is null)
        {
            return Refusals.NoUniqueName(kind, meta.GenerateName!);
        }
        meta = meta with
        {
            Name = name,
            Uid = dry ? "" : random.NewUid(),
            CreationTimestamp = now(),
            DeletionTimestamp = null,
            DeletionGracePeriodSeconds = null,
            Generation = strategy.HasGeneration(kind) ? 1 : null,
        };
        if (dry)
        {
            return new(201) { Object = value with { Metadata = meta } };
        }
        Charge();
        value = strategy.Identified(addresses.Assign(value), ref meta);
        var stored = Put(value, meta, null);
        return new(201) { Object = stored, Revision = store.Head };
    }

    // A generated name that nobody has; null when chance fails eight times.
    private string? NewName(Kind kind, ObjectMeta meta)
    {
        for (var tries = 0; tries < NameTries; tries++)
        {
            var name = MetadataStage.Generated(meta.GenerateName!, random.NameSuffix());
            if (store.Get(new ObjectKey(kind, meta.Namespace, name)) is null)
            {
                return name;
            }
        }
        return null;
    }
}
