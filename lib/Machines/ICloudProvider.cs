namespace KubeSim;

/// <summary>A cloud: machines to rent, zones that fail apart, and load balancers before a Service.
/// The cloud controllers are its clients.</summary>
/// <remarks>
/// What a cloud adds to Kubernetes is small and all here: it knows whether a machine still exists
/// (a Node whose machine is gone is deleted, not awaited), where it stands (the zone labels that
/// spreading uses), and how to lead the outside to the nodes (a Service of type LoadBalancer).
/// <para>It is slow: a load balancer takes a minute or two, and until then the Service's
/// <c>EXTERNAL-IP</c> is <c>&lt;pending&gt;</c>.</para>
/// Models staging/src/k8s.io/cloud-provider/cloud.go.
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

    /// <summary>Rents a machine; the answer says how long until it boots.</summary>
    Answer<CloudInstance> CreateInstance(string name, string instanceType, string zone);

    /// <summary>Gives a machine back, its processes and local disks with it; no error when it is
    /// gone.</summary>
    Answer<bool> DeleteInstance(string providerId);

    /// <summary>A load balancer; the value is null when there is none.</summary>
    Answer<CloudLoadBalancer?> LoadBalancer(string name);

    /// <summary>Makes a load balancer or changes it to what is asked; the answer says how long
    /// until it has an address and carries traffic.</summary>
    Answer<CloudLoadBalancer> EnsureLoadBalancer(CloudLoadBalancer wanted);

    /// <summary>Takes a load balancer away; no error when it is gone.</summary>
    Answer<bool> DeleteLoadBalancer(string name);
}

/// <summary>A part of a cloud that fails on its own.</summary>
/// <param name="Name">Becomes <c>topology.kubernetes.io/zone</c>.</param>
/// <param name="Region">Becomes <c>topology.kubernetes.io/region</c>.</param>
public sealed record CloudZone(string Name, string Region);

/// <summary>A rented machine.</summary>
/// <param name="ProviderId">Becomes <c>spec.providerID</c> of the Node.</param>
/// <param name="InstanceType">Becomes <c>node.kubernetes.io/instance-type</c>.</param>
/// <param name="Zone">Where it stands.</param>
/// <param name="Addresses">Type and address: InternalIP, ExternalIP, Hostname.</param>
/// <param name="Shutdown">True when it exists but is off: its Node gets the taint
/// <c>node.cloudprovider.kubernetes.io/shutdown</c>.</param>
public sealed record CloudInstance(string ProviderId, string InstanceType, CloudZone Zone,
    Seq<(string Type, string Address)> Addresses, bool Shutdown = false);

/// <summary>A load balancer: an outside address, and the nodes that it sends to.</summary>
/// <param name="Name">Unique in the cloud.</param>
/// <param name="Ports">Port outside to node port, each with its protocol.</param>
/// <param name="Instances">The provider ids behind it, in ordinal order.</param>
/// <param name="HealthCheckNodePort">The port that tells whether a node has endpoints of its own
/// (<c>externalTrafficPolicy: Local</c>); 0 checks the nodes alone.</param>
/// <param name="Ip">The address; null while it is being made.</param>
public sealed record CloudLoadBalancer(string Name,
    Seq<(string Protocol, int Port, int NodePort)> Ports, Seq<string> Instances,
    int HealthCheckNodePort = 0, string? Ip = null);
