namespace KubeSim;

/// <summary>What one pod measured, in thousandths; when, and over which span.</summary>
internal readonly record struct PodMetric(long Value, Time At, TimeSpan Window);

/// <summary>By which share a measure may be off its target, below and above.</summary>
internal readonly record struct Tolerance(double Down, double Up)
{
    public bool Holds(double ratio) => 1 - Down <= ratio && ratio <= 1 + Up;
}

/// <summary>How many replicas a metric asks for, and what it was: the percentage of the requests
/// where that is the target, and the average of a pod (or the whole) in thousandths.</summary>
internal readonly record struct HpaProposal(int Replicas, long Value, int? Utilization = null);

/// <summary>A metric could not be had or not be used; the message says why.</summary>
internal sealed class MetricException(string message) : Exception(message);

/// <summary>
/// How many replicas a metric asks for: the pods that count, times measured over wanted, rounded
/// up; and as many as there are where the ratio is within the tolerance of 1.
/// <para>Which pods count is the art of it. Those that are going or have failed are forgotten.
/// Those that do not run yet, and for CPU those that are not ready or have only just started, are
/// unready: what they use says little. Those without a measure are missing. If either might change
/// the answer the ratio is taken again, carefully: on the way up unready and missing ones use
/// nothing, on the way down missing ones use all that they requested. If that turns the direction
/// round, nothing is done.</para>
/// <para>Worked example: 4 pods of 100m, target 50 %; two use 120m, two have no metrics. 240/200 =
/// 120 % is 2.4 times the target. With the missing ones at 0 it is 240/400 = 60 %, 1.2 times: 4 ×
/// 1.2 = 4.8, so 5.</para>
/// Models pkg/controller/podautoscaler/replica_calculator.go and .../metrics/utilization.go.
/// </summary>
internal sealed class HpaReplicas(
    DateTime now, Tolerance tolerance, TimeSpan cpuInitialization, TimeSpan initialReadiness)
{
    private const string NoPods = "no pods returned by selector while calculating replica count";

    /// <summary>By the percentage of what pods (or one container of each) request.</summary>
    public HpaProposal Utilization(int current, int target, string resource, string? container,
        IReadOnlyList<Pod> pods, SortedDictionary<string, PodMetric> metrics)
    {
        Map<long> requests = default;
        var full = Math.Max(100, target);
        return Propose(current, resource, pods, metrics, measured =>
        {
            if (requests.IsEmpty)
            {
                requests = Requests(pods, resource, container);
            }
            var (used, asked, count) = (0L, 0L, 0);
            foreach (var (name, metric) in measured)
            {
                if (requests.TryGetValue(name, out var request))
                {
                    (used, asked, count) = (used + metric.Value, asked + request, count + 1);
                }
            }
            if (asked == 0)
            {
                throw new MetricException("no metrics returned matched known pods");
            }
            var percent = (int)(used * 100 / asked);
            return ((double)percent / target, new(0, used / count, percent));
        }, name => requests.Get(name) * full / 100);
    }

    /// <summary>By the average of the pods.</summary>
    public HpaProposal Average(int current, long target, string resource,
        IReadOnlyList<Pod> pods, SortedDictionary<string, PodMetric> metrics) =>
        Propose(current, resource, pods, metrics, measured =>
        {
            var average = measured.Values.Sum(m => m.Value) / measured.Count;
            return ((double)average / target, new(0, average));
        }, _ => target);

    /// <summary>By one number for all.</summary>
    public HpaProposal Total(int current, long value, long target, IReadOnlyList<Pod> pods)
    {
        var ratio = (double)value / target;
        if (current == 0)
        {
            return new(Ceiling(ratio), value);
        }
        if (tolerance.Holds(ratio))
        {
            return new(current, value);
        }
        return pods.Count > 0
            ? new(Ceiling(ratio * pods.Count(p => p.Status.Phase == "Running" && p.IsReady)), value)
            : throw new MetricException($"unable to calculate ready pods: {NoPods}");
    }

    /// <summary>By one number divided by the replicas there are.</summary>
    public HpaProposal Share(int current, long value, long target) => new(
        tolerance.Holds(value / ((double)target * current)) ? current
            : Ceiling((double)value / target),
        Ceiling((double)value / current));

    private HpaProposal Propose(int current, string resource, IReadOnlyList<Pod> pods,
        SortedDictionary<string, PodMetric> metrics,
        Func<SortedDictionary<string, PodMetric>, (double Ratio, HpaProposal What)> measure,
        Func<string, long> full)
    {
        if (pods.Count == 0)
        {
            throw new MetricException(NoPods);
        }
        var (ready, unready, missing, ignored) = Group(pods, metrics, resource);
        foreach (var name in ignored.Concat(unready))
        {
            metrics.Remove(name);
        }
        if (metrics.Count == 0)
        {
            throw new MetricException(
                "did not receive metrics for targeted pods (pods might be unready)");
        }
        var (ratio, what) = measure(metrics);
        var withUnready = unready.Count > 0 && ratio > 1;
        if (!withUnready && missing.Count == 0)
        {
            return what with
            {
                Replicas = tolerance.Holds(ratio) ? current : Ceiling(ratio * ready),
            };
        }
        if (ratio != 1)
        {
            foreach (var name in missing)
            {
                metrics[name] = new(ratio < 1 ? full(name) : 0, default, default);
            }
        }
        foreach (var name in withUnready ? unready : [])
        {
            metrics[name] = default;
        }
        var (again, _) = measure(metrics);
        var wanted = Ceiling(again * metrics.Count);
        var turns = (ratio < 1 && again > 1) || (ratio > 1 && again < 1)
            || (again < 1 && wanted > current) || (again > 1 && wanted < current);
        return what with { Replicas = tolerance.Holds(again) || turns ? current : wanted };
    }

    /// <summary>The number of pods that count, and the names of the others.</summary>
    public (int Ready, List<string> Unready, List<string> Missing, List<string> Ignored) Group(
        IEnumerable<Pod> pods, IReadOnlyDictionary<string, PodMetric> metrics, string resource)
    {
        var ready = 0;
        var (unready, missing, ignored) = (new List<string>(), new List<string>(),
            new List<string>());
        foreach (var pod in pods)
        {
            var name = pod.Metadata.Name;
            if (pod.IsTerminating || pod.Status.Phase == "Failed")
            {
                ignored.Add(name);
            }
            else if (pod.Status.Phase == "Pending")
            {
                unready.Add(name);
            }
            else if (!metrics.TryGetValue(name, out var metric))
            {
                missing.Add(name);
            }
            else if (resource == "cpu" && IsUnready(pod, metric))
            {
                unready.Add(name);
            }
            else
            {
                ready++;
            }
        }
        return (ready, unready, missing, ignored);
    }

    private bool IsUnready(Pod pod, in PodMetric metric)
    {
        if (pod.Condition("Ready") is not { } condition || pod.Status.StartTime is not { } start)
        {
            return true;
        }
        var since = condition.LastTransitionTime?.DateTime ?? default;
        // Young, it must be ready and measured for a whole window since; later it is in doubt only
        // while it has never been ready.
        return start.DateTime + cpuInitialization > now
            ? condition.Status == "False" || metric.At.DateTime < since + metric.Window
            : condition.Status == "False" && start.DateTime + initialReadiness > since;
    }

    private static Map<long> Requests(
        IReadOnlyList<Pod> pods, string resource, string? container)
    {
        var requests = new List<KeyValuePair<string, long>>();
        foreach (var pod in pods)
        {
            var sum = 0L;
            if (container is null && pod.Spec.Resources is { } whole
                && whole.Requests.TryGetValue(resource, out var all))
            {
                sum = all.MilliValue;
            }
            else
            {
                var counted = pod.Spec.Containers.Select(c => (c, ""))
                    .Concat(pod.Spec.InitContainers.Where(c => c.IsSidecar)
                        .Select(c => (c, "init ")));
                foreach (var (c, kind) in counted.Where(
                    c => container is null || c.c.Name == container))
                {
                    sum += c.Resources.Requests.TryGetValue(resource, out var request)
                        ? request.MilliValue : throw new MetricException($"missing request for "
                            + $"{resource} in {kind}container {c.Name} of Pod {pod.Metadata.Name}");
                }
            }
            requests.Add(new(pod.Metadata.Name, sum));
        }
        return requests.ToMap();
    }

    // More than an int holds is as many as one can say.
    private static int Ceiling(double replicas) =>
        (int)Math.Min(int.MaxValue, Math.Ceiling(replicas));
}
