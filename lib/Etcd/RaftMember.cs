using System.Runtime.CompilerServices;

namespace KubeSim;

/// <summary>
/// One member of a Raft group: how several machines keep one log although any of them may stop, and
/// the network may lose, repeat, delay and reorder what they send. etcd is this log with a
/// <see cref="EtcdStore"/> at its end.
/// <para>Time is cut into <b>terms</b>; a term has at most one <b>leader</b>, since a member votes
/// once a term and a leader needs the votes of more than half. Only the leader appends. An entry is
/// <b>committed</b> when more than half have it on disk; any later winner needs a vote from one of
/// these, and nobody votes for a log that is behind its own. So no committed entry is ever
/// lost.</para>
/// <para>Worked example, five members: m1 leads term 2 and has sent entry 7 to m2 only when it
/// stops. m3 times out and asks in term 3. m2 refuses (m3's log ends at 6, its own at 7), m4 and m5
/// agree: three of five. Entry 7, which two of five had, was not committed; the leader m3
/// overwrites it on m2.</para>
/// <para>The subtle rule (section 5.4.2): a leader counts copies only of entries of its own term;
/// older ones are committed along with those. Figure 8 of the paper shows what goes wrong
/// otherwise.</para>
/// <para>The member is a pure machine: inputs are <see cref="Tick"/>, <see cref="Step"/> and
/// <see cref="Propose"/>, and <see cref="TakeReady"/> says what to write, send and apply. It knows
/// no clock, no network, no disk.</para>
/// Models go.etcd.io/raft raft.go, and Ongaro and Ousterhout, "In Search of an Understandable
/// Consensus Algorithm", 2014 ("the paper"); Ongaro's thesis for PreVote.
/// </summary>
public sealed class RaftMember
{
    private readonly RaftOptions options;
    private readonly Prng random;
    private readonly RaftLog log = new();
    private readonly List<RaftMessage> messages = [];
    private readonly List<string> told = [];
    private readonly int size;
    private readonly bool?[] votes;     // what each member answered in this election
    private readonly long[] match;      // up to where each member's log is known to be ours
    private readonly long[] next;       // what to send to each member next
    private readonly bool[] active;     // who was heard from since the last check
    private RaftSnapshot? installed;
    private long unwritten;             // the first index that is not handed out to the disk
    private int elapsed;                // ticks since the leader was heard, or since the last check
    private int sinceHeartbeat;
    private int timeout;

    internal RaftMember(int id, int size, RaftDisk disk, Prng random, RaftOptions options)
    {
        (Id, this.size, this.random, this.options) = (id, size, random, options);
        (votes, active) = (new bool?[size + 1], new bool[size + 1]);
        (match, next) = (new long[size + 1], new long[size + 1]);
        log.Install(disk.Log.Snapshot);
        foreach (var entry in disk.Log.Slice(disk.Log.First, disk.Log.Last))
        {
            log.Put(entry);
        }
        (Term, Vote, Commit) = (disk.Hard.Term, disk.Hard.Vote, disk.Hard.Commit);
        (Applied, unwritten) = (log.Snapshot.Index, log.Last + 1);
        Wait();
    }

    /// <summary>Its number, from 1.</summary>
    public int Id { get; }

    /// <summary>What it is just now.</summary>
    public RaftRole Role { get; private set; }

    /// <summary>The latest term that it knows of.</summary>
    public long Term { get; private set; }

    /// <summary>For whom it voted in this term; 0: nobody yet.</summary>
    public int Vote { get; private set; }

    /// <summary>Who leads, as far as it knows; 0: nobody.</summary>
    public int Leader { get; private set; }

    /// <summary>Up to where it knows the log to be committed.</summary>
    public long Commit { get; private set; }

    /// <summary>Up to where it has handed the log out to be applied.</summary>
    public long Applied { get; private set; }

    /// <summary>The index of the last entry.</summary>
    public long LastIndex => log.Last;

    /// <summary>The entries that it holds after its snapshot.</summary>
    public Seq<RaftEntry> Log => log.Slice(log.First, log.Last);

    /// <summary>The state that stands for the entries before <see cref="Log"/>.</summary>
    public RaftSnapshot Snapshot => log.Snapshot;

    private int Quorum => size / 2 + 1;

