namespace KubeSim;

/// <summary>The kinds of the APIs that metrics come by.</summary>
internal static class MetricKinds
{
    /// <summary>The API of the metrics server.</summary>
    public const string Group = "metrics.k8s.io";

    /// <summary>What nodes use.</summary>
    public static Kind Nodes { get; } = New(Group, "v1beta1", "NodeMetrics", "nodes", false);

    /// <summary>What pods use.</summary>
    public static Kind Pods { get; } = New(Group, "v1beta1", "PodMetrics", "pods", true);

    /// <summary>A kind of <c>custom.metrics.k8s.io</c>, whose resources are those that the metrics
    /// are about, or of <c>external.metrics.k8s.io</c>, whose resources are the metrics.</summary>
    public static Kind Of(string group, string version, string plural) => group == Group ? Pods
        : New(group, version, "MetricValueList", plural, true);

    private static Kind New(
        string group, string version, string name, string plural, bool namespaced) => new()
        {
            Group = group, Version = version, Versions = [version], Name = name, Plural = plural,
            Singular = "", Namespaced = namespaced, Verbs = ["get", "list"],
        };
}
