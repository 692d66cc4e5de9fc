using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl set image</c>: new images for containers of a pod or of a
/// template.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/set/set_image.go.</remarks>
internal static class SetImageCommand
{
    public static readonly KubectlCommand Command = new("set image",
        "all! selector/l filename/f output/o dry-run?unchanged local! field-manager", Run);

    private static void Run(Invocation call)
    {
        var split = call.Args.FindIndex(a => a.Contains('='));
        if (split < 0)
        {
            throw new KubectlException("at least one image update is required");
        }
        var images = call.Args[split..].Select(a => a.Split('=', 2)).ToList();
        foreach (var o in ResourceArgs.ReadObjects(call, call.Args[..split]))
        {
            Set(call, o, images);
        }
    }

    private static void Set(Invocation call, ApiObject o, List<string[]> images)
    {
        string[] path = o switch
        {
            Pod => ["spec"],
            CronJob => ["spec", "jobTemplate", "spec", "template", "spec"],
            _ => ["spec", "template", "spec"],
        };
        var spec = Json.Encode(o).At(path) as JsonObject;
        var patch = new JsonObject();
        foreach (var (i, image) in images.Index())
        {
            var known = false;
            foreach (var list in (string[])["containers", "initContainers"])
            {
                foreach (var container in spec.ItemsAt(list))
                {
                    var name = container.TextAt("name");
                    if (image[0] != "*" && image[0] != name)
                    {
                        continue;
                    }
                    known = true;
                    if (container.TextAt("image") != image[1])
                    {
                        AddTo(patch, list, name, image[1]);
                    }
                }
            }
            if (!known)
            {
                call.Fail($"error: unable to find container named \"{image[0]}\"");
                return;
            }
        }
        if (patch.Count == 0)
        {
            return;
        }
        JsonNode body = patch;
        foreach (var step in path.Reverse())
        {
            body = new JsonObject { [step] = body };
        }
        if (PatchCommand.Send(call, o, PatchKind.StrategicMerge, body) is not null)
        {
            call.Line($"{ShownName.Of(o)} image updated{call.DryRunSuffix}");
        }
    }

    private static void AddTo(JsonObject patch, string list, string name, string image)
    {
        var items = patch[list] as JsonArray ?? [];
        patch[list] ??= items;
        items.Add(new JsonObject { ["name"] = name, ["image"] = image });
    }
}
