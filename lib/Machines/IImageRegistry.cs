using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>Where images come from. A reference such as <c>nginx:1.27</c> is a name that may move;
/// the digest behind it never does, and it is what a node really has.</summary>
/// <remarks>The kubelet's ErrImagePull and ImagePullBackOff are about the errors that come from
/// here, and <c>imagePullPolicy: Always</c> asks here even when the node has the image: the answer
/// may be another digest.</remarks>
public interface IImageRegistry
{
    /// <summary>Looks a reference up. The error is the runtime's own text, such as
    /// <c>rpc error: code = NotFound desc = failed to pull and unpack image "nosuch:1": … not
    /// found</c>.</summary>
    /// <param name="reference">As pods write it; <see cref="ImageReference.Parse"/> completes
    /// it.</param>
    /// <param name="auth">User and password of a pull secret; null for none.</param>
    Answer<ImageManifest> Resolve(string reference, RegistryAuth? auth = null);
}

/// <summary>What a registry knows of an image.</summary>
/// <param name="Digest"><c>sha256:…</c>: the image itself, whatever it is called.</param>
/// <param name="SizeBytes">What a pull moves over the wire.</param>
/// <param name="Run">What a container made from it does.</param>
public sealed record ImageManifest(
    string Digest, long SizeBytes, Func<ContainerConfig, ProcessBehaviour> Run)
{
    /// <summary>Its layers, the lowest first; unset: one, that nobody shares.</summary>
    public Seq<ImageLayer> Layers { get; init; }

    /// <summary>The TCP ports that its program listens on; unset: not known.</summary>
    public Seq<int> Ports { get; init; }

    /// <summary>For which machines it was built.</summary>
    public string Platform { get; init; } = "linux/amd64";

    internal Seq<ImageLayer> AllLayers =>
        Layers.IsEmpty ? [new ImageLayer(Digest, SizeBytes)] : Layers;
}

/// <summary>A part of an image that others may have too.</summary>
/// <param name="Digest"><c>sha256:…</c>.</param>
/// <param name="SizeBytes">What it takes on the wire.</param>
public sealed record ImageLayer(string Digest, long SizeBytes);

/// <summary>Who pulls.</summary>
/// <param name="Username">The user.</param>
/// <param name="Password">The password or token.</param>
public sealed record RegistryAuth(string Username, string Password);

/// <summary>A reference with nothing left out: <c>nginx</c> is
/// <c>docker.io/library/nginx:latest</c>.</summary>
/// <param name="Registry">The host, such as <c>docker.io</c> or <c>registry.k8s.io</c>.</param>
/// <param name="Repository">The path on it, such as <c>library/nginx</c>.</param>
/// <param name="Tag">The tag; null when a digest is given alone.</param>
/// <param name="Digest">The digest; null when the tag decides.</param>
public sealed partial record ImageReference(
    string Registry, string Repository, string? Tag, string? Digest)
{
    /// <summary>Why a text is no reference; null when it is one.</summary>
    public static string? Problem(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (Grammar().IsMatch(reference))
        {
            return null;
        }
        var lower = reference.ToLowerInvariant();
        return lower != reference && Grammar().IsMatch(lower)
            ? $"invalid reference format: repository name ({Parse(reference).Repository}) must be "
                + "lowercase" : "invalid reference format";
    }

    [GeneratedRegex(@"^(([a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+(:\d+)?|[a-zA-Z0-9-]+:\d+|localhost)/)?"
        + @"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
        + @"(:\w[\w.-]{0,127})?(@[a-z0-9]+:[0-9a-fA-F]{32,})?$")]
    private static partial Regex Grammar();

    /// <summary>Completes a reference as the runtimes do: no host means <c>docker.io</c>, there one
    /// word means <c>library/WORD</c>, and neither tag nor digest means <c>latest</c>.</summary>
    public static ImageReference Parse(string reference)
    {
        var (name, digest) = Split(reference, reference.IndexOf('@'));
        // A colon before the last slash belongs to a host: localhost:5000/app has no tag.
        var colon = name.LastIndexOf(':');
        var (path, tag) = Split(name, colon > name.LastIndexOf('/') ? colon : -1);
        var slash = path.IndexOf('/');
        var first = slash < 0 ? "" : path[..slash];
        var isHost = first == "localhost" || first.Contains('.') || first.Contains(':');
        var (host, repository) = isHost ? (first, path[(slash + 1)..]) : ("docker.io", path);
        if (host == "docker.io" && !repository.Contains('/'))
        {
            repository = "library/" + repository;
        }
        return new(host, repository, tag ?? (digest is null ? "latest" : null), digest);
    }

    /// <summary>The reference in full.</summary>
    public override string ToString() => $"{Registry}/{Repository}"
        + (Tag is null ? "" : $":{Tag}") + (Digest is null ? "" : $"@{Digest}");

    private static (string Before, string? After) Split(string text, int at) =>
        at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
}
