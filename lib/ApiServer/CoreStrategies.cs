using System.Text;

namespace KubeSim;

// The kinds without pods: each a few rules.
//
// Models pkg/registry/core/* and pkg/apis/core/validation/validation.go.

/// <summary>Namespaces: they stay until what is in them is gone and "kubernetes" is taken off their
/// spec.</summary>
internal sealed class NamespaceStrategy : KindStrategy<Namespace>
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public override bool ReturnsDeleted => true;

    public override bool MarksGrace => false;

    public override bool MayGo(ApiObject value) => ((Namespace)value).Spec.Finalizers.IsEmpty;

    public override Seq<string> NameProblems(string name) => Names.Dns1123Label(name);

    public override ApiObject PrepareDelete(ApiObject value)
    {
        var ns = (Namespace)value;
        return ns with { Status = ns.Status with { Phase = "Terminating" } };
    }

    protected override Namespace PrepareCreate(Namespace value) => value with
    {
        Spec = value.Spec.Finalizers.AsSpan().Contains("kubernetes") ? value.Spec
            : value.Spec with { Finalizers = value.Spec.Finalizers.Add("kubernetes") },
        Status = new() { Phase = "Active" },
    };

    protected override Namespace WithStatusOf(Namespace value, Namespace source) =>
        value with { Status = source.Status };

    /// <summary>A name that was generated gets its label as late as it is known.</summary>
    public override ApiObject Identified(ApiObject value, ref ObjectMeta meta)
    {
        meta = meta with { Labels = meta.Labels.Set(NameLabel, meta.Name) };
        return value;
    }

    // Clients cannot change the spec: that is what /finalize is for.
    protected override Namespace KeepOnUpdate(Namespace now, Namespace old) =>
        now with { Spec = old.Spec, Status = old.Status };

    protected override Namespace Default(Namespace value)
    {
        var meta = value.Metadata;
        return meta.Name.Length == 0 || meta.Labels.Get(NameLabel) == meta.Name ? value
            : value with
            {
                Metadata = meta with { Labels = meta.Labels.Set(NameLabel, meta.Name) },
            };
    }
}

/// <summary>Nodes: what a node can allocate is its capacity unless it says otherwise.</summary>
internal sealed class NodeStrategy : KindStrategy<Node>
{
    protected override Node Default(Node value) =>
        value.Status.Allocatable.IsEmpty && !value.Status.Capacity.IsEmpty
            ? value with { Status = value.Status with { Allocatable = value.Status.Capacity } }
            : value;

    // The status that a node is made with is its machine.
    protected override Node PrepareCreate(Node value) => value;

    protected override Node WithStatusOf(Node value, Node source) =>
        value with { Status = source.Status };

    protected override void Validate(Node value, FieldErrors errors)
    {
        var taints = value.Spec.Taints;
        var seen = new HashSet<(string, string)>();
        for (var i = 0; i < taints.Count; i++)
        {
            var (taint, field) = (taints[i], $"spec.taints[{i}]");
            PodValidation.Problems(Names.LabelKey(taint.Key), $"{field}.key", taint.Key, errors);
            PodValidation.Problems(
                Names.LabelValue(taint.Value ?? ""), $"{field}.value", taint.Value ?? "", errors);
            errors.OneOf($"{field}.effect", taint.Effect,
                "NoSchedule", "PreferNoSchedule", "NoExecute");
            if (!seen.Add((taint.Key, taint.Effect)))
            {
                errors.Duplicate(field, taint.ToString());
            }
        }
    }

    protected override void ValidateUpdate(Node now, Node old, FieldErrors errors)
    {
        Once("podCIDRs", old.Spec.PodCIDR, now.Spec.PodCIDR, "podCIDR");
        Once("providerID", old.Spec.ProviderID, now.Spec.ProviderID, "providerID");

        void Once(string field, string? was, string? given, string name)
        {
            if (was is { Length: > 0 } && was != given)
            {
                errors.Forbidden($"spec.{field}",
                    $"node updates may not change {name} except from \"\" to valid");
            }
        }
    }
}

/// <summary>ConfigMaps: keys are file names, and "immutable" is for good.</summary>
internal sealed class ConfigMapStrategy : KindStrategy<ConfigMap>
{
    private const int MostBytes = 1024 * 1024;

    protected override void Validate(ConfigMap value, FieldErrors errors)
    {
        var bytes = Keys(value.Data, "data", errors) + Keys(value.BinaryData, "binaryData", errors);
        foreach (var key in value.BinaryData.Keys)
        {
            if (value.Data.ContainsKey(key))
            {
                errors.InvalidText($"data[{key}]", key, "duplicate of key present in binaryData");
            }
        }
        if (bytes > MostBytes)
        {
            errors.TooLong("", MostBytes);
        }
    }

