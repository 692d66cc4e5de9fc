namespace KubeSim;

/// <summary>An image on a machine.</summary>
internal sealed class StoredImage(CriImage image, ImageManifest manifest, string name)
{
    /// <summary>The name in full that it was pulled by.</summary>
    public string Name => name;

    public CriImage Image => image;

    public ImageManifest Manifest => manifest;

    /// <summary>Its names in full; none when others have taken them.</summary>
    public List<string> Names { get; } = [];

    /// <summary>The pull that brings it, or brought it.</summary>
    public ImagePull? Pull { get; set; }

    /// <summary>When the last container of it was removed (UTC); null: it was never
    /// used.</summary>
    public DateTime? LastUsed { get; set; }

    /// <summary>When it came (UTC).</summary>
    public DateTime Came { get; init; }

    /// <summary>True once the kubelet knows of it.</summary>
    public bool IsTold { get; set; }

    /// <summary>True: somebody pulled it without saying who he is, so anybody may.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whose secrets brought it; null: no kubelet pulled it.</summary>
    public List<(string Secret, RegistryAuth Auth)>? OpenedBy { get; private set; }

    /// <summary>Notes who pulled it.</summary>
    /// <param name="secret">Which secret; null for none.</param>
    /// <param name="auth">What it says.</param>
    public void Open(string? secret, RegistryAuth? auth)
    {
        IsOpen |= secret is null;
        if (secret is not null && OpenedBy?.Contains((secret, auth!)) != true)
        {
            (OpenedBy ??= []).Add((secret, auth!));
        }
    }

    public bool IsThere(DateTime now) => Pull is null || Pull.EndsAt <= now;
}

/// <summary>
/// The images of a machine. A name points to a digest, and a tag that moved points to another one
/// after the next pull: the image that lost its name stays for the containers that were made of it.
/// Layers that several images have are there once.
/// <para>A pull asks its registry (0.2 to 0.5 s), and then brings the layers that are not here, at
/// 100 MB/s. Of an image that is here it brings nothing: that is <c>imagePullPolicy: Always</c>.
/// One pull waits for the one before it unless the kubelet says otherwise (<c>MostPulls</c>), a
/// failing one of thirty seconds too. That is the default for the sake of Docker before 1.9 and of
/// its storage driver aufs, with which pulls at a time could leave images broken.</para>
/// <para>Worked: nginx, 72.3 MB, and behind it busybox, 2.2 MB: there after 1.0 and 1.4 s, of which
/// busybox waited 1.0 s.</para>
/// Models github.com/containerd/containerd/tree/main/internal/cri/server/images.
/// </summary>
internal sealed class ImageStore(SimMachine machine, Prng random)
{
    public const double BytesPerSecond = 100e6;

    private readonly Dictionary<string, StoredImage> named = new(StringComparer.Ordinal);
    private List<StoredImage>? nameless;
    private StoredImage? pause;
    private DateTime pullsUntil;

    /// <summary>How many pulls go on at a time.</summary>
    public int MostPulls { get; set; } = 1;

    private DateTime Now => machine.World.Host.Now;

    /// <summary>All images that are here, in the order of their names; that of the sandboxes, which
    /// came with the machine, first.</summary>
    public IEnumerable<StoredImage> All => named.OrderBy(n => n.Key, StringComparer.Ordinal)
        .Select(n => n.Value).Concat(nameless ?? []).Distinct().Where(i => i.IsThere(Now))
        .Prepend(pause ??= Preloaded(RuntimeFacts.Of(machine.Runtime.Kind).Pause));

    /// <summary>True when anything was ever pulled.</summary>
    public bool HasPulled => named.Count > 0;

    /// <summary>The images that no container is of, and that may be removed.</summary>
    public IEnumerable<StoredImage> Unused()
    {
        var used = machine.Runtime.ImagesInUse();
        return All.Where(i => i != pause && !used.Contains(i));
    }

    /// <summary>Bytes on the disk, a layer of several images once.</summary>
    public long UsedBytes => All.SelectMany(i => i.Manifest.AllLayers).DistinctBy(l => l.Digest)
        .Sum(l => l.SizeBytes);

