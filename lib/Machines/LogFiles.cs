using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>A file of a container's log.</summary>
/// <param name="Path">Its full path on the machine.</param>
/// <param name="Lines">What is in it.</param>
public sealed record LogFile(string Path, IReadOnlyList<LogLine> Lines)
{
    /// <summary>Its text, as runtimes with a CRI write it, or as Docker does.</summary>
    /// <param name="isDocker">True: a line is a JSON object.</param>
    public string Text(bool isDocker)
    {
        var text = new StringBuilder();
        foreach (var (time, line) in Lines)
        {
            var at = time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'",
                CultureInfo.InvariantCulture);
            text.Append(isDocker ? JsonText.WriteLine(new System.Text.Json.Nodes.JsonObject
            {
                ["log"] = line + "\n", ["stream"] = "stdout", ["time"] = at,
            }) : $"{at} stdout F {line}").Append('\n');
        }
        return text.ToString();
    }
}

/// <summary>
/// The logs of containers as files of their machine:
/// <c>/var/log/pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log</c>. The runtime writes them, a line
/// as <c>2025-01-01T00:00:02.100000000Z stdout F text</c>, and the kubelet turns them over: every
/// ten seconds it looks, and a file of more than 10 MiB gets the time behind its name; of those
/// that were turned over before all but the last are compressed, and with the current one there
/// are five at most.
/// <para>Worked: a container that writes 1 MiB a second has 11 MiB after ten to twenty seconds,
/// then an empty file again, and after a minute the oldest is gone. <c>kubectl logs</c> shows the
/// current file alone: right after a turn that is nothing, whatever <c>--tail</c> asks
/// for.</para>
/// No file is kept here: what is in them follows from the lines that the container printed.
/// Models pkg/kubelet/logs/container_log_manager.go.
/// </summary>
internal static class LogFiles
{
    private const int Head = 41;
    private static readonly TimeSpan look = TimeSpan.FromSeconds(10);

    /// <summary>The files of one run of a container, the current one last.</summary>
    /// <param name="lines">All that it printed.</param>
    /// <param name="path">The path of the current file.</param>
    /// <param name="until">Now, or when it ended (UTC).</param>
    /// <param name="size">Above so many bytes a file is turned over.</param>
    /// <param name="most">So many files at most.</param>
    public static List<LogFile> Of(
        IReadOnlyList<LogLine> lines, string path, DateTime until, long size, int most)
    {
        var (turned, begin, bytes) = (new List<(DateTime At, int From, int To)>(), 0, 0L);
        for (var i = 0; i < lines.Count; i++)
        {
            bytes += Head + Encoding.UTF8.GetByteCount(lines[i].Text);
            var next = lines[i].Time.Ticks / look.Ticks * look.Ticks + look.Ticks;
            if (bytes > size && next <= until.Ticks
                && (i + 1 == lines.Count || lines[i + 1].Time.Ticks >= next))
            {
                turned.Add((new(next, DateTimeKind.Utc), begin, i + 1));
                (begin, bytes) = (i + 1, 0);
            }
        }
        var files = turned.TakeLast(most - 1).Select((t, n) => new LogFile(
            path + t.At.ToString("'.'yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)
                + (n < Math.Min(turned.Count, most - 1) - 1 ? ".gz" : ""),
            [.. lines.Skip(t.From).Take(t.To - t.From)])).ToList();
        files.Add(new(path, begin == 0 ? lines : [.. lines.Skip(begin)]));
        return files;
    }

    /// <summary>The files of all containers of a machine.</summary>
    public static IEnumerable<LogFile> On(SimMachine machine)
    {
        foreach (var pod in machine.Runtime.ListPods())
        {
            foreach (var status in machine.Runtime.ListContainers(pod.Uid).Where(
                s => s.State != CriContainerState.Created))
            {
                foreach (var file in Of(machine, pod, status))
                {
                    yield return file;
                }
            }
        }
    }

    /// <summary>The files of one run of a container.</summary>
    public static List<LogFile> Of(
        SimMachine machine, PodSandboxMetadata pod, CriContainerStatus status) => Of(
            machine.Runtime.Logs(status.Id) ?? [], PathOf(pod, status),
            status.FinishedAt ?? machine.World.Host.Now, machine.Runtime.MostLogBytes,
            machine.Runtime.MostLogFiles);

    /// <summary>Where the log of a run is.</summary>
    public static string PathOf(PodSandboxMetadata pod, CriContainerStatus status) =>
        string.Create(CultureInfo.InvariantCulture, $"/var/log/pods/{pod.Namespace}_{pod.Name}_"
            + $"{pod.Uid}/{status.Config.Name}/{status.Config.Attempt}.log");
}
