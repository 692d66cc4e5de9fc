using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KubeSim;

/// <summary>A field that differs between two states: its path as Kubernetes writes it, and the
/// value before and after, as text; null for unset.</summary>
public readonly record struct FieldChange(string Path, string? Before, string? After)
{
    /// <summary>The change in one line: <c>spec.replicas: 3 → 5</c>.</summary>
    public override string ToString() => $"{Path}: {Before ?? "unset"} → {After ?? "unset"}";
}

/// <summary>What changed between two states of an object, field by field: what a learner sees of a
/// write.</summary>
// Lists of parts with a natural key (a container's name, a condition's type) are compared by it, so
// that a new container is one change and not a change of every later one; other lists of parts by
// index; lists of plain values as a whole. A part that comes or goes is one change, in brief:
// `spec.containers[debug]: unset → {name: debug, image: busybox}`.
public static class Diff
{
    private const int BriefLength = 160;

    // In the order of preference; one counts if all items have it and no two the same.
    private static readonly string[] Keys =
    [
        "name", "type", "ip", "key", "uid", "mountPath", "devicePath", "conditionType",
        "topologyKey", "containerPort", "port",
    ];

    /// <summary>The changes in the order of the fields. Null stands for an object with nothing set;
    /// <c>metadata.resourceVersion</c>, which every write changes, is left out.</summary>
    public static Seq<FieldChange> Between(ApiPart? old, ApiPart? now)
    {
        var changes = new List<FieldChange>();
        if ((old ?? BlankLike(now)) is { } before && (now ?? BlankLike(old)) is { } after)
        {
            Parts("", before, after, changes);
        }
        return changes.ToSeq();
    }

    private static ApiPart? BlankLike(ApiPart? part) => part is Unstructured custom
        ? new Unstructured(custom.Of) : part is null ? null : Shape.Of(part.GetType()).Blank;

    private static void Parts(string path, ApiPart old, ApiPart now, List<FieldChange> changes)
    {
        if (ReferenceEquals(old, now))
        {
            return;
        }
        foreach (var field in Shape.Of(now.GetType()).Fields)
        {
            if (field.IsResourceVersion)
            {
                continue;
            }
            var at = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            var before = field.Owner.IsInstanceOfType(old) ? field.Get(old) : null;
            Field(at, field, before, field.Get(now), changes, path);
        }
    }

    private static void Field(string path, ShapeField field, object? old, object? now,
        List<FieldChange> changes, string parent)
    {
        if (Equals(old, now))
        {
            return;
        }
        switch (field.Form)
        {
            case FieldForm.Part when old is ApiPart before && now is ApiPart after:
                Parts(path, before, after, changes);
                break;
            case FieldForm.List when field.Part is { } shape:
                Items(path, shape, Values(old), Values(now), changes);
                break;
            case FieldForm.Map:
                Entries(path, old, now, changes);
                break;
            case FieldForm.Kept:
                Kept(parent, old as KeptFields, now as KeptFields, changes);
                break;
            default:
                changes.Add(new(path, Text(field, old), Text(field, now)));
                break;
        }
    }

    private static void Items(
        string path, Shape shape, object[] old, object[] now, List<FieldChange> changes)
    {
        var by = Array.Find(
            Keys, name => KeysOf(shape, name, old) && KeysOf(shape, name, now));
        if (by is null)
        {
            for (var i = 0; i < Math.Max(old.Length, now.Length); i++)
            {
                Item(string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"),
                    old.ElementAtOrDefault(i), now.ElementAtOrDefault(i), changes);
            }
            return;
        }
        var key = shape.Field(by)!;
        string Of(object item) => Brief(key.Get((ApiPart)item));
        var before = old.ToDictionary(Of, StringComparer.Ordinal);
        var after = now.ToDictionary(Of, StringComparer.Ordinal);
        foreach (var item in now)
        {
            Item($"{path}[{Of(item)}]", before.GetValueOrDefault(Of(item)), item, changes);
        }
        foreach (var item in old.Where(item => !after.ContainsKey(Of(item))))
        {
            Item($"{path}[{Of(item)}]", item, null, changes);
        }
        var stayed = old.Select(Of).Where(after.ContainsKey).ToSeq();
        var order = now.Select(Of).Where(before.ContainsKey).ToSeq();
        if (stayed != order)
        {
            changes.Add(new(path, stayed.ToString(), order.ToString()));
        }
    }

    private static void Item(string path, object? old, object? now, List<FieldChange> changes)
    {
        if (old is ApiPart oldPart && now is ApiPart nowPart)
        {
            Parts(path, oldPart, nowPart, changes);
        }
        else
        {
            changes.Add(new(path, Shown(old), Shown(now)));
        }
    }

