using System.Globalization;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Why a registry does not give an image.</summary>
public enum RegistryFailure
{
    /// <summary>The name servers know no such host.</summary>
    NoSuchHost,

    /// <summary>Nothing answers: a firewall drops what is sent.</summary>
    Timeout,

    /// <summary>The machine answers, and nothing listens there.</summary>
    Refused,

    /// <summary>Its certificate was signed by somebody whom the nodes do not know.</summary>
    UnknownAuthority,

    /// <summary>401: who pulls has said nothing of himself, or there is no such
    /// repository.</summary>
    Unauthorized,

    /// <summary>401: another user or password is wanted.</summary>
    BadCredentials,

    /// <summary>403: whoever pulls may not.</summary>
    Forbidden,

    /// <summary>429: too many pulls in too short a time.</summary>
    TooManyRequests,

    /// <summary>500.</summary>
    ServerError,

    /// <summary>503.</summary>
    Unavailable,

    /// <summary>404: the repository has no such tag.</summary>
    ManifestUnknown,

    /// <summary>The image was not built for the processors of the nodes.</summary>
    NoPlatform,
}

/// <summary>An image as somebody builds and pushes it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ImageRecipe
{
    /// <summary>What is in it: megabytes as they go over the wire, by the name of a layer. Images
    /// with equal layers share them, on the wire and on the disk; unset: one layer of 50
    /// MB.</summary>
    public Map<double> Layers { get; init; }

    /// <summary>The image that it was built on, whose layers lie below its own; null for
    /// none.</summary>
    public string? From { get; init; }

    /// <summary>What its container runs, where the pod does not say: a shell with its script or a
    /// small tool; unset: a server.</summary>
    public Seq<string> Command { get; init; }

    /// <summary>After how many seconds its program ends of itself; null for never.</summary>
    public double? EndsAfter { get; init; }

    /// <summary>How its program ends then.</summary>
    public int ExitCode { get; init; }

    /// <summary>The TCP ports that its program listens on, whatever the pod says of ports; unset:
    /// those that the pod says.</summary>
    public Seq<int> Ports { get; init; }

    /// <summary>For which machines it was built; the nodes are <c>linux/amd64</c>.</summary>
    public string Platform { get; init; } = "linux/amd64";

    /// <summary>Anything: of two recipes that differ in it alone come two images.</summary>
    public string Version { get; init; } = "";

    internal ImageManifest Build(string name, ImageManifest? below)
    {
        var own = Layers.IsEmpty ? Map.Of((name + Version, 50.0)) : Layers;
        Seq<ImageLayer> layers = [.. below?.AllLayers ?? [], .. own.Select(l => new ImageLayer(
            LayerDigest(l.Key, l.Value), (long)(l.Value * 1e6)))];
        var words = string.Create(CultureInfo.InvariantCulture,
            $"{Version}|{string.Join(' ', Command)}|{EndsAfter}|{ExitCode}|"
            + $"{string.Join(' ', Ports)}|{Platform}|{string.Join(' ', layers)}");
        return new(ImageCatalogue.DigestOf(words), layers.Sum(l => l.SizeBytes), Behaviour)
        {
            Layers = layers, Ports = Ports, Platform = Platform,
        };
    }

    private ProcessBehaviour Behaviour(ContainerConfig config)
    {
        Seq<string> words = [.. config.Command.IsEmpty ? Command : config.Command, .. config.Args];
        return (words.IsEmpty ? null : ImageCatalogue.OfCommand(words))
            ?? (EndsAfter is { } end
                ? ProcessBehaviour.Ends(TimeSpan.FromSeconds(end), ExitCode)
                : config.RunsToEnd ? ProcessBehaviour.Ends(TimeSpan.FromSeconds(1), 0)
                : ProcessBehaviour.Server);
    }

    private static string LayerDigest(string name, double megabytes) => ImageCatalogue.DigestOf(
        string.Create(CultureInfo.InvariantCulture, $"layer/{name}/{megabytes}"));
}

/// <summary>What a registry answers to who pulls.</summary>
/// <param name="Manifest">The image; null when there is none to have.</param>
/// <param name="Why">Why not; null when <paramref name="Error"/> says it.</param>
/// <param name="Error">Why not, in the runtime's words.</param>
/// <param name="Takes">How long the answers take.</param>
internal readonly record struct RegistryAnswer(ImageManifest? Manifest,
    RegistryFailure? Why = null, string? Error = null, TimeSpan Takes = default);

/// <summary>A registry that somebody has said something of.</summary>
internal sealed class SimRegistry
{
    public double BytesPerSecond { get; set; } = double.PositiveInfinity;

    public TimeSpan Delay { get; set; }

    /// <summary>How many pulls without a user it gives in six hours; null: any number.</summary>
    public int? RateLimit { get; set; }

    /// <summary>When it was pulled from without a user.</summary>
    public Queue<DateTime> Counted { get; } = new();

    /// <summary>What goes wrong, by the beginning of a repository.</summary>
    public Dictionary<string, RegistryFailure> Failures { get; } = new(StringComparer.Ordinal);

    /// <summary>Who may pull, by the beginning of a repository.</summary>
    public List<(string Repository, RegistryAuth Auth)> Users { get; } = [];

    /// <summary>What was pushed, by name in full; null: deleted.</summary>
    public Dictionary<string, ImageManifest?> Images { get; } = new(StringComparer.Ordinal);

