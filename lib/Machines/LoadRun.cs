using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>One second of a load.</summary>
/// <param name="Second">Which, from the load's start on.</param>
/// <param name="Sent">Requests sent.</param>
/// <param name="Lost">Requests that got no answer, by reason: <c>refused</c>, <c>no endpoints</c>,
/// <c>reset</c>, <c>timed out</c>, <c>no route</c>, <c>name unknown</c>.</param>
/// <param name="P50">Half of the answers came within so many milliseconds.</param>
/// <param name="P95">95 of 100 did.</param>
/// <param name="P99">99 of 100 did.</param>
public sealed record LoadSecond(int Second, double Sent, Map<double> Lost, double P50, double P95,
    double P99)
{
    /// <summary>Requests that were answered.</summary>
    public double Answered => Sent - Lost.Sum(l => l.Value);
}

/// <summary>Who a load is about to be answered by, at one instant.</summary>
/// <param name="Pod">The pod that new connections go to with this chance; null for none.</param>
/// <param name="Reason">Why connections get nowhere.</param>
/// <param name="Share">The chance, of 1.</param>
public sealed record LoadWay(string? Pod, string Reason, double Share);

/// <summary>A server as a load sees it.</summary>
/// <param name="Takes">New connections are taken.</param>
/// <param name="Runs">It runs: what it has begun it can finish.</param>
/// <param name="Reachable">Its machine is on and connected.</param>
/// <param name="Cores">CPU that it may use.</param>
public readonly record struct LoadServer(bool Takes, bool Runs, bool Reachable, double Cores);

/// <summary>
/// A load as a flow: between two things that happen in the cluster nothing changes, so the requests
/// of that time are spread over pods by the chances of that moment, and no packet has to be sent.
/// <para>Each pod is a queue. A request costs CPU time <c>c</c> and a pod may use <c>n</c> cores:
/// at most <c>n / c</c> requests a second. With a share <c>u</c> of that in use, a request waits
/// with probability <c>u</c>, and then (1 / capacity) / (1 − u) on average; above 1 the queue
/// grows, and what would wait longer than the client's patience is lost. Worked: 5m a request and
/// a limit of 200m are 40 requests a second; at 30 a second one in 100 takes longer than
/// 5 ms + ln(75) × 100 ms = 437 ms.</para>
/// <para>Connections that are kept stay with their pod until its program ends or says goodbye; then
/// they are opened anew. What a pod had begun when it was killed is reset.</para>
/// </summary>
public sealed class LoadRun(LoadSpec spec, DateTime since)
{
    private const double Wire = 0.0005;
    private const int MostSeconds = 86400;

    private readonly List<LoadSecond> seconds = [];
    private readonly SortedDictionary<string, double> queues = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double> kept = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double> served = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double> lost = new(StringComparer.Ordinal);
    private readonly List<(double Count, double Shift, double Busy, double Mean)> waits = [];
    private double sent;
    private double loose = spec.Connections;

    /// <summary>What was asked for.</summary>
    public LoadSpec Spec => spec;

    /// <summary>When it began (UTC).</summary>
    public DateTime Since => since;

    /// <summary>The seconds that are over.</summary>
    public IReadOnlyList<LoadSecond> Seconds => seconds;

    /// <summary>The requests that each pod answered.</summary>
    public IReadOnlyDictionary<string, double> Served => served;

    /// <summary>True once it is over.</summary>
    public bool IsOver(DateTime now) => now - since >= spec.Duration;

    /// <summary>The end of the second that runs at a time.</summary>
    public DateTime EndOfSecond(DateTime at) =>
        since.AddSeconds(Math.Floor((at - since).TotalSeconds) + 1);

    /// <summary>Lets a time pass in which nothing changes, within one second.</summary>
    /// <param name="from">From.</param>
    /// <param name="to">To.</param>
    /// <param name="ways">Where new connections go.</param>
    /// <param name="server">What is known of a pod.</param>
    public void Pass(DateTime from, DateTime to, IReadOnlyList<LoadWay> ways,
        Func<string, LoadServer> server)
    {
        ArgumentNullException.ThrowIfNull(ways);
        ArgumentNullException.ThrowIfNull(server);
        var span = (to - from).TotalSeconds;
        var count = Math.Max(0, spec.Rps((from - since) + ((to - from) / 2))) * span;
        sent += count;
        Break(server);
        foreach (var (pod, reason, share) in spec.KeepAlive ? Pinned(ways, server, span) : ways)
        {
            if (pod is null)
            {
                Lose(reason, count * share);
            }
            else if (!server(pod).Reachable)
            {
                Lose("timed out", count * share);
            }
            else
            {
                Serve(pod, count * share, span, server(pod).Cores);
            }
        }
        // What nobody sends any more is worked off.
        foreach (var pod in queues.Keys.Except(ways.Select(w => w.Pod).OfType<string>()).ToList())
        {
            queues[pod] = Math.Max(0, queues[pod] - (span * Capacity(server(pod).Cores)));
        }
        if (to >= EndOfSecond(from) || to - since >= spec.Duration)
        {
            EndSecond((int)(from - since).TotalSeconds);
        }
    }

    // Whose program has ended takes with it what it had begun.
    private void Break(Func<string, LoadServer> server)
    {
        foreach (var pod in queues.Keys.Where(p => !server(p).Runs).ToList())
        {
            Lose(server(pod).Reachable ? "reset" : "timed out", queues[pod]);
            served[pod] = Math.Max(0, served.GetValueOrDefault(pod) - queues[pod]);
            queues.Remove(pod);
        }
    }

