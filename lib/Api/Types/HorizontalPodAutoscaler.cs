using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Keeps the number of replicas of a workload in step with what is measured.</summary>
public sealed record HorizontalPodAutoscaler : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.HorizontalPodAutoscaler;

    /// <summary>What is scaled, between which bounds, by what.</summary>
    public HorizontalPodAutoscalerSpec Spec { get; init; } = HorizontalPodAutoscalerSpec.None;
    /// <summary>What was measured, and what was made of it.</summary>
    public HorizontalPodAutoscalerStatus Status { get; init; } =
        HorizontalPodAutoscalerStatus.None;
}

/// <summary>What is scaled, between which bounds, by what.</summary>
public sealed record HorizontalPodAutoscalerSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static HorizontalPodAutoscalerSpec None { get; } = new();

    /// <summary>The workload; it has the subresource scale.</summary>
    public CrossVersionObjectReference ScaleTargetRef { get; init; } =
        CrossVersionObjectReference.None;
    /// <summary>The fewest; 1 by default.</summary>
    public int? MinReplicas { get; init; }
    /// <summary>The most.</summary>
    public int MaxReplicas { get; init; }
    /// <summary>What is measured: the one that asks for most decides.</summary>
    public Seq<MetricSpec> Metrics { get; init; }
    /// <summary>How fast it goes up and down.</summary>
    public HorizontalPodAutoscalerBehavior? Behavior { get; init; }
}

/// <summary>An object of any kind in the same namespace.</summary>
public sealed record CrossVersionObjectReference : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static CrossVersionObjectReference None { get; } = new();

    /// <summary>Its kind.</summary>
    public string Kind { get; init; } = "";
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";
    /// <summary>Its group and version.</summary>
    public string? ApiVersion { get; init; }
}

/// <summary>One thing that is measured, and what it shall be: of the five sources the one that
/// <see cref="Type"/> names.</summary>
public sealed record MetricSpec : ApiPart
{
    /// <summary>Resource, ContainerResource, Pods, Object or External.</summary>
    public string Type { get; init; } = "";
    /// <summary>A number about an object, such as an Ingress.</summary>
    public ObjectMetricSource? Object { get; init; }
    /// <summary>A number about each pod.</summary>
    public PodsMetricSource? Pods { get; init; }
    /// <summary>CPU or memory of each pod.</summary>
    public ResourceMetricSource? Resource { get; init; }
    /// <summary>CPU or memory of one container of each pod.</summary>
    public ContainerResourceMetricSource? ContainerResource { get; init; }
    /// <summary>A number about nothing in the cluster.</summary>
    public ExternalMetricSource? External { get; init; }
}

/// <summary>What a number shall be.</summary>
public sealed record MetricTarget : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static MetricTarget None { get; } = new();

    /// <summary>Utilization, AverageValue or Value.</summary>
    public string Type { get; init; } = "";
    /// <summary>The number itself.</summary>
    public Quantity? Value { get; init; }
    /// <summary>The number divided by the pods.</summary>
    public Quantity? AverageValue { get; init; }
    /// <summary>Percent of what the pods request.</summary>
    public int? AverageUtilization { get; init; }
}

/// <summary>A metric by name, and the series of it that count.</summary>
public sealed record MetricIdentifier : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static MetricIdentifier None { get; } = new();

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";
    /// <summary>The series, by label.</summary>
    public LabelSelector? Selector { get; init; }
}

/// <summary>A number about an object.</summary>
public sealed record ObjectMetricSource : ApiPart
{
    /// <summary>The object.</summary>
    public CrossVersionObjectReference DescribedObject { get; init; } =
        CrossVersionObjectReference.None;
    /// <summary>What it shall be.</summary>
    public MetricTarget Target { get; init; } = MetricTarget.None;
    /// <summary>Which number.</summary>
    public MetricIdentifier Metric { get; init; } = MetricIdentifier.None;
}

/// <summary>A number about each pod.</summary>
public sealed record PodsMetricSource : ApiPart
{
    /// <summary>Which number.</summary>
    public MetricIdentifier Metric { get; init; } = MetricIdentifier.None;
    /// <summary>What it shall be.</summary>
    public MetricTarget Target { get; init; } = MetricTarget.None;
}

/// <summary>CPU or memory of each pod.</summary>
public sealed record ResourceMetricSource : ApiPart
{
    /// <summary>cpu or memory.</summary>
    public string Name { get; init; } = "";
    /// <summary>What it shall be.</summary>
    public MetricTarget Target { get; init; } = MetricTarget.None;
}

/// <summary>CPU or memory of one container of each pod.</summary>
public sealed record ContainerResourceMetricSource : ApiPart
{
    /// <summary>cpu or memory.</summary>
    public string Name { get; init; } = "";
    /// <summary>What it shall be.</summary>
    public MetricTarget Target { get; init; } = MetricTarget.None;
    /// <summary>The container.</summary>
    public string Container { get; init; } = "";
}

/// <summary>A number about nothing in the cluster, such as the length of a queue.</summary>
public sealed record ExternalMetricSource : ApiPart
{
    /// <summary>Which number.</summary>
    public MetricIdentifier Metric { get; init; } = MetricIdentifier.None;
    /// <summary>What it shall be.</summary>
    public MetricTarget Target { get; init; } = MetricTarget.None;
}

