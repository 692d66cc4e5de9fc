using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of nodes, of their leases, and of namespaces.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go.</remarks>
internal static class NodeTables
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static readonly TablePrinter Node = TablePrinter.For<Node>(
        "Name|Status|Roles|Age|Version|*Internal-IP|*External-IP|*OS-Image|*Kernel-Version"
        + "|*Container-Runtime",
        static (node, now) =>
        [
            node.Metadata.Name, Status(node), Roles(node), Age(node, now),
            node.Status.NodeInfo.KubeletVersion, Address(node, "InternalIP"),
            Address(node, "ExternalIP"), Text(node.Status.NodeInfo.OsImage, "<unknown>"),
            Kernel(node.Status.NodeInfo),
            Text(node.Status.NodeInfo.ContainerRuntimeVersion, "<unknown>"),
        ]);

    public static readonly TablePrinter Namespace = TablePrinter.For<Namespace>("Name|Status|Age",
        static (ns, now) => [ns.Metadata.Name, ns.Status.Phase ?? "", Age(ns, now)]);

    public static readonly TablePrinter Lease = TablePrinter.For<Lease>("Name|Holder|Age",
        static (l, now) => [l.Metadata.Name, l.Spec.HolderIdentity ?? "", Age(l, now)]);

    /// <summary>The roles that labels give a node, <c>&lt;none&gt;</c> for none.</summary>
    public static string Roles(Node node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node.Metadata.Labels)
        {
            if (key.StartsWith(RolePrefix, StringComparison.Ordinal) && key != RolePrefix)
            {
                roles.Add(key[RolePrefix.Length..]);
            }
            else if (key == "kubernetes.io/role" && value.Length > 0)
            {
                roles.Add(value);
            }
        }
        return roles.Count == 0 ? "<none>" : string.Join(",", roles);
    }

    private static string Status(Node node)
    {
        var status = node.Condition("Ready") switch
        {
            null => "Unknown",
            { Status: "True" } => "Ready",
            _ => "NotReady",
        };
        return node.IsCordoned ? $"{status},SchedulingDisabled" : status;
    }

    private static string Address(Node node, string type) =>
        Text(node.Status.Addresses.FirstOrDefault(a => a.Type == type)?.Address);

    private static string Kernel(NodeSystemInfo info) =>
        info.KernelVersion.Length == 0 ? "<unknown>"
        : info.Architecture.Length == 0 ? info.KernelVersion
        : $"{info.KernelVersion} ({info.Architecture})";
}
