using System.Globalization;

namespace KubeSim;

/// <summary>
/// The container runtime of a machine. Nothing in it runs: a container is the time of its start, a
/// behaviour, and the signals that it was sent, and its state at any time follows from these.
/// <para>Worked: a container that ignores SIGTERM started at 00:00:10 and got StopContainer with a
/// grace of 30 s at 00:01:00. It runs until 00:01:30 and has then ended with 137; already at
/// 00:01:00 its status says that it will change at 00:01:30.</para>
/// What the runtime writes down outlives a loss of power: it finds its containers dead afterwards,
/// with exit code 255.
/// Models github.com/containerd/containerd/tree/main/internal/cri.
/// </summary>
public sealed partial class SimRuntime : IContainerRuntime
{
    private sealed class PodRecord(PodSandboxConfig config)
    {
        public PodSandboxConfig Config { get; } = config;

        public PodSandboxMetadata Metadata => Config.Metadata;

        // Newest last.
        public List<Sandbox> Sandboxes { get; } = [];

        public List<SimContainer> Containers { get; } = [];

        public PodProcesses Processes { get; } = new();
    }

    private sealed class Sandbox
    {
        public required PodRecord Pod { get; init; }

        public required PodSandboxStatus Status { get; set; }

        // Until DEL: its address is taken, even if the machine lost its power in between.
        public bool IsConnected { get; set; }
    }

    private readonly SimMachine machine;
    private readonly Prng random;
    private ImageStore? otherImages;
    private readonly Dictionary<string, PodRecord> pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Sandbox> sandboxes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimContainer> containers = new(StringComparer.Ordinal);

    internal SimRuntime(SimMachine machine)
    {
        this.machine = machine;
        random = machine.World.Host.Random.Fork("runtime/" + machine.Name);
        Images = new(machine, random);
    }

    /// <summary>Which runtime it is.</summary>
    public RuntimeKind Kind { get; internal set; }

    /// <summary>How many images it is told to fetch at a time.</summary>
    public int MostPulls
    {
        get => Images.MostPulls;
        set => Images.MostPulls = value;
    }

    /// <summary>Above how many bytes a container's log is turned over, as the kubelet
    /// says.</summary>
    public long MostLogBytes { get; internal set; } = 10 << 20;

    /// <summary>How many files a container's log has at most, as the kubelet says.</summary>
    public int MostLogFiles { get; internal set; } = 5;

    internal ImageStore Images { get; }

    private DateTime Now => machine.World.Host.Now;

    /// <summary>True when it has connected a pod to the network since the machine booted.</summary>
    public bool HasConnected { get; private set; }

    /// <inheritdoc/>
    public Answer<string> RunPodSandbox(PodSandboxConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var id = NewId();
        Seq<string> ips = [];
        if (!config.HostNetwork)
        {
            var about = config.Metadata;
            var added = machine.World.Network.Add(machine, new(id, about.Namespace, about.Name)
            {
                Ports = config.PortMappings,
            });
            if (added.Error is { } error)
            {
                return new(null, Error: "rpc error: code = Unknown desc = failed to setup network "
                    + $"for sandbox \"{id}\": {error}");
            }
            ips = [added.Value!.Ip];
            HasConnected = true;
        }
        if (!pods.TryGetValue(config.Metadata.Uid, out var pod))
        {
            pods.Add(config.Metadata.Uid, pod = new(config));
        }
        var takes = random.Next(Ms(200), Ms(500));
        var sandbox = new Sandbox
        {
            Pod = pod, Status = new(id, config.Metadata, true, Now + takes, ips),
            IsConnected = !ips.IsEmpty,
        };
        pod.Sandboxes.Add(sandbox);
        sandboxes.Add(id, sandbox);
        return new(id, takes);
    }

    /// <inheritdoc/>
    public Answer<bool> StopPodSandbox(string podSandboxId)
    {
        if (!sandboxes.TryGetValue(podSandboxId, out var sandbox))
        {
            return new(true);
        }
        Disconnect(sandbox);
        if (!sandbox.Status.Ready)
        {
            return new(true);
        }
        foreach (var container in sandbox.Pod.Containers)
        {
            if (container.SandboxId == podSandboxId)
            {
                container.Stop(Now, TimeSpan.Zero);
            }
        }
        sandbox.Status = sandbox.Status with { Ready = false, Ips = [] };
        return new(true, random.Next(Ms(50), Ms(150)));
    }

