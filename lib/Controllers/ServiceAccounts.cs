namespace KubeSim;

/// <summary>
/// Gives every namespace its ServiceAccount <c>default</c>, under whose name pods run that name
/// none.
/// <para>It watches Namespaces and ServiceAccounts, both keyed by the namespace. When an active
/// namespace has no <c>default</c>, it creates one; deleted by hand, it is back a few milliseconds
/// later, with another UID.</para>
/// Models pkg/controller/serviceaccount/serviceaccounts_controller.go.
/// </summary>
public sealed class ServiceAccounts : IReconciler
{
    /// <summary>The account that pods get when they name none.</summary>
    public const string Default = "default";

    /// <inheritdoc/>
    public string Name => "serviceaccount-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<Namespace>(),
        Watched.All<ServiceAccount>() with
        {
            KeyOf = account => new ObjectKey(Kinds.Namespace, "", account.Metadata.Namespace),
        },
    ];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        var active = api.Get(key) is Namespace { Metadata.DeletionTimestamp: null };
        if (active && api.Get<ServiceAccount>(key.Name, Default) is null)
        {
            Create(key.Name, api);
        }
        return Result.Done;
    }

    private static void Create(string ns, ReconcileContext api)
    {
        try
        {
            api.Create(new ServiceAccount { Metadata = new() { Name = Default, Namespace = ns } });
        }
        catch (ApiException refused) when (refused.IsAlreadyExists)
        {
            // Our cache is late: somebody, or we ourselves, made it already.
        }
    }
}
