using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Something that happened to an object, told for people: what <c>kubectl describe</c>
/// shows at its end. Nothing in a cluster depends on events, and they are gone after an
/// hour.</summary>
/// <remarks>Two generations of recorders write them. The older (controllers, kubelet) fills first
/// and last time, count and source; the newer (scheduler) fills eventTime, action and series.
/// Models staging/src/k8s.io/api/core/v1/types.go.</remarks>
public sealed record Event : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Event;

    /// <summary>The object that it happened to.</summary>
    public ObjectReference InvolvedObject { get; init; } = ObjectReference.None;

    /// <summary>One word for programs, such as <c>FailedScheduling</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>The sentence for people.</summary>
    public string? Message { get; init; }

    /// <summary>Who reports, in the older form.</summary>
    public EventSource Source { get; init; } = EventSource.None;

    /// <summary>When it happened first.</summary>
    public Time? FirstTimestamp { get; init; }

    /// <summary>When it happened last.</summary>
    public Time? LastTimestamp { get; init; }

    /// <summary>How often it happened.</summary>
    public int? Count { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; init; }

    /// <summary>When it happened first, in the newer form.</summary>
    public MicroTime? EventTime { get; init; }

    /// <summary>That it happened again, in the newer form.</summary>
    public EventSeries? Series { get; init; }

    /// <summary>What was being done, such as <c>Binding</c>; the newer form only.</summary>
    public string? Action { get; init; }

    /// <summary>A second object that it is about.</summary>
    public ObjectReference? Related { get; init; }

    /// <summary>Who reports, such as <c>kubelet</c>.</summary>
    public string ReportingComponent { get; init; } = "";

    /// <summary>Which instance of it, such as the node's name.</summary>
    public string ReportingInstance { get; init; } = "";
}

/// <summary>Who reports an event.</summary>
public sealed record EventSource : ApiPart
{
    /// <summary>One that nobody named.</summary>
    public static EventSource None { get; } = new();

    /// <summary>The component, such as <c>kubelet</c>.</summary>
    public string? Component { get; init; }

    /// <summary>The node that it runs on.</summary>
    public string? Host { get; init; }
}

/// <summary>How often an event of the newer form happened.</summary>
public sealed record EventSeries : ApiPart
{
    /// <summary>How often.</summary>
    public int? Count { get; init; }

    /// <summary>When it happened last.</summary>
    public MicroTime? LastObservedTime { get; init; }
}
