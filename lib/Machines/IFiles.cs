namespace KubeSim;

/// <summary>The files of a machine. Volumes are mounts: the same bytes under another path, or a
/// disk from elsewhere that is attached before it can be mounted.</summary>
/// <remarks>Why it matters to Kubernetes: an <c>emptyDir</c> is a directory that dies with its pod,
/// a <c>hostPath</c> one that does not, and a persistent volume a disk that goes to the next
/// machine.</remarks>
public interface IFiles
{
    /// <summary>The content of a file; the error is <c>no such file or directory</c>.</summary>
    Answer<string> Read(string path);

    /// <summary>Writes a file whole, and the directories above it.</summary>
    Answer<bool> Write(string path, string content);

    /// <summary>Removes a file, or a directory with all in it; no error when it is gone.</summary>
    Answer<bool> Remove(string path);

    /// <summary>The paths below a directory, in ordinal order.</summary>
    Seq<string> List(string directory);

    /// <summary>Bytes used below a directory: what evictions for disk pressure count.</summary>
    long UsedBytes(string directory);

    /// <summary>The disks of the machine and those attached to it, by name.</summary>
    Seq<Disk> Disks { get; }

    /// <summary>Attaches a disk that no other machine holds; the error names the one that
    /// does.</summary>
    Answer<Disk> Attach(Disk disk);

    /// <summary>Detaches a disk; the error names the path where it is still mounted.</summary>
    Answer<bool> Detach(string disk);

    /// <summary>Shows a directory, or an attached disk, under another path.</summary>
    Answer<bool> Mount(string source, string target, bool readOnly);

    /// <summary>Ends a mount; no error when there is none.</summary>
    Answer<bool> Unmount(string target);
}

/// <summary>A disk: of the machine, or of the cloud and merely attached.</summary>
/// <param name="Name">The device or the cloud's name for it.</param>
/// <param name="CapacityBytes">What it holds.</param>
/// <param name="UsedBytes">What is on it.</param>
/// <param name="Zone">Where it can be attached; null for anywhere.</param>
public sealed record Disk(string Name, long CapacityBytes, long UsedBytes = 0, string? Zone = null);
