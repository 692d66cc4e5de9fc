namespace KubeSim;

/// <summary>What a component may do while it reconciles a key. It reads at its own cursors, which
/// may lie in the past, and writes at the head; what it writes it does not see before its cursor
/// has passed it.</summary>
public sealed partial class ReconcileContext : IObjectReader
{
    private readonly Simulation simulation;
    private readonly Shard shard;
    private readonly List<Change> changes = [];
    private readonly List<(Revision Revision, TimeSpan After)> commits = [];
    private readonly List<(TimeSpan Delay, ObjectKey Key, Pace Pace)> timers = [];
    private readonly List<string> did = [];
    private string? instanceOnHost;
    private bool told;

    internal ReconcileContext(Simulation simulation, Shard shard)
    {
        this.simulation = simulation;
        this.shard = shard;
    }

    /// <summary>The virtual time, in UTC.</summary>
    public DateTime Now => simulation.Now;

    /// <summary>The component's own source of chance.</summary>
    public Prng Random => shard.Random;

    /// <summary>The physical world: the only thing besides the API server that a component acts
    /// on.</summary>
    public IWorld World => simulation.World;

    /// <summary>The node of this instance; empty for a component that the cluster has
    /// once.</summary>
    public string Node => shard.Node;

    /// <summary>Every write tried in this reconcile, with its outcome: what tests assert
    /// on.</summary>
    public IReadOnlyList<Change> Changes => changes;

    /// <summary>True: the next writes do not keep the worker busy, as the scheduler's binding,
    /// which goes on beside the next decision.</summary>
    public bool Detached { get; set; }

    /// <summary>The values of the real components' flags.</summary>
    public Settings Settings => shard.Settings;

    internal IReadOnlyList<string> Deeds => did;

    internal List<(Revision Revision, TimeSpan After)> Commits => commits;

    internal List<(TimeSpan Delay, ObjectKey Key, Pace Pace)> Timers => timers;

    /// <summary>How long the writes so far keep the worker busy.</summary>
    internal TimeSpan Busy { get; private set; }

    /// <summary>A memo that all instances of the component share, made empty on first use. It may
    /// hold only what follows from objects that they read: whoever comes first computes it for the
    /// others.</summary>
    public T Shared<T>()
        where T : class, new()
    {
        var shared = shard.Component.Shared;
        if (!shared.TryGetValue(typeof(T), out var memo))
        {
            shared.Add(typeof(T), memo = new T());
        }
        return (T)memo;
    }

    /// <summary>How far the component sees the objects of a type.</summary>
    public Revision Cursor<T>()
        where T : ApiObject => Cursor(Kinds.Of<T>());

    /// <summary>How far the component sees the objects of a kind.</summary>
    public Revision Cursor(Kind kind) => simulation.CursorOf(shard, kind);

    /// <summary>The object of a key as the component sees it, or null.</summary>
    public ApiObject? Get(ObjectKey key) =>
        simulation.Store.Get(key, simulation.CursorOf(shard, key.Kind));

    /// <summary>The object of a type, namespace (empty for cluster-scoped kinds) and name as the
    /// component sees it, or null.</summary>
    public T? Get<T>(string ns, string name)
        where T : ApiObject => (T?)Get(new ObjectKey(Kinds.Of<T>(), ns, name));

    /// <summary>The objects of a type as the component sees them, by namespace and name.</summary>
    public IEnumerable<T> List<T>(string? ns = null)
        where T : ApiObject
    {
        var kind = Kinds.Of<T>();
        return simulation.Store.List(kind, ns, simulation.CursorOf(shard, kind)).Cast<T>();
    }

    /// <summary>The objects of a type that name an object as an owner, in the order of their
    /// creation, as the component sees them.</summary>
    public List<T> Owned<T>(ApiObject owner)
        where T : ApiObject
    {
        var kind = Kinds.Of<T>();
        var at = simulation.CursorOf(shard, kind);
        return Collect<T>(simulation.Store.Owned(kind, owner.Metadata.Uid, at));
    }

