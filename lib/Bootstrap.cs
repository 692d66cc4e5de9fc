using System.Globalization;

namespace KubeSim;

/// <summary>What a fresh cluster consists of.</summary>
public static class Bootstrap
{
    /// <summary>The namespaces that every cluster has.</summary>
    public static Seq<string> SystemNamespaces { get; } =
        ["default", "kube-node-lease", "kube-public", "kube-system"];

    /// <summary>The address of the machine that the API server runs on.</summary>
    public const string ApiServerAddress = "192.0.2.1";

    /// <summary>The built-in components, in the order in which they see a change.</summary>
    public static Seq<ComponentSpec> Components() => WithAccounts(Specs);

    /// <summary>Components with the accounts that are made for them.</summary>
    internal static Seq<ComponentSpec> WithAccounts(Seq<ComponentSpec> specs) =>
        specs.Select(s => s with
        {
            User = s.User ?? BootstrapPolicy.AccountOf(Accounts.GetValueOrDefault(s.Name, s.Name)),
        }).ToSeq();

    // A controller asks under an account of its own (--use-service-account-credentials); a few
    // share one, or call it otherwise.
    private static Dictionary<string, string> Accounts { get; } = new(StringComparer.Ordinal)
    {
        ["serviceaccount-controller"] = "service-account-controller",
        ["node-lifecycle-controller"] = "node-controller",
        ["taint-eviction-controller"] = "node-controller",
        ["service-lb-controller"] = "service-controller",
        ["cloud-node-controller"] = "node-controller",
        ["cloud-node-lifecycle-controller"] = "node-controller",
        ["node-route-controller"] = "route-controller",
        ["node-ipam-controller"] = "node-controller",
        ["daemonset-controller"] = "daemon-set-controller",
        ["garbage-collector-controller"] = "generic-garbage-collector",
        ["horizontal-pod-autoscaler-controller"] = "horizontal-pod-autoscaler",
        ["pod-garbage-collector-controller"] = "pod-garbage-collector",
        ["replicationcontroller-controller"] = "replication-controller",
        ["persistentvolume-binder-controller"] = "persistent-volume-binder",
        ["persistentvolume-attach-detach-controller"] = "attachdetach-controller",
        ["persistentvolumeclaim-protection-controller"] = "pvc-protection-controller",
        ["persistentvolume-protection-controller"] = "pv-protection-controller",
    };

    private static Seq<ComponentSpec> Specs =>
    [
        new("serviceaccount-controller", _ => new ServiceAccounts()),
        new("root-ca-cert-publisher", _ => new RootCa()),
        new("endpointslice-controller", _ => new EndpointSlices()),
        new("endpoint-controller", _ => new EndpointLists()),
        Telling("garbage-collector-controller", "generic-garbage-collector",
            () => new GarbageCollector()),
        new("pod-garbage-collector-controller", _ => new PodGarbageCollector()),
        new("namespace-controller", _ => new Namespaces()),
        Telling("node-controller", "node-lifecycle-controller", () => new NodeLifecycle()),
        new("taint-eviction-controller", _ => new TaintEviction()),
        new("clusterrole-aggregation-controller", _ => new RoleAggregation()),
        new("resourcequota-controller", _ => new ResourceQuotas()),
        Telling("controllermanager", "disruption-controller", () => new Disruption()),
        Telling("service-controller", "service-lb-controller", () => new ServiceLoadBalancer()),
        new("deployment-controller", _ => new Deployments()),
        new("replicaset-controller", _ => new ReplicaSets()),
        Telling("replication-controller", "replicationcontroller-controller",
            () => new ReplicaSets(ReplicaForm.Old)),
        new("statefulset-controller", _ => new StatefulSets()),
        new("daemonset-controller", _ => new DaemonSets()),
        Telling("persistentvolume-controller", "persistentvolume-binder-controller",
            () => new PersistentVolumes()),
        new("persistentvolumeclaim-protection-controller", _ => new VolumeProtection(true)),
        new("persistentvolume-protection-controller", _ => new VolumeProtection(false)),
        Telling("ephemeral_volume", "ephemeral-volume-controller", () => new EphemeralVolumes()),
        Telling(LocalPathProvisioner.Provisioner, "local-path-provisioner",
            () => new LocalPathProvisioner()),
        new("job-controller", _ => new Jobs()),
        new("cronjob-controller", _ => new CronJobs()),
        new("ttl-after-finished-controller", _ => new TtlAfterFinished()),
        Telling("horizontal-pod-autoscaler", "horizontal-pod-autoscaler-controller",
            () => new HorizontalPodAutoscalers()),
        new("metrics-server", _ => new MetricsServer()),
        new("default-scheduler", _ => new Scheduler())
        {
            User = UserInfo.Person("system:kube-scheduler"),
        },
        new("kubelet", node => new Kubelet(node))
        {
            PerNode = true, User = new("system:node:", ["system:nodes", "system:authenticated"]),
        },
        new("kube-proxy", node => new KubeProxy(node))
        {
            PerNode = true, User = UserInfo.Person("system:kube-proxy"),
        },
        new("apiextensions-apiserver", _ => new CustomResources()),
        Telling("nginx-ingress-controller", "ingress-nginx-controller", () => new IngressNginx())
            with { User = UserInfo.ServiceAccount(IngressNginx.Namespace, "ingress-nginx") },
    ];

