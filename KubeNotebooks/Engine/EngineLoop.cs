using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeSim;

namespace KubeNotebooks;

/// <summary>One session of cells as a process: requests are JSON lines on standard input, events
/// JSON lines on standard output. It runs cells as <c>run</c> does, with the same
/// <see cref="NotebookRunner"/>; Jupyter and the course's page are its clients.</summary>
/// <remarks>
/// <code>
/// {"id":1,"op":"execute","code":"1+1"}      started, stream, display, update, result, error, done;
///                                            "limit": seconds, "count": the number it gets
/// {"op":"interrupt"}                         ends the cell that runs; those that wait are aborted
/// {"id":2,"op":"complete","code":"Math.","cursor":5}                completions
/// {"id":3,"op":"inspect","code":"Math.Abs(1)","cursor":6}           inspection
/// {"id":4,"op":"check","code":"nothing"}                            diagnostics
/// {"id":5,"op":"markup","code":"var x"}                             markup
/// {"id":6,"op":"isComplete","code":"if (x) {"}                      completeness
/// {"op":"shutdown"}                          as the end of the input
/// </code>
/// An event names its request's id. <c>display</c> and <c>update</c> have a <c>display</c> id and,
/// as <c>result</c> does, <c>data</c> by media type; an update may come after its cell's end.
/// <c>error</c> has a name, a message, the text that <c>run</c> prints and a place; <c>done</c> the
/// status: ok, error, stub, interrupted, timeout, aborted.
/// One thread reads, one runs cells in turn, one looks at code: so questions about code are
/// answered while a cell runs. What makes no sense is answered with <c>failed</c>.
/// </remarks>
internal sealed class EngineLoop : IDisposable
{
    private readonly NotebookRunner runner;
    private readonly EngineWire wire;
    private readonly Queue<(JsonNode? Id, string Code, TimeSpan? Limit, int? Count)> cells = [];
    private readonly BlockingCollection<Action> questions = [];
    private readonly object gate = new();
    private CancellationTokenSource interrupt = new();
    private readonly NotebookGuess? guess;
    private JsonNode? running;

    private EngineLoop(NotebookFile file, EngineWire wire)
    {
        this.wire = wire;
        guess = file.Name.Length == 0 ? new(file.Folder) : null;
        runner = new(file) { Added = Say, Updated = output => SayShown("update", output) };
    }

    /// <summary>Runs until the end of the input.</summary>
    public static void Run(NotebookFile file, Stream input, Stream output)
    {
        using var wire = new EngineWire(output);
        using var loop = new EngineLoop(file, wire);
        Begin("questions", loop.AnswerQuestions);
        Begin("cells", loop.RunCells);
        Task.Run(WarmUp);
        wire.Say(null, "ready", ("version", typeof(EngineLoop).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion),
            ("language", "csharp"), ("session", file.Path));
        using var reader = new StreamReader(input, new UTF8Encoding(false));
        while (reader.ReadLine() is { } line && loop.Take(line))
        {
        }
    }

    public void Dispose()
    {
        // Its threads may still be at work: they are not pulled anything away from.
        questions.CompleteAdding();
        runner.Dispose();
    }

