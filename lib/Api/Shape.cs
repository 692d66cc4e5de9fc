using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>How a field of a record holds its value.</summary>
public enum FieldForm
{
    /// <summary>One value: a text, number, time, quantity.</summary>
    Scalar,

    /// <summary>One <see cref="ApiPart"/>.</summary>
    Part,

    /// <summary>A <see cref="Seq{T}"/>.</summary>
    List,

    /// <summary>A <see cref="Map{TValue}"/>.</summary>
    Map,

    /// <summary>The <see cref="KeptFields"/> that have no property.</summary>
    Kept,
}

/// <summary>What a record of the API is made of: its fields by JSON name, in the order in which
/// they are declared (those of a base first, what is kept last). Reflection happens once a
/// type.</summary>
/// <example><c>Shape.Of(typeof(PodStatus)).Field("podIP")?.Get(pod.Status)</c></example>
public sealed class Shape
{
    // A memo of a pure function of the type: no run can tell whether it was filled before.
    private static readonly ConcurrentDictionary<Type, Shape> Known = new();

    private readonly ShapeField[] fields;
    private readonly ShapeField[] digested;

    private Shape(Type type)
    {
        Type = type;
        fields = [.. Properties(type).Select(ShapeField.Of)];
        digested = [.. fields.Where(f => !f.IsResourceVersion)];
        None = type.GetProperty(nameof(None), BindingFlags.Public | BindingFlags.Static)
            ?.GetValue(null) as ApiPart;
        Blank = type.GetConstructor(Type.EmptyTypes)?.Invoke(null) as ApiPart;
    }

    /// <summary>The record.</summary>
    public Type Type { get; }

    /// <summary>Its fields in order.</summary>
    public Seq<ShapeField> Fields => new(fields);

    /// <summary>The shared value that says nothing, where the record has one: a part that is this
    /// very object counts as unset.</summary>
    public ApiPart? None { get; }

    /// <summary>A record on which nothing is set; null where one cannot be made from
    /// nothing.</summary>
    public ApiPart? Blank { get; }

    /// <summary>The shape of a record.</summary>
    public static Shape Of(Type type) =>
        Known.TryGetValue(type, out var shape) ? shape : Known.GetOrAdd(type, t => new Shape(t));

    /// <summary>The field of a JSON name; null when there is none.</summary>
    public ShapeField? Field(string name) => Array.Find(fields, f => f.Name == name);

    /// <summary>The digest after all that is set on a part.</summary>
    internal ulong Add(ulong digest, ulong path, ApiPart part)
    {
        foreach (var field in digested)
        {
            digest = field.Add(digest, path, part);
        }
        return digest;
    }

    /// <summary>The digest after all in which a part differs from its former state.</summary>
    internal ulong Change(ulong digest, ulong path, ApiPart old, ApiPart now)
    {
        foreach (var field in digested)
        {
            digest = field.Change(digest, path, old, now);
        }
        return digest;
    }

    private static IEnumerable<PropertyInfo> Properties(Type type)
    {
        var line = new Stack<Type>();
        for (var t = type; t is not null && t != typeof(ApiPart); t = t.BaseType)
        {
            line.Push(t);
        }
        const BindingFlags own =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var declared = line.SelectMany(t => t.GetProperties(own).OrderBy(p => p.MetadataToken));
        return declared
            .Where(p => p.CanWrite && p.PropertyType != typeof(Kind) && p.GetIndexParameters() is []
                && p.GetCustomAttribute<JsonIgnoreAttribute>() is not
                    { Condition: JsonIgnoreCondition.Always })
            .Append(typeof(ApiPart).GetProperty(nameof(ApiPart.Kept))!);
    }
}

/// <summary>A field of a record of the API.</summary>
public abstract class ShapeField
{
    private protected ShapeField(PropertyInfo property)
    {
        Owner = property.DeclaringType!;
        Property = property.Name;
        Name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
            ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
        Type = property.PropertyType;
        Id = Digest.Mix(Digest.Start, Name);
        (Form, Element) = FormOf(Type);
    }

    /// <summary>The record that declares the field.</summary>
    public Type Owner { get; }

    /// <summary>The name in JSON, such as <c>podIP</c>.</summary>
    public string Name { get; }

    /// <summary>The name in C#, such as <c>PodIP</c>.</summary>
    public string Property { get; }

    /// <summary>The type of the property.</summary>
    public Type Type { get; }

    /// <summary>How the field holds its value.</summary>
    public FieldForm Form { get; }

    /// <summary>The type of one value: of an item for lists and maps; never a Nullable.</summary>
    public Type Element { get; }

    /// <summary>The shape of a part, or of the items of a list or map of parts; otherwise
    /// null.</summary>
    public Shape? Part => typeof(ApiPart).IsAssignableFrom(Element) ? Shape.Of(Element) : null;

    /// <summary>True for the one field that every write changes and that says nothing
    /// new.</summary>
    internal bool IsResourceVersion => Owner == typeof(ObjectMeta) && Name == "resourceVersion";

    /// <summary>What the field's name adds to a digest.</summary>
    internal ulong Id { get; }

    /// <summary>The value on a record; boxed, and null when unset.</summary>
    public abstract object? Get(ApiPart owner);

    /// <summary>True when a record leaves the field unset: null, an unset list or map, or the None
    /// of its type by reference.</summary>
    public bool IsUnset(ApiPart owner) => Get(owner) switch
    {
        null => true,
        IUnset value => value.IsUnset,
        ApiPart part => ReferenceEquals(part, Shape.Of(Element).None),
        _ => false,
    };

    internal abstract ulong Add(ulong digest, ulong path, ApiPart owner);

    internal abstract ulong Change(ulong digest, ulong path, ApiPart old, ApiPart now);

    internal static ShapeField Of(PropertyInfo property)
    {
        var type = typeof(Field<,>).MakeGenericType(property.DeclaringType!, property.PropertyType);
        return (ShapeField)Activator.CreateInstance(type, property)!;
    }

    private static (FieldForm Form, Type Element) FormOf(Type type)
    {
        var generic = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        return generic == typeof(Seq<>) ? (FieldForm.List, type.GetGenericArguments()[0])
            : generic == typeof(Map<>) ? (FieldForm.Map, type.GetGenericArguments()[0])
            : type == typeof(KeptFields) ? (FieldForm.Kept, type)
            : typeof(ApiPart).IsAssignableFrom(type) ? (FieldForm.Part, type)
            : (FieldForm.Scalar, Nullable.GetUnderlyingType(type) ?? type);
    }

    // The getter is a delegate straight to the property, so that nothing is boxed on the way.
    private sealed class Field<TOwner, T>(PropertyInfo property) : ShapeField(property)
        where TOwner : ApiPart
    {
        private readonly Func<TOwner, T> get =
            property.GetMethod!.CreateDelegate<Func<TOwner, T>>();
        private readonly Mixer<T> mixer = Mixer<T>.Default;

        public override object? Get(ApiPart owner) => get((TOwner)owner);

        // The caller's shape is the owner's own: no cast is checked here, on the path of every
        // write.
        internal override ulong Add(ulong digest, ulong path, ApiPart owner) =>
            mixer.Add(digest, path, Id, get(Unsafe.As<TOwner>(owner)));

        internal override ulong Change(ulong digest, ulong path, ApiPart old, ApiPart now) =>
            mixer.Change(
                digest, path, Id, get(Unsafe.As<TOwner>(old)), get(Unsafe.As<TOwner>(now)));
    }
}
