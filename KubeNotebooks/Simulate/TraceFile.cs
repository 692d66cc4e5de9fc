using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Writes what components did, one JSON object a line for each write; a step without any
/// has a line with the verb <c>none</c>. A step that failed says why, whatever it wrote
/// before.</summary>
internal sealed class TraceFile(Stream stream, DateTime start) : IDisposable
{
    private readonly Utf8JsonWriter json = new(stream,
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes the lines of a step.</summary>
    public void Write(StepRecord step)
    {
        var silent = true;
        foreach (var change in step.Changes)
        {
            // A refused attempt is no write, nor is an update to what was there already.
            if (change.Revision.Value > 0)
            {
                Write(step, change);
                silent = false;
            }
        }
        if (silent)
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
        if (change is not null)
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
        WriteDeeds(step.Did);
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

    private void WriteDeeds(Seq<string> did)
    {
        if (!did.IsEmpty)
        {
            json.WriteStartArray("did");
            foreach (var deed in did)
            {
                json.WriteStringValue(deed);
            }
            json.WriteEndArray();
        }
    }

    private void WriteOutcome(StepRecord step, Change? change)
    {
        if (change is null)
        {
            json.WriteString("key", $"{step.Key}");
        }
        else if ((change.After ?? change.Before) is { } o)
        {
            json.WritePropertyName("object");
            Json.Write(json, o);
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
