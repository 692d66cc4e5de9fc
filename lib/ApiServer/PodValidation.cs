namespace KubeSim;

/// <summary>What must be true of a pod's spec, in a pod or in a template. The order of the checks
/// is the order in which the real server tells the faults.</summary>
/// <remarks>Models pkg/apis/core/validation/validation.go.</remarks>
internal static partial class PodValidation
{
    public static void Spec(PodSpec spec, string at, FieldErrors errors)
    {
        Volumes(spec.Volumes, $"{at}.volumes", errors);
        if (spec.Containers.IsEmpty)
        {
            errors.Required($"{at}.containers");
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < spec.Containers.Count; i++)
        {
            Container(spec.Containers[i], spec, $"{at}.containers[{i}]", names, errors);
        }
        for (var i = 0; i < spec.InitContainers.Count; i++)
        {
            Container(spec.InitContainers[i], spec, $"{at}.initContainers[{i}]", names, errors);
            InitOnly(spec.InitContainers[i], $"{at}.initContainers[{i}]", errors);
        }
        Policies(spec, at, errors);
        MetadataStage.Labels(spec.NodeSelector, $"{at}.nodeSelector", errors);
        Hostnames(spec, at, errors);
        Tolerations(spec.Tolerations, $"{at}.tolerations", errors);
        Affinity(spec.Affinity, $"{at}.affinity", errors);
        Spread(spec.TopologySpreadConstraints, $"{at}.topologySpreadConstraints", errors);
    }

    private static void Policies(PodSpec spec, string at, FieldErrors errors)
    {
        errors.OneOf($"{at}.restartPolicy", spec.RestartPolicy, "Always", "Never", "OnFailure");
        errors.OneOf($"{at}.dnsPolicy", spec.DnsPolicy,
            "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None");
        errors.NotNegative($"{at}.terminationGracePeriodSeconds",
            spec.TerminationGracePeriodSeconds);
        if (spec.ActiveDeadlineSeconds is < 1 or > int.MaxValue)
        {
            errors.Invalid($"{at}.activeDeadlineSeconds", spec.ActiveDeadlineSeconds.Value,
                "must be between 1 and 2147483647, inclusive");
        }
    }

    private static void Hostnames(PodSpec spec, string at, FieldErrors errors)
    {
        if (spec.Hostname is { Length: > 0 } hostname)
        {
            Problems(Names.Dns1123Label(hostname), $"{at}.hostname", hostname, errors);
        }
        if (spec.Subdomain is { Length: > 0 } subdomain)
        {
            Problems(Names.Dns1123Label(subdomain), $"{at}.subdomain", subdomain, errors);
        }
        if (spec.ServiceAccountName is { Length: > 0 } account)
        {
            Problems(Names.Dns1123Subdomain(account), $"{at}.serviceAccountName", account, errors);
        }
    }

