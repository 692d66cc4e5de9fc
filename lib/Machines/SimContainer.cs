namespace KubeSim;

/// <summary>A container: when it started, what its program does, which signals it was sent. Its
/// state at a time is a function of these.</summary>
internal sealed partial class SimContainer(
    string id, string sandboxId, ContainerConfig config, DateTime created)
{
    private CriContainerStatus? status;
    private Dictionary<string, string>? variables;
    private DateTime? stopAt;
    private DateTime? killAt;
    private DateTime? lostAt;

    public string Id => id;

    public string SandboxId => sandboxId;

    public required string PodUid { get; init; }

    public ContainerConfig Config => config;

    public required StoredImage Stored { get; init; }

    public CriImage Image => Stored.Image;

    public string Scheme { get; init; } = "containerd";

    public required ProcessBehaviour Runs { get; init; }

    /// <summary>The scripts of its pod, its own among them.</summary>
    public required PodProcesses Processes { get; init; }

    /// <summary>What it has around it.</summary>
    public required Func<ShellPlace> Place { get; init; }

    /// <summary>The script that it runs; null for other programs, and before it has
    /// started.</summary>
    public ContainerProcess? Process { get; private set; }

    public DateTime? StartedAt { get; private set; }

    /// <summary>When it has ended or will, as far as can be told.</summary>
    public DateTime? EndsAt { get; private set; }

    private int ExitCode { get; set; }

    public void Start(DateTime at)
    {
        if (StartedAt is null)
        {
            StartedAt = at;
            if (!Runs.Script.IsEmpty)
            {
                var place = Place();
                variables = new(place.Variables, StringComparer.Ordinal);
                Process = new(Runs.Script, place, at, config.RunsToEnd);
                Processes.Add(Process);
            }
            cpuSince = at;
            Settle();
        }
    }

    /// <summary>Sends the stop signal, and the kill after a grace; the earlier of several
    /// counts.</summary>
    public void Stop(DateTime now, TimeSpan grace)
    {
        CatchUp(now);
        if (StartedAt is null || EndsAt <= now)
        {
            return;
        }
        if (stopAt is null && grace > TimeSpan.Zero)
        {
            Process?.Terminate(now, now + grace);
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

    public bool RunsAt(DateTime now)
    {
        CatchUp(now);
        return StartedAt <= now && !(EndsAt <= now);
    }

    // Lets its script, and those beside it, do what they did up to now.
    private void CatchUp(DateTime now)
    {
        if (Process is null)
        {
            return;
        }
        Processes.Advance(now);
        if (Process.EndedAt is not null && EndsAt is not { } known
            || (EndsAt is { } end && Process.EndedAt < end))
        {
            Settle();
        }
        if (EndsAt <= now && Process.EndedAt is null)
        {
            Process.Kill(EndsAt.Value);
            Processes.Remove(Process);
        }
        var next = Process.MayEnd;
        if (EndsAt is null && status is not null && (status.ChangesAt, !status.ChangesSurely)
            != (next.At, next.At is not null && !next.Sure))
        {
            status = null;
        }
    }

    /// <summary>A server that heeds the stop signal closes its door at once, finishes what it has
    /// begun, and ends.</summary>
    public bool TakesConnectionsAt(DateTime now) =>
        RunsAt(now) && !(stopAt <= now && Runs.StopsAfter is not null);

    public CriContainerStatus StatusAt(DateTime now)
    {
        CatchUp(now);
        var state = StartedAt is not { } start || start > now ? CriContainerState.Created
            : EndsAt <= now ? CriContainerState.Exited : CriContainerState.Running;
        if (status is null || status.State != state)
        {
            status = Status(state);
        }
        return status;
    }

    /// <summary>What it has printed up to a time.</summary>
    public List<LogLine> LinesUntil(DateTime now)
    {
        CatchUp(now);
        if (StartedAt is not { } start || start > now)
        {
            return [];
        }
        var limit = EndsAt < now ? EndsAt.Value : now;
        var lines = !Runs.Prints.IsEmpty
            ? Runs.Prints.Select(line => new LogLine(start + line.At, line.Text)).ToList()
            : Process is not null ? [.. Process.Lines]
            : config.Command.IsEmpty && config.Args.IsEmpty
                ? ImageOutput.Of(Stored.Name, start) : [];
        lines.RemoveAll(line => line.Time > limit);
        return lines;
    }

    /// <summary>What came of a command that somebody runs in it now, and how long that
    /// takes.</summary>
    public (ExecResult? Result, TimeSpan Takes) Exec(
        Seq<string> command, DateTime now, TimeSpan most)
    {
        CatchUp(now);
        var place = Place();
        return new ShellExec(variables is null ? place : place with
        {
            Variables = new(variables, StringComparer.Ordinal),
        }, now).Run(command, most);
    }

    /// <summary>From when on it answers HTTP with 500; null for never.</summary>
    public DateTime? SickAt => StartedAt + Runs.SickAfter;

    public ProbeAnswer Answer(Probe probe, DateTime now, PodFiles made, string address)
    {
        if (probe.Exec is { } exec)
        {
            return Answer(exec.Command, now, TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1), made);
        }
        if (probe.HttpGet is not null && SickAt is { } sick)
        {
            return now < sick ? new(true, Until: sick)
                : new(false, "HTTP probe failed with statuscode: 500") { IsAnswered = true };
        }
        return NetworkProbe.Of(probe, config, address, TakesConnectionsAt(now));
    }

    private ProbeAnswer Answer(Seq<string> command, DateTime now, TimeSpan most, PodFiles made)
    {
        if (command is [_, var path] && command[0].EndsWith("cat", StringComparison.Ordinal)
            && made.Find(PodUid, path, now) is { } there)
        {
            return there ? new(true) : new(false, Runs.IsBusyBox
                ? $"cat: can't open '{path}': No such file or directory"
                : $"cat: {path}: No such file or directory");
        }
        var (result, _) = Exec(command, now, most);
        var until = Processes.NextTouch;
        return result is null
            ? new(false, string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"command timed out: \"{string.Join(' ', command)}\" timed out after "
                + $"{most.TotalSeconds:0}s"), until)
            : result.ExitCode == 0 ? new(true, Until: until)
            : new(false, (result.Stdout + result.Stderr).TrimEnd('\n'), until);
    }

    // The earliest of its own end, its answer to the stop signal, the kill and the loss of power.
    private void Settle()
    {
        (EndsAt, ExitCode) = (null, 0);
        End(Runs.EndsAfter is { } after ? StartedAt!.Value + after : null, Runs.ExitCode);
        End(Process?.EndedAt, Process?.ExitCode ?? 0);
        End(stopAt + (Process is { IsServer: true } ? ProcessBehaviour.Server.StopsAfter
            : Runs.StopsAfter), Runs.StopExitCode);
        End(killAt, 137);
        End(lostAt, 255);
        oomAt = OomAt();
        End(oomAt, 137);
        EndsAlone = EndsAt;
        End(NodeOomAt, 137);
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
        Id = id, Scheme = Scheme, PodSandboxId = sandboxId, Config = config, State = state,
        CreatedAt = created,
        ImageName = Image.Reference, ImageId = Image.Id,
        StartedAt = state == CriContainerState.Created ? null : StartedAt,
        ChangesAt = state == CriContainerState.Created ? StartedAt
            : state != CriContainerState.Running ? null : EndsAt ?? Process?.MayEnd.At,
        ChangesSurely = state != CriContainerState.Running || EndsAt is not null
            || Process?.MayEnd is not { At: not null, Sure: false },
        FinishedAt = state == CriContainerState.Exited ? EndsAt : null,
        ExitCode = state == CriContainerState.Exited ? ExitCode : 0,
        Reason = state != CriContainerState.Exited ? "" : lostAt == EndsAt ? "Unknown"
            : ExitCode == 0 ? "Completed"
            : EndsAt == oomAt || EndsAt == NodeOomAt ? "OOMKilled" : "Error",
    };
}
