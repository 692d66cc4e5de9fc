using System.Globalization;

namespace KubeSim;

/// <summary>
/// The simulated cloud: one region of three zones. It outlives every component, and all that it has
/// is given or taken by calls, each of which can be made to fail (<see cref="Fail"/>).
/// <para>Worked: a load balancer has its address after 60 to 90 s, 203.0.113.10 the first; a disk
/// is made in 2 to 4 s, plugged in within 3 to 8 s and unplugged within 2 to 5 s. Whoever asks
/// again meanwhile is told what is left of it. An instance of the type <c>standard-4</c> has 4
/// CPUs and 16 GiB, and boots in 30 to 45 s.</para>
/// </summary>
public sealed class SimCloud : ICloudProvider
{
    private readonly IWorldHost? host;
    private readonly Prng random;
    private readonly SortedDictionary<string, CloudInstance> instances =
        new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, CloudLoadBalancer> balancers =
        new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, CloudRoute> routes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, CloudDisk> disks = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> failing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTime> ready = new(StringComparer.Ordinal);
    private int internals;
    private int externals;
    private int frontends;

    /// <param name="host">The clock; null for a cloud at a time that does not matter.</param>
    internal SimCloud(IWorldHost? host) =>
        (this.host, random) = (host, host?.Random.Fork("cloud") ?? new(0));

    /// <summary>The storage driver for its disks, as classes, volumes and nodes name it.</summary>
    public const string DiskDriver = "disk.csi.kubenotebooks.dev";

    /// <summary>The label that says which disks a node reaches.</summary>
    public const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>The calls that can be made to fail: those of the cloud provider's interface, then
    /// those of the driver for disks.</summary>
    public static Seq<string> Operations { get; } =
    [
        "InstanceMetadata", "EnsureLoadBalancer", "UpdateLoadBalancer", "EnsureLoadBalancerDeleted",
        "CreateRoute", "DeleteRoute", "CreateVolume", "DeleteVolume", "ControllerPublishVolume",
        "ControllerUnpublishVolume",
    ];

    /// <inheritdoc/>
    public string ProviderName => "sim";

    /// <inheritdoc/>
    public Seq<CloudZone> Zones { get; } =
        [new("eu-1a", "eu-1"), new("eu-1b", "eu-1"), new("eu-1c", "eu-1")];

    /// <summary>The rented machines, by name.</summary>
    public Seq<CloudInstance> Instances => instances.Values.ToSeq();

    /// <summary>The load balancers, by name; those without an address are being made.</summary>
    public Seq<CloudLoadBalancer> LoadBalancers => balancers.Values.Select(Shown).ToSeq();

    /// <summary>The routes, by range.</summary>
    public Seq<CloudRoute> Routes => routes.Values.ToSeq();

    /// <summary>The disks, by name.</summary>
    public Seq<CloudDisk> Disks => disks.Values.ToSeq();

    /// <summary>What fails, and with which words.</summary>
    public Map<string> Failing => Map<string>.From(failing);

    /// <summary>From now on an operation fails; without words it goes well again.</summary>
    public void Fail(string operation, string? message)
    {
        failing.Remove(operation);
        if (message is not null)
        {
            failing.Add(operation, message);
        }
    }

    /// <summary>What a machine of a type has: of <c>standard-4</c> 4 CPUs, 16 GiB and room for 110
    /// pods; null for other words.</summary>
    public static Map<Quantity>? CapacityOf(string instanceType)
    {
        ArgumentNullException.ThrowIfNull(instanceType);
        return instanceType.StartsWith("standard-", StringComparison.Ordinal)
            && int.TryParse(instanceType.AsSpan(9), NumberStyles.None,
                CultureInfo.InvariantCulture, out var cpus) && cpus is > 0 and <= 256
            ? Map.Of(("cpu", Quantity.Parse(Text($"{cpus}"))),
                ("memory", Quantity.Parse(Text($"{4 * cpus}Gi"))), ("pods", Quantity.Parse("110")))
            : null;
    }

