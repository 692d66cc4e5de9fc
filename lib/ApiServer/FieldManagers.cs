using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Who owns which fields of an object: <c>metadata.managedFields</c>. Who applies a manifest owns
/// what stands in it, and gives up what stood in it the last time; what nobody owns any more goes.
/// Who would change a field of another is refused, unless by force: then the other loses it. Two
/// that want the same value share it. A plain write asks nobody: it takes what it changes.
/// <para>Worked example: <c>ci</c> applied <c>replicas: 3</c>; an autoscaler scales to 5 and owns
/// the field. The next apply of <c>ci</c> with 3 conflicts; without the field, it passes, and 5
/// stays.</para>
/// <para>Only objects that were ever applied so are kept account of, since it costs every write of
/// them. What was there before belongs to <c>kubectl-client-side-apply</c> if that left its
/// annotation, else to <c>before-first-apply</c>, the real server's name for a past of which it has
/// no account. (Its account begins with the creation: what kubectl created is
/// <c>kubectl-create</c>'s there.)</para>
/// Models staging/src/k8s.io/apimachinery/pkg/util/managedfields and structured-merge-diff/merge.
/// </summary>
internal sealed class FieldManagers
{
    private const string Key = "managedFields";

    // What belongs to the server, and so to nobody.
    private static readonly HashSet<string> nobodys =
    [
        "apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.creationTimestamp",
        "metadata.selfLink", "metadata.uid", "metadata.generation", "metadata.managedFields",
        "metadata.resourceVersion",
    ];

    private sealed record Manager(string Name, string Operation, string ApiVersion, string? Part)
    {
        public string Time { get; init; } = "";

        public SortedSet<string> Fields { get; init; } = [];

        // As conflicts name it: who applies has no version.
        public override string ToString() => FieldErrors.Quote(Name)
            + (Part is null ? "" : $" with subresource {FieldErrors.Quote(Part)}")
            + (Operation == "Update" ? $" using {ApiVersion}" : "");
    }

    private readonly List<Manager> all;

    private FieldManagers(List<Manager> managers) => all = managers;

    /// <summary>Those who own fields of an object; null when nobody keeps account of it.</summary>
    public static FieldManagers? Of(ObjectMeta meta)
    {
        if (meta.Kept is not { } kept || !kept.TryGetValue(Key, out var list)
            || list.ValueKind != JsonValueKind.Array)
        {
            return null;
        }
        var managers = new List<Manager>();
        foreach (var entry in JsonArray.Create(list)!.OfType<JsonObject>())
        {
            string? Word(string name) => ObjectRules.Plain(entry[name]);
            managers.Add(new(Word("manager") ?? "", Word("operation") ?? "",
                Word("apiVersion") ?? "", Word("subresource"))
            {
                Time = Word("time") ?? "",
                Fields = Ordinal(entry["fieldsV1"] is JsonObject nested
                    ? OwnedFields.Flatten(nested) : []),
            });
        }
        return new(managers);
    }

    /// <summary>The metadata with these managers, those of the one that acts as of now; a null
    /// takes what is written there off.</summary>
    public static ObjectMeta Stamp(ObjectMeta meta, FieldManagers? managers)
    {
        if (managers is null && meta.Kept?.ContainsKey(Key) != true)
        {
            return meta;
        }
        var kept = meta.Kept is { } before ? new KeptFields(before) : [];
        kept.Remove(Key);
        if (managers is not null)
        {
            kept[Key] = JsonSerializer.SerializeToElement(managers.ToJson());
        }
        return meta with { Kept = kept.Count == 0 ? null : kept };
    }

