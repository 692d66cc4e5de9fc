using System.Globalization;

namespace KubeSim;

/// <summary>A Deployment in words, with its ReplicaSets: the new one is the one whose template the
/// Deployment has, all others are old.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go and
/// staging/src/k8s.io/kubectl/pkg/util/deployment/deployment.go.</remarks>
internal static class DescribeDeployment
{
    private const string Hash = "pod-template-hash";

    public static void Write(DescribeText text, Deployment deployment)
    {
        var (spec, status) = (deployment.Spec, deployment.Status);
        text.Head(deployment);
        text.Field("CreationTimestamp", DescribeText.Date(deployment.Metadata.CreationTimestamp));
        text.LabelsAndAnnotations(deployment);
        text.Field("Selector", TablePrinters.Selector(spec.Selector));
        text.Field("Replicas", string.Create(CultureInfo.InvariantCulture,
            $"{spec.Replicas ?? 0} desired | {status.UpdatedReplicas} updated | "
            + $"{status.Replicas} total | {status.AvailableReplicas} available | "
            + $"{status.UnavailableReplicas} unavailable"));
        text.Field("StrategyType", spec.Strategy.Type);
        text.Field("MinReadySeconds", spec.MinReadySeconds);
        if (spec.Strategy.RollingUpdate is { } rolling)
        {
            text.Field("RollingUpdateStrategy", $"{rolling.MaxUnavailable} max unavailable, "
                + $"{rolling.MaxSurge} max surge");
        }
        DescribeContainers.WriteTemplate(text, spec.Template);
        text.Table("Conditions", "Type\tStatus\tReason",
            [.. status.Conditions.Select(c => $"{c.Type} \t{c.Status}\t{c.Reason}")]);
        var (old, current) = Sets(text.Call, deployment);
        text.Field("OldReplicaSets", List(old));
        text.Field("NewReplicaSet", List(current is null ? [] : [current]));
        text.Events(deployment);
    }

    /// <summary>The ReplicaSets of a Deployment, oldest first, and the one with its
    /// template.</summary>
    public static (List<ReplicaSet> Old, ReplicaSet? Current) Sets(
        Invocation call, Deployment deployment)
    {
        var mine = Owned(call, deployment);
        var current = mine.Find(set => WithoutHash(set.Spec.Template)
            .Equals(WithoutHash(deployment.Spec.Template)));
        return ([.. mine.Where(set => !ReferenceEquals(set, current))], current);
    }

    /// <summary>The ReplicaSets that a Deployment controls, oldest first.</summary>
    public static List<ReplicaSet> Owned(Invocation call, Deployment deployment) =>
    [
        .. call.List<ReplicaSet>(deployment.Metadata.Namespace,
                Selector.From(deployment.Spec.Selector).ToString())
            .Where(set => set.IsControlledBy(deployment.Metadata.Uid))
            .OrderBy(set => set.Metadata.CreationTimestamp?.UnixSeconds ?? 0)
            .ThenBy(set => set.Metadata.Name, StringComparer.Ordinal),
    ];

    private static PodTemplateSpec WithoutHash(PodTemplateSpec template) => template with
    {
        Metadata = template.Metadata with { Labels = template.Metadata.Labels.Remove(Hash) },
    };

    private static string List(List<ReplicaSet> sets) => sets.Count == 0 ? "<none>"
        : string.Join(", ", sets.Select(set => string.Create(CultureInfo.InvariantCulture,
            $"{set.Metadata.Name} ({set.Status.Replicas}/{set.Spec.Replicas ?? 0} "
            + $"replicas created)")));
}