    /// <summary>Rents a machine; the answer says how long it boots.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instanceType">Its type, as <c>standard-4</c>.</param>
    /// <param name="zone">Where; null for the zone with the fewest machines.</param>
    /// <param name="address">Its address within the cloud; null for the next.</param>
    public Answer<CloudInstance> CreateInstance(
        string name, string instanceType, string? zone, string? address = null)
    {
        internals++;
        zone ??= Zones.MinBy(z => instances.Values.Count(i => i.Zone == z))!.Name;
        var made = new CloudInstance(name, $"{ProviderName}://{zone}/{name}", instanceType,
            Zones.FirstOrDefault(z => z.Name == zone) ?? new(zone, Zones[0].Region), Addresses(
                address ?? Text($"172.18.{(internals + 1) >> 8}.{(internals + 1) & 255}")));
        instances.Add(name, made);
        return new(made, Draw(30, 45));
    }

    /// <summary>Gives a machine back; its disks are free then.</summary>
    public void DeleteInstance(string name)
    {
        instances.Remove(name);
        foreach (var disk in Disks)
        {
            DetachNow(disk, name);
        }
    }

    /// <summary>Turns a machine off or on. It comes back with another outside address.</summary>
    public void SetShutdown(string name, bool off)
    {
        var instance = instances[name];
        instances[name] = instance with
        {
            Shutdown = off,
            Addresses = off ? instance.Addresses : Addresses(instance.Addresses[0].Address),
        };
    }

    /// <inheritdoc/>
    public Answer<CloudInstance?> Instance(string providerIdOrName)
    {
        ArgumentNullException.ThrowIfNull(providerIdOrName);
        return Refused<CloudInstance?>("InstanceMetadata") ?? new(instances.GetValueOrDefault(
            providerIdOrName[(providerIdOrName.LastIndexOf('/') + 1)..]));
    }

    /// <inheritdoc/>
    public Answer<CloudLoadBalancer?> LoadBalancer(string name) =>
        new(balancers.TryGetValue(name, out var found) ? Shown(found) : null);

    /// <summary>The load balancer with an address; null for none.</summary>
    public CloudLoadBalancer? BalancerAt(string ip) =>
        balancers.Values.FirstOrDefault(b => b.Ip == ip);

    /// <inheritdoc/>
    public Answer<CloudLoadBalancer> EnsureLoadBalancer(CloudLoadBalancer wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (Refused<CloudLoadBalancer>("EnsureLoadBalancer") is { } refused)
        {
            return refused;
        }
        if (!balancers.TryGetValue(wanted.Name, out var known))
        {
            Begin("lb/" + wanted.Name, wanted.Ip is null ? Draw(60, 90) : TimeSpan.Zero);
        }
        return new(balancers[wanted.Name] = wanted with
        {
            Ip = known?.Ip ?? wanted.Ip ?? NextFrontend(),
        }, Left("lb/" + wanted.Name));
    }

    /// <inheritdoc/>
    public Answer<CloudLoadBalancer> UpdateLoadBalancer(string name, Seq<string> nodes) =>
        Refused<CloudLoadBalancer>("UpdateLoadBalancer")
            ?? new(balancers[name] = balancers[name] with { Nodes = nodes });

    /// <inheritdoc/>
    public Answer<bool> DeleteLoadBalancer(string name) =>
        Refused<bool>("EnsureLoadBalancerDeleted") ?? new(balancers.Remove(name));

    /// <inheritdoc/>
    public Answer<CloudRoute> CreateRoute(CloudRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return Refused<CloudRoute>("CreateRoute") ?? new(routes[route.Cidr] = route);
    }

    /// <inheritdoc/>
    public Answer<bool> DeleteRoute(string cidr) =>
        Refused<bool>("DeleteRoute") ?? new(routes.Remove(cidr));

