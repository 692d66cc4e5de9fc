using System.Buffers;

namespace KubeSim;

/// <summary>The API types by name: what a manifest may say, which lists merge by which key, and
/// what <c>kubectl explain</c> lists.</summary>
/// <remarks>
/// The facts lie in <c>schema.txt</c>, one type a line, made by <c>make-schema.py</c> from the Go
/// types of Kubernetes through 1.34. A field reads <c>containers=[]Container!^name</c>:
/// <code>
/// []T  a list        {}T  a map          !   required        *   written even when empty
/// ^k   merge by k    %    retainKeys     ~   replace         -   a counter that vanishes at 0
/// ?    behind a gate @1.34 since         &lt;1.30 until         (A,B) the values   |bool or this
/// </code>
/// A blank within a value is written &amp;. <c>+</c> before the fields of a type stands for
/// apiVersion and kind. A type is taken apart when it is first asked for.
/// </remarks>
public sealed class Schema
{
    private static readonly Lazy<Schema> Embedded = new(() => new(ReadResource("schema.txt")));

    private readonly Dictionary<string, SchemaType> types = new(600, StringComparer.Ordinal);
    private readonly List<string> kindLines = [];

    internal Schema(string text)
    {
        foreach (var range in text.AsSpan().Split('\n'))
        {
            var line = text.AsSpan(range);
            if (line.StartsWith("T "))
            {
                var rest = line[2..];
                var end = rest.IndexOf(' ');
                var head = end < 0 ? rest : rest[..end];
                var mark = head.IndexOfAny('@', '<');
                var name = (mark < 0 ? head : head[..mark]).ToString();
                types.Add(name, new(this, name, rest.ToString()));
            }
            else if (line.StartsWith("K ") || line.StartsWith("O "))
            {
                kindLines.Add(line.ToString());
            }
        }
    }

    /// <summary>The types of the built-in groups.</summary>
    public static Schema BuiltIn => Embedded.Value;

    /// <summary>The type of a name, such as <c>PodSpec</c>; null when there is none: a
    /// scalar.</summary>
    public SchemaType? Find(string name) => types.GetValueOrDefault(name);

    /// <summary>All types in ordinal order of their names.</summary>
    public IEnumerable<SchemaType> Types =>
        types.Values.OrderBy(type => type.Name, StringComparer.Ordinal);

    /// <summary>The lines that tell of kinds, in their order.</summary>
    internal IReadOnlyList<string> KindLines => kindLines;

