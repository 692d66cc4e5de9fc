using System.Globalization;

namespace KubeSim;

/// <summary>The columns of pods. STATUS is the most telling word that the status has: a container's
/// reason (CrashLoopBackOff) before the pod's own (Evicted) before the phase; while init
/// containers run, how far they are (<c>Init:1/3</c>).</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go (printPod).</remarks>
internal static class PodTable
{
    public static readonly TablePrinter Printer = TablePrinter.For<Pod>(
        "Name|Ready|Status|Restarts|Age|*IP|*Node|*Nominated Node|*Readiness Gates", Row);

    private static string[] Row(Pod pod, DateTime now)
    {
        var shown = new Summary(pod);
        var restarts = TablePrinters.Number(shown.Restarts);
        return
        [
            pod.Metadata.Name,
            string.Create(CultureInfo.InvariantCulture, $"{shown.Ready}/{shown.Total}"),
            shown.Status,
            shown.Restarts > 0 && shown.LastRestart is { } last
                ? $"{restarts} ({HumanDuration.Since(last, now)} ago)" : restarts,
            TablePrinters.Age(pod, now),
            TablePrinters.Text(pod.Status.PodIP), TablePrinters.Text(pod.Spec.NodeName),
            TablePrinters.Text(pod.Status.NominatedNodeName), Gates(pod),
        ];
    }

    private static string Gates(Pod pod)
    {
        var gates = pod.Spec.ReadinessGates;
        var met = gates.Count(g => pod.Status.Conditions.IsTrue(g.ConditionType));
        return gates.IsEmpty ? "<none>"
            : string.Create(CultureInfo.InvariantCulture, $"{met}/{gates.Count}");
    }

    /// <summary>What the first columns need: one pass over the containers.</summary>
    private sealed class Summary
    {
        private readonly Pod pod;

        public Summary(Pod pod)
        {
            this.pod = pod;
            var sidecars = pod.Spec.InitContainers.Count(c => c.IsSidecar);
            Total = pod.Spec.Containers.Count + sidecars;
            Status = TablePrinters.Text(pod.Status.Reason, pod.Status.Phase ?? "");
            if (pod.Condition("PodScheduled")?.Reason is "SchedulingGated")
            {
                Status = "SchedulingGated";
            }
            var initialising = ReadInit();
            if (!initialising || pod.Status.Conditions.IsTrue("Initialized"))
            {
                ReadMain();
            }
            if (pod.IsTerminating)
            {
                Status = pod.Status.Reason == "NodeLost" ? "Unknown"
                    : pod.IsFinished ? Status : "Terminating";
            }
        }

        public int Ready { get; private set; }

        public int Total { get; }

        public int Restarts { get; private set; }

        public Time? LastRestart { get; private set; }

        public string Status { get; private set; }

        /// <summary>True while an init container is still to end.</summary>
        private bool ReadInit()
        {
            var (sidecarRestarts, lastSidecar, initialising) = (0, (Time?)null, false);
            var statuses = pod.Status.InitContainerStatuses;
            for (var i = 0; i < statuses.Count && !initialising; i++)
            {
                var status = statuses[i];
                var sidecar = i < pod.Spec.InitContainers.Count
                    && pod.Spec.InitContainers[i].IsSidecar;
                Count(status);
                if (sidecar)
                {
                    sidecarRestarts += status.RestartCount;
                    lastSidecar = Later(lastSidecar, status.LastState.Terminated?.FinishedAt);
                }
                if (status.State.Terminated is { ExitCode: 0 })
                {
                    continue;
                }
                if (sidecar && status.Started == true)
                {
                    Ready += status.Ready ? 1 : 0;
                    continue;
                }
                initialising = true;
                Status = "Init:" + InitReason(status, i);
            }
            if (!initialising || pod.Status.Conditions.IsTrue("Initialized"))
            {
                (Restarts, LastRestart) = (sidecarRestarts, lastSidecar);
            }
            return initialising;
        }

        private string InitReason(ContainerStatus status, int index) =>
            status.State.Terminated is { } ended ? Ended(ended)
            : status.State.Waiting?.Reason is { Length: > 0 } why and not "PodInitializing" ? why
            : string.Create(CultureInfo.InvariantCulture,
                $"{index}/{pod.Spec.InitContainers.Count}");

        private void ReadMain()
        {
            var running = false;
            var statuses = pod.Status.ContainerStatuses;
            for (var i = statuses.Count - 1; i >= 0; i--)
            {
                var status = statuses[i];
                Count(status);
                if (status.State.Waiting?.Reason is { Length: > 0 } why)
                {
                    Status = why;
                }
                else if (status.State.Terminated is { } ended)
                {
                    Status = Ended(ended);
                }
                else if (status.Ready && status.State.Running is not null)
                {
                    running = true;
                    Ready++;
                }
            }
            if (Status == "Completed" && running)
            {
                Status = pod.IsReady ? "Running" : "NotReady";
            }
        }

        private void Count(ContainerStatus status)
        {
            Restarts += status.RestartCount;
            LastRestart = Later(LastRestart, status.LastState.Terminated?.FinishedAt);
        }

        private static Time? Later(Time? left, Time? right) =>
            left is { } a && right is { } b ? (a > b ? a : b) : left ?? right;

        private static string Ended(ContainerStateTerminated ended) =>
            ended.Reason is { Length: > 0 } reason ? reason
            : ended.Signal is { } signal and not 0 ? $"Signal:{TablePrinters.Number(signal)}"
            : $"ExitCode:{TablePrinters.Number(ended.ExitCode)}";
    }
}
