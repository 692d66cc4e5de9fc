using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What a person asks of the API server.</summary>
public sealed partial class Cluster
{
    /// <summary>Sends a request as somebody. A write that is carried out is kept in the
    /// journal.</summary>
    public ApiResponse Handle(ApiRequest request) => Handle(request, null);

    private ApiResponse Handle(ApiRequest request, string? client)
    {
        using var own = Own();
        if (request.Verb.Reads)
        {
            return simulation.Api.Handle(request);
        }
        simulation.Submit(new RequestInput(request) { Client = client });
        var answer = simulation.Answer!;
        if (invariants.Count > 0)
        {
            CheckInvariants(byStep: false);
        }
        return answer;
    }

    /// <summary>Creates each object of a manifest, or patches the one that is there.</summary>
    /// <param name="yaml">One or more YAML or JSON documents.</param>
    /// <param name="file">The name that errors use.</param>
    /// <returns>What <c>kubectl apply</c> prints, a line an object.</returns>
    /// <exception cref="ManifestException">The text cannot be read; nothing is applied.</exception>
    /// <exception cref="ApiException">The API server refused; what came before stays.</exception>
    public Seq<string> Apply(string yaml, string file = "manifest")
    {
        using var own = Own();
        var documents = Manifest.Read(yaml, file, simulation.Api.Kinds);
        var errors = documents.SelectMany(d => d.Errors).ToSeq();
        if (!errors.IsEmpty)
        {
            throw new ManifestException(errors);
        }
        return documents.Select(d => Apply(d.Object!)).ToSeq();
    }

    /// <summary>Creates an object, or changes the one that is there by what has changed since
    /// the last apply: a field that is no longer named goes (see
    /// <see cref="LastApplied"/>).</summary>
    /// <returns>What <c>kubectl apply</c> prints.</returns>
    /// <exception cref="ApiException">The API server refused.</exception>
    public string Apply(ApiObject o)
    {
        using var own = Own();
        o = InNamespace(o);
        var group = o.Kind.Group.Length == 0 ? "" : $".{o.Kind.Group}";
        var name = $"{o.Kind.Singular}{group}/{o.Metadata.Name}";
        var manifest = Json.Encode(o);
        manifest.Remove("status");
        var annotated = LastApplied.Annotate(manifest);
        if (simulation.Store.Get(o.Key) is not { } there)
        {
            var text = (string)annotated["metadata"]!["annotations"]![LastApplied.Annotation]!;
            var annotations = o.Metadata.Annotations.Set(LastApplied.Annotation, text);
            Create(o with { Metadata = o.Metadata with { Annotations = annotations } });
            Await(o);
            return $"{name} created";
        }
        if (LastApplied.Patch(annotated, there, simulation.Api.Kinds) is not { } patch)
        {
            return $"{name} unchanged";
        }
        var after = Send(new(Verb.Patch, PathOf(o.Key)) { Body = patch }).Object!;
        var same = after.Metadata.ResourceVersion == there.Metadata.ResourceVersion;
        return same ? $"{name} unchanged" : $"{name} configured";
    }

    /// <summary>Creates an object; the answer is what was stored.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public T Create<T>(T o)
        where T : ApiObject
    {
        var placed = InNamespace(o);
        return (T)Send(new(Verb.Create, new(o.Kind, placed.Metadata.Namespace, ""))
        {
            Body = new Payload.Typed(placed),
        }).Object!;
    }

    /// <summary>Replaces an object; a resourceVersion, if it has one, must be the stored
    /// one.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public T Update<T>(T o)
        where T : ApiObject =>
        (T)Send(new(Verb.Update, PathOf(o.Key)) { Body = new Payload.Typed(o) }).Object!;

    /// <summary>Replaces the status of an object.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public T UpdateStatus<T>(T o)
        where T : ApiObject =>
        (T)Send(new(Verb.Update, PathOf(o.Key, "status")) { Body = new Payload.Typed(o) }).Object!;

