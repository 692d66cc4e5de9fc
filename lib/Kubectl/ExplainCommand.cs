namespace KubeSim;

/// <summary><c>kubectl explain</c>: the fields of a kind or of a part of it, by name and type. The
/// schema here has no descriptions, and says so in kubectl's own way.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/explain.</remarks>
internal static class ExplainCommand
{
    public static readonly KubectlCommand Command = new("explain",
        "recursive! api-version output/o", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0)
        {
            throw call.UsageError("You must specify the type of resource to explain. Use "
                + "\"kubectl api-resources\" for a complete list of supported resources.");
        }
        if (call.Args.Count > 1)
        {
            throw call.UsageError("We accept only this format: explain RESOURCE");
        }
        var steps = call.Args[0].Split('.');
        var kind = ResourceArgs.KindOf(call, steps[0]);
        var type = call.Kinds.SchemaType(kind, kind.Version)
            ?? throw new KubectlException($"couldn't find resource for \"{kind.Group}/"
                + $"{kind.Version}, Kind={kind.Name}\"");
        SchemaField? field = null;
        foreach (var step in steps.Skip(1))
        {
            field = type?.Field(step)
                ?? throw new KubectlException($"field \"{step}\" does not exist");
            type = field.Type;
        }
        if (kind.Group.Length > 0)
        {
            call.Line($"GROUP:      {kind.Group}");
        }
        call.Line($"KIND:       {kind.Name}\nVERSION:    {kind.Version}\n");
        if (field is not null)
        {
            call.Line($"FIELD: {field.Name} <{TypeOf(field)}>{Required(field)}\n");
            WriteEnum(call, field, "");
        }
        call.Line(field is null ? "DESCRIPTION:\n    <empty>" : "\nDESCRIPTION:\n    <empty>");
        if (type is not null)
        {
            call.Line("    \nFIELDS:");
            WriteFields(call, type, "  ", call.Flags.On("recursive"), []);
        }
        call.Line("");
    }

    private static void WriteFields(
        Invocation call, SchemaType type, string indent, bool deep, List<string> above)
    {
        var fields = type.Fields.ToArray().OrderBy(f => f.Name, StringComparer.Ordinal);
        foreach (var field in fields)
        {
            call.Line($"{indent}{field.Name}\t<{TypeOf(field)}>{Required(field)}");
            WriteEnum(call, field, indent);
            if (!deep)
            {
                call.Line($"{indent}  <no description>\n");
            }
            else if (field.Type is { } inner && !above.Contains(inner.Name))
            {
                WriteFields(call, inner, $"{indent}  ", deep, [.. above, inner.Name]);
            }
        }
    }

    private static void WriteEnum(Invocation call, SchemaField field, string indent)
    {
        if (!field.Enum.IsEmpty)
        {
            call.Line($"{indent}enum: {string.Join(", ",
                field.Enum.Order(StringComparer.Ordinal))}");
        }
    }

    private static string Required(SchemaField field) => field.Required ? " -required-" : "";

    private static string TypeOf(SchemaField field)
    {
        var name = field.TypeName switch
        {
            "int32" or "int64" => "integer",
            "bool" => "boolean",
            "float" => "number",
            "bytes" => "string",
            "any" => "Object",
            var other => other[(other.LastIndexOf('.') + 1)..],
        };
        return $"{(field.IsMap ? "map[string]" : "")}{(field.IsList ? "[]" : "")}{name}";
    }
}
