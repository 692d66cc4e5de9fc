// exercise: 02-etcd/3  (4 points)
// says: its log ends at 1:1, ours at 2:1
Exercise.Check("02-etcd/3", (RaftMember me, RaftMessage ask) =>
{
    return ask.Term > me.Term
        || (ask.Term == me.Term && (me.Vote == 0 || me.Vote == ask.From));
})
