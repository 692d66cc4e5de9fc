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
        ((World)simulation.World).Usage.Set(
            Namespace, KubeSim.Selector.Parse(Selector), new(Cpu, Memory));
        return true;
    }
}

/// <summary>What pods use.</summary>
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

    /// <summary>How much CPU and memory a pod uses, as far as somebody said.</summary>
    public Usage UsageOf(Pod pod) => Owned(s => ((World)s.World).Usage.Of(pod));

    private static Quantity? Read(string? quantity) => quantity is null ? (Quantity?)null
        : Quantity.TryParse(quantity, out var value, out var problem) ? value
        : throw new ArgumentException(problem, nameof(quantity));
}