    /// <summary>The image of a name, or of a digest; null when it is not known here.</summary>
    public StoredImage? Find(string image)
    {
        var name = machine.World.Registries.NameOf(image);
        return named.GetValueOrDefault($"{name}") ?? (name.Digest is null ? null
            : All.FirstOrDefault(i => i.Manifest.Digest == name.Digest));
    }

    /// <summary>Begins to fetch an image.</summary>
    public ImagePull Pull(string image, RegistryAuth? auth)
    {
        var registries = machine.World.Registries;
        var (name, found) = (registries.NameOf(image), registries.Find(image, auth));
        var talk = random.Next(TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(500))
            + found.Takes;
        if (found.Manifest is not { } manifest)
        {
            return Queue(name.Registry, talk, 0, null, found.Error ?? PullErrors.Text(
                machine.Runtime.Kind, found.Why!.Value, image, name));
        }
        var there = named.GetValueOrDefault($"{name}");
        var same = there?.Manifest.Digest == manifest.Digest ? there
            : named.Values.FirstOrDefault(i => i.Manifest.Digest == manifest.Digest);
        if (same?.Pull is { } coming && MostPulls > 1 && coming.EndsAt > Now)
        {
            // Who fetches what is being fetched waits for it.
            return coming;
        }
        var pull = Queue(name.Registry, talk, same is null ? Missing(manifest) : 0,
            manifest.Digest, null);
        if (same is null)
        {
            var facts = RuntimeFacts.Of(machine.Runtime.Kind);
            var id = facts.Shown($"{name.Registry}/{name.Repository}@{manifest.Digest}");
            same = new(new(id, facts.Shown($"{name}"), manifest.SizeBytes), manifest, $"{name}")
            {
                Pull = pull, Came = Now,
            };
        }
        if (same != there)
        {
            Name($"{name}", same, there);
        }
        return pull;
    }

    /// <summary>Removes an image; the answer is how many bytes became free.</summary>
    public long Remove(StoredImage image)
    {
        var before = UsedBytes;
        image.Names.ForEach(n => named.Remove(n));
        nameless?.Remove(image);
        return before - UsedBytes;
    }

    public void LosePower()
    {
        pullsUntil = default;
        var halves = named.Values.Where(i => !i.IsThere(Now)).Distinct().ToList();
        machine.World.Downloads.Drop(machine);
        foreach (var image in halves)
        {
            image.Names.ForEach(n => named.Remove(n));
        }
    }

    private static StoredImage Preloaded(string reference)
    {
        var digest = ImageCatalogue.DigestOf(reference);
        var image = new StoredImage(
            new($"{reference[..reference.LastIndexOf(':')]}@{digest}", reference, 320_000),
            new(digest, 320_000, _ => ProcessBehaviour.Server), reference);
        image.Names.Add(reference);
        return image;
    }

    private void Name(string name, StoredImage image, StoredImage? before)
    {
        named[name] = image;
        image.Names.Add(name);
        if (before is not null && before.Names.Remove(name) && before.Names.Count == 0)
        {
            (nameless ??= []).Add(before);
        }
    }

    private long Missing(ImageManifest manifest) => manifest.Layers.IsEmpty ? manifest.SizeBytes
        : manifest.Layers.Where(l => !named.Values.Concat(nameless ?? []).Any(
            i => i.Manifest.AllLayers.Contains(l))).Sum(l => l.SizeBytes);

    private ImagePull Queue(
        string host, TimeSpan talk, long bytes, string? digest, string? error)
    {
        var downloads = machine.World.Downloads;
        var begins = pullsUntil > Now ? pullsUntil : Now;
        if (MostPulls == 1 && !downloads.Concerns(machine, host))
        {
            pullsUntil = begins + talk + TimeSpan.FromSeconds(bytes / BytesPerSecond);
            return new(begins, pullsUntil) { Digest = digest, Error = error };
        }
        var download = new Download
        {
            All = downloads, Machine = machine, Host = host, From = begins, Talk = talk,
            Bytes = bytes,
        };
        downloads.Add(download);
        return new(download) { Digest = digest, Error = error };
    }
}
