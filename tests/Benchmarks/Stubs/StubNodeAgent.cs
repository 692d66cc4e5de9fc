using KubeSim;

namespace Benchmarks;

/// <summary>
/// A stand-in for the kubelet: a second after a pod is bound to its node, the pod runs and is
/// ready; a deleted pod is gone after another second. There is no image, no probe and no container.
/// <para>Each node has an instance that watches the pods bound to it. Starting is a Progress
/// timer, so that a run has converged only when every pod runs.</para>
/// </summary>
internal sealed class StubNodeAgent(string node) : IReconciler
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ObjectKey, DateTime> due = [];

    /// <inheritdoc/>
    public string Name => "kubelet";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.OnNode<Pod>()];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Pod pod || pod.Spec.NodeName != node)
        {
            due.Remove(key);
            return Result.Done;
        }
        if (pod is { IsTerminating: false } and ({ IsReady: true } or { IsFinished: true }))
        {
            due.Remove(key);
            return Result.Done;
        }
        if (!due.TryGetValue(key, out var at))
        {
            due.Add(key, at = api.Now + StartTime);
        }
        if (api.Now < at)
        {
            api.After(at - api.Now, key);
            return Result.Done;
        }
        due.Remove(key);
        if (pod.IsTerminating)
        {
            api.Delete(key, new() { GracePeriodSeconds = 0 });
            return Result.Done;
        }
        api.UpdateStatus(pod with { Status = Running(pod, api.Now) });
        return Result.Done;
    }

    private static PodStatus Running(Pod pod, DateTime now)
    {
        Time at = now;
        var scheduled = pod.Condition("PodScheduled");
        PodCondition True(string type) =>
            new() { Type = type, Status = "True", LastTransitionTime = at };
        return pod.Status with
        {
            Phase = "Running", StartTime = at,
            Conditions = [True("PodReadyToStartContainers"), True("Initialized"), True("Ready"),
                True("ContainersReady"), scheduled ?? True("PodScheduled")],
        };
    }
}
