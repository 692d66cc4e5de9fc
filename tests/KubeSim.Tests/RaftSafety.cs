namespace KubeSim.Tests;

/// <summary>The five properties of figure 3 of the Raft paper, looked at after every step of a
/// group. What was true once is kept, so that a later step that contradicts it is found.</summary>
internal sealed class RaftSafety(RaftGroup group)
{
    private readonly Dictionary<long, int> leaders = [];
    private readonly Dictionary<(long Index, long Term), ulong> prefixes = [];
    private readonly SortedDictionary<long, (RaftEntry Entry, long Since)> committed = [];
    private readonly Dictionary<long, RaftEntry> applied = [];
    private readonly (RaftMember? Member, long Term, Seq<RaftEntry> Log)[] last =
        new (RaftMember?, long, Seq<RaftEntry>)[group.Size + 1];
    private readonly long[] seen = new long[group.Size + 1];

    /// <summary>How many entries the group has committed.</summary>
    public int Committed => committed.Count;

    /// <summary>How many terms had a leader.</summary>
    public int Terms => leaders.Count;

    /// <summary>Null, or which property is broken and how.</summary>
    public string? Broken()
    {
        foreach (var member in group.Up)
        {
            var before = last[member.Id];
            var log = member.Log;
            var grown = before.Member != member || !before.Log.Equals(log);
            var broken = ElectionSafety(member) ?? AppendOnly(member, before, log)
                ?? (grown ? LogMatching(member, log) : null) ?? StateMachineSafety(member)
                ?? Completeness(member, before);
            if (broken is not null)
            {
                return $"{broken}\n{group}";
            }
            last[member.Id] = (member, member.Role == RaftRole.Leader ? member.Term : 0, log);
        }
        return null;
    }

    // At most one leader can be elected in a given term.
    private string? ElectionSafety(RaftMember member)
    {
        if (member.Role != RaftRole.Leader)
        {
            return null;
        }
        leaders.TryAdd(member.Term, member.Id);
        var first = leaders[member.Term];
        return first == member.Id ? null
            : $"election safety: m{first} and m{member.Id} both lead term {member.Term}";
    }

    // A leader never overwrites or deletes entries in its log.
    private static string? AppendOnly(RaftMember member,
        (RaftMember? Member, long Term, Seq<RaftEntry> Log) before, Seq<RaftEntry> log)
    {
        if (before.Member != member || before.Term != member.Term
            || member.Role != RaftRole.Leader)
        {
            return null;
        }
        foreach (var entry in before.Log)
        {
            if (entry.Index > member.Snapshot.Index
                && member.TermAt(entry.Index) != entry.Term)
            {
                return $"leader append-only: m{member.Id} lost {entry.Index}:{entry}";
            }
        }
        return log.IsEmpty && !before.Log.IsEmpty && member.Snapshot.Index < before.Log[^1].Index
            ? $"leader append-only: m{member.Id} lost its log" : null;
    }

    // If two logs contain an entry with the same index and term, they are the same up to there.
    private string? LogMatching(RaftMember member, Seq<RaftEntry> log)
    {
        var at = (member.Snapshot.Index, member.Snapshot.Term);
        var digest = at.Index == 0 ? Digest.Start : prefixes.GetValueOrDefault(at);
        foreach (var entry in log)
        {
            digest = Digest.Mix(Digest.Mix(digest, entry.Term), entry.Data);
            if (!prefixes.TryAdd((entry.Index, entry.Term), digest)
                && prefixes[(entry.Index, entry.Term)] != digest)
            {
                return $"log matching: m{member.Id} has {entry.Index}:{entry} behind another log";
            }
        }
        return null;
    }

    // A committed entry is in the logs of the leaders of all later terms.
    private string? Completeness(RaftMember member,
        (RaftMember? Member, long Term, Seq<RaftEntry> Log) before)
    {
        if (member.Role != RaftRole.Leader || before.Term == member.Term)
        {
            return null;
        }
        foreach (var (index, (entry, since)) in committed)
        {
            if (since < member.Term && index > member.Snapshot.Index
                && member.TermAt(index) != entry.Term)
            {
                return $"leader completeness: m{member.Id} leads term {member.Term} without "
                    + $"{index}:{entry}";
            }
        }
        return null;
    }

