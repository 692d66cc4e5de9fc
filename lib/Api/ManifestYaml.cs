using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeSim;

/// <summary>A tree read from YAML, and where in the text each part of it stands.</summary>
internal sealed class ManifestTree
{
    private readonly Dictionary<JsonNode, Place> values = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(JsonNode, string), Place> keys = [];

    /// <summary>The tree; null for a document that says nothing.</summary>
    public JsonNode? Root { get; set; }

    /// <summary>Where the document starts.</summary>
    public Place Start { get; set; }

    /// <summary>Keys that stand twice in one map: the path and the second place.</summary>
    public List<(string Path, Place Place)> Duplicates { get; } = [];

    public void Mark(JsonNode? value, Place place)
    {
        if (value is not null)
        {
            values[value] = place;
        }
    }

    public void MarkKey(JsonNode map, string key, Place place) => keys[(map, key)] = place;

    public Place Of(JsonNode value) => values.GetValueOrDefault(value, Start);

    public Place OfKey(JsonNode map, string key) =>
        keys.TryGetValue((map, key), out var place) ? place : Of(map);

    /// <summary>A deep copy that knows the places of its model.</summary>
    public JsonNode? Copy(JsonNode? node)
    {
        JsonNode? copy = null;
        if (node is JsonObject map)
        {
            var made = new JsonObject();
            foreach (var (key, value) in map)
            {
                made.Add(key, Copy(value));
                MarkKey(made, key, OfKey(map, key));
            }
            copy = made;
        }
        else if (node is JsonArray list)
        {
            var made = new JsonArray();
            foreach (var item in list)
            {
                made.Add(Copy(item));
            }
            copy = made;
        }
        else
        {
            copy = node?.DeepClone();
        }
        if (copy is not null)
        {
            Mark(copy, Of(node!));
        }
        return copy;
    }

    /// <summary>A line and a column, counted from 1.</summary>
    internal readonly record struct Place(int Line, int Column);
}

/// <summary>Builds trees of JSON from the events of a YAML parser.</summary>
internal sealed class ManifestYaml
{
    private const int MaxDepth = 200;
    private const int MaxNodes = 1_000_000;

    private readonly Parser parser;
    private readonly int firstLine;
    private readonly Dictionary<AnchorName, JsonNode?> anchors = [];
    private ManifestTree tree = new();
    private int nodes;

    private ManifestYaml(string text, int firstLine)
    {
        parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        this.firstLine = firstLine;
    }

    /// <summary>Reads the documents of a text whose first line has a number.</summary>
    /// <exception cref="YamlException">The text is no YAML.</exception>
    public static IEnumerable<ManifestTree> Read(string text, int firstLine)
    {
        var reader = new ManifestYaml(text, firstLine);
        reader.parser.Consume<StreamStart>();
        while (reader.Next() is { } document)
        {
            yield return document;
        }
    }

    // Some broken texts make the parser trip over itself: they are broken all the same.
    private ManifestTree? Next()
    {
        try
        {
            return parser.Accept<DocumentStart>(out _) ? Document() : null;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            var mark = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(mark, mark, "Did not find expected node content.", e);
        }
    }

    private ManifestTree Document()
    {
        parser.Consume<DocumentStart>();
        anchors.Clear();
        tree = new() { Start = At(parser.Current!) };
        tree.Root = Value("", 0);
        parser.Consume<DocumentEnd>();
        return tree;
    }

    private JsonNode? Value(string path, int depth)
    {
        var next = parser.Current!;
        if (depth > MaxDepth || ++nodes > MaxNodes)
        {
            throw new YamlException(
                next.Start, next.End, "Exceeded the depth or size of a document.");
        }
        JsonNode? value;
        switch (next)
        {
            case AnchorAlias alias:
                parser.MoveNext();
                if (!anchors.TryGetValue(alias.Value, out var model))
                {
                    throw new YamlException(
                        alias.Start, alias.End, $"Unknown anchor '{alias.Value}' referenced.");
                }
                value = tree.Copy(model);
                nodes += Size(value);
                return value;
            case MappingStart: value = Map(path, depth); break;
            case SequenceStart: value = List(path, depth); break;
            default: value = Scalar(parser.Consume<Scalar>()); break;
        }
        tree.Mark(value, At(next));
        if (next is NodeEvent { Anchor.IsEmpty: false } named)
        {
            anchors[named.Anchor] = value;
        }
        return value;
    }

    private JsonArray List(string path, int depth)
    {
        parser.Consume<SequenceStart>();
        var list = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            list.Add(Value($"{path}[{list.Count}]", depth + 1));
        }
        return list;
    }

    private JsonObject Map(string path, int depth)
    {
        parser.Consume<MappingStart>();
        var map = new JsonObject();
        List<JsonNode?>? merged = null;
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var start = parser.Current!;
            if (!parser.TryConsume<Scalar>(out var scalar))
            {
                throw new YamlException(
                    start.Start, start.End, "Invalid map key: a plain word is needed.");
            }
            if (scalar is { Value: "<<", Style: ScalarStyle.Plain })
            {
                (merged ??= []).Add(Value(path, depth + 1));
                continue;
            }
            // A key is a string even where the same word as a value would be a number or a truth.
            var resolved = Scalar(scalar);
            var key = resolved?.ToString() ?? "null";
            var at = path.Length == 0 ? key : $"{path}.{key}";
            var value = Value(at, depth + 1);
            if (map.ContainsKey(key))
            {
                tree.Duplicates.Add((at, At(start)));
            }
            map[key] = value;
            tree.MarkKey(map, key, At(start));
        }
        foreach (var source in merged ?? [])
        {
            Merge(map, source);
        }
        return map;
    }

    // What the map says itself wins over what it merges.
    private void Merge(JsonObject map, JsonNode? source)
    {
        if (source is JsonArray list)
        {
            foreach (var item in list)
            {
                Merge(map, item);
            }
            return;
        }
        foreach (var (key, value) in source as JsonObject ?? [])
        {
            if (!map.ContainsKey(key))
            {
                map[key] = tree.Copy(value);
                tree.MarkKey(map, key, tree.OfKey(source!, key));
            }
        }
    }

    private static JsonNode? Scalar(Scalar scalar)
    {
        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
        if (tag is "tag:yaml.org,2002:binary")
        {
            var bytes = Convert.FromBase64String(scalar.Value);
            return JsonValue.Create(System.Text.Encoding.UTF8.GetString(bytes));
        }
        return tag is "" ? scalar.Style == ScalarStyle.Plain
                ? ManifestScalar.Resolve(scalar.Value)
                : JsonValue.Create(scalar.Value)
            : tag is "tag:yaml.org,2002:int" or "tag:yaml.org,2002:float"
                or "tag:yaml.org,2002:bool" or "tag:yaml.org,2002:null"
                ? ManifestScalar.Resolve(scalar.Value)
                : JsonValue.Create(scalar.Value);
    }

    private static int Size(JsonNode? node) => node switch
    {
        JsonObject map => 1 + map.Sum(e => Size(e.Value)),
        JsonArray list => 1 + list.Sum(Size),
        _ => 1,
    };

    private ManifestTree.Place At(ParsingEvent here) =>
        new((int)here.Start.Line + firstLine - 1, (int)here.Start.Column);
}
