namespace KubeSim;

/// <summary><c>kubectl events</c>: events by time, all or those of one object.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/events/events.go.</remarks>
internal static class EventsCommand
{
    public static readonly KubectlCommand Command = new("events",
        "for types all-namespaces/A! no-headers! output/o template watch/w! ~chunk-size", Run);

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
        var types = call.Flags.Words("types");
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
        var ns = call.AllNamespaces ? "" : call.Namespace;
        var request = new ApiRequest(Verb.List, new(Kinds.Event, ns, ""))
        {
            Query = new() { FieldSelector = fields },
        };
        bool Wanted(Event e) => types.Count == 0
            || types.Contains(e.Type ?? "", StringComparer.OrdinalIgnoreCase);
        var answer = call.Send(request).EnsureSuccess();
        var events = answer.Items!.Cast<Event>().Where(Wanted)
            .OrderBy(e => e.Series?.LastObservedTime?.Instant ?? e.LastTimestamp?.DateTime
                ?? e.EventTime?.Instant ?? DateTime.MinValue).ToList();
        var widths = new List<int>();
        if (!call.Flags.On("watch"))
        {
            if (events.Count == 0)
            {
                call.ErrorLine(call.AllNamespaces ? "No events found."
                    : $"No events found in {call.Namespace} namespace.");
                return;
            }
            Show(call, events, widths, false);
            return;
        }
        events.ForEach(e => Show(call, [e], widths, true));
        call.FollowList(request, answer.List!.ResourceVersion, change =>
        {
            if (change.New is Event e && Wanted(e))
            {
                Show(call, [e], widths, true);
            }
        });
    }

    private static void Show(Invocation call, List<Event> events, List<int> widths, bool one)
    {
        if (call.Output is { } print)
        {
            print(call, events, one);
            return;
        }
        string Line(string ns, string line) => (call.AllNamespaces ? $"{ns}\t" : "") + line;
        var header = call.Flags.On("no-headers") || widths.Count > 0 ? ""
            : Line("NAMESPACE", "LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n");
        call.Print(TableText.Align(header + string.Concat(events.Select(e => Line(
            e.Metadata.Namespace, $"{Age(e, call.Now)}\t{e.Type}\t{e.Reason}\t"
            + $"{e.InvolvedObject.Kind}/{e.InvolvedObject.Name}\t"
            + $"{TableText.OneLine((e.Message ?? "").Trim())}\n"))), widths));
    }
}
