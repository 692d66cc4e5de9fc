namespace KubeSim;

/// <summary><c>kubectl wait</c>: lets virtual time pass until objects are as they should
/// be.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/wait/wait.go.</remarks>
internal static class WaitCommand
{
    public static readonly KubectlCommand Command = new("wait",
        "for timeout selector/l field-selector all! all-namespaces/A! filename/f output/o", Run);

    /// <summary>The time that a command waits at most.</summary>
    public static TimeSpan Timeout(Invocation call, TimeSpan otherwise) =>
        call.Flags["timeout"] is not { } text ? otherwise
        : GoDuration.TryParse(text, out var span) || GoDuration.TryParse($"{text}s", out span)
            ? span <= TimeSpan.Zero ? otherwise : span
            : throw new KubectlException($"invalid argument \"{text}\" for \"--timeout\" flag: "
                + $"time: invalid duration \"{text}\"\nSee '{call.CommandPath} --help' for usage.");

    private static void Run(Invocation call)
    {
        var wanted = call.Flags["for"] ?? "";
        var holds = Condition(wanted);
        var limit = Timeout(call, TimeSpan.FromSeconds(30));
        var end = call.Now + limit;
        List<(Kind Kind, string Namespace, string Name, string Uid)> targets =
            wanted == "create" || wanted == "delete"
                ? [.. Named(call)]
                : [.. ResourceArgs.ReadObjects(call, call.Args).Select(o =>
                    (o.Kind, o.Metadata.Namespace, o.Metadata.Name, o.Metadata.Uid))];
        if (targets.Count == 0 && wanted != "delete")
        {
            if (call.Result().ExitCode == 0)
            {
                call.Fail("error: no matching resources found");
            }
            return;
        }
        foreach (var (kind, ns, name, uid) in targets)
        {
            bool Look() => holds(
                call.Server.Send(new(Verb.Get, new(kind, ns, name))).Object, uid);
            var left = end > call.Now ? end - call.Now : TimeSpan.Zero;
            if (Look() || call.Server.WaitUntil(Look, left))
            {
                call.Line($"{ShownName.Of(kind, name)} condition met");
            }
            else
            {
                call.Fail($"error: timed out waiting for the condition on {kind.Plural}/{name}");
            }
        }
    }

    // Objects that need not be there: those that are gone are what "delete" waits for.
    private static IEnumerable<(Kind, string, string, string)> Named(Invocation call)
    {
        foreach (var target in ResourceArgs.Read(call, call.Args))
        {
            if (target.Name.Length > 0)
            {
                var found = call.Find(target.Kind, target.Namespace, target.Name);
                yield return (target.Kind, target.Namespace, target.Name,
                    found?.Metadata.Uid ?? "");
                continue;
            }
            foreach (var o in ResourceArgs.Fetch(call, [target]))
            {
                yield return (o.Kind, o.Metadata.Namespace, o.Metadata.Name, o.Metadata.Uid);
            }
        }
    }

    private static Func<ApiObject?, string, bool> Condition(string wanted)
    {
        if (wanted == "delete")
        {
            return static (o, uid) => o is null || o.Metadata.Uid != uid;
        }
        if (wanted == "create")
        {
            return static (o, _) => o is not null;
        }
        var parts = wanted.Split('=', 2);
        return parts switch
        {
            ["condition", { Length: > 0 } condition] => OfCondition(condition),
            ["jsonpath", { Length: > 0 } path] => OfPath(path),
            _ => throw new KubectlException($"unrecognized condition: \"{wanted}\""),
        };
    }

    private static Func<ApiObject?, string, bool> OfCondition(string condition)
    {
        var parts = condition.Split('=', 2);
        var (type, value) = (parts[0], parts.ElementAtOrDefault(1) ?? "true");
        return (o, _) => o is not null && Json.Encode(o).ItemsAt("status", "conditions")
            .Any(c => Same(c.TextAt("type"), type) && Same(c.TextAt("status"), value)
                && (c.At("observedGeneration") is null
                    || c.TextAt("observedGeneration")
                        == DescribeText.Number(o.Metadata.Generation ?? 0)));
    }

    private static Func<ApiObject?, string, bool> OfPath(string text)
    {
        var end = text.LastIndexOf("}=", StringComparison.Ordinal);
        var (path, value) = end < 0 ? (JsonPath.ParseRelaxed(text), null)
            : (JsonPath.Parse(text[..(end + 1)]), text[(end + 2)..]);
        return (o, _) => o is not null && path.Find(Json.Encode(o)) is { Count: > 0 } found
            && (value is null || JsonPath.Show(found[0]) == value);
    }

    private static bool Same(string left, string right) =>
        string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