    /// <inheritdoc/>
    public Answer<bool> RemovePodSandbox(string podSandboxId)
    {
        StopPodSandbox(podSandboxId);
        if (!sandboxes.Remove(podSandboxId, out var sandbox))
        {
            return new(true);
        }
        var pod = sandbox.Pod;
        pod.Sandboxes.Remove(sandbox);
        for (var i = pod.Containers.Count - 1; i >= 0; i--)
        {
            if (pod.Containers[i].SandboxId == podSandboxId)
            {
                RemoveContainer(pod.Containers[i].Id);
            }
        }
        if (pod.Sandboxes.Count == 0)
        {
            pods.Remove(pod.Metadata.Uid);
            machine.World.PodFiles.Forget(pod.Metadata.Uid);
        }
        return new(true);
    }

    /// <summary>All containers that are not removed, with their pods.</summary>
    internal IEnumerable<(PodSandboxConfig Pod, SimContainer Container)> All => pods.Values
        .SelectMany(p => p.Containers.Where(c => c.StartedAt is not null)
            .Select(c => (p.Config, c)))
        .OrderBy(c => c.Config.Metadata.Uid, StringComparer.Ordinal);

    /// <inheritdoc/>
    public IEnumerable<PodSandboxMetadata> ListPods() => pods.Values.Select(p => p.Metadata)
        .OrderBy(p => p.Uid, StringComparer.Ordinal);

