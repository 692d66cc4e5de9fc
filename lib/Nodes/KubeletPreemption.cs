namespace KubeSim;

/// <summary>
/// Room for critical pods. A static pod, or one of priority 2,000,000,000 and more
/// (<c>system-cluster-critical</c>), that lacks nothing but amounts is not refused: the kubelet
/// ends others for it, as few as will do. Best-effort pods go before burstable ones and these
/// before guaranteed ones; within a class the pod that comes nearest to what is missing goes first,
/// and of two equal ones the smaller. The critical pod waits until they are gone.
/// <para>Worked: 4 CPUs, all promised in pods of 1, 1 and 2; a critical pod asks for 2: the one of
/// 2 goes, phase Failed, reason Preempting.</para>
/// Models pkg/kubelet/preemption/preemption.go.
/// </summary>
public sealed partial class Kubelet
{
    private const int CriticalPriority = 2_000_000_000;

    private static readonly PodVerdict preempted = new("Preempting",
        "Preempted in order to admit critical pod",
        "Pod was preempted by Kubelet to accommodate a critical pod.");

    private static bool IsCritical(Pod pod) =>
        IsStatic(pod) || IsMirror(pod) || pod.Priority >= CriticalPriority;

    /// <summary>Makes room; true when the pod is to wait for it. Else the reason tells why it is
    /// refused.</summary>
    private bool Preempt(PodWorker worker, List<Rejection> all, ref Rejection reason)
    {
        if (all.Find(r => r.Resource is null) is { } other)
        {
            reason = other;
            return false;
        }
        var others = workers.Values.Where(w => w.Charged).OrderBy(w => w.Pod.Key).ToList();
        var leaving = others.FindAll(w => w.Verdict is not null);
        if (leaving.Count == 0)
        {
            var weaker = others.FindAll(w => IsCritical(w.Pod)
                ? worker.Pod.Priority > w.Pod.Priority : w.Stage < Stage.Stopping);
            if (Left(all, weaker) is [_, ..] left)
            {
                reason = new("UnexpectedAdmissionError", "Unexpected error while attempting to "
                    + "recover from admission failure: preemption: error finding a set of pods to "
                    + "preempt: no set of running pods found to reclaim resources: ["
                    + string.Concat(left.Select(r => $"(res: {r.Resource}, q: {r.Lacks}), "))
                    + "]");
                return false;
            }
            leaving = Victims(weaker, all);
            foreach (var victim in leaving)
            {
                api.Event(victim.Pod, "Warning", preempted.Reason, "{0}", preempted.Message);
                victim.Verdict = preempted;
                Terminate(victim);
                Schedule(victim, victim.Pod.Key);
            }
        }
        (worker.NextSync, worker.SyncPace) =
            (leaving.Max(w => w.Due) + TimeSpan.FromTicks(1), Pace.Progress);
        return true;
    }

    private static List<PodWorker> Victims(List<PodWorker> weaker, List<Rejection> needs)
    {
        List<PodWorker> Of(string qos) => weaker.FindAll(w => w.Pod.QosClass == qos);
        var (best, burstable) = (Of("BestEffort"), Of("Burstable"));
        var guaranteed = Nearest(Of("Guaranteed"), Left(needs, [.. best, .. burstable]));
        burstable = Nearest(burstable, Left(needs, [.. best, .. guaranteed]));
        best = Nearest(best, Left(needs, [.. burstable, .. guaranteed]));
        return [.. best, .. burstable, .. guaranteed];
    }

    private static List<PodWorker> Nearest(List<PodWorker> pods, List<Rejection> needs)
    {
        var chosen = new List<PodWorker>();
        while (needs.Count > 0)
        {
            var next = pods.OrderBy(w => needs.Sum(n => Distance(n, w.Pod)))
                .ThenBy(w => Request(w.Pod, "memory")).ThenBy(w => Request(w.Pod, "cpu")).First();
            pods.Remove(next);
            chosen.Add(next);
            needs = Left(needs, [next]);
        }
        return chosen;
    }

    // The share of a need that would stay, squared, so that one half-met need weighs less than one
    // that is not met at all.
    private static double Distance(Rejection need, Pod pod)
    {
        var rest = need.Lacks - Request(pod, need.Resource!);
        return rest > 0 ? Math.Pow((double)rest / need.Lacks, 2) : 0;
    }

    private static List<Rejection> Left(List<Rejection> needs, List<PodWorker> gone) =>
        needs.ConvertAll(n => n with
        {
            Lacks = n.Lacks - gone.Sum(w => Request(w.Pod, n.Resource!)),
        }).FindAll(n => n.Lacks > 0);

    private static long Request(Pod pod, string resource) => resource == "pods" ? 1
        : pod.Requests.TryGetValue(resource, out var asked)
            ? NodePromises.Amount(resource, asked) : 0;
}
