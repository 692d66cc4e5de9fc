using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl label</c> and <c>kubectl annotate</c>: <c>key=value</c> sets,
/// <c>key-</c> takes away.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/label/label.go and
/// .../annotate/annotate.go.</remarks>
internal static class LabelCommand
{
    private const string LabelFlags = CommandFlags.Files + CommandFlags.Writes
        + "overwrite! all! all-namespaces/A! selector/l field-selector list! resource-version "
        + "~local!";

    public static readonly KubectlCommand Label =
        new("label", LabelFlags, static call => Run(call, "labels"));

    public static readonly KubectlCommand Annotate =
        new("annotate", LabelFlags, static call => Run(call, "annotations"));

    private static void Run(Invocation call, string field)
    {
        var word = field[..^1];
        var split = call.Args.FindIndex(IsPair);
        split = split < 0 ? call.Args.Count : split;
        var pairs = call.Args[split..];
        if (pairs.Find(p => !IsPair(p)) is { } stray)
        {
            throw new KubectlException("all resources must be specified before "
                + $"{word} changes: {stray}");
        }
        if (pairs.Count == 0 && !call.Flags.On("list"))
        {
            throw call.UsageError($"at least one {word} update is required");
        }
        foreach (var o in ResourceArgs.ReadObjects(call, call.Args[..split]))
        {
            var map = field == "labels" ? o.Metadata.Labels : o.Metadata.Annotations;
            if (call.Flags.On("list") && pairs.Count == 0)
            {
                foreach (var (key, value) in map)
                {
                    call.Line($"{key}={value}");
                }
                continue;
            }
            Change(call, o, field, map, pairs);
        }
    }

    private static void Change(
        Invocation call, ApiObject o, string field, Map<string> map, List<string> pairs)
    {
        var changes = new JsonObject();
        var (sets, removes, differs) = (false, false, false);
        foreach (var pair in pairs)
        {
            var equals = pair.IndexOf('=');
            if (equals < 0)
            {
                var gone = pair[..^1];
                if (!map.ContainsKey(gone) && field == "labels")
                {
                    call.Line($"label \"{gone}\" not found.");
                }
                changes[gone] = null;
                removes = true;
                differs |= map.ContainsKey(gone);
                continue;
            }
            var (key, value) = (pair[..equals], pair[(equals + 1)..]);
            if (map.TryGetValue(key, out var old) && old != value && !call.Flags.On("overwrite"))
            {
                call.Fail(field == "labels"
                    ? $"error: '{key}' already has a value ({old}), and --overwrite is false"
                    : "error: --overwrite is false but found the following declared "
                        + $"annotation(s): '{key}' already has a value ({old})");
                return;
            }
            changes[key] = value;
            sets = true;
            differs |= old != value;
        }
        var meta = new JsonObject { [field] = changes };
        if (call.Flags["resource-version"] is { } version)
        {
            meta["resourceVersion"] = version;
        }
        var after = !differs ? o : PatchCommand.Send(call, o, PatchKind.Merge,
            new JsonObject { ["metadata"] = meta });
        var done = field == "annotations" ? "annotated"
            : !differs ? "not labeled" : removes && !sets ? "unlabeled" : "labeled";
        if (after is not null)
        {
            call.Tell(after, done);
        }
    }

    private static bool IsPair(string word) => word.Contains('=')
        || (word.EndsWith('-') && word.Length > 1);
}
