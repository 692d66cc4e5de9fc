namespace KubeSim;

/// <summary><c>kubectl drain</c>: cordons a node, asks the server to evict its pods, and waits
/// until they are gone. An eviction that would break a disruption budget is refused, and asked for
/// again five seconds later. All are sent at once: of those that one budget counts the server lets
/// one through, and the next one half a second later, since they meet on the budget's
/// status.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/drain.</remarks>
internal static class DrainCommand
{
    public static readonly KubectlCommand Command = new("drain",
        "force! ignore-daemonsets! delete-emptydir-data! grace-period timeout selector/l "
        + "pod-selector disable-eviction! skip-wait-for-delete-timeout dry-run?unchanged "
        + "~chunk-size", Run);

    // After a conflict on a budget the server tries the eviction again.
    private static readonly TimeSpan conflict = TimeSpan.FromMilliseconds(500);

    private const string Warns = "deleting Pods that declare no controller";
    private const string Ignores = "ignoring DaemonSet-managed Pods";

    private static void Run(Invocation call)
    {
        var nodes = NodeCommands.Cordoned(call, "drain", true);
        var failed = new List<string>();
        var pending = nodes.Select(n => n.Metadata.Name).ToList();
        foreach (var node in nodes)
        {
            var errors = Drain(call, node);
            if (errors.Count == 0)
            {
                pending.Remove(node.Metadata.Name);
                call.Line($"{ShownName.Of(node)} drained{call.DryRunSuffix}");
                continue;
            }
            var all = errors.Count > 1 ? $"[{string.Join(", ", errors)}]" : errors[0];
            call.ErrorLine($"error: unable to drain node \"{node.Metadata.Name}\" due to error: "
                + $"{all}, continuing command...");
            failed.AddRange(errors);
        }
        if (failed.Count > 0)
        {
            call.ErrorLine("There are pending nodes to be drained:\n"
                + string.Concat(pending.Select(name => $" {name}\n")).TrimEnd('\n'));
            call.Fail(string.Join("\n", failed));
        }
    }