    /// <inheritdoc/>
    public Answer<CloudDisk> CreateDisk(string name, Quantity size, string zone)
    {
        if (Refused<CloudDisk>("CreateVolume") is { } refused)
        {
            return refused;
        }
        if (disks.TryAdd(name, new(name, zone, size)))
        {
            Begin(name, Draw(2, 4));
        }
        return new(disks[name], Left(name));
    }

    /// <inheritdoc/>
    public Answer<bool> DeleteDisk(string name) =>
        Refused<bool>("DeleteVolume") ?? new(disks.Remove(name));

    /// <inheritdoc/>
    public Answer<CloudDisk> AttachDisk(string name, string node)
    {
        if (Refused<CloudDisk>("ControllerPublishVolume") is { } refused)
        {
            return refused;
        }
        var wrong = !disks.TryGetValue(name, out var disk) ? $"disk {name} not found"
            : !instances.TryGetValue(node, out var there) ? $"instance {node} not found"
            : disk.Zone != there.Zone.Name
                ? $"disk {name} is in zone {disk.Zone}, instance {node} in {there.Zone.Name}"
            : disk.Node is not null && disk.Node != node
                ? $"disk {name} is attached to {disk.Node}" : null;
        if (wrong is not null)
        {
            return new(null, Error: wrong);
        }
        if (disk!.Node is null)
        {
            disks[name] = disk with { Node = node };
            Begin(name, Draw(3, 8));
        }
        return new(disks[name], Left(name));
    }

    /// <inheritdoc/>
    public Answer<bool> DetachDisk(string name, string node)
    {
        if (Refused<bool>("ControllerUnpublishVolume") is { } refused)
        {
            return refused;
        }
        if (!disks.TryGetValue(name, out var disk) || disk.Node != node)
        {
            return new(true);
        }
        var leaving = $"{name} leaves {node}";
        if (!ready.ContainsKey(leaving))
        {
            Begin(leaving, Draw(2, 5));
        }
        var left = Left(leaving);
        if (left == TimeSpan.Zero)
        {
            DetachNow(disk, node);
        }
        return new(true, left);
    }

    private void DetachNow(CloudDisk disk, string node)
    {
        if (disk.Node == node)
        {
            disks[disk.Name] = disk with { Node = null };
            ready.Remove($"{disk.Name} leaves {node}");
        }
    }

    private CloudLoadBalancer Shown(CloudLoadBalancer balancer) =>
        Left("lb/" + balancer.Name) > TimeSpan.Zero ? balancer with { Ip = null } : balancer;

    private Answer<T>? Refused<T>(string operation) =>
        failing.TryGetValue(operation, out var message)
            ? new Answer<T>(default, Error: message) : null;

    private DateTime Now => host?.Now ?? default;

    private TimeSpan Draw(int low, int high) =>
        random.Next(TimeSpan.FromSeconds(low), TimeSpan.FromSeconds(high));

    private void Begin(string what, TimeSpan takes) => ready[what] = Now + takes;

    private TimeSpan Left(string what) =>
        ready.TryGetValue(what, out var at) && at > Now ? at - Now : TimeSpan.Zero;

    private Seq<NodeAddress> Addresses(string inside)
    {
        externals++;
        return
        [
            new() { Type = "InternalIP", Address = inside },
            new()
            {
                Type = "ExternalIP", Address = Text($"198.51.{100 + (externals >> 8)}.")
                    + Text($"{externals & 255}"),
            },
        ];
    }

    // 203.0.113.10 and on, then the range for benchmarks, 198.18.0.0/15.
    private string NextFrontend()
    {
        while (true)
        {
            var n = frontends++;
            var at = n - 245;
            var ip = n < 245 ? Text($"203.0.113.{10 + n}")
                : Text($"198.{18 + (at >> 16)}.{(at >> 8) & 255}.{at & 255}");
            if (BalancerAt(ip) is null)
            {
                return ip;
            }
        }
    }

    private static string Text(FormattableString text) =>
        text.ToString(CultureInfo.InvariantCulture);
}