    private static ComponentSpec KubeRouter { get; } =
        new("kube-router", node => new KubeRouter(node))
        {
            PerNode = true, User = BootstrapPolicy.AccountOf("kube-router"),
        };

    private static ComponentSpec FlannelOf(bool isMany, bool inEtcd) =>
        new("kube-flannel", node => new Flannel(node, isMany, inEtcd)) { PerNode = true };

    // What an administrator puts into etcd for flanneld, before the first node starts.
    private static ApiObject FlannelNetwork(Settings settings) => EtcdKeys.Decode(
        new(EtcdKeys.Raw, "", EtcdSubnets.ConfigKey),
        $$$"""{"Network":"{{{settings.Get(KnownFlags.ClusterCidr)}}}","SubnetLen":24,"Backend":"""
        + $$$"""{"Type":"{{{settings.Get(KnownFlags.FlannelBackend)}}}"}}""");

    // A component whose events come under another name than its own.
    internal static ComponentSpec Telling(string source, string name, Func<IReconciler> make) =>
        new(name, _ => make()) { EventSource = source };

    /// <summary>The physical world: machines that can pull any public image.</summary>
    public static World World(IWorldHost host) =>
        new(host, new ImageCatalogue()) { Ask = AnswererOf(host), Slices = SlicesOf(host) };

    private static Func<SimMachine, PodSandboxMetadata, IReadOnlyList<string>, ExecResult?>?
        AnswererOf(IWorldHost host) => host is Simulation simulation
            ? (_, pod, words) => Cluster.Over(simulation).AnswerScript(pod, words) : null;

    private static Func<string, IEnumerable<EndpointSlice>>? SlicesOf(IWorldHost host) =>
        host is Simulation { Store: var store } ? ns => store.List(
            Kinds.EndpointSlice, ns, store.Head).Cast<EndpointSlice>() : null;