    private static void Entries(string path, object? old, object? now, List<FieldChange> changes)
    {
        var (before, after) = (Pairs(old), Pairs(now));
        foreach (var key in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            var (was, set) = (before.GetValueOrDefault(key), after.GetValueOrDefault(key));
            if (!Equals(was, set))
            {
                Item($"{path}[{key}]", was, set, changes);
            }
        }
    }

    private static void Kept(
        string parent, KeptFields? old, KeptFields? now, List<FieldChange> changes)
    {
        (old, now) = (old ?? [], now ?? []);
        foreach (var name in old.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            Json(parent.Length == 0 ? name : $"{parent}.{name}",
                old.TryGetValue(name, out var was) ? was : null,
                now.TryGetValue(name, out var set) ? set : null, changes);
        }
    }

    // Objects in JSON go field by field, down to the one that differs; lists as a whole.
    private static void Json(
        string path, JsonElement? old, JsonElement? now, List<FieldChange> changes)
    {
        if (old is { ValueKind: JsonValueKind.Object } was
            && now is { ValueKind: JsonValueKind.Object } set)
        {
            var names = was.EnumerateObject().Concat(set.EnumerateObject()).Select(f => f.Name);
            foreach (var name in names.Distinct().Order(StringComparer.Ordinal))
            {
                Json($"{path}.{name}", was.TryGetProperty(name, out var w) ? w : null,
                    set.TryGetProperty(name, out var s) ? s : null, changes);
            }
        }
        else if (old is not { } before || now is not { } after
            || !JsonElement.DeepEquals(before, after))
        {
            changes.Add(new(path, old is { } o ? Cut(o.ToString()) : null,
                now is { } n ? Cut(n.ToString()) : null));
        }
    }

    private static string? Text(ShapeField field, object? value) =>
        SaysNothing(field, value) ? null : value as string ?? Brief(value);

    // A required text is never null; there the empty one means unset.
    private static bool SaysNothing(ShapeField field, object? value) =>
        value is null or IUnset { IsUnset: true } or Revision { Value: 0 }
        || (value is "" && Shape.Of(field.Owner).Blank is { } blank && field.Get(blank) is "");

    private static bool KeysOf(Shape shape, string name, object[] items)
    {
        if (shape.Field(name) is not { Form: FieldForm.Scalar } key)
        {
            return false;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Array.TrueForAll(items, item =>
            key.Get((ApiPart)item) is { } value and not "" && seen.Add(Brief(value)));
    }

    private static object[] Values(object? list) =>
        [.. ((IEnumerable?)list ?? Array.Empty<object>()).Cast<object>()];

    private static Dictionary<string, object> Pairs(object? map)
    {
        var pairs = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var entry in Values(map))
        {
            var type = entry.GetType();
            pairs.Add((string)type.GetProperty("Key")!.GetValue(entry)!,
                type.GetProperty("Value")!.GetValue(entry)!);
        }
        return pairs;
    }

    private static string? Shown(object? value) => value is null ? null : Brief(value);

    private static string Brief(object? value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return Cut(text.ToString());
    }

    private static string Cut(string text) =>
        text.Length <= BriefLength ? text : $"{text.AsSpan(0, BriefLength - 1)}…";

    private static void Write(StringBuilder to, object? value)
    {
        switch (value)
        {
            case ApiPart part:
                WriteAll(to, '{', '}', Shape.Of(part.GetType()).Fields.AsSpan().ToArray()
                    .Where(f => f.Form != FieldForm.Kept && !f.IsUnset(part)
                        && !SaysNothing(f, f.Get(part)))
                    .Select(f => (f.Name, f.Get(part)))
                    .Concat((part.Kept ?? []).OrderBy(k => k.Key, StringComparer.Ordinal)
                        .Select(k => (k.Key, (object?)k.Value))));
                break;
            case bool truth:
                to.Append(truth ? "true" : "false");
                break;
            case string text:
                to.Append(text.Length == 0 ? "\"\"" : text);
                break;
            case IEnumerable items when IsMap(items.GetType()):
                WriteAll(to, '{', '}', Pairs(items).Select(p => (p.Key, (object?)p.Value)));
                break;
            case IEnumerable items:
                WriteAll(to, '[', ']', items.Cast<object?>().Select(item => ("", item)));
                break;
            default:
                to.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
        }
    }

    private static bool IsMap(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Map<>);

    private static void WriteAll(
        StringBuilder to, char open, char close, IEnumerable<(string Name, object? Value)> items)
    {
        to.Append(open);
        var first = true;
        foreach (var (name, value) in items)
        {
            to.Append(first ? "" : ", ").Append(name).Append(name.Length == 0 ? "" : ": ");
            Write(to, value);
            first = false;
        }
        to.Append(close);
    }
}
