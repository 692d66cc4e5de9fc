namespace KubeSim;

/// <summary>Numbers that somebody outside says, as an adapter would read them off Prometheus or a
/// queue: about each pod of a selection, about another object, or about nothing in the
/// cluster.</summary>
public sealed class CustomMetrics
{
    private readonly List<(string Namespace, Selector? Pods, string Of, string Name,
        Quantity Value)> said = [];

    /// <summary>Says a number.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="pods">The pods that it is about, each; null for none.</param>
    /// <param name="of">The object, as <c>services/web</c>; empty for an external
    /// number.</param>
    /// <param name="name">The metric.</param>
    /// <param name="value">The number.</param>
    public void Set(string ns, Selector? pods, string of, string name, Quantity value)
    {
        said.RemoveAll(s => s.Namespace == ns && $"{s.Pods}" == $"{pods}" && s.Of == of
            && s.Name == name && s.Pods is null == pods is null);
        said.Add((ns, pods, of, name, value));
    }

    /// <summary>True when somebody said any custom, or any external number.</summary>
    public bool Knows(bool external) =>
        said.Exists(s => (s.Pods is null && s.Of.Length == 0) == external);

    /// <summary>A number about an object, or an external one; null for none.</summary>
    public Quantity? Of(string ns, string of, string name)
    {
        var at = said.FindLastIndex(s =>
            s.Namespace == ns && s.Pods is null && s.Of == of && s.Name == name);
        return at < 0 ? (Quantity?)null : said[at].Value;
    }

    /// <summary>A number about a pod; null for none.</summary>
    public Quantity? Of(Pod pod, string name)
    {
        ArgumentNullException.ThrowIfNull(pod);
        var at = said.FindLastIndex(s => s.Namespace == pod.Metadata.Namespace && s.Name == name
            && s.Pods?.Matches(pod.Metadata.Labels) == true);
        return at < 0 ? (Quantity?)null : said[at].Value;
    }
}
