using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeSim;

// Records become JSON property by property, in the order in which they declare them, as the Go
// structs do. Three rules are Kubernetes' own, so that System.Text.Json's object converter does not
// fit:
//
// - unset is left out: null, an unset list or map, and whatever equals the value of a new record
//   ("", 0, false, an empty part), as Go's omitempty does;
// - some fields are written even so: those that the schema requires (restartCount: 0) or keeps
//   (resources: {}); a counter of a status, on the other hand, vanishes at 0;
// - a field that the schema knows and the record does not is kept aside (ApiPart.Kept); one that
//   nobody knows is dropped: telling of it is the strict check's work (SchemaCheck.cs).
//
// Getters and setters are bound as delegates, not emitted as code, so that a process does not
// compile a method for each property before it has read its first manifest.

/// <summary>Makes the converters of records, lists and maps.</summary>
internal sealed class RecordConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeof(ApiPart).IsAssignableFrom(typeToConvert)
        || (typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() is var shape
            && (shape == typeof(Seq<>) || shape == typeof(Map<>)));

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options)
    {
        var converter = typeof(ApiPart).IsAssignableFrom(typeToConvert)
            ? typeof(RecordConverter<>).MakeGenericType(typeToConvert)
            : (typeToConvert.GetGenericTypeDefinition() == typeof(Seq<>)
                ? typeof(SeqConverter<>)
                : typeof(MapConverter<>)).MakeGenericType(typeToConvert.GetGenericArguments());
        return (JsonConverter)Activator.CreateInstance(converter)!;
    }
}

/// <summary>Tells of a value type whether it is unset.</summary>
internal interface IUnsetCheck<T>
{
    bool IsUnset(T value);
}

/// <summary>Reads and writes the records of one type.</summary>
internal sealed class RecordConverter<T> : JsonConverter<T>
    where T : ApiPart
{
    private readonly SchemaType? schema = RecordSchema.Of(typeof(T));
    private RecordProperty<T>[]? properties;

    public override T Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"{typeof(T).Name} must be an object");
        }
        var record = Activator.CreateInstance<T>();
        var all = Properties;
        KeptFields? kept = null;
        var next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var at = Find(all, ref reader, next);
            if (at >= 0)
            {
                reader.Read();
                next = at + 1;
                if (reader.TokenType != JsonTokenType.Null)
                {
                    all[at].Read(ref reader, record, options);
                }
                continue;
            }
            var name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null || !Keeps(record, name))
            {
                reader.Skip();
                continue;
            }
            (kept ??= [])[name] = JsonElement.ParseValue(ref reader);
        }
        RecordSchema.SetKept(record, kept);
        return record;
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        if (value is ApiObject apiObject)
        {
            writer.WriteString("apiVersion", apiObject.Kind.ApiVersion);
            writer.WriteString("kind", apiObject.Kind.Name);
        }
        foreach (var property in Properties)
        {
            property.Write(writer, value, options);
        }
        if (value.Kept is { Count: > 0 } kept)
        {
            foreach (var (name, element) in kept.OrderBy(e => e.Key, StringComparer.Ordinal))
            {
                writer.WritePropertyName(name);
                element.WriteTo(writer);
            }
        }
        writer.WriteEndObject();
    }

    private bool Keeps(T record, string name) =>
        record is not ApiObject || name is not ("apiVersion" or "kind")
            ? schema is null || schema.Field(name) is not null
            : false;

    private RecordProperty<T>[] Properties => properties ??= RecordProperty<T>.All(schema);

    private static int Find(RecordProperty<T>[] all, ref Utf8JsonReader reader, int next)
    {
        for (var i = next; i < all.Length; i++)
        {
            if (reader.ValueTextEquals(all[i].Name.EncodedUtf8Bytes))
            {
                return i;
            }
        }
        for (var i = 0; i < next; i++)
        {
            if (reader.ValueTextEquals(all[i].Name.EncodedUtf8Bytes))
            {
                return i;
            }
        }
        return -1;
    }
}

/// <summary>What joins records and the schema.</summary>
internal static class RecordSchema
{
    private static readonly Action<ApiPart, KeptFields?> Setter = typeof(ApiPart)
        .GetProperty(nameof(ApiPart.Kept))!.SetMethod!
        .CreateDelegate<Action<ApiPart, KeptFields?>>();

    /// <summary>The type of a record: the one of its name, whatever package it is of.</summary>
    public static SchemaType? Of(Type record)
    {
        var name = record.Name;
        return Schema.BuiltIn.Find(name) ?? Schema.BuiltIn.Find("autoscaling.v2." + name)
            ?? Schema.BuiltIn.Find("rbac." + name)
            ?? Schema.BuiltIn.Types.FirstOrDefault(type => type.ShortName == name);
    }

    /// <summary>Sets the kept fields of a record that nobody else holds yet.</summary>
    public static void SetKept(ApiPart record, KeptFields? kept)
    {
        if (kept is not null)
        {
            Setter(record, kept);
        }
    }
}

