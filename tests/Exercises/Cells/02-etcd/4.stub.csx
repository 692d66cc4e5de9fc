// exercise: 02-etcd/4  (4 points, optional)
// Up to which index may the leader of `term` call the log committed? Until now it was `commit`.
// `stored` says for each member, the leader among them, up to where its disk has the leader's log.
Exercise.Check("02-etcd/4", (Seq<long> stored, Func<long, long> termAt, long term, long commit) =>
{
    return Todo.Long();   // YOUR CODE; termAt(index) is the term of an entry of the leader's log
})
