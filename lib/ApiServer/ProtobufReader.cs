using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>From the bytes of a message to the tree that the same object is in JSON. What a type
/// does not know is passed over; bytes that are no message are a <see cref="FormatException"/> in
/// the words of the real decoder.</summary>
internal static class ProtobufReader
{
    private const int MostDepth = 200;

    /// <summary>Reads the fields of a message into a tree.</summary>
    public static void Fields(
        ReadOnlySpan<byte> bytes, ProtobufMessage message, JsonObject into, int depth)
    {
        if (depth > MostDepth)
        {
            throw new FormatException("exceeded max depth");
        }
        while (!bytes.IsEmpty)
        {
            var part = Next(ref bytes, message.Name);
            if (!message.Fields.TryGetValue(part.Number, out var field))
            {
                continue;
            }
            if (field.Embedded is { } embedded)
            {
                Fields(part.Bytes, embedded, into, depth + 1);
                continue;
            }
            var schema = field.Schema!;
            if (schema.IsMap)
            {
                var map = into[schema.Name] ??= new JsonObject();
                Entry(part.Bytes, schema, map.AsObject(), depth);
            }
            else if (schema.IsList)
            {
                var list = into[schema.Name] ??= new JsonArray();
                Items(part, schema, list.AsArray(), depth);
            }
            else
            {
                var value = Value(part, schema, depth);
                into.Remove(schema.Name);
                if (!IsUnset(field, value))
                {
                    into.Add(schema.Name, value);
                }
            }
        }
    }

    /// <summary>The last field of a number; one without bytes when there is none.</summary>
    public static Part Find(ReadOnlySpan<byte> bytes, int number)
    {
        var found = default(Part);
        while (!bytes.IsEmpty)
        {
            var part = Next(ref bytes, "");
            found = part.Number == number ? part : found;
        }
        return found;
    }

    private static void Items(in Part part, SchemaField schema, JsonArray into, int depth)
    {
        if (part.Wire != 2 || WireOf(schema) != 0)
        {
            into.Add(Value(part, schema, depth));
            return;
        }
        // Packed: numbers one after the other.
        for (var rest = part.Bytes; !rest.IsEmpty;)
        {
            into.Add(Value(new() { Varint = Varint(ref rest) }, schema, depth));
        }
    }

    private static void Entry(
        ReadOnlySpan<byte> bytes, SchemaField schema, JsonObject into, int depth)
    {
        var key = Encoding.UTF8.GetString(Find(bytes, 1).Bytes);
        var value = Find(bytes, 2);
        value = value.Number == 0 ? new() { Wire = WireOf(schema) } : value;
        if (!schema.IsList)
        {
            into[key] = Value(value, schema, depth);
            return;
        }
        var list = new JsonArray();
        for (var rest = value.Bytes; !rest.IsEmpty;)
        {
            list.Add(Value(Next(ref rest, ""), schema, depth));
        }
        into[key] = list;
    }

    private static int WireOf(SchemaField schema) => schema.TypeName switch
    {
        "bool" or "int32" or "int64" => 0, "float" => 1, _ => 2,
    };

    private static JsonNode? Value(in Part part, SchemaField schema, int depth)
    {
        if (part.Wire != (schema.Or is null ? WireOf(schema) : 2))
        {
            throw new FormatException(FormattableString.Invariant(
                $"proto: wrong wireType = {part.Wire} for field ")
                + char.ToUpperInvariant(schema.Name[0]) + schema.Name[1..]);
        }
        return schema.Or is null ? Value(part, schema.TypeName, depth)
            : Either(part.Bytes, schema, depth);
    }

    private static JsonNode? Value(in Part part, string type, int depth)
    {
        switch (type)
        {
            case "bool":
                return JsonValue.Create(part.Varint != 0);
            case "int32":
                return JsonValue.Create((long)(int)part.Varint);
            case "int64":
                return JsonValue.Create((long)part.Varint);
            case "float":
                return JsonValue.Create(BinaryPrimitives.ReadDoubleLittleEndian(part.Bytes));
            case "string":
                return JsonValue.Create(Encoding.UTF8.GetString(part.Bytes));
            case "bytes":
                return JsonValue.Create(Convert.ToBase64String(part.Bytes));
            case "Quantity":
                return JsonValue.Create(Find(part.Bytes, 1).Bytes is { IsEmpty: false } text
                    ? Encoding.UTF8.GetString(text) : "0");
            case "IntOrString":
                return Find(part.Bytes, 1).Varint == 0
                    ? JsonValue.Create((long)(int)Find(part.Bytes, 2).Varint)
                    : JsonValue.Create(Encoding.UTF8.GetString(Find(part.Bytes, 3).Bytes));
            case "Time" or "MicroTime":
                return Instant(part.Bytes, type == "Time");
            case "Duration":
                return JsonValue.Create(GoDuration.Format(
                    new((long)Find(part.Bytes, 1).Varint / TimeSpan.NanosecondsPerTick)));
            case "any":
                return Find(part.Bytes, 1).Bytes is not { IsEmpty: false } raw ? null
                    : HttpBody.Tree(Encoding.UTF8.GetString(raw), false, out _)
                        ?? throw new FormatException("unexpected end of JSON input");
            default:
                var inner = new JsonObject();
                if (ProtobufMessage.Of(type) is { } message)
                {
                    Fields(part.Bytes, message, inner, depth + 1);
                }
                return inner;
        }
    }

