namespace KubeSim;

/// <summary>
/// The physical world of a cluster: its machines, the images that they can fetch, and the network
/// that connects their pods. Machines are made on first use.
/// <para>A component reaches it as <c>api.World.Machine(api.Node)</c> and acts on it only through
/// the interfaces of this folder. A fault that stops a kubelet is told here as well, since nothing
/// in the API changes when somebody falls silent (see <see cref="Heartbeat"/>).</para>
/// </summary>
public sealed class World : IWorld
{
    private readonly Dictionary<string, SimMachine> machines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimFiles> disks = new(StringComparer.Ordinal);

    /// <summary>A world without machines.</summary>
    /// <param name="host">The clock, and who is woken.</param>
    /// <param name="images">What machines can pull.</param>
    /// <param name="network">What connects pods; each gets an address of its node's range by
    /// default.</param>
    public World(IWorldHost host, IImageRegistry images, INetworkPlugin? network = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(images);
        (Host, Network) = (host, network ?? new HostLocalNetwork());
        (Registries, Downloads) = (new(this, images), new(this));
        Extension = new MetricsApi(this);
        Cloud = new(host);
    }

    /// <summary>The clock, and who is woken.</summary>
    public IWorldHost Host { get; }

    /// <summary>Where images come from.</summary>
    internal Registries Registries { get; }

    /// <summary>The pulls that share a wire.</summary>
    internal Downloads Downloads { get; }

    /// <summary>What connects pods.</summary>
    public INetworkPlugin Network { get; }

    /// <summary>The files on the disk of a persistent volume: whichever machine has it
    /// attached sees them.</summary>
    public SimFiles DiskFiles(string volume)
    {
        if (!disks.TryGetValue(volume, out var files))
        {
            disks.Add(volume, files = new());
        }
        return files;
    }

    /// <summary>The cloud that the machines are rented from, if they are.</summary>
    public SimCloud Cloud { get; }

    /// <summary>Files that somebody outside made in containers.</summary>
    public PodFiles PodFiles { get; } = new();

    /// <summary>Answers programs in containers that ask the network, such as <c>nslookup</c> and
    /// <c>wget</c>; null: each of them succeeds and prints nothing.</summary>
    public Func<SimMachine, PodSandboxMetadata, IReadOnlyList<string>, ExecResult?>? Ask
    {
        get;
        set;
    }

    /// <summary>How much CPU and memory pods use.</summary>
    public PodUsage Usage { get; } = new();

    /// <summary>The requests that come from outside.</summary>
    public Traffic Traffic { get; } = new();

    /// <summary>The EndpointSlices of a namespace, as they are: where traffic goes; null: there are
    /// none.</summary>
    public Func<string, IEnumerable<EndpointSlice>>? Slices { get; init; }

    /// <summary>Lets somebody outside say something new about what pods use: what was used so far
    /// is counted up first, and then the machines are told.</summary>
    public void Say(Action what)
    {
        ArgumentNullException.ThrowIfNull(what);
        foreach (var machine in machines.Values)
        {
            machine.Runtime.CountCpu();
        }
        what();
        foreach (var machine in machines.Values)
        {
            machine.Runtime.TakeUsage();
        }
    }

    /// <summary>What a pod uses now: what somebody said, what its programs take of themselves, and
    /// what requests cost it.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="requests">What requests cost it, in thousandths of a CPU.</param>
    public Usage UsageOf(Pod pod, double requests)
    {
        ArgumentNullException.ThrowIfNull(pod);
        var said = Usage.Of(pod);
        if (pod.Spec.NodeName is { } node)
        {
            var own = Machine(node).Runtime.OwnUsage(pod.Metadata.Uid);
            said = new(own.Cpu is { } cpu ? cpu + (said.Cpu ?? new(0)) : said.Cpu,
                own.Memory is { } memory ? memory + (said.Memory ?? new(0)) : said.Memory);
        }
        return Traffic.With(said, pod, requests);
    }

    // Thousandths of a CPU that requests cost a pod, on the average of a while up to now.
    internal double LoadOf(string ns, string pod, TimeSpan window) =>
        Traffic.IsEmpty || Slices is null ? 0
            : Traffic.Cpu(Host.Now, window, Slices).GetValueOrDefault((ns, pod));

    /// <summary>The names of the world outside that somebody said, with their
    /// addresses.</summary>
    public Dictionary<string, Seq<string>> OutsideNames { get; } =
        new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What the metrics server remembers.</summary>
    public ScrapedMetrics Scrapes { get; } = new();

    /// <summary>What log collectors bring together.</summary>
    public LogStore Logs { get; } = new();

    /// <summary>Numbers that somebody outside says.</summary>
    public CustomMetrics Numbers { get; } = new();

    /// <inheritdoc/>
    public IApiExtension? Extension { get; init; }

    /// <summary>The machine of a name, made when it is first asked for.</summary>
    public SimMachine Machine(string name)
    {
        if (!machines.TryGetValue(name, out var machine))
        {
            machines.Add(name, machine = new(this, name));
        }
        return machine;
    }

    /// <inheritdoc/>
    public void Crash(string machine) => Machine(machine).PowerOff();

    /// <inheritdoc/>
    public void Restore(string machine)
    {
        Machine(machine).IsConnected = true;
        Machine(machine).PowerOn();
    }

    /// <inheritdoc/>
    public void Partition(string machine) => Machine(machine).IsConnected = false;

    /// <inheritdoc/>
    public void Reachable(string component, string machine, bool reaches)
    {
        if (component == "kubelet" && Machine(machine).Heartbeat.Tell(reaches, Host.Now))
        {
            // Whoever watches over heartbeats would find out by looking again and again.
            Host.Wake("node-lifecycle-controller", "", new(Kinds.Node, "", machine), TimeSpan.Zero,
                Pace.Background);
        }
    }
}

/// <summary>The world as components see it.</summary>
public static class WorldFacts
{
    extension(IWorld world)
    {
        /// <summary>The machine of a name.</summary>
        /// <exception cref="InvalidOperationException">The cluster has no physical
        /// world.</exception>
        public SimMachine Machine(string name) => Real(world).Machine(name);

        /// <summary>The cloud.</summary>
        /// <exception cref="InvalidOperationException">The cluster has no physical
        /// world.</exception>
        public SimCloud Cloud => Real(world).Cloud;
    }

    private static World Real(IWorld world) => world as World ?? throw new
        InvalidOperationException("this cluster has no machines: set SimulationOptions.World");
}