    // No two members apply different entries at an index.
    private string? StateMachineSafety(RaftMember member)
    {
        // A member that was down applies what is behind its snapshot once more.
        var from = last[member.Id].Member == member ? seen[member.Id] : 0;
        foreach (var entry in member.Log)
        {
            if (entry.Index > member.Applied || entry.Index <= from)
            {
                continue;
            }
            committed.TryAdd(entry.Index, (entry, member.Term));
            applied.TryAdd(entry.Index, entry);
            if (applied[entry.Index] != entry)
            {
                return $"state machine safety: m{member.Id} applies {entry.Index}:{entry}, another "
                    + $"applied {applied[entry.Index]}";
            }
        }
        seen[member.Id] = member.Applied;
        return null;
    }
}

/// <summary>A run of a group in which everything goes wrong that the paper allows.</summary>
internal sealed class RaftStorm
{
    private readonly Prng chance;
    private readonly int calm;
    private int proposals;

    public RaftStorm(ulong seed, RaftOptions? options = null)
    {
        chance = new Prng(seed).Fork("storm");
        Group = new(1 + 2 * chance.Next(3), seed, options ?? new()
        {
            PreVote = chance.Next(2) == 0, CheckQuorum = chance.Next(2) == 0,
            ElectionTicks = 3 + chance.Next(8), EntriesPerMessage = 1 + chance.Next(4),
            SnapshotEvery = chance.Next(3) == 0 ? 4 : 0,
        });
        // Some storms rage, some let the group work in between.
        calm = 40 + chance.Next(50);
        Safety = new(Group);
    }

    public RaftGroup Group { get; }

    public RaftSafety Safety { get; }

    /// <summary>So many random steps; null, or the property that broke and after what.</summary>
    public string? Rage(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var step = Next();
            if (Safety.Broken() is { } broken)
            {
                return $"step {i}: {broken}after {step}";
            }
        }
        return null;
    }

    /// <summary>Everything is mended; null, or what did not come right.</summary>
    public string? Calm()
    {
        Group.Heal();
        for (var id = 1; id <= Group.Size; id++)
        {
            Group.Restart(id);
        }
        for (var round = 0; round < 100; round++)
        {
            Group.Run(10);
            if (Group.Leader is { } leader
                && Group.Up.All(m => m.Commit == leader.LastIndex && m.Term == leader.Term))
            {
                return Safety.Broken() ?? SameStates();
            }
        }
        return $"no leader whom all follow:\n{Group}";
    }

    private string? SameStates()
    {
        var first = Group.Applied(1);
        return Enumerable.Range(1, Group.Size).All(id => Group.Applied(id).SequenceEqual(first))
            ? null : $"the state machines differ:\n{Group}";
    }

    private RaftStep Next()
    {
        var flight = Group.InFlight;
        var member = 1 + chance.Next(Group.Size);
        var what = chance.Next(100);
        if (flight.Count > 0 && (what < calm || flight.Count > 60))
        {
            // Usually the oldest, sometimes any: that is reordering.
            var at = chance.Next(3) > 0 ? 0 : chance.Next(flight.Count);
            var number = flight[at].Number;
            return chance.Next(100 - calm / 2) switch
            {
                < 4 => Group.Drop(number),
                < 8 => Group.Duplicate(number),
                < 10 => Group.Delay(number),
                _ => Group.Deliver(number),
            };
        }
        return chance.Next(40) switch
        {
            0 => Group.Crash(member),
            1 or 2 => Group.Restart(member),
            3 => Group.Partition([.. Enumerable.Range(1, Group.Size)
                .Where(_ => chance.Next(2) == 0)]),
            4 or 5 => Group.Heal(),
            6 => Group.Compact(member),
            < 14 => Group.Propose(Group.Leader?.Id ?? member, $"x={++proposals}"),
            < 26 => Group.Tick(),
            _ => Group.Tick(member),
        };
    }
}
