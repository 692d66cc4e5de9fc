namespace KubeSim;

/// <summary>
/// The only door of the cluster. Every component, kubectl and a notebook send requests here and get
/// answers back; nothing else writes to the store.
/// <para>A request passes the stages in order. <b>Authenticate</b>: who asks?
/// <b>Authorise</b>: may they? <b>Default</b>: the kind fills in what was left out, as it decodes.
/// <b>Mutate</b>: admission rules change the object. <b>Validate</b>: the kind finds every fault
/// at once. <b>Admit</b>: admission rules have the last word. <b>Store</b>: one revision
/// more. <see cref="Explain"/> shows a request at each of them.</para>
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
    private readonly Authenticator authenticator;

    /// <summary>An API server over a store.</summary>
    /// <param name="store">Where objects live; it may hold some already.</param>
    /// <param name="kinds">The kinds that are served.</param>
    /// <param name="random">Where UIDs, name endings and addresses come from.</param>
    /// <param name="now">The virtual clock.</param>
    /// <param name="maxUnavailable">Whether StatefulSets have a <c>maxUnavailable</c>, which
    /// Kubernetes 1.36 drops unless a feature gate keeps it.</param>
    public ApiServer(EtcdStore store, KindRegistry kinds, Prng random, Func<DateTime> now,
        bool maxUnavailable = false)
    {
        ArgumentNullException.ThrowIfNull(random);
        (this.store, Kinds, this.random, this.now) = (store, kinds, random.Fork("apiserver"), now);
        strategies = new(maxUnavailable);
        authenticator = new(store, random.Fork("tokens").NextBits(), now);
        Admission = Admissions.Plain(() => Authorizer);
        addresses = new(store, random.Fork("service-addresses"));
    }

    /// <summary>The kinds that are served; definitions of custom ones replace it.</summary>
    public KindRegistry Kinds { get; internal set; }

    /// <summary>Decides who may do what; everybody everything unless somebody says
    /// otherwise.</summary>
    public IAuthorizer Authorizer { get; init; } = new AlwaysAllow();

    /// <summary>The admission rules, in the order in which they are asked.</summary>
    public IReadOnlyList<IAdmission> Admission { get; init; }

    /// <summary>The extension API servers behind this one; null for none.</summary>
    public IApiExtension? Extension { get; set; }

    /// <summary>Serves one request to its end.</summary>
    public ApiResponse Handle(ApiRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Authenticate(ref request) is { } unknown)
        {
            return unknown;
        }
        if (request.Path.Kind is { SchemaType: null } other && Extension?.Serves(other) == true)
        {
            return Authorise(request) ?? Extension.Read(request, store, now());
        }
        if (request.Path.Kind is not { } kind || !IsServed(kind))
        {
            return Refusals.NoSuchResource;
        }
        if (Authorise(request) is { } forbidden)
        {
            return forbidden;
        }
        try
        {
            var answer = Dispatch(request);
            return kind.Equals(KubeSim.Kinds.Endpoints)
                ? answer with { Warnings = oldEndpoints } : answer;
        }
        catch (ApiException refusal)
        {
            // Decoders and patches of the lower floors throw what they refuse.
            return refusal;
        }
        catch (EtcdException refusal)
        {
            // What is no Status becomes one of code 500, without a reason.
            return refusal.IsUnreachable ? Refusals.EtcdUnreachable
                : new Status { Code = 500, Message = refusal.Message };
        }
    }

    /// <summary>Notes an event as a component inside the process does: as a row, not as an
    /// object.</summary>
    /// <param name="row">The event.</param>
    /// <param name="user">Who reports it; null for the server itself.</param>
    /// <remarks>An event that its reporter may not create is dropped, as is one that etcd does not
    /// take. (Of the latter the real recorder tries twelve times, ten seconds apart, before it does
    /// so.)</remarks>
    public Revision RecordEvent(in EventRow row, UserInfo? user = null) =>
        user is not null && !MayReport(row, user) ? store.Head
        : store.Members is null || IsAgreed(row) ? store.Record(row) : store.Head;

    // In the older form, or the newer that names an action; of what has no namespace, in "default".
    private bool MayReport(in EventRow row, UserInfo user) => Authorizer.Decide(new()
    {
        User = user, Verb = "create", Resource = "events",
        Group = row.Action is null ? "" : "events.k8s.io",
        Namespace = row.Involved.Namespace is { Length: > 0 } ns ? ns : "default",
    }).Allowed;

    private bool IsAgreed(EventRow row)
    {
        try
        {
            store.Members!.Commit(EtcdKeys.PrefixOf(KubeSim.Kinds.Event) + row.Involved.Name,
                () => store.Record(row));
            return true;
        }
        catch (EtcdException)
        {
            return false;
        }
    }

    // A custom kind comes with its definition, and goes with it.
    private bool IsServed(Kind kind) => kind.SchemaType is not null
        || Kinds.FindResource(kind.Group, kind.Version, kind.Plural) is not null;

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
        "token" when request.Path.Kind.Equals(KubeSim.Kinds.ServiceAccount) =>
            authenticator.Issue(request),
        _ => Refusals.NoSuchResource,
    };

    // What the server sends with each answer about a deprecated kind.
    private static readonly Seq<string> oldEndpoints =
        ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"];

    private static bool Has(in ResourcePath path, string subresource) =>
        path.Kind.Subresources.AsSpan().Contains(subresource);

    private ApiResponse Main(ApiRequest request) => request.Verb switch
    {
        _ when !request.Path.Kind.Takes(request.Verb.Name) => Refusals.MethodNotAllowed,
        Verb.Get => Get(request),
        Verb.List => List(request),
        Verb.Watch => OpenWatch(request),
        Verb.Create when AccessReviews.Answers(request.Path.Kind) => Review(request),
        Verb.Create when strategies[request.Path.Kind] is CustomStrategy { IsTerminating: true } =>
            Refusals.DefinitionTerminates,
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
            var before = value;
            var refusal = Admission[i].Mutate(request, ref value);
            Note("mutating admission", Admission[i].Name, before, value, refusal);
            if (refusal is not null)
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
            var refusal = Admission[i].Validate(request, value);
            Note("validating admission", Admission[i].Name, value, value, refusal);
            if (refusal is not null)
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
        if (store.Members is not null)
        {
            Agree(value with { Metadata = meta }, old, put: true);
        }
        return Written(value, meta, old);
    }

    private ApiObject Written(ApiObject value, ObjectMeta meta, ApiObject? old)
    {
        var stored = value with { Metadata = meta with { ResourceVersion = store.Head.Next } };
        store.Put(stored, keepOld: stored is not Lease);
        Wrote(old, stored);
        return stored;
    }

    /// <summary>Writes what admission rules count for the object that is stored next.</summary>
    private void Charge()
    {
        for (var i = 0; i < Admission.Count; i++)
        {
            foreach (var counted in Admission[i].Charges)
            {
                Put(counted, counted.Metadata, store.Get(counted.Key));
            }
        }
    }

    /// <summary>Deletes a stored object for good; as it was, it goes to the watchers.</summary>
    private Revision Remove(ApiObject last)
    {
        if (store.Members is not null)
        {
            Agree(last, last, put: false);
        }
        return Removed(last);
    }

    private Revision Removed(ApiObject last)
    {
        var revision = store.Delete(last with
        {
            Metadata = last.Metadata with { ResourceVersion = store.Head.Next },
        });
        Wrote(last, null);
        return revision;
    }

    /// <summary>Brings a write to a quorum of etcd's members. Committed late, it is a transaction
    /// like any other: it happens if nobody wrote the key meanwhile.</summary>
    /// <exception cref="EtcdException">It is not committed, as far as anybody can tell.</exception>
    private void Agree(ApiObject value, ApiObject? old, bool put)
    {
        var (key, expected) = (value.Key, store.ModRevision(value.Key));
        store.Members!.Commit(EtcdKeys.Of(key), () =>
        {
            if (store.ModRevision(key) != expected)
            {
                return;
            }
            if (put)
            {
                Written(value, value.Metadata, old);
            }
            else
            {
                Removed(value);
            }
        });
        if (store.ModRevision(key) != expected)
        {
            throw ApiErrors.Modified(key.Kind, key.Name);
        }
    }

    /// <summary>Tells those who keep count of a write.</summary>
    internal void Wrote(ApiObject? old, ApiObject? value)
    {
        addresses.Wrote(old, value);
        Authorizer.Wrote(old, value);
        if ((value ?? old)!.Kind.Equals(KubeSim.Kinds.CustomResourceDefinition)
            && CustomKind.Of((value ?? old)!) is { } custom)
        {
            var served = value is not null && CustomKind.IsEstablished(value);
            Kinds = served ? Kinds.With(custom) : Kinds.Without(custom);
            strategies.Custom(custom, served ? DefinitionStrategy.Demands(value!) : null);
        }
        for (var i = 0; i < Admission.Count; i++)
        {
            Admission[i].Wrote(old, value);
        }
    }
}
