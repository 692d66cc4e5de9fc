using System.Globalization;

namespace KubeSim;

/// <summary><c>kubectl logs</c>: what a container wrote. The server asks the kubelet of the pod's
/// node, which reads it from the machine; a pod without a node has none. With <c>-f</c> time passes
/// until the container ends.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go,
/// staging/src/k8s.io/kubectl/pkg/polymorphichelpers/logsforobject.go,
/// pkg/registry/core/pod/strategy.go and pkg/kubelet/kubelet_pods.go.</remarks>
internal static class LogsCommand
{
    public static readonly KubectlCommand Command = new("logs",
        "container/c previous/p! tail follow/f! all-containers! selector/l since since-time "
        + "timestamps! prefix! limit-bytes all-pods! max-log-requests ignore-errors! "
        + "pod-running-timeout ~insecure-skip-tls-verify-backend!", Run);

    private const string Usage = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
        + "POD or TYPE/NAME is a required argument for the logs command";

    // The log of one container, and how much of it has been shown.
    private sealed record Source(Pod Pod, string Container)
    {
        public int Shown { get; set; }
    }

    private static void Run(Invocation call)
    {
        Check(call);
        List<Source> sources;
        try
        {
            sources = [.. Pods(call, "get the logs from").SelectMany(
                pod => Containers(call, pod).Select(name => new Source(pod, name)))];
        }
        catch (ApiException e) when (e.Status.Code == 404)
        {
            throw new KubectlException($"error from server (NotFound): {e.Status.Message} in "
                + $"namespace \"{call.Namespace}\"");
        }
        var follow = call.Flags.On("follow");
        var most = call.Flags.Number("max-log-requests") ?? 5;
        if (follow && sources.Count > most)
        {
            throw new KubectlException($"you are attempting to follow "
                + $"{DescribeText.Number(sources.Count)} log streams, but maximum allowed "
                + $"concurrency is {DescribeText.Number(most)}, use --max-log-requests to increase "
                + "the limit");
        }
        var since = Since(call);
        foreach (var source in sources)
        {
            try
            {
                Print(call, source, since);
            }
            catch (ApiException e) when (call.Flags.On("ignore-errors"))
            {
                call.Line($"error: {e.Status.Message}");
            }
        }
        if (follow && !call.Flags.On("previous"))
        {
            call.Follow(() => sources.ForEach(s => PrintNew(call, s)),
                () => sources.TrueForAll(s => !Runs(call, s)));
        }
    }

