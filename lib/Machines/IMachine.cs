namespace KubeSim;

// The physical world: machines, and what stands on and around them. Components act on the world
// only through the interfaces of this folder, as the real ones do: the kubelet speaks CRI to the
// container runtime, the runtime speaks CNI to the network plugin, the cloud controller speaks to
// the provider.
//
// The world is not the cluster. A kubelet is a process: when it crashes, it forgets everything, but
// the containers beside it run on, and the new kubelet finds them by asking the runtime. A machine
// that loses power takes its processes and its network namespaces with it; what stands on its disk
// (files, pulled images) is there when it starts again, and a cloud disk never noticed.
//
// Nothing here waits. What takes time answers with a duration (see Answer) or is looked at again
// later: whoever acts sets a timer and asks. One worked line: a pull of 140 MB at 100 MB/s answers
// `Takes = 1.4 s`; the kubelet sets a timer, and the image is there when it rings, unless the
// machine was off in between.

/// <summary>What the world answers: a value or the error text of the real thing, and how much
/// virtual time passes until it is so.</summary>
/// <param name="Value">What came of it; the default when it failed.</param>
/// <param name="Takes">How long it takes; zero for what is true at once.</param>
/// <param name="Error">The text as the real thing words it; null when it went well.</param>
public readonly record struct Answer<T>(T? Value, TimeSpan Takes = default, string? Error = null)
{
    /// <summary>True when it went well.</summary>
    public bool IsOk => Error is null;
}

/// <summary>A machine: capacity, power, and what runs and lies on it. It outlives a kubelet's
/// crash; its processes die with its power.</summary>
public interface IMachine
{
    /// <summary>The host name, which becomes the name of the Node.</summary>
    string Name { get; }

    /// <summary>True while it has power.</summary>
    bool IsOn { get; }

    /// <summary>Changes with each boot; how a kubelet notices a restart of the machine.</summary>
    string BootId { get; }

    /// <summary>Takes the power away: processes and network namespaces are gone, files
    /// stay.</summary>
    void PowerOff();

    /// <summary>Boots.</summary>
    void PowerOn();

    /// <summary>The range of addresses for its pods, in CIDR form; empty while nobody said
    /// so.</summary>
    string PodCidr { get; }

    /// <summary>What runs the containers on it.</summary>
    IContainerRuntime Runtime { get; }
}
