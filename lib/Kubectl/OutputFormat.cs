using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The formats of <c>-o</c> other than tables.</summary>
/// <remarks>Models staging/src/k8s.io/cli-runtime/pkg/genericclioptions.</remarks>
internal static class OutputFormat
{
    private const string Allowed = "custom-columns,custom-columns-file,go-template,"
        + "go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,"
        + "templatefile,wide,yaml";

    /// <summary>Prints objects; the last parameter is true when one object was asked for by its
    /// name: it is no list then.</summary>
    public delegate void Printer(Invocation call, IReadOnlyList<ApiObject> objects, bool one);

    /// <summary>The printer of <c>-o</c>; null for a table, narrow or wide.</summary>
    public static Printer? Parse(Invocation call)
    {
        var format = call.Flags["output"]
            ?? (call.Flags["template"] is null ? "" : "go-template");
        var equals = format.IndexOf('=');
        var (name, value) = equals < 0 ? (format, call.Flags["template"] ?? "")
            : (format[..equals], format[(equals + 1)..]);
        if (name is "templatefile" || name.EndsWith("-file", StringComparison.Ordinal))
        {
            (name, value) = (name.Replace("-file", "", StringComparison.Ordinal)
                .Replace("templatefile", "template", StringComparison.Ordinal),
                Content(call, name, value));
        }
        switch (name)
        {
            case "" or "wide":
                return null;
            case "json":
                return static (call, objects, one) =>
                    call.Print(Json.Text(Shown(call, objects, one)));
            case "yaml":
                var printed = 0;
                return (call, objects, one) => call.Print(
                    (printed++ > 0 ? "---\n" : "") + Json.ToYaml(Shown(call, objects, one)));
            case "kyaml":
                return static (call, objects, one) =>
                    call.Print(KYaml.Write(Shown(call, objects, one)));
            case "name":
                return static (call, objects, _) =>
                    objects.ToList().ForEach(o => call.Line(ShownName.Of(o)));
            case "jsonpath" or "jsonpath-as-json" or "go-template" or "template"
                when value.Length == 0:
                throw new KubectlException("template format specified but no template given");
            case "jsonpath":
                var path = JsonPath.Parse(value);
                return (call, objects, one) => call.Print(path.Execute(Tree(objects, one)));
            case "jsonpath-as-json":
                var query = JsonPath.Parse(value);
                return (call, objects, one) => call.Print(Json.Text(new JsonArray(
                    [.. query.Find(Tree(objects, one)).Select(n => n?.DeepClone())])));
            case "go-template" or "template":
                var template = GoTemplate.Parse(value);
                return (call, objects, one) => call.Print(template.Execute(Tree(objects, one)));
            case "custom-columns":
                var columns = CustomColumns.Parse(value);
                return (call, objects, _) =>
                    call.Print(columns.Write(objects, call.Flags.On("no-headers")));
            default:
                throw new KubectlException("unable to match a printer suitable for the output "
                    + $"format \"{format}\", allowed formats are: {Allowed}");
        }
    }

    // What a file of a template says; one of columns has a line of headers and one of paths.
    private static string Content(Invocation call, string format, string path)
    {
        var text = call.File(path) ?? throw new KubectlException("error reading "
            + $"{(format.StartsWith("custom", StringComparison.Ordinal) ? "" : "--")}template "
            + $"{path}, open {path}: no such file or directory");
        if (!format.StartsWith("custom", StringComparison.Ordinal))
        {
            return text;
        }
        var lines = text.Split('\n').Select(line => line.Split((char[]?)null,
            StringSplitOptions.RemoveEmptyEntries)).Where(line => line.Length > 0).ToList();
        return lines is [var headers, var paths, ..] && headers.Length == paths.Length
            ? string.Join(",", headers.Zip(paths, static (h, p) => $"{h}:{p}"))
            : throw new KubectlException(
                $"number of headers and paths in {path} do not match");
    }

    /// <summary>An object as people read it: without who owns which field.</summary>
    public static JsonObject Shown(ApiObject o) => Json.Encode(Unmanaged(o));

    private static JsonObject Shown(Invocation call, IReadOnlyList<ApiObject> objects, bool one) =>
        Tree(call.Flags.On("show-managed-fields") ? objects : [.. objects.Select(Unmanaged)], one);

    private static ApiObject Unmanaged(ApiObject o) => o.Metadata.Kept is null ? o
        : o with { Metadata = FieldManagers.Stamp(o.Metadata, null) };

    private static JsonObject Tree(IReadOnlyList<ApiObject> objects, bool one) =>
        one && objects.Count == 1 ? Json.Encode(objects[0]) : new()
        {
            ["apiVersion"] = "v1",
            ["items"] = new JsonArray([.. objects.Select(o => (JsonNode)Json.Encode(o))]),
            ["kind"] = "List",
            ["metadata"] = new JsonObject { ["resourceVersion"] = "" },
        };
}
