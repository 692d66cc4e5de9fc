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
        if (step.IsIdle)
        {
            return $"idle; next: {step.IdleUntil}";
        }
        // The first write that did something says most.
        Change? first = null;
        var (more, refused) = (0, false);
        foreach (var change in step.Changes)
        {
            refused |= change.Refused is not null;
            more += first is null ? 0 : 1;
            if (first is null || (!IsWrite(first) && IsWrite(change)))
            {
                first = change;
            }
        }
        var did = first is null ? $"looked at {Name(step.Key)} and wrote nothing" : Did(first);
        var rest = more == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
            $" (+{more} more{(refused && first!.Refused is null ? ", one refused" : "")})");
        return $"{Who(step)} {did}{rest}";
    }

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