    protected override void ValidateUpdate(ConfigMap now, ConfigMap old, FieldErrors errors)
    {
        if (old.Immutable != true)
        {
            return;
        }
        Frozen(now.Immutable == true, "immutable", errors);
        Frozen(now.Data == old.Data, "data", errors);
        Frozen(now.BinaryData == old.BinaryData, "binaryData", errors);
    }

    public static void Frozen(bool same, string field, FieldErrors errors)
    {
        if (!same)
        {
            errors.Forbidden(field, "field is immutable when `immutable` is set");
        }
    }

    public static long Keys(Map<string> data, string field, FieldErrors errors)
    {
        var bytes = 0L;
        foreach (var (key, value) in data)
        {
            PodValidation.Problems(Names.ConfigMapKey(key), $"{field}[{key}]", key, errors);
            bytes += Encoding.UTF8.GetByteCount(value);
        }
        return bytes;
    }
}

/// <summary>Secrets: what is written in plain text is stored in base64.</summary>
internal sealed class SecretStrategy : KindStrategy<Secret>
{
    protected override Secret Default(Secret value)
    {
        var data = value.Data;
        foreach (var (key, text) in value.StringData)
        {
            data = data.Set(key, Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));
        }
        return value.Type is not null && value.StringData.IsUnset ? value : value with
        {
            Type = value.Type ?? "Opaque",
            Data = data,
            StringData = default,
        };
    }

    protected override void Validate(Secret value, FieldErrors errors)
    {
        ConfigMapStrategy.Keys(value.Data, "data", errors);
        var needed = value.Type switch
        {
            "kubernetes.io/tls" => (Seq<string>)["tls.crt", "tls.key"],
            "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
            "kubernetes.io/ssh-auth" => ["ssh-privatekey"],
            _ => default,
        };
        foreach (var key in needed)
        {
            if (!value.Data.ContainsKey(key))
            {
                errors.Required($"data[{key}]");
            }
        }
    }

    protected override void ValidateUpdate(Secret now, Secret old, FieldErrors errors)
    {
        if (now.Type != old.Type)
        {
            errors.Immutable("type", FieldErrors.Quote(now.Type ?? ""));
        }
        if (old.Immutable == true)
        {
            ConfigMapStrategy.Frozen(now.Immutable == true, "immutable", errors);
            ConfigMapStrategy.Frozen(now.Data == old.Data, "data", errors);
        }
    }
}

/// <summary>ServiceAccounts.</summary>
internal sealed class ServiceAccountStrategy : KindStrategy<ServiceAccount>
{
    public override bool ReturnsDeleted => true;
}

/// <summary>PersistentVolumes.</summary>
internal sealed class PersistentVolumeStrategy : KindStrategy<PersistentVolume>
{
    public override bool ReturnsDeleted => true;

    protected override PersistentVolume PrepareCreate(PersistentVolume value) =>
        value with { Status = new() { Phase = "Pending" } };

    protected override PersistentVolume WithStatusOf(PersistentVolume value,
        PersistentVolume source) =>
        value with { Status = source.Status };

    protected override PersistentVolume Default(PersistentVolume value)
    {
        var filled = value.Spec with
        {
            PersistentVolumeReclaimPolicy = value.Spec.PersistentVolumeReclaimPolicy ?? "Retain",
            VolumeMode = value.Spec.VolumeMode ?? "Filesystem",
        };
        return filled.Equals(value.Spec) ? value : value with { Spec = filled };
    }

    protected override void Validate(PersistentVolume value, FieldErrors errors)
    {
        if (value.Spec.AccessModes.IsEmpty)
        {
            errors.Required("spec.accessModes");
        }
        if (value.Spec.Capacity.IsEmpty)
        {
            errors.Required("spec.capacity");
        }
    }
}

/// <summary>PersistentVolumeClaims.</summary>
internal sealed class PersistentVolumeClaimStrategy : KindStrategy<PersistentVolumeClaim>
{
    public override bool ReturnsDeleted => true;

    public static PersistentVolumeClaim Fill(PersistentVolumeClaim value)
    {
        var phase = value.Status.Phase is null
            ? value.Status with { Phase = "Pending" }
            : value.Status;
        return value.Spec.VolumeMode is not null && ReferenceEquals(phase, value.Status) ? value
            : value with
            {
                Spec = value.Spec with { VolumeMode = value.Spec.VolumeMode ?? "Filesystem" },
                Status = phase,
            };
    }

    protected override PersistentVolumeClaim PrepareCreate(PersistentVolumeClaim value) =>
        value with { Status = new() { Phase = "Pending" } };

    protected override PersistentVolumeClaim WithStatusOf(
        PersistentVolumeClaim value, PersistentVolumeClaim source) =>
            value with { Status = source.Status };

    protected override PersistentVolumeClaim Default(PersistentVolumeClaim value) => Fill(value);

    protected override void Validate(PersistentVolumeClaim value, FieldErrors errors)
    {
        if (value.Spec.AccessModes.IsEmpty)
        {
            errors.Required("spec.accessModes", "at least 1 access mode is required");
        }
        if (!value.Spec.Resources.Requests.ContainsKey("storage"))
        {
            errors.Required("spec.resources[storage]");
        }
    }

