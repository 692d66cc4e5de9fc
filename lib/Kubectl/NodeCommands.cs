namespace KubeSim;

/// <summary><c>kubectl cordon</c>, <c>uncordon</c> and <c>taint</c>.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go and
/// .../taint/taint.go.</remarks>
internal static class NodeCommands
{
    public static readonly KubectlCommand Cordon = new("cordon", "selector/l dry-run?unchanged",
        static call => Cordoned(call, "cordon", true));

    public static readonly KubectlCommand Uncordon = new("uncordon", "selector/l dry-run?unchanged",
        static call => Cordoned(call, "uncordon", false));

    public static readonly KubectlCommand Taint = new("taint",
        CommandFlags.Writes + "overwrite! all! selector/l ~validate?strict", RunTaint);

    /// <summary>Cordons the nodes that are named, or lifts that, and gives them.</summary>
    public static List<Node> Cordoned(Invocation call, string command, bool cordon)
    {
        if (call.Args.Count == 0 && call.Flags["selector"] is null)
        {
            throw call.UsageError($"USAGE: {command} NODE [flags]");
        }
        if (call.Args.Count > 0 && call.Flags["selector"] is not null)
        {
            throw call.UsageError(
                "error: cannot specify both a node name and a --selector option");
        }
        var word = cordon ? "cordoned" : "uncordoned";
        var targets = ResourceArgs.Read(call, ["nodes", .. call.Args]);
        var nodes = ResourceArgs.Fetch(call, targets).Cast<Node>().ToList();
        foreach (var node in nodes)
        {
            var already = node.IsCordoned == cordon;
            var patch = Tree.Of(("spec.unschedulable", cordon ? true : Tree.Gone));
            if (already
                || PatchCommand.Send(call, node, PatchKind.StrategicMerge, patch) is not null)
            {
                call.Line($"{ShownName.Of(node)} {(already ? "already " : "")}{word}"
                    + call.DryRunSuffix);
            }
        }
        return nodes;
    }

    private static void RunTaint(Invocation call)
    {
        var split = call.Args.FindIndex(a => a.Contains('=') || a.Contains(':')
            || a.EndsWith('-'));
        if (split < 0)
        {
            throw new KubectlException("at least one taint update is required");
        }
        var changes = call.Args[split..].Select(Read).ToList();
        foreach (var o in ResourceArgs.ReadObjects(call, call.Args[..split]))
        {
            Change(call, (Node)o, changes);
        }
    }

    private static (Taint Taint, bool Remove) Read(string text)
    {
        var remove = text.EndsWith('-');
        var bare = remove ? text[..^1] : text;
        var colon = bare.LastIndexOf(':');
        var (pair, effect) = colon < 0 ? (bare, "") : (bare[..colon], bare[(colon + 1)..]);
        var equals = pair.IndexOf('=');
        if ((!remove && colon < 0)
            || effect is not ("" or "NoSchedule" or "PreferNoSchedule" or "NoExecute"))
        {
            throw new KubectlException(colon < 0 ? $"invalid taint spec: {text}"
                : $"invalid taint effect: {effect}, unsupported taint effect");
        }
        return (new()
        {
            Key = equals < 0 ? pair : pair[..equals],
            Value = equals < 0 || remove ? null : pair[(equals + 1)..],
            Effect = effect,
        }, remove);
    }

    private static void Change(Invocation call, Node node, List<(Taint Taint, bool Remove)> changes)
    {
        var taints = node.Spec.Taints.ToList();
        var (added, removed, modified) = (false, false, false);
        foreach (var (taint, remove) in changes)
        {
            bool Same(Taint t) => t.Key == taint.Key
                && (t.Effect == taint.Effect || (remove && taint.Effect.Length == 0));
            var there = taints.Exists(Same);
            if (remove && !there)
            {
                call.Fail($"error: taint \"{taint.Key}"
                    + $"{(taint.Effect.Length > 0 ? $":{taint.Effect}" : "")}\" not found");
                return;
            }
            if (!remove && there && !call.Flags.On("overwrite"))
            {
                call.Fail($"error: node {node.Metadata.Name} already has {taint.Key} taint(s) with "
                    + "same effect(s) and --overwrite is false");
                return;
            }
            taints.RemoveAll(Same);
            if (!remove)
            {
                taints.Add(taint);
            }
            (added, removed, modified) =
                (added || !remove, removed || remove, modified || (there && !remove));
        }
        var patch = Tree.Of(("spec.taints", taints.Count == 0 ? Tree.Gone : taints.Select(
            t => System.Text.Json.JsonSerializer.SerializeToNode(t, Json.Options)!)));
        if (PatchCommand.Send(call, node, PatchKind.Merge, patch) is { } after)
        {
            var done = modified || (added && removed) ? "modified"
                : removed ? "untainted" : "tainted";
            call.Tell(after, done);
        }
    }
}
