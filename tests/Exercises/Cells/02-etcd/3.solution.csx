// why: one vote a term makes one leader a term. A committed entry is on more than half of the disks,
// why: so one of any majority has it, and refuses whoever does not.
// exercise: 02-etcd/3  (4 points)
Exercise.Check("02-etcd/3", (RaftMember me, RaftMessage ask) =>
{
    var lastTerm = me.Log.Count > 0 ? me.Log[^1].Term : 0;
    var free = ask.Term > me.Term
        || (ask.Term == me.Term && (me.Vote == 0 || me.Vote == ask.From));
    return free && (ask.LogTerm > lastTerm
        || (ask.LogTerm == lastTerm && ask.Index >= me.LastIndex));
})
