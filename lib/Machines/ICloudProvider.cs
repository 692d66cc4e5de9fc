namespace KubeSim;

/// <summary>A cloud: machines to rent, zones that fail apart, disks, routes, and load balancers
/// before a Service. The cloud controllers and the storage driver are its clients.</summary>
/// <remarks>
/// What a cloud adds to Kubernetes is small and all here: it knows whether a machine still exists
/// (a Node whose machine is gone is deleted, not awaited), where it stands (the zone labels that
/// spreading uses), how to lead the outside to the nodes (a Service of type LoadBalancer), how to
/// lead one node's pods to another's (routes), and it keeps disks that outlive machines.
/// <para>It is slow: a load balancer takes a minute or two, and until then the Service's
/// <c>EXTERNAL-IP</c> is <c>&lt;pending&gt;</c>. And it fails, which is what retries are
/// for.</para>
/// Models staging/src/k8s.io/cloud-provider/cloud.go, and the CSI of a driver for disks.
/// </remarks>
public interface ICloudProvider
{
    /// <summary>The name in provider ids: <c>NAME://ZONE/INSTANCE</c>.</summary>
    string ProviderName { get; }

    /// <summary>The zones, by name.</summary>
    Seq<CloudZone> Zones { get; }

    /// <summary>The instance with a provider id or, for a new node, with the name of the node; the
    /// value is null when there is none.</summary>
    Answer<CloudInstance?> Instance(string providerIdOrName);

    /// <summary>A load balancer; the value is null when there is none.</summary>
    Answer<CloudLoadBalancer?> LoadBalancer(string name);

    /// <summary>Makes a load balancer or changes it to what is asked; the answer says how long
    /// until it has an address and carries traffic.</summary>
    Answer<CloudLoadBalancer> EnsureLoadBalancer(CloudLoadBalancer wanted);

    /// <summary>Puts other nodes behind a load balancer.</summary>
    Answer<CloudLoadBalancer> UpdateLoadBalancer(string name, Seq<string> nodes);

    /// <summary>Takes a load balancer away; no error when it is gone.</summary>
    Answer<bool> DeleteLoadBalancer(string name);

    /// <summary>Leads the packets for a range of pods' addresses to a node.</summary>
    Answer<CloudRoute> CreateRoute(CloudRoute route);

    /// <summary>Takes the route of a range away; no error when it is gone.</summary>
    Answer<bool> DeleteRoute(string cidr);

    /// <summary>Makes a disk in a zone; one of that name is the answer if it is there.</summary>
    Answer<CloudDisk> CreateDisk(string name, Quantity size, string zone);

    /// <summary>Throws a disk away; no error when it is gone.</summary>
    Answer<bool> DeleteDisk(string name);

    /// <summary>Plugs a disk into a machine; the answer says how long until the machine has it. It
    /// goes wrong while another machine has the disk, or in another zone.</summary>
    Answer<CloudDisk> AttachDisk(string name, string node);

    /// <summary>Unplugs a disk, whatever the machine makes of it; no error when it is not
    /// there.</summary>
    Answer<bool> DetachDisk(string name, string node);
}

/// <summary>A part of a cloud that fails on its own.</summary>
/// <param name="Name">Becomes <c>topology.kubernetes.io/zone</c>.</param>
/// <param name="Region">Becomes <c>topology.kubernetes.io/region</c>.</param>
public sealed record CloudZone(string Name, string Region);

/// <summary>A rented machine.</summary>
/// <param name="Name">Its name, which is the node's too.</param>
/// <param name="ProviderId">Becomes <c>spec.providerID</c> of the Node.</param>
/// <param name="InstanceType">Becomes <c>node.kubernetes.io/instance-type</c>.</param>
/// <param name="Zone">Where it stands.</param>
/// <param name="Addresses">InternalIP and ExternalIP.</param>
/// <param name="Shutdown">True when it exists but is off: its Node gets the taint
/// <c>node.cloudprovider.kubernetes.io/shutdown</c>.</param>
public sealed record CloudInstance(string Name, string ProviderId, string InstanceType,
    CloudZone Zone, Seq<NodeAddress> Addresses, bool Shutdown = false);

/// <summary>A load balancer: an outside address, and the nodes that it sends to.</summary>
/// <param name="Name">Unique in the cloud.</param>
/// <param name="Ports">Port outside to node port, each with its protocol.</param>
/// <param name="Nodes">The nodes behind it, by name.</param>
/// <param name="HealthCheckNodePort">The port that tells whether a node has endpoints of its own
/// (<c>externalTrafficPolicy: Local</c>); 0 checks the nodes alone.</param>
/// <param name="Ip">The address; null while it is being made.</param>
public sealed record CloudLoadBalancer(string Name,
    Seq<(string Protocol, int Port, int NodePort)> Ports, Seq<string> Nodes,
    int HealthCheckNodePort = 0, string? Ip = null);

/// <summary>Where packets for a range of addresses go.</summary>
/// <param name="Cidr">The range: <c>spec.podCIDR</c> of a Node.</param>
/// <param name="Node">The machine that has it.</param>
public sealed record CloudRoute(string Cidr, string Node);

/// <summary>A disk of the cloud.</summary>
/// <param name="Name">Unique in the cloud; the <c>volumeHandle</c> of its
/// PersistentVolume.</param>
/// <param name="Zone">Only machines of this zone can have it.</param>
/// <param name="Size">What it holds.</param>
/// <param name="Node">The machine that it is plugged into; null for none.</param>
public sealed record CloudDisk(string Name, string Zone, Quantity Size, string? Node = null);
