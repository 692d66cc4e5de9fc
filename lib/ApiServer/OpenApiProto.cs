using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The document of OpenAPI version 2 as protocol buffers, the one form in which old clients take
/// it. A message is a list of fields: number and wire type in one varint, then a varint (booleans,
/// counts) or a length and so many bytes (text, messages inside).
/// <para>One table says of each object under which number each of its fields goes, and as what.
/// <c>schema=2/1:Schema</c>: a message at 2, in it one at 1, which is a Schema. <c>*</c> are all
/// other fields, each a message of its name (1) and value (2); <c>x</c> are the extensions, whose
/// values are YAML.</para>
/// Models github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto.
/// </summary>
internal static class OpenApiProto
{
    private const string Table = """
        Document swagger=1 info=2:Info paths=8:Paths definitions=9:Schemas
        Info title=1 version=2
        Paths *=2:PathItem
        Schemas *=1:Schema
        Responses *=1/1:Response
        PathItem get=2:Operation put=3:Operation post=4:Operation delete=5:Operation
        + patch=8:Operation parameters=9/1:Parameter
        Operation tags=1 operationId=5 produces=6 consumes=7 parameters=8/1:Parameter
        + responses=9:Responses schemes=10 x=13
        Response description=1 schema=2/1:Schema
        Body name=2 in=3 required=4 schema=5:Schema
        Path required=1 in=2 name=4 type=5 uniqueItems=19
        Query required=1 in=2 name=4 type=6 uniqueItems=20
        Schema $ref=1 format=2 title=3 description=4 default=5:Any multipleOf=6:double
        + maximum=7:double exclusiveMaximum=8 minimum=9:double exclusiveMinimum=10 maxLength=11
        + minLength=12 pattern=13 maxItems=14 minItems=15 uniqueItems=16 maxProperties=17
        + minProperties=18 required=19 enum=20:Any additionalProperties=21/1:Schema type=22/1
        + items=23/1:Schema allOf=24:Schema properties=25:Schemas x=31
        """;

    private static readonly Dictionary<string, Dictionary<string, string>> messages =
        Table.ReplaceLineEndings("\n").Replace("\n+", "", StringComparison.Ordinal).Split('\n')
            .Select(line => line.Split(' ')).ToDictionary(words => words[0],
                words => words.Skip(1).Select(w => w.Split('=')).ToDictionary(
                    w => w[0], w => w[1], StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The document in bytes.</summary>
    public static ReadOnlyMemory<byte> Write(JsonObject document)
    {
        var bytes = new ArrayBufferWriter<byte>();
        Content(bytes, "Document", document);
        return bytes.WrittenMemory;
    }

    // A field as the table writes it: NUMBER[/NUMBER...][:MESSAGE].
    private static void Field(ArrayBufferWriter<byte> to, string field, JsonNode value)
    {
        var (colon, slash) = (field.IndexOf(':'), field.IndexOf('/'));
        var type = colon < 0 ? "" : field[(colon + 1)..];
        var numbers = colon < 0 ? field : field[..colon];
        var number = int.Parse(slash < 0 ? numbers : numbers[..slash],
            CultureInfo.InvariantCulture);
        if (value is JsonArray list)
        {
            foreach (var item in list)
            {
                Field(to, field, item!);
            }
        }
        else if (slash >= 0)
        {
            // A schema of other fields that is true or false is another field of its message.
            var inner = value.GetValueKind() is JsonValueKind.True or JsonValueKind.False
                ? "2" : field[(slash + 1)..];
            Nested(to, number, at => Field(at, inner, value));
        }
        else if (type.Length == 0
            && value.GetValueKind() is (JsonValueKind.True or JsonValueKind.False))
        {
            Varint(to, (ulong)number << 3);
            Varint(to, value.GetValue<bool>() ? 1u : 0u);
        }
        else if (type == "double")
        {
            Double(to, number, value);
        }
        else if (value.GetValueKind() == JsonValueKind.Number && type.Length == 0)
        {
            Varint(to, (ulong)number << 3);
            Varint(to, (ulong)value.GetValue<long>());
        }
        else
        {
            Nested(to, number, at => Content(at, type, value));
        }
    }

    private static void Content(ArrayBufferWriter<byte> to, string type, JsonNode value)
    {
        switch (type)
        {
            case "":
                to.Write(Encoding.UTF8.GetBytes(value.GetValue<string>()));
                break;
            case "Any":
                // JSON is YAML.
                Field(to, "2", JsonValue.Create(value.ToJsonString(Json.Options)));
                break;
            case "Parameter":
                Field(to, $"{value["in"]}" switch
                {
                    "body" => "1:Body", "path" => "2/4:Path", _ => "2/3:Query",
                }, value);
                break;
            default:
                Message(to, messages[type], value.AsObject());
                break;
        }
    }

    private static void Message(
        ArrayBufferWriter<byte> to, Dictionary<string, string> fields, JsonObject value)
    {
        foreach (var (name, inner) in value)
        {
            var extension = name.StartsWith("x-", StringComparison.Ordinal);
            if (fields.TryGetValue("*", out var pair)
                || (extension && fields.TryGetValue("x", out pair)))
            {
                var slash = pair.IndexOf('/');
                var colon = pair.IndexOf(':');
                var number = slash >= 0 ? slash : colon >= 0 ? colon : pair.Length;
                var rest = slash >= 0 ? pair[slash..] : colon >= 0 ? pair[colon..] : ":Any";
                Nested(to, int.Parse(pair[..number], CultureInfo.InvariantCulture), at =>
                {
                    Field(at, "1", JsonValue.Create(name));
                    if (rest == ":Any")
                    {
                        Nested(at, 2, any => Content(any, "Any", inner!));
                        return;
                    }
                    Field(at, $"2{rest}", inner!);
                });
            }
            else if (inner is not null && fields.TryGetValue(name, out var field))
            {
                Field(to, field, inner);
            }
        }
    }

    /// <summary>Writes a number of eight bytes.</summary>
    public static void Double(ArrayBufferWriter<byte> to, int number, JsonNode value)
    {
        Varint(to, ((ulong)number << 3) | 1);
        to.Write(BitConverter.GetBytes(value.GetValue<double>()));
    }

    /// <summary>Writes a message inside another.</summary>
    public static void Nested(
        ArrayBufferWriter<byte> to, int number, Action<ArrayBufferWriter<byte>> write)
    {
        var inner = new ArrayBufferWriter<byte>();
        write(inner);
        Varint(to, ((ulong)number << 3) | 2);
        Varint(to, (ulong)inner.WrittenCount);
        to.Write(inner.WrittenSpan);
    }

    /// <summary>Writes a number, seven bits a byte.</summary>
    public static void Varint(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 128; value >>= 7)
        {
            to.Write([(byte)(value | 128)]);
        }
        to.Write([(byte)value]);
    }
}
