using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Charts of a cluster's run. Each is a Plotly figure, drawn as a still picture.</summary>
public static partial class Chart
{
    private const int MostSamples = 500;
    private const int MostNodes = 12;
    private const string Clock = "virtual time since the start, in seconds";

    // Okabe and Ito, the ones that part best first.
    private static readonly string[] Colours =
        ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442"];

    private static readonly string[] LookColours =
        ["#e69f00", "#56b4e9", "#f0e442", "#009e73", "#cc79a7", "#0072b2", "#d55e00"];

    private static readonly string[] Shares = ["p50", "p95", "p99"];

    // From the bottom: what one wants, and on top of it what is on its way or goes wrong.
    private static readonly PodLook[] Order =
    [
        PodLook.Ready, PodLook.NotReady, PodLook.Creating, PodLook.Pending, PodLook.Terminating,
        PodLook.Succeeded, PodLook.Failed,
    ];

    /// <summary>How many pods were in which state, over the whole run.</summary>
    public static Figure PodsByPhase(Cluster cluster)
    {
        var looks = new Dictionary<ObjectKey, PodLook>();
        var samples = Samples(cluster, e =>
        {
            looks.Remove(e.Key);
            if (e.New is Pod pod)
            {
                looks.Add(e.Key, PodLooks.Of(pod));
            }
        }, () => [.. Order.Select(o => (double)looks.Values.Count(l => l == o))], Kinds.Pod);
        return new("Pods by phase", Clock, "pods", [.. Order
            .Select((look, i) => Of(PodLooks.Name(look), TraceForm.Area, LookColours[(int)look],
                samples, i))
            .Where(t => t.Y.Any(y => y > 0))]);
    }

    /// <summary>A rollout: the pods of the old and of the newest ReplicaSet, how many of them all
    /// are available, and the two bounds that the Deployment keeps between.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="deployment">The name of the Deployment.</param>
    /// <param name="ns">Its namespace.</param>
    /// <exception cref="ApiException">There is no such Deployment.</exception>
    public static Figure Rollout(Cluster cluster, string deployment, string ns = "default")
    {
        const string RevisionOf = "deployment.kubernetes.io/revision";
        var now = cluster.Get<Deployment>(ns, deployment);
        var newest = cluster.List<ReplicaSet>(ns).Where(s => s.IsControlledBy(now.Metadata.Uid))
            .MaxBy(s => long.Parse(s.Metadata.Annotations.Get(RevisionOf) ?? "0",
                CultureInfo.InvariantCulture))?.Key;
        var sets = new SortedDictionary<ObjectKey, ReplicaSet>();
        Deployment? at = null;
        var samples = Samples(cluster, e =>
        {
            if (e.Key == now.Key)
            {
                at = e.New as Deployment;
            }
            else if (e.New is ReplicaSet set && set.IsControlledBy(now.Metadata.Uid))
            {
                sets[e.Key] = set;
            }
            else
            {
                sets.Remove(e.Key);
            }
        }, () => at is null ? null :
        [
            sets.Where(s => s.Key != newest).Sum(s => s.Value.Status.Replicas),
            sets.Where(s => s.Key == newest).Sum(s => s.Value.Status.Replicas),
            sets.Values.Sum(s => s.Status.AvailableReplicas),
            at.MinAvailable, at.Wanted + at.MaxSurge,
        ], Kinds.Deployment, Kinds.ReplicaSet);
        return new($"Rollout of Deployment {deployment}", Clock, "pods",
        [
            Of("old pods", TraceForm.Area, Colours[4], samples, 0),
            Of("new pods", TraceForm.Area, Colours[5], samples, 1),
            Of("available", TraceForm.Steps, Colours[0], samples, 2),
            Of("floor: wanted − maxUnavailable", TraceForm.Bound, "#555f6b", samples, 3),
            Of("ceiling: wanted + maxSurge", TraceForm.Bound, "#555f6b", samples, 4),
        ]);
    }

