using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// What a container runtime's own tools print on a machine: <c>crictl</c> speaks to any runtime as
/// the kubelet does, and sees what the kubelet sees; <c>docker</c>, <c>nerdctl</c> (of containerd)
/// and <c>podman</c> (beside CRI-O) also run containers that Kubernetes knows nothing of. The
/// kubelet leaves those alone, and counts what their images take on the disk.
/// <para>docker shows all containers of the machine, those of pods by names of their own:
/// <c>k8s_CONTAINER_POD_NAMESPACE_UID_RESTARTS</c>, a sandbox as container POD. nerdctl and podman
/// show none of a pod: containerd keeps them apart in the namespace k8s.io.</para>
/// Models sigs.k8s.io/cri-tools, github.com/docker/cli and github.com/containerd/nerdctl.
/// </summary>
internal static class RuntimeTools
{
    private static readonly string[] Clients = ["docker", "nerdctl", "podman"];

    /// <summary>The rows for the table of a machine's commands.</summary>
    public static IEnumerable<NodeTool> All =>
    [
        new("crictl ps", Containers), new("crictl pods", Pods), new("crictl images", Images),
        new("crictl logs", Logs), new("crictl inspect", Inspect),
        .. Clients.SelectMany<string, NodeTool>(c =>
        [
            new($"{c} ps", s => Own(s, Listing)), new($"{c} images", s => Own(s, ImageListing)),
            new($"{c} run", s => Own(s, Run), Changes: true),
            new($"{c} stop", s => Own(s, Stop), Changes: true),
            new($"{c} rm", s => Own(s, Remove), Changes: true),
        ]),
    ];

    private static readonly HashSet<string> FlagsWithValues = new(StringComparer.Ordinal)
    {
        "--name", "-p", "-v", "-e", "--publish", "--volume", "--env", "--network", "--restart",
    };

    private sealed record PodRun(PodSandboxMetadata Pod, CriContainerStatus Status);

    private static string Own(NodeShell shell, Func<NodeShell, string> run)
    {
        var mine = Clients[shell.Runtime.Kind switch
        {
            RuntimeKind.Docker => 0, RuntimeKind.Containerd => 1, _ => 2,
        }];
        return shell.Words[0] == mine ? run(shell)
            : $"bash: {shell.Words[0]}: command not found";
    }

    private static IEnumerable<PodRun> RunsOf(NodeShell shell) =>
        shell.Runtime.ListPods().SelectMany(p => shell.Runtime.ListContainers(p.Uid)
            .Select(c => new PodRun(p, c))).OrderByDescending(r => r.Status.CreatedAt);

    private static string Containers(NodeShell shell) => Table(20, 3,
        RunsOf(shell).Where(r => shell.Words.Contains("-a")
            || r.Status.State == CriContainerState.Running).Select(r => new[]
        {
            r.Status.Id[..13], Short(r.Status.ImageId, 13), Ago(shell.Now - r.Status.CreatedAt),
            $"{r.Status.State}", r.Status.Config.Name, Text(r.Status.Config.Attempt),
            r.Status.PodSandboxId[..13], r.Pod.Name, r.Pod.Namespace,
        }), "CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD",
        "NAMESPACE");

    private static string Pods(NodeShell shell) => Table(20, 3,
        shell.Runtime.ListPods().SelectMany(p => shell.Runtime.ListPodSandbox(p.Uid))
            .OrderByDescending(s => s.CreatedAt).Select(s => new[]
        {
            s.Id[..13], Ago(shell.Now - s.CreatedAt), s.Ready ? "Ready" : "NotReady",
            s.Metadata.Name, s.Metadata.Namespace, Text(s.Metadata.Attempt), "(default)",
        }), "POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME");

    private static string Images(NodeShell shell) => Table(20, 3,
        NamesOf(shell, shell.Runtime.Images).Select(n => new[]
        {
            n.Repository, n.Tag, Short(n.Image.Id, 13), Size(n.Image),
        }), "IMAGE", "TAG", "IMAGE ID", "SIZE");

    private static string ImageListing(NodeShell shell) => Table(0, 3,
        NamesOf(shell, shell.Runtime.OtherImages).Select(n => new[]
        {
            n.Repository, n.Tag, Short(n.Image.Id, 12), Size(n.Image),
        }), "REPOSITORY", "TAG", "IMAGE ID", "SIZE");

