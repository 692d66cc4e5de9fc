using System.Globalization;

namespace KubeSim;

/// <summary>What a fresh cluster consists of.</summary>
public static class Bootstrap
{
    /// <summary>The namespaces that every cluster has.</summary>
    public static Seq<string> SystemNamespaces { get; } =
        ["default", "kube-node-lease", "kube-public", "kube-system"];

    /// <summary>The built-in components, in the order in which they see a change.</summary>
    public static Seq<ComponentSpec> Components() =>
    [
        new("serviceaccount-controller", _ => new ServiceAccounts()),
        new("deployment-controller", _ => new Deployments()),
        new("replicaset-controller", _ => new ReplicaSets()),
        new("default-scheduler", _ => new StubPlacer()),
        new("kubelet", node => new StubNodeAgent(node)) { PerNode = true },
    ];

    /// <summary>The objects of a fresh cluster: the system namespaces with their default accounts,
    /// and so many nodes, ready.</summary>
    public static Seq<ApiObject> Objects(int nodes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nodes);
        var objects = new List<ApiObject>();
        objects.AddRange(SystemNamespaces.Select(name =>
            new Namespace { Metadata = new() { Name = name } }));
        objects.AddRange(SystemNamespaces.Select(ns => new ServiceAccount
        {
            Metadata = new() { Name = ServiceAccounts.Default, Namespace = ns },
        }));
        for (var i = 1; i <= nodes; i++)
        {
            objects.Add(NewNode(string.Create(CultureInfo.InvariantCulture, $"node-{i}")));
        }
        return [.. objects];
    }

    /// <summary>A ready node of 4 CPUs, 16 GiB of memory and room for 110 pods.</summary>
    public static Node NewNode(string name) => new()
    {
        Metadata = new()
        {
            Name = name,
            Labels = Map.Of(
                ("beta.kubernetes.io/arch", "amd64"), ("beta.kubernetes.io/os", "linux"),
                ("kubernetes.io/arch", "amd64"), ("kubernetes.io/hostname", name),
                ("kubernetes.io/os", "linux")),
        },
        Status = new()
        {
            Capacity = Machine, Allocatable = Machine,
            Conditions =
            [
                Condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available"),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
                    "kubelet has no disk pressure"),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID",
                    "kubelet has sufficient PID available"),
                Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
        },
    };

    private static Map<Quantity> Machine { get; } = Map.Of(("cpu", Quantity.Parse("4")),
        ("memory", Quantity.Parse("16Gi")), ("pods", Quantity.Parse("110")));

    private static NodeCondition Condition(
        string type, string status, string reason, string message) =>
        new() { Type = type, Status = status, Reason = reason, Message = message };
}
