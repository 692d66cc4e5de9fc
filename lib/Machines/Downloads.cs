namespace KubeSim;

/// <summary>A pull of an image: when it began, and when it is over as things stand. One that comes
/// later may delay it, so whoever waits for it looks again when it should be over.</summary>
public sealed class ImagePull
{
    private readonly Download? download;
    private readonly (DateTime Begins, DateTime Ends) fixedSpan;

    internal ImagePull(DateTime begins, DateTime ends) => fixedSpan = (begins, ends);

    internal ImagePull(Download download) => this.download = download;

    /// <summary>What came: the digest; null when the pull fails.</summary>
    public string? Digest { get; internal init; }

    /// <summary>Why it fails, in the runtime's words; null when it does not.</summary>
    public string? Error { get; internal init; }

    /// <summary>When it began, or will: others may be before it (UTC).</summary>
    public DateTime BeginsAt => download is null ? fixedSpan.Begins
        : download.Begun ?? download.All.EndOf(download).Begun;

    /// <summary>When it is over, as far as can be told now (UTC).</summary>
    public DateTime EndsAt => download is null ? fixedSpan.Ends
        : download.Ended ?? download.All.EndOf(download).Ended;
}

/// <summary>Bytes on their way to a machine.</summary>
internal sealed class Download
{
    public required Downloads All { get; init; }

    public required SimMachine Machine { get; init; }

    public required string Host { get; init; }

    /// <summary>Not before this time (UTC).</summary>
    public DateTime From { get; init; }

    /// <summary>How long is still asked and answered before the bytes come.</summary>
    public TimeSpan Talk { get; set; }

    public double Bytes { get; set; }

    public DateTime? Begun { get; set; }

    public DateTime? Ended { get; set; }

    public Download Copy() => (Download)MemberwiseClone();
}

/// <summary>
/// The pulls that share a wire: those of a machine whose kubelet pulls several at a time, and those
/// from a registry that gives only so much. Each gets an equal share of its machine's wire and an
/// equal share of its registry's, and goes as fast as the smaller one.
/// <para>Worked: two images of 100 MB at a time, on a wire of 100 MB/s: both there after 2 s. One
/// after the other: one after 1 s, the other after 2 s. Of two pods the first waits longer, and
/// nobody gains.</para>
/// Pulls one after the other, from registries without a limit, are not here: when they are over can
/// be said at once (<see cref="ImageStore"/>).
/// </summary>
internal sealed class Downloads(World world)
{
    private readonly List<Download> all = [];
    private DateTime at;

    /// <summary>True when a pull has to be reckoned here.</summary>
    public bool Concerns(SimMachine machine, string host)
    {
        CatchUp();
        return double.IsFinite(world.Registries.BytesPerSecond(host))
            || all.Exists(d => d.Machine == machine);
    }

    public void Add(Download download)
    {
        CatchUp();
        all.Add(download);
    }

    /// <summary>A machine loses its power.</summary>
    public void Drop(SimMachine machine)
    {
        CatchUp();
        foreach (var lost in all.Where(d => d.Machine == machine))
        {
            lost.Ended = world.Host.Now;
        }
        all.RemoveAll(d => d.Ended is not null);
    }

    /// <summary>When a download begins and ends if nothing else comes.</summary>
    public (DateTime Begun, DateTime Ended) EndOf(Download download)
    {
        CatchUp();
        if (download.Ended is { } over)
        {
            return (download.Begun ?? over, over);
        }
        var (copies, now) = (all.ConvertAll(d => d.Copy()), at);
        var own = copies[all.IndexOf(download)];
        while (own.Ended is null)
        {
            now = Carry(copies, now, DateTime.MaxValue);
        }
        return (own.Begun!.Value, own.Ended.Value);
    }

    private void CatchUp()
    {
        at = all.Count == 0 ? world.Host.Now : at;
        while (at < world.Host.Now && all.Count > 0)
        {
            at = Carry(all, at, world.Host.Now);
        }
        all.RemoveAll(d => d.Ended is not null);
    }

    // Up to the next time when something begins or ends, at most to a limit.
    private DateTime Carry(List<Download> some, DateTime from, DateTime limit)
    {
        var running = new List<Download>();
        var next = limit;
        foreach (var download in some.Where(d => d.Ended is null))
        {
            if (download.From > from)
            {
                next = download.From < next ? download.From : next;
            }
            else if (running.Count(r => r.Machine == download.Machine)
                < download.Machine.Runtime.Images.MostPulls)
            {
                download.Begun ??= from;
                running.Add(download);
            }
        }
        var rates = running.ConvertAll(d => RateOf(d, running));
        for (var i = 0; i < running.Count; i++)
        {
            var left = running[i].Talk > TimeSpan.Zero ? running[i].Talk
                : Ceiling(running[i].Bytes / rates[i]);
            next = from + left < next ? from + left : next;
        }
        var passed = next - from;
        for (var i = 0; i < running.Count; i++)
        {
            Move(running[i], passed, rates[i]);
        }
        foreach (var done in running.Where(d => d.Talk == TimeSpan.Zero && d.Bytes <= 0))
        {
            done.Ended = next;
        }
        return next;
    }

    private static void Move(Download download, TimeSpan passed, double rate)
    {
        if (download.Talk > TimeSpan.Zero)
        {
            download.Talk -= passed;
        }
        else
        {
            download.Bytes -= rate * passed.TotalSeconds;
            download.Bytes = download.Bytes < 0.5 ? 0 : download.Bytes;
        }
    }

    private double RateOf(Download download, List<Download> running)
    {
        bool Moves(Download d) => d.Talk == TimeSpan.Zero && d.Bytes > 0;
        var (here, there) = (running.Count(d => Moves(d) && d.Machine == download.Machine),
            running.Count(d => Moves(d) && d.Host == download.Host));
        return Math.Min(ImageStore.BytesPerSecond / Math.Max(1, here),
            world.Registries.BytesPerSecond(download.Host) / Math.Max(1, there));
    }

    private static TimeSpan Ceiling(double seconds) =>
        TimeSpan.FromTicks((long)Math.Ceiling(seconds * TimeSpan.TicksPerSecond));
}
