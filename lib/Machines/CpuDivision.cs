namespace KubeSim;

/// <summary>
/// Who gets how much CPU when all want more than there is: the kernel divides by weight, level by
/// level of the control groups, and what one does not want goes to the others.
/// <para>Worked, on 4 CPUs: a Guaranteed pod with 2 CPUs (weight 174) that wants 2, a Burstable one
/// that asked for 500m (the slice weighs 59) and one of BestEffort (its slice weighs 1) that want 4
/// each. By weight the Guaranteed one might have 2974m and wants 2000m; of the other 2000m the
/// Burstable one gets 1967m, the last 33m.</para>
/// Models kernel/sched/fair.c.
/// </summary>
internal static class CpuDivision
{
    /// <summary>Divides room by weight among those who want some; nobody gets more than it
    /// wants.</summary>
    public static double[] Of(double room, IReadOnlyList<(double Want, double Weight)> all)
    {
        var given = new double[all.Count];
        var open = Enumerable.Range(0, all.Count).Where(i => all[i].Want > 0).ToList();
        while (open.Count > 0)
        {
            var weights = open.Sum(i => all[i].Weight);
            var content = open.FindAll(i => all[i].Want <= room * all[i].Weight / weights);
            foreach (var i in content.Count > 0 ? content : open)
            {
                given[i] = Math.Min(all[i].Want, room * all[i].Weight / weights);
            }
            if (content.Count == 0)
            {
                break;
            }
            room -= content.Sum(i => all[i].Want);
            open.RemoveAll(content.Contains);
        }
        return given;
    }

    /// <summary>The same down a tree of control groups.</summary>
    /// <param name="room">What there is.</param>
    /// <param name="all">Who wants how much, with its weight and the path of its group.</param>
    /// <param name="weightOf">The weight of a slice.</param>
    /// <param name="depth">How many parts of the paths are dealt with.</param>
    public static Dictionary<string, double> Of(double room,
        IReadOnlyList<(string Path, double Want, double Weight)> all,
        Func<string, double> weightOf, int depth = 1)
    {
        var groups = all.GroupBy(a => string.Join('/', a.Path.Split('/').Take(depth + 1)),
            StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var shares = Of(room, groups.ConvertAll(g => (g.Sum(a => a.Want),
            g.First().Path == g.Key ? g.First().Weight : weightOf(g.Key))));
        var given = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var i = 0; i < groups.Count; i++)
        {
            var (group, share) = (groups[i], shares[i]);
            if (group.First().Path == group.Key)
            {
                given[group.Key] = share;
                continue;
            }
            foreach (var (path, part) in Of(share, [.. group], weightOf, depth + 1))
            {
                given[path] = part;
            }
        }
        return given;
    }
}