    /// <summary>The objects of a kind in a namespace (null for all) as the component sees them, by
    /// namespace and name: for components to which kinds are values.</summary>
    public IEnumerable<ApiObject> List(Kind kind, string? ns) =>
        simulation.Store.List(kind, ns, simulation.CursorOf(shard, kind));

    /// <summary>The objects of a kind that name an owner by its UID, in the order of their
    /// creation, as the component sees them.</summary>
    public List<ApiObject> Owned(Kind kind, string ownerUid) => Collect<ApiObject>(
        simulation.Store.Owned(kind, ownerUid, simulation.CursorOf(shard, kind)));

    /// <summary>The objects of a type that concern a node, in the order in which they came to it,
    /// as the component sees them.</summary>
    public List<T> OnNode<T>(string node)
        where T : ApiObject
    {
        var kind = Kinds.Of<T>();
        var at = simulation.CursorOf(shard, kind);
        return Collect<T>(simulation.Store.OnNode(kind, node, at));
    }

    /// <summary>The objects of a type with a label in a namespace, in the order in which they got
    /// it, as the component sees them.</summary>
    public List<T> Labelled<T>(string ns, string label, string value)
        where T : ApiObject
    {
        var kind = Kinds.Of<T>();
        var at = simulation.CursorOf(shard, kind);
        return Collect<T>(simulation.Store.Labelled(kind, ns, label, value, at));
    }

    /// <summary>Creates an object; the answer is what was stored.</summary>
    /// <exception cref="ApiException">The API server refused, or could not be reached.</exception>
    public T Create<T>(T o)
        where T : ApiObject => Write<T>(new ApiRequest(Verb.Create,
            new ResourcePath(o.Kind, o.Metadata.Namespace, "")) { Body = new Payload.Typed(o) });

    /// <summary>Creates in a subresource, such as a <see cref="Binding"/>.</summary>
    /// <exception cref="ApiException">The API server refused, or could not be reached.</exception>
    public void Create(ObjectKey parent, string subresource, ApiObject o) =>
        Send(new(Verb.Create, PathOf(parent, subresource)) { Body = new Payload.Typed(o) });

    /// <summary>Replaces an object. Its resourceVersion must be the stored one.</summary>
    /// <exception cref="ApiException">The API server refused (409: somebody wrote in
    /// between).</exception>
    public T Update<T>(T o)
        where T : ApiObject => Put(o, "");

    /// <summary>Replaces the status of an object. Its resourceVersion must be the stored
    /// one.</summary>
    /// <exception cref="ApiException">The API server refused (409: somebody wrote in
    /// between).</exception>
    public T UpdateStatus<T>(T o)
        where T : ApiObject => Put(o, "status");

    /// <summary>Changes an object by a patch.</summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public ApiObject Patch(ObjectKey key, Payload.Patch patch, string subresource = "") =>
        Send(new ApiRequest(Verb.Patch, PathOf(key, subresource)) { Body = patch }).Object!;

    /// <summary>Deletes an object, or begins to: a grace period or a finalizer may keep it a
    /// while.</summary>
    /// <exception cref="ApiException">The API server refused (404: it is gone already).</exception>
    public void Delete(ObjectKey key, DeleteOptions? options = null) =>
        Send(new ApiRequest(Verb.Delete, PathOf(key, "")) { Delete = options });

    /// <summary>Sends any request as this component.</summary>
    /// <exception cref="ApiException">The API server refused, or could not be reached.</exception>
    public ApiResponse Send(ApiRequest request)
    {
        Faults.BeforeWrite(shard, request);
        var response = simulation.Api.Handle(request with { User = shard.User });
        var service = simulation.DrawService();
        if (!Detached)
        {
            Busy += service;
        }
        var done = Detached ? Busy + service : Busy;
        if (!request.Verb.Reads)
        {
            changes.Add(ChangeOf(request, response));
        }
        if (response.Revision.Value > 0)
        {
            commits.Add((simulation.Store.Head, done));
        }
        if (response.Status is { IsSuccess: false } refusal)
        {
            throw new ApiException(refusal);
        }
        simulation.Faults.AfterWrite(shard);
        return response;
    }