/// <summary>How fast it goes up and down.</summary>
public sealed record HorizontalPodAutoscalerBehavior : ApiPart
{
    /// <summary>Up: by default at once, doubling or 4 pods in 15 s.</summary>
    public HPAScalingRules? ScaleUp { get; init; }
    /// <summary>Down: by default after five minutes of asking for less.</summary>
    public HPAScalingRules? ScaleDown { get; init; }
}

/// <summary>How fast it goes in one direction.</summary>
public sealed record HPAScalingRules : ApiPart
{
    /// <summary>For how many seconds back the most careful proposal counts.</summary>
    public int? StabilizationWindowSeconds { get; init; }
    /// <summary>Max (the default), Min or Disabled: which of the policies decides.</summary>
    public string? SelectPolicy { get; init; }
    /// <summary>How much in which time.</summary>
    public Seq<HPAScalingPolicy> Policies { get; init; }
    /// <summary>By which share it may be off target without anything being done.</summary>
    public Quantity? Tolerance { get; init; }
}

/// <summary>How much in which time.</summary>
public sealed record HPAScalingPolicy : ApiPart
{
    /// <summary>Pods or Percent.</summary>
    public string Type { get; init; } = "";
    /// <summary>How many.</summary>
    public int Value { get; init; }
    /// <summary>In how many seconds.</summary>
    public int PeriodSeconds { get; init; }
}

/// <summary>What was measured, and what was made of it.</summary>
public sealed record HorizontalPodAutoscalerStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static HorizontalPodAutoscalerStatus None { get; } = new();

    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>When it last changed the number of replicas.</summary>
    public Time? LastScaleTime { get; init; }
    /// <summary>The replicas that the workload was to have when it was looked at.</summary>
    public int CurrentReplicas { get; init; }
    /// <summary>The replicas that it was given.</summary>
    public int DesiredReplicas { get; init; }
    /// <summary>What was measured, in the order of the spec.</summary>
    public Seq<MetricStatus> CurrentMetrics { get; init; }
    /// <summary>AbleToScale, ScalingActive and ScalingLimited.</summary>
    public Seq<HorizontalPodAutoscalerCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of an autoscaler.</summary>
public sealed record HorizontalPodAutoscalerCondition : AnyCondition;

/// <summary>What one metric was; with an empty type when it could not be had.</summary>
public sealed record MetricStatus : ApiPart
{
    /// <summary>Resource, ContainerResource, Pods, Object or External.</summary>
    public string Type { get; init; } = "";
    /// <summary>A number about an object.</summary>
    public ObjectMetricStatus? Object { get; init; }
    /// <summary>A number about each pod.</summary>
    public PodsMetricStatus? Pods { get; init; }
    /// <summary>CPU or memory of each pod.</summary>
    public ResourceMetricStatus? Resource { get; init; }
    /// <summary>CPU or memory of one container of each pod.</summary>
    public ContainerResourceMetricStatus? ContainerResource { get; init; }
    /// <summary>A number about nothing in the cluster.</summary>
    public ExternalMetricStatus? External { get; init; }

    /// <summary>What the one that is set was; null for none.</summary>
    [JsonIgnore]
    public MetricValueStatus? Current => Resource?.Current ?? ContainerResource?.Current
        ?? Pods?.Current ?? Object?.Current ?? External?.Current;
}

/// <summary>What a number was.</summary>
public sealed record MetricValueStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static MetricValueStatus None { get; } = new();

    /// <summary>The number itself.</summary>
    public Quantity? Value { get; init; }
    /// <summary>The number divided by the pods.</summary>
    public Quantity? AverageValue { get; init; }
    /// <summary>Percent of what the pods request.</summary>
    public int? AverageUtilization { get; init; }
}

/// <summary>What a number about an object was.</summary>
public sealed record ObjectMetricStatus : ApiPart
{
    /// <summary>Which number.</summary>
    public MetricIdentifier Metric { get; init; } = MetricIdentifier.None;
    /// <summary>What it was.</summary>
    public MetricValueStatus Current { get; init; } = MetricValueStatus.None;
    /// <summary>The object.</summary>
    public CrossVersionObjectReference DescribedObject { get; init; } =
        CrossVersionObjectReference.None;
}

/// <summary>What a number about each pod was.</summary>
public sealed record PodsMetricStatus : ApiPart
{
    /// <summary>Which number.</summary>
    public MetricIdentifier Metric { get; init; } = MetricIdentifier.None;
    /// <summary>What it was.</summary>
    public MetricValueStatus Current { get; init; } = MetricValueStatus.None;
}

/// <summary>What pods used.</summary>
public sealed record ResourceMetricStatus : ApiPart
{
    /// <summary>cpu or memory.</summary>
    public string Name { get; init; } = "";
    /// <summary>How much.</summary>
    public MetricValueStatus Current { get; init; } = MetricValueStatus.None;
}

/// <summary>What one container of each pod used.</summary>
public sealed record ContainerResourceMetricStatus : ApiPart
{
    /// <summary>cpu or memory.</summary>
    public string Name { get; init; } = "";
    /// <summary>How much.</summary>
    public MetricValueStatus Current { get; init; } = MetricValueStatus.None;
    /// <summary>The container.</summary>
    public string Container { get; init; } = "";
}

/// <summary>What a number about nothing in the cluster was.</summary>
public sealed record ExternalMetricStatus : ApiPart
{
    /// <summary>Which number.</summary>
    public MetricIdentifier Metric { get; init; } = MetricIdentifier.None;
    /// <summary>What it was.</summary>
    public MetricValueStatus Current { get; init; } = MetricValueStatus.None;
}
