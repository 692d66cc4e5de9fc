using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What pods and nodes used over the run. Nobody wrote it down: the run is lived once more
/// and it is measured on the way (<see cref="Cluster.Sample"/>).</summary>
public static partial class Chart
{
    private const int MostLines = 6;
    private const int MostTaken = 240;

    /// <summary>What pods use: a line each, those that used most; and what one of them requests and
    /// may use at most, where they agree.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="selector">The pods: <c>app=web</c>; null for all of the namespace.</param>
    /// <param name="resource"><c>cpu</c> or <c>memory</c>.</param>
    /// <param name="ns">Their namespace.</param>
    /// <param name="last">Only the last so long; null for the whole run.</param>
    /// <exception cref="ArgumentException">The selector cannot be read, or there is no such
    /// resource.</exception>
    public static Figure Usage(Cluster cluster, string? selector = null, string resource = "cpu",
        string ns = "default", TimeSpan? last = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (!Selector.TryParse(selector ?? "", out var chosen, out var problem))
        {
            throw new ArgumentException(problem, nameof(selector));
        }
        Pod[] Chosen(Cluster c) => [.. c.List<Pod>(ns)
            .Where(p => p.Status.Phase == "Running" && chosen.Matches(p.Metadata.Labels))];
        var (unit, amount) = UnitOf(resource);
        var figure = Taken(cluster, $"Usage of {resource} by pods {selector}".TrimEnd(), unit, last,
            c => Chosen(c).Select(p => (p.Metadata.Name, Math.Round(amount(Of(c, p)), 3))));
        return new(figure.Title, figure.XTitle, figure.YTitle, [.. figure.Traces,
            .. Bounds("request", p => p.Requests), .. Bounds("limit", p => p.Limits)]);

        IEnumerable<Trace> Bounds(string name, Func<Pod, Map<Quantity>> of)
        {
            Quantity[] all = [.. Chosen(cluster).Select(p => of(p).Get(resource)).Distinct()];
            return figure.Traces.Count == 0 || all is not [{ Sign: > 0 } and var bound] ? []
                : [new($"{name} of each", TraceForm.Bound, "#555f6b")
                {
                    X = [figure.Traces.Min(t => t.X[0]), figure.Traces.Max(t => t.X[^1])],
                    Y = [.. Enumerable.Repeat(amount((bound.ToDouble(), bound.ToDouble())), 2)],
                }];
        }
    }

    /// <summary>What the pods of each node use together, of what the node can give: a line each,
    /// those that used most.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="resource"><c>cpu</c> or <c>memory</c>.</param>
    /// <param name="last">Only the last so long; null for the whole run.</param>
    /// <exception cref="ArgumentException">There is no such resource.</exception>
    public static Figure NodeUsage(Cluster cluster, string resource = "cpu", TimeSpan? last = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _ = UnitOf(resource);
        return Taken(cluster, $"Usage of {resource} on each node", "% of what the node can give",
            last, c =>
            {
                var byNode = c.List<Pod>().Where(p => p.Status.Phase == "Running")
                    .ToLookup(p => p.Spec.NodeName ?? "", StringComparer.Ordinal);
                return c.List<Node>().Select(n => (n.Metadata.Name, Math.Round(100
                    * byNode[n.Metadata.Name].Sum(p => Pick(Of(c, p), resource))
                    / Math.Max(1e-9, n.Status.Allocatable.Get(resource).ToDouble()), 2)));
            });
    }

    // CPUs and bytes.
    private static (double Cpu, double Memory) Of(Cluster cluster, Pod pod)
    {
        var (cpu, memory) = (0.0, 0L);
        foreach (var container in cluster.StatsOf(pod))
        {
            (cpu, memory) = (cpu + container.CpuMilli, memory + container.WorkingSetBytes);
        }
        return (cpu / 1000, memory);
    }

    private static double Pick((double Cpu, double Memory) used, string resource) =>
        resource == "cpu" ? used.Cpu : used.Memory;

    private static (string Unit, Func<(double Cpu, double Memory), double> Amount) UnitOf(
        string resource) => resource switch
        {
            "cpu" => ("CPUs", used => used.Cpu),
            "memory" => ("MiB", used => used.Memory / (1 << 20)),
            _ => throw new ArgumentException($"\"{resource}\" is neither cpu nor memory"),
        };

    // A line for each name, from the first time that it has a number to the last.
    private static Figure Taken(Cluster cluster, string title, string unit, TimeSpan? last,
        Func<Cluster, IEnumerable<(string Name, double Number)>> take)
    {
        var start = ClusterMap.Begin(cluster);
        var span = last is { } some && some < cluster.Now - start ? some : cluster.Now - start;
        var every = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(span.TotalSeconds / MostTaken)));
        var lines = new SortedDictionary<string, List<(double X, double[] Y)>>(
            Comparer<string>.Create(MapScene.Natural));
        foreach (var (time, numbers) in cluster.Sample(c => take(c).ToList(), every, span))
        {
            foreach (var (name, number) in numbers)
            {
                if (!lines.TryGetValue(name, out var line))
                {
                    lines.Add(name, line = []);
                }
                line.Add((Seconds(start, time), [number]));
            }
        }
        var most = lines.OrderByDescending(l => l.Value.Max(p => p.Y[0])).Take(MostLines)
            .Select(l => l.Key).ToHashSet(StringComparer.Ordinal);
        var more = lines.Count <= MostLines ? "" : string.Create(CultureInfo.InvariantCulture,
            $" (the {MostLines} of {lines.Count} that used most)");
        return new($"{title}{more}", Clock, unit, [.. lines.Where(l => most.Contains(l.Key))
            .Select((l, i) => Of(l.Key, TraceForm.Line, Colours[i % Colours.Length], l.Value, 0))]);
    }
}