    // Of a custom kind's schema: a schema, or something shorter.
    private static JsonNode? Either(ReadOnlySpan<byte> bytes, SchemaField schema, int depth)
    {
        var first = Find(bytes, 1);
        var second = Find(bytes, 2);
        if (schema.Or == "bool")
        {
            return second.Number != 0 ? Value(second, schema.TypeName, depth)
                : JsonValue.Create(first.Varint != 0);
        }
        if (first.Number != 0)
        {
            return Value(first, schema.TypeName, depth);
        }
        var list = new JsonArray();
        while (!bytes.IsEmpty)
        {
            list.Add(Value(Next(ref bytes, ""),
                schema.Or == "stringlist" ? "string" : schema.TypeName, depth));
        }
        return list;
    }

    // Go's time of nobody is no bytes, or second 0.
    private static JsonValue? Instant(ReadOnlySpan<byte> bytes, bool whole)
    {
        var (seconds, nanos) = ((long)Find(bytes, 1).Varint, (int)Find(bytes, 2).Varint);
        if (seconds == 0 && nanos == 0)
        {
            return null;
        }
        var at = new Time(seconds);
        if (seconds < -62_135_596_800 || seconds >= 253_402_300_800)
        {
            throw new FormatException("year outside of range [0,9999]");
        }
        return JsonValue.Create(whole ? $"{at}"
            : $"{(MicroTime)at.DateTime.AddTicks(nanos / TimeSpan.NanosecondsPerTick)}");
    }

    private static bool IsUnset(ProtobufField field, JsonNode? value) => value is null
        || (field is { ByValue: true, Schema: { Required: false, Keep: false } }
            && value.GetValueKind() switch
            {
                JsonValueKind.False => true,
                JsonValueKind.Number => value.GetValue<object>() is 0L or 0d,
                JsonValueKind.String => value.GetValue<string>().Length == 0,
                JsonValueKind.Object => value.AsObject().Count == 0,
                _ => false,
            });

    private static Part Next(scoped ref ReadOnlySpan<byte> rest, string message)
    {
        var tag = Varint(ref rest);
        var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
        if (wire == 4 || number <= 0)
        {
            throw new FormatException($"proto: {message}: " + (wire == 4
                ? "wiretype end group for non-group"
                : FormattableString.Invariant($"illegal tag {number} (wire type {tag})")));
        }
        var part = new Part { Number = number, Wire = wire };
        if (wire == 0)
        {
            return part with { Varint = Varint(ref rest) };
        }
        var length = wire switch
        {
            1 => 8ul,
            2 => Varint(ref rest),
            5 => 4ul,
            _ => throw new FormatException(
                FormattableString.Invariant($"proto: illegal wireType {wire}")),
        };
        if (length > (ulong)rest.Length)
        {
            throw new FormatException(length > long.MaxValue
                ? "proto: negative length found during unmarshaling" : "unexpected EOF");
        }
        part = part with { Bytes = rest[..(int)length] };
        rest = rest[(int)length..];
        return part;
    }

    private static ulong Varint(scoped ref ReadOnlySpan<byte> rest)
    {
        var value = 0ul;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (rest.IsEmpty)
            {
                throw new FormatException("unexpected EOF");
            }
            var next = rest[0];
            rest = rest[1..];
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }
        throw new FormatException("proto: integer overflow");
    }

    /// <summary>A field as it lies in the bytes.</summary>
    public readonly ref struct Part
    {
        /// <summary>The number; 0 for no field.</summary>
        public int Number { get; init; }

        /// <summary>How the value is written: 0 a varint, 1 and 5 eight and four bytes, 2 a length
        /// and bytes.</summary>
        public int Wire { get; init; }

        /// <summary>The value of a varint.</summary>
        public ulong Varint { get; init; }

        /// <summary>The bytes of the value.</summary>
        public ReadOnlySpan<byte> Bytes { get; init; }
    }
}