    private static IEnumerable<(string Repository, string Tag, CriImage Image)> NamesOf(
        NodeShell shell, ImageStore store)
    {
        var facts = RuntimeFacts.Of(shell.Runtime.Kind);
        foreach (var image in store.All)
        {
            foreach (var name in image.Names.DefaultIfEmpty(image.Name))
            {
                var tagged = facts.Shown(name).Split('@')[0];
                var colon = tagged.LastIndexOf(':');
                var hasTag = colon > tagged.LastIndexOf('/');
                yield return (hasTag ? tagged[..colon] : tagged, hasTag && image.Names.Count > 0
                    ? tagged[(colon + 1)..] : "<none>", image.Image);
            }
        }
    }

    private static string Logs(NodeShell shell) => Find(shell) is { } run
        ? string.Concat(LogFiles.Of(shell.Machine, run.Pod, run.Status)[^1].Lines
            .Select(l => l.Text + "\n")).TrimEnd('\n') : NotFound(shell);

    private static string Inspect(NodeShell shell)
    {
        if (Find(shell) is not { } run)
        {
            return NotFound(shell);
        }
        var (pod, status) = run;
        static string? At(DateTime? time) => time?.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'",
            CultureInfo.InvariantCulture);
        var about = new JsonObject
        {
            ["id"] = status.Id,
            ["metadata"] = new JsonObject
            {
                ["attempt"] = status.Config.Attempt, ["name"] = status.Config.Name,
            },
            ["state"] = "CONTAINER_" + $"{status.State}".ToUpperInvariant(),
            ["createdAt"] = At(status.CreatedAt), ["startedAt"] = At(status.StartedAt),
            ["finishedAt"] = At(status.FinishedAt), ["exitCode"] = status.ExitCode,
            ["image"] = new JsonObject { ["image"] = status.ImageName },
            ["imageRef"] = status.ImageId, ["reason"] = status.Reason,
            ["labels"] = new JsonObject
            {
                ["io.kubernetes.container.name"] = status.Config.Name,
                ["io.kubernetes.pod.name"] = pod.Name,
                ["io.kubernetes.pod.namespace"] = pod.Namespace,
                ["io.kubernetes.pod.uid"] = pod.Uid,
            },
            ["logPath"] = LogFiles.PathOf(pod, status),
        };
        return new JsonObject
        {
            ["status"] = about,
            ["info"] = new JsonObject
            {
                ["runtimeSpec"] = new JsonObject
                {
                    ["linux"] = new JsonObject { ["cgroupsPath"] = Cgroup(shell, run) },
                },
            },
        }.ToJsonString(new(Json.Options) { WriteIndented = true });
    }

    // As systemd names it: a slice of the quality of service, one of the pod, a scope.
    private static string Cgroup(NodeShell shell, PodRun run)
    {
        var quality = shell.Find(run.Pod)?.QosClass ?? "BestEffort";
        var slice = "kubepods-" + (quality == "Guaranteed" ? ""
            : quality.ToLowerInvariant() + "-") + "pod"
            + run.Pod.Uid.Replace('-', '_') + ".slice";
        var scope = shell.Runtime.Kind switch
        {
            RuntimeKind.CriO => "crio", RuntimeKind.Docker => "docker", _ => "cri-containerd",
        };
        return $"{slice}:{scope}:{run.Status.Id}";
    }

    private static PodRun? Find(NodeShell shell) => shell.Words.Length < 3 ? null
        : RunsOf(shell).FirstOrDefault(
            r => r.Status.Id.StartsWith(shell.Words[^1], StringComparison.Ordinal));

    private static string NotFound(NodeShell shell) => "FATA[0000] rpc error: code = NotFound desc "
        + "= an error occurred when try to find container "
        + $"\"{shell.Words[^1]}\": not found";

    // docker ps: the containers of pods too, and their sandboxes.
    private static string Listing(NodeShell shell)
    {
        var all = shell.Words.Contains("-a");
        var rows = shell.Runtime.Others.Values.Select(c => c.StatusAt(shell.Now)).Select(s =>
            (s, Name: s.Config.Name, Image: s.Config.Image, Command: Command(s.Config)));
        if (shell.Runtime.Kind == RuntimeKind.Docker)
        {
            string Named(string container, PodSandboxMetadata p, int attempt) => Invariant(
                $"k8s_{container}_{p.Name}_{p.Namespace}_{p.Uid}_{attempt}");
            var sandboxes = shell.Runtime.ListPods()
                .SelectMany(p => shell.Runtime.ListPodSandbox(p.Uid));
            rows = rows.Concat(RunsOf(shell).Select(r => (r.Status,
                Named(r.Status.Config.Name, r.Pod, r.Status.Config.Attempt),
                Short(r.Status.ImageId, 12), Command(r.Status.Config)))).Concat(
                sandboxes.Select(s => (new CriContainerStatus
                {
                    Id = s.Id, PodSandboxId = s.Id, CreatedAt = s.CreatedAt,
                    StartedAt = s.CreatedAt, Config = new() { Name = "POD", Image = "" },
                    State = s.Ready ? CriContainerState.Running : CriContainerState.Exited,
                }, Named("POD", s.Metadata, s.Metadata.Attempt),
                    RuntimeFacts.Of(RuntimeKind.Docker).Pause, "\"/pause\"")));
        }
        return Table(0, 3, rows.Where(r => all || r.s.State == CriContainerState.Running)
            .OrderByDescending(r => r.s.CreatedAt).Select(r => new[]
        {
            r.s.Id[..12], r.Image, r.Command, Ago(shell.Now - r.s.CreatedAt),
            r.s.State == CriContainerState.Running
                ? "Up " + Ago(shell.Now - r.s.StartedAt!.Value)[..^4]
                : r.s.State == CriContainerState.Created ? "Created"
                : Invariant($"Exited ({r.s.ExitCode}) ")
                    + Ago(shell.Now - (r.s.FinishedAt ?? shell.Now)),
            "", r.Name,
        }), "CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES");
    }

    private static string Command(ContainerConfig config)
    {
        var words = string.Join(' ', config.Command.Concat(config.Args));
        return $"\"{(words.Length > 20 ? words[..19] + "…" : words)}\"";
    }

    // docker run [-d] [--name NAME] IMAGE [COMMAND …]
    private static string Run(NodeShell shell)
    {
        var (words, at) = (ShellWords.Split(string.Join(' ', shell.Words)), 2);
        string? name = null;
        for (; at < words.Count && words[at].StartsWith('-'); at++)
        {
            name = words[at] == "--name" ? words.ElementAtOrDefault(at + 1) : name;
            at += FlagsWithValues.Contains(words[at]) ? 1 : 0;
        }
        if (at >= words.Count || ImageReference.Problem(words[at]) is not null)
        {
            return $"{words[0]}: invalid reference format";
        }
        var made = shell.Runtime.RunOther(name, words[at], [.. words.Skip(at + 1)]);
        return made.Value ?? $"{words[0]}: {made.Error}";
    }

    private static string Stop(NodeShell shell) => Act(shell, c =>
        c.Stop(shell.Now, TimeSpan.FromSeconds(10)));

    private static string Remove(NodeShell shell) => Act(shell, c =>
    {
        c.Stop(shell.Now, TimeSpan.Zero);
        shell.Runtime.Others.Remove(shell.Words[^1]);
        c.Stored.LastUsed = shell.Now;
    });

    private static string Act(NodeShell shell, Action<SimContainer> act)
    {
        var name = shell.Words[^1];
        if (!shell.Runtime.Others.TryGetValue(name, out var container))
        {
            return $"Error response from daemon: No such container: {name}";
        }
        act(container);
        return name;
    }

    private static string Table(
        int minWidth, int padding, IEnumerable<string[]> rows, params string[] head) =>
        TabWriter.Align(string.Join('\n', rows.Prepend(head).Select(r => string.Join('\t', r))),
            padding, minWidth);

    private static string Short(string id, int length)
    {
        var hex = id[(id.LastIndexOf(':') + 1)..];
        return hex[..Math.Min(length, hex.Length)];
    }

    private static string Size(CriImage image) => image.SizeBytes switch
    {
        >= 1_000_000_000 => Invariant($"{image.SizeBytes / 1e9:G3}GB"),
        >= 1_000_000 => Invariant($"{image.SizeBytes / 1e6:G3}MB"),
        _ => Invariant($"{image.SizeBytes / 1e3:G3}kB"),
    };

    private static string Ago(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "Less than a second ago",
        { TotalSeconds: < 2 } => "1 second ago",
        { TotalMinutes: < 1 } => Invariant($"{(int)span.TotalSeconds} seconds ago"),
        { TotalMinutes: < 2 } => "About a minute ago",
        { TotalMinutes: < 60 } => Invariant($"{(int)span.TotalMinutes} minutes ago"),
        { TotalHours: < 2 } => "About an hour ago",
        { TotalHours: < 48 } => Invariant($"{(int)span.TotalHours} hours ago"),
        { TotalDays: < 14 } => Invariant($"{(int)span.TotalDays} days ago"),
        _ => Invariant($"{(int)(span.TotalDays / 7)} weeks ago"),
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) =>
        text.ToString(CultureInfo.InvariantCulture);
}
