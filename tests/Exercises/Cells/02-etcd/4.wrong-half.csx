// exercise: 02-etcd/4  (4 points, optional)
// says: on 2 of 4 disks: not more than half
Exercise.Check("02-etcd/4", (Seq<long> stored, Func<long, long> termAt, long term, long commit) =>
{
    var sorted = stored.Order().ToList();
    var most = sorted[sorted.Count / 2];
    return most > commit && termAt(most) == term ? most : commit;
})
