using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A stable name and address in front of pods that come and go.</summary>
public sealed record Service : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Service;

    /// <summary>Which pods, which ports, seen from where.</summary>
    public ServiceSpec Spec { get; init; } = ServiceSpec.None;
    /// <summary>What its load balancer got.</summary>
    public ServiceStatus Status { get; init; } = ServiceStatus.None;
}

/// <summary>Which pods stand behind a Service, and how it is reached.</summary>
public sealed record ServiceSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ServiceSpec None { get; } = new();

    /// <summary>ClusterIP (the default), NodePort, LoadBalancer or ExternalName.</summary>
    public string? Type { get; init; }
    /// <summary>The labels of its pods; unset: somebody else writes its endpoints.</summary>
    public Map<string> Selector { get; init; }
    /// <summary>The ports.</summary>
    public Seq<ServicePort> Ports { get; init; }
    /// <summary>Its address; None makes it headless.</summary>
    public string? ClusterIP { get; init; }
    /// <summary>Its addresses, one a family.</summary>
    public Seq<string> ClusterIPs { get; init; }
    /// <summary>IPv4, IPv6, in order.</summary>
    public Seq<string> IpFamilies { get; init; }
    /// <summary>SingleStack, PreferDualStack or RequireDualStack.</summary>
    public string? IpFamilyPolicy { get; init; }
    /// <summary>More addresses that lead to it.</summary>
    public Seq<string> ExternalIPs { get; init; }
    /// <summary>The DNS name that an ExternalName stands for.</summary>
    public string? ExternalName { get; init; }
    /// <summary>Cluster (the default) or Local: only pods of the node.</summary>
    public string? ExternalTrafficPolicy { get; init; }
    /// <summary>Cluster (the default) or Local: only pods of the node.</summary>
    public string? InternalTrafficPolicy { get; init; }
    /// <summary>A preference such as PreferClose.</summary>
    public string? TrafficDistribution { get; init; }
    /// <summary>None (the default) or ClientIP.</summary>
    public string? SessionAffinity { get; init; }
    /// <summary>How long a client stays with its pod.</summary>
    public SessionAffinityConfig? SessionAffinityConfig { get; init; }
    /// <summary>Where a node tells the load balancer of its pods.</summary>
    public int? HealthCheckNodePort { get; init; }
    /// <summary>True: DNS knows pods that are not ready.</summary>
    public bool? PublishNotReadyAddresses { get; init; }
    /// <summary>False: a LoadBalancer without node ports.</summary>
    public bool? AllocateLoadBalancerNodePorts { get; init; }
    /// <summary>Which load balancer is meant.</summary>
    public string? LoadBalancerClass { get; init; }
    /// <summary>The address that it should have.</summary>
    public string? LoadBalancerIP { get; init; }
    /// <summary>The clients that may use it.</summary>
    public Seq<string> LoadBalancerSourceRanges { get; init; }
}

/// <summary>A port of a Service.</summary>
public sealed record ServicePort : ApiPart
{
    /// <summary>The name; needed when there are several.</summary>
    public string? Name { get; init; }
    /// <summary>The port of the Service.</summary>
    public int Port { get; init; }
    /// <summary>The port of the pods: a number or a name; port by default.</summary>
    public IntOrString? TargetPort { get; init; }
    /// <summary>The port of every node.</summary>
    public int? NodePort { get; init; }
    /// <summary>TCP (the default), UDP or SCTP.</summary>
    public string? Protocol { get; init; }
    /// <summary>What is spoken on it, such as kubernetes.io/h2c.</summary>
    public string? AppProtocol { get; init; }
}

/// <summary>How long a client stays with its pod.</summary>
public sealed record SessionAffinityConfig : ApiPart
{
    /// <summary>For affinity by address.</summary>
    public ClientIPConfig? ClientIP { get; init; }
}

/// <summary>Affinity by address.</summary>
public sealed record ClientIPConfig : ApiPart
{
    /// <summary>Seconds without a word after which it ends; 10800 by default.</summary>
    public int? TimeoutSeconds { get; init; }
}

/// <summary>What a Service's load balancer got.</summary>
public sealed record ServiceStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ServiceStatus None { get; } = new();

    /// <summary>Where it is reached.</summary>
    public LoadBalancerStatus LoadBalancer { get; init; } = LoadBalancerStatus.None;
    /// <summary>Conditions of the Service.</summary>
    public Seq<Condition> Conditions { get; init; }
}

/// <summary>Where a load balancer is reached.</summary>
public sealed record LoadBalancerStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static LoadBalancerStatus None { get; } = new();

    /// <summary>Its addresses.</summary>
    public Seq<LoadBalancerIngress> Ingress { get; init; }
}

/// <summary>An address of a load balancer.</summary>
public sealed record LoadBalancerIngress : ApiPart
{
    /// <summary>The address.</summary>
    public string? Ip { get; init; }
    /// <summary>The name, for those that go by name.</summary>
    public string? Hostname { get; init; }
    /// <summary>VIP or Proxy.</summary>
    public string? IpMode { get; init; }
}
