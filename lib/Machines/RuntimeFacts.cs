namespace KubeSim;

/// <summary>In what the container runtimes differ where somebody can see it.</summary>
/// <param name="Scheme">How ids begin in the status of a pod.</param>
/// <param name="Version">Its version.</param>
/// <param name="Pause">The image of the sandboxes: it is never removed.</param>
internal sealed record RuntimeFacts(string Scheme, string Version, string Pause)
{
    private static readonly RuntimeFacts containerd = new("containerd", "2.2.0",
        "registry.k8s.io/pause:3.10.1");

    private static readonly RuntimeFacts crio = new("cri-o", "1.36.0",
        "registry.k8s.io/pause:3.10.1");

    private static readonly RuntimeFacts docker = new("docker", "29.1.0",
        "registry.k8s.io/pause:3.10");

    /// <summary>As a Node names it: <c>containerd://2.2.0</c>.</summary>
    public string Name => $"{Scheme}://{Version}";

    public static RuntimeFacts Of(RuntimeKind kind) =>
        kind == RuntimeKind.CriO ? crio : kind == RuntimeKind.Docker ? docker : containerd;

    /// <summary>An image's name as the runtime writes it: Docker leaves out what it takes for
    /// granted, <c>nginx:1.27</c> for <c>docker.io/library/nginx:1.27</c>.</summary>
    public string Shown(string name) => this != docker
        || !name.StartsWith("docker.io/", StringComparison.Ordinal) ? name
        : name["docker.io/".Length..] is var rest
            && rest.StartsWith("library/", StringComparison.Ordinal)
            ? rest["library/".Length..] : rest;
}
