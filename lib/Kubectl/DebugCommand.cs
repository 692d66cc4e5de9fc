namespace KubeSim;

/// <summary><c>kubectl debug POD --image=IMAGE</c>: puts an ephemeral container into a running pod.
/// It is not attached to: <c>kubectl exec -c</c> speaks to it, <c>kubectl logs -c</c> shows what it
/// printed. Copies of pods and pods for nodes are not made.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/debug/debug.go.</remarks>
internal static class DebugCommand
{
    public static readonly KubectlCommand Command = new("debug", "image container/c target env "
        + "arguments-only! image-pull-policy quiet/q! stdin/i! tty/t! ~attach! ~copy-to ~profile "
        + "~custom ~replace! ~same-node! ~set-image ~share-processes! ~keep-annotations! "
        + "~keep-labels! ~keep-liveness! ~keep-readiness! ~keep-startup! ~keep-init-containers! "
        + "~filename/f", Run);

    private static void Run(Invocation call)
    {
        var flags = call.Flags;
        if (call.Args.Count == 0)
        {
            throw call.UsageError("NAME or filename is required for debug");
        }
        if (flags["image"] is not { Length: > 0 } image)
        {
            throw call.UsageError("you must specify --image, --copy-to or --set-image.");
        }
        if (ResourceArgs.ReadObjects(call, call.Args[0].Contains('/') ? [call.Args[0]]
            : ["pods", call.Args[0]]) is not [Pod pod])
        {
            throw new KubectlException($"\"{call.Args[0]}\" not supported by debug");
        }
        var name = flags["container"] ?? "debugger-" + new Prng(Digest.Mix(Digest.Start,
            $"{pod.Metadata.Uid} {pod.Metadata.ResourceVersion.Value}")).NameSuffix();
        if (flags["container"] is null && !flags.On("quiet"))
        {
            call.ErrorLine($"Defaulting debug container name to {name}.");
        }
        if (flags["target"] is { } target && !flags.On("quiet"))
        {
            call.ErrorLine($"Targeting container \"{target}\". If you don't see processes from "
                + "this container it may be because the container runtime doesn't support this "
                + "feature.");
        }
        var words = call.Args.Skip(1).Concat(flags.AfterDash ?? []).ToList();
        PatchCommand.Send(call, pod, PatchKind.StrategicMerge, Tree.Of(
            ("spec.ephemeralContainers", (System.Text.Json.Nodes.JsonNode[])
            [
                Tree.Of(("name", name), ("image", image),
                    (flags.On("arguments-only") ? "args" : "command",
                        words.Count > 0 ? words : null),
                    ("env", flags.All("env") is { Count: > 0 } env ? CreateGenerators.Pairs(env)
                        .Select(v => Tree.Of(("name", v.Key), ("value", v.Value))) : null),
                    ("imagePullPolicy", flags["image-pull-policy"]),
                    ("stdin", flags.On("stdin") ? true : null),
                    ("tty", flags.On("tty") ? true : null),
                    ("terminationMessagePolicy", "File"),
                    ("targetContainerName", flags["target"])),
            ])), "ephemeralcontainers");
    }
}
