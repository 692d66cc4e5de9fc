namespace KubeSim.Tests;

/// <summary>A node for tests of workloads. Its pods run some time after they are bound. One without
/// a readiness probe is ready at once, one with a probe when the test releases it; a deleted pod is
/// gone after its grace period.</summary>
internal sealed class GatedNode(string node) : IReconciler
{
    private readonly Dictionary<ObjectKey, DateTime> due = [];

    public string Name => "kubelet";

    public Seq<Watched> Watches { get; } = [Watched.OnNode<Pod>()];

    public static Cluster Cluster(ulong seed = 1, int nodes = 3)
    {
        string[] needed = ["serviceaccount-controller", "deployment-controller",
            "replicaset-controller", "default-scheduler"];
        var components = Bootstrap.Components().Where(c => needed.Contains(c.Name))
            .Append(new("kubelet", node => new GatedNode(node)) { PerNode = true });
        return new(nodes, seed, components: components.ToSeq());
    }

    /// <summary>Lets pods pass their probe: those not ready and not terminating, oldest first, then
    /// by name, one every 100 ms.</summary>
    public static void Release(Cluster cluster, int count)
    {
        var waiting = cluster.List<Pod>().Where(p => !p.IsReady && !p.IsTerminating)
            .OrderBy(p => p.Metadata.CreationTimestamp!.Value.UnixSeconds)
            .ThenBy(p => p.Metadata.Name, StringComparer.Ordinal).Take(count).ToArray();
        foreach (var pod in waiting)
        {
            cluster.Run(TimeSpan.FromMilliseconds(100));
            if (cluster.Find<Pod>("default", pod.Metadata.Name) is { IsTerminating: false } there)
            {
                cluster.UpdateStatus(there with { Status = Running(there, cluster.Now, true) });
            }
        }
    }

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Pod pod || pod.Spec.NodeName != node
            || (pod.Status.Phase == "Running" && !pod.IsTerminating))
        {
            due.Remove(key);
            return Result.Done;
        }
        if (!due.TryGetValue(key, out var at))
        {
            var grace = pod.IsTerminating ? pod.Metadata.DeletionGracePeriodSeconds ?? 1 : 1;
            due.Add(key, at = api.Now + TimeSpan.FromSeconds(grace)
                + api.Random.Next(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        }
        if (api.Now < at)
        {
            api.After(at - api.Now, key);
            return Result.Done;
        }
        due.Remove(key);
        if (pod.IsTerminating)
        {
            api.Delete(key, new() { GracePeriodSeconds = 0 });
            return Result.Done;
        }
        var ready = pod.Spec.Containers[0].ReadinessProbe is null;
        api.UpdateStatus(pod with { Status = Running(pod, api.Now, ready) });
        return Result.Done;
    }

    private static PodStatus Running(Pod pod, Time now, bool ready) => pod.Status with
    {
        Phase = "Running", StartTime = pod.Status.StartTime ?? now,
        Conditions = pod.Status.Conditions.With(new PodCondition
        {
            Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = now,
        }),
    };
}
