using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl explain</c>: the fields of a kind or of a part of it, with their types and a
/// word about each. The layout is the real one; the sentences are our own, and those of a custom
/// kind are its definition's.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/explain/v2.</remarks>
internal static class ExplainCommand
{
    public static readonly KubectlCommand Command = new("explain",
        "recursive! api-version output/o?plaintext", Run);

    // A type or a field, be it of the schema or of a definition.
    private sealed record Part(string Name, string Type, string? Words, bool Required,
        IEnumerable<string> Values)
    {
        // What the type itself has to say, and its name where it can hold itself.
        public string? TypeWords { get; init; }

        public string Cycle { get; init; } = "";

        public Func<IEnumerable<Part>> Fields { get; init; } = static () => [];
    }

    private static void Run(Invocation call)
    {
        if (call.Args.Count != 1)
        {
            throw new KubectlException(call.Args.Count > 1
                ? "We accept only this format: explain RESOURCE"
                : "You must specify the type of resource to explain. Use \"kubectl api-resources\" "
                    + "for a complete list of supported resources.");
        }
        if (call.Flags["output"] is { } format and not "plaintext")
        {
            throw new KubectlException($"unrecognized format: {format}");
        }
        var (kind, version, path) = Target(call, call.Args[0]);
        var part = Root(call, kind, version);
        foreach (var step in path)
        {
            part = part.Fields().FirstOrDefault(f => f.Name == step)
                ?? throw new KubectlException($"field \"{path[^1]}\" does not exist");
        }
        call.Print((kind.Group.Length > 0 ? $"GROUP:      {kind.Group}\n" : "")
            + $"KIND:       {kind.Name}\nVERSION:    {version}\n\n");
        if (path.Length > 0)
        {
            call.Line($"FIELD: {part.Name} <{part.Type}>");
            call.Line(part.Values.Any()
                ? $"ENUM:{string.Concat(part.Values.Select(v => $"\n    {Shown(v)}"))}\n" : "\n");
        }
        var words = string.Concat(((string?[])[part.Words, part.TypeWords])
            .Where(w => w is not null).Select(w => $"{w}\n"));
        call.Line($"DESCRIPTION:\n{Wrap(words.Length == 0 ? "<empty>" : words, 76, 4)}");
        if (part.Fields().Any())
        {
            call.Line("FIELDS:");
            WriteFields(call, part, 2, call.Flags.On("recursive"), []);
        }
        call.Line("");
    }

    // deployments.apps.spec: as much of it as names a kind, and the fields after that.
    private static (Kind Kind, string Version, string[] Path) Target(Invocation call, string text)
    {
        var words = text.Split('.');
        var many = Enumerable.Range(1, words.Length).Reverse().FirstOrDefault(
            n => call.Kinds.FindWord(string.Join('.', words[..n])) is not null, 1);
        var kind = ResourceArgs.KindOf(call, string.Join('.', words[..many]));
        var wanted = call.Flags["api-version"] ?? kind.ApiVersion;
        var version = wanted[(wanted.IndexOf('/') + 1)..];
        return call.Kinds.Find(wanted, kind.Name) is { } found
            && Discovery.Served(found).Contains(version)
            ? (found, version, words[many..])
            : throw new KubectlException(
                $"couldn't find resource for \"{wanted}, Kind={kind.Name}\"");
    }

    private static Part Root(Invocation call, Kind kind, string version) =>
        call.Kinds.SchemaType(kind, version) is { } type
            ? new("", kind.Name, SchemaWords.Of(type), false, []) { Fields = () => Of(type) }
            : Custom(call, kind, version);

    private static IEnumerable<Part> Of(SchemaType owner) =>
        owner.Fields.ToArray().Select(field => new Part(field.Name, TypeOf(field),
            SchemaWords.Of(owner, field.Name), field.Required,
            field.Enum.Order(StringComparer.Ordinal))
        {
            TypeWords = field.Type is { } own ? SchemaWords.Of(own) : null,
            Cycle = field.TypeName,
            Fields = () => field.Type is { } type ? Of(type) : [],
        });

