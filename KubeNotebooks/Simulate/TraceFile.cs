using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Writes what components did, one JSON object for each change; a step that tried none has a
/// line with the verb <c>none</c>.</summary>
internal sealed class TraceFile(Stream stream, DateTime start) : IDisposable
{
    private readonly Utf8JsonWriter json = new(stream,
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes the lines of a step.</summary>
    public void Write(StepRecord step)
    {
        foreach (var change in step.Changes)
        {
            Write(step, change);
        }
        if (step.Changes.IsEmpty)
        {
            Write(step, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        json.Dispose();
        stream.Dispose();
    }

    private void Write(StepRecord step, Change? change)
    {
        json.WriteStartObject();
        json.WriteNumber("step", step.Number);
        json.WriteString("time", Elapsed(step.Time - start));
        if (change is { Revision.Value: > 0 })
        {
            json.WriteNumber("revision", change.Revision.Value);
        }
        json.WriteString("component", step.Component);
        if (step.Node.Length > 0)
        {
            json.WriteString("node", step.Node);
        }
        json.WriteString("verb", change?.Verb.ToString().ToLowerInvariant() ?? "none");
        if (change is { Subresource.Length: > 0 })
        {
            json.WriteString("subresource", change.Subresource);
        }
        WriteCauses(step.Causes);
        WriteOutcome(step, change);
        json.WriteEndObject();
        json.Flush();
        json.Reset();
        stream.WriteByte((byte)'\n');
    }

    private void WriteCauses(Seq<Cause> causes)
    {
        json.WriteStartArray("causes");
        foreach (var cause in causes)
        {
            json.WriteStartObject();
            json.WriteNumber(cause.Type switch
            {
                CauseType.Revision => "revision",
                CauseType.Timer => "timer",
                _ => "input",
            }, cause.Number);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private void WriteOutcome(StepRecord step, Change? change)
    {
        if ((change?.After ?? change?.Before) is { } o)
        {
            json.WritePropertyName("object");
            Json.Write(json, o);
        }
        else
        {
            json.WriteString("key", $"{change?.Key ?? step.Key}");
        }
        if (change?.Refused is { } refused)
        {
            json.WriteString("refused", refused.Message);
        }
        if (step.Error is not null)
        {
            json.WriteString("error", step.Error);
        }
    }

    // Since the start, hours as many as there are: 00:00:01.250, 30:00:00.000.
    private static string Elapsed(TimeSpan time) => string.Create(CultureInfo.InvariantCulture,
        $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds:000}");
}
