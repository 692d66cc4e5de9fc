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
        text.Fields(("  Service Account", DescribeText.Some(spec.ServiceAccountName)));
        if (!spec.InitContainers.IsEmpty)
        {
            Write(text, "  Init Containers", spec.InitContainers, default, null);
        }
        Write(text, "  Containers", spec.Containers, default, null);
        DescribeVolumes.Write(text, spec.Volumes, "  ");
        DescribeVolumes.WriteSpread(text, spec.TopologySpreadConstraints, "  ");
        text.Fields(("  Priority Class Name", DescribeText.Some(spec.PriorityClassName)));
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
            text.Amounts("    Limits", container.Resources.Limits);
            text.Amounts("    Requests", container.Resources.Requests);
            text.Fields(("    Liveness", Describe(container.LivenessProbe)),
                ("    Readiness", Describe(container.ReadinessProbe)),
                ("    Startup", Describe(container.StartupProbe)));
            DescribeEnvironment.Write(text, container, pod);
            WriteMounts(text, container);
        }
    }

    private static void WriteBasics(DescribeText text, Container container, ContainerStatus? status)
    {
        var many = container.Ports.Count > 1 ? "s" : "";
        text.Fields(("    Container ID", status is null ? null : status.ContainerID ?? ""),
            ("    Image", container.Image ?? ""),
            ("    Image ID", status is null ? null : status.ImageID ?? ""),
            ($"    Port{many}", Ports(container, p => p.Port)),
            ($"    Host Port{many}", Ports(container, p => p.HostPort ?? 0)));
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
            text.Fields(($"    {title}", "Running"),
                ("      Started", DescribeText.Date(running.StartedAt)));
        }
        else if (state.Terminated is { } ended)
        {
            text.Fields(($"    {title}", "Terminated"),
                ("      Reason", DescribeText.Some(ended.Reason)),
                ("      Message", DescribeText.Some(ended.Message)),
                ("      Exit Code", ended.ExitCode),
                ("      Signal", ended.Signal is > 0 and var signal ? signal : null),
                ("      Started", DescribeText.Date(ended.StartedAt, Never)),
                ("      Finished", DescribeText.Date(ended.FinishedAt, Never)));
        }
        else
        {
            text.Fields(($"    {title}", "Waiting"),
                ("      Reason", DescribeText.Some(state.Waiting?.Reason)));
        }
    }

    // Go's time that nobody set.
    private const string Never = "Mon, 01 Jan 0001 00:00:00 +0000";

    private static string? Describe(Probe? probe)
    {
        if (probe is null)
        {
            return null;
        }
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
        text.Text(container.VolumeDevices.IsEmpty ? [] : container.VolumeDevices
            .OrderBy(d => d.DevicePath, StringComparer.Ordinal)
            .Select(d => $"      {d.DevicePath} from {d.Name}\n").Prepend("    Devices:\n"));
    }
}
