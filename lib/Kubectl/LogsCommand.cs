using System.Globalization;

namespace KubeSim;

/// <summary><c>kubectl logs</c>: what a container wrote. The server asks the kubelet of the pod's
/// node, which reads it from the machine; a pod without a node has none.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go,
/// staging/src/k8s.io/kubectl/pkg/polymorphichelpers/logsforobject.go,
/// pkg/registry/core/pod/strategy.go and pkg/kubelet/kubelet_pods.go.</remarks>
internal static class LogsCommand
{
    public static readonly KubectlCommand Command = new("logs",
        "container/c previous/p! tail follow/f! all-containers! selector/l since since-time "
        + "timestamps! prefix! limit-bytes all-pods!", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0 && call.Flags["selector"] is null)
        {
            throw call.UsageError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
                + "POD or TYPE/NAME is a required argument for the logs command");
        }
        foreach (var pod in Pods(call, "get the logs from"))
        {
            foreach (var container in Containers(call, pod))
            {
                Print(call, pod, container);
            }
        }
    }

    /// <summary>The pods that the arguments mean: a pod, or those of a workload.</summary>
    public static IEnumerable<Pod> Pods(Invocation call, string doing)
    {
        if (call.Args.Count == 0)
        {
            var selected = call.List<Pod>(call.Namespace, call.Flags["selector"]);
            if (selected.Count == 0)
            {
                call.ErrorLine($"No resources found in {call.Namespace} namespace.");
            }
            return selected;
        }
        var words = call.Args[0].Contains('/') ? [call.Args[0]]
            : (List<string>)["pods", call.Args[0]];
        var target = ResourceArgs.Read(call, words)[0];
        var found = call.Find(target.Kind, target.Namespace, target.Name)
            ?? throw ApiErrors.NotFound(target.Kind, target.Name);
        if (found is Pod pod)
        {
            return [pod];
        }
        var selector = found switch
        {
            Deployment d => d.Spec.Selector,
            ReplicaSet s => s.Spec.Selector,
            StatefulSet s => s.Spec.Selector,
            DaemonSet s => s.Spec.Selector,
            Job j => j.Spec.Selector,
            _ => throw new KubectlException($"cannot {doing} {found.Kind.Qualified}: "
                + "selector not found"),
        };
        var pods = call.List<Pod>(target.Namespace, Selector.From(selector).ToString())
            .OrderBy(p => !p.IsScheduled)
            .ThenBy(p => p.Status.Phase switch { "Running" => 0, "Unknown" => 1, _ => 2 })
            .ThenBy(p => !p.IsReady).ThenBy(p => p.Metadata.CreationTimestamp).ToList();
        if (call.Flags.On("all-pods"))
        {
            return pods;
        }
        if (pods.Count > 1)
        {
            call.ErrorLine($"Found {DescribeText.Number(pods.Count)} pods, using pod/"
                + pods[0].Metadata.Name);
        }
        return pods.Take(1);
    }

    /// <summary>The containers that the flags mean, or the first one.</summary>
    public static IEnumerable<string> Containers(Invocation call, Pod pod)
    {
        var all = pod.Spec.Containers.Select(c => c.Name)
            .Concat(pod.Spec.InitContainers.Select(c => c.Name + " (init)")).ToList();
        if (call.Flags.On("all-containers"))
        {
            return pod.Spec.InitContainers.Concat(pod.Spec.Containers).Select(c => c.Name);
        }
        if ((call.Flags["container"] ?? call.Args.ElementAtOrDefault(1)) is { } named)
        {
            return all.Exists(n => n.Split(' ')[0] == named) ? [named]
                : throw new KubectlException($"container {named} is not valid for pod "
                    + $"{pod.Metadata.Name} out of: {string.Join(", ", all)}");
        }
        if (pod.Metadata.Annotations.Get("kubectl.kubernetes.io/default-container") is { } own)
        {
            if (pod.Spec.Containers.Any(c => c.Name == own))
            {
                return [own];
            }
            call.ErrorLine($"Default container name \"{own}\" not found in pod "
                + pod.Metadata.Name);
        }
        if (all.Count > 1)
        {
            call.ErrorLine($"Defaulted container \"{all[0]}\" out of: {string.Join(", ", all)}");
        }
        return [all[0]];
    }

    private static void Print(Invocation call, Pod pod, string container)
    {
        // A pod without a node has written nothing yet.
        if (!pod.IsScheduled)
        {
            return;
        }
        var name = pod.Metadata.Name;
        if (call.Server.Logs is not { } logs || !logs.Reaches(pod))
        {
            throw Unreachable(pod, container);
        }
        var id = RunOf(pod, container, call.Flags.On("previous"));
        if (logs.Read(pod, container, id) is not { } lines)
        {
            call.Print(Gone(id));
            return;
        }
        var head = call.Flags.On("prefix") || call.Flags.On("all-pods")
            ? $"[pod/{name}/{container}] " : "";
        foreach (var text in Shown(lines, Since(call),
            call.Flags.Number("tail") ?? (call.Flags["selector"] is null ? -1 : 10),
            call.Flags.Number("limit-bytes") ?? int.MaxValue, call.Flags.On("timestamps")))
        {
            call.Print(head + text);
        }
    }

    /// <summary>What there is to say when the lines of a run are there no more.</summary>
    internal static string Gone(string id) => $"unable to retrieve container logs for {id}";

    /// <summary>500: the kubelet of a pod's node does not answer.</summary>
    internal static ApiException Unreachable(Pod pod, string container)
    {
        var host = $"{TablePrinters.Text(pod.Status.HostIP, pod.Spec.NodeName!)}:10250";
        return ApiErrors.Of(500, "", $"Get \"https://{host}/containerLogs/"
            + $"{pod.Metadata.Namespace}/{pod.Metadata.Name}/{container}\": dial tcp {host}: "
            + "connect: connection refused");
    }

    /// <summary>The lines that somebody asked for, each with its line end.</summary>
    /// <param name="lines">All lines.</param>
    /// <param name="since">Not those before this time.</param>
    /// <param name="tail">Of the last so many; below 0 all.</param>
    /// <param name="bytes">So much at most.</param>
    /// <param name="timed">True: each with its time.</param>
    internal static IEnumerable<string> Shown(
        IReadOnlyList<LogLine> lines, DateTime since, long tail, long bytes, bool timed)
    {
        foreach (var line in lines.Skip(
            tail < 0 || tail > lines.Count ? 0 : lines.Count - (int)tail))
        {
            if (line.Time < since || bytes <= 0)
            {
                continue;
            }
            var time = timed ? line.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z '",
                CultureInfo.InvariantCulture) : "";
            var text = $"{time}{line.Text}\n";
            yield return text[..(int)Math.Min(text.Length, bytes)];
            bytes -= text.Length;
        }
    }

    /// <summary>Which run of a container has the log that is asked for.</summary>
    /// <exception cref="ApiException">400: none has.</exception>
    internal static string RunOf(Pod pod, string container, bool previous)
    {
        var about = $"container \"{container}\" in pod \"{pod.Metadata.Name}\"";
        if (pod.StatusOf(container) is not { } status)
        {
            throw ApiErrors.BadRequest($"{about} is not available");
        }
        var (now, last) = (status.State, status.LastState.Terminated);
        if (previous)
        {
            return last?.ContainerID
                ?? throw ApiErrors.BadRequest($"previous terminated {about} not found");
        }
        if (now.Running is not null && status.ContainerID is { } running)
        {
            return running;
        }
        if (now.Terminated is not null || last is not null)
        {
            return now.Terminated?.ContainerID ?? last?.ContainerID
                ?? throw ApiErrors.BadRequest($"{about} is terminated");
        }
        throw ApiErrors.BadRequest($"{about} is waiting to start" + now.Waiting?.Reason switch
        {
            null => " - no logs yet",
            "ErrImagePull" => ": image can't be pulled",
            "ImagePullBackOff" => ": trying and failing to pull image",
            var reason => $": {reason}",
        });
    }

    private static DateTime Since(Invocation call)
    {
        if (call.Flags["since-time"] is { } time)
        {
            return DateTime.TryParse(time, CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal, out var at) ? at
                : throw new KubectlException($"parsing time \"{time}\" as "
                    + "\"2006-01-02T15:04:05Z07:00\": cannot parse it");
        }
        return call.Flags["since"] is not { } text ? DateTime.MinValue
            : GoDuration.TryParse(text, out var span) ? call.Now - span
            : throw call.UsageError($"invalid argument \"{text}\" for \"--since\" flag: time: "
                + $"invalid duration \"{text}\"");
    }
}
