namespace KubeSim;

/// <summary>A file as it is, or a directory.</summary>
/// <param name="Content">What can be read; empty for a directory, and for files that were made for
/// their size alone.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Changed">When it was last written (UTC).</param>
/// <param name="IsDirectory">True for a directory that somebody made.</param>
public sealed record FileEntry(
    string Content, long Size, DateTime Changed, bool IsDirectory = false);

/// <summary>
/// The files of a machine, or of a disk that can be attached to one, by full path. Volumes are
/// directories in it; a container sees some of them under paths of its own
/// (<see cref="ContainerFiles"/>).
/// <para>What the kubelet writes for a ConfigMap or a Secret is given as a whole and read from
/// there: a thousand pods with the same map hold one copy.</para>
/// </summary>
public sealed class SimFiles
{
    private readonly SortedDictionary<string, FileEntry> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Map<string> Files, DateTime At)> given =
        new(StringComparer.Ordinal);

    /// <summary>A file; null when there is none.</summary>
    public FileEntry? Find(string path)
    {
        if (files.TryGetValue(path, out var file))
        {
            return file;
        }
        foreach (var (directory, (all, at)) in given)
        {
            if (path.StartsWith(directory, StringComparison.Ordinal) && path.Length
                > directory.Length + 1 && path[directory.Length] == '/'
                && all.TryGetValue(path[(directory.Length + 1)..], out var content))
            {
                return new(content, content.Length, at);
            }
        }
        return null;
    }

    /// <summary>Writes a file whole.</summary>
    public void Write(string path, FileEntry file) => files[path] = file;

    /// <summary>Puts all files of a directory in the place of those that were given before; false
    /// when they are the same.</summary>
    public bool Give(string directory, Map<string> all, DateTime now)
    {
        var same = given.TryGetValue(directory, out var before) && before.Files.Equals(all);
        given[directory] = same ? before : (all, now);
        return !same;
    }

    /// <summary>Whether something is there: a file, or a directory made or implied.</summary>
    public bool Exists(string path) => Find(path) is not null || IsDirectory(path);

    /// <summary>Whether a path is a directory.</summary>
    public bool IsDirectory(string path) => path is "" or "/" || given.ContainsKey(path)
        || (files.TryGetValue(path, out var file) && file.IsDirectory)
        || List(path).Any();

    /// <summary>The files below a directory at any depth, by full path, in order.</summary>
    public IEnumerable<string> List(string directory)
    {
        var prefix = directory.EndsWith('/') ? directory : directory + "/";
        return files.Where(f => !f.Value.IsDirectory).Select(f => f.Key)
            .Concat(given.SelectMany(g => g.Value.Files.Keys.Select(k => $"{g.Key}/{k}")))
            .Where(p => p.StartsWith(prefix, StringComparison.Ordinal))
            .Concat(files.Where(f => f.Value.IsDirectory && f.Key.StartsWith(prefix,
                StringComparison.Ordinal)).Select(f => f.Key + "/"))
            .Order(StringComparer.Ordinal);
    }

    /// <summary>Removes a file, or a directory with all in it; false when nothing was
    /// there.</summary>
    public bool Remove(string path)
    {
        var found = files.Remove(path) | given.Remove(path);
        var prefix = path + "/";
        foreach (var below in files.Keys.Where(p => p.StartsWith(prefix, StringComparison.Ordinal))
            .ToArray())
        {
            found |= files.Remove(below);
        }
        foreach (var below in given.Keys.Where(p => p.StartsWith(prefix, StringComparison.Ordinal))
            .ToArray())
        {
            found |= given.Remove(below);
        }
        return found;
    }

    /// <summary>Bytes below a directory: what evictions count.</summary>
    public long UsedBytes(string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        return files.Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Sum(f => f.Value.Size);
    }
}

/// <summary>A directory or file of a machine as a container sees it.</summary>
/// <param name="Path">Where the container sees it.</param>
/// <param name="Store">The machine's files, or those of an attached disk.</param>
/// <param name="Source">The path there.</param>
/// <param name="ReadOnly">True: the container may not write.</param>
public sealed record ContainerMount(
    string Path, SimFiles Store, string Source, bool ReadOnly = false);

/// <summary>The files as a container sees them: its own layer, and the mounts over it.</summary>
internal sealed class ContainerFiles(SimFiles store, string layer, Seq<ContainerMount> mounts)
{
    /// <summary>What the kernel tells as files; null for a path at which it tells
    /// nothing.</summary>
    public Func<string, string?>? Kernel { get; init; }

    /// <summary>Where a path of the container really is.</summary>
    public (SimFiles Store, string Path, bool ReadOnly) Place(string path)
    {
        ContainerMount? best = null;
        foreach (var mount in mounts)
        {
            if (Covers(mount.Path, path) && mount.Path.Length >= (best?.Path.Length ?? 0))
            {
                best = mount;
            }
        }
        return best is null ? (store, layer + path, false)
            : (best.Store, best.Source + path[best.Path.TrimEnd('/').Length..], best.ReadOnly);
    }

    private static bool Covers(string mount, string path)
    {
        mount = mount.TrimEnd('/');
        return path.StartsWith(mount, StringComparison.Ordinal)
            && (path.Length == mount.Length || path[mount.Length] == '/');
    }

    public FileEntry? Find(string path)
    {
        if (Kernel?.Invoke(path) is { } told)
        {
            return new(told + "\n", 0, default);
        }
        var (files, at, _) = Place(path);
        return files.Find(at);
    }

    public bool Exists(string path)
    {
        var (files, at, _) = Place(path);
        return files.Exists(at) || IsMountPoint(path) || path is "/" or "/tmp" or "/dev/null"
            or "/etc" or "/var" or "/usr" or "/proc" or "/dev" or "/bin";
    }

    public bool IsDirectory(string path)
    {
        var (files, at, _) = Place(path);
        return files.IsDirectory(at) || (Exists(path) && files.Find(at) is null
            && path != "/dev/null");
    }

    private bool IsMountPoint(string path) =>
        mounts.Any(m => m.Path == path || Covers(path, m.Path));

    /// <summary>Writes a file; false when it lies on a read-only mount.</summary>
    public bool Write(string path, FileEntry file)
    {
        var (files, at, readOnly) = Place(path);
        if (!readOnly)
        {
            files.Write(at, file);
        }
        return !readOnly;
    }

    public bool Remove(string path)
    {
        var (files, at, readOnly) = Place(path);
        return !readOnly && files.Remove(at);
    }

    /// <summary>The names in a directory, in order.</summary>
    public IEnumerable<string> Names(string directory)
    {
        var (files, at, _) = Place(directory);
        var prefix = directory.EndsWith('/') ? directory : directory + "/";
        return files.List(at).Select(p => p[(at.TrimEnd('/').Length + 1)..].Split('/')[0])
            .Concat(mounts.Where(m => m.Path.StartsWith(prefix, StringComparison.Ordinal))
                .Select(m => m.Path[prefix.Length..].Split('/')[0]))
            .Where(n => n.Length > 0).Distinct().Order(StringComparer.Ordinal);
    }

    /// <summary>All files below a directory, by their paths in the container.</summary>
    public IEnumerable<string> Below(string directory)
    {
        var (files, at, _) = Place(directory);
        return files.List(at).Where(p => !p.EndsWith('/'))
            .Select(p => directory.TrimEnd('/') + p[at.TrimEnd('/').Length..]);
    }
}
