using System.Text;

namespace KubeSim;

/// <summary>A line that a container wrote.</summary>
/// <param name="Time">When (UTC).</param>
/// <param name="Text">Without the line feed.</param>
public readonly record struct LogLine(DateTime Time, string Text);

/// <summary>What a container finds around it when it starts.</summary>
/// <param name="Files">What it sees of files.</param>
/// <param name="Variables">Its environment.</param>
/// <param name="IsBusyBox">Whose tools are in its image.</param>
/// <param name="Ask">Answers programs that ask the network; null for nobody.</param>
internal sealed record ShellPlace(ContainerFiles Files, Dictionary<string, string> Variables,
    bool IsBusyBox, Func<IReadOnlyList<string>, ExecResult?>? Ask = null);

/// <summary>
/// The scripts that run in the containers of a pod. They share volumes, so they are carried on
/// together, in the order of their times: whoever looks at a pod first lets all of it catch up with
/// the clock.
/// <para>Worked: one container makes /shared/ready at 7.0 s, another looks every second since
/// 0.4 s: it finds it at 7.4 s, whenever anybody asks.</para>
/// </summary>
internal sealed class PodProcesses
{
    private readonly List<ContainerProcess> running = [];

    /// <summary>When something that a probe may see can change next; null for never.</summary>
    public DateTime? NextTouch => running.Where(p => p.TouchesFiles).Select(p => p.Wake)
        .Where(w => w < DateTime.MaxValue).Cast<DateTime?>().Min();

    public void Add(ContainerProcess process) => running.Add(process);

    /// <summary>Lets all happen up to a time.</summary>
    public void Advance(DateTime to)
    {
        while (running.Count > 0)
        {
            ContainerProcess? next = null;
            foreach (var process in running)
            {
                if (process.Wake <= to && (next is null || process.Wake < next.Wake))
                {
                    next = process;
                }
            }
            if (next is null)
            {
                return;
            }
            next.GoOn();
            if (next.EndedAt is not null)
            {
                running.Remove(next);
            }
        }
    }

    /// <summary>Takes out a process that somebody killed.</summary>
    public void Remove(ContainerProcess process) => running.Remove(process);
}

/// <summary>A script in a container, at its place in time.</summary>
internal sealed class ContainerProcess : IShellWorld
{
    private sealed class Strand(IEnumerator<ShellWait> steps)
    {
        public IEnumerator<ShellWait> Steps { get; } = steps;

        public ShellWait Wait { get; set; }
    }

    private readonly List<Strand> strands = [];
    private readonly List<LogLine> lines = [];
    private readonly StringBuilder line = new();
    private readonly ShellPlace place;
    private readonly ShellRun shell;

    public ContainerProcess(Seq<string> command, ShellPlace place, DateTime start, bool ends)
    {
        this.place = place;
        Now = start;
        shell = new(this, place.Variables) { Ends = ends };
        strands.Add(new(shell.Start(command, new(null, Print, Print)).GetEnumerator())
        {
            Wait = new(start),
        });
        var script = command.FirstOrDefault(ShellRun.IsShell) is null ? null
            : ShellParser.TryParse(command[^1], out _);
        FixedEnd = command.Count == 3 && script is not null ? start + ShellForecast.Length(script)
            : command is ["sleep" or "/bin/sleep", var span]
                && ShellRun.Duration(span) is var sleeps && sleeps < TimeSpan.FromDays(3650)
                ? start + sleeps : null;
        TouchesFiles = script is null || ShellForecast.TouchesFiles(script);
    }

    /// <summary>When the script ends, where that can be said beforehand.</summary>
    public DateTime? FixedEnd { get; }

    /// <summary>True when it may change files.</summary>
    public bool TouchesFiles { get; }

    /// <summary>When it ended (UTC); null while it runs.</summary>
    public DateTime? EndedAt { get; private set; }

    public int ExitCode => shell.Code;

    /// <summary>How many shells it consists of.</summary>
    public int Strands => strands.Count;

    /// <summary>True while a program runs that takes signals itself.</summary>
    public bool IsServer => shell.IsServer;

    public IReadOnlyList<LogLine> Lines => lines;