    /// <summary>Lays what somebody applies over an object.</summary>
    /// <param name="live">The object; null when there is none yet.</param>
    /// <param name="wish">The manifest.</param>
    /// <param name="request">Who applies, and whether by force.</param>
    /// <param name="type">The type of the object.</param>
    /// <param name="now">The time.</param>
    /// <returns>What is to be stored, and who owns it.</returns>
    /// <exception cref="ApiException">409: others own what would change.</exception>
    public static (JsonObject Value, FieldManagers Managers) Apply(ApiObject? live, JsonObject wish,
        ApiRequest request, SchemaType? type, DateTime now)
    {
        var kind = request.Path.Kind;
        var fields = new OwnedFields(type, why => ApiErrors.Of(500, "", "failed to create typed "
            + $"patch object ({request.Path.Namespace}/{request.Path.Name}; {kind.ApiVersion}, "
            + $"Kind={kind.Name}): {why}"));
        var own = Owned(fields, wish, request);
        fields = new(type);
        var old = live is null ? [] : Json.Encode(live);
        var managers = live is null ? new([])
            : Of(live.Metadata) ?? BeforeFirst(live, fields, request);
        var me = managers.Take(request, "Apply");
        var merged = fields.Merge(old, Only(wish, request));
        managers.Prune(me with { Fields = Ordinal(own.Keys) }, me.Fields, fields, merged);
        var changed = Differences(Owned(fields, old, request), Owned(fields, merged, request));
        managers.Contest(changed, request.Query.Force);
        managers.Add(me, Ordinal(own.Keys), now);
        return (merged, managers);
    }

    /// <summary>Those who own fields after a plain write: who writes takes what changes.</summary>
    public FieldManagers After(ApiRequest request, ApiObject old, ApiObject value,
        SchemaType? type, DateTime now)
    {
        var fields = new OwnedFields(type);
        var (was, after) = (Owned(fields, Json.Encode(old), request),
            Owned(fields, Json.Encode(value), request));
        var changed = Differences(was, after);
        var gone = was.Keys.Where(path => !after.ContainsKey(path)).ToList();
        // A list or an object that is new as a whole is owned as such.
        var parents = changed.SelectMany(OwnedFields.Way).Distinct().Where(way =>
            !was.Keys.Any(path => OwnedFields.IsIn(path, way)));
        var me = Take(request, "Update");
        var mine = Ordinal(me.Fields.Concat(changed).Concat(parents));
        mine.ExceptWith(gone);
        all.ForEach(m => m.Fields.ExceptWith(changed.Concat(gone)));
        Add(me, mine, now);
        return this;
    }

    private static SortedSet<string> Ordinal(IEnumerable<string> paths) =>
        new(paths, StringComparer.Ordinal);

    // What is or would be owned of an object, seen through the part that a request writes.
    private static SortedDictionary<string, string> Owned(
        OwnedFields fields, JsonObject value, ApiRequest request)
    {
        var found = fields.Of(Only(value, request));
        foreach (var path in found.Keys.Where(path =>
            nobodys.Contains(OwnedFields.Show(path)[1..])).ToList())
        {
            found.Remove(path);
        }
        return found;
    }

    // Whoever writes an object leaves its status alone, and the other way round.
    private static JsonObject Only(JsonObject value, ApiRequest request)
    {
        var status = request.Path.Subresource == "status";
        var part = value.DeepClone().AsObject();
        foreach (var name in part.Select(field => field.Key).ToList())
        {
            var ours = name is "apiVersion" or "kind" or "metadata"
                || !request.Path.Kind.Subresources.AsSpan().Contains("status")
                || (name == "status") == status;
            _ = (!ours || part[name] is null) && part.Remove(name);
        }
        (part["metadata"] as JsonObject)?.Remove(Key);
        return part;
    }

    private static FieldManagers BeforeFirst(
        ApiObject live, OwnedFields fields, ApiRequest request)
    {
        var applied = live.Metadata.Annotations.ContainsKey(
            "kubectl.kubernetes.io/last-applied-configuration");
        return new([new(applied ? "kubectl-client-side-apply" : "before-first-apply", "Update",
            live.Kind.ApiVersion, null)
        {
            Time = $"{live.Metadata.CreationTimestamp}",
            Fields = Ordinal(Owned(fields, Json.Encode(live), request).Keys),
        }]);
    }

