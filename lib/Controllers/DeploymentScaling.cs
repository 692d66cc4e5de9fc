using System.Globalization;

namespace KubeSim;

/// <summary>
/// Scaling in the middle of a rollout: all sets grow or shrink in proportion to their size, so that
/// neither version is favoured. 10 replicas (13 with surge), 6 old and 7 new; scaled to 30 (33):
/// the old ones get 6·33/13 = 15, the new ones 18. What rounding leaves over goes to the largest
/// set.
/// <para>How large the whole was before is noted on each set, in the annotations
/// <c>desired-replicas</c> and <c>max-replicas</c>; that they differ from the spec is how a change
/// of size is told from a rollout.</para>
/// Models pkg/controller/deployment/sync.go and pkg/controller/deployment/util/deployment_util.go.
/// </summary>
internal static class DeploymentScaling
{
    public const string Desired = "deployment.kubernetes.io/desired-replicas";
    public const string Max = "deployment.kubernetes.io/max-replicas";

    /// <summary>A number in an annotation; null when there is none.</summary>
    public static int? Number(ReplicaSet set, string annotation) =>
        int.TryParse(set.Metadata.Annotations.Get(annotation), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A set that says how large its deployment is.</summary>
    public static ReplicaSet Annotated(ReplicaSet set, Deployment deployment)
    {
        var annotations = set.Metadata.Annotations;
        var desired = Text(deployment.Wanted);
        var max = Text(deployment.Wanted + deployment.MaxSurge);
        return annotations.Get(Desired) == desired && annotations.Get(Max) == max ? set : set with
        {
            Metadata = set.Metadata with
            {
                Annotations = annotations.Set(Desired, desired).Set(Max, max),
            },
        };
    }

    /// <summary>True when a set was sized for another number of replicas.</summary>
    public static bool IsScaled(Deployment deployment, IReadOnlyList<ReplicaSet> sets)
    {
        for (var i = 0; i < sets.Count; i++)
        {
            if (sets[i].Size > 0 && Number(sets[i], Desired) is { } desired
                && desired != deployment.Wanted)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The sizes that sets get when the deployment was scaled or is paused.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="newest">The set of the template; null when there is none.</param>
    /// <param name="old">The other sets, the oldest first.</param>
    public static List<(ReplicaSet Set, int Size)> Resized(Deployment deployment,
        ReplicaSet? newest, List<ReplicaSet> old)
    {
        var active = old.FindAll(set => set.Size > 0);
        var activeOld = active.ToArray();
        if (newest is { Size: > 0 })
        {
            active.Add(newest);
        }
        if (active.Count <= 1)
        {
            var one = active.Count == 1 ? active[0] : newest ?? (old.Count > 0 ? old[^1] : null);
            return one is null || one.Size == deployment.Wanted ? []
                : [(one, deployment.Wanted)];
        }
        if (newest is not null && IsSaturated(deployment, newest))
        {
            return [.. activeOld.Select(set => (set, 0))];
        }
        return deployment.IsRolling ? Proportional(deployment, active) : [];
    }

    private static List<(ReplicaSet Set, int Size)> Proportional(Deployment deployment,
        List<ReplicaSet> active)
    {
        var allowed = deployment.Wanted > 0 ? deployment.Wanted + deployment.MaxSurge : 0;
        var toAdd = allowed - DeploymentBounds.Size(active);
        if (toAdd != 0)
        {
            active.Sort((a, b) => a.Size != b.Size ? b.Size - a.Size
                : toAdd > 0 ? DeploymentSets.ByAge(b, a) : DeploymentSets.ByAge(a, b));
        }
        var (sizes, added) = (new List<(ReplicaSet, int)>(), 0);
        foreach (var set in active)
        {
            var share = Share(deployment, set, toAdd, added);
            added += share;
            sizes.Add((set, set.Size + share));
        }
        var (largest, size) = sizes[0];
        sizes[0] = (largest, Math.Max(0, size + toAdd - added));
        return sizes;
    }

    // A set's part of what is to be added (or taken away), never more than is left of it.
    private static int Share(Deployment deployment, ReplicaSet set, int toAdd, int added)
    {
        if (set.Size == 0 || toAdd == 0 || toAdd == added)
        {
            return 0;
        }
        var part = Part(deployment, set);
        return toAdd > 0 ? Math.Min(part, toAdd - added) : Math.Max(part, toAdd - added);
    }

    private static int Part(Deployment deployment, ReplicaSet set)
    {
        if (deployment.Wanted == 0)
        {
            return -set.Size;
        }
        var before = Number(set, Max) ?? 0;
        before = before == 0 ? deployment.Status.Replicas : before;
        if (before == 0)
        {
            return 0;
        }
        var now = (double)set.Size * (deployment.Wanted + deployment.MaxSurge) / before;
        return (int)Math.Round(now, MidpointRounding.AwayFromZero) - set.Size;
    }

    private static bool IsSaturated(Deployment deployment, ReplicaSet newest) =>
        newest.Size == deployment.Wanted && Number(newest, Desired) == deployment.Wanted
        && newest.Status.AvailableReplicas == deployment.Wanted;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
