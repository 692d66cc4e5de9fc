namespace KubeSim;

/// <summary>A container: when it started, what its program does, which signals it was sent. Its
/// state at a time is a function of these.</summary>
internal sealed class SimContainer(
    string id, string sandboxId, ContainerConfig config, DateTime created)
{
    private CriContainerStatus? status;
    private DateTime? stopAt;
    private DateTime? killAt;
    private DateTime? lostAt;

    public string Id => id;

    public string SandboxId => sandboxId;

    public required string PodUid { get; init; }

    public required CriImage Image { get; init; }

    public required ProcessBehaviour Runs { get; init; }

    public DateTime? StartedAt { get; private set; }

    /// <summary>When it has ended or will, as far as can be told.</summary>
    public DateTime? EndsAt { get; private set; }

    private int ExitCode { get; set; }

    public void Start(DateTime at)
    {
        if (StartedAt is null)
        {
            StartedAt = at;
            Settle();
        }
    }

    /// <summary>Sends the stop signal, and the kill after a grace; the earlier of several
    /// counts.</summary>
    public void Stop(DateTime now, TimeSpan grace)
    {
        if (StartedAt is null || EndsAt <= now)
        {
            return;
        }
        stopAt ??= now;
        killAt = killAt is { } known && known < now + grace ? known : now + grace;
        Settle();
    }

    /// <summary>The machine loses its power.</summary>
    public void Lose(DateTime now)
    {
        if (StartedAt is not null && !(EndsAt <= now))
        {
            lostAt = now;
            Settle();
        }
    }

    public bool RunsAt(DateTime now) => StartedAt <= now && !(EndsAt <= now);

    /// <summary>A server that heeds the stop signal closes its door at once, finishes what it has
    /// begun, and ends.</summary>
    public bool TakesConnectionsAt(DateTime now) =>
        RunsAt(now) && !(stopAt <= now && Runs.StopsAfter is not null);

    public CriContainerStatus StatusAt(DateTime now)
    {
        var state = StartedAt is not { } start || start > now ? CriContainerState.Created
            : EndsAt <= now ? CriContainerState.Exited : CriContainerState.Running;
        if (status is null || status.State != state)
        {
            status = Status(state);
        }
        return status;
    }

    /// <summary>What it has printed up to a time.</summary>
    public List<LogLine> LinesUntil(DateTime now, IReadOnlyDictionary<string, string> environment)
    {
        if (StartedAt is not { } start || start > now)
        {
            return [];
        }
        var limit = EndsAt < now ? EndsAt.Value : now;
        var lines = !Runs.Prints.IsEmpty
            ? Runs.Prints.Select(line => new LogLine(start + line.At, line.Text)).ToList()
            : config.Command.IsEmpty && config.Args.IsEmpty
                ? ImageOutput.Of(Image.Reference, start)
                : ShellOutput.Of([.. config.Command, .. config.Args], environment, start, limit);
        lines.RemoveAll(line => line.Time > limit);
        return lines;
    }

    public ProbeAnswer Answer(Probe probe, DateTime now, PodFiles made)
    {
        if (probe.Exec is { Command: { Count: 2 } command } && command[0].EndsWith(
            "cat", StringComparison.Ordinal))
        {
            return Cat(command[1], now, made);
        }
        if (probe.HttpGet is not null && Runs.SickAfter is { } well)
        {
            var sick = StartedAt!.Value + well;
            return now < sick ? new(true, Until: sick)
                : new(false, "HTTP probe failed with statuscode: 500");
        }
        return probe.Exec is { } exec && ShellScript.Read(exec.Command) is { ExitCode: not 0 }
            ? new(false) : new(true);
    }

    private ProbeAnswer Cat(string path, DateTime now, PodFiles made)
    {
        var there = made.Find(PodUid, path, now) ?? false;
        DateTime? until = null;
        foreach (var (at, file, makes) in Runs.Files)
        {
            if (file != path)
            {
                continue;
            }
            if (StartedAt!.Value + at > now)
            {
                until = StartedAt.Value + at;
                break;
            }
            there = makes;
        }
        var why = Runs.IsBusyBox ? $"cat: can't open '{path}': No such file or directory"
            : $"cat: {path}: No such file or directory";
        return there ? new(true, Until: until) : new(false, why, until);
    }

    // The earliest of its own end, its answer to the stop signal, the kill and the loss of power.
    private void Settle()
    {
        (EndsAt, ExitCode) = (null, 0);
        End(Runs.EndsAfter is { } after ? StartedAt!.Value + after : null, Runs.ExitCode);
        End(stopAt + Runs.StopsAfter, Runs.StopExitCode);
        End(killAt, 137);
        End(lostAt, 255);
        status = null;
    }

    private void End(DateTime? at, int code)
    {
        if (at is not null && (EndsAt is null || at < EndsAt))
        {
            (EndsAt, ExitCode) = (at, code);
        }
    }

    private CriContainerStatus Status(CriContainerState state) => new()
    {
        Id = id, PodSandboxId = sandboxId, Config = config, State = state, CreatedAt = created,
        ImageName = Image.Reference, ImageId = Image.Id,
        StartedAt = state == CriContainerState.Created ? null : StartedAt,
        ChangesAt = state == CriContainerState.Created ? StartedAt
            : state == CriContainerState.Running ? EndsAt : null,
        FinishedAt = state == CriContainerState.Exited ? EndsAt : null,
        ExitCode = state == CriContainerState.Exited ? ExitCode : 0,
        Reason = state != CriContainerState.Exited ? "" : lostAt == EndsAt ? "Unknown"
            : ExitCode == 0 ? "Completed"
            : Runs.OomKilled && stopAt is null ? "OOMKilled" : "Error",
    };
}
