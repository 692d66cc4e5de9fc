using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Raft message by message, and the paper's five safety properties in storms of crashes,
/// partitions, loss, duplication and reordering.</summary>
public sealed class RaftTests
{
    private const int StormSteps = 400;

    [Test]
    public void The_five_safety_properties_hold_in_a_hundred_storms() => Rage(0, 100);

    [Test, Category("Long"), Explicit("a minute: dotnet test --filter TestCategory=Long")]
    public void The_five_safety_properties_hold_in_ten_thousand_storms() => Rage(0, 10_000);

    [Test]
    public void A_storm_gets_work_done()
    {
        var storms = Enumerable.Range(0, 20).Select(seed => new RaftStorm((ulong)seed)).ToList();
        storms.ForEach(storm => storm.Rage(StormSteps));
        Assert.That(storms.Sum(s => s.Safety.Committed), Is.GreaterThan(200));
        Assert.That(storms.Sum(s => s.Safety.Terms), Is.GreaterThan(40));
    }

    [Test]
    public void A_follower_votes_once_a_term_and_says_why()
    {
        var group = new RaftGroup(3, options: new() { PreVote = false, CheckQuorum = false });
        group.Elect(1);
        group.Elect(3);
        var votes = Flight(group, RaftMessageType.Vote, to: 2);

        Assert.That(group.Deliver(votes[0]).Told,
            Is.EqualTo(["m2 votes for m1 in term 1: its log is as up to date"]));
        Assert.That(group.Deliver(votes[1]).Told,
            Is.EqualTo(["m2 does not vote for m3 in term 1: it voted for m1 already"]));
        group.DeliverAll();
        Assert.That(group.Leader!.Id, Is.EqualTo(1));
        Assert.That(group.Leader.Log.Single().ToString(), Is.EqualTo("1:"));
    }

    [Test]
    public void A_log_that_is_behind_wins_no_vote()
    {
        var group = new RaftGroup(3, options: new() { PreVote = false, CheckQuorum = false });
        Lead(group, 1);
        group.Partition(1, 2);
        group.Propose(1, "x=1");
        group.DeliverAll();
        group.Heal();
        group.Elect(3);

        var step = group.Deliver(Flight(group, RaftMessageType.Vote, to: 2)[0]);

        Assert.That(step.Told[^1], Is.EqualTo(
            "m2 does not vote for m3 in term 2: its log ends at 1:1, ours at 2:1"));
    }

    [Test]
    public void An_entry_is_committed_when_more_than_half_have_it()
    {
        var group = new RaftGroup(5);
        Lead(group, 1);
        group.Propose(1, "x=1");
        var appends = group.InFlight.Select(f => f.Number).ToArray();
        var replies = new List<int>();
        foreach (var number in appends[..2])
        {
            group.Deliver(number);
            replies.Add(group.InFlight[^1].Number);
        }
        group.Deliver(replies[0]);
        Assert.That(group[1]!.Commit, Is.EqualTo(1), "two of five");
        group.Deliver(replies[1]);
        Assert.That(group[1]!.Commit, Is.EqualTo(2), "three of five");
        Assert.That(group.Applied(1), Is.EqualTo(["x=1"]));
    }

    [Test]
    public void What_was_never_committed_is_overwritten()
    {
        var group = new RaftGroup(5);
        Lead(group, 1);
        group.Partition(1, 2);
        group.Propose(1, "lost");
        group.DeliverAll();
        group.Crash(1);
        group.Partition(3, 4, 5);
        group.Run(40);
        group.Propose(group.Leader!.Id, "kept");
        group.DeliverAll();
        group.Heal();
        group.Restart(1);
        group.Run(5);

        Assert.That(group.Applied(1), Is.EqualTo(["kept"]));
        Assert.That(group.Applied(2), Is.EqualTo(["kept"]));
    }

    // Figure 8 of the paper: m5, whose log ends in a later term, could still win and overwrite it.
    [Test]
    public void A_copy_of_an_old_term_on_most_disks_is_not_committed_by_itself()
    {
        var group = new RaftGroup(5, options: new()
        {
            PreVote = false, CheckQuorum = false, EntriesPerMessage = 1,
        });
        Lead(group, 1);
        group.Partition(1, 2);
        group.Propose(1, "old");
        group.DeliverAll();
        group.Crash(1);
        group.Heal();
        group.Elect(5);
        Array.ForEach([3, 4], id => Pass(group, RaftMessageType.Vote, 5, id));
        Array.ForEach([3, 4], id => Pass(group, RaftMessageType.VoteReply, id, 5));
        group.Crash(5);
        DropAll(group);
        group.Restart(1);
        group.Elect(1);
        group.DeliverAll();
        group.Elect(1);
        Array.ForEach([3, 4], id => Pass(group, RaftMessageType.Vote, 1, id));
        Array.ForEach([3, 4], id => Pass(group, RaftMessageType.VoteReply, id, 1));
        foreach (var id in (int[])[3, 4, 3, 4])
        {
            Pass(group, RaftMessageType.Append, 1, id);
            Pass(group, RaftMessageType.AppendReply, id, 1);
        }

        Assert.That(group.Up.Count(m => m.TermAt(2) == 1), Is.GreaterThanOrEqualTo(3));
        Assert.That(group[1]!.Role, Is.EqualTo(RaftRole.Leader));
        Assert.That(group[1]!.Commit, Is.EqualTo(1), "not yet");
        group.DeliverAll();
        Assert.That(group[1]!.Commit, Is.EqualTo(3), "along with one of the leader's own term");
    }