    /// <summary>Reports an event about an object, as <c>kubectl describe</c> shows it. The message
    /// is a template with {0}, {1}… for the arguments.</summary>
    public void Event(ApiObject about, string type, string reason, string message,
        params string[] arguments) => EventAt(about, null, type, reason, message, arguments);

    /// <summary>Reports an event about a part of an object, such as
    /// <c>spec.containers{web}</c>.</summary>
    public void EventAt(ApiObject about, string? fieldPath, string type, string reason,
        string message, params string[] arguments)
    {
        Report(RowOf(about, type, reason, message, arguments) with { FieldPath = fieldPath });
    }

    /// <summary>Reports an event in the newer form, which names what was being done (the action) as
    /// well: the form of the scheduler.</summary>
    public void NewEvent(ApiObject about, string type, string reason, string action,
        string message, params string[] arguments)
    {
        Report(RowOf(about, type, reason, message, arguments) with
        {
            Action = action,
            Component = shard.Component.Name,
            Host = instanceOnHost ??=
                $"{shard.Component.Name}-{(Node.Length > 0 ? Node : "control-plane")}",
        });
    }

    /// <summary>Works on a key again after a delay of virtual time. Of several timers of one key
    /// and pace the earliest counts.</summary>
    public void After(TimeSpan delay, ObjectKey key, Pace pace = Pace.Progress) =>
        timers.Add((delay, key, pace));

    /// <summary>Says what was done outside the API, such as on a machine, for whoever looks at the
    /// step; nobody looking costs nothing. The text is a template with {0}, {1}… for the
    /// arguments.</summary>
    public void Did(string what, params ReadOnlySpan<string> arguments)
    {
        if (told)
        {
            object[] values = [.. arguments];
            did.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, what, values));
        }
    }

    private static List<T> Collect<T>(Postings postings)
        where T : ApiObject
    {
        var found = new List<T>();
        foreach (var o in postings)
        {
            found.Add((T)o);
        }
        return found;
    }

    private EventRow RowOf(ApiObject about, string type, string reason, string message,
        string[] arguments) => new()
        {
            Involved = about.Key,
            Uid = about.Metadata.Uid,
            InvolvedVersion = about.Metadata.ResourceVersion,
            Type = type,
            Reason = reason,
            Template = message,
            Arguments = [.. arguments],
            At = Now,
            Component = shard.Component.Spec.EventSource ?? shard.Component.Name,
            Host = shard.Node,
            Life = shard.Generation,
        };

    private void Report(in EventRow row)
    {
        var before = simulation.Store.Head;
        if (simulation.Api.RecordEvent(row, shard.User) > before)
        {
            commits.Add((simulation.Store.Head, Busy));
        }
    }

    /// <param name="detail">True: somebody looks at the step.</param>
    internal void Begin(bool detail)
    {
        told = detail;
        did.Clear();
        changes.Clear();
        commits.Clear();
        timers.Clear();
        Busy = TimeSpan.Zero;
        Detached = false;
    }

    private static ResourcePath PathOf(ObjectKey key, string subresource) =>
        new(key.Kind, key.Namespace, key.Name, subresource);

    private T Put<T>(T o, string subresource)
        where T : ApiObject => Write<T>(new ApiRequest(Verb.Update,
            PathOf(o.Key, subresource)) { Body = new Payload.Typed(o) });

    private T Write<T>(ApiRequest request)
        where T : ApiObject => (T)Send(request).Object!;

    private Change ChangeOf(ApiRequest request, ApiResponse response)
    {
        var path = request.Path;
        var key = new ObjectKey(path.Kind, path.Namespace, path.Name);
        if (response.Revision.Value == 0)
        {
            var refused = response.Status is { IsSuccess: false } ? response.Status : null;
            return new()
            {
                Verb = request.Verb, Key = key, Subresource = path.Subresource, Refused = refused,
            };
        }
        var written = simulation.Store.Log(response.Revision);
        return new()
        {
            Verb = request.Verb, Key = written.Key, Subresource = path.Subresource,
            Revision = response.Revision, Before = written.Old, After = written.New,
        };
    }
}
