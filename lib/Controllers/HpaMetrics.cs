using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What the metrics of one autoscaler ask for. Numbers come from three APIs of extension
/// servers: <c>metrics.k8s.io</c> (what pods use), <c>custom.metrics.k8s.io</c> (numbers about
/// pods and other objects) and <c>external.metrics.k8s.io</c>.</summary>
/// <remarks>Models pkg/controller/podautoscaler/horizontal.go and .../metrics/client.go.</remarks>
internal sealed class HpaMetrics
{
    private readonly HorizontalPodAutoscaler hpa;
    private readonly Selector selector;
    private readonly List<Pod> pods;
    private readonly ReconcileContext api;
    private readonly HpaReplicas calculator;
    private readonly int wanted;
    private readonly int there;

    public HpaMetrics(HorizontalPodAutoscaler hpa, Scale scale, Selector selector,
        List<Pod> pods, ReconcileContext api)
    {
        (this.hpa, this.selector, this.pods, this.api) = (hpa, selector, pods, api);
        (wanted, there) = (scale.Spec.Replicas ?? 0, scale.Status.Replicas);
        var flags = api.Settings;
        var usual = flags.Get(KnownFlags.HpaTolerance);
        double Off(HPAScalingRules? rules) => rules?.Tolerance?.ToDouble() ?? usual;
        calculator = new(api.Now,
            new(Off(hpa.Spec.Behavior?.ScaleDown), Off(hpa.Spec.Behavior?.ScaleUp)),
            flags.Get(KnownFlags.HpaCpuInitialization),
            flags.Get(KnownFlags.HpaInitialReadiness));
        var statuses = new List<MetricStatus>();
        foreach (var metric in hpa.Spec.Metrics)
        {
            statuses.Add(Measure(metric));
        }
        Statuses = [.. statuses];
        IsUsable = Failures.Count < statuses.Count && (Failures.Count == 0 || Replicas >= wanted);
        Problem = Failures.Count == 0 ? null : $"invalid metrics ({Failures.Count} invalid out of "
            + $"{statuses.Count}), first error is: {Problem}";
        // A pod that came lately will be measured and be ready before long.
        IsUnderWay = Failures.Count > 0 && pods.Exists(p => p.IsActive
            && api.Now - (p.Status.StartTime?.DateTime ?? api.Now) < TimeSpan.FromMinutes(1));
    }

    /// <summary>The most that any metric asks for.</summary>
    public int Replicas { get; private set; }

    /// <summary>The metric that asks for it, in words.</summary>
    public string Name { get; private set; } = "";

    /// <summary>What each metric was.</summary>
    public Seq<MetricStatus> Statuses { get; }

    /// <summary>The reason and the message of each that could not be had.</summary>
    public List<(string Reason, string Message)> Failures { get; } = [];

    /// <summary>False: what is known is not enough to go by.</summary>
    public bool IsUsable { get; }

    /// <summary>What went wrong, in all; null for nothing.</summary>
    public string? Problem { get; private set; }

    /// <summary>True when a metric may be there before long.</summary>
    public bool IsUnderWay { get; }

    private string Namespace => hpa.Metadata.Namespace;

    private MetricStatus Measure(MetricSpec metric)
    {
        var result = metric switch
        {
            { Type: "Resource", Resource: { } source } => OfResource(source.Name, null,
                source.Target, $"{source.Name} resource", v => new()
                {
                    Resource = new() { Name = source.Name, Current = v },
                }),
            { Type: "ContainerResource", ContainerResource: { } source } => OfResource(source.Name,
                source.Container, source.Target, $"{source.Container} container", v => new()
                {
                    ContainerResource = new()
                    {
                        Name = source.Name, Container = source.Container, Current = v,
                    },
                }),
            { Type: "Pods", Pods: { } source } => OfPods(source),
            { Type: "Object", Object: { } source } => OfObject(source),
            { Type: "External", External: { } source } => OfExternal(source),
            // Validation lets none of these through.
            _ => Try("InvalidMetricSourceType", "", "", "", () =>
                throw new MetricException($"unknown metric source type \"{metric.Type}\"")),
        };
        return result with { Type = result.Current is null ? "" : metric.Type };
    }

