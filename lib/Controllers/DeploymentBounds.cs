namespace KubeSim;

/// <summary>
/// How many pods a rollout may have too many and too few, and what follows from it for the sizes of
/// the ReplicaSets. All of it is arithmetic: nothing here writes.
/// <para>Surge is rounded up, unavailable is rounded down: 25 % of 10 are 3 more and 2 fewer. Were
/// both 0, nothing could ever move, so one pod may be unavailable then.</para>
/// Models pkg/controller/deployment/util/deployment_util.go.
/// </summary>
public static class DeploymentBounds
{
    /// <summary>The numbers behind maxSurge and maxUnavailable, or what is wrong with
    /// them.</summary>
    internal static string? Resolve(IntOrString? maxSurge, IntOrString? maxUnavailable, int desired,
        out int surge, out int unavailable)
    {
        unavailable = 0;
        var fine = (maxSurge ?? 0).TryScaled(desired, roundUp: true, out surge, out var problem)
            && (maxUnavailable ?? 0).TryScaled(desired, roundUp: false, out unavailable,
                out problem);
        if (!fine)
        {
            (surge, unavailable) = (0, 0);
            return problem;
        }
        unavailable = surge == 0 && unavailable == 0 ? 1 : unavailable;
        return null;
    }

    extension(Deployment deployment)
    {
        /// <summary>The number of pods wanted.</summary>
        public int Wanted => deployment.Spec.Replicas ?? 1;

        /// <summary>True for the strategy RollingUpdate.</summary>
        public bool IsRolling => deployment.Spec.Strategy.Type == "RollingUpdate";

        /// <summary>How many pods there may be too many.</summary>
        public int MaxSurge => deployment.IsRolling ? deployment.Bounds.Surge : 0;

        /// <summary>How many pods may be unavailable, of those wanted.</summary>
        public int MaxUnavailable => !deployment.IsRolling || deployment.Wanted == 0 ? 0
            : Math.Min(deployment.Bounds.Unavailable, deployment.Wanted);

        /// <summary>How many pods must be available all the time.</summary>
        public int MinAvailable =>
            deployment.IsRolling ? deployment.Wanted - deployment.MaxUnavailable : 0;

        private (int Surge, int Unavailable) Bounds
        {
            get
            {
                var rolling = deployment.Spec.Strategy.RollingUpdate;
                Resolve(rolling?.MaxSurge, rolling?.MaxUnavailable, deployment.Wanted,
                    out var surge, out var unavailable);
                return (surge, unavailable);
            }
        }
    }

    extension(ReplicaSet set)
    {
        /// <summary>The number of pods that the set is to have.</summary>
        internal int Size => set.Spec.Replicas ?? 1;
    }

    /// <summary>The sizes of sets in all.</summary>
    internal static int Size(IReadOnlyList<ReplicaSet> sets)
    {
        var sum = 0;
        for (var i = 0; i < sets.Count; i++)
        {
            sum += sets[i].Size;
        }
        return sum;
    }

    /// <summary>The available pods of sets in all.</summary>
    internal static int Available(IReadOnlyList<ReplicaSet> sets)
    {
        var sum = 0;
        for (var i = 0; i < sets.Count; i++)
        {
            sum += sets[i].Status.AvailableReplicas;
        }
        return sum;
    }

    /// <summary>The size that the new set gets now: what it has too much goes at
    /// once.</summary>
    internal static int NewSize(Deployment deployment, int total, int size) =>
        size > deployment.Wanted ? deployment.Wanted : Grown(deployment, total, size);

    /// <summary>The size that the new set may grow to now.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="total">The sizes of all its sets, the new one included.</param>
    /// <param name="size">The size of the new set.</param>
    internal static int Grown(Deployment deployment, int total, int size)
    {
        if (!deployment.IsRolling)
        {
            return deployment.Wanted;
        }
        var room = deployment.Wanted + deployment.MaxSurge - total;
        return room <= 0 ? size : size + Math.Min(room, deployment.Wanted - size);
    }

    /// <summary>The sizes that old sets get now, in order: first they lose what is not available
    /// anyway, then what the available pods allow. A set may come twice.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="old">The old sets that have a size, the oldest first.</param>
    /// <param name="newest">The new set.</param>
    internal static List<(ReplicaSet Set, int Size)> Shrunk(Deployment deployment,
        List<ReplicaSet> old, ReplicaSet newest)
    {
        var moves = new List<(ReplicaSet, int)>();
        var total = Size(old) + newest.Size;
        var newUnavailable = newest.Size - newest.Status.AvailableReplicas;
        var most = total - (deployment.Wanted - deployment.MaxUnavailable) - newUnavailable;
        if (total == newest.Size || most <= 0)
        {
            return moves;
        }
        var left = CleanUnhealthy(old, most, moves);
        ScaleDown(deployment, left, newest.Status.AvailableReplicas, moves);
        return moves;
    }

    /// <summary>Takes pods that are not available off old sets, so many at most.</summary>
    /// <returns>The sets as they are then.</returns>
    internal static List<ReplicaSet> CleanUnhealthy(List<ReplicaSet> old, int most,
        List<(ReplicaSet Set, int Size)> moves)
    {
        var (left, done) = (new List<ReplicaSet>(old.Count), 0);
        foreach (var set in old)
        {
            var down = Math.Min(most - done, set.Size - set.Status.AvailableReplicas);
            if (down <= 0)
            {
                left.Add(set);
                continue;
            }
            done += down;
            moves.Add((set, set.Size - down));
            left.Add(set with { Spec = set.Spec with { Replicas = set.Size - down } });
        }
        return left;
    }

    /// <summary>Takes pods off old sets, as many as are available beyond the
    /// minimum.</summary>
    internal static void ScaleDown(Deployment deployment, List<ReplicaSet> old, int newAvailable,
        List<(ReplicaSet Set, int Size)> moves)
    {
        var minimum = deployment.Wanted - deployment.MaxUnavailable;
        var spare = Available(old) + newAvailable - minimum;
        foreach (var set in old)
        {
            var down = Math.Min(set.Size, spare);
            if (down > 0)
            {
                spare -= down;
                moves.Add((set, set.Size - down));
            }
        }
    }
}
