using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Who may connect to some pods, and to whom they may.</summary>
public sealed record NetworkPolicy : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.NetworkPolicy;

    /// <summary>Which pods, and what is let through.</summary>
    public NetworkPolicySpec Spec { get; init; } = NetworkPolicySpec.None;
}

/// <summary>Which pods a policy is about, and what it lets through.</summary>
public sealed record NetworkPolicySpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NetworkPolicySpec None { get; } = new();

    /// <summary>The pods of its namespace that it is about; an empty one: all.</summary>
    public LabelSelector PodSelector { get; init; } = LabelSelector.None;
    /// <summary>Who may connect to them.</summary>
    public Seq<NetworkPolicyIngressRule> Ingress { get; init; }
    /// <summary>To whom they may connect.</summary>
    public Seq<NetworkPolicyEgressRule> Egress { get; init; }
    /// <summary>Ingress, Egress or both: in which direction they are shut off but for the
    /// rules.</summary>
    public Seq<string> PolicyTypes { get; init; }
}

/// <summary>Lets connections in.</summary>
public sealed record NetworkPolicyIngressRule : ApiPart
{
    /// <summary>To one of these ports; none named: any.</summary>
    public Seq<NetworkPolicyPort> Ports { get; init; }
    /// <summary>From one of these; none named: anybody.</summary>
    public Seq<NetworkPolicyPeer> From { get; init; }
}

/// <summary>Lets connections out.</summary>
public sealed record NetworkPolicyEgressRule : ApiPart
{
    /// <summary>To one of these ports; none named: any.</summary>
    public Seq<NetworkPolicyPort> Ports { get; init; }
    /// <summary>To one of these; none named: anybody.</summary>
    public Seq<NetworkPolicyPeer> To { get; init; }
}

/// <summary>A port, several in a row, or all of a protocol.</summary>
public sealed record NetworkPolicyPort : ApiPart
{
    /// <summary>TCP (the default), UDP or SCTP.</summary>
    public string? Protocol { get; init; }
    /// <summary>Its number, or the name that the pod's containers have for it; unset:
    /// all.</summary>
    public IntOrString? Port { get; init; }
    /// <summary>The last of a row that begins at <see cref="Port"/>.</summary>
    public int? EndPort { get; init; }
}

/// <summary>The other side of a connection: pods, or a range of addresses.</summary>
public sealed record NetworkPolicyPeer : ApiPart
{
    /// <summary>These pods, of the policy's namespace or of those that
    /// <see cref="NamespaceSelector"/> selects.</summary>
    public LabelSelector? PodSelector { get; init; }
    /// <summary>Pods of these namespaces.</summary>
    public LabelSelector? NamespaceSelector { get; init; }
    /// <summary>These addresses; then no selectors.</summary>
    public IPBlock? IpBlock { get; init; }
}

/// <summary>A range of addresses with holes.</summary>
public sealed record IPBlock : ApiPart
{
    /// <summary>Such as <c>192.0.2.0/24</c>.</summary>
    public string Cidr { get; init; } = "";
    /// <summary>Ranges in it that are left out.</summary>
    public Seq<string> Except { get; init; }
}