    private MetricStatus OfResource(string resource, string? container, MetricTarget target,
        string what, Func<MetricValueStatus, MetricStatus> status)
    {
        var share = target.AverageValue is null;
        var inside = container is not null ? "container " : "";
        return Try($"FailedGet{(inside.Length > 0 ? "Container" : "")}ResourceMetric",
            $"failed to get {resource} {(share ? "utilization" : "usage")}: ", "",
            $"failed to get {what} metric value: ", () =>
            {
                var metrics = UsageOf(resource, container);
                var proposal = share
                    ? calculator.Utilization(wanted, target.AverageUtilization ?? 0, resource,
                        container, pods, metrics)
                    : calculator.Average(wanted, target.AverageValue!.Value.MilliValue, resource,
                        pods, metrics);
                Propose(proposal, share
                    ? $"{resource} {inside}resource utilization (percentage of request)"
                    : $"{resource} resource");
                return status(new()
                {
                    AverageUtilization = proposal.Utilization,
                    AverageValue = Quantity.Milli(proposal.Value),
                });
            });
    }

    private MetricStatus OfPods(PodsMetricSource source) => Try("FailedGetPodsMetric", "", "",
        "failed to get pods metric value: ", () =>
        {
            var read = Wrapped($"unable to get metric {source.Metric.Name}: ",
                () => Custom("pods", "*", source.Metric, $"{selector}"));
            var metrics = new SortedDictionary<string, PodMetric>(StringComparer.Ordinal);
            foreach (var item in read)
            {
                metrics[item.TextAt("describedObject", "name")] = new(Value(item),
                    At(item), TimeSpan.FromMinutes(1));
            }
            var proposal = calculator.Average(wanted,
                source.Target.AverageValue!.Value.MilliValue, "", pods, metrics);
            Propose(proposal, $"pods metric {source.Metric.Name}");
            return new()
            {
                Pods = new() { Metric = source.Metric, Current = Average(proposal) },
            };
        });

    private MetricStatus OfObject(ObjectMetricSource source)
    {
        var (of, metric) = (source.DescribedObject, source.Metric);
        return Try("FailedGetObjectMetric", "", source.Target.Value is not null ? ""
            : $"failed to get {metric.Name} object metric: ",
            "failed to get object metric value: ", () =>
            {
                // The real one, too, says the error where the namespace should be.
                var value = Wrapped(e => $"unable to get metric {metric.Name}: {of.Kind} on "
                    + $"{Namespace} {of.Name}/{e}", () => Value(Custom(
                        Plural(of), of.Name, metric, null)[0]));
                var whole = source.Target.Value is { } target;
                var proposal = whole
                    ? calculator.Total(wanted, value, source.Target.Value!.Value.MilliValue, pods)
                    : calculator.Share(there, value,
                        source.Target.AverageValue!.Value.MilliValue);
                Propose(proposal, whole ? $"{of.Kind} metric {metric.Name}"
                    : $"external metric {metric.Name}({LabelSelector.Shown(metric.Selector)})");
                return new()
                {
                    Object = new()
                    {
                        DescribedObject = of, Metric = metric,
                        Current = whole ? Whole(proposal) : Average(proposal),
                    },
                };
            });
    }

    private MetricStatus OfExternal(ExternalMetricSource source)
    {
        var metric = source.Metric;
        var (name, series) = (metric.Name, LabelSelector.Shown(metric.Selector));
        var whole = source.Target.AverageValue is null;
        return Try("FailedGetExternalMetric", "", whole
            ? $"failed to get external metric {name}: "
            : $"failed to get {name} external metric: ",
            $"failed to get {name} external metric value: ", () =>
            {
                var value = Wrapped($"unable to get external metric {Namespace}/{name}/{series}: ",
                    () => Read("external.metrics.k8s.io", "v1beta1", name, "",
                        $"{Selector.From(metric.Selector ?? new())}", null,
                        "external metrics API").Sum(Value));
                var proposal = whole
                    ? calculator.Total(wanted, value, source.Target.Value!.Value.MilliValue, pods)
                    : calculator.Share(there, value,
                        source.Target.AverageValue!.Value.MilliValue);
                Propose(proposal, $"external metric {name}({series})");
                return new()
                {
                    External = new()
                    {
                        Metric = metric, Current = whole ? Whole(proposal) : Average(proposal),
                    },
                };
            });
    }

