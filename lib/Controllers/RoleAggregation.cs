namespace KubeSim;

/// <summary>
/// Gives a ClusterRole with an <c>aggregationRule</c> the rules of all ClusterRoles that it
/// selects by label, so that whoever brings a new kind can add it to admin, edit and view by one
/// role with a label.
/// <para>Worked example: a ClusterRole <c>crontabs</c> with the label
/// rbac.authorization.k8s.io/aggregate-to-view comes. Three writes follow: view gets its rules,
/// then edit, which collects view, then admin, which collects edit.</para>
/// It keeps the ClusterRoles that collect and looks at each when any ClusterRole changes. Those
/// that a cluster starts with are complete already.
/// Models pkg/controller/clusterroleaggregation.
/// </summary>
public sealed class RoleAggregation : IReconciler
{
    private readonly SortedSet<string> collecting = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "clusterrole-aggregation-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<ClusterRole>()];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.New is ClusterRole { AggregationRule: not null })
        {
            collecting.Add(e.Key.Name);
        }
        else
        {
            collecting.Remove(e.Key.Name);
        }
        if (e.New is { Metadata.ResourceVersion.Value: 0 })
        {
            return;
        }
        foreach (var name in collecting)
        {
            queue.Add(new(Kinds.ClusterRole, "", name));
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is ClusterRole role)
        {
            var whole = BootstrapPolicy.Collected(role, api.List<ClusterRole>());
            if (!whole.Rules.SequenceEqual(role.Rules))
            {
                api.Update(whole);
            }
        }
        return Result.Done;
    }
}
