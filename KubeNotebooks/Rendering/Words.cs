using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Steps in words: the same words on maps, on cards and in lists.</summary>
internal static class Words
{
    /// <summary>Since the start: <c>00:00:01.250</c>.</summary>
    public static string Elapsed(TimeSpan time) => string.Create(CultureInfo.InvariantCulture,
        $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds:000}");

    /// <summary><c>Pod web-1</c>; the namespace only where it is not <c>default</c>.</summary>
    public static string Name(ObjectKey key) => key.Kind is null ? "nothing"
        : key.Namespace is null or "" or "default" ? $"{key.Kind.Name} {key.Name}"
        : $"{key.Kind.Name} {key.Namespace}/{key.Name}";

    /// <summary><c>kubelet on node-1</c>.</summary>
    public static string Who(StepRecord step) =>
        step.Node.Length == 0 ? step.Component : $"{step.Component} on {step.Node}";

    /// <summary>True when the API server carried the attempt out and something changed.</summary>
    public static bool IsWrite(Change change) => change.Revision.Value > 0;

    /// <summary>What became of one attempt to write.</summary>
    public static string Did(Change change)
    {
        var name = Name(change.Key);
        if (change.Refused is not null)
        {
            return $"{Try(change, name)}: refused, {Code(change.Refused)}";
        }
        if (change.Verb is Verb.Get or Verb.List)
        {
            return $"read {name} afresh";
        }
        if (!IsWrite(change))
        {
            return $"wrote {name} as it was: no change";
        }
        if (change.Subresource == "binding")
        {
            return $"bound {name} to {(change.After as Pod)?.Spec.NodeName}";
        }
        return (change.Before, change.After) switch
        {
            (null, _) => $"created {name}",
            (_, null) => $"deleted {name}",
            ({ IsTerminating: false }, { IsTerminating: true }) => $"asked {name} to end",
            (Pod before, Pod after) when PodLooks.Reason(before) != PodLooks.Reason(after) =>
                $"updated the status of {name}: now {PodLooks.Reason(after)}",
            (ReplicaSet before, ReplicaSet after) when before.Spec.Replicas != after.Spec.Replicas
                => string.Create(CultureInfo.InvariantCulture,
                    $"scaled {name} from {before.Spec.Replicas} to {after.Spec.Replicas}"),
            _ when change.Subresource.Length > 0 => $"updated the {change.Subresource} of {name}",
            _ => $"updated {name}",
        };
    }

    /// <summary><c>409 Conflict</c>.</summary>
    public static string Code(Status status) => string.Create(CultureInfo.InvariantCulture,
        $"{status.Code} {status.Reason}").TrimEnd();

    /// <summary>The step in one sentence without an end.</summary>
    public static string Headline(StepRecord step)
    {
        return step.IsIdle ? $"idle; next: {step.IdleUntil}" : $"{Who(step)} {Deeds(step)}";
    }

    /// <summary>What was done in the step, without who did it.</summary>
    public static string Deeds(StepRecord step)
    {
        if (step.Changes.All(c => c.Verb is Verb.Get or Verb.List))
        {
            return step.Did is [var only] ? only
                : step.Did is [var first, ..] ? $"{first} (+{step.Did.Count - 1} more)"
                : $"looked at {Name(step.Key)} and wrote nothing";
        }
        // Several of a sort are said once: created 4 Pods.
        var sorts = new List<(Change First, string Sort, int Count)>();
        foreach (var change in step.Changes.Where(c => c.Verb is not (Verb.Get or Verb.List)))
        {
            var sort = Did(change).Replace(Name(change.Key), change.Key.Kind.Name,
                StringComparison.Ordinal);
            var at = sorts.FindIndex(s => s.Sort == sort);
            if (at < 0)
            {
                sorts.Add((change, sort, 1));
            }
            else
            {
                sorts[at] = (sorts[at].First, sort, sorts[at].Count + 1);
            }
        }
        // That a status follows is the least of the news.
        var said = sorts.OrderBy(s => s.Sort.StartsWith("updated the status of ",
            StringComparison.Ordinal) ? 1 : 0).Take(3).Select(s => s.Count == 1 ? Did(s.First)
            : Did(s.First).Replace(Name(s.First.Key), string.Create(CultureInfo.InvariantCulture,
                $"{s.Count} {s.First.Key.Kind.Name}s"), StringComparison.Ordinal));
        return $"{string.Join(", ", said)}{(sorts.Count > 3 ? ", and more" : "")}";
    }

    /// <summary>What a person did: <c>created Deployment web</c>.</summary>
    public static string Did(Input input)
    {
        if (input is not RequestInput { Request: var request })
        {
            return input is FaultInput ? $"caused a fault: {input.Describe}" : input.Describe;
        }
        var name = Name(About(request));
        var part = request.Path.Subresource.Length > 0 ? $"the {request.Path.Subresource} of " : "";
        return request.Verb switch
        {
            Verb.Create => $"created {part}{name}",
            Verb.Update => $"replaced {part}{name}",
            Verb.Patch => $"patched {part}{name}",
            Verb.Delete => $"deleted {name}",
            _ => input.Describe,
        };
    }

    /// <summary>The object that a request is about.</summary>
    public static ObjectKey About(ApiRequest request) =>
        request.Path.Name.Length == 0 && request.Body is Payload.Typed typed ? typed.Object.Key
        : new(request.Path.Kind, request.Path.Namespace, request.Path.Name);

    /// <summary>A change as a watcher saw it.</summary>
    public static string Saw(in WatchEvent e) =>
        $"{Name(e.Key)} {(e.New is null ? "deleted" : e.Old is null ? "created" : "changed")}";

    private static string Try(Change change, string name) => change.Verb switch
    {
        Verb.Create when change.Subresource == "binding" => $"tried to bind {name}",
        Verb.Create when change.Subresource.Length > 0 =>
            $"tried to create the {change.Subresource} of {name}",
        var verb when change.Subresource.Length > 0 =>
            $"tried to {Lower(verb)} the {change.Subresource} of {name}",
        var verb => $"tried to {Lower(verb)} {name}",
    };

    private static string Lower(Verb verb) => verb.ToString().ToLowerInvariant();
}
