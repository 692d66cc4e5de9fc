namespace KubeSim.Tests;

/// <summary>A cluster in which one controller works and pods do what a recording says: nobody
/// schedules but a binder, and nobody runs them.</summary>
internal static class ScriptedPods
{
    public static Cluster Cluster(uint seed, int nodes, string controller)
    {
        string[] needed = ["serviceaccount-controller", controller];
        var components = Bootstrap.Components().Where(c => needed.Contains(c.Name))
            .Append(new("binder", _ => new Probe(Watched.All<Pod>()) { OnReconcile = Bind }));
        return new(nodes, seed, components: components.ToSeq());
    }

    /// <summary>What a kubelet tells of a pod.</summary>
    public static void Tell(Cluster cluster, Pod pod, string phase, bool ready) =>
        cluster.UpdateStatus(pod with
        {
            Status = pod.Status with
            {
                Phase = phase,
                Conditions = pod.Status.Conditions.With(new PodCondition
                {
                    Type = "Ready", Status = ready ? "True" : "False",
                    LastTransitionTime = cluster.Now,
                }),
            },
        });

    /// <summary>Every change since the last look, in order.</summary>
    public static void Watch(Cluster cluster, ref Revision last, Action<WatchEvent> see)
    {
        for (; last < cluster.Revision; last = last.Next)
        {
            if (cluster.Engine.Store.TryLog(last.Next, out var change))
            {
                see(change);
            }
        }
    }

    private static Result Bind(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is Pod { IsScheduled: false, IsTerminating: false } pod)
        {
            api.Create(key, "binding", new Binding
            {
                Metadata = new() { Name = key.Name, Namespace = key.Namespace },
                Target = new() { Kind = "Node", Name = DaemonSetNodes.NodeOf(pod) ?? "node-1" },
            });
        }
        return Result.Done;
    }
}
