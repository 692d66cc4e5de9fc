using System.Text.Json.Nodes;
using static KubeSim.ObjectRules;

namespace KubeSim;

/// <summary>What <c>rules.txt</c> cannot say: where one field of an object decides about
/// another.</summary>
/// <remarks>Models pkg/apis/{autoscaling,networking,rbac,batch}/validation.</remarks>
internal static class ObjectChecks
{
    /// <summary>The checks of the kinds that have some: what is, what was (null for a new object)
    /// and where faults go.</summary>
    public static readonly Dictionary<string, Action<JsonObject, JsonObject?, FieldErrors>> Of =
        new()
        {
            ["HorizontalPodAutoscaler.autoscaling"] = Autoscaler,
            ["Ingress.networking.k8s.io"] = Ingress,
            ["NetworkPolicy.networking.k8s.io"] = NetworkPolicy,
            ["Job.batch"] = Job,
            ["RoleBinding.rbac.authorization.k8s.io"] = Subjects,
            ["ClusterRoleBinding.rbac.authorization.k8s.io"] = Subjects,
            ["Role.rbac.authorization.k8s.io"] = Rules,
            ["ClusterRole.rbac.authorization.k8s.io"] = Rules,
            ["CustomResourceDefinition.apiextensions.k8s.io"] = Definition,
        };

    private static void Autoscaler(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        var spec = Child(now, "spec");
        if (Number(Child(spec, "minReplicas")) is { } least
            && Number(Child(spec, "maxReplicas")) is { } most and > 0 && most < least)
        {
            errors.Invalid("spec.maxReplicas", most,
                "must be greater than or equal to `minReplicas`");
        }
        foreach (var (metric, at) in Items(Child(spec, "metrics"), "spec.metrics"))
        {
            foreach (var source in (string[])["resource", "containerResource"])
            {
                if (Child(metric, source) is { } resource)
                {
                    Target(Child(resource, "target"), $"{at}.{source}.target", errors);
                }
            }
        }
        foreach (var side in (string[])["scaleUp", "scaleDown"])
        {
            if (Child(Child(Child(spec, "behavior"), side), "policies") is JsonArray { Count: 0 })
            {
                errors.Required($"spec.behavior.{side}.policies",
                    "must specify at least one Policy");
            }
        }
    }

    private static void Target(JsonNode? target, string at, FieldErrors errors)
    {
        if (Plain(Child(target, "type")) is { } type
            && type is not ("Utilization" or "Value" or "AverageValue"))
        {
            errors.InvalidText($"{at}.type", type,
                "must be either Utilization, Value, or AverageValue");
        }
        var (share, amount) = (Child(target, "averageUtilization"), Child(target, "averageValue"));
        if (share is null && amount is null)
        {
            errors.Required($"{at}.averageUtilization",
                "must set either a target raw value or a target utilization");
        }
        else if (share is not null && amount is not null)
        {
            errors.Forbidden($"{at}.averageValue",
                "may not set both a target raw value and a target utilization");
        }
    }

    private static void Ingress(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        var spec = Child(now, "spec");
        var backend = Child(spec, "defaultBackend");
        if (backend is not null)
        {
            Backend(backend, "spec.defaultBackend", errors);
        }
        else if (Child(spec, "rules") is not JsonArray { Count: > 0 } rules)
        {
            errors.Invalid("spec", Show(Child(spec, "rules")),
                "either `defaultBackend` or `rules` must be specified");
        }
        foreach (var (rule, at) in Items(Child(spec, "rules"), "spec.rules"))
        {
            var paths = Child(Child(rule, "http"), "paths");
            foreach (var (path, where) in Items(paths, $"{at}.http.paths"))
            {
                IngressPath(path, where, errors);
                Backend(Child(path, "backend"), $"{where}.backend", errors);
            }
        }
    }

    private static void IngressPath(JsonNode? path, string at, FieldErrors errors)
    {
        var (type, text) = (Plain(Child(path, "pathType")), Plain(Child(path, "path")) ?? "");
        var strict = type is "Exact" or "Prefix";
        if (type is null || !(strict || (type == "ImplementationSpecific" && text.Length > 0)))
        {
            return;
        }
        if (!text.StartsWith('/'))
        {
            errors.InvalidText($"{at}.path", text, "must be an absolute path");
        }
        if (!strict || text.Length == 0)
        {
            return;
        }
        foreach (var part in (string[])["//", "/./", "/../", "%2f", "%2F"])
        {
            if (text.Contains(part, StringComparison.Ordinal))
            {
                errors.InvalidText($"{at}.path", text, $"must not contain '{part}'");
            }
        }
        foreach (var end in (string[])["/..", "/."])
        {
            if (text.EndsWith(end, StringComparison.Ordinal))
            {
                errors.InvalidText($"{at}.path", text, $"cannot end with '{end}'");
            }
        }
    }

