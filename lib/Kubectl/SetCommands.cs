using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl set image</c>, <c>set env</c> and <c>set resources</c>: each changes the
/// containers of a pod or of a template, and sends what is different.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/set.</remarks>
internal static class SetCommands
{
    private const string Shared = CommandFlags.Files + CommandFlags.Writes
        + "all! selector/l ~local! ";

    public static readonly KubectlCommand Image = new("set image", Shared, RunImage);

    public static readonly KubectlCommand Env = new("set env",
        Shared + "containers/c from keys list! overwrite?true prefix env/e ~resolve!", RunEnv);

    public static readonly KubectlCommand Resources = new("set resources",
        Shared + "containers/c limits requests", RunResources);

    /// <summary>The way to the pod's spec in an object.</summary>
    private static string[] SpecOf(ApiObject o) => o switch
    {
        Pod => ["spec"],
        CronJob => ["spec", "jobTemplate", "spec", "template", "spec"],
        _ => ["spec", "template", "spec"],
    };

    private static void RunImage(Invocation call)
    {
        var split = call.Args.FindIndex(a => a.Contains('='));
        if (split < 0)
        {
            throw new KubectlException("at least one image update is required");
        }
        var images = call.Args[split..].Select(a => a.Split('=', 2)).ToList();
        foreach (var o in ResourceArgs.ReadObjects(call, call.Args[..split]))
        {
            var names = Containers(Json.Encode(o), o, "*").Select(c => c.TextAt("name")).ToList();
            if (images.Find(i => i[0] != "*" && !names.Contains(i[0])) is { } unknown)
            {
                call.Fail($"error: unable to find container named \"{unknown[0]}\"");
                continue;
            }
            Change(call, o, "image updated", "*", container =>
            {
                foreach (var image in images.Where(
                    i => i[0] == "*" || i[0] == container.TextAt("name")))
                {
                    container["image"] = image[1];
                }
            });
        }
    }

    private static void RunEnv(Invocation call)
    {
        static bool IsChange(string word) => word.Contains('=')
            || (word.EndsWith('-') && word.Length > 1);
        var words = call.Args.Where(a => !IsChange(a)).ToList();
        var changes = call.Flags.All("env").Concat(call.Args.Where(IsChange)).ToList();
        if (!call.Args.Take(words.Count).SequenceEqual(words))
        {
            throw new KubectlException("all resources must be specified before environment "
                + $"changes: {string.Join(' ', call.Args)}");
        }
        if (words.Count == 0)
        {
            throw new KubectlException("one or more resources must be specified as <resource> "
                + "<name> or <resource>/<name>");
        }
        var variables = changes.Where(c => c.Contains('=')).Select(c => c.Split('=', 2))
            .Select(p => Tree.Of(("name", p[0]), ("value", p[1]))).Concat(From(call)).ToList();
        var gone = changes.Where(c => !c.Contains('=')).Select(c => c[..^1]).ToList();
        foreach (var o in ResourceArgs.ReadObjects(call, words))
        {
            if (call.Flags.On("list"))
            {
                Containers(Json.Encode(o), o, call.Flags["containers"]).ForEach(
                    container => List(call, o, container));
                continue;
            }
            if (variables.Count + gone.Count == 0)
            {
                throw new KubectlException("at least one environment variable must be provided");
            }
            Change(call, o, "env updated", call.Flags["containers"], container =>
                container["env"] = Merged(call, o, container.ItemsAt("env"), variables, gone));
        }
    }

    // The variables of a container after the change: new values in their old places.
    private static JsonArray Merged(Invocation call, ApiObject o, IEnumerable<JsonNode> old,
        List<JsonObject> variables, List<string> gone)
    {
        var list = old.Where(v => !gone.Contains(v.TextAt("name")))
            .Select(v => v.DeepClone()).ToList();
        foreach (var variable in variables)
        {
            var name = variable.TextAt("name");
            var at = list.FindIndex(v => v.TextAt("name") == name);
            if (at >= 0 && !call.Flags.On("overwrite", otherwise: true)
                && list[at].TextAt("value") != variable.TextAt("value"))
            {
                throw new KubectlException($"{o.Kind.Plural}/{o.Metadata.Name} '{name}' already "
                    + $"has a value ({list[at].TextAt("value")}), and --overwrite is false");
            }
            if (at >= 0)
            {
                list[at] = variable.DeepClone();
            }
            else
            {
                list.Add(variable.DeepClone());
            }
        }
        return [.. list];
    }

