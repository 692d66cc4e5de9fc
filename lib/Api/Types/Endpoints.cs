using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Some of the addresses behind a Service.</summary>
public sealed record EndpointSlice : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.EndpointSlice;

    /// <summary>IPv4, IPv6 or FQDN.</summary>
    public string AddressType { get; init; } = "";
    /// <summary>The addresses, usually at most 100.</summary>
    public Seq<Endpoint> Endpoints { get; init; }
    /// <summary>The ports; all endpoints have all of them.</summary>
    public Seq<EndpointPort> Ports { get; init; }

    /// <summary>True for a slice of a Service of its namespace.</summary>
    public bool IsOf(string service) =>
        Metadata.Labels.Get("kubernetes.io/service-name") == service;
}

/// <summary>An address behind a Service, usually a pod.</summary>
public sealed record Endpoint : ApiPart
{
    /// <summary>The address: only the first one counts.</summary>
    public Seq<string> Addresses { get; init; }
    /// <summary>Whether it is ready, serving, terminating.</summary>
    public EndpointConditions Conditions { get; init; } = EndpointConditions.None;
    /// <summary>Its host name.</summary>
    public string? Hostname { get; init; }
    /// <summary>The pod.</summary>
    public ObjectReference? TargetRef { get; init; }
    /// <summary>The node it is on.</summary>
    public string? NodeName { get; init; }
    /// <summary>The zone it is in.</summary>
    public string? Zone { get; init; }
    /// <summary>Who should use it.</summary>
    public EndpointHints? Hints { get; init; }
}

/// <summary>Whether an endpoint can be used.</summary>
public sealed record EndpointConditions : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static EndpointConditions None { get; } = new();

    /// <summary>True: it takes new connections.</summary>
    public bool? Ready { get; init; }
    /// <summary>The same, but not false for going away alone.</summary>
    public bool? Serving { get; init; }
    /// <summary>True: it is going away.</summary>
    public bool? Terminating { get; init; }
}

/// <summary>Who should use an endpoint.</summary>
public sealed record EndpointHints : ApiPart
{
    /// <summary>Clients of these zones.</summary>
    public Seq<ForZone> ForZones { get; init; }
    /// <summary>Clients of these nodes.</summary>
    public Seq<ForNode> ForNodes { get; init; }
}

/// <summary>A zone.</summary>
public sealed record ForZone : ApiPart
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";
}

/// <summary>A node.</summary>
public sealed record ForNode : ApiPart
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";
}

/// <summary>A port of endpoints.</summary>
public sealed record EndpointPort : ApiPart
{
    /// <summary>The name of the Service's port.</summary>
    public string? Name { get; init; }
    /// <summary>The number.</summary>
    public int Port { get; init; }
    /// <summary>TCP, UDP or SCTP.</summary>
    public string? Protocol { get; init; }
    /// <summary>What is spoken on it.</summary>
    public string? AppProtocol { get; init; }
}

/// <summary>All addresses behind a Service: the old form of EndpointSlice.</summary>
public sealed record Endpoints : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Endpoints;

    /// <summary>Addresses by the ports that they share.</summary>
    public Seq<EndpointSubset> Subsets { get; init; }
}

/// <summary>Addresses that share ports.</summary>
public sealed record EndpointSubset : ApiPart
{
    /// <summary>Those that are ready.</summary>
    public Seq<EndpointAddress> Addresses { get; init; }
    /// <summary>Those that are not.</summary>
    public Seq<EndpointAddress> NotReadyAddresses { get; init; }
    /// <summary>The ports that they share.</summary>
    public Seq<EndpointPort> Ports { get; init; }
}

/// <summary>An address behind a Service.</summary>
public sealed record EndpointAddress : ApiPart
{
    /// <summary>The address.</summary>
    public string Ip { get; init; } = "";
    /// <summary>Its host name.</summary>
    public string? Hostname { get; init; }
    /// <summary>The node it is on.</summary>
    public string? NodeName { get; init; }
    /// <summary>The pod.</summary>
    public ObjectReference? TargetRef { get; init; }
}