    // A bound claim may grow; a claim without a volume may be given one. The real message goes on
    // with a difference of Go structures.
    protected override void ValidateUpdate(
        PersistentVolumeClaim now, PersistentVolumeClaim old, FieldErrors errors)
    {
        var (was, bound) = (old.Spec, old.Status.Phase == "Bound");
        var allowed = now.Spec with
        {
            VolumeName = was.VolumeName is null or "" ? was.VolumeName : now.Spec.VolumeName,
            StorageClassName = was.StorageClassName is null
                ? was.StorageClassName : now.Spec.StorageClassName,
            Resources = bound ? was.Resources : now.Spec.Resources,
        };
        if (!allowed.Equals(was))
        {
            errors.Forbidden("spec", "spec is immutable after creation except "
                + "resources.requests and volumeAttributesClassName for bound claims");
        }
        var (asked, had) = (now.Spec.Resources.Requests, was.Resources.Requests);
        if (bound && asked.TryGetValue("storage", out var size)
            && had.TryGetValue("storage", out var before) && size < before)
        {
            errors.Forbidden("spec.resources.requests.storage",
                "field can not be less than status.capacity");
        }
    }
}

/// <summary>PodDisruptionBudgets.</summary>
internal sealed class PodDisruptionBudgetStrategy : KindStrategy<PodDisruptionBudget>
{
    public override bool Unconditional => false;

    protected override PodDisruptionBudget WithStatusOf(
        PodDisruptionBudget value, PodDisruptionBudget source) =>
            value with { Status = source.Status };

    protected override ApiPart Desired(PodDisruptionBudget value) => value.Spec;

    protected override void Validate(PodDisruptionBudget value, FieldErrors errors)
    {
        if (value.Spec is { MinAvailable: not null, MaxUnavailable: not null })
        {
            errors.Invalid("spec", WorkloadValidation.Show(value.Spec),
                "minAvailable and maxUnavailable cannot be both set");
        }
        WorkloadValidation.Share(value.Spec.MinAvailable, "spec.minAvailable", true, errors);
        WorkloadValidation.Share(value.Spec.MaxUnavailable, "spec.maxUnavailable", true, errors);
    }
}

/// <summary>PriorityClasses: the number is for good; names of the system are reserved.</summary>
internal sealed class PriorityClassStrategy : KindStrategy<PriorityClass>
{
    private const int HighestForUsers = 1_000_000_000;

    public override bool HasGeneration(Kind kind) => true;

    protected override PriorityClass Default(PriorityClass value) =>
        value.PreemptionPolicy is not null ? value
            : value with { PreemptionPolicy = "PreemptLowerPriority" };

    protected override void Validate(PriorityClass value, FieldErrors errors)
    {
        var name = value.Metadata.Name;
        var reserved = name.StartsWith("system-", StringComparison.Ordinal);
        if (reserved && name is not ("system-node-critical" or "system-cluster-critical"))
        {
            errors.Forbidden("metadata.name", "priority class names with 'system-' prefix are "
                + $"reserved for system use only. error: {name} is not a known system priority "
                    + "class");
        }
        else if (!reserved && value.Value > HighestForUsers)
        {
            errors.Forbidden("value", "maximum allowed value of a user defined priority is "
                + "1000000000");
        }
        errors.OneOf("preemptionPolicy", value.PreemptionPolicy, "Never", "PreemptLowerPriority");
    }

    protected override void ValidateUpdate(PriorityClass now, PriorityClass old, FieldErrors errors)
    {
        if (now.Value != old.Value)
        {
            errors.Forbidden("value", "may not be changed in an update.");
        }
    }
}

/// <summary>StorageClasses.</summary>
internal sealed class StorageClassStrategy : KindStrategy<StorageClass>
{
    public override bool ReturnsDeleted => true;

    protected override StorageClass Default(StorageClass value)
    {
        var filled = value with
        {
            ReclaimPolicy = value.ReclaimPolicy ?? "Delete",
            VolumeBindingMode = value.VolumeBindingMode ?? "Immediate",
        };
        return filled.Equals(value) ? value : filled;
    }

    protected override void Validate(StorageClass value, FieldErrors errors)
    {
        if (value.Provisioner.Length == 0)
        {
            errors.Required("provisioner");
        }
        errors.OneOf("reclaimPolicy", value.ReclaimPolicy, "Delete", "Retain");
        errors.OneOf("volumeBindingMode", value.VolumeBindingMode, "Immediate",
            "WaitForFirstConsumer");
    }
}

/// <summary>ResourceQuotas.</summary>
internal sealed class ResourceQuotaStrategy : KindStrategy<ResourceQuota>
{
    public override bool ReturnsDeleted => true;

    protected override ResourceQuota WithStatusOf(ResourceQuota value, ResourceQuota source) =>
        value with { Status = source.Status };
}