    [Test]
    public void A_member_far_behind_gets_the_state_instead_of_the_log()
    {
        var group = new RaftGroup(3);
        Lead(group, 1);
        group.Crash(3);
        for (var i = 1; i <= 5; i++)
        {
            group.Propose(1, $"x={i}");
            group.DeliverAll();
        }
        group.Compact(1);
        group.Restart(3);
        var told = group.Run(3).Told;

        Assert.That(told, Does.Contain("m1 sends m3 its snapshot: entry 2 is compacted away"));
        Assert.That(told, Does.Contain("m3 takes over the state up to 6"));
        Assert.That(group.Applied(3), Is.EqualTo(group.Applied(1)));
    }

    [Test]
    public void A_leader_without_a_quorum_steps_down()
    {
        var group = new RaftGroup(3);
        Lead(group, 1);
        group.Partition(1);
        Assert.That(group.Run(20).Told,
            Does.Contain("m1 steps down in term 1: it hears from no quorum"));
        group.Run(30);
        Assert.That(group.Leader!.Id, Is.Not.EqualTo(1));
    }

    [Test]
    public void Pre_vote_keeps_a_member_that_was_cut_off_from_deposing_the_leader(
        [Values] bool preVote)
    {
        var group = new RaftGroup(3, options: new() { PreVote = preVote, CheckQuorum = preVote });
        Lead(group, 1);
        group.Partition(3);
        group.Run(60);
        group.Heal();
        group.Run(3);

        Assert.That(group[1]!.Term, preVote ? Is.EqualTo(1) : Is.GreaterThan(1));
    }

    [Test]
    public void A_group_of_one_leads_and_commits_alone()
    {
        var group = new RaftGroup(1);
        group.Run(20);
        group.Propose(1, "x=1");
        Assert.That(group.Applied(1), Is.EqualTo(["x=1"]));
        group.Crash(1);
        group.Restart(1);
        group.Run(20);
        Assert.That(group.Applied(1), Is.EqualTo(["x=1"]));
    }

    [Test]
    public void Without_the_rule_about_logs_a_storm_finds_the_loss()
    {
        // A disk that forgets is a member that breaks its promises: the checks must see it.
        var broken = 0;
        for (var seed = 0UL; seed < 40; seed++)
        {
            var group = new RaftGroup(3, seed);
            var safety = new RaftSafety(group);
            Lead(group, 1);
            group.Partition(1, 2);
            group.Propose(1, "x=1");
            group.DeliverAll();
            _ = safety.Broken();
            group.Wipe(2);
            group.Crash(1);
            group.Heal();
            group.Run(60);
            broken += safety.Broken() is null ? 0 : 1;
        }
        Assert.That(broken, Is.EqualTo(40));
    }

    private static void Rage(int from, int count)
    {
        for (var seed = from; seed < from + count; seed++)
        {
            var storm = new RaftStorm((ulong)seed);
            Assert.That(storm.Rage(StormSteps), Is.Null, $"seed {seed}");
            Assert.That(storm.Calm(), Is.Null, $"seed {seed}");
        }
    }

    private static void Lead(RaftGroup group, int id)
    {
        group.Elect(id);
        group.DeliverAll();
        Assert.That(group.Leader!.Id, Is.EqualTo(id));
    }

    private static void Pass(RaftGroup group, RaftMessageType type, int from, int to) =>
        group.Deliver(group.InFlight.First(f => f.Message.Type == type
            && f.Message.From == from && f.Message.To == to).Number);

    private static void DropAll(RaftGroup group)
    {
        foreach (var (number, _) in group.InFlight.ToArray())
        {
            group.Drop(number);
        }
    }

    private static int[] Flight(RaftGroup group, RaftMessageType type, int to) =>
        [.. group.InFlight.Where(f => f.Message.Type == type && f.Message.To == to)
            .Select(f => f.Number)];
}
