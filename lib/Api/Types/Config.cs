using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Settings, by key.</summary>
public sealed record ConfigMap : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ConfigMap;

    /// <summary>Texts by key.</summary>
    public Map<string> Data { get; init; }
    /// <summary>Bytes by key, in base64 as JSON has them.</summary>
    public Map<string> BinaryData { get; init; }
    /// <summary>True: it cannot be changed.</summary>
    public bool? Immutable { get; init; }
}

/// <summary>Settings that are not for everyone's eyes, by key.</summary>
public sealed record Secret : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Secret;

    /// <summary>What it is for, such as Opaque or kubernetes.io/tls.</summary>
    public string? Type { get; init; }
    /// <summary>Bytes by key, in base64 as JSON has them.</summary>
    public Map<string> Data { get; init; }
    /// <summary>Texts by key: the API server moves them to data.</summary>
    public Map<string> StringData { get; init; }
    /// <summary>True: it cannot be changed.</summary>
    public bool? Immutable { get; init; }
}

/// <summary>Who a pod is, towards the API server.</summary>
public sealed record ServiceAccount : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ServiceAccount;

    /// <summary>Secrets that its pods may use.</summary>
    public Seq<ObjectReference> Secrets { get; init; }
    /// <summary>Registry credentials that its pods get.</summary>
    public Seq<LocalObjectReference> ImagePullSecrets { get; init; }
    /// <summary>False: its pods get no token.</summary>
    public bool? AutomountServiceAccountToken { get; init; }
}
