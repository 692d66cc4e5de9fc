using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The table of kinds: what the API server does differently for each. A kind that is not
/// here has metadata, spec and status like any other.</summary>
internal sealed class KindStrategies
{
    private static readonly KindStrategy plain = new();

    private readonly Dictionary<Kind, KindStrategy> all = [];
    private (Kind? Kind, KindStrategy Strategy) last = (null, plain);

    public KindStrategies()
    {
        all[Kinds.CustomResourceDefinition] = new DefinitionStrategy();
        var pods = new PodRules();
        all[Kinds.Pod] = new PodStrategy(pods);
        all[Kinds.ReplicaSet] = new ReplicaSetRules(pods);
        all[Kinds.Deployment] = new DeploymentRules(pods);
        all[Kinds.StatefulSet] = new StatefulSetRules(pods);
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
        all[Kinds.VolumeAttachment] = new SimpleStrategy<VolumeAttachment>();
        all[Kinds.ResourceQuota] = new ResourceQuotaStrategy();
        all[Kinds.Lease] = new SimpleStrategy<Lease>(unconditional: false, createsOnUpdate: true);
        all[Kinds.Endpoints] = new SimpleStrategy<Endpoints>(createsOnUpdate: true);
        all[Kinds.Event] = new SimpleStrategy<Event>(createsOnUpdate: true);
        all[Kinds.LimitRange] = new LimitRangeStrategy();
        all[Kinds.EndpointSlice] = new SimpleStrategy<EndpointSlice>();
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
