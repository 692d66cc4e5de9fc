using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>From a tree to the bytes of its message, for clients that accept nothing else: objects
/// and lists of them, with the envelope before them.</summary>
internal static class ProtobufWriter
{
    /// <summary>An object or a list in its envelope.</summary>
    public static ReadOnlyMemory<byte> Write(JsonObject tree)
    {
        var (version, kind) = ((string)tree["apiVersion"]!, (string)tree["kind"]!);
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write(Protobuf.Prefix);
        OpenApiProto.Nested(bytes, 1, type =>
        {
            Text(type, 1, version);
            Text(type, 2, kind);
        });
        OpenApiProto.Nested(bytes, 2, raw =>
        {
            if (Protobuf.MessageOf(version, kind) is { } message)
            {
                Fields(raw, message, tree);
                return;
            }
            var item = Protobuf.MessageOf(version, kind[..^"List".Length])!;
            OpenApiProto.Nested(raw, 1, meta => Fields(
                meta, ProtobufMessage.Of("ListMeta")!, tree["metadata"]!.AsObject()));
            foreach (var one in tree["items"]!.AsArray())
            {
                OpenApiProto.Nested(raw, 2, to => Fields(to, item, one!.AsObject()));
            }
        });
        return bytes.WrittenMemory;
    }

    /// <summary>The bytes of a message.</summary>
    public static ReadOnlyMemory<byte> Message(ProtobufMessage message, JsonObject tree)
    {
        var bytes = new ArrayBufferWriter<byte>();
        Fields(bytes, message, tree);
        return bytes.WrittenMemory;
    }

    private static void Fields(
        ArrayBufferWriter<byte> to, ProtobufMessage message, JsonObject tree)
    {
        foreach (var (number, field) in message.Fields)
        {
            if (field.Embedded is { } embedded)
            {
                OpenApiProto.Nested(to, number, inner => Fields(inner, embedded, tree));
            }
            else if (tree[field.Schema!.Name] is { } value)
            {
                Field(to, number, field.Schema, value);
            }
        }
    }

    private static void Field(
        ArrayBufferWriter<byte> to, int number, SchemaField schema, JsonNode value)
    {
        if (schema.IsMap)
        {
            foreach (var (key, item) in value.AsObject())
            {
                OpenApiProto.Nested(to, number, entry =>
                {
                    Text(entry, 1, key);
                    if (schema.IsList)
                    {
                        OpenApiProto.Nested(entry, 2, list => Items(list, 1, schema, item!));
                        return;
                    }
                    Value(entry, 2, schema, item!);
                });
            }
        }
        else if (schema.IsList)
        {
            Items(to, number, schema, value);
        }
        else
        {
            Value(to, number, schema, value);
        }
    }

    private static void Items(
        ArrayBufferWriter<byte> to, int number, SchemaField schema, JsonNode list)
    {
        foreach (var item in list.AsArray())
        {
            Value(to, number, schema, item!);
        }
    }

    private static void Value(
        ArrayBufferWriter<byte> to, int number, SchemaField schema, JsonNode value)
    {
        if (schema.Or is null)
        {
            Value(to, number, schema.TypeName, value);
            return;
        }
        OpenApiProto.Nested(to, number, inner =>
        {
            if (value is JsonArray list)
            {
                foreach (var item in list)
                {
                    Value(inner, 2, schema.Or == "list" ? schema.TypeName : "string", item!);
                }
                return;
            }
            // With a schema, more is allowed too.
            if (schema.Or == "bool")
            {
                Number(inner, 1, value is JsonObject || value.GetValue<bool>() ? 1 : 0);
            }
            if (value is JsonObject)
            {
                Value(inner, schema.Or == "bool" ? 2 : 1, schema.TypeName, value);
            }
        });
    }

    private static void Value(
        ArrayBufferWriter<byte> to, int number, string type, JsonNode value)
    {
        switch (type)
        {
            case "bool":
                Number(to, number, value.GetValue<bool>() ? 1 : 0);
                break;
            case "int32" or "int64":
                Number(to, number, Long(value));
                break;
            case "float":
                OpenApiProto.Double(to, number, value);
                break;
            case "string":
                Text(to, number, $"{value}");
                break;
            case "bytes":
                OpenApiProto.Nested(to, number,
                    inner => inner.Write(Convert.FromBase64String($"{value}")));
                break;
            default:
                OpenApiProto.Nested(to, number, inner => Inside(inner, type, value));
                break;
        }
    }

    private static void Inside(ArrayBufferWriter<byte> to, string type, JsonNode value)
    {
        switch (type)
        {
            case "Quantity":
                Text(to, 1, $"{value}");
                break;
            case "any":
                Text(to, 1, Json.Compact(value));
                break;
            case "IntOrString" when value.GetValueKind() == System.Text.Json.JsonValueKind.Number:
                Number(to, 1, 0);
                Number(to, 2, Long(value));
                break;
            case "IntOrString":
                Number(to, 1, 1);
                Text(to, 3, $"{value}");
                break;
            case "Time" or "MicroTime":
                var at = DateTimeOffset.Parse($"{value}", CultureInfo.InvariantCulture);
                Number(to, 1, at.ToUnixTimeSeconds());
                Number(to, 2, at.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
                break;
            case "Duration" when GoDuration.TryParse($"{value}", out var span):
                Number(to, 1, span.Ticks * TimeSpan.NanosecondsPerTick);
                break;
            default:
                Fields(to, ProtobufMessage.Of(type) ?? new(""), value.AsObject());
                break;
        }
    }

    private static long Long(JsonNode value) => long.Parse(
        value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static void Number(ArrayBufferWriter<byte> to, int number, long value)
    {
        OpenApiProto.Varint(to, (ulong)number << 3);
        OpenApiProto.Varint(to, (ulong)value);
    }

    private static void Text(ArrayBufferWriter<byte> to, int number, string text) =>
        OpenApiProto.Nested(to, number, inner => inner.Write(Encoding.UTF8.GetBytes(text)));
}