    public RegistryFailure? FailureOf(string repository) =>
        Failures.Where(f => Covers(f.Key, repository)).OrderByDescending(f => f.Key.Length)
            .Select(f => (RegistryFailure?)f.Value).FirstOrDefault();

    public RegistryFailure? Refuses(string repository, RegistryAuth? auth)
    {
        var locks = Users.Where(u => Covers(u.Repository, repository)).ToList();
        return locks.Count == 0 || locks.Exists(u => u.Auth == auth) ? null
            : auth is null ? RegistryFailure.Unauthorized : RegistryFailure.BadCredentials;
    }

    public bool TakesAnother(DateTime now)
    {
        while (Counted.Count > 0 && Counted.Peek() <= now - TimeSpan.FromHours(6))
        {
            Counted.Dequeue();
        }
        if (Counted.Count >= RateLimit)
        {
            return false;
        }
        Counted.Enqueue(now);
        return true;
    }

    private static bool Covers(string beginning, string repository) => beginning.Length == 0
        || repository == beginning || repository.StartsWith(beginning + "/",
            StringComparison.Ordinal);
}

/// <summary>
/// The registries that machines pull from. Of those that nobody has said anything of, everything
/// can be had (<see cref="ImageCatalogue"/>); the others are as slow, as private and as broken as
/// somebody has made them, and one of somebody's own has what was pushed there and nothing else.
/// <para>A pull asks for the manifest, first by HEAD and then by GET, for the configuration, and
/// for the layers that the machine lacks: three answers, each after the registry's delay. Docker
/// Hub counts the GET, by address; all machines leave by the address of their router, so they
/// share what it allows: of 100 pulls in six hours the 101st gets 429, whoever asks.</para>
/// What goes wrong is found when a pull is asked for; one under way goes on.
/// Models github.com/distribution/distribution and docs.docker.com/docker-hub/usage.
/// </summary>
internal sealed class Registries(World world, IImageRegistry others)
{
    private const int AnswersOfAPull = 3;

    // Hosts that have more than what was pushed to them here.
    private static readonly string[] Public =
    [
        "docker.io", "gcr.io", "ghcr.io", "k8s.gcr.io", "mcr.microsoft.com", "public.ecr.aws",
        "quay.io", "registry.k8s.io",
    ];

    private readonly Dictionary<string, SimRegistry> known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImageReference> names = new(StringComparer.Ordinal);

    /// <summary>The registry of a host, to say something of it.</summary>
    public SimRegistry Of(string host)
    {
        if (!known.TryGetValue(host, out var registry))
        {
            known.Add(host, registry = new());
        }
        return registry;
    }

    /// <summary>A reference with nothing left out, parsed once.</summary>
    public ImageReference NameOf(string image)
    {
        if (!names.TryGetValue(image, out var name))
        {
            names.Add(image, name = ImageReference.Parse(image));
        }
        return name;
    }

    /// <summary>Bytes a second that a host gives to all who pull together.</summary>
    public double BytesPerSecond(string host) =>
        known.GetValueOrDefault(host)?.BytesPerSecond ?? double.PositiveInfinity;

    /// <summary>Puts an image under a name, whatever had it before.</summary>
    public void Push(ImageReference name, ImageRecipe recipe) => Of(name.Registry)
        .Images[$"{name}"] = recipe.Build($"{name}", recipe.From is { } from
            ? Look(from, NameOf(from)).Manifest : null);

    /// <summary>Asks for an image.</summary>
    public RegistryAnswer Find(string image, RegistryAuth? auth)
    {
        var name = NameOf(image);
        if (!known.TryGetValue(name.Registry, out var registry))
        {
            return Look(image, name);
        }
        var takes = registry.Delay * AnswersOfAPull;
        var why = registry.FailureOf(name.Repository);
        if (why < RegistryFailure.Unauthorized)
        {
            // Whoever dials waits for thirty seconds.
            return new(null, why, Takes: why == RegistryFailure.Timeout
                ? TimeSpan.FromSeconds(30) : TimeSpan.Zero);
        }
        if ((why ?? registry.Refuses(name.Repository, auth)) is { } refused)
        {
            return new(null, refused, Takes: registry.Delay);
        }
        var found = Look(image, name);
        return found.Manifest is null ? found with { Takes = registry.Delay }
            : auth is null && !registry.TakesAnother(world.Host.Now)
            ? new(null, RegistryFailure.TooManyRequests, Takes: registry.Delay)
            : found with { Takes = takes };
    }

    private RegistryAnswer Look(string image, ImageReference name)
    {
        var own = known.GetValueOrDefault(name.Registry);
        if (own?.Images.TryGetValue($"{name}", out var pushed) == true)
        {
            return pushed is null ? new(null, RegistryFailure.ManifestUnknown)
                : pushed.Platform != "linux/amd64" ? new(null, RegistryFailure.NoPlatform)
                : new(pushed);
        }
        if (name.Digest is { } digest && own?.Images.Values.FirstOrDefault(
            m => m?.Digest == digest) is { } same)
        {
            return new(same);
        }
        if (own?.Images.Count > 0 && !Public.Contains(name.Registry))
        {
            return new(null, RegistryFailure.ManifestUnknown);
        }
        var found = others.Resolve(image);
        return new(found.Value, Error: found.Error);
    }
}
