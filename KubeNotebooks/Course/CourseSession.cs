using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace KubeNotebooks;

/// <summary>A page that looks at a session: what it is told waits here until it is sent.</summary>
internal sealed class CourseViewer
{
    // Who reads so slowly is dropped; its page comes back and is told everything anew.
    private const int MostUnread = 20_000;

    private readonly Channel<string> lines = Channel.CreateBounded<string>(MostUnread);

    public ChannelReader<string> Lines => lines.Reader;

    public void Tell(string line)
    {
        if (!lines.Writer.TryWrite(line))
        {
            lines.Writer.TryComplete();
        }
    }
}

/// <summary>
/// An open notebook: its engine's process, the cells that wait for it, and what each cell showed
/// last. Pages come and go (a reload, a second tab); the session stays and tells whoever comes all
/// that happened. The engine may die, of a cell or by restart: then its variables are gone, and
/// nothing else.
/// </summary>
internal sealed class CourseSession(CourseBook book) : IDisposable
{
    private const int MostQueued = 2000;

    private readonly Lock gate = new();
    private readonly List<CourseViewer> viewers = [];
    private readonly Dictionary<string, JsonObject> cells = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonArray> outputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Cell, int At)> displays =
        new(StringComparer.Ordinal);
    private readonly Dictionary<long, (CourseViewer Viewer, JsonNode? Tag)> questions = [];
    private readonly LinkedList<(string Cell, string Code, long Batch)> queue = [];
    private (string Cell, long Id, long Batch)? current;
    private EngineProcess? engine;
    private string kernel = "off";
    private long last;
    private int generation;

    /// <summary>True while a page looks at it or a cell runs.</summary>
    public bool IsWatched
    {
        get
        {
            lock (gate)
            {
                return viewers.Count > 0 || current is not null;
            }
        }
    }

    /// <summary>True while it has an engine.</summary>
    public bool IsOn
    {
        get
        {
            lock (gate)
            {
                return engine is not null;
            }
        }
    }

    /// <summary>A page comes: it is told all that is shown. The engine starts, so that the first
    /// cell need not wait for it.</summary>
    public CourseViewer Join()
    {
        var viewer = new CourseViewer();
        lock (gate)
        {
            var all = new JsonObject();
            foreach (var (id, cell) in cells)
            {
                var whole = (JsonObject)cell.DeepClone();
                whole["outputs"] = outputs[id].DeepClone();
                all[id] = whole;
            }
            viewers.Add(viewer);
            viewer.Tell(new JsonObject { ["event"] = "all", ["cells"] = all }.ToJsonString());
            Start();
            viewer.Tell(Kernel().ToJsonString());
        }
        return viewer;
    }

    /// <summary>A page goes.</summary>
    public void Leave(CourseViewer viewer)
    {
        lock (gate)
        {
            viewers.Remove(viewer);
        }
    }

    /// <summary>Tells all pages.</summary>
    public void Tell(JsonObject message)
    {
        lock (gate)
        {
            Say(message);
        }
    }

    /// <summary>What a page asks for.</summary>
    /// <param name="viewer">The page.</param>
    /// <param name="message">An <c>op</c> and what it needs.</param>
    public void Take(CourseViewer viewer, JsonObject message)
    {
        lock (gate)
        {
            switch ((string?)message["op"])
            {
                case "run": Enqueue(message["cells"] as JsonArray ?? []); break;
                case "interrupt": Interrupt(); break;
                case "restart": Restart(); break;
                case "markup": Markup(viewer, message); break;
                case "complete" or "check" or "inspect": Ask(viewer, message); break;
                default: break;
            }
        }
    }

    /// <summary>An output that a page shows in a frame; null when it is there no more.</summary>
    public string? Html(string cell, int at)
    {
        lock (gate)
        {
            return outputs.TryGetValue(cell, out var shown) && at >= 0 && at < shown.Count
                ? (string?)shown[at]!["data"]?["text/html"] : null;
        }
    }

    /// <summary>Ends the engine; what was shown stays.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            Stop("the course ended the session");
        }
    }

    private void Enqueue(JsonArray list)
    {
        var batch = ++last;
        foreach (var cell in list.OfType<JsonObject>())
        {
            if ((string?)cell["id"] is not { } id || (string?)cell["code"] is not { } code
                || queue.Count >= MostQueued)
            {
                continue;
            }
            queue.AddLast((id, code, batch));
            if (current?.Cell != id)
            {
                Set(id, c => c["state"] = "queued");
            }
        }
        Next();
    }

    private void Next()
    {
        if (current is not null || queue.First?.Value is not { } job)
        {
            return;
        }
        queue.RemoveFirst();
        Start();
        current = (job.Cell, ++last, job.Batch);
        outputs[job.Cell] = [];
        Set(job.Cell, c =>
        {
            c["state"] = "running";
            c["code"] = job.Code;
            foreach (var name in (string[])["status", "count", "ms"])
            {
                c.Remove(name);
            }
        });
        engine?.Send(new()
        {
            ["id"] = current.Value.Id, ["op"] = "execute", ["code"] = job.Code,
        });
    }

    private void Interrupt()
    {
        Drop(_ => true);
        if (current is not null)
        {
            engine?.Send(new() { ["op"] = "interrupt" });
        }
    }

    private void Restart()
    {
        Stop("the session was restarted");
        Start();
    }

    // Engines that end unasked are told of by Ended.
    private void Stop(string why)
    {
        var old = engine;
        engine = null;
        old?.Dispose();
        Lost(why);
        Set("off", "");
    }

    private void Lost(string why)
    {
        Drop(_ => true);
        questions.Clear();
        displays.Clear();
        if (current is { } running)
        {
            Add(running.Cell, new()
            {
                ["kind"] = "error", ["name"] = "Stopped", ["text"] = $"Stopped: {why}",
            });
            Done(running.Cell, "interrupted", null);
        }
        foreach (var id in cells.Keys.ToList())
        {
            Set(id, c => c["gone"] = true);
        }
    }

    private void Start()
    {
        if (engine is not null)
        {
            return;
        }
        var mine = ++generation;
        engine = EngineProcess.Start(book.FilePath, e => Hear(mine, e), why => Ended(mine, why));
        Set("starting", "");
    }

    private void Ended(int from, string why)
    {
        lock (gate)
        {
            if (engine is null || from != generation)
            {
                return;
            }
            engine = null;
            Lost($"{why} All variables are gone; run the cells from the top.");
            Set("dead", why);
        }
    }

    private void Hear(int from, JsonObject heard)
    {
        lock (gate)
        {
            var kind = (string?)heard["event"];
            if (engine is null || from != generation)
            {
                return;
            }
            if (kind == "ready")
            {
                Set(current is null ? "idle" : "busy", "");
                return;
            }
            if (kind == "update")
            {
                Update(heard);
                return;
            }
            if (heard["id"] is not JsonValue value || !value.TryGetValue(out long id))
            {
                return;
            }
            if (questions.Remove(id, out var asked))
            {
                Answer(asked.Viewer, asked.Tag, heard);
            }
            else if (current is { } running && running.Id == id)
            {
                HearCell(running.Cell, running.Batch, kind, heard);
            }
        }
    }

    private void HearCell(string cell, long batch, string? kind, JsonObject heard)
    {
        switch (kind)
        {
            case "started":
                Set("busy", "");
                Set(cell, c => c["count"] = heard["count"]?.DeepClone());
                break;
            case "stream" or "display" or "result" or "error":
                var output = (JsonObject)heard.DeepClone();
                output.Remove("id");
                output.Remove("event");
                output["kind"] = kind;
                Add(cell, output);
                break;
            case "done" or "failed":
                var status = (string?)heard["status"] ?? "error";
                if (status is not ("ok" or "stub"))
                {
                    Drop(job => job == batch);
                }
                Done(cell, status, heard);
                Set("idle", "");
                Next();
                break;
            default: break;
        }
    }

    private void Done(string cell, string status, JsonObject? heard)
    {
        current = null;
        Set(cell, c =>
        {
            c["state"] = "done";
            c["status"] = status;
            c["ms"] = heard?["ms"]?.DeepClone();
            c.Remove("gone");
        });
    }

    private void Add(string cell, JsonObject output)
    {
        var shown = outputs[cell];
        var message = new JsonObject { ["event"] = "output", ["cell"] = cell };
        if (shown.Count > 0 && (string?)output["kind"] == "stream"
            && shown[^1] is JsonObject before && (string?)before["kind"] == "stream"
            && (string?)before["name"] == (string?)output["name"])
        {
            before["text"] = (string?)before["text"] + (string?)output["text"];
            message["more"] = (string?)output["text"];
        }
        else
        {
            shown.Add(output);
            message["output"] = output.DeepClone();
        }
        message["at"] = shown.Count - 1;
        if ((string?)output["display"] is { } display)
        {
            displays[display] = (cell, shown.Count - 1);
        }
        Say(message);
    }

    // A value that is shown anew, even after its cell is over; not after the cell ran again.
    private void Update(JsonObject heard)
    {
        if ((string?)heard["display"] is { } display
            && displays.TryGetValue(display, out var place)
            && outputs.TryGetValue(place.Cell, out var shown) && place.At < shown.Count
            && (string?)shown[place.At]!["display"] == display)
        {
            shown[place.At]!["data"] = heard["data"]?.DeepClone();
            Say(new()
            {
                ["event"] = "output", ["cell"] = place.Cell, ["at"] = place.At,
                ["output"] = shown[place.At]!.DeepClone(),
            });
        }
    }

    private void Drop(Func<long, bool> goes)
    {
        var dropped = queue.Where(j => goes(j.Batch)).ToList();
        foreach (var job in dropped)
        {
            queue.Remove(job);
            if (current?.Cell != job.Cell)
            {
                Set(job.Cell, c => c["state"] = c.ContainsKey("status") ? "done" : "");
            }
        }
    }

    private void Ask(CourseViewer viewer, JsonObject message)
    {
        if (engine is null || kernel is not ("idle" or "busy"))
        {
            Answer(viewer, message["tag"], new());
            return;
        }
        questions[++last] = (viewer, message["tag"]?.DeepClone());
        engine.Send(new()
        {
            ["id"] = last, ["op"] = (string?)message["op"], ["code"] = (string?)message["code"],
            ["cursor"] = (int?)message["cursor"] ?? 0,
        });
    }

    private static void Markup(CourseViewer viewer, JsonObject message) => Answer(viewer,
        message["tag"], new() { ["spans"] = CourseJson.Spans((string?)message["code"] ?? "") });

    private static void Answer(CourseViewer viewer, JsonNode? tag, JsonObject answer)
    {
        answer["event"] = "answer";
        answer["tag"] = tag?.DeepClone();
        viewer.Tell(answer.ToJsonString());
    }

    private void Set(string id, Action<JsonObject> change)
    {
        if (!cells.TryGetValue(id, out var cell))
        {
            cells[id] = cell = [];
            outputs.TryAdd(id, []);
        }
        change(cell);
        var message = (JsonObject)cell.DeepClone();
        message["event"] = "cell";
        message["cell"] = id;
        Say(message);
    }

    private void Set(string state, string why)
    {
        kernel = state;
        Say(Kernel(why));
    }

    private JsonObject Kernel(string why = "") => new()
    {
        ["event"] = "kernel", ["state"] = kernel, ["why"] = why,
    };

    private void Say(JsonObject message)
    {
        var line = message.ToJsonString();
        viewers.ForEach(v => v.Tell(line));
    }
}
