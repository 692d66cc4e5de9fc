// exercise: 02-etcd/5  (3 points, optional)
// says: expected sha256
Exercise.Check("02-etcd/5", (Cluster cluster, Seq<byte[]> backups) =>
{
    cluster.Etcd.Restore(backups.OrderBy(b => b.Length).Last());
})
