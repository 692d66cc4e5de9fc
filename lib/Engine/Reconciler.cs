namespace KubeSim;

/// <summary>A component of the cluster: it watches kinds of objects, keeps a queue of keys, and
/// brings what is closer to what should be, one key at a time. A learner's component implements the
/// same.</summary>
/// <remarks>Level-triggered: <see cref="Reconcile"/> works from what it reads, never from what an
/// event said. It restarts with an empty memory: a new instance that observes a fresh
/// list.</remarks>
public interface IReconciler
{
    /// <summary>The name that steps, events and faults use, such as
    /// <c>replicaset-controller</c>.</summary>
    string Name { get; }

    /// <summary>What the component watches, one entry a kind.</summary>
    Seq<Watched> Watches { get; }

    /// <summary>How many keys it works on at one time.</summary>
    int Workers => 1;

    /// <summary>A new, empty queue.</summary>
    IWorkQueue NewQueue() => new FifoQueue();

    /// <summary>How long a key waits that failed: by default 5 ms, doubling up to 1000 s.</summary>
    BackOff<ObjectKey> NewBackOff() => BackOff<ObjectKey>.ForControllers();

    /// <summary>Takes note of a change: keep private caches, add keys. By default it adds the key
    /// that the kind's <see cref="Watched"/> entry maps the change to.</summary>
    void Observe(in WatchEvent e, IWorkQueue queue) => Watched.Enqueue(Watches, e, queue);

    /// <summary>The process ends: what it held open on its machine closes. What it wrote
    /// stays.</summary>
    void Die()
    {
    }

    /// <summary>Brings one key closer to what should be.</summary>
    /// <exception cref="ApiException">A write was refused; the key is tried again with
    /// back-off.</exception>
    Result Reconcile(ObjectKey key, ReconcileContext api);
}

/// <summary>A component that does its work on a machine only when somebody looks at the machine,
/// as if it had done it all along: of 5,000 nodes that each rewrite their rules for every change,
/// nobody looks at more than a few.</summary>
/// <remarks>What it makes must follow from what it reads at its cursors alone: no chance, no clock,
/// no writes to the API. Then a look changes nothing, whenever it comes. Before its process dies it
/// is looked at once more, so that what it left behind is as of that moment.</remarks>
public interface ILazyReconciler : IReconciler
{
    /// <summary>Makes the machine what it would be had the component worked all
    /// along.</summary>
    void CatchUp(ReconcileContext api);
}

/// <summary>A kind that a component watches; optionally only what concerns its own node, and which
/// key a change is about.</summary>
public sealed record Watched(Kind Kind)
{
    /// <summary>For a component with an instance a node: the node that an object concerns, null for
    /// none. Unset: every instance sees every object of the kind.</summary>
    public Func<ApiObject, string?>? NodeOf { get; init; }

    /// <summary>True: nobody is told of changes. The cursor moves all the same, and the component
    /// reads at it when somebody looks; see <see cref="ILazyReconciler"/>.</summary>
    public bool OnDemand { get; init; }

    /// <summary>The key that a change is about, null for none. Unset: the object's own
    /// key.</summary>
    public Func<ApiObject, ObjectKey?>? KeyOf { get; init; }

    /// <summary>Every object of a kind, keyed by itself.</summary>
    public static Watched All<T>()
        where T : ApiObject => new(Kinds.Of<T>());

    /// <summary>The objects of a kind that concern the component's own node.</summary>
    public static Watched OnNode<T>()
        where T : ApiObject => new(Kinds.Of<T>()) { NodeOf = KubeSim.NodeOf.Object };

    /// <summary>The objects of a kind, keyed by the object that controls them.</summary>
    public static Watched ControlledBy<T>(Kind owner)
        where T : ApiObject => new(Kinds.Of<T>())
        {
            KeyOf = o => ControllerKey(o, owner),
        };

    /// <summary>Adds the keys that a change is about: what a component that has no
    /// <see cref="IReconciler.Observe"/> of its own does with a change.</summary>
    public static void Enqueue(Seq<Watched> watches, in WatchEvent e, IWorkQueue queue)
    {
        foreach (var watched in watches)
        {
            if (!watched.Kind.Equals(e.Key.Kind))
            {
                continue;
            }
            if (watched.KeyOf is null)
            {
                queue.Add(e.Key);
                continue;
            }
            var now = e.New is null ? null : watched.KeyOf(e.New);
            var before = e.Old is null ? null : watched.KeyOf(e.Old);
            if (now is { } key)
            {
                queue.Add(key);
            }
            if (before is { } old && !old.Equals(now))
            {
                queue.Add(old);
            }
        }
    }

    private static ObjectKey? ControllerKey(ApiObject o, Kind owner)
    {
        foreach (var reference in o.Metadata.OwnerReferences)
        {
            if (reference.Controller == true && reference.Kind == owner.Name)
            {
                var ns = owner.Namespaced ? o.Metadata.Namespace : "";
                return new ObjectKey(owner, ns, reference.Name);
            }
        }
        return null;
    }
}

/// <summary>What a reconcile asks for next.</summary>
public readonly record struct Result
{
    /// <summary>All is done until something changes.</summary>
    public static Result Done => default;

    /// <summary>Nothing was to be done: no step that someone would look at.</summary>
    public static Result Idle => new() { IsIdle = true };

    /// <summary>Try again, after a back-off that doubles with each failure in a row.</summary>
    public static Result Retry(string why) => new() { Error = why };

    /// <summary>Why the key is to be tried again; null when nothing failed.</summary>
    public string? Error { get; private init; }

    /// <summary>True when there was nothing to do.</summary>
    public bool IsIdle { get; private init; }
}

/// <summary>A component as the cluster runs it: how to make an instance, and whether each node has
/// one. The factory is called anew after every crash, rewind and fork: it must not share
/// state.</summary>
public sealed record ComponentSpec(string Name, Func<string, IReconciler> New)
{
    /// <summary>True when every node runs an instance; then <see cref="New"/> gets the node's
    /// name.</summary>
    public bool PerNode { get; init; }

    /// <summary>The name under which the component reports events, where that is another:
    /// <c>node-lifecycle-controller</c> reports as <c>node-controller</c>.</summary>
    public string? EventSource { get; init; }

    /// <summary>Who the component is to the API server. The node of an instance is added to a name
    /// that ends with a colon, such as <c>system:node:</c>. Unset: an administrator, as a
    /// controller that runs on its author's laptop.</summary>
    public UserInfo? User { get; init; }
}
