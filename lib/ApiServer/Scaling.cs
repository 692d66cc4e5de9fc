namespace KubeSim;

/// <summary>The workloads that have a number of replicas, seen through the one shape of a Scale.
/// </summary>
internal static class Scaling
{
    public static bool Knows(Kind kind) => kind.Equals(Kinds.Deployment)
        || kind.Equals(Kinds.ReplicaSet) || kind.Equals(Kinds.StatefulSet)
        || kind.Equals(Kinds.ReplicationController);

    public static Scale Of(ApiObject workload)
    {
        var (wanted, there, selector) = workload switch
        {
            Deployment d => (d.Spec.Replicas, d.Status.Replicas, Text(d.Spec.Selector)),
            ReplicaSet s => (s.Spec.Replicas, s.Status.Replicas, Text(s.Spec.Selector)),
            StatefulSet s => (s.Spec.Replicas, s.Status.Replicas, Text(s.Spec.Selector)),
            ReplicationController c =>
                (c.Spec.Replicas, c.Status.Replicas,
                    Selector.FromLabels(c.Spec.Selector).ToString()),
            _ => throw new InvalidOperationException($"{workload.Kind} has no scale"),
        };
        var meta = workload.Metadata;
        return new()
        {
            Metadata = new()
            {
                Name = meta.Name,
                Namespace = meta.Namespace,
                Uid = meta.Uid,
                ResourceVersion = meta.ResourceVersion,
                CreationTimestamp = meta.CreationTimestamp,
            },
            // A scale to 0 shows an empty spec.
            Spec = new() { Replicas = wanted is 0 ? null : wanted },
            Status = new() { Replicas = there, Selector = selector },
        };
    }

    public static ApiObject With(ApiObject workload, int replicas) => workload switch
    {
        Deployment d => d with { Spec = d.Spec with { Replicas = replicas } },
        ReplicaSet s => s with { Spec = s.Spec with { Replicas = replicas } },
        StatefulSet s => s with { Spec = s.Spec with { Replicas = replicas } },
        ReplicationController c => c with { Spec = c.Spec with { Replicas = replicas } },
        _ => throw new InvalidOperationException($"{workload.Kind} has no scale"),
    };

    private static string Text(LabelSelector? selector) => Selector.From(selector).ToString();
}
