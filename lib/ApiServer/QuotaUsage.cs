namespace KubeSim;

/// <summary>What an object counts for in a ResourceQuota: by names such as <c>pods</c>,
/// <c>requests.cpu</c>, <c>count/deployments.apps</c>. The admission rule and the quota controller
/// count with the same rules.</summary>
/// <remarks>Models pkg/quota/v1/evaluator/core and staging/src/k8s.io/apiserver/pkg/quota/v1.
/// </remarks>
public static class QuotaUsage
{
    private const string StorageClasses = ".storageclass.storage.k8s.io/";

    // Kinds that may be counted by the bare name of their resource as well.
    private static readonly Seq<string> counted = ["configmaps", "persistentvolumeclaims",
        "replicationcontrollers", "resourcequotas", "secrets", "services"];

    private static readonly Quantity One = new(1);

    // What each container must say once a quota counts it.
    private static readonly Seq<string> explicitly = ["cpu", "memory", "requests.cpu",
        "requests.memory", "limits.cpu", "limits.memory"];

    /// <summary>What a namespace uses of a quota, counted anew.</summary>
    /// <param name="quota">The quota.</param>
    /// <param name="list">The objects of a kind in the quota's namespace.</param>
    public static Map<Quantity> Used(ResourceQuota quota, Func<Kind, IEnumerable<ApiObject>> list)
    {
        var hard = quota.Spec.Hard;
        var used = Map<Quantity>.From(Pairs(hard)
            .Select(h => KeyValuePair.Create(h.Key, new Quantity(0, h.Value.Format))));
        var kinds = KindRegistry.BuiltIn.All
            .Where(kind => kind.Namespaced && hard.Keys.Any(name => Counts(kind, name)));
        foreach (var o in kinds.SelectMany(list))
        {
            used = quota.Spec.Selects(o) ? used.Plus(Of(o).Within(hard)) : used;
        }
        return used;
    }

    /// <summary>What an object uses.</summary>
    public static Map<Quantity> Of(ApiObject o)
    {
        var used = Map.Of(($"count/{o.Kind.Resource}", One));
        if (counted.AsSpan().Contains(o.Kind.Resource))
        {
            used = used.Set(o.Kind.Resource, One);
        }
        return o switch
        {
            Pod { IsFinished: false } pod => Of(pod, used),
            Service service => Of(service, used),
            PersistentVolumeClaim claim => Of(claim, used),
            _ => used,
        };
    }

    /// <summary>True when a quota counts an object of this sort at all.</summary>
    public static bool Selects(this ResourceQuotaSpec spec, ApiObject o)
    {
        var scopes = spec.Scopes.Select(name => new ScopedResourceSelectorRequirement
        {
            ScopeName = name, Operator = "Exists",
        }).Concat(spec.ScopeSelector?.MatchExpressions ?? default);
        return o is Pod pod ? scopes.All(scope => InScope(pod, scope)) : !scopes.Any();
    }

    /// <summary>What a pod must say and does not; null when it says all that the quota
    /// counts.</summary>
    public static string? Missing(Pod pod, Map<Quantity> hard)
    {
        var missing = new List<string>();
        foreach (var name in hard.Keys.Where(name => explicitly.AsSpan().Contains(name)))
        {
            var containers = pod.Spec.Containers.Concat(pod.Spec.InitContainers)
                .Where(c => !Says(c.Resources, name)).Select(c => c.Name)
                .Distinct().Order(StringComparer.Ordinal).ToList();
            if (containers.Count > 0)
            {
                missing.Add($"{name} for: {string.Join(",", containers)}");
            }
        }
        return missing.Count == 0 ? null : $"must specify {string.Join("; ", missing)}";
    }

    /// <summary>The sum of two usages.</summary>
    public static Map<Quantity> Plus(this Map<Quantity> left, Map<Quantity> right) =>
        left.Merge(right, static (a, b) => a + b);

    /// <summary>The part of a usage whose names another map has.</summary>
    public static Map<Quantity> Within(this Map<Quantity> usage, Map<Quantity> names) =>
        Map<Quantity>.From(Pairs(usage).Where(p => names.ContainsKey(p.Key)));

