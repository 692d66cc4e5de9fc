namespace KubeSim;

/// <summary>Requests that come to Services from outside, as functions of time, and the CPU that
/// they cost. They are spread evenly over the ready endpoints; a pod whose CPU is limited uses no
/// more than its limit and is slow instead, and what nobody serves is lost. No packet is sent:
/// see <c>cluster.Send</c> for one, and <c>cluster.Load</c> for what comes of many.
/// <para>Worked: 200 requests a second of 5m each are 1000m; over 4 pods 250m each; with a limit of
/// 200m 200m each, and 40 requests a second too few.</para></summary>
public sealed class Traffic
{
    private readonly List<(string Namespace, string Service, DateTime Since,
        Func<TimeSpan, double> Rps, Quantity CpuPerRequest, string By)> flows = [];

    /// <summary>The loads of <c>cluster.Load</c>, which measure their answers: see
    /// <see cref="LoadRun"/>.</summary>
    public List<LoadRun> Loads { get; } = [];

    /// <summary>True when nobody sends anything.</summary>
    public bool IsEmpty => flows.Count == 0;

    /// <summary>Says what comes to a Service from now on, in the place of what was said
    /// before.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="service">Its name.</param>
    /// <param name="since">Now: what <paramref name="rps"/> counts from.</param>
    /// <param name="rps">Requests a second, by the time since then.</param>
    /// <param name="cpuPerRequest">CPU seconds that a request costs, such as 5m.</param>
    /// <param name="by">Who sends them; others send beside them.</param>
    public void Set(string ns, string service, DateTime since, Func<TimeSpan, double> rps,
        Quantity cpuPerRequest, string by = "")
    {
        flows.RemoveAll(f => f.Namespace == ns && f.Service == service && f.By == by);
        flows.Add((ns, service, since, rps, cpuPerRequest, by));
    }

    /// <summary>Requests a second to a Service at an instant.</summary>
    public double Rps(string ns, string service, DateTime at) => flows
        .Where(f => f.Namespace == ns && f.Service == service)
        .Sum(f => Math.Max(0, f.Rps(at - f.Since)));

    /// <summary>The CPU, in thousandths, that requests cost each pod on the average of a time that
    /// ends at an instant; of zero length: at that instant. What is asked every second, at whole
    /// seconds back.</summary>
    /// <param name="at">The end.</param>
    /// <param name="window">The time.</param>
    /// <param name="slices">The EndpointSlices of a namespace, as they are.</param>
    public IReadOnlyDictionary<(string Namespace, string Pod), double> Cpu(DateTime at,
        TimeSpan window, Func<string, IEnumerable<EndpointSlice>> slices)
    {
        ArgumentNullException.ThrowIfNull(slices);
        var load = new Dictionary<(string, string), double>();
        foreach (var (ns, service, since, rps, cost, _) in flows)
        {
            var ready = slices(ns).Where(s => s.IsOf(service)).SelectMany(s => s.Endpoints)
                .Where(e => e.Conditions.Ready != false && e.TargetRef?.Kind == nameof(Pod))
                .Select(e => e.TargetRef!.Name!).Distinct().ToList();
            var seconds = Math.Max(1, (int)window.TotalSeconds);
            var (sum, taken) = (0.0, 0);
            for (var back = at; taken < seconds && back >= since; taken++)
            {
                sum += Math.Max(0, rps(back - since));
                back = back.AddSeconds(-1);
            }
            foreach (var pod in ready)
            {
                load[(ns, pod)] = load.GetValueOrDefault((ns, pod))
                    + (sum / seconds * cost.ToDouble() * 1000 / ready.Count);
            }
        }
        return load;
    }

    /// <summary>What a pod uses when requests cost it so much: as much more than what was said of
    /// it, but no more than its limit.</summary>
    public static Usage With(Usage said, Pod pod, double milliCpu)
    {
        if (milliCpu <= 0)
        {
            return said;
        }
        var cpu = Quantity.Milli((long)Math.Round(milliCpu)) + (said.Cpu ?? new(0));
        return said with
        {
            Cpu = pod.Limits.TryGetValue("cpu", out var limit) && limit < cpu ? limit : cpu,
        };
    }

    /// <summary>A function that goes in straight lines from point to point, and stays at the
    /// last.</summary>
    public static Func<TimeSpan, double> Lines(Seq<(TimeSpan At, double Rps)> points) => time =>
    {
        var next = points.AsSpan().ToArray().ToList().FindIndex(p => p.At > time);
        if (next <= 0)
        {
            return points.IsEmpty ? 0 : next < 0 ? points[^1].Rps : 0;
        }
        var (from, to) = (points[next - 1], points[next]);
        return from.Rps + ((to.Rps - from.Rps) * ((time - from.At) / (to.At - from.At)));
    };
}
