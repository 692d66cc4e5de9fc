using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KubeNotebooks;

/// <summary>
/// The course in the browser: a page that lists the notebooks of a folder, and a page for each,
/// whose cells run in the same engine as <c>run</c>. Nothing comes from elsewhere: the pages, their
/// style and their scripts are in this assembly. <see cref="CourseGuard"/> says who may come in,
/// <see cref="CourseBook"/> keeps what is written, <see cref="CourseSession"/> runs cells.
/// </summary>
internal sealed class CourseServer : IDisposable
{
    private const int MostEngines = 4;
    private const int MostBytes = 4 * CourseBook.MostCharacters;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly string folder;
    private readonly Lock gate = new();
    private readonly Dictionary<string, CourseBook> books = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CourseSession> sessions = new(StringComparer.Ordinal);
    private readonly List<string> order = [];
    private readonly Lazy<string> reference = new(() => new ReferencePage().Html(isServed: true));
    private readonly CancellationTokenSource closing = new();
    private readonly CourseGuard guard;
    private readonly WebApplication host;

    private CourseServer(string folder, int port)
    {
        this.folder = Path.GetFullPath(folder);
        CourseGuard? made = null;
        host = WebHost.Start(new(IPAddress.Loopback, port),
            kestrel => kestrel.Limits.MaxRequestBodySize = MostBytes, null, app =>
            {
                app.UseWebSockets(new() { KeepAliveInterval = TimeSpan.FromSeconds(20) });
                app.Run(http => Answer(http, made!));
            });
        guard = made = new(WebHost.AddressOf(host).Port);
    }

    /// <summary>Where the learner begins; it holds the token.</summary>
    public Uri Address => guard.Address;

    /// <summary>Serves a folder of notebooks until it is disposed.</summary>
    /// <exception cref="NotebookException">There are none in it.</exception>
    /// <exception cref="IOException">The port is taken.</exception>
    public static CourseServer Start(string folder, int port = 0) =>
        Names(folder).Count > 0 ? new(folder, port)
            : throw new NotebookException($"{folder}: no notebooks in it");