    private static void Volumes(Seq<Volume> volumes, string at, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < volumes.Count; i++)
        {
            var (volume, field) = (volumes[i], $"{at}[{i}]");
            Label(volume.Name, $"{field}.name", errors);
            if (volume.Name.Length > 0 && !names.Add(volume.Name))
            {
                errors.Duplicate($"{field}.name", volume.Name);
            }
            if (PodDefaults.Sources(volume) > 1)
            {
                errors.Forbidden(field, "may not specify more than 1 volume type");
            }
            VolumeSource(volume, field, errors);
        }
    }

    private static void VolumeSource(Volume volume, string at, FieldErrors errors)
    {
        if (volume.HostPath is { Path.Length: 0 })
        {
            errors.Required($"{at}.hostPath.path");
        }
        if (volume.ConfigMap is { Name: null or "" })
        {
            errors.Required($"{at}.configMap.name");
        }
        if (volume.Secret is { SecretName: null or "" })
        {
            errors.Required($"{at}.secret.secretName");
        }
        if (volume.PersistentVolumeClaim is { ClaimName.Length: 0 })
        {
            errors.Required($"{at}.persistentVolumeClaim.claimName");
        }
    }

    private static void Container(
        Container container, PodSpec spec, string at, HashSet<string> names, FieldErrors errors)
    {
        Label(container.Name, $"{at}.name", errors);
        var image = container.Image ?? "";
        if (string.IsNullOrWhiteSpace(image))
        {
            errors.Required($"{at}.image");
        }
        else if (image.AsSpan().Trim().Length != image.Length)
        {
            errors.InvalidText($"{at}.image", image, "must not have leading or trailing "
                + "whitespace");
        }
        Ports(container.Ports, $"{at}.ports", errors);
        Env(container.Env, $"{at}.env", errors);
        Mounts(container.VolumeMounts, spec.Volumes, $"{at}.volumeMounts", errors);
        errors.OneOf($"{at}.imagePullPolicy", container.ImagePullPolicy,
            "Always", "IfNotPresent", "Never");
        Resources(container.Resources, $"{at}.resources", errors);
        if (container.Name.Length > 0 && !names.Add(container.Name))
        {
            errors.Duplicate($"{at}.name", container.Name);
        }
        Probe(container.LivenessProbe, $"{at}.livenessProbe", true, errors);
        Probe(container.ReadinessProbe, $"{at}.readinessProbe", false, errors);
        Probe(container.StartupProbe, $"{at}.startupProbe", true, errors);
    }

    // An init container runs to its end: it has nothing to probe, unless it is a sidecar.
    private static void InitOnly(Container container, string at, FieldErrors errors)
    {
        errors.OneOf($"{at}.restartPolicy", container.RestartPolicy, "Always", "Never",
            "OnFailure");
        if (container.RestartPolicy == "Always")
        {
            return;
        }
        const string why = "may not be set for init containers without restartPolicy=Always";
        if (container.Lifecycle is not null)
        {
            errors.Forbidden($"{at}.lifecycle", why);
        }
        if (container.LivenessProbe is not null)
        {
            errors.Forbidden($"{at}.livenessProbe", why);
        }
        if (container.ReadinessProbe is not null)
        {
            errors.Forbidden($"{at}.readinessProbe", why);
        }
        if (container.StartupProbe is not null)
        {
            errors.Forbidden($"{at}.startupProbe", why);
        }
    }

    private static void Ports(Seq<ContainerPort> ports, string at, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, field) = (ports[i], $"{at}[{i}]");
            if (port.Name is { Length: > 0 } name)
            {
                Problems(Names.PortName(name), $"{field}.name", name, errors);
                if (!names.Add(name))
                {
                    errors.Duplicate($"{field}.name", name);
                }
            }
            if (port.Port == 0)
            {
                errors.Required($"{field}.containerPort");
            }
            else
            {
                Port(port.Port, $"{field}.containerPort", errors);
            }
            if (port.HostPort is { } host and not 0)
            {
                Port(host, $"{field}.hostPort", errors);
            }
            errors.OneOf($"{field}.protocol", port.Protocol, "SCTP", "TCP", "UDP");
        }
    }

    private static void Env(Seq<EnvVar> env, string at, FieldErrors errors)
    {
        for (var i = 0; i < env.Count; i++)
        {
            if (env[i].Name.Length == 0)
            {
                errors.Required($"{at}[{i}].name");
            }
            else
            {
                Problems(Names.EnvVarName(env[i].Name), $"{at}[{i}].name", env[i].Name, errors);
            }
            if (env[i] is { ValueFrom: not null, Value.Length: > 0 })
            {
                errors.InvalidText($"{at}[{i}].valueFrom", "",
                    "may not be specified when `value` is not empty");
            }
        }
    }

    private static void Mounts(
        Seq<VolumeMount> mounts, Seq<Volume> volumes, string at, FieldErrors errors)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < mounts.Count; i++)
        {
            var (mount, field) = (mounts[i], $"{at}[{i}]");
            if (mount.Name.Length == 0)
            {
                errors.Required($"{field}.name");
            }
            else if (!volumes.Any(volume => volume.Name == mount.Name))
            {
                errors.NotFound($"{field}.name", mount.Name);
            }
            if (mount.MountPath.Length == 0)
            {
                errors.Required($"{field}.mountPath");
            }
            else if (!paths.Add(mount.MountPath))
            {
                errors.InvalidText($"{field}.mountPath", mount.MountPath, "must be unique");
            }
        }
    }

    private static void Probe(Probe? probe, string at, bool onceOnly, FieldErrors errors)
    {
        if (probe is null)
        {
            return;
        }
        var handlers = (probe.Exec is null ? 0 : 1) + (probe.HttpGet is null ? 0 : 1)
            + (probe.TcpSocket is null ? 0 : 1) + (probe.Grpc is null ? 0 : 1);
        if (handlers == 0)
        {
            errors.Required(at, "must specify a handler type");
        }
        else if (handlers > 1)
        {
            errors.Forbidden(at, "may not specify more than 1 handler type");
        }
        if (probe.HttpGet is { Port: { IsText: false, Number: var port } })
        {
            Port(port, $"{at}.httpGet.port", errors);
        }
        if (probe.TcpSocket is { Port: { IsText: false, Number: var socket } })
        {
            Port(socket, $"{at}.tcpSocket.port", errors);
        }
        errors.NotNegative($"{at}.initialDelaySeconds", probe.InitialDelaySeconds);
        errors.NotNegative($"{at}.timeoutSeconds", probe.TimeoutSeconds);
        errors.NotNegative($"{at}.periodSeconds", probe.PeriodSeconds);
        errors.NotNegative($"{at}.successThreshold", probe.SuccessThreshold);
        errors.NotNegative($"{at}.failureThreshold", probe.FailureThreshold);
        if (onceOnly && probe.SuccessThreshold is { } successes and not 1)
        {
            errors.Invalid($"{at}.successThreshold", successes, "must be 1");
        }
    }

    private static void Tolerations(Seq<Toleration> tolerations, string at, FieldErrors errors)
    {
        for (var i = 0; i < tolerations.Count; i++)
        {
            var (toleration, field) = (tolerations[i], $"{at}[{i}]");
            if (toleration.Key is { Length: > 0 } key)
            {
                Problems(Names.LabelKey(key), $"{field}.key", key, errors);
            }
            else if (toleration.Operator != "Exists")
            {
                errors.InvalidText($"{field}.operator", toleration.Operator,
                    "operator must be Exists when `key` is empty, which means \"match all values "
                    + "and all keys\"");
            }
            if (toleration.TolerationSeconds is not null && toleration.Effect != "NoExecute")
            {
                errors.InvalidText($"{field}.effect", toleration.Effect,
                    "effect must be 'NoExecute' when `tolerationSeconds` is set");
            }
            if (toleration is { Operator: "Exists", Value.Length: > 0 })
            {
                errors.InvalidText($"{field}.operator", toleration.Value,
                    "value must be empty when `operator` is 'Exists'");
            }
            errors.OneOf($"{field}.operator",
                toleration.Operator is { Length: > 0 } sign ? sign : null, "Equal", "Exists");
            errors.OneOf($"{field}.effect",
                toleration.Effect is { Length: > 0 } effect ? effect : null,
                "NoSchedule", "PreferNoSchedule", "NoExecute");
        }
    }

    private static void Spread(
        Seq<TopologySpreadConstraint> constraints, string at, FieldErrors errors)
    {
        for (var i = 0; i < constraints.Count; i++)
        {
            if (constraints[i].MaxSkew <= 0)
            {
                errors.Invalid($"{at}[{i}].maxSkew", constraints[i].MaxSkew, "must be greater than "
                    + "zero");
            }
            if (constraints[i].TopologyKey.Length == 0)
            {
                errors.Required($"{at}[{i}].topologyKey", "can not be empty");
            }
            errors.OneOf($"{at}[{i}].whenUnsatisfiable", constraints[i].WhenUnsatisfiable,
                "DoNotSchedule", "ScheduleAnyway");
        }
    }

    public static void Port(long port, string field, FieldErrors errors)
    {
        if (port is < 1 or > 65535)
        {
            errors.Invalid(field, port, "must be between 1 and 65535, inclusive");
        }
    }

    /// <summary>A name of one part that must be there.</summary>
    public static void Label(string name, string field, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(field);
        }
        else
        {
            Problems(Names.Dns1123Label(name), field, name, errors);
        }
    }

    public static void Problems(
        Seq<string> problems, string field, string value, FieldErrors errors)
    {
        foreach (var problem in problems)
        {
            errors.InvalidText(field, value, problem);
        }
    }
}
