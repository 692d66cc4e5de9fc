namespace KubeSim;

/// <summary>What was measured: how much, when, and over which time before that.</summary>
public readonly record struct Measured(Usage Usage, DateTime At, TimeSpan Window)
{
    /// <summary>Of a pod with several containers: what each but the first used, by name.</summary>
    public Map<Usage> Others { get; init; }
}

/// <summary>What the metrics server remembers. Kubelets tell it counters (so much CPU since the
/// start of a container), and usage is the difference of two: so nothing is known of a container
/// before the second scrape that it sees. One that started 10 s and more before its first is taken
/// to have been at 0 when it started.
/// <para>Worked: scrapes at 0, 15, 30 s. A pod of second 3 is 12 s old at 15 s: known at once, over
/// 12 s. One of second 8 is known at 30 s, over 15 s.</para></summary>
/// <remarks>Models sigs.k8s.io/metrics-server/pkg/storage.</remarks>
public sealed class ScrapedMetrics
{
    /// <summary>The time between two scrapes.</summary>
    public static readonly TimeSpan Resolution = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan fresh = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Measured> pods = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Measured> nodes = new(StringComparer.Ordinal);

    /// <summary>When it last scraped; null before the first.</summary>
    public DateTime? Last { get; private set; }

    /// <summary>A new server remembers nothing.</summary>
    public void Forget()
    {
        pods.Clear();
        nodes.Clear();
        Last = null;
    }

    /// <summary>Takes what the nodes that answer say of their pods.</summary>
    /// <param name="now">When.</param>
    /// <param name="all">The pods of the nodes that answer, by node.</param>
    /// <param name="used">What a pod used, over a time up to now.</param>
    /// <param name="others">What the containers of a pod used, but for the first.</param>
    public void Scrape(DateTime now, ILookup<string, Pod> all, Func<Pod, TimeSpan, Usage> used,
        Func<Pod, Map<Usage>>? others = null)
    {
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(used);
        var last = Last;
        Forget();
        Last = now;
        foreach (var node in all)
        {
            var sum = new Usage(new Quantity(0), new Quantity(0));
            foreach (var pod in node)
            {
                if (Window(pod, now, last) is { } window)
                {
                    var usage = used(pod, window);
                    pods[pod.Metadata.Uid] = new(usage, now, window)
                    {
                        Others = pod.Spec.Containers.Count > 1 ? others?.Invoke(pod) ?? default
                            : default,
                    };
                    sum = new(sum.Cpu + (usage.Cpu ?? new(0)),
                        sum.Memory + (usage.Memory ?? new(0)));
                }
            }
            if (last is { } before)
            {
                nodes[node.Key] = new(sum, now, now - before);
            }
        }
    }

    /// <summary>What is known of a pod; null for nothing.</summary>
    public Measured? Of(Pod pod) =>
        pods.TryGetValue(pod.Metadata.Uid, out var measured) ? measured : null;

    /// <summary>What is known of a node; null for nothing.</summary>
    public Measured? OfNode(string node) =>
        nodes.TryGetValue(node, out var measured) ? measured : null;

    // The time that all containers of a pod can be told of; null while one cannot.
    private static TimeSpan? Window(Pod pod, DateTime now, DateTime? last)
    {
        TimeSpan? shortest = null;
        foreach (var container in pod.Status.ContainerStatuses)
        {
            if (container.State.Running?.StartedAt is not { } started)
            {
                return null;
            }
            var age = now - started.DateTime;
            var window = last is { } before && started.DateTime <= before ? now - before
                : age >= fresh && age < Resolution ? age : TimeSpan.Zero;
            if (window == TimeSpan.Zero)
            {
                return null;
            }
            shortest = shortest < window ? shortest : window;
        }
        return shortest;
    }
}
