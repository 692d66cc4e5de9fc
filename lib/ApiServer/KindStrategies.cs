using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The table of kinds: what the API server does differently for each. A kind that is not
/// here has metadata, spec and status like any other.</summary>
internal sealed class KindStrategies
{
    private static readonly KindStrategy plain = new();

    private readonly Dictionary<Kind, KindStrategy> all = [];
    private (Kind? Kind, KindStrategy Strategy) last = (null, plain);

    public KindStrategies(bool maxUnavailable)
    {
        all[Kinds.CustomResourceDefinition] = new DefinitionStrategy();
        var pods = new PodRules();
        all[Kinds.Pod] = new PodStrategy(pods);
        all[Kinds.ReplicaSet] = new ReplicaSetRules(pods);
        all[Kinds.Deployment] = new DeploymentRules(pods);
        all[Kinds.StatefulSet] = new StatefulSetRules(pods, maxUnavailable);
        all[Kinds.DaemonSet] = new DaemonSetRules(pods);
        all[Kinds.ReplicationController] = new ReplicationControllerRules(pods);
        all[Kinds.Job] = new JobRules(pods);
        all[Kinds.CronJob] = new CronJobRules(pods);
        all[Kinds.Service] = new ServiceStrategy();
        all[Kinds.Namespace] = new NamespaceStrategy();
        all[Kinds.Node] = new NodeStrategy();
        all[Kinds.ConfigMap] = new ConfigMapStrategy();
        all[Kinds.Secret] = new SecretStrategy();
        all[Kinds.ServiceAccount] = new ServiceAccountStrategy();
        all[Kinds.PersistentVolume] = new PersistentVolumeStrategy();
        all[Kinds.PersistentVolumeClaim] = new PersistentVolumeClaimStrategy();
        all[Kinds.PodDisruptionBudget] = new PodDisruptionBudgetStrategy();
        all[Kinds.PriorityClass] = new PriorityClassStrategy();
        all[Kinds.StorageClass] = new StorageClassStrategy();
        all[Kinds.CSINode] = new SimpleStrategy<CSINode>();
        all[Kinds.CSIDriver] = new SimpleStrategy<CSIDriver>();
        all[Kinds.VolumeAttachment] = new VolumeAttachmentStrategy();
        all[Kinds.ResourceQuota] = new ResourceQuotaStrategy();
        all[Kinds.Lease] = new SimpleStrategy<Lease>(unconditional: false, createsOnUpdate: true);
        all[Kinds.Endpoints] = new SimpleStrategy<Endpoints>(createsOnUpdate: true);
        all[Kinds.Event] = new SimpleStrategy<Event>(createsOnUpdate: true);
        all[Kinds.LimitRange] = new LimitRangeStrategy();
        all[Kinds.EndpointSlice] = new EndpointSliceStrategy();
        all[Kinds.HorizontalPodAutoscaler] = new AutoscalerStrategy();
        var roles = new RoleStrategy();
        all[Kinds.Role] = all[Kinds.RoleBinding] = roles;
        all[Kinds.ClusterRole] = all[Kinds.ClusterRoleBinding] = roles;
        all[Kinds.NetworkPolicy] = new NetworkPolicyStrategy();
        all[Kinds.ControllerRevision] = new SimpleStrategy<ControllerRevision>();
    }

    /// <summary>Learns of a custom kind; without a strategy it is forgotten.</summary>
    public void Custom(Kind kind, KindStrategy? strategy)
    {
        last = (null, plain);
        all.Remove(kind);
        if (strategy is not null)
        {
            all[kind] = strategy;
        }
    }

    public KindStrategy this[Kind kind]
    {
        get
        {
            if (!ReferenceEquals(kind, last.Kind))
            {
                last = (kind, all.GetValueOrDefault(kind, plain));
            }
            return last.Strategy;
        }
    }
}

/// <summary>The strategy of kinds that have a record and no rules of their own here.</summary>
internal sealed class SimpleStrategy<T>(bool unconditional = true, bool createsOnUpdate = false)
    : KindStrategy<T>
    where T : ApiObject, new()
{
    public override bool Unconditional => unconditional;

    public override bool CreatesOnUpdate => createsOnUpdate;
}

/// <summary>VolumeAttachments: whether it came true is the attacher's word alone.</summary>
/// <remarks>Models pkg/registry/storage/volumeattachment/strategy.go.</remarks>
internal sealed class VolumeAttachmentStrategy : KindStrategy<VolumeAttachment>
{
    protected override VolumeAttachment WithStatusOf(
        VolumeAttachment value, VolumeAttachment source) => value with { Status = source.Status };
}

