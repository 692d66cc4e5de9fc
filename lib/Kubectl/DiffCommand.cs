using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl diff</c>: what an apply would change, as <c>diff -u</c> shows two files: the
/// object as it is, and as the server says it would be. The exit code is 1 when something
/// would.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/diff/diff.go.</remarks>
internal static class DiffCommand
{
    private const int Context = 3;

    public static readonly KubectlCommand Command = new("diff", CommandFlags.Files
        + "selector/l field-manager ~server-side! ~force-conflicts! ~prune! ~concurrency "
        + "~show-managed-fields!", Run);

    private static void Run(Invocation call)
    {
        var shown = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in ManifestFiles.Read(call))
        {
            var live = call.Find(item.Kind, item.Namespace, item.Name);
            var manager = call.Flags["field-manager"] ?? "kubectl-client-side-apply";
            var query = new Query { DryRun = "All", FieldManager = manager };
            // The annotation of the last apply stays as it is: a diff is no apply.
            var modified = LastApplied.Annotate(item.Node);
            modified["metadata"]!["annotations"]!.AsObject().Remove(LastApplied.Annotation);
            var patch = live is null ? null : LastApplied.Patch(modified, live, call.Kinds);
            var merged = live is null
                ? call.Send(new(Verb.Create, item.Collection)
                {
                    Body = new Payload.Json(item.Node), Query = query,
                }).EnsureSuccess().Object!
                : patch is null ? live
                : call.Send(new(Verb.Patch, item.Path) { Body = patch, Query = query })
                    .EnsureSuccess().Object!;
            var (from, to) = (live is null ? null : OutputFormat.Shown(live),
                OutputFormat.Shown(merged));
            if (item.Kind.Equals(Kinds.Secret))
            {
                Mask(from?["data"] as JsonObject, to["data"] as JsonObject);
            }
            var file = $"{(item.Kind.Group.Length > 0 ? $"{item.Kind.Group}." : "")}"
                + $"{item.Kind.Version}.{item.Kind.Name}.{item.Namespace}.{item.Name}";
            var time = call.Now.ToString(
                "yyyy-MM-dd HH:mm:ss.fffffff'00 +0000'", CultureInfo.InvariantCulture);
            if (Unified(Lines(from), Lines(to)) is { Length: > 0 } changes)
            {
                shown[file] = $"diff -u -N LIVE/{file} MERGED/{file}\n--- LIVE/{file}\t{time}\n"
                    + $"+++ MERGED/{file}\t{time}\n{changes}";
            }
        }
        call.Print(string.Concat(shown.Values));
        call.Exit(shown.Count > 0 ? 1 : 0);
    }

    private static string[] Lines(JsonObject? o) =>
        o is null ? [] : Json.ToYaml(o).TrimEnd('\n').Split('\n');

    private static void Mask(JsonObject? from, JsonObject? to)
    {
        foreach (var key in (from ?? []).Concat(to ?? []).Select(e => e.Key).Distinct().ToList())
        {
            var (a, b) = (from?[key]?.ToString(), to?[key]?.ToString());
            var differs = a is not null && b is not null && a != b;
            if (a is not null)
            {
                from![key] = differs ? "*** (before)" : "***";
            }
            if (b is not null)
            {
                to![key] = differs ? "*** (after)" : "***";
            }
        }
    }

    /// <summary>The hunks of <c>diff -u</c>; empty when nothing differs.</summary>
    private static string Unified(string[] from, string[] to)
    {
        var edits = Edits(from, to);
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < edits.Count; i++)
        {
            if (edits[i].Mark == ' ')
            {
                continue;
            }
            var (start, last) = (Math.Max(i - Context, 0), i);
            for (var j = i; j < edits.Count && j - last <= 2 * Context; j++)
            {
                last = edits[j].Mark == ' ' ? last : j;
            }
            var hunk = edits[start..Math.Min(last + Context + 1, edits.Count)];
            text.Append($"@@ -{Span(hunk, '+', hunk[0].From)} +{Span(hunk, '-', hunk[0].To)} @@\n");
            foreach (var (mark, line, _, _) in hunk)
            {
                text.Append(mark).Append(line).Append('\n');
            }
            i = last + Context;
        }
        return text.ToString();
    }

    private static string Span(
        List<(char Mark, string Line, int From, int To)> hunk, char without, int start)
    {
        var count = hunk.Count(e => e.Mark != without);
        return string.Create(CultureInfo.InvariantCulture,
            $"{(count == 0 ? start : start + 1)}{(count == 1 ? "" : $",{count}")}");
    }

    // The longest common subsequence, and what is not in it: first what goes, then what comes.
    private static List<(char Mark, string Line, int From, int To)> Edits(
        string[] from, string[] to)
    {
        var common = new int[from.Length + 1, to.Length + 1];
        for (var i = from.Length - 1; i >= 0; i--)
        {
            for (var j = to.Length - 1; j >= 0; j--)
            {
                common[i, j] = from[i] == to[j] ? common[i + 1, j + 1] + 1
                    : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }
        var edits = new List<(char, string, int, int)>();
        for (var (i, j) = (0, 0); i < from.Length || j < to.Length;)
        {
            if (i < from.Length && j < to.Length && from[i] == to[j])
            {
                edits.Add((' ', from[i], i++, j++));
            }
            else if (i < from.Length
                && (j == to.Length || common[i + 1, j] >= common[i, j + 1]))
            {
                edits.Add(('-', from[i], i++, j));
            }
            else
            {
                edits.Add(('+', to[j], i, j++));
            }
        }
        return edits;
    }
}
