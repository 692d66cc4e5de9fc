using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>
/// What log collectors bring together. A container's log is a file on its machine: it goes with the
/// pod, and with the machine. A collector on every machine (Fluent Bit) follows these files and
/// sends their lines to a store (Loki), which still has them when both are gone.
/// <list type="bullet">
/// <item>A new file is found when the collector looks again (<c>Refresh_Interval</c>, 60 s unless
/// its configuration says otherwise), and read to its end from then on. Files that are there when
/// it starts are read from their heads with <c>Read_from_Head On</c>, or go on where its
/// <c>DB</c> says.</item>
/// <item>What was read is sent at the next <c>Flush</c> (1 s), while the store runs and the network
/// is there. Until then it waits in memory and ends with the collector, or on the disk with
/// <c>storage.type filesystem</c>.</item>
/// <item>A pod that is deleted before its file was found leaves nothing. A machine that dies takes
/// along what was not sent, unless it comes back with its disk.</item>
/// <item>A store's lines are where its directory is: on a volume that outlives its pod, or not.
/// </item>
/// </list>
/// <para>Worked: Refresh_Interval 10, collector up since 0 s. A container starts at 12 s and prints
/// at 12.4 s. Its file is found at 20 s, the line is in the store at 21 s; of a pod that was gone
/// by 19 s there is none.</para>
/// <para>Nothing of this takes a step: from when each of them ran it is read off, when somebody
/// asks, which lines have arrived. Only the lines of containers that are removed are kept.</para>
/// Models github.com/fluent/fluent-bit/plugins/in_tail and github.com/grafana/loki. Of the sender's
/// waits after a failure and of Mem_Buf_Limit nothing is modelled.
/// </summary>
public sealed partial class LogStore
{
    private const int MostKept = 200_000;
    private const string Data = "/var/loki";

    // A program that runs, ran, or will end then.
    private sealed record Run(SimMachine Machine, SimContainer Container)
    {
        // Of a collector.
        public TimeSpan Refresh { get; init; }

        public TimeSpan Flush { get; init; }

        public bool FromHead { get; init; }

        public bool Remembers { get; init; }

        public bool OnDisk { get; init; }

        // Of a store: where its lines are.
        public (SimFiles Files, string Path) At { get; init; }

        public DateTime From => Container.StartedAt!.Value;

        public DateTime To => Container.EndsAt ?? DateTime.MaxValue;
    }

    // A line on its way: when it was read, and by which of the machine's collectors.
    private readonly record struct Read(LogLine Line, DateTime At, Run By);

    // By machine, each in the order of their starts.
    private readonly SortedDictionary<string, List<Run>> collectors =
        new(StringComparer.Ordinal);

    private readonly List<Run> stores = [];
    private readonly Queue<(Map<string> Labels, Read Read)> kept = new();

    /// <summary>A program was started: is it one of these?</summary>
    internal void Started(SimMachine machine, SimContainer container, Func<ShellPlace> around)
    {
        var repository = ImageReference.Parse(container.Image.Reference).Repository;
        if (repository == "grafana/loki")
        {
            var (files, path, _) = around().Files.Place(Data);
            stores.Add(new(machine, container) { At = (files, path) });
        }
        else if (repository == "fluent/fluent-bit")
        {
            var options = around().Files.Find("/fluent-bit/etc/conf/fluent-bit.conf")?.Content
                ?? "";
            if (!collectors.TryGetValue(machine.Name, out var runs))
            {
                collectors.Add(machine.Name, runs = []);
            }
            runs.Add(new(machine, container)
            {
                Refresh = Seconds(options, "Refresh_Interval", 60),
                Flush = Seconds(options, "Flush", 1),
                FromHead = Option(options, "Read_from_Head") is "On" or "on" or "true",
                Remembers = Option(options, "DB").Length > 0,
                OnDisk = Option(options, "storage.type") == "filesystem",
            });
        }
    }

    /// <summary>A container is about to be removed, and its log with it.</summary>
    internal void Removing(SimMachine machine, PodSandboxConfig pod, SimContainer container,
        DateTime now)
    {
        if (collectors.ContainsKey(machine.Name))
        {
            var labels = LabelsOf(machine, pod, container);
            foreach (var line in container.LinesUntil(now))
            {
                if (ReadOf(machine, container, line, now) is { } read)
                {
                    kept.Enqueue((labels, read));
                }
            }
            while (kept.Count > MostKept)
            {
                kept.Dequeue();
            }
        }
    }

