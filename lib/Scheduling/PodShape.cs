using System.Runtime.CompilerServices;

namespace KubeSim;

/// <summary>Amounts of resources as whole numbers: CPU in thousandths, memory and storage in bytes,
/// anything else in units.</summary>
public sealed class ResourceAmounts
{
    private readonly List<(string Name, long Amount)> scalars = [];

    /// <summary>The amounts of a map; <c>pods</c> is kept apart.</summary>
    public static ResourceAmounts Of(Map<Quantity> map)
    {
        var amounts = new ResourceAmounts();
        foreach (var (name, quantity) in map.AsSpan())
        {
            switch (name)
            {
                case "cpu":
                    amounts.MilliCpu = quantity.MilliValue;
                    break;
                case "memory":
                    amounts.Memory = quantity.Value;
                    break;
                case "ephemeral-storage":
                    amounts.EphemeralStorage = quantity.Value;
                    break;
                case "pods":
                    amounts.Pods = quantity.Value;
                    break;
                case var _ when IsScalar(name):
                    amounts.scalars.Add((name, quantity.Value));
                    break;
            }
        }
        return amounts;
    }

    /// <summary>Thousandths of a CPU.</summary>
    public long MilliCpu { get; private set; }

    /// <summary>Bytes of memory.</summary>
    public long Memory { get; private set; }

    /// <summary>Bytes of local storage.</summary>
    public long EphemeralStorage { get; private set; }

    /// <summary>How many pods a node may hold; 0 for a pod's own amounts.</summary>
    public long Pods { get; private set; }

    /// <summary>Everything else by name: huge pages and extended resources, in ordinal
    /// order.</summary>
    public IReadOnlyList<(string Name, long Amount)> Scalars => scalars;

    /// <summary>The amount of a resource by name, CPU in thousandths; 0 when there is
    /// none.</summary>
    public long this[string name] => name switch
    {
        "cpu" => MilliCpu,
        "memory" => Memory,
        "ephemeral-storage" => EphemeralStorage,
        "pods" => Pods,
        _ => Scalar(name),
    };

    /// <summary>True when it asks for no resource at all.</summary>
    public bool IsNothing =>
        MilliCpu == 0 && Memory == 0 && EphemeralStorage == 0 && scalars.Count == 0;

    /// <summary>True for what every pod uses, whether or not it asks.</summary>
    internal static bool IsBasic(string name) => name is "cpu" or "memory" or "ephemeral-storage";

    /// <summary>True for the resources that are not Kubernetes' own: their names have a
    /// domain.</summary>
    internal static bool IsExtended(string name) => name.Contains('/')
        && !name.StartsWith("requests.", StringComparison.Ordinal)
        && !name.StartsWith("kubernetes.io/", StringComparison.Ordinal);

    internal void Add(ResourceAmounts other, int sign)
    {
        MilliCpu += sign * other.MilliCpu;
        Memory += sign * other.Memory;
        EphemeralStorage += sign * other.EphemeralStorage;
        foreach (var (name, amount) in other.scalars)
        {
            var at = scalars.FindIndex(s => s.Name == name);
            if (at >= 0)
            {
                scalars[at] = (name, scalars[at].Amount + sign * amount);
            }
            else
            {
                scalars.Add((name, sign * amount));
                scalars.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            }
        }
    }

    private long Scalar(string name)
    {
        foreach (var scalar in scalars)
        {
            if (scalar.Name == name)
            {
                return scalar.Amount;
            }
        }
        return 0;
    }

    private static bool IsScalar(string name) =>
        name.StartsWith("hugepages-", StringComparison.Ordinal)
        || name.StartsWith("attachable-volumes-", StringComparison.Ordinal)
        || IsExtended(name) || name.StartsWith("kubernetes.io/", StringComparison.Ordinal);
}

/// <summary>What a pod asks of a node by its spec alone: requests, host ports, tolerations,
/// selector and node affinity. The 30 pods of a Deployment have one shape, and so one verdict about
/// a node.</summary>
public sealed class PodShape : IEquatable<PodShape>
{
    private readonly Map<Quantity> requests;
    private readonly Map<Quantity> scoring;
    private readonly int hash;

