using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>
/// The images of the public registries: every name can be pulled, and what its containers do
/// follows from the command and the name.
/// <list type="bullet">
/// <item>A command of known words does what they say: <c>sleep 30</c>, <c>sh -c "…"</c>,
/// <c>false</c> (see <see cref="ShellRun"/>).</item>
/// <item><c>NAME:exit-CODE-SECONDS</c> ends so; <c>slowstop-SECONDS</c> goes on that long after a
/// SIGTERM; a name with <c>nosuch</c> cannot be pulled.</item>
/// <item>Anything else is a server that runs until it is stopped and answers its probes; as an init
/// container it ends with 0 after a second.</item>
/// </list>
/// Sizes are those of the real images where they are listed, else drawn from the name: 5 to 250 MB.
/// </summary>
public sealed partial class ImageCatalogue : IImageRegistry
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Compressed sizes of linux/amd64, in megabytes, as the registries list them.
    private static readonly (string Repository, double Megabytes)[] Sizes =
    [
        ("docker.io/library/nginx", 72.3), ("docker.io/library/busybox", 2.2),
        ("docker.io/library/redis", 45.0), ("docker.io/library/alpine", 3.6),
        ("docker.io/library/debian", 48.5), ("docker.io/library/ubuntu", 29.7),
        ("docker.io/library/python", 384), ("docker.io/library/perl", 336),
        ("docker.io/library/mysql", 246), ("docker.io/library/postgres", 157),
        ("docker.io/library/mongo", 273), ("docker.io/library/httpd", 58.3),
        ("docker.io/library/node", 391), ("docker.io/library/wordpress", 232),
        ("docker.io/library/bash", 6.5), ("docker.io/library/memcached", 31.3),
        ("registry.k8s.io/pause", 0.3), ("registry.k8s.io/etcd", 57.6),
    ];

    private readonly Dictionary<string, ImageManifest> known = new(StringComparer.Ordinal);

    /// <summary>Puts an image in the place of what its name would give.</summary>
    /// <param name="reference">As pods write it.</param>
    /// <param name="megabytes">What a pull moves over the wire.</param>
    /// <param name="run">What a container made from it does.</param>
    public void Add(string reference, double megabytes, Func<ContainerConfig, ProcessBehaviour> run)
    {
        var name = ImageReference.Parse(reference).ToString();
        known[reference] = new(DigestOf(name), (long)(megabytes * 1e6), run);
    }

    /// <inheritdoc/>
    public Answer<ImageManifest> Resolve(string reference, RegistryAuth? auth = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (known.TryGetValue(reference, out var manifest))
        {
            return new(manifest);
        }
        if (reference.Contains("nosuch", StringComparison.Ordinal))
        {
            return new(null, Error: "rpc error: code = NotFound desc = failed to pull and unpack "
                + $"image \"{reference}\": failed to resolve reference \"{reference}\": "
                + $"{reference}: not found");
        }
        var name = ImageReference.Parse(reference);
        manifest = new(DigestOf(name.ToString()), SizeOf(name), c => Behaviour(reference, c));
        known.Add(reference, manifest);
        return new(manifest);
    }

    private static ProcessBehaviour Behaviour(string image, ContainerConfig config)
    {
        var behaviour = Named(image) ?? (image.Contains("stress", Ordinal)
                && config.Command is [] or ["stress"] ? StressLoad.Of([.. config.Args])
            : config.Command.IsEmpty ? OfArguments(image, config)
            : OfCommand([.. config.Command, .. config.Args]));
        behaviour = behaviour is { Script.IsEmpty: false }
            && StressLoad.OfLine(behaviour.Script) is { } busy ? busy : behaviour;
        behaviour ??= config.RunsToEnd ? ProcessBehaviour.Ends(Second, 0) : ProcessBehaviour.Server;
        return IsBusyBox(image) ? behaviour with { IsBusyBox = true } : behaviour;
    }

    /// <summary>What a command line does; null for a program that nothing is known of.</summary>
    internal static ProcessBehaviour? OfCommand(Seq<string> command)
    {
        var name = command.IsEmpty ? "" : command[0][(command[0].LastIndexOf('/') + 1)..];
        return name switch
        {
            "perl" => ProcessBehaviour.Ends(Second * 5, 0),
            "nginx" when command.Contains("-T") || command.Contains("-t") =>
                ProcessBehaviour.Ends(TimeSpan.Zero, 0),
            "tail" => ProcessBehaviour.Deaf with { Script = command },
            _ when (ShellRun.IsShell(name) ? command.Count > 1 : ShellTools.Knows(name)) =>
                ProcessBehaviour.Deaf with { Script = command },
            _ => null,
        };
    }

    private static ProcessBehaviour? Named(string image)
    {
        if (ExitName().Match(image) is { Success: true } exit)
        {
            return ProcessBehaviour.Ends(Second * Number(exit.Groups[2]), Number(exit.Groups[1]));
        }
        return SlowName().Match(image) is { Success: true } slow
            ? ProcessBehaviour.Server with { StopsAfter = Second * Number(slow.Groups[1]) } : null;
    }

    // Arguments without a command go to the image's own program; small images have a shell.
    private static ProcessBehaviour? OfArguments(string image, ContainerConfig config)
    {
        if (config.Args.Contains("liveness") || image.Contains("/liveness", Ordinal))
        {
            return config.Args.Count > 0 && config.Args[0].EndsWith("/sh", Ordinal)
                ? OfCommand(config.Args)
                : ProcessBehaviour.Server with { SickAfter = Second * 10 };
        }
        var isBare = IsBusyBox(image) || image.StartsWith("debian", Ordinal)
            || image.StartsWith("ubuntu", Ordinal);
        return !config.Args.IsEmpty && isBare ? OfCommand(config.Args)
            // A shell that nobody types into has nothing to read, and ends.
            : !isBare ? null : config.Stdin ? ProcessBehaviour.Deaf
            : ProcessBehaviour.Ends(TimeSpan.Zero, 0);
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static bool IsBusyBox(string image) =>
        image.Contains("busybox", Ordinal) || image.StartsWith("alpine", Ordinal);

    private static long SizeOf(ImageReference name)
    {
        var repository = $"{name.Registry}/{name.Repository}";
        foreach (var (listed, megabytes) in Sizes)
        {
            if (listed == repository)
            {
                return (long)(megabytes * 1e6);
            }
        }
        return 5_000_000 + (long)(Digest.Mix(Digest.Start, repository) % 245_000_000);
    }

    internal static string DigestOf(string name)
    {
        var prng = new Prng(Digest.Mix(Digest.Start, name));
        return string.Create(CultureInfo.InvariantCulture, $"sha256:{prng.NextBits():x16}"
            + $"{prng.NextBits():x16}{prng.NextBits():x16}{prng.NextBits():x16}");
    }

    private static int Number(Group group) =>
        int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"exit-(\d{1,3})-(\d{1,6})")]
    private static partial Regex ExitName();

    [GeneratedRegex(@"slowstop-(\d{1,6})")]
    private static partial Regex SlowName();
}