    /// <summary>A tick of its clock passes.</summary>
    public void Tick()
    {
        elapsed++;
        if (Role != RaftRole.Leader)
        {
            if (elapsed >= timeout)
            {
                Campaign();
            }
            return;
        }
        if (options.CheckQuorum && elapsed >= options.ElectionTicks)
        {
            elapsed = 0;
            active[Id] = true;
            if (active.Count(heard => heard) < Quorum)
            {
                Tell($"steps down in term {Term}: it hears from no quorum");
                Follow(Term, 0);
                return;
            }
            Array.Clear(active);
        }
        if (++sinceHeartbeat >= options.HeartbeatTicks)
        {
            sinceHeartbeat = 0;
            Broadcast();
        }
    }

    /// <summary>Stands for election now, as after an election timeout.</summary>
    public void Campaign()
    {
        if (Role == RaftRole.Leader)
        {
            return;
        }
        if (options.PreVote)
        {
            (Role, Leader) = (RaftRole.PreCandidate, 0);
            Tell($"hears no leader: it asks who would vote for it in term {Term + 1}");
            Ask(RaftMessageType.PreVote, Term + 1);
        }
        else
        {
            Stand();
        }
    }

    /// <summary>Appends to the log, if it leads; returns the index, or 0.</summary>
    public long Propose(string data)
    {
        if (Role != RaftRole.Leader)
        {
            Tell($"drops \"{data}\": it does not lead");
            return 0;
        }
        Append(data);
        Tell($"appends \"{data}\" at {log.Last} in term {Term}");
        Broadcast();
        return log.Last;
    }

