namespace KubeSim;

/// <summary>What there is to say of API types and of their fields: our own short sentences, of the
/// types that one meets first. The rest has its name and its type.</summary>
internal static class SchemaWords
{
    private static readonly Lazy<Dictionary<string, string>> all = new(Read);

    /// <summary>All entries: <c>PodSpec</c>, <c>PodSpec.containers</c>, <c>*Spec.replicas</c>.
    /// </summary>
    public static IReadOnlyDictionary<string, string> All => all.Value;

    /// <summary>What a type is; null for one without a word.</summary>
    public static string? Of(SchemaType type) =>
        all.Value.GetValueOrDefault(type.ShortName) is { Length: > 0 } text ? text : null;

    /// <summary>What a field of a type says; null for one without a word.</summary>
    public static string? Of(SchemaType owner, string field)
    {
        if (all.Value.TryGetValue($"{owner.ShortName}.{field}", out var own))
        {
            return own;
        }
        // *PodSpec, *odSpec, … *Spec; the star alone is for kinds.
        for (var i = 0; i < owner.ShortName.Length; i++)
        {
            if (all.Value.TryGetValue($"*{owner.ShortName[i..]}.{field}", out var shared))
            {
                return shared;
            }
        }
        return owner.Field("metadata") is null ? null : all.Value.GetValueOrDefault($"*.{field}");
    }

    private static Dictionary<string, string> Read()
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        var type = "";
        foreach (var line in Schema.ReadResource("descriptions.txt").Split('\n'))
        {
            var colon = line.IndexOf(':');
            if (colon < 0 || line[0] == '#')
            {
                continue;
            }
            type = line[0] == ' ' ? type : line[..colon];
            words.Add(line[0] == ' ' ? $"{type}.{line[1..colon]}" : type,
                line[(colon + 1)..].Trim());
        }
        return words;
    }
}
