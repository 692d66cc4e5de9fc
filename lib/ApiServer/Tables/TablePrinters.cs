using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Which kind is laid out how, and the cells that many kinds share.</summary>
internal static class TablePrinters
{
    // Kinds without a printer of their own: a custom kind shows its age, a built-in one when it
    // came about.
    private static readonly TablePrinter Custom = new("Name|Age",
        static (o, now) => [o.Metadata.Name, Age(o, now)]);

    private static readonly TablePrinter Other = new("Name|Created At",
        static (o, _) => [o.Metadata.Name, o.Metadata.CreationTimestamp?.ToString() ?? ""]);

    private static readonly Dictionary<Kind, TablePrinter> printers = new()
    {
        [Kinds.Pod] = PodTable.Printer,
        [Kinds.Deployment] = WorkloadTables.Deployment,
        [Kinds.ReplicaSet] = WorkloadTables.ReplicaSet,
        [Kinds.ReplicationController] = WorkloadTables.ReplicationController,
        [Kinds.StatefulSet] = WorkloadTables.StatefulSet,
        [Kinds.DaemonSet] = WorkloadTables.DaemonSet,
        [Kinds.ControllerRevision] = WorkloadTables.ControllerRevision,
        [Kinds.Scale] = WorkloadTables.Scale,
        [Kinds.Job] = JobTables.Job,
        [Kinds.CronJob] = JobTables.CronJob,
        [Kinds.HorizontalPodAutoscaler] = PolicyTables.Autoscaler,
        [Kinds.PodDisruptionBudget] = PolicyTables.DisruptionBudget,
        [Kinds.ResourceQuota] = PolicyTables.Quota,
        [Kinds.LimitRange] = PolicyTables.Created,
        [Kinds.PriorityClass] = PolicyTables.PriorityClass,
        [Kinds.Node] = NodeTables.Node,
        [Kinds.Namespace] = NodeTables.Namespace,
        [Kinds.Lease] = NodeTables.Lease,
        [Kinds.Event] = EventTable.Printer,
        [Kinds.Service] = NetworkTables.Service,
        [Kinds.Endpoints] = NetworkTables.Endpoints,
        [Kinds.EndpointSlice] = NetworkTables.EndpointSlice,
        [Kinds.Ingress] = NetworkTables.Ingress,
        [Kinds.IngressClass] = NetworkTables.IngressClass,
        [Kinds.NetworkPolicy] = NetworkTables.NetworkPolicy,
        [Kinds.ConfigMap] = StorageTables.ConfigMap,
        [Kinds.Secret] = StorageTables.Secret,
        [Kinds.ServiceAccount] = Custom,
        [Kinds.PersistentVolume] = StorageTables.Volume,
        [Kinds.PersistentVolumeClaim] = StorageTables.Claim,
        [Kinds.StorageClass] = StorageTables.Class,
        [Kinds.VolumeAttachment] = StorageTables.Attachment,
        [Kinds.CSINode] = StorageTables.Drivers,
        [Kinds.Role] = PolicyTables.Created, [Kinds.ClusterRole] = PolicyTables.Created,
        [Kinds.RoleBinding] = PolicyTables.RoleBinding,
        [Kinds.ClusterRoleBinding] = PolicyTables.RoleBinding,
    };

    public static TablePrinter Of(Kind kind) => printers.TryGetValue(kind, out var printer)
        ? printer
        : kind.SchemaType is null ? Custom : Other;

    public static string Age(ApiObject o, DateTime now) =>
        HumanDuration.Since(o.Metadata.CreationTimestamp, now);

    public static string Number(long? value) =>
        (value ?? 0).ToString(CultureInfo.InvariantCulture);

    public static string Text(string? value, string none = "<none>") =>
        string.IsNullOrEmpty(value) ? none : value;

    public static string Labels(Map<string> labels) => labels.IsEmpty ? "<none>"
        : string.Join(",", labels.Select(label => $"{label.Key}={label.Value}"));

    public static string Selector(LabelSelector? selector) => selector?.ToString() ?? "<none>";

    public static string Join(Seq<string> words, string none) =>
        words.IsEmpty ? none : string.Join(",", words);

    public static string ContainerNames(PodSpec spec) =>
        string.Join(",", spec.Containers.Select(c => c.Name));

    public static string Images(PodSpec spec) =>
        string.Join(",", spec.Containers.Select(c => c.Image));

    /// <summary>At most three of a list, and how many more there are.</summary>
    public static string FirstThree(IReadOnlyList<string> all, string none) => all.Count switch
    {
        0 => none,
        <= 3 => string.Join(",", all),
        _ => string.Create(CultureInfo.InvariantCulture,
            $"{string.Join(",", all.Take(3))} + {all.Count - 3} more..."),
    };

    /// <summary>A part of a tree by the path to it, for kinds without a record; null when a step
    /// is missing.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = (node as JsonObject)?[step];
        }
        return node;
    }

    /// <summary>The text of such a part; empty when it is missing.</summary>
    public static string TextAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path)?.ToString() ?? "";

    /// <summary>The items of such a part; none when it is missing.</summary>
    public static IEnumerable<JsonNode> ItemsAt(
        this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.Where(i => i is not null).Select(i => i!) : [];
}