    private static Part Custom(Invocation call, Kind kind, string version)
    {
        var definition = call.Find(call.Kinds.FindWord("customresourcedefinitions")!, "",
            kind.Resource);
        var schema = definition is null ? null : Json.Encode(definition).ItemsAt("spec", "versions")
            .FirstOrDefault(v => v.TextAt("name") == version).At("schema", "openAPIV3Schema");
        // The server adds what all objects have.
        var common = Of(Schema.BuiltIn.Find("Pod")!)
            .Where(p => p.Name is "apiVersion" or "kind" or "metadata").ToList();
        return Of("", schema, false) with
        {
            Fields = () => common.Concat(Of("", schema, false).Fields().Where(
                f => !common.Exists(c => c.Name == f.Name)))
                .OrderBy(f => f.Name, StringComparer.Ordinal),
        };
    }

    private static Part Of(string name, JsonNode? schema, bool required)
    {
        var inner = schema.At("items") ?? schema.At("additionalProperties") as JsonObject;
        var type = inner is null ? schema.TextAt("type") : Of("", inner, false).Type;
        return new(name, (schema.At("items") is not null ? "[]" : inner is not null ? "map[string]"
                : "") + (type is "object" or "" ? "Object" : type),
            schema.At("description")?.ToString(), required,
            schema.ItemsAt("enum").Select(v => v.ToString()))
        {
            TypeWords = inner.At("description")?.ToString(),
            Fields = () => inner is not null ? Of("", inner, false).Fields()
                : (schema.At("properties") as JsonObject ?? [])
                    .OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => Of(p.Key, p.Value,
                        schema.ItemsAt("required").Any(r => r.ToString() == p.Key))),
        };
    }

    private static void WriteFields(
        Invocation call, Part part, int indent, bool deep, List<string> above)
    {
        var blanks = new string(' ', indent);
        foreach (var field in part.Fields())
        {
            call.Line($"{blanks}{field.Name}\t<{field.Type}>{(field.Required ? " -required-" : "")}"
                + (field.Values.Any() ? $"\n{blanks}enum: {string.Join(", ",
                    field.Values.Take(4).Select(Shown))}{(field.Values.Skip(4).Any()
                        ? ", ...." : "")}" : ""));
            if (!deep)
            {
                call.Line($"{Wrap(field.Words ?? field.TypeWords ?? "<no description>",
                    78 - indent, indent + 2)}\n");
            }
            else if (field.Cycle.Length == 0 || !above.Contains(field.Cycle))
            {
                WriteFields(call, field, indent + 2, deep, [.. above, field.Cycle]);
            }
        }
    }

    private static string Shown(string value) => value.Length == 0 ? "\"\"" : value;

    /// <summary>Lines of at most so many letters, indented.</summary>
    private static string Wrap(string text, int width, int indent)
    {
        var lines = new List<string>();
        foreach (var paragraph in text.Split('\n'))
        {
            lines.Add("");
            foreach (var word in paragraph.Split(' '))
            {
                if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > width)
                {
                    lines.Add("");
                }
                lines[^1] += lines[^1].Length == 0 ? word : $" {word}";
            }
        }
        return string.Join('\n', lines.Select(line => new string(' ', indent) + line));
    }

    private static string TypeOf(SchemaField field)
    {
        var name = field.TypeName switch
        {
            "int32" or "int64" => "integer",
            "bool" => "boolean",
            "float" => "number",
            "bytes" or "Time" or "MicroTime" or "Duration" => "string",
            "any" => "Object",
            var other => other[(other.LastIndexOf('.') + 1)..],
        };
        return $"{(field.IsMap ? "map[string]" : "")}{(field.IsList ? "[]" : "")}{name}";
    }
}