    /// <inheritdoc/>
    public Seq<PodSandboxStatus> ListPodSandbox(string podUid)
    {
        if (!pods.TryGetValue(podUid, out var pod))
        {
            return [];
        }
        var found = new PodSandboxStatus[pod.Sandboxes.Count];
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = pod.Sandboxes[^(i + 1)].Status;
        }
        return [.. found];
    }

    /// <summary>The sandboxes that are connected to the network, by address.</summary>
    public IEnumerable<(CniArguments About, string Ip)> Connected => sandboxes.Values
        .Where(s => s.Status.Ready && !s.Status.Ips.IsEmpty)
        .Select(s => (ArgumentsOf(s.Status), s.Status.Ips[0]))
        .OrderBy(s => Ipv4Range.TryNumber(s.Item2, out var number) ? number : 0);

    /// <summary>The pod whose sandbox has an address; null when none has.</summary>
    public PodSandboxMetadata? PodAt(string address)
    {
        foreach (var sandbox in sandboxes.Values)
        {
            if (sandbox.Status.Ready && !sandbox.Status.Ips.IsEmpty
                && sandbox.Status.Ips[0] == address)
            {
                return sandbox.Status.Metadata;
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public Answer<string> PullImage(string image, RegistryAuth? auth = null)
    {
        var pull = BeginPull(image, auth);
        return new(pull.Digest, pull.EndsAt - Now, pull.Error);
    }

    /// <summary>Begins to fetch an image, which takes until <see cref="ImagePull.EndsAt"/>, or
    /// longer when others come.</summary>
    public ImagePull BeginPull(string image, RegistryAuth? auth = null) => Images.Pull(image, auth);

    /// <inheritdoc/>
    public Answer<CriImage?> ImageStatus(string image) =>
        new(Images.Find(image) is { } there && there.IsThere(Now) ? there.Image : null);

    /// <inheritdoc/>
    public Answer<string> CreateContainer(string podSandboxId, ContainerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (!sandboxes.TryGetValue(podSandboxId, out var sandbox) || !sandbox.Status.Ready)
        {
            return new(null, Error: "rpc error: code = NotFound desc = failed to find sandbox id "
                + $"\"{podSandboxId}\": not found");
        }
        if (Images.Find(config.Image) is not { } there)
        {
            return new(null, Error: "rpc error: code = NotFound desc = failed to create container: "
                + $"failed to get image from containerd \"{config.Image}\": not found");
        }
        var id = NewId();
        if (!there.Manifest.Ports.IsEmpty)
        {
            // A program listens where it does, whatever the pod says.
            config = config with
            {
                Ports = there.Manifest.Ports.Select(p => new ContainerPort { Port = p }).ToSeq(),
            };
        }
        var runs = there.Manifest.Run(config);
        var container = new SimContainer(id, podSandboxId, config, Now)
        {
            PodUid = sandbox.Pod.Metadata.Uid, Stored = there, Runs = runs,
            Processes = sandbox.Pod.Processes, Scheme = RuntimeFacts.Of(Kind).Scheme,
            Place = () => PlaceOf(id, config, runs, sandbox.Pod.Metadata),
        };
        containers.Add(container.Id, container);
        sandbox.Pod.Containers.Add(container);
        return new(container.Id, random.Next(Ms(20), Ms(60)));
    }

    /// <inheritdoc/>
    public Answer<bool> StartContainer(string containerId)
    {
        if (!containers.TryGetValue(containerId, out var container))
        {
            return new(false, Error: NotFound(containerId));
        }
        var takes = random.Next(Ms(50), Ms(150));
        container.Start(Now + takes);
        var pod = pods[container.PodUid];
        Say(pod, container);
        machine.CheckMemory();
        machine.World.Logs.Started(machine, container, container.Place);
        return new(true, takes);
    }

    /// <inheritdoc/>
    public Answer<bool> StopContainer(
        string containerId, TimeSpan after, TimeSpan grace)
    {
        if (!containers.TryGetValue(containerId, out var container))
        {
            return new(true);
        }
        container.Stop(Now + after, grace);
        machine.CheckMemory();
        return new(true, container.EndsAt is { } end && end > Now ? end - Now : TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public Answer<bool> RemoveContainer(string containerId)
    {
        if (containers.Remove(containerId, out var container))
        {
            var pod = pods[container.PodUid];
            machine.World.Logs.Removing(machine, pod.Config, container, Now);
            pod.Containers.Remove(container);
            Forget(container);
        }
        return new(true);
    }

    /// <inheritdoc/>
    public Seq<CriContainerStatus> ListContainers(string podUid)
    {
        if (!pods.TryGetValue(podUid, out var pod) || pod.Containers.Count == 0)
        {
            return [];
        }
        var found = new CriContainerStatus[pod.Containers.Count];
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = pod.Containers[^(i + 1)].StatusAt(Now);
        }
        return [.. found];
    }

    /// <inheritdoc/>
    public Answer<ExecResult> ExecSync(string containerId, Seq<string> command, TimeSpan timeout)
    {
        if (!containers.TryGetValue(containerId, out var container) || !container.RunsAt(Now))
        {
            return new(null, Error: NotFound(containerId));
        }
        var (result, takes) = container.Exec(command, Now,
            timeout > TimeSpan.Zero ? timeout : TimeSpan.FromHours(1));
        return result is null ? new(null, takes, "command timed out") : new(result, takes);
    }

    // What a container finds when it starts, or who runs a command in it.
    private ShellPlace PlaceOf(string id, ContainerConfig config, ProcessBehaviour runs,
        PodSandboxMetadata pod)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var around = config.Surroundings?.Invoke();
        foreach (var (name, value) in around?.Environment ?? default)
        {
            variables[name] = value;
        }
        var files = new ContainerFiles(machine.Files, LayerOf(id), around?.Mounts ?? default)
        {
            Kernel = path => path.StartsWith(CgroupFiles.Root, StringComparison.Ordinal)
                && CgroupOf(id) is { } group
                ? CgroupFiles.Content(group, path[CgroupFiles.Root.Length..]) : null,
        };
        return new(files, variables, runs.IsBusyBox,
            words => OfServer(id, words) ?? machine.World.Ask?.Invoke(machine, pod, words));
    }

    // A server that is told to quit from within its container, and whether it still runs: what
    // preStop hooks do.
    private ExecResult? OfServer(string id, IReadOnlyList<string> words)
    {
        if (containers.GetValueOrDefault(id) is not { Process: null } server)
        {
            return null;
        }
        if (words is ["nginx" or "/usr/sbin/nginx", "-s", "quit" or "stop"])
        {
            server.Stop(Now, TimeSpan.FromHours(1));
            return new("", "", 0);
        }
        return words is ["killall", "-0", var name] && !server.TakesConnectionsAt(Now)
            ? new("", $"{name}: no process found\n", 1) : null;
    }

    private static string LayerOf(string id) =>
        $"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}/rootfs";

    /// <inheritdoc/>
    public ProbeAnswer Probe(string containerId, Probe probe)
    {
        ArgumentNullException.ThrowIfNull(probe);
        return containers.TryGetValue(containerId, out var container) && container.RunsAt(Now)
            ? container.Answer(probe, Now, machine.World.PodFiles,
                sandboxes.GetValueOrDefault(container.SandboxId)?.Status.Ips is
                { IsEmpty: false } ips ? ips[0] : machine.Address)
            : new(false, "container not running");
    }

    /// <summary>Whether a container takes new connections: it runs, and was not told to
    /// stop.</summary>
    public bool TakesConnections(string containerId) =>
        containers.GetValueOrDefault(containerId)?.TakesConnectionsAt(Now) == true;

    /// <summary>Whether a container's server answers every request with 500.</summary>
    public bool IsSick(string containerId) =>
        containers.GetValueOrDefault(containerId)?.SickAt <= Now;

    /// <summary>Whether a container runs.</summary>
    public bool IsRunning(string containerId) =>
        containers.GetValueOrDefault(containerId)?.RunsAt(Now) == true;

    /// <summary>What a container has printed so far; null when it has been removed.</summary>
    public IReadOnlyList<LogLine>? Logs(string containerId) =>
        containers.GetValueOrDefault(containerId)?.LinesUntil(Now);

    /// <summary>The images that containers are of, running or dead.</summary>
    internal HashSet<StoredImage> ImagesInUse() =>
        containers.Values.Concat(Others.Values).Select(c => c.Stored).ToHashSet();

    /// <summary>Bytes that images take on the disk.</summary>
    public long ImageBytes => Images.UsedBytes + (otherImages?.UsedBytes ?? 0);

    /// <summary>The containers that somebody runs here past Kubernetes, by name.</summary>
    internal SortedDictionary<string, SimContainer> Others { get; } =
        new(StringComparer.Ordinal);

    /// <summary>Where their images are: containerd keeps those of its namespace k8s.io apart, the
    /// others have one store for all.</summary>
    internal ImageStore OtherImages => Kind == RuntimeKind.Containerd
        ? otherImages ??= new(machine, random) : Images;

    /// <summary>Runs a container past Kubernetes; the answer is its id.</summary>
    internal Answer<string> RunOther(string? name, string image, Seq<string> command)
    {
        var store = OtherImages;
        var pull = store.Find(image) is null ? store.Pull(image, null) : null;
        if (pull?.Error is { } error)
        {
            return new(null, Error: error);
        }
        if (name is not null && Others.TryGetValue(name, out var other))
        {
            return new(null, Error: $"Conflict. The container name \"/{name}\" is already in use "
                + $"by container \"{other.Id}\"");
        }
        var (id, stored) = (NewId(), store.Find(image)!);
        var config = new ContainerConfig
        {
            Name = name ?? "c" + id[..6], Image = image, Args = command,
        };
        var runs = stored.Manifest.Run(config);
        var container = new SimContainer(id, "", config, Now)
        {
            PodUid = "", Stored = stored, Runs = runs, Processes = new(),
            Scheme = RuntimeFacts.Of(Kind).Scheme,
            Place = () => new(new(machine.Files, LayerOf(id), default),
                new Dictionary<string, string>(StringComparer.Ordinal), runs.IsBusyBox),
        };
        container.Start(pull?.EndsAt ?? Now);
        Others.Add(config.Name, container);
        return new(id);
    }

    private void Forget(SimContainer container)
    {
        containers.Remove(container.Id);
        container.Stored.LastUsed = Now;
        machine.Files.Remove(LayerOf(container.Id));
    }

    internal void LosePower()
    {
        HasConnected = false;
        Images.LosePower();
        foreach (var container in containers.Values.Concat(Others.Values))
        {
            container.Lose(Now);
        }
        foreach (var sandbox in sandboxes.Values)
        {
            sandbox.Status = sandbox.Status with { Ready = false, Ips = [] };
        }
    }

    private void Disconnect(Sandbox sandbox)
    {
        if (sandbox.IsConnected)
        {
            machine.World.Network.Del(machine, ArgumentsOf(sandbox.Status));
            sandbox.IsConnected = false;
        }
    }

    private static CniArguments ArgumentsOf(PodSandboxStatus sandbox) =>
        new(sandbox.Id, sandbox.Metadata.Namespace, sandbox.Metadata.Name);

    private string NewId() => string.Create(CultureInfo.InvariantCulture,
        $"{random.NextBits():x16}{random.NextBits():x16}"
        + $"{random.NextBits():x16}{random.NextBits():x16}");

    private static string NotFound(string id) => "rpc error: code = NotFound desc = an error "
        + $"occurred when try to find container \"{id}\": not found";

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
