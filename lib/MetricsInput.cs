namespace KubeSim;

/// <summary>Says how much CPU and memory pods use from now on: see
/// <see cref="PodUsage"/>.</summary>
/// <param name="Namespace">Where.</param>
/// <param name="Selector">Which, as <c>app=web</c>; empty for all.</param>
/// <param name="Cpu">What each uses, such as 250m; null: as before.</param>
/// <param name="Memory">What each uses, such as 64Mi; null: as before.</param>
public sealed record MetricsInput(
    string Namespace, string Selector, Quantity? Cpu, Quantity? Memory) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"pods {Namespace}/{Selector} use "
        + string.Join(" and ", new[] { Cpu is null ? null : $"{Cpu} CPU",
            Memory is null ? null : $"{Memory} memory" }.OfType<string>());

    internal override bool Execute(Simulation simulation)
    {
        var world = (World)simulation.World;
        world.Say(() => world.Usage.Set(
            Namespace, KubeSim.Selector.Parse(Selector), new(Cpu, Memory)));
        return true;
    }
}

/// <summary>Says a number of the custom or the external metrics from now on: see
/// <see cref="CustomMetrics"/>.</summary>
/// <param name="Namespace">Where.</param>
/// <param name="Name">The metric.</param>
/// <param name="Value">The number.</param>
/// <param name="Pods">The pods that each have it, as <c>app=web</c>; null for none.</param>
/// <param name="Of">The object that it is about, as <c>services/web</c>; empty for an external
/// number.</param>
public sealed record NumberInput(
    string Namespace, string Name, Quantity Value, string? Pods, string Of) : Input
{
    /// <inheritdoc/>
    public override string Describe =>
        $"{Name} of {Namespace}/{Pods ?? (Of.Length > 0 ? Of : "(external)")} is {Value}";

    internal override bool Execute(Simulation simulation)
    {
        ((World)simulation.World).Numbers.Set(Namespace,
            Pods is null ? null : KubeSim.Selector.Parse(Pods), Of, Name, Value);
        return true;
    }
}

/// <summary>Says what requests come to a Service from now on: see <see cref="Traffic"/>.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Service">Its name.</param>
/// <param name="CpuPerRequest">What a request costs, in CPU seconds.</param>
/// <param name="Points">Requests a second in straight lines from point to point; unset for a
/// function.</param>
/// <param name="Rps">Makes the function, anew for every replay; null for points.</param>
public sealed record TrafficInput(string Namespace, string Service, Quantity CpuPerRequest,
    Seq<(TimeSpan At, double Rps)> Points, Func<Func<TimeSpan, double>>? Rps = null) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"traffic to {Namespace}/{Service}";

    /// <inheritdoc/>
    public override bool HoldsDelegate => Rps is not null;

    internal override bool Execute(Simulation simulation)
    {
        var world = (World)simulation.World;
        world.Say(() => world.Traffic.Set(Namespace, Service, simulation.Now,
            Rps?.Invoke() ?? KubeSim.Traffic.Lines(Points), CpuPerRequest));
        return true;
    }
}

/// <summary>What pods use, and what is asked of them.</summary>
public sealed partial class Cluster
{
    /// <summary>Says how much CPU and memory each of some pods uses from now on, those that come
    /// later too.</summary>
    /// <example><code>cluster.Metrics("default", "app=web", cpu: "400m")</code></example>
    /// <exception cref="ArgumentException">The selector or a quantity cannot be
    /// read.</exception>
    public void Metrics(string ns, string selector, string? cpu = null, string? memory = null)
    {
        if (!Selector.TryParse(selector, out _, out var problem))
        {
            throw new ArgumentException(problem, nameof(selector));
        }
        Owned(s => s.Submit(new MetricsInput(ns, selector, Read(cpu), Read(memory))));
    }

