using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeNotebooks;

/// <summary>An engine in a process of its own (<see cref="EngineLoop"/>), for whoever shows a
/// notebook. A cell may end it, by <c>Environment.Exit</c> or a stack overflow: that is told, and
/// another one is started.</summary>
/// <example><code>
/// using var engine = EngineProcess.Start("notebooks/02-etcd.ipynb", e => …, why => …);
/// engine.Send(new() { ["id"] = 1, ["op"] = "execute", ["code"] = "1 + 1" });
/// var answer = await engine.Ask(new() { ["op"] = "complete", ["code"] = "Math.", … });
/// </code></example>
internal sealed class EngineProcess : IDisposable
{
    private readonly Process process;
    private readonly Task<string> complaint;
    private readonly Action<JsonObject> received;
    private readonly Action<string> ended;
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonObject>> asked =
        new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<JsonObject> ready =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int questions;
    private bool disposed;

    private EngineProcess(string path, Action<JsonObject> received, Action<string> ended)
    {
        (this.received, this.ended) = (received, ended);
        var full = Path.GetFullPath(path);
        var start = OwnProcess.Start(Directory.Exists(full) ? full
            : Path.GetDirectoryName(full)!, OwnProcess.Laid(), [EngineCommand.Name, full]);
        start.StandardInputEncoding = start.StandardOutputEncoding = new UTF8Encoding(false);
        process = Process.Start(start)!;
        complaint = Task.Run(() => OwnProcess.Complaint(process.StandardError));
    }

    /// <summary>Ends with its first event, or fails when the process ends before.</summary>
    public Task<JsonObject> Ready => ready.Task;

    /// <summary>Starts an engine.</summary>
    /// <param name="path">A notebook, or a folder.</param>
    /// <param name="received">Is told of each event, on one thread and in order; the answers to
    /// <see cref="Ask"/> are not among them.</param>
    /// <param name="ended">Is told once, after the last event, why the process ended; not when it
    /// was disposed.</param>
    public static EngineProcess Start(string path, Action<JsonObject> received,
        Action<string> ended)
    {
        var engine = new EngineProcess(path, received, ended);
        new Thread(engine.Read) { IsBackground = true, Name = "engine" }.Start();
        return engine;
    }

    /// <summary>Sends a request.</summary>
    /// <returns>False when nobody is there any more.</returns>
    public bool Send(JsonObject request)
    {
        lock (gate)
        {
            try
            {
                process.StandardInput.Write(EngineWire.Line(request));
                process.StandardInput.Flush();
                return true;
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException
                or InvalidOperationException)
            {
                return false;
            }
        }
    }

    /// <summary>Asks about code, and gives the answer; its id is chosen here.</summary>
    /// <exception cref="IOException">The process ended.</exception>
    public Task<JsonObject> Ask(JsonObject request)
    {
        var id = string.Create(CultureInfo.InvariantCulture,
            $"ask-{Interlocked.Increment(ref questions)}");
        var answer = new TaskCompletionSource<JsonObject>(
            TaskCreationOptions.RunContinuationsAsynchronously);
        asked[id] = answer;
        request["id"] = id;
        if (!Send(request))
        {
            answer.TrySetException(new IOException("the engine has ended"));
            asked.TryRemove(id, out _);
        }
        return answer.Task;
    }

    /// <summary>Interrupts the cell that runs.</summary>
    public bool Interrupt() => Send(new() { ["op"] = "interrupt" });

    /// <summary>Ends the process and what it started.</summary>
    public void Dispose()
    {
        disposed = true;
        OwnProcess.Kill(process);
    }

    private void Read()
    {
        try
        {
            while (process.StandardOutput.ReadLine() is { } line)
            {
                Take(line);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It is over.
        }
        OwnProcess.Kill(process);
        var why = string.Create(CultureInfo.InvariantCulture,
            $"The process ended with exit code {process.ExitCode}. ");
        why = (why + (complaint.Wait(TimeSpan.FromSeconds(2)) ? complaint.Result : "")).Trim();
        var failure = new IOException(why);
        ready.TrySetException(failure);
        _ = ready.Task.Exception;
        foreach (var answer in asked.Values)
        {
            answer.TrySetException(failure);
        }
        if (!disposed)
        {
            ended(why);
        }
    }

    private void Take(string line)
    {
        JsonObject? said;
        try
        {
            said = JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return;
        }
        if (said is null)
        {
            return;
        }
        ready.TrySetResult(said);
        if (said["id"] is JsonValue id && id.TryGetValue<string>(out var text)
            && asked.TryRemove(text, out var answer))
        {
            answer.TrySetResult(said);
            return;
        }
        received(said);
    }
}