    private static List<string> Drain(Invocation call, Node node)
    {
        var (pods, warnings, errors) = Choose(call, node);
        if (errors.Count > 0)
        {
            return [.. errors.Select(e => $"{(e.Key.StartsWith("cannot delete",
                StringComparison.Ordinal) ? "" : "cannot delete ")}{e.Key}: "
                + string.Join(", ", e.Value))];
        }
        if (warnings.Count > 0)
        {
            call.ErrorLine("Warning: " + string.Join("; ",
                warnings.Select(w => $"{w.Key}: {string.Join(", ", w.Value)}")));
        }
        if (call.DryRunClient)
        {
            pods.ForEach(p => call.Line(
                $"evicting pod {p.Metadata.Namespace}/{p.Metadata.Name} (dry run)"));
            return [];
        }
        var end = call.Now + WaitCommand.Timeout(call, TimeSpan.FromHours(1));
        return Evict(call, pods, end);
    }

    // Which pods go, and what is to be said of the others; a pod counts for one of the lists.
    private static (List<Pod> Pods, SortedDictionary<string, List<string>> Warnings,
        SortedDictionary<string, List<string>> Errors) Choose(Invocation call, Node node)
    {
        var pods = new List<Pod>();
        var warnings = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var errors = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var pod in call.List<Pod>("", call.Flags["pod-selector"],
            $"spec.nodeName={node.Metadata.Name}"))
        {
            var (goes, warning, error) = Judge(call, pod);
            if (goes)
            {
                pods.Add(pod);
            }
            var (said, into) = error is null ? (warning, warnings) : (error, errors);
            if (said is not null)
            {
                into.TryAdd(said, []);
                into[said].Add($"{pod.Metadata.Namespace}/{pod.Metadata.Name}");
            }
        }
        return (pods, warnings, errors);
    }

    private static (bool Goes, string? Warning, string? Error) Judge(Invocation call, Pod pod)
    {
        var owner = pod.ControllerOwner;
        if (pod.Metadata.Annotations.ContainsKey("kubernetes.io/config.mirror"))
        {
            return (false, null, null);
        }
        if (pod.IsFinished)
        {
            return (true, null, null);
        }
        if (owner?.Kind == "DaemonSet")
        {
            var there = call.Find(Kinds.DaemonSet, pod.Metadata.Namespace, owner.Name) is not null;
            var gone = ApiErrors.NotFound(Kinds.DaemonSet, owner.Name).Message;
            return !there ? call.Flags.On("force") ? (true, gone, null) : (false, null, gone)
                : call.Flags.On("ignore-daemonsets") ? (false, Ignores, null)
                : (false, null, "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)");
        }
        var local = pod.Spec.Volumes.Any(v => v.EmptyDir is not null);
        return local && !call.Flags.On("delete-emptydir-data") ? (false, null,
                "Pods with local storage (use --delete-emptydir-data to override)")
            : owner is not null ? (true, null, null)
            : call.Flags.On("force") ? (true, Warns, null)
            : (false, null,
                "cannot delete Pods that declare no controller (use --force to override)");
    }

    private static List<string> Evict(Invocation call, List<Pod> pods, DateTime end)
    {
        var limit = WaitCommand.Timeout(call, TimeSpan.FromHours(1));
        var (waiting, leaving) = (pods, new List<Pod>());
        while (waiting.Count + leaving.Count > 0)
        {
            waiting.ForEach(p => call.Line(
                $"evicting pod {p.Metadata.Namespace}/{p.Metadata.Name}"));
            var (refused, went) = (new List<Pod>(), new List<Pod>());
            foreach (var pod in waiting)
            {
                if (went.Exists(other => ShareBudget(call, pod, other)))
                {
                    Await(call, leaving, call.Now + conflict, toTheEnd: true);
                }
                var answer = Evict(call, pod);
                var about = $"error when evicting pods/\"{pod.Metadata.Name}\" -n "
                    + $"\"{pod.Metadata.Namespace}\"";
                if (answer.Code == 429)
                {
                    call.ErrorLine($"{about} (will retry after 5s): {answer.Status!.Message}");
                    refused.Add(pod);
                    continue;
                }
                if (!answer.IsSuccess && answer.Code != 404)
                {
                    return [$"{about}: {answer.Status!.Message}"];
                }
                went.Add(pod);
                leaving.Add(pod);
            }
            waiting = refused;
            Await(call, leaving, waiting.Count > 0 ? call.Now.AddSeconds(5) : end,
                toTheEnd: waiting.Count > 0);
            if (call.Now >= end || (waiting.Count == 0 && leaving.Count > 0))
            {
                return [.. leaving.Concat(waiting).Select(p => "error when waiting for pod "
                    + $"\"{p.Metadata.Name}\" in namespace \"{p.Metadata.Namespace}\" to "
                    + $"terminate: global timeout reached: {GoDuration.Format(limit)}")];
            }
        }
        return [];
    }

    private static bool ShareBudget(Invocation call, Pod one, Pod other) =>
        one.Metadata.Namespace == other.Metadata.Namespace
        && !call.Flags.On("disable-eviction")
        && call.List<PodDisruptionBudget>(one.Metadata.Namespace).Any(b => b.Spec.Selector is
            { } labels && Selector.From(labels) is var budget
            && budget.Matches(one.Metadata.Labels) && budget.Matches(other.Metadata.Labels));

    // Lets time pass; tells of each pod that is gone, and forgets it.
    private static void Await(
        Invocation call, List<Pod> leaving, DateTime until, bool toTheEnd)
    {
        var patience = call.Flags.Number("skip-wait-for-delete-timeout") ?? 0;
        call.Server.WaitUntil(() =>
        {
            leaving.RemoveAll(pod =>
            {
                var now = call.Again(pod.Key);
                if (now?.Metadata.Uid != pod.Metadata.Uid)
                {
                    call.Line($"{ShownName.Of(pod)} "
                        + (call.Flags.On("disable-eviction") ? "deleted" : "evicted"));
                    return true;
                }
                var skips = patience > 0 && now.Metadata.DeletionTimestamp is { } deleted
                    && call.Now - deleted.DateTime > TimeSpan.FromSeconds(patience);
                if (skips)
                {
                    call.Line($"pod {pod.Metadata.Name} has DeletionTimestamp older than "
                        + $"{DescribeText.Number(patience)} seconds, skipping");
                }
                return skips;
            });
            return leaving.Count == 0 && !toTheEnd;
        }, until - call.Now);
    }

    private static ApiResponse Evict(Invocation call, Pod pod)
    {
        var grace = call.Flags.Number("grace-period") is >= 0 and var seconds
            ? seconds : (int?)null;
        if (!call.Flags.On("disable-eviction"))
        {
            var body = Tree.Of(("apiVersion", "policy/v1"), ("kind", "Eviction"),
                ("metadata.name", pod.Metadata.Name),
                ("metadata.namespace", pod.Metadata.Namespace),
                ("deleteOptions.gracePeriodSeconds", grace));
            var answer = call.Send(new(Verb.Create, ResourcePath.Of(pod.Key, "eviction"))
            {
                Body = new Payload.Json(body), Query = call.WriteQuery(),
            });
            // A server without evictions is asked to delete instead.
            if (answer.Status?.Message != "the server could not find the requested resource")
            {
                return answer;
            }
        }
        return call.Send(new(Verb.Delete, ResourcePath.Of(pod.Key))
        {
            Delete = new() { GracePeriodSeconds = grace }, Query = call.WriteQuery(),
        });
    }
}