    /// <summary>The text of a file that the library brings along.</summary>
    internal static string ReadResource(string name)
    {
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>A type of the API, such as <c>PodSpec</c>, and its fields.</summary>
public sealed class SchemaType
{
    private readonly Schema schema;
    private readonly string line;
    private SchemaField[]? fields;
    private Dictionary<string, SchemaField>? byName;

    internal SchemaType(Schema schema, string name, string line)
    {
        this.schema = schema;
        this.line = line;
        Name = name;
    }

    /// <summary>The name; where two Go packages share one, with the package before it:
    /// <c>autoscaling.v2.HorizontalPodAutoscalerSpec</c>.</summary>
    public string Name { get; }

    /// <summary>The name without a package: <c>HorizontalPodAutoscalerSpec</c>.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>The fields in ordinal order of their names.</summary>
    public ReadOnlySpan<SchemaField> Fields => Parsed();

    /// <summary>The field of a JSON name; null when the type has none.</summary>
    public SchemaField? Field(string name)
    {
        if (byName is null)
        {
            var names = new Dictionary<string, SchemaField>(StringComparer.Ordinal);
            foreach (var field in Parsed())
            {
                names.Add(field.Name, field);
            }
            byName = names;
        }
        return byName.GetValueOrDefault(name);
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private SchemaField[] Parsed()
    {
        if (fields is not null)
        {
            return fields;
        }
        var parsed = new List<SchemaField>();
        var words = line.Split(' ');
        foreach (var word in words.AsSpan(1))
        {
            if (word == "+")
            {
                parsed.Add(new(schema, "apiVersion=string"));
                parsed.Add(new(schema, "kind=string"));
            }
            else
            {
                parsed.Add(new(schema, word));
            }
        }
        parsed.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return fields = [.. parsed];
    }
}

/// <summary>A field of an API type.</summary>
public sealed class SchemaField
{
    private static readonly SearchValues<char> Marks = SearchValues.Create("|!*?-%~^@<(");
    private readonly Schema schema;

    internal SchemaField(Schema schema, string text)
    {
        this.schema = schema;
        var rest = text.AsSpan(text.IndexOf('=') + 1);
        Name = text[..(text.Length - rest.Length - 1)];
        IsMap = Take(ref rest, "{}");
        IsList = Take(ref rest, "[]");
        TypeName = Word(ref rest);
        while (rest.Length > 0)
        {
            var mark = rest[0];
            rest = rest[1..];
            switch (mark)
            {
                case '|': Or = Word(ref rest); break;
                case '!': Required = true; break;
                case '*': Keep = true; break;
                case '?': Gated = true; break;
                case '-': OmitZero = true; break;
                case '%': RetainKeys = true; break;
                case '~': Replace = true; break;
                case '^': (Merge, MergeKey) = (true, Word(ref rest)); break;
                case '@': Since = Word(ref rest); break;
                case '<': Until = Word(ref rest); break;
                default: // '(': the values end the text.
                    Enum = rest[..^1].ToString().Replace('&', ' ').Split(',').ToSeq();
                    return;
            }
        }
    }

    /// <summary>The JSON name.</summary>
    public string Name { get; }

    /// <summary>The type of the value, or of the items: string, int32, int64, bool, float,
    /// Quantity, IntOrString, Time, MicroTime, Duration, bytes, any, or the name of a
    /// type.</summary>
    public string TypeName { get; }

    /// <summary>True for a list; with <see cref="IsMap"/>, a map of lists.</summary>
    public bool IsList { get; }

    /// <summary>True for a map with string keys.</summary>
    public bool IsMap { get; }

    /// <summary>Another form that the value may take: bool, list or stringlist; mostly
    /// null.</summary>
    public string? Or { get; }

    /// <summary>True when the published OpenAPI requires the field.</summary>
    public bool Required { get; }

    /// <summary>True when Go writes the field even when it is empty.</summary>
    public bool Keep { get; }

    /// <summary>True for a counter that Go leaves out when it is 0.</summary>
    internal bool OmitZero { get; }

    /// <summary>True when a strategic merge merges the list item by item.</summary>
    public bool Merge { get; }

    /// <summary>The field by which items of a merging list are the same; empty for
    /// scalars.</summary>
    public string MergeKey { get; } = "";

    /// <summary>True when a strategic merge drops the fields that the patch does not
    /// name.</summary>
    public bool RetainKeys { get; }

    /// <summary>True when a strategic merge replaces the whole value.</summary>
    public bool Replace { get; }

    /// <summary>The values that the field may have; empty for any.</summary>
    public Seq<string> Enum { get; }

    /// <summary>The Kubernetes release that brought the field; null for before 1.29.</summary>
    public string? Since { get; }

    /// <summary>The last release with the field; null when it stands.</summary>
    public string? Until { get; }

    /// <summary>True when a feature gate that is off by default guards the field.</summary>
    public bool Gated { get; }

    /// <summary>The type of the value or its items; null for a scalar.</summary>
    public SchemaType? Type => schema.Find(TypeName);

    /// <summary>The type as <c>kubectl explain</c> writes it: <c>[]Container</c>,
    /// <c>map[string]string</c>.</summary>
    public override string ToString() =>
        (IsMap ? "map[string]" : "") + (IsList ? "[]" : "") + (Type?.ShortName ?? TypeName);

    private static bool Take(ref ReadOnlySpan<char> rest, string mark)
    {
        var found = rest.StartsWith(mark);
        rest = found ? rest[mark.Length..] : rest;
        return found;
    }

    private static string Word(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAny(Marks);
        var word = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? [] : rest[end..];
        return word;
    }
}