    private static void Check(Invocation call)
    {
        var flags = call.Flags;
        var selector = flags["selector"] is { Length: > 0 };
        if (call.Args.Count > 2 || (call.Args.Count == 0 && !selector))
        {
            throw call.UsageError(Usage);
        }
        if (call.Args.Count == 1 && selector)
        {
            throw call.UsageError("only a selector (-l) or a POD name is allowed");
        }
        var named = flags["container"] ?? call.Args.ElementAtOrDefault(1);
        (bool Wrong, string Why)[] rules =
        [
            (flags["since-time"] is not null && flags["since"] is not null,
                "at most one of `sinceTime` or `sinceSeconds` may be specified"),
            (flags.On("all-containers") && named is not null,
                $"--all-containers=true should not be specified with container name {named}"),
            (flags["container"] is not null && call.Args.Count == 2,
                "only one of -c or an inline [CONTAINER] arg is allowed"),
            (flags.Number("limit-bytes") < 0, "--limit-bytes must be greater than 0"),
            (flags["since"]?.StartsWith('-') == true, "--since must be greater than 0"),
            (flags.Number("tail") < -1, "--tail must be greater than or equal to -1"),
        ];
        if (rules.FirstOrDefault(r => r.Wrong).Why is { } why)
        {
            throw new KubectlException(why);
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
        var found = call.Get(target.Kind, target.Namespace, target.Name);
        if (found is Pod pod)
        {
            return [pod];
        }
        var selector = SelectorOf(found) ?? throw new KubectlException(
            $"cannot {doing} {found.Kind.Qualified}: selector not found");
        List<Pod> Found() =>
        [
            .. call.List<Pod>(target.Namespace, selector).OrderBy(p => !p.IsScheduled)
                .ThenBy(p => p.Status.Phase switch { "Pending" => 2, "Unknown" => 1, _ => 0 })
                .ThenBy(p => !p.IsReady).ThenBy(p => p.Condition("Ready")?.LastTransitionTime)
                .ThenByDescending(p => p.Restarts).ThenBy(p => p.Metadata.CreationTimestamp),
        ];
        // A workload may be so young that it has no pod yet.
        var limit = GoDuration.TryParse(call.Flags["pod-running-timeout"] ?? "20s", out var span)
            ? span : TimeSpan.Zero;
        var pods = Found();
        if (pods.Count == 0 && !call.Server.WaitUntil(() => (pods = Found()).Count > 0, limit))
        {
            throw new KubectlException("timed out waiting for the condition");
        }
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

    private static string? SelectorOf(ApiObject o) => o switch
    {
        Service s => s.Spec.Selector.IsEmpty ? null
            : Selector.FromLabels(s.Spec.Selector).ToString(),
        ReplicationController c => Selector.FromLabels(c.Spec.Selector).ToString(),
        _ => (o switch
        {
            Deployment d => d.Spec.Selector,
            ReplicaSet s => s.Spec.Selector,
            StatefulSet s => s.Spec.Selector,
            DaemonSet s => s.Spec.Selector,
            Job j => j.Spec.Selector,
            _ => null,
        }) is { } selector ? Selector.From(selector).ToString() : null,
    };

    /// <summary>The containers that the flags mean, or the first one.</summary>
    public static IEnumerable<string> Containers(Invocation call, Pod pod)
    {
        var all = pod.Spec.Containers.Select(c => c.Name)
            .Concat(pod.Spec.EphemeralContainers.Select(c => c.Name + " (ephem)"))
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
        if (all.Count > 1 && !call.Flags.On("quiet") && !call.Flags.On("all-pods"))
        {
            call.ErrorLine($"Defaulted container \"{all[0]}\" out of: {string.Join(", ", all)}");
        }
        return [all[0]];
    }

    private static void Print(Invocation call, Source source, DateTime since)
    {
        var (pod, container) = (source.Pod, source.Container);
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
        foreach (var text in Shown([.. lines.Skip(logs.TurnedOver(pod, id))], since,
            call.Flags.Number("tail") ?? (call.Flags["selector"] is null ? -1 : 10),
            call.Flags.Number("limit-bytes") ?? int.MaxValue, call.Flags.On("timestamps")))
        {
            call.Print(Head(call, source) + text);
        }
        source.Shown = lines.Count;
    }

    // What a container that is followed has written since the last look.
    private static void PrintNew(Invocation call, Source source)
    {
        if (call.Again(source.Pod.Key) is Pod pod && pod.IsScheduled
            && pod.StatusOf(source.Container)?.ContainerID is { } id
            && call.Server.Logs?.Read(pod, source.Container, id) is { } lines)
        {
            foreach (var text in Shown(lines, default, lines.Count - source.Shown, long.MaxValue,
                call.Flags.On("timestamps")))
            {
                call.Print(Head(call, source) + text);
            }
            source.Shown = lines.Count;
        }
    }

    private static bool Runs(Invocation call, Source source) =>
        call.Again(source.Pod.Key) is Pod pod
        && pod.StatusOf(source.Container) is { State.Running: not null };

    private static string Head(Invocation call, Source source) =>
        call.Flags.On("prefix") || call.Flags.On("all-pods")
            ? $"[pod/{source.Pod.Metadata.Name}/{source.Container}] " : "";

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
