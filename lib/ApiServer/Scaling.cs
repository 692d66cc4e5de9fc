using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The workloads that have a number of replicas, seen through the one shape of a Scale.
/// </summary>
internal static class Scaling
{
    public static bool Knows(Kind kind) => kind.Equals(Kinds.Deployment)
        || kind.Equals(Kinds.ReplicaSet) || kind.Equals(Kinds.StatefulSet)
        || kind.Equals(Kinds.ReplicationController) || !kind.ScalePaths.IsEmpty;

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
            { Kind.ScalePaths: [var spec, var status, var labels] } => Custom(workload, spec, status,
                labels),
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
        { Kind.ScalePaths: [var spec, ..] } => DefinitionStrategy.Changed(workload, node =>
        {
            foreach (var step in spec.ToArray()[..^1])
            {
                node[step] ??= new JsonObject();
                node = node[step]!.AsObject();
            }
            node[spec[^1]] = replicas;
        }),
        _ => throw new InvalidOperationException($"{workload.Kind} has no scale"),
    };

    private static (int?, int, string) Custom(
        ApiObject workload, Seq<string> spec, Seq<string> status, Seq<string> labels)
    {
        var node = Json.Encode(workload);
        int? Number(Seq<string> path) => (int?)node.At(path.AsSpan());
        return (Number(spec) ?? 0, Number(status) ?? 0,
            labels.IsEmpty ? "" : node.TextAt(labels.AsSpan()));
    }

    private static string Text(LabelSelector? selector) => Selector.From(selector).ToString();
}
