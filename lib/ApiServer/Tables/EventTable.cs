using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of events. The two generations of recorders fill different fields; the
/// table does not show which one wrote.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go (printEvent).</remarks>
internal static class EventTable
{
    // The message is the last of the plain columns and stands before the last wide ones.
    public static readonly TablePrinter Printer = TablePrinter.For<Event>(
        "Last Seen|Type|Reason|Object|*Subobject|*Source|Message|*First Seen|*Count|*Name",
        static (e, now) =>
        [
            Last(e, now), e.Type ?? "", e.Reason ?? "",
            $"{e.InvolvedObject.Kind?.ToLowerInvariant()}/{e.InvolvedObject.Name}",
            e.InvolvedObject.FieldPath ?? "", Source(e), (e.Message ?? "").Trim(), First(e, now),
            Number(e.Series?.Count ?? Math.Max(1, e.Count ?? 1)), e.Metadata.Name,
        ]);

    /// <summary>How long ago it happened first.</summary>
    public static string First(Event e, DateTime now) => e.FirstTimestamp is { } first
        ? HumanDuration.Since(first, now)
        : HumanDuration.Since(e.EventTime, now);

    /// <summary>How long ago it happened last.</summary>
    public static string Last(Event e, DateTime now) =>
        e.Series is { } series ? HumanDuration.Since(series.LastObservedTime, now)
        : e.LastTimestamp is { } last ? HumanDuration.Since(last, now)
        : First(e, now);

    private static string Source(Event e)
    {
        var component = Text(e.Source.Component, e.ReportingComponent);
        var instance = Text(e.Source.Host, e.ReportingInstance);
        return instance.Length == 0 ? component : $"{component}, {instance}";
    }
}
