using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A list; a null in it reads as an empty item, as in Go.</summary>
internal sealed class SeqConverter<T> : JsonConverter<Seq<T>>, IUnsetCheck<Seq<T>>
{
    private JsonConverter<T>? item;

    public bool IsUnset(Seq<T> value) => value.IsUnset;

    public override Seq<T> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("a list was expected");
        }
        item ??= (JsonConverter<T>)options.GetConverter(typeof(T));
        var items = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(JsonEmpty.ReadOr(item, ref reader, options));
        }
        return new([.. items]);
    }

    public override void Write(Utf8JsonWriter writer, Seq<T> value, JsonSerializerOptions options)
    {
        item ??= (JsonConverter<T>)options.GetConverter(typeof(T));
        writer.WriteStartArray();
        foreach (var one in value)
        {
            item.Write(writer, one, options);
        }
        writer.WriteEndArray();
    }
}

/// <summary>A map; a null in it reads as an empty value, as in Go.</summary>
internal sealed class MapConverter<T> : JsonConverter<Map<T>>, IUnsetCheck<Map<T>>
{
    private JsonConverter<T>? item;

    public bool IsUnset(Map<T> value) => value.IsEmpty;

    public override Map<T> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("a map was expected");
        }
        item ??= (JsonConverter<T>)options.GetConverter(typeof(T));
        var items = new List<KeyValuePair<string, T>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            items.Add(new(key, JsonEmpty.ReadOr(item, ref reader, options)));
        }
        return items.Count == 0 ? Map<T>.Empty : Map<T>.From(items);
    }

    public override void Write(Utf8JsonWriter writer, Map<T> value, JsonSerializerOptions options)
    {
        item ??= (JsonConverter<T>)options.GetConverter(typeof(T));
        writer.WriteStartObject();
        foreach (var (key, one) in value)
        {
            writer.WritePropertyName(key);
            item.Write(writer, one, options);
        }
        writer.WriteEndObject();
    }
}

/// <summary>What a null in a list or a map stands for.</summary>
internal static class JsonEmpty
{
    public static T ReadOr<T>(
        JsonConverter<T> converter, ref Utf8JsonReader reader, JsonSerializerOptions options) =>
        reader.TokenType != JsonTokenType.Null ? converter.Read(ref reader, typeof(T), options)!
        : typeof(T) == typeof(string) ? (T)(object)""
        : Activator.CreateInstance<T>();
}

/// <summary>A revision: a number in a string; an empty one is no revision.</summary>
internal sealed class RevisionConverter : JsonConverter<Revision>
{
    public override Revision Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is not { Length: > 0 } text ? default
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? new(value)
            : throw new JsonException($"\"{text}\" is no resourceVersion");

    public override void Write(
        Utf8JsonWriter writer, Revision value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>A time in RFC 3339; with any offset on the way in, in UTC on the way out.</summary>
internal sealed class TimeConverter : JsonConverter<Time>
{
    public override Time Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonTime.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Time value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>The same with microseconds.</summary>
internal sealed class MicroTimeConverter : JsonConverter<MicroTime>
{
    public override MicroTime Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonTime.Parse(reader.GetString()!);

    public override void Write(
        Utf8JsonWriter writer, MicroTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>Times as text.</summary>
internal static class JsonTime
{
    private static readonly string[] Forms =
        ["yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];

    public static DateTime Parse(string text) => TryParse(text, out var time)
        ? time
        : throw new JsonException($"\"{text}\" is no time in RFC 3339");

    public static bool TryParse(string text, out DateTime time)
    {
        time = default;
        // Finer than 100 ns is cut off: a DateTime has no room for it.
        var dot = text.IndexOf('.');
        var end = dot < 0 ? -1 : text.AsSpan(dot + 1).IndexOfAnyExceptInRange('0', '9') + dot + 1;
        var cut = end > dot + 8 ? text[..(dot + 8)] + text[end..] : text;
        return (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > 10)
            && DateTime.TryParseExact(cut, Forms, CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out time);
    }
}
