using KubeSim;

namespace Benchmarks;

/// <summary>
/// A stand-in for the ReplicaSet controller: it keeps as many pods as a ReplicaSet wants, and
/// nothing more. It knows no expectations, no adoption and no ranking of pods to delete.
/// <para>It watches ReplicaSets, and Pods by the ReplicaSet that controls them. It counts the pods
/// that it sees and creates or deletes the difference. Its cache may lag, so it waits until it has
/// seen as many pods as it has made: 3 wanted, 3 created, none seen yet: create none, not 3
/// more.</para>
/// </summary>
internal sealed class StubReplicaSets : IReconciler
{
    private readonly Dictionary<string, HashSet<string>> unseen = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "replicaset-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Object is Pod pod && pod.ControllerOwner is { } owner
            && unseen.TryGetValue(owner.Uid, out var waiting))
        {
            waiting.Remove(pod.Metadata.Name);
        }
        Watched.Enqueue(Watches, e, queue);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set)
        {
            return Result.Done;
        }
        var pods = api.Owned<Pod>(set).FindAll(p => !p.IsTerminating && !p.IsFinished);
        if (!unseen.TryGetValue(set.Metadata.Uid, out var waiting))
        {
            unseen.Add(set.Metadata.Uid, waiting = new(StringComparer.Ordinal));
        }
        if (waiting.Count == 0)
        {
            Scale(set, pods, waiting, api);
        }
        UpdateStatus(set, pods, api);
        return Result.Done;
    }

    private static void Scale(ReplicaSet set, List<Pod> pods, HashSet<string> waiting,
        ReconcileContext api)
    {
        var missing = (set.Spec.Replicas ?? 1) - pods.Count;
        for (var i = 0; i < missing; i++)
        {
            waiting.Add(api.Create(NewPod(set)).Metadata.Name);
        }
        for (var i = 0; i < -missing; i++)
        {
            var pod = pods[pods.Count - 1 - i];
            // A deletion that fails is none to wait for.
            api.Delete(pod.Key);
            waiting.Add(pod.Metadata.Name);
        }
    }

    private static Pod NewPod(ReplicaSet set) => new()
    {
        Metadata = new()
        {
            GenerateName = set.Metadata.Name + "-",
            Namespace = set.Metadata.Namespace,
            Labels = set.Spec.Template.Metadata.Labels,
            OwnerReferences = [new()
            {
                ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = set.Metadata.Name,
                Uid = set.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
            }],
        },
        Spec = set.Spec.Template.Spec,
    };

    private static void UpdateStatus(ReplicaSet set, List<Pod> pods, ReconcileContext api)
    {
        var ready = pods.Count(p => p.IsReady);
        var status = set.Status;
        if (status.Replicas != pods.Count || status.ReadyReplicas != ready
            || status.ObservedGeneration != set.Metadata.Generation)
        {
            api.UpdateStatus(set with
            {
                Status = status with
                {
                    Replicas = pods.Count, ReadyReplicas = ready, AvailableReplicas = ready,
                    FullyLabeledReplicas = pods.Count, ObservedGeneration = set.Metadata.Generation,
                },
            });
        }
    }
}
