using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl edit</c>, with a function for an editor, and <c>kubectl replace</c>.
/// </summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/util/editor and .../cmd/replace.</remarks>
internal static class EditCommand
{
    public static readonly KubectlCommand Edit = new("edit", CommandFlags.Files
        + "subresource output-patch! field-manager output/o template ~validate?strict "
        + "~save-config! ~windows-line-endings!", RunEdit);

    public static readonly KubectlCommand Replace = new("replace", CommandFlags.Files
        + CommandFlags.Writes + "validate?strict force! grace-period timeout cascade?background "
        + "save-config! ~wait! ~subresource ~raw", RunReplace);

    private const string Header = """
        # Please edit the object below. Lines beginning with a '#' will be ignored,
        # and an empty file will abort the edit. If an error occurs while saving this file will be
        # reopened with the relevant failures.
        #

        """;

    private static void RunEdit(Invocation call)
    {
        if (call.Terminal.Editor is not { } editor)
        {
            throw new KubectlException("unable to launch the editor \"vi\"");
        }
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            var before = OutputFormat.Shown(o);
            var text = string.Join('\n', editor(Header.ReplaceLineEndings("\n")
                + Json.ToYaml(before)).Split('\n').Where(line => !line.StartsWith('#')));
            if (string.IsNullOrWhiteSpace(text))
            {
                call.ErrorLine("Edit cancelled, saved file was empty.");
                return;
            }
            if (PatchCommand.Read(text) is not JsonObject after)
            {
                throw new KubectlException("Edit cancelled, no valid changes were saved.");
            }
            var type = call.Kinds.SchemaType(o.Kind, o.Kind.Version);
            var patch = StrategicMerge.TwoWay(before, after, type);
            if (patch.Count == 0)
            {
                call.ErrorLine("Edit cancelled, no changes made.");
                return;
            }
            if (call.Flags.On("output-patch"))
            {
                call.Line($"Patch: {Json.Compact(patch)}");
            }
            if (PatchCommand.Send(call, o, type is null ? PatchKind.Merge
                : PatchKind.StrategicMerge, patch, call.Flags["subresource"] ?? "") is not { } done)
            {
                throw new KubectlException("Edit cancelled, no valid changes were saved.");
            }
            call.Tell(done, "edited");
        }
    }

    private static void RunReplace(Invocation call)
    {
        foreach (var item in ManifestFiles.Read(call))
        {
            var live = call.Find(item.Kind, item.Namespace, item.Name);
            if (call.Flags.On("force"))
            {
                if (live is not null)
                {
                    DeleteCommand.Delete(call, live.Key, DeleteCommand.Options(call));
                    call.Server.WaitUntil(
                        () => call.Find(item.Kind, item.Namespace, item.Name) is null,
                        WaitCommand.Timeout(call, TimeSpan.FromMinutes(5)));
                }
                CreateCommand.Create(call, item, "replaced");
                continue;
            }
            var node = item.Node.DeepClone().AsObject();
            if (node["metadata"].TextAt("resourceVersion").Length == 0 && live is not null)
            {
                node["metadata"]!["resourceVersion"] = live.Metadata.ResourceVersion.ToString();
            }
            CreateCommand.Create(call, item with { Node = node }, "replaced", Verb.Update);
        }
    }
}