    // What a first cell mostly does, done before anybody waits for it: code is slow once.
    private static void WarmUp()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("create deployment web --image=nginx");
        cluster.Step();
        _ = Shown.Html(cluster) + Shown.Text(cluster);
    }

    private static void Begin(string name, Action work) =>
        new Thread(() => work()) { IsBackground = true, Name = name }.Start();

    // False when it is the last.
    private bool Take(string line)
    {
        if (line.Length == 0)
        {
            return true;
        }
        JsonNode? id = null;
        try
        {
            var request = JsonNode.Parse(line) as JsonObject
                ?? throw new FormatException("a request is a JSON object");
            id = request["id"];
            return Take(id, request);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException
            or OverflowException)
        {
            wire.Say(id, "failed", ("message", e.Message));
            return true;
        }
    }

    private bool Take(JsonNode? id, JsonObject request)
    {
        string Code() => (string?)request["code"] ?? throw new FormatException("no \"code\"");
        int Cursor() => request["cursor"] is { } at ? Math.Clamp((int)at, 0, Code().Length)
            : throw new FormatException("no \"cursor\"");
        var op = (string?)request["op"];
        switch (op)
        {
            case "execute":
                TimeSpan? limit = (double?)request["limit"] is { } seconds
                    ? TimeSpan.FromSeconds(seconds) : null;
                lock (gate)
                {
                    cells.Enqueue((id, Code(), limit, (int?)request["count"]));
                    Monitor.Pulse(gate);
                }
                return true;
            case "interrupt":
                Interrupt();
                return true;
            case "shutdown":
                return false;
            case "complete" or "inspect":
                var (code, cursor) = (Code(), Cursor());
                questions.Add(() => Answer(id, op, code, cursor));
                return true;
            case "check" or "markup" or "isComplete":
                var text = Code();
                questions.Add(() => Answer(id, op, text, 0));
                return true;
            default:
                throw new FormatException($"\"{op}\" is no op: execute, interrupt, complete, "
                    + "inspect, check, markup, isComplete and shutdown are");
        }
    }

    private void Interrupt()
    {
        lock (gate)
        {
            while (cells.TryDequeue(out var waiting))
            {
                wire.Say(waiting.Id, "done", ("status", "aborted"), ("ms", 0));
            }
            interrupt.Cancel();
        }
    }

    private void RunCells()
    {
        while (true)
        {
            var ((id, code, limit, number), stop) = NextCell();
            var count = number ?? runner.Session.Count + 1;
            runner.Session.Count = count - 1;
            runner.NotebookPath = guess?.After(code) ?? runner.NotebookPath;
            wire.Say(id, "started", ("count", count));
            var ran = runner.Run(new("", CellKind.Code, code), limit, stop);
            if (ran is { Result.Failure: { } failure, IsStub: false })
            {
                var (line, column, endLine, endColumn) = failure.Place;
                wire.Say(id, "error", ("name", failure.Name), ("message", failure.Message),
                    ("text", ran.Result.Error), ("line", line), ("column", column),
                    ("endLine", endLine), ("endColumn", endColumn));
            }
            wire.Say(id, "done", ("status", Status(ran)), ("count", count),
                ("ms", Math.Round(ran.Took.TotalMilliseconds, 1)));
        }
    }

    // An interrupt means what runs when it comes: each cell has a token of its own.
    private ((JsonNode? Id, string Code, TimeSpan?, int?), CancellationToken) NextCell()
    {
        lock (gate)
        {
            while (cells.Count == 0)
            {
                Monitor.Wait(gate);
            }
            var cell = cells.Dequeue();
            interrupt.Dispose();
            interrupt = new();
            running = cell.Id;
            return (cell, interrupt.Token);
        }
    }

    private static string Status(RanCell ran) => ran.Result.End switch
    {
        CellEnd.Ok => "ok",
        CellEnd.Interrupted => "interrupted",
        CellEnd.Timeout => "timeout",
        _ => ran.IsStub ? "stub" : "error",
    };

    private void Say(CellOutput output)
    {
        switch (output.Kind)
        {
            case OutputKind.Stdout or OutputKind.Stderr:
                wire.Print(running, output.Kind.ToString().ToLowerInvariant(), output.Text);
                break;
            case OutputKind.Display:
                SayShown("display", output);
                break;
            case OutputKind.Result:
                SayShown("result", output);
                break;
        }
    }

    private void SayShown(string what, CellOutput output)
    {
        var data = new JsonObject { ["text/plain"] = output.Text };
        if (output.Html.Length > 0)
        {
            data["text/html"] = output.Html;
        }
        wire.Say(running, what, [.. output.Id is { } id ? [("display", id)]
            : Array.Empty<(string, JsonNode?)>(), ("data", data), ("metadata", new JsonObject())]);
    }

    private void AnswerQuestions()
    {
        // The first answers would be slow: what they need is made ready before anybody asks.
        _ = CodeCompletion.At(runner.Session, "\"\".", 3).Items.Length;
        foreach (var question in questions.GetConsumingEnumerable())
        {
            question();
        }
    }

    private void Answer(JsonNode? id, string op, string code, int cursor)
    {
        try
        {
            var (what, body) = Answer(op, code, cursor);
            wire.Say(id, what, body);
        }
        catch (Exception e)
        {
            // A compiler that stumbles over code half written must not end the session.
            wire.Say(id, "failed", ("message", $"{e.GetType().Name}: {e.Message}"));
        }
    }

    private (string, (string, JsonNode?)[]) Answer(string op, string code, int cursor)
    {
        static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonObject> write) =>
            [.. items.Select(i => (JsonNode)write(i))];
        switch (op)
        {
            case "complete":
                var found = CodeCompletion.At(runner.Session, code, cursor);
                return ("completions", [("start", found.Start), ("end", found.End),
                    ("items", List(found.Items, i => new()
                    {
                        ["text"] = i.Text, ["kind"] = i.Kind, ["detail"] = i.Detail,
                    }))]);
            case "inspect":
                var text = CodeInspection.At(runner.Session, code, cursor);
                return ("inspection", [("found", text is not null), ("text", text ?? "")]);
            case "check":
                return ("diagnostics", [("items", List(CodeInspection.Check(runner.Session, code),
                    d => new()
                    {
                        ["severity"] = d.IsError ? "error" : "warning", ["code"] = d.Code,
                        ["message"] = d.Message, ["line"] = d.Place.Line,
                        ["column"] = d.Place.Column, ["endLine"] = d.Place.EndLine,
                        ["endColumn"] = d.Place.EndColumn,
                    }))]);
            case "markup":
                return ("markup", [("spans", List(CSharpMarkup.Spans(code), s => new()
                {
                    ["start"] = s.Start, ["length"] = s.Length, ["kind"] = s.Kind,
                }))]);
            default:
                var (status, indent) = CodeInspection.Completeness(code);
                return ("completeness", [("status", status),
                    ("indent", new string(' ', indent))]);
        }
    }
}
