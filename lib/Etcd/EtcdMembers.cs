using System.Globalization;

namespace KubeSim;

/// <summary>A refusal of etcd, in its words. The API server hands them on with code 500 and no
/// reason, so that kubectl prints <c>Error from server: etcdserver: request timed out</c>.
/// </summary>
/// <remarks>Models api/v3rpc/rpctypes/error.go.</remarks>
public sealed class EtcdException(string message) : Exception(message)
{
    private const string Deadline = "context deadline exceeded";

    /// <summary>True when no member answered at all.</summary>
    public bool IsUnreachable => Message == Deadline;

    internal static EtcdException Compacted =>
        new("etcdserver: mvcc: required revision has been compacted");

    internal static EtcdException Future =>
        new("etcdserver: mvcc: required revision is a future revision");

    internal static EtcdException LeaseNotFound => new("etcdserver: requested lease not found");

    internal static EtcdException DuplicateKey =>
        new("etcdserver: duplicate key given in txn request");

    internal static EtcdException TimedOut => new("etcdserver: request timed out");

    internal static EtcdException NoLeader => new("etcdserver: no leader");

    internal static EtcdException LeaderFailed =>
        new("etcdserver: request timed out, possibly due to previous leader failure");

    internal static EtcdException ConnectionLost =>
        new("etcdserver: request timed out, possibly due to connection lost");

    internal static EtcdException Unreachable => new(Deadline);
}

/// <summary>A member of etcd as <c>etcdctl endpoint status</c> shows it, and the revision that its
/// own copy of the data has reached.</summary>
public sealed record EtcdMember(
    string Name, bool IsUp, bool IsLeader, long Term, long Index, long Applied, Revision Revision);

/// <summary>
/// The members of an etcd of three or five. What they agree on is the order of writes; since all
/// apply the same writes in the same order (state-machine safety, the paper's fifth property), one
/// <see cref="EtcdStore"/> is enough for all of them: a member that is behind is that store at an
/// earlier revision.
/// <para>A write is proposed to the leader, and messages go to and fro at once until it is
/// committed or nobody has anything more to say. The latter is a refusal, in etcd's words. There a
/// request waits up to seven seconds for a leader; time does not pass in a request here, so that it
/// fails at the instant and its client tries again.</para>
/// <para>Worked example, three members. The leader dies: writes fail with "possibly due to previous
/// leader failure" until, 1.0 to 1.9 s later, another has won. Two die: the third hears from no
/// quorum for a second and steps down; writes and reads that must be up to date time out; what
/// components know from their watches they go on knowing.</para>
/// <para>A refused write may happen all the same. A leader that was cut off has it in its log; when
/// the network is mended and it still leads, the write is committed then, behind the back of
/// whoever was told that it timed out. If the key was written meanwhile, its condition fails and it
/// does nothing.</para>
/// <para>While all is well nothing ticks: heartbeats would change nothing. A fault sets the clocks
/// going until a leader is followed by all whom it reaches, or nobody can lead.</para>
/// Models server/etcdserver/v3_server.go (processInternalRaftRequest, parseProposeCtxErr).
/// </summary>
internal sealed class EtcdMembers
{
    public const string Prefix = "etcd-";

    // As --snapshot-count of etcd 3.6.
    private const int SnapshotCount = 10_000;

    private readonly EtcdStore store;
    private readonly RaftGroup group;
    private readonly bool[] cut;
    private readonly ChunkedLog<Revision> revisions = new(1);
    private readonly Dictionary<string, Action> pending = new(StringComparer.Ordinal);
    private readonly List<(int Id, bool Crash, int Left)> planned = [];
    private string? current;

    public EtcdMembers(EtcdStore store, int members, Prng random)
    {
        this.store = store;
        cut = new bool[members + 1];
        group = new(members, random, new() { SnapshotEvery = SnapshotCount }, Apply);
        while (!IsQuiet)
        {
            Tick();
        }
    }

