namespace KubeSim;

/// <summary>In what the container runtimes differ where somebody can see it.</summary>
/// <param name="Scheme">How ids begin in the status of a pod.</param>
/// <param name="Version">Its version.</param>
/// <param name="Pause">The image of the sandboxes: it is never removed.</param>
/// <param name="ImageFolder">Where its images lie.</param>
internal sealed record RuntimeFacts(
    string Scheme, string Version, string Pause, string ImageFolder)
{
    private static readonly RuntimeFacts containerd = new("containerd", "2.2.0",
        "registry.k8s.io/pause:3.10.1", "/var/lib/containerd");

    private static readonly RuntimeFacts crio = new("cri-o", "1.36.0",
        "registry.k8s.io/pause:3.10.1", "/var/lib/containers/storage");

    private static readonly RuntimeFacts docker = new("docker", "29.1.0",
        "registry.k8s.io/pause:3.10", "/var/lib/docker");

    /// <summary>As a Node names it: <c>containerd://2.2.0</c>.</summary>
    public string Name => $"{Scheme}://{Version}";

    public static RuntimeFacts Of(RuntimeKind kind) =>
        kind == RuntimeKind.CriO ? crio : kind == RuntimeKind.Docker ? docker : containerd;
}