    private PodShape(Pod pod)
    {
        requests = pod.Requests;
        scoring = pod.ScoringRequests;
        Requests = ResourceAmounts.Of(requests);
        ScoringRequests = ResourceAmounts.Of(scoring);
        HostPorts = pod.Spec.HostPorts;
        Tolerations = pod.Spec.Tolerations;
        NodeSelector = pod.Spec.NodeSelector;
        NodeAffinity = pod.Spec.Affinity?.NodeAffinity;
        hash = HashCode.Combine(Requests.MilliCpu, Requests.Memory, ScoringRequests.MilliCpu,
            ScoringRequests.Memory, HostPorts.Count, Tolerations.Count, NodeSelector.GetHashCode());
    }

    /// <summary>What a node must have free.</summary>
    public ResourceAmounts Requests { get; }

    /// <summary>The requests with 100m and 200Mi for each container that names none.</summary>
    public ResourceAmounts ScoringRequests { get; }

    /// <summary>The ports of the node that it takes.</summary>
    public Seq<HostPort> HostPorts { get; }

    /// <summary>The taints that it puts up with.</summary>
    public Seq<Toleration> Tolerations { get; }

    /// <summary>The labels that the node must have.</summary>
    public Map<string> NodeSelector { get; }

    /// <summary>The rules for the node.</summary>
    public NodeAffinity? NodeAffinity { get; }

    /// <summary>The shape of a pod.</summary>
    public static PodShape Of(Pod pod) => new(pod);

    /// <summary>Equal when every part is.</summary>
    public bool Equals(PodShape? other) => ReferenceEquals(this, other) || (other is not null
        && hash == other.hash && requests.Equals(other.requests) && scoring.Equals(other.scoring)
        && HostPorts.Equals(other.HostPorts) && Tolerations.Equals(other.Tolerations)
        && NodeSelector.Equals(other.NodeSelector)
        && Equals(NodeAffinity, other.NodeAffinity));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PodShape);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;
}

/// <summary>Finds the shape of a pod: first by where the parts of its spec lie in memory, since the
/// pods of one template share them, then by value. Equal pods get one and the same
/// object.</summary>
internal sealed class PodShapes
{
    private const int Slots = 1024;
    private const int MostShapes = 4096;

    private readonly (Key Key, PodShape? Shape)[] slots = new (Key, PodShape?)[Slots];
    private readonly Dictionary<PodShape, PodShape> known = [];

    private readonly record struct Key(object? Containers, object? InitContainers,
        object? Tolerations, object? NodeSelector, Affinity? Affinity, object? Overhead,
        ResourceRequirements? Resources)
    {
        public bool IsSame(in Key other) => ReferenceEquals(Containers, other.Containers)
            && ReferenceEquals(InitContainers, other.InitContainers)
            && ReferenceEquals(Tolerations, other.Tolerations)
            && ReferenceEquals(NodeSelector, other.NodeSelector)
            && ReferenceEquals(Affinity, other.Affinity)
            && ReferenceEquals(Overhead, other.Overhead)
            && ReferenceEquals(Resources, other.Resources);
    }

    public PodShape Of(Pod pod)
    {
        if (IsResized(pod.Status))
        {
            return Canonical(PodShape.Of(pod));
        }
        var spec = pod.Spec;
        var key = new Key(spec.Containers.Identity, spec.InitContainers.Identity,
            spec.Tolerations.Identity, spec.NodeSelector.Identity, spec.Affinity,
            spec.Overhead.Identity, spec.Resources);
        var at = RuntimeHelpers.GetHashCode(key.Containers)
            ^ RuntimeHelpers.GetHashCode(key.Tolerations);
        ref var slot = ref slots[at & (Slots - 1)];
        if (slot.Shape is null || !slot.Key.IsSame(key))
        {
            slot = (key, Canonical(PodShape.Of(pod)));
        }
        return slot.Shape;
    }

    private PodShape Canonical(PodShape shape)
    {
        if (known.TryGetValue(shape, out var same))
        {
            return same;
        }
        if (known.Count >= MostShapes)
        {
            known.Clear();
        }
        known.Add(shape, shape);
        return shape;
    }

    // The requests of a running pod may be in its status rather than in its spec.
    private static bool IsResized(PodStatus status)
    {
        foreach (var container in status.ContainerStatuses.AsSpan())
        {
            if (container.Resources is not null || !container.AllocatedResources.IsEmpty)
            {
                return true;
            }
        }
        return false;
    }
}
