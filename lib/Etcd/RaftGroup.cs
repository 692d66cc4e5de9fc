using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>One thing that happened to a Raft group, and what its members did and sent because of
/// it.</summary>
public sealed record RaftStep(string What, Seq<string> Told, Seq<RaftMessage> Sent)
{
    /// <summary>A line for what happened, one for each thing done, one for each message
    /// sent.</summary>
    public override string ToString() => string.Join("\n  ",
        [What, .. Told, .. Sent.Select(m => $"sends {m}")]);
}

/// <summary>
/// A Raft group that you can hold still: its members, their disks, and the network between them as
/// a list of messages that somebody has to deliver. Deliver them in any order, twice, late or
/// never; let the clock of a single member tick; crash, restart, cut the network. Each is a step
/// with its text.
/// <para>The network is as bad as the paper allows: it may do anything to a message but forge
/// it.</para>
/// <para>A member's work is done in Raft's order: disk, network, state machine. The state machine
/// here is a list of what was applied.</para>
/// Models go.etcd.io/raft rawnode.go and server/etcdserver/raft.go.
/// </summary>
/// <example><code>
/// var group = new RaftGroup(5);
/// group.Elect(1);                    // m1 asks for votes: four messages wait
/// group.Drop(1);                     // the question to m2 is lost
/// group.DeliverAll();
/// group.Propose(1, "x=1");
/// </code></example>
public sealed class RaftGroup
{
    // Delivering is bounded: a healthy exchange is over long before.
    private const int MostDeliveries = 100_000;

    private sealed class Slot
    {
        public RaftMember? Member;
        public RaftDisk Disk = new();
        public List<string> State = [];
        public int Starts;
        public int Side;
    }

    private readonly Slot[] slots;
    private readonly Prng random;
    private readonly RaftOptions options;
    private readonly Action<int, RaftEntry>? apply;
    private readonly List<(int Number, RaftMessage Message)> network = [];
    private readonly List<string> told = [];
    private readonly List<RaftMessage> sent = [];
    private int numbered;

    /// <summary>A group of members that have just started with empty disks.</summary>
    /// <param name="members">How many; m1, m2…</param>
    /// <param name="seed">Decides the election timeouts.</param>
    /// <param name="options">How they behave; as etcd by default.</param>
    public RaftGroup(int members, ulong seed = 0, RaftOptions? options = null)
        : this(members, new Prng(seed), options ?? new(), null)
    {
    }

