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

    /// <summary>What it is made of: <c>cpu</c>, <c>memory</c>, <c>ephemeral-storage</c>,
    /// <c>pods</c>.</summary>
    Map<Quantity> Capacity { get; }

    /// <summary>True while it has power.</summary>
    bool IsOn { get; }

    /// <summary>Changes with each boot; how a kubelet notices a restart of the machine.</summary>
    string BootId { get; }

    /// <summary>Takes the power away: processes and network namespaces are gone, files
    /// stay.</summary>
    void PowerOff();

    /// <summary>Boots; the answer says how long until the first process can run.</summary>
    Answer<string> PowerOn();

    /// <summary>The processes, by pid.</summary>
    Seq<MachineProcess> Processes { get; }

    /// <summary>Starts a process; the answer is its pid.</summary>
    Answer<int> Start(ProcessSpec spec);

    /// <summary>Sends a signal, such as <c>SIGTERM</c>. A process that handles it takes its own
    /// time to end; <c>SIGKILL</c> ends it at once.</summary>
    Answer<bool> Signal(int pid, string signal);

    /// <summary>The network namespaces, by name; the machine's own is <c>host</c>.</summary>
    Seq<NetworkNamespace> NetworkNamespaces { get; }

    /// <summary>Makes an empty network namespace, with a loopback interface and no way
    /// out.</summary>
    NetworkNamespace AddNetworkNamespace(string name);

    /// <summary>Takes a network namespace away, its interfaces with it; no error when it is
    /// gone.</summary>
    void RemoveNetworkNamespace(string name);

    /// <summary>The files and disks.</summary>
    IFiles Files { get; }
}

/// <summary>What to run.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="NetworkNamespace">Whose interfaces it sees.</param>
/// <param name="Root">The directory that it sees as <c>/</c>.</param>
/// <param name="CpuMilli">The most it may use, in thousandths of a CPU; null for no limit.</param>
/// <param name="MemoryBytes">Above this many bytes the kernel kills it; null for no limit.</param>
public sealed record ProcessSpec(Seq<string> Command, string NetworkNamespace = "host",
    string Root = "/", long? CpuMilli = null, long? MemoryBytes = null);

/// <summary>A process, running or ended and not yet looked at.</summary>
/// <param name="Pid">Its number, unique on the machine since boot.</param>
/// <param name="Spec">What was started.</param>
/// <param name="StartedAt">When (UTC).</param>
/// <param name="EndedAt">When it ended (UTC); null while it runs.</param>
/// <param name="ExitCode">0–255; a process that a signal killed has 128 + the signal's
/// number.</param>
/// <param name="OomKilled">True when the kernel killed it for its memory.</param>
public sealed record MachineProcess(int Pid, ProcessSpec Spec, DateTime StartedAt,
    DateTime? EndedAt = null, int? ExitCode = null, bool OomKilled = false);

/// <summary>A network stack of its own: what a pod's containers share.</summary>
/// <param name="Name">Unique on the machine.</param>
/// <param name="Interfaces">The interfaces in it, <c>lo</c> first.</param>
/// <param name="Routes">Where packets go, the most exact destination first.</param>
public sealed record NetworkNamespace(string Name, Seq<CniInterface> Interfaces,
    Seq<CniRoute> Routes);
