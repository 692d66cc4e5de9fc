namespace KubeSim;

/// <summary><c>kubectl events</c>: events by time, all or those of one object.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/events/events.go.</remarks>
internal static class EventsCommand
{
    public static readonly KubectlCommand Command = new("events",
        "for types all-namespaces/A! no-headers! output/o watch/w! chunk-size", Run);

    /// <summary>How long ago, and for a repeated event how often since when.</summary>
    public static string Age(Event e, DateTime now)
    {
        var last = EventTable.Last(e, now);
        var count = e.Series?.Count ?? e.Count ?? 1;
        return count > 1
            ? $"{last} (x{DescribeText.Number(count)} over {EventTable.First(e, now)})"
            : EventTable.First(e, now);
    }

    private static void Run(Invocation call)
    {
        var types = call.Flags.All("types").SelectMany(t => t.Split(',')).ToList();
        if (types.Exists(t => t.ToLowerInvariant() is not ("normal" or "warning")))
        {
            throw new KubectlException("valid --types are Normal or Warning");
        }
        string? fields = null;
        if (call.Flags["for"] is { Length: > 0 } about)
        {
            if (about.Split('/') is not [var word, var name])
            {
                throw new KubectlException(about.Contains('/')
                    ? "arguments in resource/name form may not have more than one slash"
                    : "--for must be in resource/name form");
            }
            var kind = ResourceArgs.KindOf(call, word);
            fields = $"involvedObject.kind={kind.Name},involvedObject.name={name}";
        }
        var events = call.List<Event>(call.AllNamespaces ? "" : call.Namespace, fields: fields)
            .Where(e => types.Count == 0
                || types.Contains(e.Type ?? "", StringComparer.OrdinalIgnoreCase))
            .OrderBy(e => e.Series?.LastObservedTime?.Instant ?? e.LastTimestamp?.DateTime
                ?? e.EventTime?.Instant ?? DateTime.MinValue).ToList();
        if (events.Count == 0)
        {
            call.ErrorLine(call.AllNamespaces ? "No events found."
                : $"No events found in {call.Namespace} namespace.");
        }
        else if (OutputFormat.Parse(call) is { } print)
        {
            print(call, events, false);
        }
        else
        {
            string Line(string ns, string line) => (call.AllNamespaces ? $"{ns}\t" : "") + line;
            call.Print(TableText.Align(string.Concat(events.Select(e => Line(
                e.Metadata.Namespace, $"{Age(e, call.Now)}\t{e.Type}\t{e.Reason}\t"
                + $"{e.InvolvedObject.Kind}/{e.InvolvedObject.Name}\t"
                + $"{TableText.OneLine((e.Message ?? "").Trim())}\n"))
                .Prepend(call.Flags.On("no-headers") ? ""
                    : Line("NAMESPACE", "LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n")))));
        }
    }
}