    /// <summary>How long a tick is: etcd's --heartbeat-interval.</summary>
    public static TimeSpan TickTime { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many writes were asked for: a refused one may have left a trace, in a log or in
    /// the names that the API server drew for it.</summary>
    public long Proposals { get; private set; }

    /// <summary>True when further ticks would change nothing.</summary>
    public bool IsQuiet
    {
        get
        {
            var able = group.Up.Where(m => group.ReachesQuorum(m.Id)).ToList();
            if (group.Up.Any(m => m.Role == RaftRole.Leader && !able.Contains(m)))
            {
                return false;
            }
            var leader = able.Find(m => m.Role == RaftRole.Leader);
            return able.Count == 0 || (leader is not null
                && able.TrueForAll(m => m.Leader == leader.Id && m.Term == leader.Term
                    && m.Commit == leader.LastIndex));
        }
    }

    public Seq<EtcdMember> All => Enumerable.Range(1, group.Size).Select(Describe).ToSeq();

    // The leader that the API server reaches: it does not reach a member that is cut off.
    private RaftMember? Leader => group.Up
        .Where(m => m.Role == RaftRole.Leader && !cut[m.Id]).MaxBy(m => m.Term);

    /// <summary>The number of a member by its name; null when there is none.</summary>
    public int? Find(string name) => name.StartsWith(Prefix, StringComparison.Ordinal)
        && int.TryParse(name[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture,
            out var id) && id >= 1 && id <= group.Size ? id : null;

    /// <summary>All clocks tick once; what is sent arrives.</summary>
    public void Tick()
    {
        group.Tick();
        group.DeliverAll();
    }

    /// <summary>Brings a write to a quorum. When it returns, the caller carries the write
    /// out.</summary>
    /// <param name="what">What is written, for pictures of the log.</param>
    /// <param name="late">Carries the write out where its client was told that it failed.</param>
    /// <exception cref="EtcdException">It is not committed, or the answer was lost.</exception>
    public void Commit(string what, Action late)
    {
        Proposals++;
        var leader = Leader ?? throw Leaderless();
        var id = leader.Id;
        current = string.Create(CultureInfo.InvariantCulture, $"{Proposals} {what}");
        pending.Add(current, late);
        group.Propose(id, current);
        var index = leader.LastIndex;
        group.DeliverAll();
        var committed = leader.Commit >= index;
        if (!committed)
        {
            current = null;
            throw EtcdException.ConnectionLost;
        }
        pending.Remove(current);
        current = null;
        if (LosesReply(id, out var crash))
        {
            if (crash)
            {
                group.Crash(id);
            }
            late();
            throw EtcdException.LeaderFailed;
        }
    }

    /// <summary>Makes sure that a read shows the newest state (ReadIndex, thesis section 6.4).
    /// </summary>
    /// <exception cref="EtcdException">No leader that hears from a quorum.</exception>
    public void CheckRead()
    {
        var leader = Leader ?? throw Leaderless();
        if (!group.ReachesQuorum(leader.Id))
        {
            throw EtcdException.TimedOut;
        }
    }

    /// <summary>A watch is refused rather than opened at a member that would stay silent (the API
    /// server asks for that: WithRequireLeader).</summary>
    /// <exception cref="EtcdException">Nobody leads.</exception>
    public void CheckLeader()
    {
        if (Leader is null)
        {
            throw EtcdException.NoLeader;
        }
    }

    /// <summary>A member dies; its disk stays.</summary>
    public void Crash(int id) => group.Crash(id);

    /// <summary>A member reaches nobody, and nobody it: the other members as little as the API
    /// server.</summary>
    public void Partition(int id) => Isolate(id, true);

    /// <summary>Ends every fault of a member.</summary>
    public void Restore(int id)
    {
        planned.RemoveAll(p => p.Id == id);
        Isolate(id, false);
        group.Restart(id);
    }

    /// <summary>After so many further writes that it leads, a member's answer is lost; perhaps it
    /// dies at that.</summary>
    public void LoseReply(int id, int count, bool crash) =>
        planned.Add((id, crash, Math.Max(1, count)));

    private EtcdException Leaderless() =>
        !group.Up.Any(m => !cut[m.Id]) ? EtcdException.Unreachable
        : group.Up.Any(m => !cut[m.Id] && group.ReachesQuorum(m.Id)) ? EtcdException.LeaderFailed
        : EtcdException.TimedOut;

    private void Isolate(int id, bool off)
    {
        cut[id] = off;
        group.Isolate(id, off);
    }

    private bool LosesReply(int id, out bool crash)
    {
        var at = planned.FindIndex(p => p.Id == id);
        crash = at >= 0 && planned[at].Crash;
        if (at < 0)
        {
            return false;
        }
        if (planned[at].Left > 1)
        {
            planned[at] = planned[at] with { Left = planned[at].Left - 1 };
            return false;
        }
        planned.RemoveAt(at);
        return true;
    }

    // Called for each member; the first that applies an entry does it for all.
    private void Apply(int id, RaftEntry entry)
    {
        if (entry.Index < revisions.Next)
        {
            return;
        }
        if (entry.Data == current)
        {
            revisions.Append(store.Head.Next);
            return;
        }
        if (pending.Remove(entry.Data, out var late))
        {
            late();
        }
        revisions.Append(store.Head);
    }

    private EtcdMember Describe(int id)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id}");
        return group[id] is not { } m ? new(name, false, false, 0, 0, 0, default)
            : new(name, true, m.Role == RaftRole.Leader, m.Term, m.LastIndex, m.Applied,
                m.Applied == 0 ? default
                : m.Applied + 1 == revisions.Next || revisions[m.Applied] > store.Head ? store.Head
                : revisions[m.Applied]);
    }
}
