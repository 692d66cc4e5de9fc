using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl patch</c>, and the sending of patches for commands that change a
/// little.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/patch/patch.go.</remarks>
internal static class PatchCommand
{
    public static readonly KubectlCommand Command = new("patch", CommandFlags.Files
        + CommandFlags.Writes + "patch/p patch-file type subresource ~local!", Run);

    private static void Run(Invocation call)
    {
        var (inline, file) = (call.Flags["patch"] ?? "", call.Flags["patch-file"]);
        if ((inline.Length > 0) == (file is not null))
        {
            throw new KubectlException(file is not null
                ? "cannot specify --patch and --patch-file together" : "must specify --patch or "
                    + "--patch-file containing the contents of the patch");
        }
        var text = file is null ? inline : call.File(file) ?? throw new KubectlException(
            $"unable to read patch file: open {file}: no such file or directory");
        var kind = call.Flags["type"]?.ToLowerInvariant() switch
        {
            null or "strategic" => PatchKind.StrategicMerge,
            "merge" => PatchKind.Merge,
            "json" => PatchKind.Json,
            _ => throw new KubectlException("--type must be one of [json merge strategic], "
                + $"not \"{call.Flags["type"]}\""),
        };
        var body = Read(text);
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            if (Send(call, o, kind, body, call.Flags["subresource"] ?? "") is { } after)
            {
                var same = after.Metadata.ResourceVersion == o.Metadata.ResourceVersion
                    && !call.DryRunServer;
                call.Tell(after, $"patched{(same ? " (no change)" : "")}");
            }
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
            call.Fail(answer.Status!);
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