/// <summary>NetworkPolicies: without a word on it they are about what comes in, and about what goes
/// out if there are rules for that.</summary>
/// <remarks>Models pkg/apis/networking/v1/defaults.go.</remarks>
internal sealed class NetworkPolicyStrategy : KindStrategy
{
    public override ApiObject Default(ApiObject value) => DefinitionStrategy.Changed(value, node =>
    {
        if (node["spec"] is not JsonObject spec)
        {
            return;
        }
        if (spec["policyTypes"] is not JsonArray { Count: > 0 })
        {
            spec["policyTypes"] = spec["egress"] is JsonArray { Count: > 0 }
                ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
        foreach (var rule in (string[])["ingress", "egress"])
        {
            foreach (var port in (spec[rule] as JsonArray ?? [])
                .SelectMany(r => (r as JsonObject)?["ports"] as JsonArray ?? []))
            {
                (port as JsonObject)?.TryAdd("protocol", "TCP");
            }
        }
    });
}

/// <summary>EndpointSlices: addresses of one type, which stays.</summary>
/// <remarks>Models pkg/apis/discovery/validation/validation.go.</remarks>
internal sealed class EndpointSliceStrategy : KindStrategy<EndpointSlice>
{
    protected override void Validate(EndpointSlice value, FieldErrors errors)
    {
        if (value.AddressType.Length == 0)
        {
            errors.Required("addressType");
        }
        else
        {
            errors.OneOf("addressType", value.AddressType, "FQDN", "IPv4", "IPv6");
        }
        for (var i = 0; i < value.Endpoints.Count; i++)
        {
            var addresses = value.Endpoints[i].Addresses;
            if (addresses.IsEmpty)
            {
                errors.Required($"endpoints[{i}].addresses", "must contain at least 1 address");
            }
            for (var j = 0; j < addresses.Count; j++)
            {
                var problems = value.AddressType switch
                {
                    "IPv4" => Addresses.Ipv4(addresses[j]),
                    "IPv6" => Addresses.Ipv6(addresses[j]),
                    "FQDN" => Names.FullyQualifiedDomainName(addresses[j]),
                    _ => default,
                };
                if (!problems.IsEmpty)
                {
                    PodValidation.Problems(problems, $"endpoints[{i}].addresses[{j}]",
                        addresses[j], errors);
                }
            }
        }
    }

    protected override void ValidateUpdate(
        EndpointSlice now, EndpointSlice old, FieldErrors errors)
    {
        if (now.AddressType != old.AddressType)
        {
            errors.Immutable("addressType", FieldErrors.Quote(now.AddressType));
        }
    }
}

/// <summary>HorizontalPodAutoscalers: one replica at least, 80 % of the CPU, and where somebody
/// wrote a behavior, the rest of it.</summary>
/// <remarks>Models pkg/apis/autoscaling/v2/defaults.go.</remarks>
internal sealed class AutoscalerStrategy : KindStrategy<HorizontalPodAutoscaler>
{
    private static readonly HPAScalingPolicy twice =
        new() { Type = "Percent", Value = 100, PeriodSeconds = 15 };

    private static readonly HPAScalingPolicy fourMore =
        new() { Type = "Pods", Value = 4, PeriodSeconds = 15 };

    private static readonly MetricSpec cpu = new()
    {
        Type = "Resource",
        Resource = new()
        {
            Name = "cpu", Target = new() { Type = "Utilization", AverageUtilization = 80 },
        },
    };

    protected override HorizontalPodAutoscaler WithStatusOf(
        HorizontalPodAutoscaler value, HorizontalPodAutoscaler source) =>
        value with { Status = source.Status };

    // What is wanted of an autoscaler is counted nowhere.
    protected override ApiPart? Desired(HorizontalPodAutoscaler value) => null;

    protected override HorizontalPodAutoscaler Default(HorizontalPodAutoscaler value)
    {
        var spec = value.Spec with
        {
            MinReplicas = value.Spec.MinReplicas ?? 1,
            Metrics = value.Spec.Metrics.IsEmpty ? [cpu] : value.Spec.Metrics,
            Behavior = value.Spec.Behavior is not { } behavior ? null : behavior with
            {
                ScaleUp = Rules(behavior.ScaleUp, 0, [fourMore, twice]),
                ScaleDown = Rules(behavior.ScaleDown, null, [twice]),
            },
        };
        return spec.Equals(value.Spec) ? value : value with { Spec = spec };
    }

    private static HPAScalingRules Rules(
        HPAScalingRules? rules, int? seconds, Seq<HPAScalingPolicy> policies)
    {
        rules ??= new();
        return rules with
        {
            SelectPolicy = rules.SelectPolicy ?? "Max",
            Policies = rules.Policies.IsUnset ? policies : rules.Policies,
            StabilizationWindowSeconds = rules.StabilizationWindowSeconds ?? seconds,
        };
    }
}

/// <summary>The strategy of roles and their bindings: names such as <c>system:node</c>.</summary>
internal sealed class RoleStrategy : KindStrategy
{
    private const string Group = "rbac.authorization.k8s.io";

    public override bool CreatesOnUpdate => true;

    public override ApiObject Default(ApiObject value)
    {
        if (value is not BindingObject binding)
        {
            return value;
        }
        var whole = binding with
        {
            RoleRef = binding.RoleRef with { ApiGroup = binding.RoleRef.ApiGroup ?? Group },
            Subjects = binding.Subjects.Select(s => s.Kind == "ServiceAccount" ? s
                : s with { ApiGroup = s.ApiGroup ?? Group }).ToSeq(),
        };
        return whole.Equals(value) ? value : whole;
    }

    public override Seq<string> NameProblems(string name) => SegmentProblems(name);
}
