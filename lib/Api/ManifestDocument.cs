using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>One document of a manifest: an object, or what keeps it from being one.</summary>
public sealed class ManifestDocument
{
    private readonly ManifestTree tree;

    internal ManifestDocument(ManifestTree tree, JsonObject node, string file)
    {
        this.tree = tree;
        Node = node;
        File = file;
        (Line, Column) = Find("");
    }

    private ManifestDocument(ManifestDocument source)
        : this(source.tree, source.Node, source.File)
    {
    }

    /// <summary>The file, as it was named to the reader.</summary>
    public string File { get; private init; }

    /// <summary>The line on which the document starts, counted from 1.</summary>
    public int Line { get; private init; }

    /// <summary>The column at which the document starts, counted from 1.</summary>
    public int Column { get; private init; }

    /// <summary>The document as it was written; empty when it could not be read.</summary>
    public JsonObject Node { get; }

    /// <summary>The kind; null when it is unknown or not resolved yet.</summary>
    public Kind? Kind { get; private init; }

    /// <summary>The object; null when there are errors, or it is not resolved yet.</summary>
    public ApiObject? Object { get; private init; }

    /// <summary>Everything that is wrong, in the order of the text.</summary>
    public Seq<ManifestError> Errors { get; private init; }

    /// <summary>Finds the kind among those known, compares the document with its schema and reads
    /// the object.</summary>
    public ManifestDocument Resolve(KindRegistry kinds)
    {
        if (!Errors.IsEmpty)
        {
            return this;
        }
        var errors = new List<ManifestError>();
        foreach (var (path, place) in tree.Duplicates)
        {
            errors.Add(Error(place, path, $"duplicate field \"{path}\""));
        }
        var kind = FindKind(kinds, errors);
        if (kind is not null)
        {
            Check(kind, errors);
        }
        return new(this)
        {
            Kind = kind,
            Object = errors.Count == 0 ? Decode(kind!, errors) : null,
            Errors = errors.OrderBy(e => e.Line).ThenBy(e => e.Column).ToSeq(),
        };
    }

    /// <summary>Where a path such as <c>spec.containers[0].image</c> stands, or the nearest part of
    /// it that is there. Keys in brackets count as fields: <c>requests[memory]</c>.</summary>
    public (int Line, int Column) Find(string path)
    {
        JsonNode? node = Node;
        var place = tree.Of(Node);
        foreach (var step in Steps(path))
        {
            if (node is JsonObject map && map.ContainsKey(step))
            {
                place = tree.OfKey(map, step);
                node = map[step];
            }
            else if (node is JsonArray list && int.TryParse(step, out var index)
                && index >= 0 && index < list.Count)
            {
                node = list[index];
                place = node is null ? place : tree.Of(node);
            }
            else
            {
                break;
            }
        }
        return (place.Line, place.Column);
    }

    /// <summary>A refusal of the object by the API server as an error of this document: at the
    /// field of its first cause, with the whole message.</summary>
    public ManifestError Refused(Status status)
    {
        var path = status.Details is { Causes.IsEmpty: false } details
            ? details.Causes[0].Field ?? ""
            : "";
        var (line, column) = Find(path);
        return new(File, line, column, path, status.Message ?? status.Reason ?? "refused");
    }

    internal static ManifestDocument Broken(ManifestError error) => new(new(), [], error.File)
    {
        Line = error.Line,
        Column = error.Column,
        Errors = [error],
    };

    internal static string? Text(JsonObject map, string key) =>
        map[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private Kind? FindKind(KindRegistry kinds, List<ManifestError> errors)
    {
        var (apiVersion, name) = (Text(Node, "apiVersion"), Text(Node, "kind"));
        foreach (var (field, value) in new[] { ("apiVersion", apiVersion), ("kind", name) })
        {
            if (value is null or "")
            {
                errors.Add(Error(tree.OfKey(Node, field), Node.ContainsKey(field) ? field : "",
                    Node[field] is null || value is "" ? $"{field} not set"
                    : $"{field} must be a string"));
            }
        }
        if (apiVersion is null or "" || name is null or "")
        {
            return null;
        }
        if (kinds.Find(apiVersion, name) is { } kind)
        {
            return kind;
        }
        var meant = Meant(kinds, apiVersion, name);
        errors.Add(Error(tree.OfKey(Node, "kind"), "kind",
            $"no matches for kind \"{name}\" in version \"{apiVersion}\""
            + (meant is null ? "" : $", did you mean {meant}?")));
        return null;
    }

    // The same kind in another group or version, or a kind that is called nearly so.
    private static string? Meant(KindRegistry kinds, string apiVersion, string name)
    {
        foreach (var kind in kinds.All)
        {
            if (kind.Name == name)
            {
                return $"\"{name}\" in version \"{kind.ApiVersion}\"";
            }
        }
        var slash = apiVersion.IndexOf('/');
        var group = slash < 0 ? "" : apiVersion[..slash];
        var near = Nearest.To(name, kinds.All.OrderBy(kind => kind.Group != group)
            .Select(kind => kind.Name));
        return near is null ? null : $"\"{near}\"";
    }

    private void Check(Kind kind, List<ManifestError> errors)
    {
        var apiVersion = Text(Node, "apiVersion")!;
        var version = apiVersion[(apiVersion.IndexOf('/') + 1)..];
        foreach (var problem in SchemaCheck.Run(Node, kind, version))
        {
            var place = problem.Index >= 0
                ? tree.Of(((JsonArray)problem.Parent)[problem.Index]!)
                : problem.IsUnknown || ((JsonObject)problem.Parent)[problem.Key] is not { } value
                    ? tree.OfKey(problem.Parent, problem.Key)
                    : tree.Of(value);
            errors.Add(Error(place, problem.Path, problem.IsUnknown
                ? problem.Message
                    + (problem.Meant is null ? "" : $", did you mean \"{problem.Meant}\"?")
                : SchemaCheck.Refusal(kind, version) + problem.Message));
        }
    }

    private ApiObject? Decode(Kind kind, List<ManifestError> errors)
    {
        try
        {
            return Json.Decode(Node, kind);
        }
        catch (ApiException e)
        {
            errors.Add(Error(tree.Of(Node), "", e.Message));
            return null;
        }
    }

    private ManifestError Error(ManifestTree.Place place, string path, string message) =>
        new(File, place.Line, place.Column, path, message);

    private static IEnumerable<string> Steps(string path)
    {
        var start = 0;
        for (var i = 0; i <= path.Length; i++)
        {
            if (i < path.Length && path[i] == '[')
            {
                if (i > start)
                {
                    yield return path[start..i];
                }
                var close = path.IndexOf(']', i);
                close = close < 0 ? path.Length : close;
                yield return path[(i + 1)..close];
                i = close;
                start = close + 1;
            }
            else if (i == path.Length || path[i] == '.')
            {
                if (i > start)
                {
                    yield return path[start..i];
                }
                start = i + 1;
            }
        }
    }
}
