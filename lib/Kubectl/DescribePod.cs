namespace KubeSim;

/// <summary>A pod in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribePod
{
    public static void Write(DescribeText text, Pod pod)
    {
        var (spec, status) = (pod.Spec, pod.Status);
        text.Head(pod);
        if (spec.Priority is { } priority)
        {
            text.Field("Priority", priority);
        }
        text.Optional("Priority Class Name", spec.PriorityClassName);
        text.Optional("Runtime Class Name", spec.RuntimeClassName);
        text.Optional("Service Account", spec.ServiceAccountName);
        text.Field("Node", pod.IsScheduled ? $"{spec.NodeName}/{status.HostIP}" : "<none>");
        if (status.StartTime is { } start)
        {
            text.Field("Start Time", DescribeText.Date(start));
        }
        text.LabelsAndAnnotations(pod);
        WriteStatus(text, pod);
        text.Field("IP", status.PodIP);
        if (status.PodIPs.IsEmpty)
        {
            text.Field("IPs", "<none>");
        }
        else
        {
            text.Line("IPs:");
            foreach (var address in status.PodIPs)
            {
                text.Field("  IP", address.Ip);
            }
        }
        text.Controller(pod);
        text.Optional("NominatedNodeName", status.NominatedNodeName);
        if (!spec.InitContainers.IsEmpty)
        {
            DescribeContainers.Write(text, "Init Containers", spec.InitContainers,
                status.InitContainerStatuses, pod);
        }
        DescribeContainers.Write(text, "Containers", spec.Containers, status.ContainerStatuses,
            pod);
        WriteConditions(text, pod);
        DescribeVolumes.Write(text, spec.Volumes, "");
        text.Field("QoS Class", status.QosClass ?? pod.QosClass);
        text.Labels("Node-Selectors", spec.NodeSelector);
        text.Tolerations("Tolerations", spec.Tolerations);
        DescribeVolumes.WriteSpread(text, spec.TopologySpreadConstraints, "");
        text.Events(pod);
    }

    private static void WriteStatus(DescribeText text, Pod pod)
    {
        var status = pod.Status;
        if (pod.Metadata.DeletionTimestamp is { } deleted && !pod.IsFinished)
        {
            var since = HumanDuration.Since(deleted, text.Call.Now);
            text.Field("Status", $"Terminating (lasts {since})");
            text.Field("Termination Grace Period",
                $"{DescribeText.Number(pod.Metadata.DeletionGracePeriodSeconds ?? 0)}s");
        }
        else
        {
            text.Field("Status", status.Phase);
        }
        text.Optional("Reason", status.Reason);
        text.Optional("Message", status.Message);
    }

    private static void WriteConditions(DescribeText text, Pod pod)
    {
        if (!pod.Spec.ReadinessGates.IsEmpty)
        {
            text.Line("Readiness Gates:");
            text.Line("  Type\tStatus");
            foreach (var gate in pod.Spec.ReadinessGates)
            {
                var met = pod.Condition(gate.ConditionType)?.Status ?? "<none>";
                text.Line($"  {gate.ConditionType} \t{met} ");
            }
        }
        if (!pod.Status.Conditions.IsEmpty)
        {
            text.Line("Conditions:");
            text.Line("  Type\tStatus");
            foreach (var condition in pod.Status.Conditions)
            {
                text.Line($"  {condition.Type} \t{condition.Status} ");
            }
        }
    }
}
