// why: a backup that nobody has tried to read is a hope. The revision inside tells how new it is;
// why: the order of files does not.
// exercise: 02-etcd/5  (3 points, optional)
Exercise.Check("02-etcd/5", (Cluster cluster, Seq<byte[]> backups) =>
{
    byte[] best = null;
    var newest = -1L;
    foreach (var backup in backups)
    {
        try
        {
            var revision = ClusterEtcd.StatusOf(backup).Revision;
            if (revision > newest) (best, newest) = (backup, revision);
        }
        catch (EtcdException) { }   // damaged
    }
    cluster.Etcd.Restore(best);
})
