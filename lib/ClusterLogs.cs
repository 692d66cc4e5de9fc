using System.Globalization;

namespace KubeSim;

/// <summary>The log store of a cluster, as somebody asks it: a cluster has one with the add-on
/// <c>logging</c>, or with Fluent Bit and Loki of one's own (see <see cref="LogStore"/>).</summary>
/// <example><code>
/// cluster.AddOn("logging");
/// cluster.Logs.Query("{app=\"web\"} |= \"error\"");     // of pods that are gone, too
/// </code></example>
public sealed class ClusterLogs
{
    private readonly Cluster cluster;

    internal ClusterLogs(Cluster cluster) => this.cluster = cluster;

    /// <summary>The lines that have arrived, oldest first.</summary>
    /// <param name="query">LogQL that finds lines: a selector of streams by their labels
    /// (<c>namespace</c>, <c>pod</c>, <c>container</c>, <c>node</c>, and those of the pod), then
    /// filters <c>|=</c>, <c>!=</c>, <c>|~</c>, <c>!~</c>.</param>
    /// <param name="since">Only those of so long before now; null for all.</param>
    /// <param name="until">Only those up to so long before now.</param>
    /// <param name="limit">Of more the latest so many.</param>
    /// <exception cref="ArgumentException">The query cannot be read.</exception>
    /// <exception cref="InvalidOperationException">No store runs.</exception>
    public LogLines Query(string query, TimeSpan? since = null, TimeSpan until = default,
        int limit = 1000)
    {
        var parsed = LogQuery.Parse(query);
        return cluster.Still(c =>
        {
            var from = since is { } span ? c.Now - span : DateTime.MinValue;
            var found = (c.Engine.World as World)?.Logs.Find(parsed, from, c.Now - until, c.Now)
                ?? throw new InvalidOperationException("no log store answers: no container of "
                    + "image grafana/loki runs (cluster.AddOn(\"logging\") brings one)");
            return new LogLines { Lines = [.. found.TakeLast(limit)] };
        });
    }
}

/// <summary>Lines of several containers, in the order of their times.</summary>
public sealed record LogLines
{
    /// <summary>The lines, oldest first.</summary>
    public Seq<StoredLine> Lines { get; init; }

    /// <summary>The lines as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>A line each: when, which pod and container, what.</summary>
    public override string ToString() => Lines.IsEmpty ? "no lines" : string.Join('\n', Lines
        .Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.Time:HH:mm:ss.fff} "
            + $"{l.Labels.Get("pod")}/{l.Labels.Get("container")} {l.Text}")));
}
