using System.Globalization;

namespace KubeSim;

/// <summary>A node in words: its conditions, its machine, and what its pods asked for.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeNode
{
    public static void Write(DescribeText text, Node node)
    {
        text.Head(node);
        text.Field("Roles", NodeTables.Roles(node));
        text.LabelsAndAnnotations(node);
        text.Field("CreationTimestamp", DescribeText.Date(node.Metadata.CreationTimestamp));
        text.Many("Taints", [.. node.Spec.Taints.OrderBy(t => t.Effect, StringComparer.Ordinal)
            .ThenBy(t => t.Key, StringComparer.Ordinal).Select(t => t.ToString())]);
        text.Field("Unschedulable", DescribeText.Lower(node.Spec.Unschedulable));
        WriteLease(text, node);
        text.Table("Conditions",
            "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage",
            [.. node.Status.Conditions.Select(c =>
                $"{c.Type} \t{c.Status} \t{DescribeText.Date(c.LastHeartbeatTime)} \t"
                + $"{DescribeText.Date(c.LastTransitionTime)} \t{c.Reason} \t{c.Message}")]);
        text.Text(node.Status.Addresses.Select(a => $"  {a.Type}:\t{a.Address}\n")
            .Prepend("Addresses:\n"));
        text.Amounts("Capacity", node.Status.Capacity);
        text.Amounts("Allocatable", node.Status.Allocatable);
        WriteSystem(text, node);
        WritePods(text, node);
        text.Events(node, anyUid: true);
    }

    private static void WriteLease(DescribeText text, Node node)
    {
        var name = node.Metadata.Name;
        if (text.Call.Find(Kinds.Lease, "kube-node-lease", name) is not Lease lease)
        {
            var why = ApiErrors.NotFound(Kinds.Lease, name).Message;
            text.Field("Lease", $"Failed to get lease: {why}");
            return;
        }
        text.Line("Lease:");
        text.Field("  HolderIdentity", lease.Spec.HolderIdentity ?? "<unset>");
        text.Field("  AcquireTime", DescribeText.Date(lease.Spec.AcquireTime));
        text.Field("  RenewTime", DescribeText.Date(lease.Spec.RenewTime));
    }

    private static void WriteSystem(DescribeText text, Node node)
    {
        var (info, spec) = (node.Status.NodeInfo, node.Spec);
        text.Line("System Info:");
        text.Fields(("  Machine ID", info.MachineID ?? ""),
            ("  System UUID", info.SystemUUID ?? ""),
            ("  Boot ID", info.BootID ?? ""), ("  Kernel Version", info.KernelVersion ?? ""),
            ("  OS Image", info.OsImage ?? ""), ("  Operating System", info.OperatingSystem ?? ""),
            ("  Architecture", info.Architecture ?? ""),
            ("  Container Runtime Version", info.ContainerRuntimeVersion ?? ""),
            ("  Kubelet Version", info.KubeletVersion ?? ""),
            ("PodCIDR", DescribeText.Some(spec.PodCIDR)),
            ("PodCIDRs", DescribeText.Some(string.Join(",", spec.PodCIDRs))),
            ("ProviderID", DescribeText.Some(spec.ProviderID)));
    }

    private static void WritePods(DescribeText text, Node node)
    {
        var pods = text.Call.List<Pod>("", fields: $"spec.nodeName={node.Metadata.Name},"
            + "status.phase!=Failed,status.phase!=Succeeded");
        var room = node.Status.Allocatable.IsEmpty
            ? node.Status.Capacity : node.Status.Allocatable;
        text.Field("Non-terminated Pods", $"({DescribeText.Number(pods.Count)} in total)");
        text.Line("  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\t"
            + "Memory Limits\tAge");
        text.Line("  ---------\t----\t\t------------\t----------\t---------------\t"
            + "-------------\t---");
        var (requests, limits) = (Map<Quantity>.Empty, Map<Quantity>.Empty);
        foreach (var pod in pods)
        {
            var (asked, most) = (pod.Requests, pod.Limits);
            requests = requests.Merge(asked, static (a, b) => a + b);
            limits = limits.Merge(most, static (a, b) => a + b);
            text.Line($"  {pod.Metadata.Namespace}\t{pod.Metadata.Name}\t\t"
                + $"{Share(asked, room, "cpu")}\t{Share(most, room, "cpu")}\t"
                + $"{Share(asked, room, "memory")}\t{Share(most, room, "memory")}\t"
                + TablePrinters.Age(pod, text.Call.Now));
        }
        text.Line("Allocated resources:");
        text.Line("  (Total limits may be over 100 percent, i.e., overcommitted.)");
        text.Line("  Resource\tRequests\tLimits");
        text.Line("  --------\t--------\t------");
        foreach (var name in (string[])["cpu", "memory", "ephemeral-storage"])
        {
            text.Line($"  {name}\t{Share(requests, room, name)}\t{Share(limits, room, name)}");
        }
        foreach (var name in room.Keys.Where(n => n is not ("cpu" or "memory"
            or "ephemeral-storage" or "pods")))
        {
            text.Line($"  {name}\t{Of(requests, name)}\t{Of(limits, name)}");
        }
    }

    private static string Share(Map<Quantity> asked, Map<Quantity> room, string name)
    {
        var (part, all) = (Of(asked, name), Of(room, name));
        var percent = all.IsZero ? 0 : (long)(part.ToDouble() / all.ToDouble() * 100);
        return string.Create(CultureInfo.InvariantCulture, $"{part} ({percent}%)");
    }

    private static Quantity Of(Map<Quantity> amounts, string name) =>
        amounts.TryGetValue(name, out var amount) ? amount : new(0);
}