    private static void Backend(JsonNode? backend, string at, FieldErrors errors)
    {
        var (service, resource) = (Child(backend, "service"), Child(backend, "resource"));
        if (service is not null && resource is not null)
        {
            errors.InvalidText(at, "", "cannot set both resource and service backends");
        }
        else if (service is null && resource is null)
        {
            errors.InvalidText(at, "", "resource or service backend is required");
        }
        else if (service is not null)
        {
            ServiceBackend(service, at, errors);
        }
    }

    private static void ServiceBackend(JsonNode service, string at, FieldErrors errors)
    {
        var name = Plain(Child(service, "name")) ?? "";
        if (name.Length == 0)
        {
            errors.Required($"{at}.service.name");
        }
        else
        {
            PodValidation.Problems(Names.Dns1123Label(name), $"{at}.service.name", name, errors);
        }
        var port = Child(service, "port");
        var (word, number) = (Plain(Child(port, "name")) ?? "", Number(Child(port, "number")) ?? 0);
        if (word.Length > 0 && number != 0)
        {
            errors.InvalidText(at, "", "cannot set both port name & port number");
        }
        else if (word.Length > 0)
        {
            PodValidation.Problems(Names.PortName(word), $"{at}.service.port.name", word, errors);
        }
        else if (number != 0)
        {
            PodValidation.Port(number, $"{at}.service.port.number", errors);
        }
        else
        {
            errors.Required(at, "port name or number is required");
        }
    }

    private static void NetworkPolicy(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        var spec = Child(now, "spec");
        foreach (var (direction, side) in (ReadOnlySpan<(string, string)>)
            [("ingress", "from"), ("egress", "to")])
        {
            foreach (var (rule, at) in Items(Child(spec, direction), $"spec.{direction}"))
            {
                foreach (var (port, where) in Items(Child(rule, "ports"), $"{at}.ports"))
                {
                    EndPort(port, where, errors);
                }
                foreach (var (peer, where) in Items(Child(rule, side), $"{at}.{side}"))
                {
                    Peer(peer, where, errors);
                }
            }
        }
        if (Child(spec, "policyTypes") is JsonArray { Count: > 2 } types)
        {
            errors.Invalid("spec.policyTypes", Show(types),
                "may not specify more than two policyTypes");
        }
    }

    private static void EndPort(JsonNode? rule, string at, FieldErrors errors)
    {
        if (Number(Child(rule, "endPort")) is not { } end)
        {
            return;
        }
        var port = Child(rule, "port");
        if (port is null)
        {
            errors.Invalid($"{at}.endPort", end, "may not be specified when `port` is not "
                + "specified");
        }
        else if (Number(port) is not { } first)
        {
            errors.Invalid($"{at}.endPort", end, "may not be specified when `port` is "
                + "non-numeric");
        }
        else if (end < first)
        {
            errors.Invalid($"{at}.endPort", end, "must be greater than or equal to `port`");
        }
        if (Number(port) is not null)
        {
            PodValidation.Port(end, $"{at}.endPort", errors);
        }
    }

    private static void Peer(JsonNode? peer, string at, FieldErrors errors)
    {
        var selects = Child(peer, "podSelector") is not null
            || Child(peer, "namespaceSelector") is not null;
        var block = Child(peer, "ipBlock") is not null;
        if (selects && block)
        {
            errors.Forbidden(at, "may not specify both ipBlock and another peer");
        }
        else if (!selects && !block)
        {
            errors.Required(at, "must specify a peer");
        }
        var range = Plain(Child(Child(peer, "ipBlock"), "cidr")) ?? "";
        foreach (var (except, where) in Items(Child(Child(peer, "ipBlock"), "except"),
            $"{at}.ipBlock.except"))
        {
            if (Plain(except) is { } hole && Addresses.IsWithin(hole, range) == false)
            {
                errors.InvalidText(where, hole, "must be a strict subset of `cidr`");
            }
        }
    }

