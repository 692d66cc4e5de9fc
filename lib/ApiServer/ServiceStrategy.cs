namespace KubeSim;

/// <summary>Services: what clients leave out, and what must be true. Their addresses come from
/// <see cref="ServiceAllocator"/>.</summary>
/// <remarks>Models pkg/registry/core/service and pkg/apis/core/validation/validation.go.</remarks>
internal sealed class ServiceStrategy : KindStrategy<Service>
{
    public override bool ReturnsDeleted => true;

    public override bool CreatesOnUpdate => true;

    // Since 1.34 the name of a Service may start with a digit.
    public override Seq<string> NameProblems(string name) => Names.Dns1123Label(name);

    protected override Service WithStatusOf(Service value, Service source) =>
        value with { Status = source.Status };

    protected override Service Default(Service value)
    {
        var spec = value.Spec;
        var type = spec.Type ?? "ClusterIP";
        var outside = type is "NodePort" or "LoadBalancer";
        var affinity = spec.SessionAffinity ?? "None";
        var filled = spec with
        {
            Type = type,
            SessionAffinity = affinity,
            SessionAffinityConfig = affinity == "ClientIP" && spec.SessionAffinityConfig is null
                ? new() { ClientIP = new() { TimeoutSeconds = 10800 } }
                : spec.SessionAffinityConfig,
            Ports = PodDefaults.Each(spec.Ports, Default),
            ExternalTrafficPolicy = spec.ExternalTrafficPolicy ?? (outside ? "Cluster" : null),
            InternalTrafficPolicy = spec.InternalTrafficPolicy
                ?? (outside || type == "ClusterIP" ? "Cluster" : null),
            AllocateLoadBalancerNodePorts = spec.AllocateLoadBalancerNodePorts
                ?? (type == "LoadBalancer" ? true : null),
        };
        return filled.Equals(spec) ? value : value with { Spec = filled };
    }

    private static ServicePort Default(ServicePort port)
    {
        var target = port.TargetPort is { } given && given != 0 && given.Text != ""
            ? given
            : port.Port;
        return port.Protocol is not null && port.TargetPort == target ? port : port with
        {
            Protocol = port.Protocol ?? "TCP",
            TargetPort = target,
        };
    }

    protected override void Validate(Service value, FieldErrors errors)
    {
        var spec = value.Spec;
        if (spec.Ports.IsEmpty && spec is not ({ ClusterIP: "None" } or { Type: "ExternalName" }))
        {
            errors.Required("spec.ports");
        }
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            Port(spec, i, $"spec.ports[{i}]", errors);
        }
        MetadataStage.Labels(spec.Selector, "spec.selector", errors);
        errors.OneOf("spec.sessionAffinity", spec.SessionAffinity, "ClientIP", "None");
        errors.OneOf("spec.type", spec.Type, "ClusterIP", "ExternalName", "LoadBalancer",
            "NodePort");
        if (spec.Type == "ExternalName")
        {
            ExternalName(spec.ExternalName ?? "", errors);
        }
        errors.OneOf("spec.internalTrafficPolicy", spec.InternalTrafficPolicy, "Cluster", "Local");
        errors.OneOf("spec.externalTrafficPolicy", spec.ExternalTrafficPolicy, "Cluster", "Local");
    }

    private static void ExternalName(string name, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required("spec.externalName");
        }
        else
        {
            PodValidation.Problems(Names.Dns1123Subdomain(name.TrimEnd('.')),
                "spec.externalName", name, errors);
        }
    }

    private static void Port(ServiceSpec spec, int at, string field, FieldErrors errors)
    {
        var port = spec.Ports[at];
        if (port.Name is { Length: > 0 } name)
        {
            PodValidation.Problems(Names.Dns1123Label(name), $"{field}.name", name, errors);
            if (Earlier(spec.Ports, at, other => other.Name == name))
            {
                errors.Duplicate($"{field}.name", name);
            }
        }
        else if (spec.Ports.Count > 1)
        {
            errors.Required($"{field}.name");
        }
        PodValidation.Port(port.Port, $"{field}.port", errors);
        errors.OneOf($"{field}.protocol", port.Protocol, "SCTP", "TCP", "UDP");
        if (port.TargetPort is { IsText: false } number)
        {
            PodValidation.Port(number.Number, $"{field}.targetPort", errors);
        }
        else if (port.TargetPort is { Text: { } text })
        {
            PodValidation.Problems(Names.PortName(text), $"{field}.targetPort", text, errors);
        }
        if (spec.Type == "ClusterIP" && port.NodePort is > 0)
        {
            errors.Forbidden($"{field}.nodePort", "may not be used when `type` is 'ClusterIP'");
        }
        if (Earlier(spec.Ports, at, other =>
            other.Port == port.Port && other.Protocol == port.Protocol))
        {
            errors.Duplicate(field, $"{port.Protocol}/{port.Port}");
        }
    }

    private static bool Earlier(Seq<ServicePort> ports, int before, Predicate<ServicePort> match)
    {
        for (var i = 0; i < before; i++)
        {
            if (match(ports[i]))
            {
                return true;
            }
        }
        return false;
    }
}