    private static World FlannelWorld(IWorldHost host) =>
        new(host, new ImageCatalogue(), new HostLocalNetwork(isFlannel: true))
        {
            Ask = AnswererOf(host), Slices = SlicesOf(host),
        };

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
        objects.AddRange(SystemNamespaces.Select(RootCa.Of));
        objects.AddRange(ApiServerService());
        for (var i = 1; i <= nodes; i++)
        {
            objects.Add(NewNode(string.Create(CultureInfo.InvariantCulture, $"node-{i}")));
        }
        return [.. objects];
    }

    /// <summary>The Service by which pods reach the API server, and the addresses behind it: the
    /// API server writes both itself, since nobody selects it.</summary>
    private static Seq<ApiObject> ApiServerService() =>
    [
        new Service
        {
            Metadata = new()
            {
                Name = "kubernetes", Namespace = "default",
                Labels = Map.Of(("component", "apiserver"), ("provider", "kubernetes")),
            },
            Spec = new()
            {
                ClusterIP = "10.96.0.1", ClusterIPs = ["10.96.0.1"], IpFamilies = ["IPv4"],
                IpFamilyPolicy = "SingleStack",
                Ports = [new() { Name = "https", Port = 443, Protocol = "TCP", TargetPort = 6443 }],
            },
        },
        new Endpoints
        {
            Metadata = new()
            {
                Name = "kubernetes", Namespace = "default",
                Labels = Map.Of(("endpointslice.kubernetes.io/skip-mirror", "true")),
            },
            Subsets =
            [
                new()
                {
                    Addresses = [new() { Ip = ApiServerAddress }],
                    Ports = [new() { Name = "https", Port = 6443, Protocol = "TCP" }],
                },
            ],
        },
        new EndpointSlice
        {
            Metadata = new()
            {
                Name = "kubernetes", Namespace = "default",
                Labels = Map.Of((EndpointSlices.ServiceName, "kubernetes")),
            },
            AddressType = "IPv4",
            Endpoints =
            [
                new() { Addresses = [ApiServerAddress], Conditions = new() { Ready = true } },
            ],
            Ports = [new() { Name = "https", Port = 6443, Protocol = "TCP" }],
        },
    ];

    /// <summary>Options with what nobody said: machines, and for each node that is there at the
    /// start its addresses and the Lease of a kubelet that has been running for a while.</summary>
    internal static SimulationOptions Complete(SimulationOptions options)
    {
        var nodes = options.Objects.Count(o => o is Node);
        var settings = options.Settings;
        // A flag alone may be right, and all together wrong.
        _ = settings.Thresholds;
        if (!settings.Has(KnownFlags.ClusterCidr))
        {
            settings = settings.With($"{KnownFlags.ClusterCidr}", NodeRanges.For(nodes, settings));
        }
        var ranges = new NodeRanges(settings);
        var objects = new List<ApiObject>();
        var number = 0;
        foreach (var o in options.Objects)
        {
            objects.Add(o is Node node ? WithAddresses(node, ++number, ranges, settings) : o);
        }
        for (var i = 0; i < options.Objects.Count && number > 0; i++)
        {
            if (options.Objects[i] is Node node)
            {
                objects.Add(NewLease(node.Metadata.Name, options.Start));
            }
        }
        var isFlannel = settings.Get(KnownFlags.FlannelBackend).Length > 0;
        var more = new List<ComponentSpec>();
        more.AddRange(settings.Get(KnownFlags.RunFirewall) ? [KubeRouter] : []);
        var inEtcd = isFlannel && !settings.Get(KnownFlags.KubeSubnetManager);
        more.AddRange(isFlannel ? [FlannelOf(nodes > options.LazyAboveNodes, inEtcd)] : []);
        var policy = options.Policy.IsUnset ? BootstrapPolicy.Objects : options.Policy;
        options = options with
        {
            World = options.World ?? (isFlannel ? FlannelWorld : World), Objects = [.. objects],
            Settings = settings, Components = [.. options.Components, .. more],
            Policy = inEtcd ? policy.Add(FlannelNetwork(settings)) : policy,
        };
        return settings.HasCloud ? CloudBootstrap.Complete(options) : options;
    }

    private static Lease NewLease(string node, DateTime renewed) => new()
    {
        Metadata = new()
        {
            Name = node, Namespace = "kube-node-lease",
            OwnerReferences = [new() { ApiVersion = "v1", Kind = "Node", Name = node }],
        },
        Spec = new()
        {
            HolderIdentity = node, LeaseDurationSeconds = 40, RenewTime = renewed,
        },
    };

    // The n-th machine: 172.18.0.(n + 1), its pods the n-th range of the cluster's.
    private static Node WithAddresses(Node node, int n, NodeRanges ranges, Settings settings)
    {
        var range = node.Spec.PodCIDR ?? ranges[n];
        var address = string.Create(CultureInfo.InvariantCulture,
            $"172.18.{(n + 1) >> 8}.{(n + 1) & 255}");
        return node with
        {
            Spec = node.Spec with
            {
                PodCIDR = range,
                PodCIDRs = node.Spec.PodCIDRs.IsEmpty ? [range] : node.Spec.PodCIDRs,
            },
            Status = NodeAllocatable.Of(WithMaxPods(node.Status, settings), settings) with
            {
                Addresses = !node.Status.Addresses.IsEmpty ? node.Status.Addresses :
                [
                    new() { Type = "InternalIP", Address = address },
                    new() { Type = "Hostname", Address = node.Metadata.Name },
                ],
                NodeInfo = node.Status.NodeInfo.KubeletVersion is { Length: > 0 }
                    ? node.Status.NodeInfo : Kubelet.InfoOf(settings),
            },
        };
    }

    // A kubelet says how many pods it takes.
    private static NodeStatus WithMaxPods(NodeStatus status, Settings settings)
    {
        if (!settings.Has(KnownFlags.MaxPods))
        {
            return status;
        }
        Quantity pods = Quantity.Parse($"{settings.Get(KnownFlags.MaxPods)}");
        return status with
        {
            Capacity = status.Capacity.Set("pods", pods),
            Allocatable = status.Allocatable.Set("pods", pods),
        };
    }

    /// <summary>A ready node of 4 CPUs, 16 GiB of memory and room for 110 pods.</summary>
    public static Node NewNode(string name) =>
        Kubelet.NewNode(name, SimCloud.CapacityOf(CloudBootstrap.UsualType)!.Value);
}