    /// <summary>An autoscaler: the replicas that there were and that it wanted, its bounds, and how
    /// many would have been on target by what was measured (replicas × measured / target; of
    /// several metrics the most).</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="name">The name of the HorizontalPodAutoscaler.</param>
    /// <param name="ns">Its namespace.</param>
    /// <exception cref="ApiException">There is no such autoscaler.</exception>
    public static Figure Autoscaler(Cluster cluster, string name, string ns = "default")
    {
        var now = cluster.Get<HorizontalPodAutoscaler>(ns, name);
        HorizontalPodAutoscaler? at = null;
        var samples = Samples(cluster, e => at = e.Key != now.Key ? at
            : e.New as HorizontalPodAutoscaler, () => at is null ? null :
            [
                at.Status.CurrentReplicas, at.Status.DesiredReplicas, Asked(at),
                at.Spec.MinReplicas ?? 1, at.Spec.MaxReplicas,
            ], Kinds.HorizontalPodAutoscaler);
        return new($"HorizontalPodAutoscaler {name}", Clock, "replicas",
        [
            Of("by what was measured", TraceForm.Area, Colours[5], samples, 2),
            Of("replicas", TraceForm.Steps, Colours[0], samples, 0),
            Of("wanted", TraceForm.Steps, Colours[1], samples, 1),
            Of("minReplicas", TraceForm.Bound, "#555f6b", samples, 3),
            Of("maxReplicas", TraceForm.Bound, "#555f6b", samples, 4),
        ]);
    }

    private static double Asked(HorizontalPodAutoscaler hpa) => hpa.Spec.Metrics
        .Zip(hpa.Status.CurrentMetrics, (metric, now) =>
        {
            var target = metric.Resource?.Target ?? metric.ContainerResource?.Target
                ?? metric.Pods?.Target ?? metric.Object?.Target ?? metric.External?.Target;
            var ratio = (now.Current, target) switch
            {
                ({ AverageUtilization: { } use }, { AverageUtilization: > 0 and var wanted }) =>
                    use / (double)wanted,
                ({ AverageValue: { } use }, { AverageValue: { Sign: > 0 } wanted }) =>
                    use.ToDouble() / wanted.ToDouble(),
                ({ Value: { } use }, { Value: { Sign: > 0 } wanted }) =>
                    use.ToDouble() / wanted.ToDouble(),
                _ => 0,
            };
            return Math.Round(ratio * hpa.Status.CurrentReplicas, 2);
        }).DefaultIfEmpty().Max();

    /// <summary>What the pods on each node request, of what the node can give. It is requests that
    /// the scheduler counts, not what containers use.</summary>
    public static Figure Utilisation(Cluster cluster)
    {
        var nodes = cluster.List<Node>().ToList();
        nodes.Sort((a, b) => MapScene.Natural(a.Metadata.Name, b.Metadata.Name));
        var more = nodes.Count <= MostNodes ? "" : string.Create(CultureInfo.InvariantCulture,
            $" (the first {MostNodes} of {nodes.Count} nodes)");
        var shown = nodes.Take(MostNodes).ToList();
        var pods = cluster.List<Pod>().Where(p => !p.IsFinished)
            .ToLookup(p => p.Spec.NodeName ?? "", StringComparer.Ordinal);
        Trace Bars(string resource, string colour)
        {
            var sums = shown.ConvertAll(n => pods[n.Metadata.Name]
                .Select(p => p.Requests.Get(resource)).Aggregate(new Quantity(), (a, b) => a + b));
            var whole = shown.ConvertAll(n => n.Status.Allocatable.Get(resource));
            return new($"{resource} requested", TraceForm.Bar, colour)
            {
                Names = shown.ConvertAll(n => n.Metadata.Name),
                Y = [.. sums.Zip(whole, (s, w) => w.Sign <= 0 ? 0
                    : Math.Round(100 * s.ToDouble() / w.ToDouble(), 1))],
                Labels = [.. sums.Zip(whole, (s, w) => $"{s}/{w}")],
            };
        }
        return new($"Requests on each node{more}", "node", "% of what the node can give",
            [Bars("cpu", Colours[0]), Bars("memory", Colours[4])]) { YMost = 100 };
    }

    /// <summary>A number over the run: taken after every instant at which something was
    /// written.</summary>
    /// <example><code>Chart.Over(cluster, "ready pods",
    ///     c => c.List&lt;Pod&gt;().Count(p => p.IsReady))</code></example>
    public static Figure Over(Cluster cluster, string name, Func<ClusterView, double> number)
    {
        var instants = new List<(DateTime Time, Revision At)>();
        foreach (var (time, e) in cluster.Past())
        {
            if (instants.Count > 0 && instants[^1].Time == time)
            {
                instants.RemoveAt(instants.Count - 1);
            }
            instants.Add((time, e.At));
        }
        var apart = Math.Max(1.0, (instants.Count - 1.0) / (MostSamples - 1));
        var start = ClusterMap.Begin(cluster);
        var points = new List<(double X, double[] Y)>();
        for (var i = 0; i < Math.Min(instants.Count, MostSamples); i++)
        {
            var (time, at) = instants[(int)Math.Round(i * apart)];
            points.Add((Seconds(start, time), [number(cluster.At(at))]));
        }
        points.Add((Seconds(start, cluster.Now), [number(cluster.At(cluster.Revision))]));
        return new(name, Clock, name, [Of(name, TraceForm.Steps, Colours[0], points, 0)]);
    }