    /// <summary>When it goes on (UTC); the end of time for never.</summary>
    public DateTime Wake => EndedAt is not null ? DateTime.MaxValue
        : strands.Min(s => s.Wait.Until);

    /// <summary>When it may end of itself, so that somebody should look; null for never. False
    /// beside it: nobody knows whether it will.</summary>
    public (DateTime? At, bool Sure) MayEnd => EndedAt is not null ? (null, false)
        : FixedEnd is { } end ? (end, true)
        : shell.IsEndless || Wake == DateTime.MaxValue ? (null, false) : (Wake, false);

    public DateTime Now { get; private set; }

    public ContainerFiles Files => place.Files;

    public bool IsBusyBox => place.IsBusyBox;

    public ExecResult? Ask(IReadOnlyList<string> words) => place.Ask?.Invoke(words);

    /// <summary>Lets the strand that is first go on to its next wait.</summary>
    public void GoOn()
    {
        var strand = strands.MinBy(s => s.Wait.Until)!;
        Now = strand.Wait.Until > Now ? strand.Wait.Until : Now;
        if (strand.Steps.MoveNext())
        {
            strand.Wait = strand.Steps.Current;
        }
        else if (strand == strands[0])
        {
            EndedAt = Now;
            Flush();
        }
        else
        {
            strands.Remove(strand);
            shell.Beside.Remove(strand.Steps);
            Interrupt();
        }
        foreach (var steps in shell.Beside)
        {
            if (!strands.Exists(s => s.Steps == steps))
            {
                strands.Add(new(steps) { Wait = new(Now) });
            }
        }
    }

    /// <summary>Sends it the stop signal; it goes on alone, up to the time when it is killed. True
    /// when it has ended by then.</summary>
    /// <remarks>What it writes to files meanwhile is there at once: whoever stops a container is
    /// told how long that takes.</remarks>
    public bool Terminate(DateTime now, DateTime kill)
    {
        Now = now > Now ? now : Now;
        if (!shell.Signal("TERM"))
        {
            return false;
        }
        Interrupt();
        while (EndedAt is null && Wake <= kill)
        {
            GoOn();
        }
        return EndedAt is not null;
    }

    /// <summary>Ends it from outside.</summary>
    public void Kill(DateTime at)
    {
        EndedAt ??= at;
        Flush();
    }

    // Who waits for others, or for a signal, looks again.
    private void Interrupt()
    {
        if (strands[0].Wait.Interruptible)
        {
            strands[0].Wait = new(Now);
        }
    }

    private void Print(string text)
    {
        var parts = text.Split('\n');
        for (var i = 0; i + 1 < parts.Length; i++)
        {
            lines.Add(new(Now, line.Append(parts[i]).ToString()));
            line.Clear();
        }
        line.Append(parts[^1]);
    }

    private void Flush()
    {
        if (line.Length > 0)
        {
            Print("\n");
        }
    }
}

/// <summary>A command that somebody runs in a container, to its end, at once.</summary>
internal sealed class ShellExec(ShellPlace place, DateTime start) : IShellWorld
{
    private const int MostWaits = 100_000;

    private TimeSpan passed;

    public DateTime Now => start + passed;

    public ContainerFiles Files => place.Files;

    public bool IsBusyBox => place.IsBusyBox;

    public ExecResult? Ask(IReadOnlyList<string> words) => place.Ask?.Invoke(words);

    /// <summary>What came of it and how long it takes; without a value when it takes longer than
    /// it may.</summary>
    public (ExecResult? Result, TimeSpan Takes) Run(Seq<string> command, TimeSpan most)
    {
        var (output, error) = (new StringBuilder(), new StringBuilder());
        var shell = new ShellRun(this, place.Variables) { Ends = true };
        var waits = 0;
        foreach (var wait in shell.Start(command,
            new(null, t => output.Append(t), t => error.Append(t))))
        {
            if (wait.Until - start > most || ++waits > MostWaits)
            {
                return (null, most);
            }
            passed = wait.Until > Now ? wait.Until - start : passed;
        }
        return (new(output.ToString(), error.ToString(), shell.Code), passed);
    }
}