/// <summary>A property of a record, by its JSON name.</summary>
internal abstract class RecordProperty<T>(string name, SchemaField? field)
    where T : ApiPart
{
    public JsonEncodedText Name { get; } = JsonEncodedText.Encode(name);

    protected SchemaField? Field { get; } = field;

    public abstract void Read(ref Utf8JsonReader reader, T record, JsonSerializerOptions options);

    public abstract void Write(Utf8JsonWriter writer, T record, JsonSerializerOptions options);

    /// <summary>The properties in order: those of the base types first.</summary>
    public static RecordProperty<T>[] All(SchemaType? schema)
    {
        var found = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        Array.Sort(found, static (left, right) => left.DeclaringType == right.DeclaringType
            ? left.MetadataToken.CompareTo(right.MetadataToken)
            : left.DeclaringType!.IsAssignableFrom(right.DeclaringType) ? -1 : 1);
        var made = new List<RecordProperty<T>>(found.Length);
        foreach (var property in found)
        {
            if (property.SetMethod is null || property.DeclaringType == typeof(ApiPart)
                || property.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition
                    == JsonIgnoreCondition.Always)
            {
                continue;
            }
            var name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
                ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            made.Add((RecordProperty<T>)Activator.CreateInstance(
                typeof(RecordProperty<,>).MakeGenericType(typeof(T), property.PropertyType),
                property, name, schema?.Field(name))!);
        }
        return [.. made];
    }
}

/// <summary>A property whose value has a known type.</summary>
internal sealed class RecordProperty<T, TValue> : RecordProperty<T>
    where T : ApiPart
{
    private readonly Func<T, TValue> get;
    private readonly Action<T, TValue> set;
    private readonly TValue unset;
    private readonly Empty whenUnset;
    private readonly bool omitZero;
    private JsonConverter<TValue>? converter;

    public RecordProperty(PropertyInfo property, string name, SchemaField? field)
        : base(name, field)
    {
        get = property.GetMethod!.CreateDelegate<Func<T, TValue>>();
        set = property.SetMethod!.CreateDelegate<Action<T, TValue>>();
        unset = typeof(T) == typeof(Unstructured)
            ? (TValue)(object)ObjectMeta.None
            : get(Activator.CreateInstance<T>());
        omitZero = field is { OmitZero: true };
        whenUnset = WhenUnset(field);
    }

    private enum Empty
    {
        LeftOut,
        Null,
        Text,
        Number,
        False,
        Part,
    }

    public override void Read(ref Utf8JsonReader reader, T record, JsonSerializerOptions options)
    {
        var value = Converter(options).Read(ref reader, typeof(TValue), options);
        // A text that is written even when unset says nothing when it is empty.
        if (whenUnset != Empty.Text || value is not "")
        {
            set(record, value!);
        }
    }

    public override void Write(Utf8JsonWriter writer, T record, JsonSerializerOptions options)
    {
        var value = get(record);
        if (IsUnset(value, options))
        {
            WriteUnset(writer, options);
        }
        else if (!omitZero || !IsZero(value))
        {
            writer.WritePropertyName(Name);
            Converter(options).Write(writer, value, options);
        }
    }

    private JsonConverter<TValue> Converter(JsonSerializerOptions options) =>
        converter ??= (JsonConverter<TValue>)options.GetConverter(typeof(TValue));

    private bool IsUnset(TValue value, JsonSerializerOptions options) => value is null
        || (Converter(options) is IUnsetCheck<TValue> check
            ? check.IsUnset(value)
            : unset is not null && EqualityComparer<TValue>.Default.Equals(value, unset));

    private static bool IsZero(TValue value) => value is 0 or 0L;

    private void WriteUnset(Utf8JsonWriter writer, JsonSerializerOptions options)
    {
        switch (whenUnset)
        {
            case Empty.Null: writer.WriteNull(Name); break;
            case Empty.Text: writer.WriteString(Name, ""); break;
            case Empty.Number: writer.WriteNumber(Name, 0); break;
            case Empty.False: writer.WriteBoolean(Name, false); break;
            case Empty.Part:
                // An empty part may itself have fields that are always written.
                writer.WritePropertyName(Name);
                Converter(options).Write(
                    writer, unset ?? Activator.CreateInstance<TValue>(), options);
                break;
            default: break;
        }
    }

    private Empty WhenUnset(SchemaField? field) => field is not { Required: true }
        && field is not { Keep: true } ? Empty.LeftOut
        : field.IsList || field.IsMap ? Empty.Null
        : field.TypeName switch
        {
            "string" => Empty.Text,
            "int32" or "int64" => Empty.Number,
            "bool" => Empty.False,
            "Time" or "MicroTime" => Empty.Null,
            _ => field.Type is not null && (field.Keep || unset is not null)
                ? Empty.Part
                : Empty.LeftOut,
        };
}
