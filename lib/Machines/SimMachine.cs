using System.Globalization;

namespace KubeSim;

/// <summary>
/// A machine of the simulated world. What a loss of power takes is kept apart from what it leaves:
/// <list type="bullet">
/// <item>gone: running containers, network namespaces, and the state of the kernel
/// (<see cref="Kernel"/>): packet filter, connection table, routes;</item>
/// <item>kept: pulled images, and what the container runtime wrote down about sandboxes and
/// containers, which it finds dead when it starts again.</item>
/// </list>
/// </summary>
public sealed partial class SimMachine : IMachine
{
    private readonly Dictionary<Type, object> kernel = [];
    private int boots;

    internal SimMachine(World world, string name)
    {
        (World, Name) = (world, name);
        Heartbeat = new(world.Host.Random.Fork("heartbeat/" + name));
        BootId = NewBootId();
        Runtime = new(this);
    }

    /// <summary>The world that it stands in.</summary>
    public World World { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsOn { get; private set; } = true;

    /// <summary>False while it is cut off from the network.</summary>
    public bool IsConnected
    {
        get => Cuts is not [.., (_, var end)] || end < DateTime.MaxValue;
        internal set
        {
            if (value != IsConnected)
            {
                var from = value ? Cuts[^1].From : World.Host.Now;
                Cuts.RemoveRange(Cuts.Count - (value ? 1 : 0), value ? 1 : 0);
                Cuts.Add((from, value ? World.Host.Now : DateTime.MaxValue));
            }
        }
    }

    /// <summary>When it was cut off, and until when.</summary>
    internal List<(DateTime From, DateTime To)> Cuts { get; } = [];

    /// <inheritdoc/>
    public string BootId { get; private set; }

    /// <summary>The container runtime.</summary>
    public SimRuntime Runtime { get; }

    /// <inheritdoc/>
    IContainerRuntime IMachine.Runtime => Runtime;

    /// <summary>The files on its disk: they outlive a loss of power.</summary>
    public SimFiles Files { get; } = new();

    /// <summary>Whether its kubelet's heartbeats arrive.</summary>
    public Heartbeat Heartbeat { get; }

    /// <summary>The range of addresses for its pods, in CIDR form; empty until somebody says
    /// so.</summary>
    public string PodCidr { get; set; } = "";

    /// <summary>The machine's own address; empty until somebody says so.</summary>
    public string Address { get; set; } = "";

    /// <summary>What it has for pods, where a kubelet is to register it; null: its Node is made by
    /// others.</summary>
    public Map<Quantity>? Capacity { get; set; }

    /// <summary>What it is, as its Node says: CPU, memory, ephemeral storage. Unset until its
    /// kubelet has seen that; then nothing of it runs out.</summary>
    public Map<Quantity> Size { get; set; }

    /// <summary>A part of the kernel's state, made empty when first asked for after a boot: packet
    /// filter, connection table and the like. A loss of power forgets it.</summary>
    public T Kernel<T>()
        where T : class, new()
    {
        if (!kernel.TryGetValue(typeof(T), out var part))
        {
            kernel.Add(typeof(T), part = new T());
        }
        return (T)part;
    }

    /// <inheritdoc/>
    public void PowerOff()
    {
        if (IsOn)
        {
            IsOn = false;
            kernel.Clear();
            Runtime.LosePower();
        }
    }

    /// <inheritdoc/>
    public void PowerOn()
    {
        if (!IsOn)
        {
            IsOn = true;
            boots++;
            BootId = NewBootId();
        }
    }

    private string NewBootId() => World.Host.Random
        .Fork(string.Create(CultureInfo.InvariantCulture, $"boot/{Name}/{boots}")).NewUid();
}
