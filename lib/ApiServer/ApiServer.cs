namespace KubeSim;

/// <summary>
/// The only door of the cluster. Every component, kubectl and a notebook send requests here and get
/// answers back; nothing else writes to the store.
/// <para>A request passes the stages in order. <b>Authenticate</b>: the request says who asks.
/// <b>Authorise</b>: may they? <b>Mutate</b>: admission rules change the object.
/// <b>Default</b>: the kind fills in what was left out. <b>Validate</b>: the kind finds every fault
/// at once. <b>Admit</b>: admission rules have the last word. <b>Store</b>: one revision
/// more.</para>
/// <para>A refusal is an answer with a Status. A refused request has written nothing and drawn
/// nothing from the seed: names, UIDs and addresses are made up only when nothing
/// can go wrong any more, so that what is refused changes no later run.</para>
/// Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers and .../registry/generic/registry.
/// </summary>
public sealed partial class ApiServer
{
    private readonly EtcdStore store;
    private readonly Prng random;
    private readonly Func<DateTime> now;
    private readonly KindStrategies strategies;
    private readonly ServiceAllocator addresses;

    /// <summary>An API server over a store.</summary>
    /// <param name="store">Where objects live; it may hold some already.</param>
    /// <param name="kinds">The kinds that are served.</param>
    /// <param name="random">Where UIDs, name endings and addresses come from.</param>
    /// <param name="now">The virtual clock.</param>
    public ApiServer(EtcdStore store, KindRegistry kinds, Prng random, Func<DateTime> now)
    {
        ArgumentNullException.ThrowIfNull(random);
        (this.store, Kinds, this.random, this.now) = (store, kinds, random.Fork("apiserver"), now);
        strategies = new();
        addresses = new(store, random.Fork("service-addresses"));
    }

    /// <summary>The kinds that are served; definitions of custom ones replace it.</summary>
    public KindRegistry Kinds { get; internal set; }

    /// <summary>Decides who may do what; everybody everything unless somebody says
    /// otherwise.</summary>
    public IAuthorizer Authorizer { get; init; } = new AlwaysAllow();

    /// <summary>The admission rules, in the order in which they are asked.</summary>
    public IReadOnlyList<IAdmission> Admission { get; init; } = Admissions.Plain();

    /// <summary>Serves one request to its end.</summary>
    public ApiResponse Handle(ApiRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Path.Kind is null)
        {
            return Refusals.NoSuchResource;
        }
        if (Authorizer.Refuse(request) is { } forbidden)
        {
            return forbidden;
        }
        try
        {
            return Dispatch(request);
        }
        catch (ApiException refusal)
        {
            // Decoders and patches of the lower floors throw what they refuse.
            return refusal;
        }
    }

    /// <summary>Notes an event as a component inside the process does: as a row, not as an
    /// object.</summary>
    public Revision RecordEvent(in EventRow row) => store.Record(row);

    private ApiResponse Dispatch(ApiRequest request) => request.Path.Subresource switch
    {
        null or "" => Main(request),
        "status" when Has(request.Path, "status") => Status(request),
        "binding" when request.Path.Kind.Equals(KubeSim.Kinds.Pod) => Bind(request),
        "eviction" when request.Path.Kind.Equals(KubeSim.Kinds.Pod) => Evict(request),
        "resize" or "ephemeralcontainers" when request.Path.Kind.Equals(KubeSim.Kinds.Pod) =>
            PodPart(request),
        "finalize" when request.Path.Kind.Equals(KubeSim.Kinds.Namespace) => Finalize(request),
        "scale" when Scaling.Knows(request.Path.Kind) => Scale(request),
        _ => Refusals.NoSuchResource,
    };

    private static bool Has(in ResourcePath path, string subresource) =>
        path.Kind.Subresources.AsSpan().Contains(subresource);

    // The order of the enumeration.
    private static readonly Seq<string> verbs =
        ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

    private static bool Allows(Kind kind, Verb verb) =>
        kind.Verbs.IsEmpty || kind.Verbs.AsSpan().Contains(verbs[(int)verb]);

    private ApiResponse Main(ApiRequest request) => request.Verb switch
    {
        _ when !Allows(request.Path.Kind, request.Verb) => Refusals.MethodNotAllowed,
        Verb.Get => Get(request),
        Verb.List => List(request),
        Verb.Watch => OpenWatch(request),
        Verb.Create => Create(request),
        Verb.Update => Update(request),
        Verb.Patch => Patch(request),
        Verb.Delete => Delete(request),
        Verb.DeleteCollection => DeleteCollection(request),
        _ => Refusals.MethodNotAllowed,
    };

    private ApiResponse Status(ApiRequest request) => request.Verb switch
    {
        Verb.Get => Get(request),
        Verb.Update => Update(request),
        Verb.Patch => Patch(request),
        _ => Refusals.MethodNotAllowed,
    };

    private static bool IsDryRun(ApiRequest request) => request.Query.DryRun is { Length: > 0 };

    /// <summary>The options that writes share: what is wrong with them, or null.</summary>
    private static Status? RefuseOptions(ApiRequest request, string options)
    {
        var query = request.Query;
        if (ReferenceEquals(query, Query.None))
        {
            return null;
        }
        var errors = new FieldErrors();
        if (query.DryRun is { Length: > 0 } dryRun && dryRun != "All")
        {
            errors.NotSupported("dryRun", $"[{FieldErrors.Quote(dryRun)}]", "All");
        }
        if (query.FieldManager is { Length: > 128 })
        {
            errors.TooLong("fieldManager", 128);
        }
        errors.OneOf("fieldValidation", query.FieldValidation, "", "Ignore", "Strict", "Warn");
        if (query.Force && request.Body is not Payload.Patch { Kind: PatchKind.Apply })
        {
            errors.Forbidden("force", "may not be specified for non-apply patch");
        }
        return errors.Any ? errors.ToStatus(options, "meta.k8s.io", "") : null;
    }

    /// <summary>Lets every admission rule change the object.</summary>
    private Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        for (var i = 0; i < Admission.Count; i++)
        {
            if (Admission[i].Mutate(request, ref value) is { } refusal)
            {
                return refusal;
            }
        }
        return null;
    }

    /// <summary>Lets every admission rule refuse the complete object; null for a
    /// deletion.</summary>
    private Status? Admit(in AdmissionRequest request, ApiObject? value)
    {
        for (var i = 0; i < Admission.Count; i++)
        {
            if (Admission[i].Validate(request, value) is { } refusal)
            {
                return refusal;
            }
        }
        return null;
    }

    /// <summary>Stores an object as the next revision. A lease keeps no history: its holder renews
    /// it every few seconds.</summary>
    private ApiObject Put(ApiObject value, ObjectMeta meta, ApiObject? old)
    {
        var stored = value with { Metadata = meta with { ResourceVersion = store.Head.Next } };
        store.Put(stored, keepOld: stored is not Lease);
        Wrote(old, stored);
        return stored;
    }

    /// <summary>Deletes an object for good; what it last was goes to the watchers.</summary>
    private Revision Remove(ApiObject last, ApiObject old)
    {
        var final = last with
        {
            Metadata = last.Metadata with { ResourceVersion = store.Head.Next },
        };
        var revision = store.Delete(final);
        Wrote(old, null);
        return revision;
    }

    private void Wrote(ApiObject? old, ApiObject? value)
    {
        addresses.Wrote(old, value);
        for (var i = 0; i < Admission.Count; i++)
        {
            Admission[i].Wrote(old, value);
        }
    }
}
