using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl run</c>: a pod of one image.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/run/run.go.</remarks>
internal static class RunCommand
{
    public static readonly KubectlCommand Command = new("run",
        "image restart labels/l port env command! image-pull-policy output/o dry-run?unchanged "
        + "overrides annotations expose! rm! stdin/i! tty/t! attach! quiet/q! privileged!", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0)
        {
            throw call.UsageError("NAME is required for run");
        }
        if (call.Flags["image"] is not { Length: > 0 } image)
        {
            throw new KubectlException("required flag(s) \"image\" not set");
        }
        var name = call.Args[0];
        var container = new JsonObject { ["image"] = image, ["name"] = name };
        var words = call.Args.Skip(1).Concat(call.Flags.AfterDash ?? []).ToList();
        if (words.Count > 0)
        {
            container[call.Flags.On("command") ? "command" : "args"] =
                CreateGenerators.Words(words);
        }
        if (call.Flags.All("env") is { Count: > 0 } variables)
        {
            container["env"] = new JsonArray([.. variables.Select(v => v.Split('=', 2))
                .Select(v => new JsonObject
                {
                    ["name"] = v[0], ["value"] = v.ElementAtOrDefault(1) ?? "",
                })]);
        }
        if (call.Flags["image-pull-policy"] is { } policy)
        {
            container["imagePullPolicy"] = policy;
        }
        if (call.Flags.Number("port") is { } port)
        {
            container["ports"] = new JsonArray(new JsonObject { ["containerPort"] = port });
        }
        container["resources"] = new JsonObject();
        var labels = new JsonObject();
        foreach (var pair in (call.Flags["labels"] ?? $"run={name}").Split(','))
        {
            var parts = pair.Split('=', 2);
            labels[parts[0]] = parts.ElementAtOrDefault(1) ?? "";
        }
        CreateCommand.Create(call, CreateGenerators.Item(call, Kinds.Pod, name, new()
        {
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(container),
                ["dnsPolicy"] = "ClusterFirst",
                ["restartPolicy"] = call.Flags["restart"] ?? "Always",
            },
            ["status"] = new JsonObject(),
        }, labels));
    }
}