    /// <summary>Changes an object by a strategic merge patch, as <c>kubectl patch</c>
    /// does.</summary>
    /// <param name="ns">The namespace; empty for cluster-scoped kinds.</param>
    /// <param name="name">The name.</param>
    /// <param name="json">The patch: <c>{"spec":{"replicas":5}}</c>.</param>
    /// <exception cref="ApiException">The API server refused.</exception>
    public T Patch<T>(string ns, string name, string json)
        where T : ApiObject
    {
        var patch = new Payload.Patch(PatchKind.StrategicMerge, JsonNode.Parse(json)!);
        var path = new ResourcePath(Kinds.Of<T>(), ns, name);
        return (T)Send(new(Verb.Patch, path) { Body = patch }).Object!;
    }

    /// <summary>Deletes an object, or begins to.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public void Delete(ApiObject o, DeleteOptions? options = null) => Delete(o.Key, options);

    /// <summary>Deletes an object, or begins to.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public void Delete(ObjectKey key, DeleteOptions? options = null) =>
        Send(new(Verb.Delete, PathOf(key)) { Delete = options });

    /// <summary>An object of the namespace <c>default</c>, or of a cluster-scoped kind.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public T Get<T>(string name)
        where T : ApiObject => Get<T>(Kinds.Of<T>().Namespaced ? "default" : "", name);

    /// <summary>An object by namespace (empty for cluster-scoped kinds) and name.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public T Get<T>(string ns, string name)
        where T : ApiObject => Find<T>(ns, name) ?? throw ApiErrors.NotFound(Kinds.Of<T>(), name);

    /// <summary>An object by namespace (empty for cluster-scoped kinds) and name, or
    /// null.</summary>
    public T? Find<T>(string ns, string name)
        where T : ApiObject =>
        (T?)Owned(s => s.Store.Get(new ObjectKey(Kinds.Of<T>(), ns, name)));

    /// <summary>The objects of a type, in one namespace or all, by namespace and name.</summary>
    public Seq<T> List<T>(string? ns = null)
        where T : ApiObject =>
        Owned(s => s.Store.List(Kinds.Of<T>(), ns, s.Store.Head).Cast<T>().ToSeq());

    /// <summary>Compacts etcd for the API: older lists and watches get 410 Gone. What the simulator
    /// itself can look back to is not touched.</summary>
    public void Compact(Revision at) => Owned(s => s.Submit(new CompactInput(at)));

    /// <summary>Every object of every kind, ordered by kind, namespace and name; Events too. The
    /// roles and bindings that every cluster starts with are left out until somebody changes
    /// them.</summary>
    public IEnumerable<ApiObject> Everything() => Owned(s => s.Api.Kinds.All
        .OrderBy(k => k.Name, StringComparer.Ordinal).ThenBy(k => k.Group, StringComparer.Ordinal)
        .SelectMany(k => s.Store.List(k, null, s.Store.Head))
        .Where(o => o.Metadata.ResourceVersion != default).ToList());

    // A pod cannot be created before its namespace has the account that it runs under, nor an
    // object before its kind is served.
    private void Await(ApiObject o)
    {
        var (by, there) = o is Namespace
            ? ("serviceaccount-controller", (Func<Cluster, bool>)(c =>
                c.Find<ServiceAccount>(o.Metadata.Name, "default") is not null))
            : ("apiextensions-apiserver",
                c => CustomKind.IsEstablished(c.simulation.Store.Get(o.Key)!));
        if ((o is Namespace || o.Kind.Equals(Kinds.CustomResourceDefinition))
            && simulation.Components.Exists(c => c.Name == by))
        {
            RunUntil(there, TimeSpan.FromSeconds(10));
        }
    }

    private static ResourcePath PathOf(ObjectKey key, string subresource = "") =>
        new(key.Kind, key.Namespace, key.Name, subresource);

    private static T InNamespace<T>(T o)
        where T : ApiObject => o.Kind.Namespaced && o.Metadata.Namespace.Length == 0
        ? o with { Metadata = o.Metadata with { Namespace = "default" } } : o;

    private ApiResponse Send(ApiRequest request) =>
        Handle(request with { User = UserInfo.Admin }).EnsureSuccess();
}