    /// <summary>Any numbers over time.</summary>
    /// <param name="title">What the chart is about.</param>
    /// <param name="unit">What the numbers count: <c>requests per second</c>.</param>
    /// <param name="series">A name and its numbers, oldest first.</param>
    public static Figure Series(string title, string unit,
        params (string Name, IEnumerable<(DateTime Time, double Value)> Points)[] series)
    {
        var all = series.Select(s => (s.Name, Points: s.Points.ToList())).ToList();
        var start = all.SelectMany(s => s.Points).Select(p => p.Time).DefaultIfEmpty().Min();
        return new(title, $"seconds since {start:HH:mm:ss} (virtual time)", unit,
            [.. all.Select((s, i) => new Trace(s.Name, TraceForm.Line, Colours[i % Colours.Length])
            {
                X = s.Points.ConvertAll(p => Seconds(start, p.Time)),
                Y = s.Points.ConvertAll(p => p.Value),
            })]);
    }

    /// <summary>A load: the requests of each second that were answered, and on top of them those
    /// that were lost, by reason.</summary>
    public static Figure Load(LoadRun load)
    {
        ArgumentNullException.ThrowIfNull(load);
        var reasons = load.Seconds.SelectMany(s => s.Lost.Select(l => l.Key)).Distinct()
            .Order(StringComparer.Ordinal).ToList();
        var samples = load.Seconds.Select(s => ((double)s.Second,
            // What is reset may have been sent in a second before.
            reasons.Select(r => s.Lost.Get(r)).Prepend(Math.Max(0, s.Answered)).ToArray()))
            .ToList();
        return new($"Load from {load.Spec.From} to {load.Spec.Url}", "seconds since its start",
            "requests a second", [Of("answered", TraceForm.Area, Colours[5], samples, 0),
            .. reasons.Select((r, i) => Of($"lost: {r}", TraceForm.Area,
                Colours[(i + 1) % Colours.Length], samples, i + 1))]);
    }

    /// <summary>How long the answers of a load took: half of them, 95 and 99 of 100 came within so
    /// many milliseconds.</summary>
    public static Figure LoadTimes(LoadRun load)
    {
        ArgumentNullException.ThrowIfNull(load);
        var samples = load.Seconds.Select(s => ((double)s.Second, new[] { s.P50, s.P95, s.P99 }))
            .ToList();
        return new($"Times of answers from {load.Spec.Url}", "seconds since its start",
            "milliseconds", [.. Shares.Select((name, i) =>
                Of(name, TraceForm.Line, Colours[i], samples, i))]);
    }

    // Folds what was written into numbers: a sample after each instant, and one at the end.
    private static List<(double X, double[] Y)> Samples(Cluster cluster, Action<WatchEvent> fold,
        Func<double[]?> sample, params Kind[] kinds)
    {
        var (start, samples) = (ClusterMap.Begin(cluster), new List<(double X, double[] Y)>());
        void Take(DateTime time)
        {
            if (sample() is { } numbers)
            {
                samples.Add((Seconds(start, time), numbers));
            }
        }
        DateTime? at = null;
        foreach (var (time, e) in cluster.Past(kinds))
        {
            if (at is { } before && before != time)
            {
                Take(before);
            }
            fold(e);
            at = time;
        }
        if (at is { } last)
        {
            Take(last);
        }
        Take(cluster.Now);
        return samples;
    }

    private static double Seconds(DateTime start, DateTime time) =>
        Math.Round((time - start).TotalSeconds, 6);

    private static Trace Of(string name, TraceForm form, string colour,
        List<(double X, double[] Y)> samples, int index) => new(name, form, colour)
        {
            X = samples.ConvertAll(s => s.X),
            Y = samples.ConvertAll(s => s.Y[index]),
        };
}
