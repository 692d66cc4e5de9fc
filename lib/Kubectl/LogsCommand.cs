namespace KubeSim;

/// <summary><c>kubectl logs</c>: what a container wrote. The server asks the kubelet of the pod's
/// node, which reads it from the machine; a pod without a node has none.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go and
/// pkg/registry/core/pod/strategy.go.</remarks>
internal static class LogsCommand
{
    public static readonly KubectlCommand Command = new("logs",
        "container/c previous/p! tail follow/f! all-containers! selector/l since timestamps! "
        + "prefix! limit-bytes all-pods!", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0 && call.Flags["selector"] is null)
        {
            throw call.UsageError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
                + "POD or TYPE/NAME is a required argument for the logs command");
        }
        foreach (var pod in Pods(call))
        {
            foreach (var container in Containers(call, pod))
            {
                Print(call, pod, container);
            }
        }
    }

    private static IEnumerable<Pod> Pods(Invocation call)
    {
        if (call.Args.Count == 0)
        {
            return call.List<Pod>(call.Namespace, call.Flags["selector"]);
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
            _ => throw new KubectlException($"cannot get the logs from {found.Kind.Qualified}: "
                + "selector not found"),
        };
        var pods = call.List<Pod>(target.Namespace, Selector.From(selector).ToString());
        if (pods.Count > 1)
        {
            call.ErrorLine($"Found {DescribeText.Number(pods.Count)} pods, using pod/"
                + pods[0].Metadata.Name);
        }
        return pods.Take(1);
    }

    private static IEnumerable<string> Containers(Invocation call, Pod pod)
    {
        var all = pod.Spec.Containers.Select(c => c.Name)
            .Concat(pod.Spec.InitContainers.Select(c => c.Name + " (init)")).ToList();
        if (call.Flags.On("all-containers"))
        {
            return pod.Spec.InitContainers.Concat(pod.Spec.Containers).Select(c => c.Name);
        }
        if ((call.Flags["container"] ?? call.Args.ElementAtOrDefault(1)) is { } named)
        {
            return [named];
        }
        if (all.Count > 1)
        {
            call.ErrorLine($"Defaulted container \"{all[0]}\" out of: {string.Join(", ", all)}");
        }
        return [all[0]];
    }

    private static void Print(Invocation call, Pod pod, string container)
    {
        var name = pod.Metadata.Name;
        if (!pod.Spec.Containers.Concat(pod.Spec.InitContainers).Any(c => c.Name == container))
        {
            throw ApiErrors.BadRequest($"container {container} is not valid for pod {name}");
        }
        if (!pod.IsScheduled)
        {
            throw ApiErrors.BadRequest($"pod {name} does not have a host assigned");
        }
        var status = pod.StatusOf(container);
        var previous = call.Flags.On("previous");
        if (previous && status?.LastState.Terminated is null)
        {
            throw ApiErrors.BadRequest(
                $"previous terminated container \"{container}\" in pod \"{name}\" not found");
        }
        if (!previous && status?.State is { Running: null, Terminated: null } waits
            && status.LastState.Terminated is null)
        {
            var why = waits.Waiting?.Reason ?? "ContainerCreating";
            throw ApiErrors.BadRequest($"container \"{container}\" in pod \"{name}\" is waiting to "
                + $"start: {(why is "ErrImagePull" or "ImagePullBackOff"
                    ? "trying and failing to pull image" : why)}");
        }
        if (call.Server.Logs?.Read(pod, container, previous) is not { } text)
        {
            var host = $"{TablePrinters.Text(pod.Status.HostIP, pod.Spec.NodeName!)}:10250";
            throw ApiErrors.Of(500, "", $"Get \"https://{host}/containerLogs/"
                + $"{pod.Metadata.Namespace}/{name}/{container}\": dial tcp {host}: connect: "
                + "connection refused");
        }
        call.Print(call.Flags.Number("tail") is >= 0 and var lines ? Tail(text, lines) : text);
    }

    private static string Tail(string text, int lines)
    {
        var at = text.Length;
        for (var i = 0; i <= lines && at > 0; i++)
        {
            at = text.LastIndexOf('\n', at - 1, at);
        }
        return text[(at + 1)..];
    }
}
