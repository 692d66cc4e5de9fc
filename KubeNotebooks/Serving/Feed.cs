using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using KubeSim;

namespace KubeNotebooks;

/// <summary>
/// What flows to one client: a watch, or a log that is followed. The owner of the cluster pulls, a
/// line a change, into a queue that holds a thousand; the request's own task takes out and sends.
/// While the queue is full nothing is pulled: the watch waits at its cursor, and others go on. A
/// reader that leaves it full for seconds is dropped, since what it has not read cannot be
/// forgotten meanwhile.
/// </summary>
/// <param name="answer">The watch or the log.</param>
/// <param name="form">Feeds of one form read the same bytes.</param>
/// <param name="now">The virtual time.</param>
internal sealed class Feed(HttpAnswer answer, string form, DateTime now) : IDisposable
{
    private const int MostLines = 1024;

    private readonly Channel<Lazy<ReadOnlyMemory<byte>>> lines =
        Channel.CreateBounded<Lazy<ReadOnlyMemory<byte>>>(
            new BoundedChannelOptions(MostLines) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource dropped = new();
    private long fullSince;
    private DateTime markedAt = now;
    private long markedWall = Environment.TickCount64;

    public ChannelReader<Lazy<ReadOnlyMemory<byte>>> Lines => lines.Reader;

    /// <summary>Cancelled when the client reads too slowly.</summary>
    public CancellationToken Dropped => dropped.Token;

    /// <summary>True when the client is gone, or was sent the last line.</summary>
    public bool IsOver { get; private set; }

    private int Room => MostLines - 1 - lines.Reader.Count;

    /// <summary>Takes what there is by now.</summary>
    public void Pull(SharedLines shared, DateTime now, TimeSpan slowReader)
    {
        if (IsOver)
        {
            return;
        }
        if (answer.Log is { } log)
        {
            PullLog(log);
            return;
        }
        var watch = answer.Watch!;
        fullSince = Room > 0 ? 0 : fullSince;
        while (Room > 0 && watch.TryNext(out var change))
        {
            lines.Writer.TryWrite(shared.Of(change, answer, form));
        }
        if (watch.Ended is { } why)
        {
            End(why);
        }
        else if (Room > 0)
        {
            Mark(watch, now);
        }
        else if (fullSince == 0)
        {
            fullSince = Environment.TickCount64;
        }
        else if (Environment.TickCount64 - fullSince > slowReader.TotalMilliseconds)
        {
            Finish();
            // What it is being sent is stuck: no more waiting for that, on a thread of its own.
            _ = dropped.CancelAsync();
        }
    }

    /// <summary>Ends a watch with a refusal, the last of its lines.</summary>
    public void End(Status why)
    {
        var line = HttpAnswer.Utf8(new JsonObject
        {
            ["type"] = "ERROR", ["object"] = Json.Encode(why),
        });
        lines.Writer.TryWrite(new(line));
        Finish();
    }

    /// <summary>Lets go of the history that the watch stands in. Only the owner may.</summary>
    public void Dispose()
    {
        answer.Watch?.Dispose();
        Finish();
    }

    private void Finish()
    {
        IsOver = true;
        lines.Writer.TryComplete();
    }

    private void PullLog(LogTail log)
    {
        if (Room > 0 && log.Take() is { Length: > 0 } text)
        {
            lines.Writer.TryWrite(new(Encoding.UTF8.GetBytes(text)));
        }
        if (log.Ended)
        {
            Finish();
        }
    }

    // How far it has read, once a minute of either time: a client that loses the connection goes
    // on from there. Not more than once a second, however fast the cluster's time runs.
    private void Mark(Watch watch, DateTime now)
    {
        var wall = Environment.TickCount64 - markedWall;
        if (answer.Bookmarks
            && (wall >= 60_000 || (wall >= 1000 && now - markedAt >= TimeSpan.FromMinutes(1))))
        {
            (markedAt, markedWall) = (now, Environment.TickCount64);
            lines.Writer.TryWrite(SharedLines.Line(watch.Bookmark(), answer));
        }
    }
}

/// <summary>The lines of one round of pulling: what a thousand clients watch is put into JSON once,
/// by the first that sends it.</summary>
internal sealed class SharedLines
{
    private readonly Dictionary<(Revision, string, string), (ApiObject, Lazy<ReadOnlyMemory<byte>>)>
        known = [];

    public Lazy<ReadOnlyMemory<byte>> Of(WatchEvent change, HttpAnswer answer, string form)
    {
        if (answer.Line is not null)
        {
            return Line(change, answer);
        }
        var key = (change.At, change.Type, form);
        if (known.TryGetValue(key, out var there) && ReferenceEquals(there.Item1, change.Object))
        {
            return there.Item2;
        }
        var line = Line(change, answer);
        known[key] = (change.Object, line);
        return line;
    }

    /// <summary>A change in the form that one client asked for. What depends on the lines before
    /// it is worded at once, in order; the bytes are made when they are sent.</summary>
    public static Lazy<ReadOnlyMemory<byte>> Line(WatchEvent change, HttpAnswer answer)
    {
        var own = answer.Line?.Invoke(change);
        return new(() => HttpAnswer.Utf8(own ?? ApiServer.WatchLine(change)));
    }
}