    /// <summary>A message arrives.</summary>
    public void Step(RaftMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.Term > Term && !Advance(message))
        {
            return;
        }
        if (message.Term < Term)
        {
            Outdated(message);
            return;
        }
        switch (message.Type)
        {
            case RaftMessageType.PreVote or RaftMessageType.Vote:
                Judge(message);
                break;
            case RaftMessageType.PreVoteReply or RaftMessageType.VoteReply:
                Count(message);
                break;
            case RaftMessageType.Append:
                Obey(message);
                Store(message);
                break;
            case RaftMessageType.Snapshot:
                Obey(message);
                Restore(message);
                break;
            case RaftMessageType.AppendReply when Role == RaftRole.Leader:
                Learn(message);
                break;
        }
    }

    /// <summary>Puts a state in the place of the applied entries up to an index.</summary>
    internal void Compact(RaftSnapshot state)
    {
        log.Install(state);
        (installed, unwritten) = (state, log.Last + 1);
    }

    internal long TermAt(long index) => log.TermAt(index);

    /// <summary>What is to be done since the last call.</summary>
    public RaftReady TakeReady()
    {
        var ready = new RaftReady
        {
            Hard = new(Term, Vote, Commit), Snapshot = installed,
            Append = log.Slice(unwritten, log.Last), Messages = messages.ToSeq(),
            Committed = log.Slice(Applied + 1, Commit), Told = told.ToSeq(),
        };
        (installed, unwritten, Applied) = (null, log.Last + 1, Commit);
        messages.Clear();
        told.Clear();
        return ready;
    }

    // A message of a later term. False when it must not count: a candidate disturbs a member that
    // hears its leader.
    private bool Advance(RaftMessage message)
    {
        var asks = message.Type is RaftMessageType.Vote or RaftMessageType.PreVote;
        if (asks && options.CheckQuorum && Leader != 0 && elapsed < options.ElectionTicks)
        {
            Tell($"does not hear m{message.From} out: it has heard its leader m{Leader} lately");
            return false;
        }
        // A question about a term, and a yes to one's own question, begin none.
        if (message.Type != RaftMessageType.PreVote
            && (message.Type != RaftMessageType.PreVoteReply || message.Reject))
        {
            if (Role != RaftRole.Follower)
            {
                Tell($"gives up: m{message.From} is in term {message.Term} already");
            }
            var leads = message.Type is RaftMessageType.Append or RaftMessageType.Snapshot;
            Follow(message.Term, leads ? message.From : 0);
        }
        else if (message.Type == RaftMessageType.PreVoteReply)
        {
            Count(message);
            return false;
        }
        else
        {
            Judge(message);
            return false;
        }
        return true;
    }

    // Whoever speaks in an old term learns of the new one, so that an old leader steps down.
    private void Outdated(RaftMessage message)
    {
        switch (message.Type)
        {
            case RaftMessageType.Append or RaftMessageType.Snapshot:
                Tell($"refuses m{message.From}: term {message.Term} is over");
                Send(new(RaftMessageType.AppendReply, Id, message.From, Term)
                {
                    Reject = true, Index = message.Index,
                });
                break;
            case RaftMessageType.Vote or RaftMessageType.PreVote:
                Tell($"refuses m{message.From} its vote: term {message.Term} is over");
                Answer(message, false);
                break;
        }
    }

    private void Follow(long term, int leader)
    {
        if (term > Term)
        {
            (Term, Vote) = (term, 0);
        }
        (Role, Leader) = (RaftRole.Follower, leader);
        Wait();
    }

    private void Wait() => (elapsed, timeout) =
        (0, options.ElectionTicks + random.Next(options.ElectionTicks));

    private void Stand()
    {
        (Role, Term, Vote, Leader) = (RaftRole.Candidate, Term + 1, Id, 0);
        Tell($"stands for election in term {Term}");
        Ask(RaftMessageType.Vote, Term);
    }

    private void Ask(RaftMessageType type, long term)
    {
        Wait();
        Array.Clear(votes);
        votes[Id] = true;
        foreach (var to in Others())
        {
            Send(new(type, Id, to, term) { Index = log.Last, LogTerm = log.LastTerm });
        }
        Decide();
    }

    // Section 5.4.1: the later last term wins; in one term, the longer log.
    private void Judge(RaftMessage ask)
    {
        var pre = ask.Type == RaftMessageType.PreVote;
        var free = Vote == ask.From || (Vote == 0 && Leader == 0) || (pre && ask.Term > Term);
        var upToDate = ask.LogTerm > log.LastTerm
            || (ask.LogTerm == log.LastTerm && ask.Index >= log.Last);
        var grants = free && upToDate;
        var (yes, no) = pre ? ("would vote", "would not vote") : ("votes", "does not vote");
        var why = grants ? "its log is as up to date" : WhyNot(ask, upToDate);
        Tell($"{(grants ? yes : no)} for m{ask.From} in term {ask.Term}: {why}");
        if (grants && !pre)
        {
            Vote = ask.From;
            elapsed = 0;
        }
        Answer(ask, grants);
    }

    private string WhyNot(RaftMessage ask, bool upToDate) => upToDate
        ? FormattableString.Invariant($"it voted for m{(Vote == 0 ? Leader : Vote)} already")
        : FormattableString.Invariant($"its log ends at {ask.Index}:{ask.LogTerm}, ")
            + FormattableString.Invariant($"ours at {log.Last}:{log.LastTerm}");

    private void Answer(RaftMessage ask, bool grants)
    {
        var pre = ask.Type == RaftMessageType.PreVote;
        Send(new(pre ? RaftMessageType.PreVoteReply : RaftMessageType.VoteReply, Id, ask.From,
            pre && grants ? ask.Term : Term) { Reject = !grants });
    }

    private void Count(RaftMessage reply)
    {
        var pre = Role == RaftRole.PreCandidate && reply.Type == RaftMessageType.PreVoteReply
            && reply.Term == (reply.Reject ? Term : Term + 1);
        if (pre || (Role == RaftRole.Candidate && reply.Type == RaftMessageType.VoteReply))
        {
            votes[reply.From] ??= !reply.Reject;
            Decide();
        }
    }

    private void Decide()
    {
        if (votes.Count(v => v == true) >= Quorum)
        {
            if (Role == RaftRole.PreCandidate)
            {
                Stand();
            }
            else
            {
                Lead();
            }
        }
        else if (votes.Count(v => v == false) >= Quorum)
        {
            Tell($"does not win term {Term}: a quorum said no");
            Follow(Term, 0);
        }
    }

    private void Lead()
    {
        (Role, Leader, elapsed, sinceHeartbeat) = (RaftRole.Leader, Id, 0, 0);
        Array.Clear(match);
        Array.Clear(active);
        Array.Fill(next, log.Last + 1);
        Tell($"leads term {Term} with {votes.Count(v => v == true)} of {size} votes");
        Append("");
        Broadcast();
    }

    private void Append(string data)
    {
        log.Put(new(log.Last + 1, Term, data));
        match[Id] = log.Last;
        CommitWhatMost();
    }

    private void Broadcast()
    {
        foreach (var to in Others())
        {
            SendTo(to);
        }
    }

    // All that a member lacks, as far as we know; nothing new makes it a heartbeat.
    private void SendTo(int to)
    {
        var before = next[to] - 1;
        if (log.TermAt(before) < 0)
        {
            Tell($"sends m{to} its snapshot: entry {before + 1} is compacted away");
            Send(new(RaftMessageType.Snapshot, Id, to, Term)
            {
                Snapshot = log.Snapshot, Index = log.Snapshot.Index, Commit = Commit,
            });
            next[to] = log.Snapshot.Index + 1;
            return;
        }
        var entries = log.Slice(next[to],
            Math.Min(log.Last, before + options.EntriesPerMessage));
        Send(new(RaftMessageType.Append, Id, to, Term)
        {
            Index = before, LogTerm = log.TermAt(before), Entries = entries, Commit = Commit,
        });
        next[to] += entries.Count;
    }

    private void Obey(RaftMessage message)
    {
        if (Role != RaftRole.Follower || Leader != message.From)
        {
            Tell($"follows m{message.From} in term {Term}");
            Follow(Term, message.From);
        }
        elapsed = 0;
    }

    // Section 5.3: entries are taken only behind an entry that both logs have.
    private void Store(RaftMessage append)
    {
        if (append.Index < Commit)
        {
            Stored(append.From, Commit);
            return;
        }
        if (log.TermAt(append.Index) != append.LogTerm)
        {
            var hint = Math.Min(append.Index - 1, log.Last);
            var wrong = log.TermAt(append.Index);
            // A whole term that does not fit is skipped at once.
            while (hint > Commit && log.TermAt(hint) == wrong)
            {
                hint--;
            }
            Tell($"refuses entries after {append.Index}: its log does not have "
                + $"{append.Index}:{append.LogTerm}");
            Send(new(RaftMessageType.AppendReply, Id, append.From, Term)
            {
                Reject = true, Index = append.Index, Hint = Math.Max(hint, Commit),
            });
            return;
        }
        foreach (var entry in append.Entries)
        {
            Take(entry);
        }
        var stored = append.Index + append.Entries.Count;
        CommitTo(Math.Min(append.Commit, stored));
        Stored(append.From, stored);
    }

    private void Take(RaftEntry entry)
    {
        var have = log.TermAt(entry.Index);
        if (have == entry.Term)
        {
            return;
        }
        if (have >= 0)
        {
            Tell($"drops its entries from {entry.Index} on: they were never committed");
        }
        log.Put(entry);
        unwritten = Math.Min(unwritten, entry.Index);
        Tell($"stores {entry.Index}:{entry.Term} \"{entry.Data}\"");
    }

    private void Restore(RaftMessage message)
    {
        var state = message.Snapshot!;
        if (state.Index > Commit)
        {
            Compact(state);
            (Commit, Applied) = (state.Index, state.Index);
            Tell($"takes over the state up to {state.Index}");
        }
        Stored(message.From, Math.Max(Commit, state.Index));
    }

    private void Stored(int leader, long index) =>
        Send(new(RaftMessageType.AppendReply, Id, leader, Term) { Index = index });

    private void Learn(RaftMessage reply)
    {
        var from = reply.From;
        active[from] = true;
        if (!reply.Reject)
        {
            if (reply.Index > match[from])
            {
                match[from] = reply.Index;
                next[from] = Math.Max(next[from], reply.Index + 1);
                CommitWhatMost();
            }
            if (next[from] <= log.Last)
            {
                SendTo(from);
            }
        }
        else if (reply.Index > match[from])
        {
            next[from] = Math.Max(match[from], Math.Min(reply.Index - 1, reply.Hint)) + 1;
            SendTo(from);
        }
    }

    // Section 5.4.2: copies count only for entries of the leader's own term.
    private void CommitWhatMost()
    {
        var sorted = match[1..];
        Array.Sort(sorted);
        var most = sorted[size - Quorum];
        if (most > Commit && log.TermAt(most) == Term)
        {
            CommitTo(most);
            Broadcast();
        }
    }

    private void CommitTo(long index)
    {
        if (index > Commit)
        {
            Commit = index;
            Tell($"knows the log to be committed up to {index}");
        }
    }

    private IEnumerable<int> Others()
    {
        for (var id = 1; id <= size; id++)
        {
            if (id != Id)
            {
                yield return id;
            }
        }
    }

    private void Send(RaftMessage message) => messages.Add(message);

    private void Tell(DefaultInterpolatedStringHandler what) =>
        told.Add($"m{Id} {what.ToStringAndClear()}");
}
