namespace KubeSim.Tests;

/// <summary>Clusters of three nodes, with pods and endpoints set by hand: kube-proxy is the only
/// component.</summary>
internal static class NetworkCluster
{
    // Listens on port 8080.

    /// <summary>node-1 to node-3 at 192.168.0.11 to .13, pods in 10.244.1.0/24 to
    /// .3.0/24.</summary>
    public static Cluster New(int nodes = 3, ulong seed = 0, string mode = "iptables") =>
        new(new SimulationOptions
    {
        Seed = seed, Settings = Settings.Default.With("kube-proxy.proxy-mode", mode),
        World = Bootstrap.World,
        Components = [new("kube-proxy", node => new KubeProxy(node)) { PerNode = true }],
        Objects =
        [
            .. Bootstrap.Objects(0), .. Enumerable.Range(1, nodes).Select(NewNode),
        ],
    });

    public static Pod AddPod(this Cluster cluster, string name, string ip, bool onHost = false,
        string phase = "Running")
    {
        var node = $"node-{(onHost ? ip[^1] : ip.Split('.')[2])}";
        var pod = cluster.Create(new Pod
        {
            Metadata = new() { Name = name, Namespace = "default" },
            Spec = new()
            {
                NodeName = node, HostNetwork = onHost ? true : null,
                Containers = [new()
                {
                    Name = "main", Image = "server",
                    Ports = [new() { Port = 8080 }, new() { Port = 8443 },
                        new() { Port = 8081, Protocol = "UDP" },
                        new() { Port = 5353, Protocol = "UDP" }],
                }],
            },
        });
        return cluster.UpdateStatus(pod with { Status = new() { Phase = phase, PodIP = ip } });
    }

    public static Service AddService(this Cluster cluster, string name, string ip,
        Func<ServiceSpec, ServiceSpec>? change = null, params string[] endpoints)
    {
        var spec = new ServiceSpec
        {
            ClusterIP = ip, Ports = [new() { Port = 80, TargetPort = 8080 }],
        };
        var service = cluster.Create(new Service
        {
            Metadata = new() { Name = name, Namespace = "default" },
            Spec = change?.Invoke(spec) ?? spec,
        });
        cluster.Create(Slice(name, endpoints));
        cluster.Converge();
        return service;
    }

    public static EndpointSlice Slice(string service, params string[] endpoints) => new()
    {
        Metadata = new()
        {
            Name = $"{service}-abcde", Namespace = "default",
            Labels = Map.Of(("kubernetes.io/service-name", service)),
        },
        AddressType = "IPv4",
        Endpoints = endpoints.Select(ip => new Endpoint
        {
            Addresses = [ip], NodeName = $"node-{ip.Split('.')[2]}",
            Conditions = new() { Ready = true, Serving = true, Terminating = false },
        }).ToSeq(),
        Ports = [new() { Name = "", Port = 8080, Protocol = "TCP" }],
    };

    private static ApiObject NewNode(int i)
    {
        var node = Bootstrap.NewNode($"node-{i}");
        return node with
        {
            Spec = node.Spec with { PodCIDR = $"10.244.{i}.0/24" },
            Status = node.Status with
            {
                Addresses = [new() { Type = "InternalIP", Address = $"192.168.0.{10 + i}" }],
            },
        };
    }
}
