using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeNotebooks;

/// <summary>What the engine says: JSON objects, a line each, whole and in order, from whatever
/// thread. What is printed is gathered for some milliseconds: a cell that prints letter by letter
/// makes few lines.</summary>
internal sealed class EngineWire : IDisposable
{
    private const int Pause = 20;
    private const int Most = 1 << 14;

    private static readonly JsonSerializerOptions Look = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Stream output;
    private readonly Lock gate = new();
    private readonly Timer timer;
    private readonly StringBuilder printed = new();
    private (JsonNode? Id, string Stream) printing;

    /// <summary>Says it to a stream.</summary>
    public EngineWire(Stream output)
    {
        this.output = output;
        timer = new(_ =>
        {
            lock (gate)
            {
                Flush();
            }
        });
    }

    /// <summary>The line of an object.</summary>
    public static string Line(JsonObject said) => said.ToJsonString(Look) + "\n";

    /// <summary>Says one thing.</summary>
    /// <param name="id">Which request it answers; null when none.</param>
    /// <param name="what">The name of the event.</param>
    /// <param name="body">All else.</param>
    public void Say(JsonNode? id, string what, params IEnumerable<(string, JsonNode?)> body)
    {
        var said = new JsonObject();
        if (id is not null)
        {
            said["id"] = id.DeepClone();
        }
        said["event"] = what;
        foreach (var (name, value) in body)
        {
            said[name] = value;
        }
        lock (gate)
        {
            Flush();
            Write(said);
        }
    }

    /// <summary>Says what a cell printed, soon.</summary>
    public void Print(JsonNode? id, string stream, string text)
    {
        lock (gate)
        {
            if (printing != (id, stream) || printed.Length > Most)
            {
                Flush();
            }
            if (printed.Length == 0)
            {
                printing = (id, stream);
                timer.Change(Pause, Timeout.Infinite);
            }
            printed.Append(text);
        }
    }

    public void Dispose() => timer.Dispose();

    private void Flush()
    {
        if (printed.Length > 0)
        {
            var text = printed.ToString();
            printed.Clear();
            Write(new()
            {
                ["id"] = printing.Id?.DeepClone(), ["event"] = "stream",
                ["name"] = printing.Stream, ["text"] = text,
            });
        }
    }

    private void Write(JsonObject said)
    {
        try
        {
            output.Write(Encoding.UTF8.GetBytes(Line(said)));
            output.Flush();
        }
        catch (IOException)
        {
            // Nobody listens any more: the end of the requests will be seen as well.
        }
    }
}
