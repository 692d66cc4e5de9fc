using System.Globalization;
using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of the workloads that keep pods running.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go.</remarks>
internal static class WorkloadTables
{
    public static readonly TablePrinter Scale = TablePrinter.For<Scale>(
        "Name|Desired|Available|Age", static (s, now) =>
            [s.Metadata.Name, Number(s.Spec.Replicas), Number(s.Status.Replicas), Age(s, now)]);

    public static readonly TablePrinter Deployment = TablePrinter.For<Deployment>(
        "Name|Ready|Up-to-date|Available|Age|*Containers|*Images|*Selector",
        static (d, now) =>
        [
            d.Metadata.Name, Of(d.Status.ReadyReplicas, d.Spec.Replicas),
            Number(d.Status.UpdatedReplicas), Number(d.Status.AvailableReplicas), Age(d, now),
            ContainerNames(d.Spec.Template.Spec), Images(d.Spec.Template.Spec),
            Selector(d.Spec.Selector),
        ]);

    public static readonly TablePrinter ReplicaSet = TablePrinter.For<ReplicaSet>(
        "Name|Desired|Current|Ready|Age|*Containers|*Images|*Selector",
        static (s, now) =>
        [
            s.Metadata.Name, Number(s.Spec.Replicas), Number(s.Status.Replicas),
            Number(s.Status.ReadyReplicas), Age(s, now), ContainerNames(s.Spec.Template.Spec),
            Images(s.Spec.Template.Spec), Selector(s.Spec.Selector),
        ]);

    public static readonly TablePrinter ReplicationController =
        TablePrinter.For<ReplicationController>(
            "Name|Desired|Current|Ready|Age|*Containers|*Images|*Selector",
            static (c, now) =>
            [
                c.Metadata.Name, Number(c.Spec.Replicas), Number(c.Status.Replicas),
                Number(c.Status.ReadyReplicas), Age(c, now),
                ContainerNames(c.Spec.Template.Spec), Images(c.Spec.Template.Spec),
                Labels(c.Spec.Selector),
            ]);

    public static readonly TablePrinter StatefulSet = TablePrinter.For<StatefulSet>(
        "Name|Ready|Age|*Containers|*Images",
        static (s, now) =>
        [
            s.Metadata.Name, Of(s.Status.ReadyReplicas, s.Spec.Replicas), Age(s, now),
            ContainerNames(s.Spec.Template.Spec), Images(s.Spec.Template.Spec),
        ]);

    public static readonly TablePrinter DaemonSet = TablePrinter.For<DaemonSet>(
        "Name|Desired|Current|Ready|Up-to-date|Available|Node Selector|Age|*Containers|*Images"
        + "|*Selector",
        static (s, now) =>
        [
            s.Metadata.Name, Number(s.Status.DesiredNumberScheduled),
            Number(s.Status.CurrentNumberScheduled), Number(s.Status.NumberReady),
            Number(s.Status.UpdatedNumberScheduled), Number(s.Status.NumberAvailable),
            Labels(s.Spec.Template.Spec.NodeSelector), Age(s, now),
            ContainerNames(s.Spec.Template.Spec), Images(s.Spec.Template.Spec),
            Selector(s.Spec.Selector),
        ]);

    public static readonly TablePrinter ControllerRevision = TablePrinter.For<ControllerRevision>(
        "Name|Controller|Revision|Age",
        static (r, now) =>
        [
            r.Metadata.Name, Controller(r), Number(r.Revision), Age(r, now),
        ]);

    private static string Controller(ApiObject o)
    {
        if (o.ControllerOwner is not { } owner)
        {
            return "<none>";
        }
        var slash = owner.ApiVersion.IndexOf('/');
        var group = slash < 0 ? "" : $".{owner.ApiVersion[..slash]}";
        return $"{owner.Kind.ToLowerInvariant()}{group}/{owner.Name}";
    }

    private static string Of(int ready, int? wanted) =>
        string.Create(CultureInfo.InvariantCulture, $"{ready}/{wanted ?? 0}");
}