    private static void Job(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        var spec = Child(now, "spec");
        var perIndex = Child(spec, "backoffLimitPerIndex") is not null;
        if (!perIndex && Child(spec, "maxFailedIndexes") is not null)
        {
            errors.Required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified");
        }
        var policy = Child(spec, "podFailurePolicy");
        foreach (var (rule, at) in Items(Child(policy, "rules"), "spec.podFailurePolicy.rules"))
        {
            if (!perIndex && Plain(Child(rule, "action")) == "FailIndex")
            {
                errors.InvalidText($"{at}.action", "FailIndex",
                    "requires the backoffLimitPerIndex to be set");
            }
            var (codes, conditions) = (Child(rule, "onExitCodes") is not null,
                Child(rule, "onPodConditions") is JsonArray { Count: > 0 });
            if (codes == conditions)
            {
                errors.InvalidText(at, "", codes
                    ? "specifying both OnExitCodes and OnPodConditions is not supported"
                    : "specifying one of OnExitCodes and OnPodConditions is required");
            }
        }
        var restart = Plain(Child(Child(Child(spec, "template"), "spec"), "restartPolicy"));
        if (policy is not null && restart == "OnFailure")
        {
            errors.InvalidText("spec.template.spec.restartPolicy", restart,
                "only \"Never\" is supported when podFailurePolicy is specified");
        }
    }

    private static void Subjects(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        foreach (var (subject, at) in Items(Child(now, "subjects"), "subjects"))
        {
            var (kind, name) = (Plain(Child(subject, "kind")), Plain(Child(subject, "name")) ?? "");
            if (kind == "ServiceAccount")
            {
                PodValidation.Problems(name.Length == 0 ? default : Names.Dns1123Subdomain(name),
                    $"{at}.name", name, errors);
            }
            else if (kind is "User" or "Group" && name.Length == 0)
            {
                errors.InvalidText($"{at}.name", "",
                    $"{kind.ToLowerInvariant()} name cannot be empty");
            }
            var group = Plain(Child(subject, "apiGroup")) ?? "";
            var wanted = kind == "ServiceAccount" ? "" : "rbac.authorization.k8s.io";
            if (group.Length > 0 && group != wanted)
            {
                errors.NotSupported($"{at}.apiGroup", FieldErrors.Quote(group), wanted);
            }
        }
    }

    private static void Rules(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        foreach (var (rule, at) in Items(Child(now, "rules"), "rules"))
        {
            var names = Child(rule, "resourceNames") is JsonArray { Count: > 0 };
            if (Child(rule, "nonResourceURLs") is JsonArray { Count: > 0 } urls)
            {
                if (names || (Child(rule, "apiGroups") ?? Child(rule, "resources")) is not null)
                {
                    errors.Invalid($"{at}.nonResourceURLs", Show(urls),
                        "rules cannot apply to both regular resources and non-resource URLs");
                }
            }
            else if (names && Child(rule, "resources") is JsonArray { Count: > 1 })
            {
                errors.Required($"{at}.resourceNames",
                    "resource names cannot apply to multiple resources");
            }
        }
    }

    private static void Definition(JsonObject now, JsonObject? old, FieldErrors errors)
    {
        var spec = Child(now, "spec");
        var name = Plain(Child(Child(now, "metadata"), "name")) ?? "";
        var (plural, group) = (Plain(Child(Child(spec, "names"), "plural")),
            Plain(Child(spec, "group")) ?? "");
        if (name != $"{plural}.{group}")
        {
            errors.InvalidText("metadata.name", name,
                "must be spec.names.plural+\".\"+spec.group");
        }
        if (group.Length > 0 && !group.Contains('.'))
        {
            errors.InvalidText("spec.group", group, "should be a domain with at least one dot");
        }
        var stored = Items(Child(spec, "versions"), "")
            .Count(version => Plain(Child(version.Node, "storage")) == "true");
        if (stored != 1)
        {
            errors.Invalid("spec.versions", Show(Child(spec, "versions")),
                "must have exactly one version marked as storage version");
        }
    }

    private static IEnumerable<(JsonNode? Node, string At)> Items(JsonNode? list, string at) =>
        (list as JsonArray ?? []).Select((item, i) => (item, $"{at}[{i}]"));
}
