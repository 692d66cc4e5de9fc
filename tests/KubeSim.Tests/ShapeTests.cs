using System.Reflection;
using System.Text.Json;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class ShapeTests
{
    /// <summary>Every record of the API that can be made from nothing.</summary>
    internal static readonly Type[] Records =
    [
        .. typeof(ApiPart).Assembly.GetTypes().Where(t => typeof(ApiPart).IsAssignableFrom(t)
            && !t.IsAbstract && t.GetConstructor(Type.EmptyTypes) is not null)
            .OrderBy(t => t.Name, StringComparer.Ordinal),
    ];

    [Test]
    public void Every_record_is_made_blank_and_equals_its_none()
    {
        Assert.That(Records, Has.Length.GreaterThan(150));
        foreach (var type in Records)
        {
            var shape = Shape.Of(type);
            Assert.That(shape.Blank, Is.Not.Null, type.Name);
            Assert.That(shape.None ?? shape.Blank, Is.EqualTo(shape.Blank), type.Name);
        }
    }

    [Test]
    public void Parts_held_by_value_are_never_null_and_start_as_their_none()
    {
        var byValue = 0;
        foreach (var field in Records.SelectMany(t => Shape.Of(t).Fields))
        {
            var blank = Shape.Of(field.Owner).Blank;
            // A preference without its term says nothing worth sharing.
            if (field.Owner != typeof(PreferredSchedulingTerm) && field.Form == FieldForm.Part
                && blank is not null && field.Get(blank) is { } part)
            {
                byValue++;
                Assert.That(part, Is.SameAs(Shape.Of(field.Element).None), Name(field));
                Assert.That(field.IsUnset(blank));
            }
        }
        Assert.That(byValue, Is.GreaterThan(50));
    }

    [Test]
    public void Fields_are_those_that_Kubernetes_publishes()
    {
        var compared = 0;
        foreach (var field in Records.SelectMany(type => Shape.Of(type).Fields
            .Where(f => f.Owner == type && f.Form != FieldForm.Kept)))
        {
            // Of a scheduler's configuration two types have other names here: ScoringStrategy is
            // what scores, and a Plugin would be one.
            if (Schema.BuiltIn.Find(field.Owner.Name) is not { } published
                || field.Owner == typeof(PluginSet)
                || Name(field) == "NodeResourcesFitArgs.scoringStrategy")
            {
                continue;
            }
            compared++;
            var known = published.Field(field.Name);
            Assert.That(known, Is.Not.Null, Name(field));
            Assert.That(Written(field, known!),
                Is.EqualTo((known!.TypeName, known.IsList, known.IsMap)), Name(field));
        }
        Assert.That(compared, Is.GreaterThan(600));
    }

    [Test]
    public void Merge_keys_of_Kubernetes_are_fields_of_the_records()
    {
        foreach (var field in Records.SelectMany(t => Shape.Of(t).Fields)
            .Where(f => f.Form == FieldForm.List))
        {
            var key = Schema.BuiltIn.Find(field.Owner.Name)?.Field(field.Name)?.MergeKey;
            if (!string.IsNullOrEmpty(key) && field.Part is { } part)
            {
                Assert.That(part.Field(key), Is.Not.Null, $"{Name(field)}: {key}");
            }
        }
    }

    [Test]
    public void Fields_come_in_the_order_of_declaration_what_is_kept_last()
    {
        Assert.That(Shape.Of(typeof(Pod)).Fields.Select(f => f.Name),
            Is.EqualTo(new[] { "metadata", "spec", "status", "kept" }));
        Assert.That(Shape.Of(typeof(NodeCondition)).Fields.Select(f => f.Name), Is.EqualTo(new[]
        {
            "type", "status", "lastTransitionTime", "reason", "message",
            "lastHeartbeatTime", "kept",
        }));
    }

    [Test]
    public void Names_of_JSON_are_taken_where_they_differ()
    {
        var port = new ContainerPort { Port = 80 };
        var field = Shape.Of(typeof(ContainerPort)).Field("containerPort");
        Assert.That(field?.Get(port), Is.EqualTo(80));
        Assert.That(JsonSerializer.Serialize(port, JsonSerializerOptions.Web),
            Does.Contain("\"containerPort\":80"));
    }

    [Test]
    public void Getters_read_what_was_set()
    {
        foreach (var type in Records)
        {
            foreach (var field in Shape.Of(type).Fields)
            {
                var value = Sample(field.Type, 1);
                var record = With(Shape.Of(type).Blank!, field, value);
                Assert.That(field.Get(record), Is.EqualTo(value), $"{type.Name}.{field.Name}");
                Assert.That(field.IsUnset(record), Is.False, $"{type.Name}.{field.Name}");
            }
        }
    }

    [Test]
    public void Every_record_with_all_fields_set_survives_JSON()
    {
        foreach (var type in Records)
        {
            var shape = Shape.Of(type);
            var full = shape.Fields.Where(f => f.Form != FieldForm.Kept)
                .Aggregate(shape.Blank!, (r, f) => With(r, f, Sample(f.Type, 1)));
            var text = JsonSerializer.Serialize(full, type, Json.Options);
            var back = (ApiPart)JsonSerializer.Deserialize(text, type, Json.Options)!;
            Assert.That(Diff.Between(full, back), Is.Empty, type.Name);
            Assert.That(back, Is.EqualTo(full), type.Name);
        }
    }

    [Test]
    public void Every_blank_record_survives_JSON()
    {
        // A shared condition is never without a reason: there Kubernetes writes even the empty one.
        foreach (var type in Records.Where(t => t != typeof(Condition)))
        {
            var text = JsonSerializer.Serialize(Shape.Of(type).Blank, type, Json.Options);
            Assert.That(JsonSerializer.Deserialize(text, type, Json.Options),
                Is.EqualTo(Shape.Of(type).Blank), text);
        }
    }

    /// <summary>A copy of a record with one field set.</summary>
    internal static ApiPart With(ApiPart record, ShapeField field, object? value)
    {
        var copy = (ApiPart)record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;
        record.GetType().GetProperty(field.Property)!.SetValue(copy, value);
        return copy;
    }

    /// <summary>A value of a type; another number gives another value, where the type has
    /// two.</summary>
    internal static object Sample(Type type, int number)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var item = type.IsGenericType ? type.GetGenericArguments()[0] : null;
        return type == typeof(string) ? $"text-{number}"
            : type == typeof(int) ? number
            : type == typeof(long) ? (long)number
            : type == typeof(bool) ? number % 2 == 1
            : type == typeof(Time) ? new Time(number)
            : type == typeof(MicroTime) ? (MicroTime)DateTime.UnixEpoch.AddMicroseconds(number)
            : type == typeof(TimeSpan) ? TimeSpan.FromSeconds(number)
            : type == typeof(Revision) ? new Revision(number)
            : type == typeof(Quantity) ? Quantity.Milli(number)
            : type == typeof(IntOrString) ? new IntOrString(number)
            : type == typeof(JsonElement) ? JsonSerializer.SerializeToElement(number)
            : type == typeof(KeptFields)
                ? new KeptFields { ["x"] = JsonSerializer.SerializeToElement(number) }
            : type.IsEnum ? Enum.ToObject(type, number)
            : typeof(ApiPart).IsAssignableFrom(type) ? SamplePart(type, number)
            : type.GetGenericTypeDefinition() == typeof(Seq<>)
                ? Invoke(nameof(OneItem), item!, number)
            : Invoke(nameof(OneEntry), item!, number);
    }

    private static string Name(ShapeField field) => $"{field.Owner.Name}.{field.Name}";

    private static ApiPart SamplePart(Type type, int number)
    {
        var shape = Shape.Of(type);
        var scalars = shape.Fields
            .Where(f => f.Form == FieldForm.Scalar && f.Type != typeof(Revision)).ToSeq();
        var set = scalars.IsEmpty ? [shape.Fields[0]]
            : type == typeof(Condition) ? scalars : [scalars[0]];
        return set.Aggregate(shape.Blank!, (r, f) => With(r, f, Sample(f.Type, number)));
    }

    private static object Invoke(string method, Type item, int number) => typeof(ShapeTests)
        .GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!
        .MakeGenericMethod(item).Invoke(null, [number])!;

    private static Seq<T> OneItem<T>(int number) => [(T)Sample(typeof(T), number)];

    private static Map<T> OneEntry<T>(int number) => Map.Of(("key", (T)Sample(typeof(T), number)));

    // What the schema would have to say; bytes are texts here, revisions texts there, and several
    // published types share one record where their fields agree.
    private static (string Type, bool List, bool Map) Written(ShapeField field, SchemaField known)
    {
        var type = field.Element;
        var name = type == typeof(string) ? known.TypeName == "bytes" ? "bytes" : "string"
            : type == typeof(Revision) ? "string"
            : type == typeof(int) ? "int32"
            : type == typeof(long) ? "int64"
            : type == typeof(bool) ? "bool"
            : type.Name is "EndpointPort" or "ResourceRequirements"
                && known.TypeName.EndsWith(type.Name, StringComparison.Ordinal) ? known.TypeName
            : type == typeof(PluginEntry) ? "Plugin"
            // The parts of a plugin's arguments: a plugin has the name without Args.
            : type.Name.EndsWith("Args", StringComparison.Ordinal) && known.TypeName.StartsWith(
                type.Name[..^"Args".Length], StringComparison.Ordinal) ? known.TypeName
            : type.Name;
        return (name, field.Form == FieldForm.List, field.Form == FieldForm.Map);
    }
}
