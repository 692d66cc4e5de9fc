namespace KubeSim;

/// <summary>A pod in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribePod
{
    public static void Write(DescribeText text, Pod pod)
    {
        var (spec, status) = (pod.Spec, pod.Status);
        text.Head(pod);
        text.Fields(("Priority", spec.Priority),
            ("Priority Class Name", DescribeText.Some(spec.PriorityClassName)),
            ("Runtime Class Name", DescribeText.Some(spec.RuntimeClassName)),
            ("Service Account", DescribeText.Some(spec.ServiceAccountName)),
            ("Node", pod.IsScheduled ? $"{spec.NodeName}/{status.HostIP}" : "<none>"),
            ("Start Time", status.StartTime));
        text.LabelsAndAnnotations(pod);
        var ending = pod.IsFinished ? null : pod.Metadata.DeletionTimestamp;
        var grace = DescribeText.Number(pod.Metadata.DeletionGracePeriodSeconds ?? 0);
        text.Fields(("Status", ending is { } deleted ? "Terminating (lasts "
                + $"{HumanDuration.Since(deleted, text.Call.Now)})" : status.Phase ?? ""),
            ("Termination Grace Period", ending is null ? null : $"{grace}s"),
            ("Reason", DescribeText.Some(status.Reason)),
            ("Message", DescribeText.Some(status.Message)), ("IP", status.PodIP ?? ""));
        text.Line(status.PodIPs.IsEmpty ? "IPs:\t<none>" : "IPs:");
        text.Text(status.PodIPs.Select(address => $"  IP:\t{address.Ip}\n"));
        text.Controller(pod);
        text.Fields(("NominatedNodeName", DescribeText.Some(status.NominatedNodeName)));
        if (!spec.InitContainers.IsEmpty)
        {
            DescribeContainers.Write(text, "Init Containers", spec.InitContainers,
                status.InitContainerStatuses, pod);
        }
        DescribeContainers.Write(text, "Containers", spec.Containers, status.ContainerStatuses,
            pod);
        if (!spec.EphemeralContainers.IsEmpty)
        {
            DescribeContainers.Write(text, "Ephemeral Containers",
                [.. spec.EphemeralContainers], status.EphemeralContainerStatuses, pod);
        }
        WriteConditions(text, "Readiness Gates", spec.ReadinessGates.Select(g => (
            g.ConditionType, pod.Condition(g.ConditionType)?.Status ?? "<none>")));
        WriteConditions(text, "Conditions", status.Conditions.Select(c => (c.Type, c.Status)));
        DescribeVolumes.Write(text, spec.Volumes, "");
        text.Field("QoS Class", status.QosClass ?? pod.QosClass);
        text.Labels("Node-Selectors", spec.NodeSelector);
        text.Tolerations("Tolerations", spec.Tolerations);
        DescribeVolumes.WriteSpread(text, spec.TopologySpreadConstraints, "");
        text.Events(pod);
    }

    private static void WriteConditions(
        DescribeText text, string title, IEnumerable<(string Type, string Status)> conditions)
    {
        if (conditions.Any())
        {
            text.Line($"{title}:\n  Type\tStatus");
            text.Text(conditions.Select(c => $"  {c.Type} \t{c.Status} \n"));
        }
    }
}
