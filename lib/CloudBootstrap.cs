namespace KubeSim;

/// <summary>What a cluster consists of besides when its nodes are machines of the cloud:
/// <c>kubelet --cloud-provider=external</c>.</summary>
internal static class CloudBootstrap
{
    /// <summary>The type of machine that nodes are unless somebody says otherwise.</summary>
    public const string UsualType = "standard-4";

    /// <summary>The controllers of the cloud, of its disks, and of nodes that join.</summary>
    private static Seq<ComponentSpec> Components =>
    [
        new("node-ipam-controller", _ => new NodeIpam()),
        new("cloud-node-controller", _ => new CloudNodes()),
        new("cloud-node-lifecycle-controller", _ => new CloudNodeLifecycle()),
        Bootstrap.Telling("route_controller", "node-route-controller", () => new CloudRoutes()),
        Bootstrap.Telling("attachdetach-controller", "persistentvolume-attach-detach-controller",
            () => new AttachDetach()),
        Bootstrap.Telling(SimCloud.DiskDriver, "csi-provisioner", () => new DiskProvisioner()),
        new("csi-attacher", _ => new DiskAttacher()),
    ];

    private static Seq<ApiObject> Storage =>
    [
        new CSIDriver
        {
            Metadata = new() { Name = SimCloud.DiskDriver }, Spec = new() { AttachRequired = true },
        },
        new StorageClass
        {
            Metadata = new()
            {
                Name = "standard",
                Annotations = Map.Of(("storageclass.kubernetes.io/is-default-class", "true")),
            },
            Provisioner = SimCloud.DiskDriver, VolumeBindingMode = "WaitForFirstConsumer",
        },
    ];

    /// <summary>The options with a machine of the cloud for every node: they joined before the run
    /// began, so all that the controllers do with a new one is done.</summary>
    public static SimulationOptions Complete(SimulationOptions options)
    {
        var (world, nodes) = (options.World!, options.Objects.OfType<Node>().ToSeq());
        var map = new SimCloud(null);
        foreach (var node in nodes)
        {
            Rent(map, node);
        }
        var objects = options.Objects.Select(o => o is Node node ? Joined(map, node) : o).ToList();
        objects.AddRange(nodes.Select(Kubelet.DriversOf));
        objects.AddRange(Storage.Where(o => !objects.Exists(known => known.Key.Equals(o.Key))));
        var runs = options.Components.Any(c => c.Name == "service-lb-controller");
        return options with
        {
            Objects = objects.ToSeq(),
            Components = !runs ? options.Components
                : [.. options.Components, .. Bootstrap.WithAccounts(Components)
                    .Where(c => !options.Components.Any(known => known.Name == c.Name))],
            World = host =>
            {
                var made = world(host);
                foreach (var node in nodes)
                {
                    Rent(made.Cloud, node);
                }
                return made;
            },
        };
    }

    private static void Rent(SimCloud cloud, Node node)
    {
        var labels = node.Metadata.Labels;
        cloud.CreateInstance(node.Metadata.Name,
            labels.Get("node.kubernetes.io/instance-type") ?? UsualType,
            labels.Get(SimCloud.ZoneLabel),
            node.Status.Addresses.FirstOrDefault(a => a.Type == "InternalIP")?.Address);
        foreach (var range in node.Spec.PodCIDRs)
        {
            cloud.CreateRoute(new(range, node.Metadata.Name));
        }
    }

    private static Node Joined(SimCloud cloud, Node node)
    {
        var instance = cloud.Instance(node.Metadata.Name).Value!;
        var labels = node.Metadata.Labels;
        foreach (var (label, value) in CloudNodes.LabelsOf(instance))
        {
            labels = labels.ContainsKey(label) ? labels : labels.Set(label, value);
        }
        node = Kubelet.OfCloud(node);
        return node with
        {
            Metadata = node.Metadata with { Labels = labels },
            Spec = node.Spec with
            {
                ProviderID = node.Spec.ProviderID ?? instance.ProviderId,
            },
            Status = node.Status with
            {
                Addresses = [.. instance.Addresses,
                    .. node.Status.Addresses.Where(a => a.Type == "Hostname")],
                Conditions = node.Status.Conditions.With(new NodeCondition
                {
                    Type = "NetworkUnavailable", Status = "False", Reason = "RouteCreated",
                    Message = "RouteController created a route",
                }),
            },
        };
    }
}
