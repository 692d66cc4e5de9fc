using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl run</c>: a pod of one image.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/run/run.go.</remarks>
internal static class RunCommand
{
    public static readonly KubectlCommand Command = new("run", CommandFlags.Writes
        + "image restart labels/l port env command! image-pull-policy annotations expose! "
        + "privileged! save-config! ~overrides ~override-type ~rm! ~stdin/i! ~tty/t! ~attach! "
        + "~quiet/q! ~leave-stdin-open! ~pod-running-timeout", Run);

    private static void Run(Invocation call)
    {
        var flags = call.Flags;
        if (call.Args.Count == 0)
        {
            throw call.UsageError("NAME is required for run");
        }
        if (flags["image"] is not { Length: > 0 } image)
        {
            throw new KubectlException("required flag(s) \"image\" not set");
        }
        if (flags.On("expose") && flags["port"] is null)
        {
            throw call.UsageError("--port must be set when exposing a service");
        }
        var name = call.Args[0];
        var words = call.Args.Skip(1).Concat(flags.AfterDash ?? []).ToList();
        var port = flags.Number("port");
        var container = Tree.Of(("image", image), ("name", name),
            (flags.On("command") ? "command" : "args", words.Count > 0 ? words : null),
            ("env", flags.All("env") is { Count: > 0 } env ? CreateGenerators.Pairs(env)
                .Select(v => Tree.Of(("name", v.Key), ("value", v.Value))) : null),
            ("imagePullPolicy", flags["image-pull-policy"]),
            ("ports", port is null ? null : (JsonNode[])[Tree.Of(("containerPort", port))]),
            ("securityContext.privileged", flags.On("privileged") ? true : null),
            ("resources", Tree.Empty));
        var labels = CreateGenerators.Pairs((flags["labels"] ?? $"run={name}").Split(','));
        var item = CreateGenerators.Item(call, Kinds.Pod, name, [
            ("spec.containers", (JsonNode[])[container]), ("spec.dnsPolicy", "ClusterFirst"),
            ("spec.restartPolicy", flags["restart"] ?? "Always"), ("status", Tree.Empty)], labels);
        if (flags.All("annotations") is { Count: > 0 } notes)
        {
            item.Node["metadata"]!["annotations"] = Tree.Node(CreateGenerators.Pairs(notes));
        }
        if (flags.On("expose"))
        {
            CreateCommand.Create(call, CreateGenerators.Item(call, Kinds.Service, name, [
                ("spec.ports", (JsonNode[])[Tree.Of(("port", port), ("protocol", "TCP"),
                    ("targetPort", port))]),
                ("spec.selector", labels), ("status.loadBalancer", Tree.Empty)]));
        }
        CreateCommand.Create(call, item);
    }
}