    /// <summary>The lines that a store has now, in the order of their times; null when no store
    /// runs.</summary>
    internal IEnumerable<StoredLine>? Find(LogQuery query, DateTime from, DateTime to, DateTime now)
    {
        var open = stores.Where(s => s.From <= now && now < s.To).Select(s => s.At).ToHashSet();
        return open.Count == 0 ? null : All(query, now)
            .Where(r => r.Read.Line.Time >= from && r.Read.Line.Time <= to
                && query.Keeps(r.Read.Line.Text) && Arrives(r.Read, open) <= now)
            .Select(r => new StoredLine(r.Read.Line.Time, r.Labels, r.Read.Line.Text))
            .OrderBy(l => l.Time).ThenBy(l => l.Labels.Get("namespace"), StringComparer.Ordinal)
            .ThenBy(l => l.Labels.Get("pod"), StringComparer.Ordinal);
    }

    private IEnumerable<(Map<string> Labels, Read Read)> All(LogQuery query, DateTime now)
    {
        foreach (var one in kept)
        {
            if (query.Selects(one.Labels))
            {
                yield return one;
            }
        }
        foreach (var machine in collectors.Values.Select(runs => runs[0].Machine))
        {
            foreach (var (pod, container) in machine.Runtime.All)
            {
                var labels = LabelsOf(machine, pod, container);
                if (!query.Selects(labels))
                {
                    continue;
                }
                foreach (var line in container.LinesUntil(now))
                {
                    if (ReadOf(machine, container, line, now) is { } read)
                    {
                        yield return (labels, read);
                    }
                }
            }
        }
    }

    // When a collector of the machine read a line, up to a time; null when none did.
    private Read? ReadOf(SimMachine machine, SimContainer container, LogLine line, DateTime until)
    {
        var known = false;
        foreach (var run in collectors[machine.Name])
        {
            var begins = container.StartedAt!.Value;
            var found = begins <= run.From ? run.From
                : run.From + Ceiling(begins - run.From, run.Refresh);
            if (begins <= run.From && line.Time < run.From && !run.FromHead
                && !(known && run.Remembers))
            {
                return null;
            }
            var at = line.Time > found ? line.Time : found;
            if (at < run.To)
            {
                return at <= until ? new Read(line, at, run) : null;
            }
            known |= found < run.To;
        }
        return null;
    }

    // When a line that was read is in one of these places; never when that is not to be seen.
    private DateTime Arrives(in Read read, HashSet<(SimFiles, string)> places)
    {
        var by = read.By;
        foreach (var run in collectors[by.Machine.Name].Where(c => c == by
            || (by.OnDisk && c.From >= by.To)))
        {
            var ready = run == by ? read.At : run.From;
            var sent = run.From + Ceiling(ready - run.From + TimeSpan.FromTicks(1), run.Flush);
            var first = DateTime.MaxValue;
            foreach (var store in stores)
            {
                var at = After(run.Machine, After(store.Machine, sent > store.From ? sent
                    : store.From));
                if (at < run.To && at < store.To)
                {
                    // The first one took it, whether or not that still has it.
                    first = at < first ? at : first;
                    if (first == at && !places.Contains(store.At))
                    {
                        return DateTime.MaxValue;
                    }
                }
            }
            if (first < DateTime.MaxValue)
            {
                return first;
            }
        }
        return DateTime.MaxValue;
    }

    // The time, or the end of the cut that it falls into.
    private static DateTime After(SimMachine machine, DateTime at)
    {
        foreach (var (from, to) in machine.Cuts)
        {
            at = at >= from && at < to ? to : at;
        }
        return at;
    }

    // Labels as auto_kubernetes_labels makes them: what Loki does not allow in a name becomes _.
    private static Map<string> LabelsOf(SimMachine machine, PodSandboxConfig pod,
        SimContainer container)
    {
        var labels = Map.Of(("container", container.Config.Name), ("job", "fluent-bit"),
            ("namespace", pod.Metadata.Namespace), ("node", machine.Name),
            ("pod", pod.Metadata.Name));
        foreach (var (name, value) in pod.Labels)
        {
            labels = labels.Set(Unnamed().Replace(name, "_"), value);
        }
        return labels;
    }

    private static TimeSpan Ceiling(TimeSpan span, TimeSpan step) =>
        step * Math.Ceiling(span / step);

    private static TimeSpan Seconds(string options, string name, int other) =>
        TimeSpan.FromSeconds(double.TryParse(Option(options, name), NumberStyles.Float,
            CultureInfo.InvariantCulture, out var number) && number > 0 ? number : other);

    private static string Option(string options, string name) => Regex.Match(options,
        $@"^\s*{Regex.Escape(name)}\s+(\S+)", RegexOptions.Multiline | RegexOptions.IgnoreCase
        | RegexOptions.CultureInvariant).Groups[1].Value;

    [GeneratedRegex("[^a-zA-Z0-9_]")]
    private static partial Regex Unnamed();
}

/// <summary>A line that a log store has.</summary>
/// <param name="Time">When the container printed it (UTC).</param>
/// <param name="Labels">Those of its stream: namespace, pod, container, node, and the pod's own.
/// </param>
/// <param name="Text">What it printed.</param>
public sealed record StoredLine(DateTime Time, Map<string> Labels, string Text);