    private void Propose(in HpaProposal proposal, string name)
    {
        if (Replicas == 0 || proposal.Replicas > Replicas)
        {
            (Replicas, Name) = (proposal.Replicas, name);
        }
    }

    // What goes wrong is an event and a condition, and in other words an error in the log.
    private MetricStatus Try(string reason, string told, string logged, string outer,
        Func<MetricStatus> measure)
    {
        try
        {
            return measure();
        }
        catch (MetricException e)
        {
            Failures.Add((reason, told + e.Message));
            Problem ??= outer + logged + told + e.Message;
            return new();
        }
    }

    private static T Wrapped<T>(string before, Func<T> read) => Wrapped(e => before + e, read);

    private static T Wrapped<T>(Func<string, string> say, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (MetricException e)
        {
            throw new MetricException(say(e.Message));
        }
    }

    private SortedDictionary<string, PodMetric> UsageOf(string resource, string? container) =>
        Wrapped($"unable to get metrics for resource {resource}: ", () =>
        {
            var found = new SortedDictionary<string, PodMetric>(StringComparer.Ordinal);
            foreach (var item in Read("metrics.k8s.io", "v1beta1", "pods", "", $"{selector}", null,
                "resource metrics API"))
            {
                var (name, all) = (item.TextAt("metadata", "name"), item.ItemsAt("containers"));
                var counted = all.Where(c => container is null || c.TextAt("name") == container)
                    .Select(c => c.At("usage", resource)?.ToString()).ToList();
                if (counted.Count == 0)
                {
                    throw new MetricException("failed to get container metrics: container "
                        + $"{container} not present in metrics for pod {Namespace}/{name}");
                }
                if (counted.TrueForAll(c => c is not null))
                {
                    _ = GoDuration.TryParse(item.TextAt("window"), out var window);
                    found[name] = new(counted.Sum(c => Quantity.Parse(c!).MilliValue), At(item),
                        window);
                }
            }
            return found;
        });

    private List<JsonNode> Custom(
        string plural, string name, MetricIdentifier metric, string? labels) =>
        Read("custom.metrics.k8s.io", "v1beta2", plural, name, labels,
            metric, "custom metrics API");

    private List<JsonNode> Read(string group, string version, string plural, string name,
        string? labels, MetricIdentifier? metric, string from)
    {
        var kind = MetricKinds.Of(group, version, plural);
        var path = new ResourcePath(kind, Namespace, name, metric?.Name ?? "");
        Seq<ApiObject> items;
        try
        {
            items = api.Send(new(Verb.List, path)
            {
                Query = new()
                {
                    LabelSelector = labels,
                    FieldSelector = metric?.Selector is { } series
                        ? $"metricLabelSelector={Selector.From(series)}" : null,
                },
            }).Items!.ToSeq();
        }
        catch (ApiException refused)
        {
            throw new MetricException($"unable to fetch metrics from {from}: "
                + (group[0] == 'c' && refused.IsNotFound && refused.Status.Details is null
                    ? $"no custom metrics API ({group}) registered" : refused.Message));
        }
        return items.IsEmpty ? throw new MetricException($"no metrics returned from {from}")
            : [.. items.Select(o => (JsonNode)Json.Encode(o))];
    }

    private static string Plural(CrossVersionObjectReference of) =>
        KindRegistry.BuiltIn.All.FirstOrDefault(k => k.Name == of.Kind) is { } kind
            ? kind.Resource : of.Kind.ToLowerInvariant() + "s";

    private static long Value(JsonNode item) => Quantity.Parse(item.TextAt("value")).MilliValue;

    private static Time At(JsonNode item) => DateTime.Parse(item.TextAt("timestamp"),
        System.Globalization.CultureInfo.InvariantCulture,
        System.Globalization.DateTimeStyles.AdjustToUniversal);

    private static MetricValueStatus Average(in HpaProposal proposal) =>
        new() { AverageValue = Quantity.Milli(proposal.Value) };

    private static MetricValueStatus Whole(in HpaProposal proposal) =>
        new() { Value = Quantity.Milli(proposal.Value) };
}