    private static List<string> Differences(
        SortedDictionary<string, string> was, SortedDictionary<string, string> now) =>
        [.. now.Where(field => !was.TryGetValue(field.Key, out var old) || old != field.Value)
            .Select(field => field.Key)];

    // The one who acts, taken out of the list to be put back with new fields.
    private Manager Take(ApiRequest request, string operation)
    {
        var part = request.Path.Subresource is { Length: > 0 } sub ? sub : null;
        var me = new Manager(NameOf(request), operation, request.Path.Kind.ApiVersion, part);
        var at = all.FindIndex(m => m with { Time = "", Fields = me.Fields } == me);
        if (at >= 0)
        {
            me = all[at];
            all.RemoveAt(at);
        }
        return me;
    }

    // The name that a client gives, or that its program bears.
    private static string NameOf(ApiRequest request) => request.Query.FieldManager
        ?? request.User.Name switch
        {
            var name when name.StartsWith("system:serviceaccount:kube-system:",
                StringComparison.Ordinal) => "kube-controller-manager",
            var name when name.StartsWith("system:node:", StringComparison.Ordinal) => "kubelet",
            var name when name.StartsWith("system:", StringComparison.Ordinal) => name[7..],
            _ => "kubenotebooks",
        };

    private void Add(Manager me, SortedSet<string> fields, DateTime now)
    {
        if (fields.Count > 0)
        {
            all.Add(me with
            {
                Time = fields.SetEquals(me.Fields) ? me.Time : $"{(Time)now}", Fields = fields,
            });
        }
        all.RemoveAll(manager => manager.Fields.Count == 0);
    }

    // What one gave up and nobody has goes, with all around it that nobody has either.
    private void Prune(Manager me, SortedSet<string> last, OwnedFields fields, JsonObject merged)
    {
        var owned = all.Append(me).SelectMany(m => m.Fields).ToList();
        foreach (var path in last.Where(path => !me.Fields.Contains(path)))
        {
            var end = OwnedFields.Way(path).FirstOrDefault(way =>
                !owned.Exists(field => OwnedFields.IsIn(field, way)));
            if (end is not null)
            {
                fields.Remove(merged, end);
            }
        }
    }

    private void Contest(List<string> changed, bool force)
    {
        var conflicts = all.OrderBy(m => $"{m}", StringComparer.Ordinal)
            .SelectMany(m => m.Fields.Where(changed.Contains).Select(path => (m, path))).ToList();
        if (conflicts.Count > 0 && !force)
        {
            throw ApiErrors.Of(409, "Conflict", Told(conflicts), new()
            {
                Causes = conflicts.Select(c => new StatusCause
                {
                    Reason = "FieldManagerConflict", Message = $"conflict with {c.m}",
                    Field = OwnedFields.Show(c.path),
                }).ToSeq(),
            });
        }
        all.ForEach(m => m.Fields.ExceptWith(changed));
    }

    private static string Told(List<(Manager Manager, string Path)> conflicts) =>
        conflicts is [var one]
            ? $"Apply failed with 1 conflict: conflict with {one.Manager}: "
                + OwnedFields.Show(one.Path)
            : $"Apply failed with {conflicts.Count} conflicts: " + string.Join('\n', conflicts
                .GroupBy(c => $"{c.Manager}").SelectMany(g => g
                    .Select(c => $"- {OwnedFields.Show(c.Path)}")
                    .Prepend($"conflicts with {g.Key}:")));

    private JsonArray ToJson() => new([.. all.OrderBy(m => m.Operation, StringComparer.Ordinal)
        .ThenBy(m => m.Time, StringComparer.Ordinal).ThenBy(m => m.Name, StringComparer.Ordinal)
        .Select(m =>
        {
            var entry = new JsonObject
            {
                ["manager"] = m.Name, ["operation"] = m.Operation, ["apiVersion"] = m.ApiVersion,
                ["time"] = m.Time, ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = OwnedFields.Nest(m.Fields),
            };
            if (m.Part is not null)
            {
                entry["subresource"] = m.Part;
            }
            return entry;
        })]);
}