    // The connections: those whose server is gone are opened anew, by the chances of now.
    // Where only silence comes back, they are given up one after the other.
    private List<LoadWay> Pinned(
        IReadOnlyList<LoadWay> ways, Func<string, LoadServer> server, double span)
    {
        foreach (var pod in kept.Keys.ToList())
        {
            var freed = kept[pod] * (server(pod) switch
            {
                { Reachable: false } => Math.Min(1, span / spec.Patience.TotalSeconds),
                { Takes: false } => 1,
                _ => 0,
            });
            loose += freed;
            kept[pod] -= freed;
        }
        var open = new List<LoadWay>();
        foreach (var (pod, reason, share) in ways)
        {
            if (pod is null)
            {
                open.Add(new(null, reason, loose * share / spec.Connections));
            }
            else if (loose > 0)
            {
                kept[pod] = kept.GetValueOrDefault(pod) + (loose * share);
            }
        }
        loose *= ways.Where(w => w.Pod is null).Sum(w => w.Share);
        open.AddRange(kept.Select(k => new LoadWay(k.Key, "", k.Value / spec.Connections)));
        return open;
    }

    private double Capacity(double cores) => Math.Max(1e-9, cores) / spec.CpuSeconds;

    private void Serve(string pod, double count, double span, double cores)
    {
        var capacity = Capacity(cores);
        var queue = queues.GetValueOrDefault(pod);
        var busy = count / span / capacity;
        var most = capacity * spec.Patience.TotalSeconds;
        var waiting = Math.Max(0, queue + ((busy - 1) * capacity * span));
        if (waiting > most)
        {
            Lose("timed out", waiting - most);
            count -= Math.Min(count, waiting - most);
            waiting = most;
        }
        var load = Math.Min(busy, 0.99);
        var mean = 1 / capacity / (1 - load);
        // Those in line, and those at work.
        queues[pod] = busy >= 1 ? waiting : Math.Max(waiting, load * load / (1 - load))
            + (count / span * spec.CpuSeconds);
        served[pod] = served.GetValueOrDefault(pod) + count;
        var line = busy >= 1 || waiting > 1 ? (queue + waiting) / 2 / capacity : 0;
        waits.Add((count, Wire + spec.CpuSeconds + line, load, mean));
    }

    private void Lose(string reason, double count)
    {
        if (count > 0)
        {
            lost[reason] = lost.GetValueOrDefault(reason) + count;
        }
    }

    private void EndSecond(int second)
    {
        if (seconds.Count < MostSeconds)
        {
            seconds.Add(new(second, sent, Map.Of([.. lost.Select(l => (l.Key, l.Value))]),
                Percentile(0.5), Percentile(0.95), Percentile(0.99)));
        }
        sent = 0;
        lost.Clear();
        waits.Clear();
    }

    // The time within which a share of the answers came: by halving, since only the share for a
    // time can be told.
    private double Percentile(double share)
    {
        var all = waits.Sum(w => w.Count);
        if (all <= 0)
        {
            return 0;
        }
        var (low, high) = (0.0, spec.Patience.TotalSeconds + 3600);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            var within = waits.Sum(w => middle < w.Shift ? 0
                : w.Count * (1 - (w.Busy * Math.Exp(-(middle - w.Shift) / w.Mean))));
            (low, high) = within < share * all ? (middle, high) : (low, middle);
        }
        return Math.Round(high * 1000, 3);
    }

    /// <summary>The load as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>What came of it: the sums, and each second in which something was lost, or every
    /// tenth.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $"{spec.From} → {spec.Url}: {seconds.Count} s, {seconds.Sum(s => s.Sent):0} sent, "
            + $"{seconds.Sum(s => s.Answered):0} answered, {Sum(seconds)}\n"));
        text.Append("second     sent  answered     p50 ms    p95 ms    p99 ms  lost\n");
        foreach (var s in seconds.Where(s => s.Second % 10 == 0 || !s.Lost.IsEmpty))
        {
            text.Append(CultureInfo.InvariantCulture, $"{s.Second,6} {s.Sent,8:0} ")
                .Append(CultureInfo.InvariantCulture, $"{s.Answered,9:0} {s.P50,10:0.0} ")
                .Append(CultureInfo.InvariantCulture, $"{s.P95,9:0.0} {s.P99,9:0.0}  ")
                .Append(s.Lost.IsEmpty ? "" : Sum([s])).Append('\n');
        }
        return text.ToString().TrimEnd('\n');
    }

    private static string Sum(IReadOnlyList<LoadSecond> of)
    {
        var sums = of.SelectMany(s => s.Lost).GroupBy(l => l.Key)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => string.Create(CultureInfo.InvariantCulture,
                $"{g.Key} {g.Sum(l => l.Value):0.#}")).ToList();
        return sums.Count == 0 ? "nothing lost" : $"lost: {string.Join(", ", sums)}";
    }
}

/// <summary>What a load generator is asked to do.</summary>
public sealed record LoadSpec
{
    /// <summary>Who sends: a pod, a node, or <c>outside</c>.</summary>
    public required string From { get; init; }

    /// <summary>Where to, such as <c>http://web</c>.</summary>
    public required string Url { get; init; }

    /// <summary>Requests a second, by the time since its start.</summary>
    public required Func<TimeSpan, double> Rps { get; init; }

    /// <summary>How long it sends.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>True: each connection carries many requests.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>How many connections it keeps.</summary>
    public int Connections { get; init; } = 64;

    /// <summary>CPU time that a request costs a pod.</summary>
    public double CpuSeconds { get; init; } = 0.005;

    /// <summary>How long it waits for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
