namespace KubeSim;

/// <summary>A log: a snapshot, and the entries after it. A member has one in memory and one on its
/// disk.</summary>
internal sealed class RaftLog
{
    private readonly List<RaftEntry> entries = [];

    public RaftSnapshot Snapshot { get; private set; } = RaftSnapshot.Empty;

    public int Count => entries.Count;

    public long First => Snapshot.Index + 1;

    public long Last => Snapshot.Index + entries.Count;

    public long LastTerm => entries.Count > 0 ? entries[^1].Term : Snapshot.Term;

    /// <summary>The term of the entry at an index, -1 where there is none (any more).</summary>
    public long TermAt(long index) => index == Snapshot.Index ? Snapshot.Term
        : index < First || index > Last ? -1 : entries[(int)(index - First)].Term;

    /// <summary>Writes an entry at its index; what lay there and behind goes.</summary>
    public void Put(RaftEntry entry)
    {
        var at = (int)(entry.Index - First);
        entries.RemoveRange(at, entries.Count - at);
        entries.Add(entry);
    }

    /// <summary>The entries from one index to another, both in it.</summary>
    public Seq<RaftEntry> Slice(long from, long to) => to < from ? []
        : entries.GetRange((int)(from - First), (int)(to - from + 1)).ToSeq();

    /// <summary>Puts a state in the place of the entries up to its index; entries behind it stay if
    /// the one at its index is the one that the state contains.</summary>
    public void Install(RaftSnapshot state)
    {
        var fits = TermAt(state.Index) == state.Term;
        entries.RemoveRange(0, fits ? (int)(state.Index - Snapshot.Index) : entries.Count);
        Snapshot = state;
    }
}

/// <summary>What of a member survives a crash.</summary>
internal sealed class RaftDisk
{
    public RaftHardState Hard { get; private set; }

    public RaftLog Log { get; } = new();

    public void Write(RaftReady ready)
    {
        Hard = ready.Hard;
        if (ready.Snapshot is { } state)
        {
            Log.Install(state);
        }
        foreach (var entry in ready.Append)
        {
            Log.Put(entry);
        }
    }
}
