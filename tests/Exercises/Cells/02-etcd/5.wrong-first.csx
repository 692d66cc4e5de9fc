// exercise: 02-etcd/5  (3 points, optional)
// says: The Deployments that are back: a b. The newest
Exercise.Check("02-etcd/5", (Cluster cluster, Seq<byte[]> backups) =>
{
    foreach (var backup in backups)
    {
        try { cluster.Etcd.Restore(backup); return; }
        catch (EtcdException) { }
    }
})
