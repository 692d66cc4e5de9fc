using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl patch</c>, and the sending of patches for commands that change a
/// little.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/patch/patch.go.</remarks>
internal static class PatchCommand
{
    public static readonly KubectlCommand Command = new("patch",
        "patch/p patch-file type subresource filename/f output/o dry-run?unchanged local!", Run);

    private static void Run(Invocation call)
    {
        if ((call.Flags["patch-file"] is { } file ? call.File(file) ?? throw new KubectlException(
            $"unable to read patch file: open {file}: no such file or directory")
            : call.Flags["patch"]) is not { Length: > 0 } text)
        {
            throw new KubectlException("must specify --patch or --patch-file containing the "
                + "contents of the patch");
        }
        var kind = call.Flags["type"] switch
        {
            null or "strategic" => PatchKind.StrategicMerge,
            "merge" => PatchKind.Merge,
            "json" => PatchKind.Json,
            var other => throw call.UsageError($"--type must be one of [json merge strategic], "
                + $"not \"{other}\""),
        };
        var body = Read(text);
        var output = OutputFormat.Parse(call);
        var targets = call.Flags.All("filename").Count > 0 ? ManifestFiles.Targets(call)
            : ResourceArgs.Read(call, call.Args);
        if (targets.Exists(t => t.Name.Length == 0))
        {
            throw new KubectlException("resource(s) were provided, but no name was specified");
        }
        foreach (var o in ResourceArgs.Fetch(call, targets))
        {
            if (Send(call, o, kind, body, call.Flags["subresource"] ?? "") is not { } after)
            {
                continue;
            }
            if (output is not null)
            {
                output(call, [after], true);
                continue;
            }
            var same = after.Metadata.ResourceVersion == o.Metadata.ResourceVersion
                && !call.DryRunServer;
            call.Line($"{ShownName.Of(o)} patched{(same ? " (no change)" : "")}"
                + call.DryRunSuffix);
        }
    }

    /// <summary>Patches an object; a refusal is told, and the answer is null.</summary>
    public static ApiObject? Send(Invocation call, ApiObject o, PatchKind kind, JsonNode body,
        string subresource = "")
    {
        if (call.DryRunClient)
        {
            return o;
        }
        var answer = call.Send(new(Verb.Patch, ResourcePath.Of(o.Key, subresource))
        {
            Body = new Payload.Patch(kind, body),
            Query = call.WriteQuery(),
        });
        if (!answer.IsSuccess)
        {
            call.Fail(ServerErrors.Text(answer.Status!));
        }
        return answer.Object;
    }

    /// <summary>YAML or JSON as a tree.</summary>
    public static JsonNode Read(string text)
    {
        try
        {
            return ManifestYaml.Read(text, 1).FirstOrDefault()?.Root
                ?? throw new KubectlException("unable to parse \"" + text + "\": empty patch");
        }
        catch (YamlDotNet.Core.YamlException e)
        {
            throw new KubectlException($"unable to parse \"{text}\": yaml: {e.Message}");
        }
    }
}
