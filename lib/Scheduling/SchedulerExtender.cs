using System.Globalization;

namespace KubeSim;

/// <summary>
/// A service beside the scheduler that has a say in its decisions: an extender. Over HTTP it is
/// sent the pod and the nodes; here it is an object, found by the address that the configuration
/// names under <c>extenders</c>. Which of its methods are called the verbs there say.
/// <para>Example: filters leave three nodes. The extender keeps two, and gives them 0 and 10. With
/// weight 5 the second has 10 × 5 × 10 = 500 points more: extenders rate from 0 to 10, plugins to
/// 100.</para>
/// <para>What it throws is the answer 500 of the service; where nobody listens, the connection is
/// refused. Either ends the cycle with an error, unless the extender is ignorable; at Prioritize
/// it goes without its scores.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/extender.go. Preempting verbs have no effect.</remarks>
public interface ISchedulerExtender
{
    /// <summary>Which of the nodes will do; by default all.</summary>
    ExtenderFilterResult Filter(Pod pod, Seq<Node> nodes) =>
        new() { NodeNames = nodes.Select(n => n.Metadata.Name).ToSeq() };

    /// <summary>From 0 to 10 for each node, by name; by default nothing.</summary>
    Map<long> Prioritize(Pod pod, Seq<Node> nodes) => default;

    /// <summary>Binds the pod in the scheduler's place; by default as the scheduler does.</summary>
    /// <returns>Why not; null when it is done.</returns>
    string? Bind(Pod pod, string node, ReconcileContext api)
    {
        DefaultBinder.Bind(pod, node, api);
        return null;
    }
}

/// <summary>What an extender says of some nodes.</summary>
public sealed record ExtenderFilterResult
{
    /// <summary>Those that will do.</summary>
    public Seq<string> NodeNames { get; init; }

    /// <summary>Why others will not, though fewer pods there might help.</summary>
    public Map<string> FailedNodes { get; init; }

    /// <summary>Why others will not, whatever pods leave them.</summary>
    public Map<string> FailedAndUnresolvableNodes { get; init; }

    /// <summary>Why it cannot tell; null when it can.</summary>
    public string? Error { get; init; }
}

/// <summary>An extender, as a scheduler's configuration has it.</summary>
public sealed record SchedulerExtender : ApiPart
{
    /// <summary>The address: <c>http://127.0.0.1:8888/scheduler</c>.</summary>
    public string UrlPrefix { get; init; } = "";

    /// <summary>The last part of the address for filtering; empty: it does not filter.</summary>
    public string? FilterVerb { get; init; }

    /// <summary>The one for scores; empty: it gives none.</summary>
    public string? PrioritizeVerb { get; init; }

    /// <summary>The one for binding; empty: the scheduler binds.</summary>
    public string? BindVerb { get; init; }

    /// <summary>The one for preemption: no effect here.</summary>
    public string? PreemptVerb { get; init; }

    /// <summary>How much its scores count.</summary>
    public long Weight { get; init; }

    /// <summary>True: without it the scheduler decides alone.</summary>
    public bool Ignorable { get; init; }

    /// <summary>True: it is sent names instead of nodes. Here it sees the nodes in any
    /// case.</summary>
    public bool NodeCacheCapable { get; init; }

    /// <summary>It is asked only about pods that want one of these; none: about all.</summary>
    public Seq<ExtenderManagedResource> ManagedResources { get; init; }

    /// <summary>How the service is spoken to: no effect here.</summary>
    public bool EnableHTTPS { get; init; }

    /// <summary>How the service is spoken to: no effect here.</summary>
    public KeptFields? TlsConfig { get; init; }

    /// <summary>How long an answer may take: no effect here.</summary>
    public string? HttpTimeout { get; init; }
}

/// <summary>An extended resource that an extender watches over.</summary>
public sealed record ExtenderManagedResource : ApiPart
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>True: NodeResourcesFit does not look at it.</summary>
    public bool IgnoredByScheduler { get; init; }
}

/// <summary>An extender of a running scheduler, and the asking of it.</summary>
internal sealed class Extender(SchedulerExtender configured, ISchedulerExtender? listener)
{
    /// <summary>What stands for all extenders among those who turned a pod away.</summary>
    public const string Rejector = "Extender";

    // Extenders rate from 0 to 10.
    private const long Scale = IScorePlugin.MaxScore / 10;

    public string Name => configured.UrlPrefix;

    public bool IsIgnorable => configured.Ignorable;

    public long Weight => configured.Weight * Scale;

    public bool Filters => !string.IsNullOrEmpty(configured.FilterVerb);

    public bool Prioritizes => !string.IsNullOrEmpty(configured.PrioritizeVerb);

    public bool Binds => !string.IsNullOrEmpty(configured.BindVerb);

    public bool IsInterested(Pod pod) => configured.ManagedResources.IsEmpty
        || pod.Spec.Containers.Concat(pod.Spec.InitContainers).Any(c =>
            configured.ManagedResources.Any(r => c.Resources?.Requests.ContainsKey(r.Name) == true
                || c.Resources?.Limits.ContainsKey(r.Name) == true));

    /// <exception cref="PluginFailedException">There is no answer.</exception>
    public ExtenderFilterResult Filter(Pod pod, Seq<Node> nodes)
    {
        var result = Send(configured.FilterVerb!, e => e.Filter(pod, nodes));
        return result.Error is { Length: > 0 } error
            ? throw new PluginFailedException(error) : result;
    }

    /// <exception cref="PluginFailedException">There is no answer.</exception>
    public Map<long> Prioritize(Pod pod, Seq<Node> nodes) =>
        Send(configured.PrioritizeVerb!, e => e.Prioritize(pod, nodes));

    public PluginStatus Bind(Pod pod, string node, ReconcileContext api)
    {
        string? error;
        try
        {
            error = Send(configured.BindVerb!, e => e.Bind(pod, node, api));
        }
        catch (PluginFailedException failed)
        {
            error = failed.Message;
        }
        return string.IsNullOrEmpty(error) ? PluginStatus.Success
            : PluginStatus.Of(PluginCode.Error, "", [error]);
    }

    private T Send<T>(string verb, Func<ISchedulerExtender, T> ask)
    {
        var url = $"{configured.UrlPrefix.TrimEnd('/')}/{verb}";
        if (listener is null)
        {
            throw new PluginFailedException($"Post \"{url}\": {WhyNoAnswer(url)}");
        }
        try
        {
            return ask(listener);
        }
        catch (Exception e) when (SchedulingFramework.IsFault(e))
        {
            throw new PluginFailedException(
                $"failed {verb} with extender at URL {url}, code 500", e);
        }
    }

    private static string WhyNoAnswer(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var to) || to.Host.Length == 0)
        {
            return "unsupported protocol scheme \"\"";
        }
        var host = to.Host == "localhost" ? "127.0.0.1" : to.Host;
        return to.HostNameType == UriHostNameType.Dns && to.Host != "localhost"
            ? $"dial tcp: lookup {host}: no such host"
            : string.Create(CultureInfo.InvariantCulture,
                $"dial tcp {host}:{to.Port}: connect: connection refused");
    }
}
