namespace KubeSim;

/// <summary>
/// Rolls out what Deployments want. A Deployment never touches pods: for each template it has a
/// ReplicaSet, and a rollout is nothing but sizes of ReplicaSets that change in turn.
/// <para>It watches Deployments and ReplicaSets, and the deletion of Pods for the strategy
/// Recreate.
/// One reconcile makes one move: it creates the ReplicaSet of the template, or lets it grow, or
/// lets old ones shrink, and writes the status. 4 replicas, 25 % surge, 25 % unavailable: the new
/// set begins with 1 (5 in all), the old one goes to 3, the new one to 2; then they wait until a
/// new pod is ready.</para>
/// <para>A move is <see cref="DeploymentSync"/>; how far it may go is
/// <see cref="DeploymentBounds"/>.</para>
/// Models pkg/controller/deployment/deployment_controller.go.
/// </summary>
public sealed class Deployments : IReconciler
{
    private readonly SelectorIndex index = new();
    private readonly Dictionary<ObjectKey, bool> recreating = [];
    private readonly Dictionary<string, ObjectKey> deploymentOf = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "deployment-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<Deployment>(), Watched.All<ReplicaSet>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            ObservePod((Pod?)e.Old, e.New, queue);
            return;
        }
        if (e.Key.Kind.Equals(Kinds.ReplicaSet))
        {
            ObserveSet(e.Key, e.Old, e.New, queue);
            return;
        }
        var deployment = (Deployment?)e.New;
        index.SetOwner(e.Key, deployment?.Spec.Selector);
        if (deployment?.Spec.Strategy.Type == "Recreate")
        {
            recreating[e.Key] = true;
        }
        else
        {
            recreating.Remove(e.Key);
        }
        queue.Add(e.Key);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Deployment deployment)
        {
            return Result.Done;
        }
        new DeploymentSync(deployment, SetsOf(deployment, api), api).Run();
        return Result.Done;
    }

    private void ObserveSet(ObjectKey key, ApiObject? old, ApiObject? set, IWorkQueue queue)
    {
        index.SetOrphan(key, set);
        var now = ControllerRefs.KeyOf(set, Kinds.Deployment);
        var before = ControllerRefs.KeyOf(old, Kinds.Deployment);
        if (before is { } last && !last.Equals(now))
        {
            deploymentOf.Remove(old!.Metadata.Uid);
            queue.Add(last);
        }
        if (now is { } owner)
        {
            deploymentOf[set!.Metadata.Uid] = owner;
            queue.Add(owner);
        }
        else if (set is { ControllerOwner: null, IsTerminating: false }
            && (old is null || before is not null
                || !old.Metadata.Labels.Equals(set.Metadata.Labels)))
        {
            index.EnqueueOwners(set, queue);
        }
    }

    // Recreate waits until the last old pod is gone.
    private void ObservePod(Pod? old, ApiObject? pod, IWorkQueue queue)
    {
        if (pod is null && recreating.Count > 0 && old?.ControllerOwner is { } owner
            && deploymentOf.TryGetValue(owner.Uid, out var deployment)
            && recreating.ContainsKey(deployment))
        {
            queue.Add(deployment);
        }
    }

    private List<ReplicaSet> SetsOf(Deployment deployment, ReconcileContext api)
    {
        var selector = deployment.Spec.Selector;
        var sets = api.Owned<ReplicaSet>(deployment);
        sets.RemoveAll(set => !ControllerRefs.Claim(deployment, selector, set, api));
        foreach (var key in index.Orphans(deployment.Metadata.Namespace))
        {
            if (api.Get(key) is ReplicaSet orphan
                && ControllerRefs.Claim(deployment, selector, orphan, api))
            {
                sets.Add(orphan);
            }
        }
        return sets;
    }
}
