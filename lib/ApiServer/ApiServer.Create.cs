namespace KubeSim;

// Creation. The order of refusals is the real server's: unreadable body, wrong namespace, the rules
// that may change the object, invalid fields, the rules that may only refuse it, name taken. A
// generated name is drawn before the fields are looked at, so that every later refusal can say
// which object it means; all else is drawn from the seed only when nothing refuses.
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
        if (request.Body is not Payload.Typed)
        {
            value = WithManagers(value, null);
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
        value = Named(request, strategy.PrepareCreate(strategy.Default(value)), out var prefix);
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
        return Store(request, value, strategy, prefix);
    }

    /// <summary>Gives an object the name that is to be made from a prefix; null as the prefix when
    /// it brings its own.</summary>
    private ApiObject Named(ApiRequest request, ApiObject value, out string? prefix)
    {
        var meta = value.Metadata;
        prefix = meta.Name.Length == 0 && meta.GenerateName is { Length: > 0 } given ? given : null;
        if (prefix is null)
        {
            return value;
        }
        var dry = IsDryRun(request);
        for (var tries = 1; ; tries++)
        {
            var name = MetadataStage.Generated(prefix, dry ? "xxxxx" : random.NameSuffix());
            var named = value with { Metadata = meta with { Name = name } };
            if (dry || tries == NameTries || store.Get(named.Key) is null)
            {
                return named;
            }
        }
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
        return errors.Any ? errors.ToStatus(value.Kind, value.Metadata.Name)
            : value.Metadata.ResourceVersion != default ? Refusals.VersionOnCreate
            : null;
    }

    private ApiResponse Store(
        ApiRequest request, ApiObject value, KindStrategy strategy, string? prefix)
    {
        var (kind, meta) = (value.Kind, value.Metadata);
        if (store.Get(value.Key) is not null)
        {
            return prefix is null ? ApiErrors.AlreadyExists(kind, meta.Name)
                : Refusals.NoUniqueName(kind, prefix);
        }
        var dry = IsDryRun(request);
        meta = meta with
        {
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
}
