// exercise: 02-etcd/2  (5 points)
// says: required revision has been compacted
Exercise.Check("02-etcd/2", (Dictionary<string, string> cache, long seen, ClusterEtcd etcd) =>
{
    if (seen > 0)
    {
        using var watch = etcd.Watch("/paint/", seen + 1);
        while (watch.TryNext(out var change))
        {
            if (change.Type == "PUT") cache[change.Kv.Key] = change.Kv.Value;
            else cache.Remove(change.Kv.Key);
        }
        return watch.At.Value;
    }
    foreach (var kv in etcd.Range("/paint/")) cache[kv.Key] = kv.Value;
    return etcd.Revision.Value;
})