    /// <summary>A group that hands every applied entry to somebody instead of keeping a list.
    /// </summary>
    internal RaftGroup(
        int members, Prng random, RaftOptions options, Action<int, RaftEntry>? apply)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(members, 1);
        (this.random, this.options, this.apply) = (random, options, apply);
        slots = new Slot[members];
        for (var id = 1; id <= members; id++)
        {
            slots[id - 1] = new();
            Start(id);
        }
    }

    /// <summary>How many members the group has, up or down.</summary>
    public int Size => slots.Length;

    /// <summary>The messages on their way, each with the number to deliver it by, in the order in
    /// which they were sent.</summary>
    public IReadOnlyList<(int Number, RaftMessage Message)> InFlight => network;

    /// <summary>A member by its number, from 1; null while it is down.</summary>
    public RaftMember? this[int id] => slots[id - 1].Member;

    /// <summary>The leader of the latest term among those that are up; null when nobody
    /// leads.</summary>
    public RaftMember? Leader => Up.Where(m => m.Role == RaftRole.Leader).MaxBy(m => m.Term);

    /// <summary>The members that are up.</summary>
    public IEnumerable<RaftMember> Up => slots.Select(s => s.Member).OfType<RaftMember>();

    /// <summary>What a member's state machine has applied, in order. A restart begins it anew from
    /// the snapshot.</summary>
    public IReadOnlyList<string> Applied(int id) => slots[id - 1].State;

    /// <summary>The entries on a member's disk after its snapshot, be it up or down.</summary>
    public Seq<RaftEntry> OnDisk(int id)
    {
        var log = slots[id - 1].Disk.Log;
        return log.Slice(log.First, log.Last);
    }

    /// <summary>A tick of one member's clock.</summary>
    public RaftStep Tick(int id) => Act($"m{id} ticks", id, m => m.Tick());

    /// <summary>A tick of every clock.</summary>
    public RaftStep Tick() => All("all clocks tick", m => m.Tick());

    /// <summary>An election timeout: a member stands for election now.</summary>
    public RaftStep Elect(int id) => Act($"m{id} times out", id, m => m.Campaign());

    /// <summary>A client asks a member to append something.</summary>
    public RaftStep Propose(int id, string data) =>
        Act($"a client sends m{id} \"{data}\"", id, m => m.Propose(data));

    /// <summary>A message arrives, whichever were sent before it.</summary>
    public RaftStep Deliver(int number)
    {
        var message = network[Find(number)].Message;
        Remove(number);
        return Arrive($"arrives: {message}", message);
    }

    /// <summary>A message arrives, and a copy of it stays on its way.</summary>
    public RaftStep Duplicate(int number)
    {
        var message = network[Find(number)].Message;
        return Arrive($"arrives, and will again: {message}", message);
    }

    /// <summary>A message is lost.</summary>
    public RaftStep Drop(int number)
    {
        var message = network[Find(number)].Message;
        Remove(number);
        return Done($"is lost: {message}");
    }

    /// <summary>A message falls behind all the others.</summary>
    public RaftStep Delay(int number)
    {
        var flight = network[Find(number)];
        Remove(number);
        network.Add(flight);
        return Done($"is late: {flight.Message}");
    }

    /// <summary>Delivers every message, and what is sent because of it, until none is on its
    /// way.</summary>
    public RaftStep DeliverAll()
    {
        for (var count = 0; network.Count > 0; count++)
        {
            if (count == MostDeliveries)
            {
                throw new InvalidOperationException(
                    $"{count} messages, and still they write: {network[0].Message}");
            }
            var message = network[0].Message;
            network.RemoveAt(0);
            Handle(message);
        }
        return Done("all messages arrive");
    }

    /// <summary>Lets so many ticks pass with a network that delivers at once.</summary>
    public RaftStep Run(int ticks)
    {
        var (all, messages) = (new List<string>(), new List<RaftMessage>());
        for (var i = 0; i < ticks; i++)
        {
            foreach (var step in (RaftStep[])[Tick(), DeliverAll()])
            {
                all.AddRange(step.Told);
                messages.AddRange(step.Sent);
            }
        }
        return new($"{ticks} ticks pass", [.. all], [.. messages]);
    }

    /// <summary>A member dies and forgets what is not on its disk. What it sent is on its
    /// way.</summary>
    public RaftStep Crash(int id)
    {
        slots[id - 1].Member = null;
        slots[id - 1].State = [];
        return Done($"m{id} crashes");
    }

    /// <summary>A member that is down starts with its disk.</summary>
    public RaftStep Restart(int id)
    {
        if (this[id] is null)
        {
            Start(id);
        }
        return Act($"m{id} starts", id, _ => { });
    }

    /// <summary>A member dies and its disk with it: it starts as if it had never promised
    /// anything, which Raft does not survive.</summary>
    internal void Wipe(int id)
    {
        slots[id - 1].Disk = new();
        Start(id);
    }

    /// <summary>Cuts the network: the given members reach each other, and so do the
    /// others.</summary>
    public RaftStep Partition(params int[] side)
    {
        for (var id = 1; id <= Size; id++)
        {
            slots[id - 1].Side = side.Contains(id) ? 1 : 0;
        }
        return Done($"the network is cut: {string.Join(' ', side.Select(id => $"m{id}"))} | "
            + string.Join(' ', Enumerable.Range(1, Size).Except(side).Select(id => $"m{id}")));
    }

    /// <summary>Cuts one member off from all others, or, with side 0, joins it to the rest again.
    /// </summary>
    internal void Isolate(int id, bool cut) => slots[id - 1].Side = cut ? id : 0;

    /// <summary>Mends the network.</summary>
    public RaftStep Heal()
    {
        Array.ForEach(slots, s => s.Side = 0);
        return Done("the network is whole again");
    }

    /// <summary>A member puts a snapshot of its state machine in the place of what it has
    /// applied.</summary>
    public RaftStep Compact(int id) =>
        Act($"m{id} takes a snapshot", id, m => Compact(m, slots[id - 1]));

    /// <summary>True when a message can get from one member to another.</summary>
    public bool Reaches(int from, int to) => this[to] is not null
        && slots[from - 1].Side == slots[to - 1].Side;

    /// <summary>True when the members that this one reaches, with itself, are more than
    /// half.</summary>
    public bool ReachesQuorum(int id) =>
        Enumerable.Range(1, Size).Count(to => Reaches(id, to)) > Size / 2;

    /// <summary>A line for each member: role, term, log and how far it is committed.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (var id = 1; id <= Size; id++)
        {
            var snapshot = slots[id - 1].Disk.Log.Snapshot.Index;
            var state = snapshot > 0 ? $"[…{snapshot}] " : "";
            var entries = string.Join(' ', OnDisk(id).Select(e => $"{e}"));
            text.Append(CultureInfo.InvariantCulture, $"m{id}  ").Append(this[id] is { } m
                ? string.Create(CultureInfo.InvariantCulture,
                    $"{m.Role,-12} term {m.Term}  commit {m.Commit}  ")
                : "down         ").Append(state).Append(entries).Append('\n');
        }
        return text.ToString();
    }

    private void Start(int id)
    {
        var slot = slots[id - 1];
        var chance = random.Fork(string.Create(CultureInfo.InvariantCulture,
            $"m{id}#{slot.Starts++}"));
        slot.Member = new(id, Size, slot.Disk, chance, options);
        slot.State = [.. slot.Disk.Log.Snapshot.State];
    }

    private RaftStep Act(string what, int id, Action<RaftMember> act)
    {
        if (this[id] is not { } member)
        {
            return Done($"{what}: it is down");
        }
        act(member);
        CarryOut(id, member);
        return Done(what);
    }

    private RaftStep All(string what, Action<RaftMember> act)
    {
        foreach (var member in Up)
        {
            act(member);
            CarryOut(member.Id, member);
        }
        return Done(what);
    }

    private RaftStep Arrive(string what, RaftMessage message)
    {
        Handle(message);
        return Done(what);
    }

    private void Handle(RaftMessage message)
    {
        if (this[message.To] is not { } member)
        {
            return;
        }
        if (slots[message.From - 1].Side != slots[message.To - 1].Side)
        {
            told.Add($"m{message.To} never gets it: the network is cut");
            return;
        }
        member.Step(message);
        CarryOut(message.To, member);
    }

    // The order is the safety: nothing leaves before what it promises is on disk.
    private void CarryOut(int id, RaftMember member)
    {
        var slot = slots[id - 1];
        var ready = member.TakeReady();
        slot.Disk.Write(ready);
        foreach (var message in ready.Messages)
        {
            network.Add((++numbered, message));
            sent.Add(message);
        }
        if (ready.Snapshot is { } snapshot)
        {
            slot.State = [.. snapshot.State];
        }
        foreach (var entry in ready.Committed)
        {
            Apply(slot, id, entry);
        }
        told.AddRange(ready.Told);
        if (options.SnapshotEvery > 0 && slot.Disk.Log.Count > options.SnapshotEvery)
        {
            Compact(member, slot);
            slot.Disk.Write(member.TakeReady());
        }
    }

    private void Apply(Slot slot, int id, RaftEntry entry)
    {
        if (apply is not null)
        {
            apply(id, entry);
        }
        else if (entry.Data.Length > 0)
        {
            slot.State.Add(entry.Data);
        }
    }

    private static void Compact(RaftMember member, Slot slot)
    {
        if (member.Applied > member.Snapshot.Index)
        {
            var at = member.Applied;
            member.Compact(new(at, member.TermAt(at), slot.State.ToSeq()));
        }
    }

    private int Find(int number)
    {
        var at = network.FindIndex(flight => flight.Number == number);
        return at >= 0 ? at : throw new ArgumentOutOfRangeException(nameof(number), number,
            "no such message is on its way; see InFlight");
    }

    private void Remove(int number) => network.RemoveAt(Find(number));

    private RaftStep Done(string what)
    {
        var step = new RaftStep(what, told.ToSeq(), sent.ToSeq());
        told.Clear();
        sent.Clear();
        return step;
    }
}
