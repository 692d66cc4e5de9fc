// exercise: 02-etcd/2  (5 points)
// says: you list everything each time
Exercise.Check("02-etcd/2", (Dictionary<string, string> cache, long seen, ClusterEtcd etcd) =>
{
    cache.Clear();
    foreach (var kv in etcd.Range("/paint/")) cache[kv.Key] = kv.Value;
    return etcd.Revision.Value;
})
