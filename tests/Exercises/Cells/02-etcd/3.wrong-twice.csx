// exercise: 02-etcd/3  (4 points)
// says: it voted for m3 already
Exercise.Check("02-etcd/3", (RaftMember me, RaftMessage ask) =>
{
    var lastTerm = me.Log.Count > 0 ? me.Log[^1].Term : 0;
    return ask.Term >= me.Term && (ask.LogTerm > lastTerm
        || (ask.LogTerm == lastTerm && ask.Index >= me.LastIndex));
})
