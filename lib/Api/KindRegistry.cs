namespace KubeSim;

/// <summary>The kinds that a cluster knows: the built-in ones, and those that
/// CustomResourceDefinitions brought. Immutable; the order of kinds is always the same.</summary>
public sealed class KindRegistry
{
    private static readonly Lazy<KindRegistry> Embedded = new(ReadBuiltIn);

    private readonly Dictionary<(string Group, string Name), Kind> byName = [];
    private readonly Dictionary<(string Group, string Plural), Kind> byPlural = [];
    private readonly Dictionary<(string Group, string Version, string Name), string> schemaTypes;

    private KindRegistry(
        Seq<Kind> kinds,
        Dictionary<(string Group, string Version, string Name), string> schemaTypes)
    {
        All = kinds;
        this.schemaTypes = schemaTypes;
        foreach (var kind in kinds)
        {
            byName[(kind.Group, kind.Name)] = kind;
            byPlural[(kind.Group, kind.Plural)] = kind;
        }
    }

    /// <summary>The kinds of Kubernetes itself.</summary>
    public static KindRegistry BuiltIn => Embedded.Value;

    /// <summary>All kinds: the core group first, then the other built-in groups, then the custom
    /// ones in the order in which they came.</summary>
    public Seq<Kind> All { get; }

    /// <summary>The kind that a manifest names, in any served version; null when unknown.</summary>
    public Kind? Find(string apiVersion, string name)
    {
        var slash = apiVersion.IndexOf('/');
        var (group, version) = slash < 0
            ? ("", apiVersion)
            : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        return byName.TryGetValue((group, name), out var kind) && Serves(kind, version)
            ? kind
            : null;
    }

    /// <summary>The kind of a path such as <c>/apis/apps/v1/deployments</c>; null when
    /// unknown.</summary>
    public Kind? FindResource(string group, string version, string plural) =>
        byPlural.TryGetValue((group, plural), out var kind) && Serves(kind, version) ? kind : null;

    /// <summary>The kind that a word after <c>kubectl get</c> means, in any case of letters:
    /// plural, singular, short name or kind, alone or with a group (<c>deployments.apps</c>,
    /// <c>deployments.v1.apps</c>). Of several the first in <see cref="All"/>; null for
    /// none.</summary>
    public Kind? FindWord(string word)
    {
        foreach (var kind in All)
        {
            if (IsCalled(kind, word))
            {
                return kind;
            }
        }
        var dot = word.IndexOf('.');
        if (dot < 0)
        {
            return null;
        }
        var (name, rest) = (word[..dot], word[(dot + 1)..]);
        foreach (var kind in All)
        {
            if (IsCalled(kind, name) && (Same(kind.Group, rest) || IsVersionAndGroup(kind, rest)))
            {
                return kind;
            }
        }
        return null;
    }

    /// <summary>The kinds of a category such as <c>all</c>, in order.</summary>
    public Seq<Kind> InCategory(string category) =>
        All.Where(kind => kind.Categories.Contains(category)).ToSeq();

    /// <summary>A registry that knows a kind more; it replaces one of the same group and
    /// name.</summary>
    public KindRegistry With(Kind kind)
    {
        var at = All.AsSpan().IndexOf(kind);
        return new(at < 0 ? All.Add(kind) : All.SetItem(at, kind), schemaTypes);
    }

    /// <summary>A registry that no longer knows a kind.</summary>
    public KindRegistry Without(Kind kind) => new(All.RemoveAll(kind.Equals), schemaTypes);

    /// <summary>The schema type of a kind in one of its versions; null for a custom kind.</summary>
    public SchemaType? SchemaType(Kind kind, string version)
    {
        if (kind.SchemaType is null)
        {
            return null;
        }
        return SchemaType(kind.Group, version, kind.Name)
            ?? Schema.BuiltIn.Find(kind.SchemaType);
    }

    /// <summary>The schema type of what bears that name, be it a resource or not; null when
    /// unknown.</summary>
    internal SchemaType? SchemaType(string group, string version, string name) =>
        schemaTypes.TryGetValue((group, version, name), out var type)
            ? Schema.BuiltIn.Find(type) : null;

    private static bool IsVersionAndGroup(Kind kind, string text)
    {
        var dot = text.IndexOf('.');
        return Serves(kind, dot < 0 ? text : text[..dot])
            && Same(kind.Group, dot < 0 ? "" : text[(dot + 1)..]);
    }

    private static bool Serves(Kind kind, string version) =>
        kind.Version == version || kind.Versions.AsSpan().Contains(version);

    private static bool IsCalled(Kind kind, string word)
    {
        if (Same(kind.Plural, word) || Same(kind.Singular, word) || Same(kind.Name, word))
        {
            return true;
        }
        foreach (var name in kind.ShortNames)
        {
            if (Same(name, word))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Same(string left, string right) =>
        string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    /// <summary>Versions of one kind stand on several lines; they become one entry. Preferred is
    /// the newest stable version: autoscaling/v2 before v1, flowcontrol v1 before
    /// v1beta3.</summary>
    private static KindRegistry ReadBuiltIn()
    {
        var schemaTypes = new Dictionary<(string, string, string), string>();
        var kinds = new List<Kind>();
        foreach (var line in Schema.BuiltIn.KindLines)
        {
            var words = line.Split(' ');
            var group = words[1] == "-" ? "" : words[1];
            schemaTypes[(group, words[2], words[3])] = words[^1];
            if (words[0] != "K")
            {
                continue;
            }
            var kind = ReadKind(group, words);
            var at = kinds.IndexOf(kind);
            if (at < 0)
            {
                kinds.Add(kind);
                continue;
            }
            var known = kinds[at];
            var newer = kind.Version == "v2";
            kinds[at] = ReadKind(group, words, newer ? kind.Version : known.Version,
                newer ? [kind.Version, .. known.Versions] : [.. known.Versions, kind.Version],
                newer ? kind.SchemaType : known.SchemaType);
        }
        return new([.. kinds], schemaTypes);
    }

    private static Kind ReadKind(
        string group, string[] words, string? version = null, Seq<string> versions = default,
        string? schemaType = null) => new()
        {
            Group = group,
            Version = version ?? words[2],
            Versions = versions.IsUnset ? [words[2]] : versions,
            Name = words[3],
            Plural = words[4],
            Namespaced = words[5] == "N",
            Singular = words[3].ToLowerInvariant(),
            ShortNames = Names(words[6]),
            Categories = Names(words[7]),
            Verbs = Names(words[8]),
            Subresources = Names(words[9]),
            SchemaType = schemaType ?? words[10],
            Type = RecordOf(group, words[3]),
        };

    private static Seq<string> Names(string word) =>
        word.Length == 2 ? default : word[2..].Split(',').ToSeq();

    // events.k8s.io shows the core group's events in another form: no record of its own.
    private static Type RecordOf(string group, string name)
    {
        var type = group == "events.k8s.io"
            ? null
            : typeof(KindRegistry).Assembly.GetType($"{nameof(KubeSim)}.{name}");
        return type is not null && type.IsSubclassOf(typeof(ApiObject))
            ? type
            : typeof(Unstructured);
    }
}
