namespace KubeSim;

/// <summary>What a member of a Raft group is just now.</summary>
public enum RaftRole
{
    /// <summary>It takes what a leader sends.</summary>
    Follower,

    /// <summary>It asks whether it could win, before it disturbs anybody with a new term.</summary>
    PreCandidate,

    /// <summary>It asks for votes in a term of its own.</summary>
    Candidate,

    /// <summary>It alone appends to the log.</summary>
    Leader,
}

/// <summary>What members say to one another. A heartbeat is an Append, with or without entries
/// (paper, section 5.2).</summary>
public enum RaftMessageType
{
    /// <summary>Would you vote for me in the next term?</summary>
    PreVote,

    /// <summary>The answer to that.</summary>
    PreVoteReply,

    /// <summary>Vote for me in this term (RequestVote).</summary>
    Vote,

    /// <summary>The answer to that.</summary>
    VoteReply,

    /// <summary>Entries after a place in the log, and how far the log is committed
    /// (AppendEntries).</summary>
    Append,

    /// <summary>The answer to an Append or a Snapshot.</summary>
    AppendReply,

    /// <summary>The state instead of entries that are compacted away (InstallSnapshot).</summary>
    Snapshot,
}

/// <summary>One entry of the replicated log. The entry that a new leader begins its term with is
/// empty (paper, section 8).</summary>
public sealed record RaftEntry(long Index, long Term, string Data)
{
    /// <summary>Term and content, as pictures of the log show it: <c>3:x=1</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Term}:{Data}");
}

/// <summary>The state of the machine that the log drives, in the place of the entries up to an
/// index (paper, section 7).</summary>
public sealed record RaftSnapshot(long Index, long Term, Seq<string> State)
{
    /// <summary>Before the first entry.</summary>
    public static RaftSnapshot Empty { get; } = new(0, 0, []);
}

/// <summary>What a member must not forget in a crash, besides its log (paper, figure 2): the term,
/// for whom it voted in it (0: nobody), and how far it knows the log to be committed.</summary>
public readonly record struct RaftHardState(long Term, int Vote, long Commit);

/// <summary>A message from one member to another.</summary>
public sealed record RaftMessage(RaftMessageType Type, int From, int To, long Term)
{
    /// <summary>Of a vote: the candidate's last index. Of an Append: the index before its entries.
    /// Of a reply: the index that is stored, or the one that was refused.</summary>
    public long Index { get; init; }

    /// <summary>The term of the entry at <see cref="Index"/>.</summary>
    public long LogTerm { get; init; }

    /// <summary>The entries after <see cref="Index"/>.</summary>
    public Seq<RaftEntry> Entries { get; init; }

    /// <summary>Up to where the leader knows the log to be committed.</summary>
    public long Commit { get; init; }

    /// <summary>True for a refusal.</summary>
    public bool Reject { get; init; }

    /// <summary>Of a refused Append: the last index at which the logs may still agree.</summary>
    public long Hint { get; init; }

    /// <summary>Of a Snapshot: the state.</summary>
    public RaftSnapshot? Snapshot { get; init; }

    /// <summary>The message in short: <c>Append m1→m2 term 3 after 4:2 [3:x=1] commit 4</c>.
    /// </summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Type} m{From}→m{To} term {Term}{Detail}");

    private string Detail => Type switch
    {
        RaftMessageType.Vote or RaftMessageType.PreVote => FormattableString.Invariant(
            $" last {Index}:{LogTerm}"),
        RaftMessageType.Append => FormattableString.Invariant(
            $" after {Index}:{LogTerm} {Entries} commit {Commit}"),
        RaftMessageType.Snapshot => FormattableString.Invariant($" up to {Snapshot!.Index}"),
        RaftMessageType.AppendReply when Reject => FormattableString.Invariant(
            $" no: {Index}, perhaps {Hint}"),
        RaftMessageType.AppendReply => FormattableString.Invariant($" stored {Index}"),
        _ => Reject ? " no" : " yes",
    };
}

/// <summary>The work that a member hands out after an input. Whoever drives it first writes
/// <see cref="Hard"/>, <see cref="Snapshot"/> and <see cref="Append"/> to the disk, then sends the
/// messages, then applies what is committed: a vote or an acknowledgement that left before it was
/// on disk would be a promise that a crash breaks.</summary>
public sealed record RaftReady
{
    /// <summary>Term, vote and commit as they are now.</summary>
    public RaftHardState Hard { get; init; }

    /// <summary>A state that takes the place of the log; null for none.</summary>
    public RaftSnapshot? Snapshot { get; init; }

    /// <summary>Entries to put on disk, over any that lie at or behind the first one's
    /// index.</summary>
    public Seq<RaftEntry> Append { get; init; }

    /// <summary>Messages to send.</summary>
    public Seq<RaftMessage> Messages { get; init; }

    /// <summary>Entries that are committed now, in order, each once in the life of a
    /// process.</summary>
    public Seq<RaftEntry> Committed { get; init; }

    /// <summary>What the member did and why, a sentence each.</summary>
    public Seq<string> Told { get; init; }
}

/// <summary>How the members of a group behave. The numbers are etcd's: a tick is 100 ms, the
/// leader's heartbeat comes every tick, and a follower waits 10 to 19 ticks for one.</summary>
public sealed record RaftOptions
{
    /// <summary>The shortest election timeout in ticks; each wait is drawn from it up to twice of
    /// it.</summary>
    public int ElectionTicks { get; init; } = 10;

    /// <summary>Ticks from heartbeat to heartbeat.</summary>
    public int HeartbeatTicks { get; init; } = 1;

    /// <summary>Ask before starting a term, so that a member that was cut off does not depose a
    /// healthy leader when it comes back (thesis, section 9.6).</summary>
    public bool PreVote { get; init; } = true;

    /// <summary>A leader that hears from no quorum steps down, and who hears from a leader lets
    /// nobody else have its vote (paper, section 6).</summary>
    public bool CheckQuorum { get; init; } = true;

    /// <summary>The log is compacted into a snapshot when it holds more entries; 0: only when asked
    /// to.</summary>
    public int SnapshotEvery { get; init; }

    /// <summary>The most entries in one Append.</summary>
    public int EntriesPerMessage { get; init; } = 64;
}