    /// <summary>How much CPU and memory a pod uses now: what somebody said, what its programs
    /// are known to take, and what the traffic costs it. The metrics server learns of it
    /// later.</summary>
    public Usage UsageOf(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return Owned(s =>
        {
            var world = (World)s.World;
            var load = world.Traffic.Cpu(s.Now, TimeSpan.Zero, ns => s.Store.List(
                Kinds.EndpointSlice, ns, s.Store.Head).Cast<EndpointSlice>());
            return world.UsageOf(pod,
                load.GetValueOrDefault((pod.Metadata.Namespace, pod.Metadata.Name)));
        });
    }

    /// <summary>What each running container of a pod uses now, as its kubelet would
    /// measure it.</summary>
    /// <example><code>cluster.StatsOf(cluster.Get&lt;Pod&gt;("web-0"))[0].WorkingSetBytes</code>
    /// </example>
    public Seq<ContainerStats> StatsOf(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return pod.Spec.NodeName is not { } node ? [] : Owned(s =>
            s.World.Machine(node).Runtime.ListContainerStats(pod.Metadata.Uid));
    }

    /// <summary>Says a custom metric of each of some pods or of an object, or an external metric,
    /// from now on.</summary>
    /// <param name="name">The metric.</param>
    /// <param name="value">The number, such as 20 or 500m.</param>
    /// <param name="pods">The pods that each have it, by label; null for none.</param>
    /// <param name="of">The object that it is about, as <c>services/web</c> or
    /// <c>ingresses.networking.k8s.io/web</c>; with neither it is an external metric.</param>
    /// <param name="ns">The namespace.</param>
    /// <example><code>cluster.Metric("queue_length", "120")</code></example>
    /// <exception cref="ArgumentException">The selector or the number cannot be
    /// read.</exception>
    public void Metric(string name, string value, string? pods = null, string of = "",
        string ns = "default")
    {
        if (pods is not null && !Selector.TryParse(pods, out _, out var problem))
        {
            throw new ArgumentException(problem, nameof(pods));
        }
        var number = new NumberInput(ns, name, Read(value)!.Value, pods, of);
        Owned(s => s.Submit(number));
    }

    /// <summary>Says what requests come to a Service from now on: its ready pods share them, and
    /// each costs CPU, up to their limits.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="cpuPerRequest">CPU seconds a request, such as 5m.</param>
    /// <param name="points">Requests a second at times from now, with straight lines between.
    /// </param>
    /// <example><code>
    /// cluster.Traffic("web", "5m", (TimeSpan.Zero, 10), (TimeSpan.FromMinutes(1), 200))
    /// </code></example>
    public void Traffic(string service, string cpuPerRequest,
        params (TimeSpan At, double Rps)[] points) => Owned(s => s.Submit(new TrafficInput(
            "default", service, Read(cpuPerRequest)!.Value, [.. points.OrderBy(p => p.At)])));

    /// <summary>The same as any function of the time from now on. A replay calls the factory again:
    /// what it makes must depend on the time alone.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="cpuPerRequest">CPU seconds a request, such as 5m.</param>
    /// <param name="rps">Makes the function: requests a second by time.</param>
    /// <param name="ns">Its namespace.</param>
    /// <example><code>
    /// cluster.Traffic("web", "5m", () => t => 100 + (80 * Math.Sin(t.TotalMinutes)))
    /// </code></example>
    public void Traffic(string service, string cpuPerRequest,
        Func<Func<TimeSpan, double>> rps, string ns = "default")
    {
        ArgumentNullException.ThrowIfNull(rps);
        Owned(s => s.Submit(
            new TrafficInput(ns, service, Read(cpuPerRequest)!.Value, default, rps)));
    }

    /// <summary>The requests a second that come to a Service now.</summary>
    public double RequestsTo(string service, string ns = "default") =>
        Owned(s => ((World)s.World).Traffic.Rps(ns, service, s.Now));

    private static Quantity? Read(string? quantity) => quantity is null ? (Quantity?)null
        : Quantity.TryParse(quantity, out var value, out var problem) ? value
        : throw new ArgumentException(problem, nameof(quantity));
}
