// exercise: 02-etcd/3  (4 points)
// May I give m{ask.From} my vote in term ask.Term? Its log ends at ask.Index, in term ask.LogTerm.
Exercise.Check("02-etcd/3", (RaftMember me, RaftMessage ask) =>
{
    return Todo.Bool();   // YOUR CODE; me.Term, me.Vote, me.Log and me.LastIndex help
})
