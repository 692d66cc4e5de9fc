namespace KubeSim;

/// <summary><c>kubectl wait</c>: lets virtual time pass until objects are as they should
/// be.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/wait.</remarks>
internal static class WaitCommand
{
    public static readonly KubectlCommand Command = new("wait", CommandFlags.Files
        + "for timeout selector/l field-selector all! all-namespaces/A! output/o template ~local!",
        Run);

    // Whether an object, or null for none, is as it should be.
    private delegate bool Condition(ApiObject? now, string uid);

    /// <summary>The time that a command waits at most.</summary>
    public static TimeSpan Timeout(Invocation call, TimeSpan otherwise) =>
        call.Flags["timeout"] is not { } text ? otherwise
        : GoDuration.TryParse(text, out var span) ? span <= TimeSpan.Zero ? otherwise : span
        : throw new KubectlException($"invalid argument \"{text}\" for \"--timeout\" flag: "
            + $"time: invalid duration \"{text}\"\nSee '{call.CommandPath} --help' for usage.");

    private static void Run(Invocation call)
    {
        var wanted = call.Flags["for"] ?? "";
        var word = wanted.ToLowerInvariant();
        var holds = Of(wanted, word);
        // Zero looks once, and less than zero waits for a week.
        var timeout = call.Flags["timeout"] ?? "";
        var once = GoDuration.TryParse(timeout, out var asked) && asked == TimeSpan.Zero;
        var limit = asked < TimeSpan.Zero ? TimeSpan.FromDays(7)
            : Timeout(call, TimeSpan.FromSeconds(30));
        var end = call.Now + limit;
        // For what is to come or to go the objects need not be there.
        var targets = word is "create" or "delete" ? ResourceArgs.Targets(call).SelectMany(
            t => t.Name.Length > 0 ? [new(t.Kind, t.Namespace, t.Name)]
                : ResourceArgs.Fetch(call, [t]).Select(o => o.Key))
            .Select(key => (Key: key, call.Again(key)?.Metadata.Uid ?? "")).ToList()
            : ResourceArgs.ReadObjects(call).Select(o => (Key: o.Key, o.Metadata.Uid)).ToList();
        if (targets.Count == 0 && word != "delete" && !call.Failed)
        {
            throw new KubectlException("no matching resources found");
        }
        var late = new List<string>();
        foreach (var (key, uid) in targets)
        {
            ApiObject? last = null;
            bool Look()
            {
                var now = call.Again(key);
                last = now ?? last;
                return holds(now, uid);
            }
            var left = end > call.Now ? end - call.Now : TimeSpan.Zero;
            if (Look() || (!once && call.Server.WaitUntil(Look, left)))
            {
                if (last is null)
                {
                    call.Line($"{ShownName.Of(key.Kind, key.Name)} condition met");
                    continue;
                }
                call.Tell(last, "condition met");
                continue;
            }
            late.Add((once ? "condition not met for " : "timed out waiting for the condition on ")
                + $"{key.Kind.Plural}/{key.Name}");
        }
        // Of several errors each is a line of its own, with nothing before it.
        late.ForEach(why => call.Fail(late.Count > 1 ? why : $"error: {why}"));
    }

    private static Condition Of(string wanted, string word) => word switch
    {
        "delete" => static (o, uid) => o is null || o.Metadata.Uid != uid,
        "create" => static (o, _) => o is not null,
        _ when wanted.Split('=', 2) is ["condition", var condition] => OfCondition(condition),
        _ when wanted.Split('=', 2) is ["jsonpath", var path] => OfPath(path),
        _ => throw new KubectlException($"unrecognized condition: \"{wanted}\""),
    };

    // The first condition of the type counts, unless it is about an older generation.
    private static Condition OfCondition(string condition)
    {
        var parts = condition.Split('=', 2);
        var (type, value) = (parts[0], parts.ElementAtOrDefault(1) ?? "true");
        return (o, _) => o is not null && Json.Encode(o) is var tree
            && tree.ItemsAt("status", "conditions").FirstOrDefault(
                c => Same(c.TextAt("type"), type)) is { } found
            && Same(found.TextAt("status"), value)
            && ((long?)(found.At("observedGeneration") ?? tree.At("status", "observedGeneration"))
                ?? long.MaxValue) >= (o.Metadata.Generation ?? 0);
    }

    // {.a}=b: one equals sign parts path and value, two belong to a filter.
    private static Condition OfPath(string text)
    {
        var parts = text.Replace("==", "\0", StringComparison.Ordinal).Split('=')
            .Select(p => p.Replace("\0", "==", StringComparison.Ordinal)).ToList();
        var value = parts.ElementAtOrDefault(1)?.Trim('\'', '"');
        if (parts.Count > 2)
        {
            throw new KubectlException("jsonpath wait format must be "
                + "--for=jsonpath='{.status.readyReplicas}'=3 or "
                + "--for=jsonpath='{.status.readyReplicas}'");
        }
        if (parts[0].Length == 0 || value?.Length == 0)
        {
            throw new KubectlException(parts[0].Length == 0
                ? "jsonpath expression cannot be empty" : "jsonpath wait has to have a value after "
                    + "equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
        }
        var path = JsonPath.ParseRelaxed(parts[0]);
        return (o, _) =>
        {
            var found = o is null ? [] : path.Find(Json.Encode(o));
            return found.Count switch
            {
                0 => false,
                > 1 => throw new KubectlException(
                    "given jsonpath expression matches more than one value"),
                _ when value is null => true,
                _ => found[0] is not (System.Text.Json.Nodes.JsonObject
                    or System.Text.Json.Nodes.JsonArray) ? JsonPath.Show(found[0]) == value
                    : throw new KubectlException(
                        "jsonpath leads to a nested object or list which is not supported"),
            };
        };
    }

    private static bool Same(string left, string right) =>
        string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
