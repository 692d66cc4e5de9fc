using System.Globalization;

namespace KubeSim;

/// <summary>The containers of a pod or of a template in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeContainers
{
    /// <summary>A pod template, below its owner.</summary>
    public static void WriteTemplate(DescribeText text, PodTemplateSpec template)
    {
        var spec = template.Spec;
        text.Line("Pod Template:");
        text.Labels("  Labels", template.Metadata.Labels);
        if (!template.Metadata.Annotations.IsEmpty)
        {
            text.Annotations("  Annotations", template.Metadata.Annotations);
        }
        if (spec.ServiceAccountName is { Length: > 0 } account)
        {
            text.Field("  Service Account", account);
        }
        if (!spec.InitContainers.IsEmpty)
        {
            Write(text, "  Init Containers", spec.InitContainers, default, null);
        }
        Write(text, "  Containers", spec.Containers, default, null);
        DescribeVolumes.Write(text, spec.Volumes, "  ");
        DescribeVolumes.WriteSpread(text, spec.TopologySpreadConstraints, "  ");
        if (spec.PriorityClassName is { Length: > 0 } priority)
        {
            text.Field("  Priority Class Name", priority);
        }
        text.Labels("  Node-Selectors", spec.NodeSelector);
        text.Tolerations("  Tolerations", spec.Tolerations);
    }

    /// <summary>Containers and how they fare.</summary>
    /// <param name="text">Where to write.</param>
    /// <param name="title">The title, indented for a template.</param>
    /// <param name="containers">The containers.</param>
    /// <param name="statuses">How they fare; unset for a template.</param>
    /// <param name="pod">The pod; null for a template.</param>
    public static void Write(DescribeText text, string title, Seq<Container> containers,
        Seq<ContainerStatus> statuses, Pod? pod)
    {
        if (containers.IsEmpty)
        {
            text.Line($"{title}: <none>");
            return;
        }
        text.Line($"{title}:");
        foreach (var container in containers)
        {
            var status = statuses.FirstOrDefault(s => s.Name == container.Name);
            text.Line($"{(pod is null ? "   " : "  ")}{container.Name}:");
            WriteBasics(text, container, status);
            WriteWords(text, "Command", container.Command);
            WriteWords(text, "Args", container.Args);
            if (status is not null)
            {
                WriteState(text, status);
            }
            WriteResources(text, "Limits", container.Resources.Limits);
            WriteResources(text, "Requests", container.Resources.Requests);
            WriteProbe(text, "Liveness", container.LivenessProbe);
            WriteProbe(text, "Readiness", container.ReadinessProbe);
            WriteProbe(text, "Startup", container.StartupProbe);
            DescribeEnvironment.Write(text, container, pod);
            WriteMounts(text, container);
        }
    }

    private static void WriteBasics(DescribeText text, Container container, ContainerStatus? status)
    {
        if (status is not null)
        {
            text.Field("    Container ID", status.ContainerID);
        }
        text.Field("    Image", container.Image);
        if (status is not null)
        {
            text.Field("    Image ID", status.ImageID);
        }
        var many = container.Ports.Count > 1 ? "s" : "";
        text.Field($"    Port{many}", Ports(container, p => p.Port));
        text.Field($"    Host Port{many}", Ports(container, p => p.HostPort ?? 0));
    }

    private static string Ports(Container container, Func<ContainerPort, int> number) =>
        container.Ports.IsEmpty ? "<none>" : string.Join(", ", container.Ports.Select(p =>
            $"{DescribeText.Number(number(p))}/{p.Protocol}"
            + (string.IsNullOrEmpty(p.Name) ? "" : $" ({p.Name})")));

    private static void WriteWords(DescribeText text, string title, Seq<string> words)
    {
        if (!words.IsEmpty)
        {
            text.Line($"    {title}:");
            foreach (var line in words.SelectMany(w => w.Split('\n')))
            {
                text.Line($"      {line}");
            }
        }
    }

    private static void WriteState(DescribeText text, ContainerStatus status)
    {
        WriteState(text, "State", status.State);
        if (status.LastState.Terminated is not null)
        {
            WriteState(text, "Last State", status.LastState);
        }
        text.Field("    Ready", DescribeText.Bool(status.Ready));
        text.Field("    Restart Count", status.RestartCount);
    }

    private static void WriteState(DescribeText text, string title, ContainerState state)
    {
        if (state.Running is { } running)
        {
            text.Field($"    {title}", "Running");
            text.Field("      Started", DescribeText.Date(running.StartedAt));
            return;
        }
        if (state.Terminated is not { } ended)
        {
            text.Field($"    {title}", "Waiting");
            text.Optional("      Reason", state.Waiting?.Reason);
            return;
        }
        text.Field($"    {title}", "Terminated");
        text.Optional("      Reason", ended.Reason);
        text.Optional("      Message", ended.Message);
        text.Field("      Exit Code", ended.ExitCode);
        if (ended.Signal is > 0)
        {
            text.Field("      Signal", ended.Signal);
        }
        text.Field("      Started", DescribeText.Date(ended.StartedAt, Never));
        text.Field("      Finished", DescribeText.Date(ended.FinishedAt, Never));
    }

    // Go's time that nobody set.
    private const string Never = "Mon, 01 Jan 0001 00:00:00 +0000";

    private static void WriteResources(DescribeText text, string title, Map<Quantity> resources)
    {
        if (!resources.IsEmpty)
        {
            text.Line($"    {title}:");
            foreach (var (name, quantity) in resources)
            {
                text.Field($"      {name}", quantity.ToString());
            }
        }
    }

    private static void WriteProbe(DescribeText text, string title, Probe? probe)
    {
        if (probe is not null)
        {
            text.Field($"    {title}", Describe(probe));
        }
    }

    private static string Describe(Probe probe)
    {
        var numbers = string.Create(CultureInfo.InvariantCulture,
            $"delay={probe.InitialDelaySeconds ?? 0}s timeout={probe.TimeoutSeconds ?? 0}s "
            + $"period={probe.PeriodSeconds ?? 0}s #success={probe.SuccessThreshold ?? 0} "
            + $"#failure={probe.FailureThreshold ?? 0}");
        return probe switch
        {
            { Exec: { } exec } => $"exec [{string.Join(' ', exec.Command)}] {numbers}",
            { HttpGet: { } get } => $"http-get {get.Scheme?.ToLowerInvariant()}://{get.Host}"
                + $":{get.Port}{get.Path} {numbers}",
            { TcpSocket: { } tcp } => $"tcp-socket {tcp.Host}:{tcp.Port} {numbers}",
            { Grpc: { } grpc } => $"grpc <pod>:{DescribeText.Number(grpc.Port)} {grpc.Service} "
                + numbers,
            _ => $"unknown {numbers}",
        };
    }

    private static void WriteMounts(DescribeText text, Container container)
    {
        text.Line(container.VolumeMounts.IsEmpty ? "    Mounts:\t<none>" : "    Mounts:");
        foreach (var mount in container.VolumeMounts
            .OrderBy(m => m.MountPath, StringComparer.Ordinal))
        {
            var flags = (mount.ReadOnly == true ? "ro" : "rw")
                + (mount.SubPath is { Length: > 0 } path ? $",path=\"{path}\"" : "");
            text.Line($"      {mount.MountPath} from {mount.Name} ({flags})");
        }
        if (!container.VolumeDevices.IsEmpty)
        {
            text.Line("    Devices:");
            foreach (var device in container.VolumeDevices
                .OrderBy(d => d.DevicePath, StringComparer.Ordinal))
            {
                text.Line($"      {device.DevicePath} from {device.Name}");
            }
        }
    }
}
