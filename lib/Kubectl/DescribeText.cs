using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>A description as it grows: lines with tabs that are aligned at the end, and the parts
/// that all kinds share.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal sealed class DescribeText(Invocation call)
{
    private const int LongestAnnotation = 140;
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    private readonly StringBuilder text = new();

    public Invocation Call => call;

    public void Line(string line) => text.Append(line).Append('\n');

    /// <summary>A name, a colon, and a value in the next column.</summary>
    public void Field(string name, string? value) => Line($"{name}:\t{value}");

    public void Field(string name, long? value) => Field(name, Number(value ?? 0));

    /// <summary>Fields in a row; one without a value is left out.</summary>
    public void Fields(params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        foreach (var (name, value) in fields)
        {
            if (value is not null)
            {
                Field(name, value switch
                {
                    Time at => Date(at),
                    bool flag => Bool(flag),
                    IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
                    _ => value.ToString(),
                });
            }
        }
    }

    /// <summary>A text, or null for an empty one, which is left out then.</summary>
    public static string? Some(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>A title and amounts below it; nothing without amounts.</summary>
    public void Amounts(string title, Map<Quantity> amounts)
    {
        if (!amounts.IsEmpty)
        {
            var indent = new string(' ', title.Length - title.TrimStart().Length + 2);
            Line($"{title}:");
            Text(amounts.Select(a => $"{indent}{a.Key}:\t{a.Value}\n"));
        }
    }

    /// <summary>A title, names of columns with dashes below them, and rows; nothing without
    /// rows.</summary>
    public void Table(string title, string columns, IReadOnlyCollection<string> rows)
    {
        if (rows.Count > 0)
        {
            Line($"{title}:\n  {columns}");
            Line($"  {string.Concat(columns.Select(c => c == '\t' ? c : '-'))}");
            Text(rows.Select(row => $"  {row}\n"));
        }
    }

    /// <summary>Lines that are whole already.</summary>
    public void Text(IEnumerable<string> lines) => text.AppendJoin("", lines);

    /// <summary>The first lines of nearly every kind.</summary>
    public void Head(ApiObject o)
    {
        Field("Name", o.Metadata.Name);
        if (o.Kind.Namespaced)
        {
            Field("Namespace", o.Metadata.Namespace);
        }
    }

    public void LabelsAndAnnotations(ApiObject o)
    {
        Labels("Labels", o.Metadata.Labels);
        Annotations("Annotations", o.Metadata.Annotations);
    }

    /// <summary>Labels, a line each.</summary>
    public void Labels(string title, Map<string> labels) =>
        Many(title, [.. labels.Select(l => $"{l.Key}={l.Value}")]);

    /// <summary>Annotations, a line each; long ones below their names. That of the last apply is
    /// left out.</summary>
    public void Annotations(string title, Map<string> annotations)
    {
        var lines = new List<string>();
        foreach (var (key, all) in annotations)
        {
            var value = all.EndsWith('\n') ? all[..^1] : all;
            if (key == LastApplied)
            {
                continue;
            }
            if (key.Length + value.Length + 2 <= LongestAnnotation && !value.Contains('\n'))
            {
                lines.Add($"{key}: {value}");
                continue;
            }
            lines.Add($"{key}:");
            lines.AddRange(value.Split('\n').Select(s => "  "
                + (s.Length > LongestAnnotation - 2 ? $"{s[..(LongestAnnotation - 2)]}..." : s)));
        }
        Many(title, lines);
    }

    public void Tolerations(string title, Seq<Toleration> tolerations) =>
        Many(title, [.. tolerations.Select(t =>
        {
            var value = string.IsNullOrEmpty(t.Value) ? "" : $"={t.Value}";
            var effect = string.IsNullOrEmpty(t.Effect) ? "" : $":{t.Effect}";
            var start = $"{t.Key}{value}{effect}";
            var exists = t.Operator == "Exists" && value.Length == 0
                ? start.Length == 0 ? "op=Exists" : " op=Exists" : "";
            var seconds = t.TolerationSeconds is { } s ? $" for {Number(s)}s" : "";
            return $"{start}{exists}{seconds}";
        })]);

    /// <summary>A title and lines in the next column; <c>&lt;none&gt;</c> when there are
    /// none.</summary>
    public void Many(string title, IReadOnlyList<string> lines)
    {
        Field(title, lines.Count == 0 ? "<none>" : lines[0]);
        foreach (var line in lines.Skip(1))
        {
            Line($"\t{line}");
        }
    }

    public void Controller(ApiObject o)
    {
        if (o.ControllerOwner is { } owner)
        {
            Field("Controlled By", $"{owner.Kind}/{owner.Name}");
        }
    }

    /// <summary>The events of an object.</summary>
    /// <param name="o">The object.</param>
    /// <param name="anyUid">True when events may name another UID: those of nodes do.</param>
    public void Events(ApiObject o, bool anyUid = false)
    {
        if (!call.Flags.On("show-events", otherwise: true))
        {
            return;
        }
        // The kubelet tells of a static pod by the UID that it has there.
        var uid = o.Metadata.Annotations.Get("kubernetes.io/config.mirror") ?? o.Metadata.Uid;
        var fields = $"involvedObject.name={o.Metadata.Name},involvedObject.kind={o.Kind.Name}"
            + (o.Kind.Namespaced ? $",involvedObject.namespace={o.Metadata.Namespace}" : "")
            + (anyUid || o.Metadata.Uid.Length == 0
                ? "" : $",involvedObject.uid={uid}");
        var events = call.List<Event>(o.Metadata.Namespace, fields: fields);
        if (events.Count == 0)
        {
            Field("Events", "<none>");
        }
        // The age of an event is wider than the word; the dashes below it are as they are.
        Table("Events", "Type\tReason\tAge \tFrom\tMessage", [.. events
            .OrderBy(e => e.LastTimestamp?.UnixSeconds ?? long.MinValue).Select(e =>
            {
                var from = TablePrinters.Text(e.Source.Component, e.ReportingComponent);
                var part = e.InvolvedObject.FieldPath is { Length: > 0 } path ? $"{path}: " : "";
                return $"{e.Type}\t{e.Reason}\t{EventsCommand.Age(e, call.Now)}\t{from}\t{part}"
                    + (e.Message ?? "").Trim();
            })]);
    }

    /// <summary>The text with its tabs.</summary>
    public string Unaligned => text.ToString();

    /// <summary>The text with its columns aligned.</summary>
    public override string ToString() => TabWriter.Align(text.ToString(), padding: 2);

    /// <summary>A time as descriptions write it: <c>Wed, 01 Jan 2025 00:00:00
    /// +0000</c>.</summary>
    public static string Date(Time? time, string none = "<unset>") => time is { } at
        ? at.DateTime.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture)
        : none;

    public static string Date(MicroTime? time, string none = "<unset>") =>
        Date(time is { } at ? (Time)at.Instant : null, none);

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Bool(bool? value) => value == true ? "True" : "False";

    public static string Lower(bool? value) => value == true ? "true" : "false";
}