    /// <summary>Stops: sessions end, pages are told by their line being cut.</summary>
    public void Dispose()
    {
        closing.Cancel();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            host.StopAsync(patience.Token).GetAwaiter().GetResult();
        }
        ((IDisposable)host).Dispose();
        lock (gate)
        {
            sessions.Values.ToList().ForEach(s => s.Dispose());
        }
        closing.Dispose();
    }

    private static List<string> Names(string folder) => !Directory.Exists(folder) ? []
        : [.. Directory.EnumerateFiles(folder, "*.ipynb")
            .Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private async Task Answer(HttpContext http, CourseGuard guard)
    {
        var path = $"{http.Request.Path}".Split('/', StringSplitOptions.RemoveEmptyEntries);
        CourseGuard.Fence(http.Response, isOutput: path is ["output", ..]);
        try
        {
            if (guard.Refuse(http.Request) is { } refusal)
            {
                await Send(http, CoursePages.Problem("Not from here", refusal), "text/html", 403);
            }
            else if (guard.IsArrival(http.Request))
            {
                guard.Admit(http.Response);
            }
            else
            {
                await (HttpMethods.IsGet(http.Request.Method) ? Get(http, path)
                    : Change(http, path));
            }
        }
        catch (Exception e) when (e is NotebookException or JsonException or FormatException
            or InvalidOperationException && !http.Response.HasStarted)
        {
            await Send(http, new() { ["problem"] = e.Message }, 422);
        }
        catch (BadHttpRequestException e)
        {
            await Send(http, new() { ["problem"] = e.Message }, e.StatusCode);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException
            or WebSocketException)
        {
            // The page is gone; there is nobody to tell.
            http.Abort();
        }
    }

    private Task Get(HttpContext http, string[] path)
    {
        switch (path)
        {
            case []:
                return Send(http, CoursePages.Index(Names(folder).Select(n => Book(n)!)),
                    "text/html");
            case ["reference"]:
                return Send(http, reference.Value, "text/html");
            case ["web", var file] when ReferencePage.Web(file) is { } text:
                return Send(http, text, Path.GetExtension(file) switch
                {
                    ".js" => "text/javascript",
                    ".css" => "text/css",
                    _ => "image/svg+xml",
                });
            case ["n", var name] when Book(name) is not null:
                var names = Names(folder).Where(n => n != "index").ToList();
                var at = names.IndexOf(name);
                return Send(http, CoursePages.Notebook(name,
                    at > 0 ? names[at - 1] : null,
                    at >= 0 && at < names.Count - 1 ? names[at + 1] : null), "text/html");
            case ["api", var name] when Book(name) is { } book:
                return Send(http, CourseJson.Of(book.Read()));
            case ["api", var name, "progress"] when Book(name) is { } book:
                return Send(http, CourseJson.Progress(book.Read().File));
            case ["live", var name] when Book(name) is { } book
                && http.WebSockets.IsWebSocketRequest:
                return Live(http, Session(book));
            case ["output", var name, var cell, var number] when Book(name) is { } book
                && int.TryParse(number, out var index) && Session(book).Html(cell, index) is { } h:
                return Send(http, CoursePages.Output(h), "text/html");
            default:
                return Send(http, CoursePages.Problem("Not here",
                    "There is no such page in this course."), "text/html", 404);
        }
    }

    private async Task Change(HttpContext http, string[] path)
    {
        if (path is not ["api", var name, var what] || Book(name) is not { } book
            || what is not ("save" or "keep" or "over") || !HttpMethods.IsPost(http.Request.Method))
        {
            await Send(http, new() { ["problem"] = "There is nothing to change there." }, 404);
            return;
        }
        var sent = await JsonNode.ParseAsync(http.Request.Body, null, Strict, http.RequestAborted)
            as JsonObject ?? throw new NotebookException("this is no object");
        var backup = what == "over" ? book.StartOver() : null;
        var text = what switch
        {
            "save" => book.Save((string?)sent["version"] ?? "", Cells(sent["cells"])),
            "keep" => book.Keep(),
            _ => book.Read(),
        };
        if (text is null)
        {
            await Send(http, new() { ["version"] = book.Read().Version }, 409);
            return;
        }
        Session(book).Tell(new()
        {
            ["event"] = "saved", ["version"] = text.Version, ["tab"] = (string?)sent["tab"],
        });
        var answer = CourseJson.Saved(text);
        answer["backup"] = backup;
        await Send(http, answer);
    }

    private static List<SentCell> Cells(JsonNode? list) =>
    [
        .. (list as JsonArray ?? throw new NotebookException("\"cells\" is no list")).Select(c =>
            new SentCell(
                (string?)c?["id"] ?? throw new NotebookException("a cell has no id"),
                (string?)c!["kind"] switch
                {
                    "code" => CellKind.Code,
                    "markdown" => CellKind.Markdown,
                    "raw" => CellKind.Raw,
                    var other => throw new NotebookException($"a cell is \"{other}\""),
                },
                ((string?)c["source"] ?? "").ReplaceLineEndings("\n"))),
    ];

    // Both ways at once; whichever ends first ends the other.
    private async Task Live(HttpContext http, CourseSession session)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(
            closing.Token, http.RequestAborted);
        var viewer = session.Join();
        try
        {
            var sending = Send(socket, viewer, over.Token);
            var reading = Read(socket, session, viewer, over.Token);
            await Task.WhenAny(sending, reading);
            await over.CancelAsync();
            await Task.WhenAll(sending, reading);
        }
        finally
        {
            session.Leave(viewer);
        }
    }

    private static async Task Send(WebSocket socket, CourseViewer viewer, CancellationToken over)
    {
        await foreach (var line in viewer.Lines.ReadAllAsync(over))
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(line), WebSocketMessageType.Text,
                endOfMessage: true, over);
        }
    }

    private static async Task Read(WebSocket socket, CourseSession session, CourseViewer viewer,
        CancellationToken over)
    {
        var buffer = new byte[1 << 14];
        using var message = new MemoryStream();
        while (true)
        {
            var got = await socket.ReceiveAsync(buffer, over);
            if (got.MessageType == WebSocketMessageType.Close
                || message.Length + got.Count > MostBytes)
            {
                return;
            }
            message.Write(buffer, 0, got.Count);
            if (!got.EndOfMessage)
            {
                continue;
            }
            try
            {
                if (JsonNode.Parse(message.GetBuffer().AsSpan(0, (int)message.Length))
                    is JsonObject o)
                {
                    session.Take(viewer, o);
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Nonsense, or code half written that somebody stumbles over: the line stays.
            }
            message.SetLength(0);
        }
    }

    // Only what the folder lists has a page: no path leads out of it.
    private CourseBook? Book(string name)
    {
        if (!Names(folder).Contains(name))
        {
            return null;
        }
        lock (gate)
        {
            return books.TryGetValue(name, out var book) ? book
                : books[name] = new(Path.Combine(folder, name + ".ipynb"));
        }
    }

    // Engines cost memory: those that nobody looks at go first.
    private CourseSession Session(CourseBook book)
    {
        lock (gate)
        {
            order.Remove(book.Name);
            order.Add(book.Name);
            if (!sessions.TryGetValue(book.Name, out var session))
            {
                sessions[book.Name] = session = new(book);
            }
            var idle = order.Select(n => sessions[n]).Where(s => s.IsOn).ToList();
            foreach (var old in idle.Take(idle.Count - MostEngines)
                .Where(s => s != session && !s.IsWatched))
            {
                old.Dispose();
            }
            return session;
        }
    }

    private static Task Send(HttpContext http, JsonObject answer, int code = 200) =>
        Send(http, answer.ToJsonString(), "application/json", code);

    private static Task Send(HttpContext http, string text, string type, int code = 200)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = $"{type}; charset=utf-8";
        return http.Response.WriteAsync(text);
    }
}
