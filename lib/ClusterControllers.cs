namespace KubeSim;

/// <summary>
/// The seam for a learner's own controller: put yours in the place of a real one, run one beside
/// them, or take one away. Each is an input of the run: it stands in the journal, a rewind past it
/// takes it back, and a fork has it, too.
/// </summary>
/// <example><code>
/// class Mine : IReconciler
/// {
///     public string Name => "replicaset-controller";
///     public Seq&lt;Watched&gt; Watches { get; } =
///         [Watched.All&lt;ReplicaSet&gt;(), Watched.ControlledBy&lt;Pod&gt;(Kinds.ReplicaSet)];
///     public Result Reconcile(ObjectKey key, ReconcileContext api)
///     {
///         if (api.Get(key) is not ReplicaSet set) return Result.Done;
///         var have = api.Owned&lt;Pod&gt;(set).Count(p => p.IsActive);
///         for (; have &lt; set.Spec.Replicas; have++) api.Create(set.NewPod());
///         return Result.Done;
///     }
/// }
/// cluster.Controllers.Replace("replicaset-controller", () => new Mine());
/// </code></example>
public sealed class ClusterControllers
{
    private readonly Cluster cluster;

    internal ClusterControllers(Cluster cluster) => this.cluster = cluster;

    /// <summary>The names of all components that run.</summary>
    public Seq<string> Names => cluster.Components;

    /// <summary>Puts a controller in the place of one that runs: the old process ends, the new one
    /// begins with an empty memory. It keeps the account, so the API server lets it do what the old
    /// one might do and nothing else.</summary>
    /// <param name="name">The component whose place it takes.</param>
    /// <param name="factory">Makes the controller; called anew at every start, rewind and fork, so
    /// that none shares what it remembers.</param>
    /// <exception cref="ArgumentException">No component has that name, or there is one on every
    /// node.</exception>
    public void Replace(string name, Func<IReconciler> factory)
    {
        using var own = cluster.Own();
        if (Spec(name).PerNode)
        {
            throw new ArgumentException($"{name} runs on every node: give its factory the name "
                + $"of the node, Controllers.Replace(\"{name}\", node => …)");
        }
        Replace(name, _ => factory());
    }

    /// <summary>The same for a component that runs on every node.</summary>
    /// <param name="name">The component whose place it takes.</param>
    /// <param name="factory">Makes the instance of a node.</param>
    /// <exception cref="ArgumentException">No component has that name.</exception>
    public void Replace(string name, Func<string, IReconciler> factory)
    {
        using var own = cluster.Own();
        cluster.AddComponent(Spec(name) with { New = factory });
    }

    /// <summary>Runs one more controller, as an administrator.</summary>
    /// <param name="name">A name that none has.</param>
    /// <param name="factory">Makes the controller; called anew at every start, rewind and
    /// fork.</param>
    /// <exception cref="ArgumentException">A component has that name.</exception>
    public void Add(string name, Func<IReconciler> factory)
    {
        using var own = cluster.Own();
        if (Names.Contains(name))
        {
            throw new ArgumentException($"there is a component {name} already; "
                + "Controllers.Replace puts another in its place");
        }
        cluster.AddComponent(name, factory);
    }

    /// <summary>Takes a controller away, for good; <c>Faults.Crash</c> takes it away for a
    /// while.</summary>
    /// <exception cref="ArgumentException">No component has that name.</exception>
    public void Remove(string name)
    {
        using var own = cluster.Own();
        _ = Spec(name);
        cluster.RemoveComponent(name);
    }

    private ComponentSpec Spec(string name) =>
        cluster.Engine.Components.FirstOrDefault(c => c.Name == name)?.Spec
        ?? throw new ArgumentException($"there is no component {name}"
            + ((Nearest.To(name, Names) ?? Names.FirstOrDefault(
                n => n.StartsWith(name, StringComparison.Ordinal))) is { } meant
                ? $", did you mean {meant}?"
                : $"; these run: {string.Join(", ", Names)}"));
}
