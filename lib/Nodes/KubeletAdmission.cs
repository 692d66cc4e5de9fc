namespace KubeSim;

/// <summary>
/// The node's own look at a pod before it takes it in hand. The scheduler has looked already, but
/// a pod may name its node itself, and two schedulers may choose at once: what no longer fits is
/// refused for good, phase Failed with a reason such as OutOfcpu, and it is up to the pod's
/// controller to make another one.
/// <para>Worked: 4 CPUs, pods that ask for 3.5 run, and one comes that asks for 1: OutOfcpu,
/// requested: 1000, used: 3500, capacity: 4000.</para>
/// Models pkg/kubelet/lifecycle/predicate.go.
/// </summary>
public sealed partial class Kubelet
{
    private long usedCpuMilli;
    private long usedMemory;
    private int usedPods;

    private bool Admit(PodWorker worker)
    {
        var pod = worker.Pod;
        var (reason, message) = UnderPressure(pod) ?? Refusal(pod);
        if (reason is null)
        {
            worker.Admitted = true;
            return true;
        }
        message = $"Pod was rejected: {message}";
        api.Event(pod, "Warning", reason, "{0}", message);
        worker.Finished = true;
        Write(worker, pod.Status with
        {
            Phase = "Failed", Reason = reason, Message = message, StartTime = Now,
            ObservedGeneration = pod.Metadata.Generation,
        });
        return false;
    }

    private (string? Reason, string Message) Refusal(Pod pod)
    {
        if (api.Get<Node>("", node) is not { } host)
        {
            return (null, "");
        }
        if (!NodeAffinity.Allows(pod.Spec.NodeSelector, pod.Spec.Affinity?.NodeAffinity,
            host.Metadata.Labels, node))
        {
            return ("NodeAffinity", "Predicate NodeAffinity failed: "
                + "node(s) didn't match Pod's node affinity/selector");
        }
        var (cpu, memory) = Asked(pod);
        var room = host.Status.Allocatable;
        return Full("pods", 1, usedPods, room) ?? Full("cpu", cpu, usedCpuMilli, room)
            ?? Full("memory", memory, usedMemory, room) ?? (null, "");
    }

    private static (string? Reason, string Message)? Full(
        string resource, long asked, long used, Map<Quantity> room)
    {
        if (asked == 0 || !room.TryGetValue(resource, out var there))
        {
            return null;
        }
        var capacity = resource == "cpu" ? there.MilliValue : there.Value;
        return used + asked <= capacity ? null : ($"OutOf{resource}",
            "Node didn't have enough resource: " + string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{resource}, requested: {asked}, used: {used}, capacity: {capacity}"));
    }

    private static (long CpuMilli, long Memory) Asked(Pod pod)
    {
        var requests = pod.Requests;
        return (requests.TryGetValue("cpu", out var cpu) ? cpu.MilliValue : 0,
            requests.TryGetValue("memory", out var memory) ? memory.Value : 0);
    }

    private void Charge(PodWorker worker)
    {
        if (!worker.Charged)
        {
            worker.Charged = true;
            Count(worker.Pod, 1);
        }
    }

    private void Release(PodWorker worker)
    {
        Unmount(worker);
        if (worker.Charged)
        {
            worker.Charged = false;
            Count(worker.Pod, -1);
        }
    }

    private void Count(Pod pod, int sign)
    {
        var (cpu, memory) = Asked(pod);
        usedCpuMilli += sign * cpu;
        usedMemory += sign * memory;
        usedPods += sign;
    }
}
