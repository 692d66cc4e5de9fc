namespace KubeSim;

/// <summary>What the cloud's controllers of nodes have in common: they watch Nodes and, since
/// nobody tells them of the cloud, look around every so often. A round that would find all as it is
/// is not carried out.</summary>
public abstract class CloudRounds(string name) : IReconciler
{
    private DateTime? started;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Node>()];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        started ??= api.Now;
        return Look(key, api.Get(key) as Node, api);
    }

    /// <summary>Looks at a node, which is null once it is gone.</summary>
    internal abstract Result Look(ObjectKey key, Node? node, ReconcileContext api);

    /// <summary>How long until the next round; zero when it is now.</summary>
    internal TimeSpan UntilRound(Setting<TimeSpan> every, ReconcileContext api)
    {
        var period = api.Settings.Get(every);
        var late = (api.Now - started!.Value).Ticks % period.Ticks;
        return late == 0 ? TimeSpan.Zero : period - TimeSpan.FromTicks(late);
    }

    /// <summary>What the cloud says of the machine of a node.</summary>
    internal static Answer<CloudInstance?> Ask(Node node, ReconcileContext api) =>
        api.World.Cloud.Instance(node.Spec.ProviderID is { Length: > 0 } id ? id
            : node.Metadata.Name);
}
