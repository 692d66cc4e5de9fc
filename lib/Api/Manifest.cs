using System.Text.Json.Nodes;
using YamlDotNet.Core;

namespace KubeSim;

// A manifest goes the way that it goes in Kubernetes: YAML becomes a tree of JSON, the tree is
// compared with the schema, and System.Text.Json makes the typed object of it. On the way the
// reader remembers the line and column of every part, so that each error names its place, and so
// does a refusal that the API server words much later (ManifestDocument.Find).
//
// Text is cut at lines of --- first, as kubectl does: a broken document does not hide the next one.

/// <summary>Reads manifests: YAML or JSON, one or many documents.</summary>
public static class Manifest
{
    /// <summary>Reads all documents of a text, in order. Documents that say nothing are skipped,
    /// and a <c>List</c> counts as its items. Nothing is thrown: see the errors of each
    /// document.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="file">The name that errors begin with.</param>
    /// <param name="kinds">The kinds that the documents may have.</param>
    public static Seq<ManifestDocument> Read(string text, string file, KindRegistry kinds) =>
        Resolve(Parse(text, file), kinds);

    /// <summary>Resolves documents that were taken apart: those that define kinds first, so that
    /// the others may be of these kinds.</summary>
    /// <param name="documents">As <see cref="Parse"/> gives them, of one text or several.</param>
    /// <param name="kinds">The kinds that are known besides.</param>
    public static Seq<ManifestDocument> Resolve(
        IEnumerable<ManifestDocument> documents, KindRegistry kinds)
    {
        var all = documents.ToList();
        var name = Kinds.CustomResourceDefinition.Name;
        var known = kinds.WithCustom(all
            .Where(d => d.Errors.IsEmpty && ManifestDocument.Text(d.Node, "kind") == name)
            .Select(d => d.Resolve(kinds).Object).OfType<ApiObject>());
        return all.Select(d => d.Resolve(known)).ToSeq();
    }

    /// <summary>Takes a text apart without asking what its kinds are. Call
    /// <see cref="ManifestDocument.Resolve"/> on each document when its turn comes: an earlier one
    /// may define the kind of a later one.</summary>
    public static Seq<ManifestDocument> Parse(string text, string file)
    {
        var documents = new List<ManifestDocument>();
        var start = 0;
        var (line, first) = (1, 1);
        text = text.TrimStart('\ufeff');
        for (var at = 0; at <= text.Length;)
        {
            var end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end + 1;
            if (at == text.Length || IsSeparator(text.AsSpan(at, end - at)))
            {
                ParsePart(text[start..at], first, file, documents);
                (start, first) = (end, line + 1);
            }
            line++;
            at = end == at ? end + 1 : end;
        }
        return [.. documents];
    }

    private static bool IsSeparator(ReadOnlySpan<char> line) => line.StartsWith("---")
        && line[3..].Trim() is var rest && (rest.IsEmpty || rest[0] == '#');

    private static void ParsePart(
        string text, int firstLine, string file, List<ManifestDocument> documents)
    {
        try
        {
            foreach (var tree in ManifestYaml.Read(text, firstLine))
            {
                Expand(tree, tree.Root, file, documents);
            }
        }
        catch (YamlException e)
        {
            var (line, column) = IsTab(e)
                ? FindTab(text, (int)e.Start.Line)
                : ((int)e.Start.Line, (int)e.Start.Column);
            line += firstLine - 1;
            var problem = e.Message.TrimEnd('.');
            problem = problem.EndsWith("found invalid mapping")
                ? "mapping values are not allowed in this context"
                : IsTab(e) ? "found character that cannot start any token"
                : char.ToLowerInvariant(problem[0]) + problem[1..];
            var message = $"error converting YAML to JSON: yaml: line {line}: {problem}";
            documents.Add(ManifestDocument.Broken(
                new(file, line, column, "", message)));
        }
    }

    // The parser names the map that the tab breaks; people look for the tab.
    private static bool IsTab(YamlException e) => e.Message.Contains("invalid tab")
        || e.Message.Contains("tab character");

    private static (int Line, int Column) FindTab(string text, int from)
    {
        var lines = text.Split('\n');
        for (var i = from - 1; i < lines.Length; i++)
        {
            var column = lines[i].AsSpan().IndexOfAnyExcept(' ');
            if (column >= 0 && lines[i][column] == '\t')
            {
                return (i + 1, column + 1);
            }
        }
        return (from, 1);
    }

    private static void Expand(
        ManifestTree tree, JsonNode? node, string file, List<ManifestDocument> documents)
    {
        if (node is JsonObject { Count: > 0 } map)
        {
            if (ManifestDocument.Text(map, "kind") is { } kind && kind.EndsWith("List")
                && map["items"] is JsonArray items)
            {
                foreach (var item in items)
                {
                    Expand(tree, item, file, documents);
                }
                return;
            }
            documents.Add(new(tree, map, file));
        }
        else if (node is not null and not JsonObject)
        {
            var place = tree.Of(node);
            documents.Add(ManifestDocument.Broken(new(file, place.Line, place.Column, "",
                "a manifest must be a map with apiVersion, kind and metadata")));
        }
    }
}

/// <summary>Something wrong in a manifest, and where. Line and column count from 1.</summary>
public sealed record ManifestError(string File, int Line, int Column, string Path, string Message)
{
    /// <summary>The error as compilers write it: <c>web.yaml:6:3: spec.replicas:
    /// message</c>.</summary>
    public override string ToString() => Path.Length == 0
        ? $"{File}:{Line}:{Column}: {Message}"
        : $"{File}:{Line}:{Column}: {Path}: {Message}";
}
