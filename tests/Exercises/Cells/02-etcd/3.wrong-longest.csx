// exercise: 02-etcd/3  (4 points)
// says: its log ends at 4:1, ours at 2:2
Exercise.Check("02-etcd/3", (RaftMember me, RaftMessage ask) =>
{
    var free = ask.Term > me.Term
        || (ask.Term == me.Term && (me.Vote == 0 || me.Vote == ask.From));
    return free && ask.Index >= me.LastIndex;
})