    internal static IEnumerable<KeyValuePair<string, Quantity>> Pairs(Map<Quantity> map) =>
        map.AsSpan().ToArray();

    // Whether objects of a kind may count for a name of a quota.
    private static bool Counts(Kind kind, string name) => name == $"count/{kind.Resource}"
        || name.Split('.')[0] == kind.Resource || kind.Resource switch
        {
            "pods" => name is "cpu" or "memory" or "ephemeral-storage"
                || name.Split('.')[0] is "requests" or "limits",
            "persistentvolumeclaims" => name.EndsWith("requests.storage", StringComparison.Ordinal)
                || name.EndsWith("persistentvolumeclaims", StringComparison.Ordinal),
            _ => false,
        };

    private static bool Says(ResourceRequirements resources, string name) =>
        name.StartsWith("limits.", StringComparison.Ordinal)
            ? resources.Limits.ContainsKey(name["limits.".Length..])
            : resources.Requests.ContainsKey(name.Replace("requests.", "",
                StringComparison.Ordinal));

    private static Map<Quantity> Of(Pod pod, Map<Quantity> used)
    {
        used = used.Set("pods", One);
        foreach (var (name, amount) in pod.Requests)
        {
            used = used.Set($"requests.{name}", amount);
            used = name is "cpu" or "memory" or "ephemeral-storage" ? used.Set(name, amount) : used;
        }
        foreach (var (name, amount) in pod.Limits)
        {
            used = used.Set($"limits.{name}", amount);
        }
        return used;
    }

    private static Map<Quantity> Of(Service service, Map<Quantity> used)
    {
        var ports = service.Spec.Ports.Count;
        var balanced = service.Spec.Type == "LoadBalancer";
        var open = service.Spec.Type == "NodePort" ? ports
            : balanced && service.Spec.AllocateLoadBalancerNodePorts != false ? ports
            : service.Spec.Ports.Count(p => balanced && p.NodePort > 0);
        return used.Set("services.nodeports", new Quantity(open))
            .Set("services.loadbalancers", balanced ? One : new(0));
    }

    private static Map<Quantity> Of(PersistentVolumeClaim claim, Map<Quantity> used)
    {
        var size = claim.Spec.Resources.Requests.Get("storage");
        used = used.Set("requests.storage", size);
        return claim.Spec.StorageClassName is { Length: > 0 } name
            ? used.Set($"{name}{StorageClasses}requests.storage", size)
                .Set($"{name}{StorageClasses}persistentvolumeclaims", One)
            : used;
    }

    private static bool InScope(Pod pod, ScopedResourceSelectorRequirement scope)
    {
        var ends = pod.Spec.ActiveDeadlineSeconds >= 0;
        var best = pod.QosClass == "BestEffort";
        return scope.ScopeName switch
        {
            "Terminating" => ends,
            "NotTerminating" => !ends,
            "BestEffort" => best,
            "NotBestEffort" => !best,
            "PriorityClass" => Matches(scope, pod.Spec.PriorityClassName ?? ""),
            "CrossNamespacePodAffinity" => CrossesNamespaces(pod),
            _ => false,
        };
    }

    private static bool Matches(ScopedResourceSelectorRequirement scope, string name) =>
        scope.Operator switch
        {
            "In" => scope.Values.AsSpan().Contains(name),
            "NotIn" => !scope.Values.AsSpan().Contains(name),
            "DoesNotExist" => name.Length == 0,
            _ => name.Length > 0,
        };

    private static bool CrossesNamespaces(Pod pod)
    {
        var affinity = pod.Spec.Affinity?.PodAffinity;
        var anti = pod.Spec.Affinity?.PodAntiAffinity;
        static IEnumerable<PodAffinityTerm> Terms(Seq<PodAffinityTerm> hard,
            Seq<WeightedPodAffinityTerm> soft) =>
            hard.Concat(soft.Select(s => s.PodAffinityTerm));
        return Terms(affinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default,
                affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default)
            .Concat(Terms(anti?.RequiredDuringSchedulingIgnoredDuringExecution ?? default,
                anti?.PreferredDuringSchedulingIgnoredDuringExecution ?? default))
            .Any(t => !t.Namespaces.IsEmpty || t.NamespaceSelector is not null);
    }
}
