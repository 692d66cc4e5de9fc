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

    private static readonly Dictionary<string, Dictionary<string, string>> Published =
        File.ReadLines(Path.Combine(TestContext.CurrentContext.TestDirectory, "Data", "api-fields.tsv"))
            .Where(line => line[0] != '#')
            .Select(line => line.Split('\t'))
            .ToDictionary(line => line[0], line => line[1].Split(' ')
                .Select(field => field.Split(':')).ToDictionary(f => f[0], f => f[1]));

    private static readonly string[] Inherited = ["metadata"];

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
                Assert.That(part, Is.SameAs(Shape.Of(field.Element).None), $"{field.Owner}.{field.Name}");
                Assert.That(field.IsUnset(blank));
            }
        }
        Assert.That(byValue, Is.GreaterThan(50));
    }

    [Test]
    public void Fields_are_those_that_Kubernetes_publishes([ValueSource(nameof(TypesWithFields))] string name)
    {
        var type = typeof(Pod).Assembly.GetType($"KubeSim.{name}")!;
        foreach (var field in Shape.Of(type).Fields.Where(f =>
            f.Form != FieldForm.Kept && !(Inherited.Contains(f.Name) && f.Owner == typeof(ApiObject))
            && f.Owner == type))
        {
            Assert.That(Published[name], Contains.Key(field.Name), name);
            Assert.That(Written(field), Is.EqualTo(Published[name][field.Name]), $"{name}.{field.Name}");
        }
    }

    [Test]
    public void Fields_come_in_the_order_of_declaration_what_is_kept_last()
    {
        Assert.That(Shape.Of(typeof(Pod)).Fields.Select(f => f.Name),
            Is.EqualTo(new[] { "metadata", "spec", "status", "kept" }));
        Assert.That(Shape.Of(typeof(NodeCondition)).Fields.Select(f => f.Name), Is.EqualTo(new[]
        {
            "type", "status", "observedGeneration", "lastTransitionTime", "reason", "message",
            "lastHeartbeatTime", "kept",
        }));
    }

    [Test]
    public void Names_of_JSON_are_taken_where_they_differ()
    {
        var port = new ContainerPort { Port = 80 };
        Assert.That(Shape.Of(typeof(ContainerPort)).Field("containerPort")!.Get(port), Is.EqualTo(80));
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

    /// <summary>A copy of a record with one field set.</summary>
    internal static ApiPart With(ApiPart record, ShapeField field, object? value)
    {
        var copy = (ApiPart)record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;
        record.GetType().GetProperty(field.Property)!.SetValue(copy, value);
        return copy;
    }

    /// <summary>A value of a type; another number gives another value, where the type has two.</summary>
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
            : type == typeof(KeptFields) ? new KeptFields { ["x"] = JsonSerializer.SerializeToElement(number) }
            : type.IsEnum ? Enum.ToObject(type, number)
            : typeof(ApiPart).IsAssignableFrom(type) ? SamplePart(type, number)
            : type.GetGenericTypeDefinition() == typeof(Seq<>) ? Invoke(nameof(OneItem), item!, number)
            : Invoke(nameof(OneEntry), item!, number);
    }

    private static ApiPart SamplePart(Type type, int number)
    {
        var shape = Shape.Of(type);
        var field = shape.Fields.FirstOrDefault(f => f.Form == FieldForm.Scalar && f.Type != typeof(Revision))
            ?? shape.Fields[0];
        return With(shape.Blank!, field, Sample(field.Type, number));
    }

    private static object Invoke(string method, Type item, int number) => typeof(ShapeTests)
        .GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!
        .MakeGenericMethod(item).Invoke(null, [number])!;

    private static Seq<T> OneItem<T>(int number) => [(T)Sample(typeof(T), number)];

    private static Map<T> OneEntry<T>(int number) => Map.Of(("key", (T)Sample(typeof(T), number)));

    private static IEnumerable<string> TypesWithFields => Published.Keys;

    private static string Written(ShapeField field)
    {
        var published = field.Owner == typeof(Unstructured) ? "" : Published[field.Owner.Name][field.Name];
        var type = field.Element;
        var name = type == typeof(string) ? published.StartsWith("bytes", StringComparison.Ordinal)
                ? "bytes" : "string"
            : type == typeof(int) ? "int32" : type == typeof(long) ? "int64"
            : type == typeof(bool) ? "bool" : type.Name;
        // Several published types share one record where their fields agree.
        name = name switch
        {
            "Condition" or "EndpointPort" or "ResourceRequirements" =>
                published.TrimEnd('[', ']', '{', '}'),
            _ => name,
        };
        return name + field.Form switch { FieldForm.List => "[]", FieldForm.Map => "{}", _ => "" };
    }
}