    // --from=configmap/conf: a variable for each key.
    private static IEnumerable<JsonObject> From(Invocation call)
    {
        if (call.Flags["from"] is not { Length: > 0 } from)
        {
            return [];
        }
        var source = ResourceArgs.Fetch(call, ResourceArgs.Read(call, [from])).FirstOrDefault();
        var (keys, field) = source switch
        {
            ConfigMap map => (map.Data.Keys, "configMapKeyRef"),
            Secret secret => (secret.Data.Keys, "secretKeyRef"),
            null => ([], ""),
            _ => throw new KubectlException("unsupported resource specified in --from"),
        };
        var wanted = call.Flags.Words("keys");
        return keys.Where(k => wanted.Count == 0 || wanted.Contains(k)).Select(k => Tree.Of(
            ("name", call.Flags["prefix"] + string.Concat(k.Select(
                c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'))),
            ($"valueFrom.{field}.key", k), ($"valueFrom.{field}.name", source!.Metadata.Name)));
    }

    private static void List(Invocation call, ApiObject o, JsonObject container)
    {
        call.Line($"# {o.Kind.Name} {o.Metadata.Name}, container {container.TextAt("name")}");
        foreach (var variable in container.ItemsAt("env"))
        {
            var name = variable.TextAt("name");
            var from = variable.At("valueFrom");
            call.Line(from switch
            {
                null => $"{name}={variable.TextAt("value")}",
                _ when from.At("configMapKeyRef") is { } map =>
                    $"# {name} from configmap {map.TextAt("name")}, key {map.TextAt("key")}",
                _ when from.At("secretKeyRef") is { } secret =>
                    $"# {name} from secret {secret.TextAt("name")}, key {secret.TextAt("key")}",
                _ when from.At("fieldRef") is { } field =>
                    $"# {name} from field path {field.TextAt("fieldPath")}",
                _ => $"# {name} from resource {from.TextAt("resourceFieldRef", "resource")}",
            });
        }
    }

    private static void RunResources(Invocation call)
    {
        string[] parts = ["limits", "requests"];
        if (parts.All(p => call.Flags[p] is not { Length: > 0 }))
        {
            throw new KubectlException("you must specify an update to requests or limits (in the "
                + "form of --requests/--limits)");
        }
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            Change(call, o, "resource requirements updated", call.Flags["containers"], container =>
            {
                var resources = container["resources"] as JsonObject ?? [];
                container["resources"] = resources.Parent is null ? resources
                    : resources.DeepClone();
                foreach (var part in parts.Where(p => call.Flags[p] is not null))
                {
                    var amounts = container["resources"]![part]?.DeepClone() as JsonObject ?? [];
                    container["resources"]![part] = amounts;
                    foreach (var (name, amount) in CreateGenerators.Amounts(call.Flags[part]!))
                    {
                        amounts[name] = amount;
                    }
                }
            });
        }
    }

    private static List<JsonObject> Containers(JsonObject tree, ApiObject o, string? chosen)
    {
        var spec = tree.At(SpecOf(o));
        return [.. spec.ItemsAt("containers").Concat(spec.ItemsAt("initContainers"))
            .Cast<JsonObject>().Where(c => chosen is null or "*" || c.TextAt("name") == chosen)];
    }

    private static void Change(Invocation call, ApiObject o, string done, string? chosen,
        Action<JsonObject> change)
    {
        var (before, after) = (Json.Encode(o), Json.Encode(o));
        var containers = Containers(after, o, chosen);
        if (containers.Count == 0)
        {
            call.Fail($"error: unable to find container named {chosen}");
            return;
        }
        containers.ForEach(change);
        var patch = StrategicMerge.TwoWay(
            before, after, call.Kinds.SchemaType(o.Kind, o.Kind.Version));
        if (patch.Count > 0
            && PatchCommand.Send(call, o, PatchKind.StrategicMerge, patch) is { } result)
        {
            call.Tell(result, done);
        }
    }
}
