using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 02-etcd: write without overwriting, follow without listing, vote, commit, and
// bring a cluster back.

/// <summary>Optimistic concurrency: read, change, write, and start over when somebody was faster.
/// </summary>
[Exercise("02-etcd/1", "Write without overwriting anybody")]
[Hint(1, "A refused write throws an ApiException; e.IsConflict says that somebody was faster.")]
[Hint(2, "What you read before a conflict is worthless: begin again with read(). And change only "
    + "what you want to change: the resourceVersion that came with it must go back with it.")]
[Hint(3, "catch (ApiException e) when (e.IsConflict) lets every other refusal through.")]
public sealed class UpdateLoopTests : ExerciseFixture<Action<Func<ConfigMap>, Action<ConfigMap>>>
{
    private const int MostWrites = 20;

    [Test, Task("Alone, the counter goes from 5 to 6")]
    public void Nobody_else_writes()
    {
        Scenario("ConfigMap counter holds 5, and nobody else writes.");
        Expect(6, Count(rivals: 0));
    }

    [Test, Task("Nobody's count is lost when others write at the same time"), Points(2)]
    public void Others_write_in_between()
    {
        foreach (var rivals in (int[])[1, 4])
        {
            Scenario($"ConfigMap counter holds 5; {rivals} others add 1 right after you have read "
                + "it, one after each of your first reads.");
            Expect(6 + rivals, Count(rivals));
        }
    }

    [Test, Task("A refusal that is no conflict is not tried again")]
    public void Another_refusal_is_reported()
    {
        Scenario("Somebody deletes ConfigMap counter after you have read it.");
        try
        {
            Count(rivals: 0, deleted: true);
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            return;
        }
        Fail("The ConfigMap was deleted in between (404 NotFound). Trying again does not help, and "
            + "whoever called you must learn of it: let that exception through.");
    }

    private Cluster Count(int rivals, bool deleted = false)
    {
        var cluster = new Cluster(nodes: 0);
        cluster.Create(Holding(5));
        var (writes, left) = (0, rivals);
        New()(
            () =>
            {
                var read = cluster.Get<ConfigMap>("counter");
                if (left-- > 0)
                {
                    cluster.Update(Holding(Value(cluster) + 1));
                }
                if (deleted && cluster.Find<ConfigMap>("default", "counter") is { } there)
                {
                    cluster.Delete(there);
                }
                return read;
            },
            changed =>
            {
                if (++writes > MostWrites)
                {
                    Fail($"You have tried {MostWrites} times, each time with resourceVersion "
                        + $"{changed.Metadata.ResourceVersion}; the stored one is "
                        + $"{cluster.Get<ConfigMap>("counter").Metadata.ResourceVersion}. Writing "
                        + "the same again cannot help: read again first.");
                }
                cluster.Update(changed);
            });
        return cluster;
    }

    private void Expect(int wanted, Cluster cluster)
    {
        if (Value(cluster) != wanted)
        {
            Fail($"The counter stands at {Value(cluster)}, and {wanted} would be right: 5, and 1 "
                + $"from each of {wanted - 5}. "
                + (wanted == 6 ? "You write count + 1 once." : "Somebody's count was overwritten."),
                $"count: {wanted}", $"count: {Value(cluster)}");
        }
    }

    private static int Value(Cluster cluster) => int.Parse(
        cluster.Get<ConfigMap>("counter").Data["count"], CultureInfo.InvariantCulture);

    private static ConfigMap Holding(int count) => new()
    {
        Metadata = new() { Name = "counter", Namespace = "default" },
        Data = Map.Of(("count", count.ToString(CultureInfo.InvariantCulture))),
    };
}

/// <summary>What every component of Kubernetes does: list once, then follow the changes, and begin
/// anew when the past is gone.</summary>
[Exercise("02-etcd/2", "A cache that follows etcd")]
[Hint(1, "First call (seen is 0): fill the cache from etcd.Range(prefix) and return etcd.Revision, "
    + "the moment of that list.")]
[Hint(2, "Later calls: etcd.Watch(prefix, seen + 1), and TryNext until it is false. A change of "
    + "Type PUT sets change.Kv.Key, a DELETE removes it. watch.At is how far you have read.")]
[Hint(3, "etcd.Watch throws an EtcdException when seen + 1 is compacted away. Then do as in the "
    + "first call; what is no longer in the list must leave the cache, too.")]
public sealed class WatchCacheTests
    : ExerciseFixture<Func<Dictionary<string, string>, long, ClusterEtcd, long>>
{
    private const string Prefix = "/paint/";

    private readonly Dictionary<string, string> cache = new(StringComparer.Ordinal);
    private ClusterEtcd etcd = null!;
    private long seen;

    /// <summary>An etcd with three keys, and one that is not asked for.</summary>
    [SetUp]
    public void Begin()
    {
        (etcd, seen) = (new Cluster(nodes: 0).Etcd, 0);
        cache.Clear();
        etcd.Put("/paint/door", "red");
        etcd.Put("/paint/roof", "grey");
        etcd.Put("/paint/wall", "white");
        etcd.Put("/wood/floor", "oak");
    }

    [Test, Task("The first call lists")]
    public void It_lists()
    {
        Scenario("Three keys under /paint/, one elsewhere; the cache is empty, and seen is 0.");
        Follow("after the first call");
    }

    [Test, Task("The next calls follow the changes, and list nothing again"), Points(2)]
    public void It_follows()
    {
        Scenario("As before; then door is painted blue, wall deleted, gate painted green.");
        Follow("after the first call");
        etcd.Put("/paint/door", "blue");
        etcd.Delete("/paint/wall");
        etcd.Put("/paint/gate", "green");
        // What did not change is taken out by hand: only a list would bring it back.
        cache.Remove("/paint/roof");
        var old = seen;
        seen = New()(cache, seen, etcd);
        if (cache.ContainsKey("/paint/roof"))
        {
            Fail("/paint/roof has not changed since the first call, and you have read it again: "
                + "you list everything each time. With 150,000 pods that is a gigabyte a call.");
        }
        cache["/paint/roof"] = "grey";
        Compare($"after three more changes (you were asked with seen = {old})");
        cache.Remove("/paint/gate");
        seen = New()(cache, seen, etcd);
        if (cache.ContainsKey("/paint/gate"))
        {
            Fail("/paint/gate was told twice: its revision was seen already. Watch from seen + 1.");
        }
    }

    [Test, Task("When the past is compacted away it begins anew"), Points(2)]
    public void It_survives_a_compaction()
    {
        Scenario("The cache has read all; then door is painted blue and wall deleted, and etcd is "
            + "compacted up to now.");
        Follow("after the first call");
        etcd.Put("/paint/door", "blue");
        etcd.Delete("/paint/wall");
        etcd.Put("/wood/floor", "pine");
        etcd.Compact(etcd.Revision.Value);
        Follow("after a compaction behind your back");
        etcd.Put("/paint/door", "black");
        Follow("after one more change");
    }

    private void Follow(string when)
    {
        seen = New()(cache, seen, etcd);
        Compare(when);
    }

    private void Compare(string when)
    {
        var right = etcd.Range(Prefix).ToDictionary(kv => kv.Key, kv => kv.Value);
        var (there, wanted) = (Say(cache), Say(right));
        if (there != wanted)
        {
            var dead = cache.Keys.Except(right.Keys).ToArray();
            Fail($"{char.ToUpperInvariant(when[0])}{when[1..]} the cache is not what etcd holds."
                + (dead.Length > 0 ? $" {string.Join(", ", dead)} should not be in it." : ""),
                wanted, there);
        }
        if (seen > etcd.Revision.Value || seen <= 0)
        {
            Fail($"You return {seen}, and etcd is at revision {etcd.Revision}: return the revision "
                + "up to which the cache is right.", etcd.Revision, seen);
        }
    }

    private static string Say(Dictionary<string, string> content) => string.Join('\n',
        content.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key} = {e.Value}"));
}

/// <summary>The rule that keeps a committed entry alive through an election.</summary>
[Exercise("02-etcd/3", "May I vote for you?")]
[Hint(1, "Three questions, in this order: is the term of the question over (ask.Term < me.Term)? "
    + "Have I voted for somebody else in that term? Is its log at least as up to date as mine?")]
[Hint(2, "me.Vote belongs to me.Term. In a later term I have not voted yet, whatever me.Vote is.")]
[Hint(3, "Up to date: compare the terms of the last entries (ask.LogTerm) first. Only when they "
    + "are equal, the longer log (ask.Index) wins. An empty log ends at index 0 in term 0.")]
public sealed class VoteTests : ExerciseFixture<Func<RaftMember, RaftMessage, bool>>
{
    [Test, Task("A member that is free votes; one that has voted does not vote again")]
    public void Once_a_term()
    {
        Scenario("m1 and m3 ask m2 for its vote in the same term.");
        var group = Group(3);
        group.Elect(1);
        group.Elect(3);
        Pass(group);
    }

    [Test, Task("A log that is behind gets no vote")]
    public void Not_for_a_log_behind()
    {
        Scenario("m3 was cut off while x=1 was committed; it comes back and stands for election.");
        var group = Group(3);
        group.Elect(1);
        group.DeliverAll();
        group.Partition(1, 2);
        group.Propose(1, "x=1");
        group.DeliverAll();
        group.Heal();
        group.Elect(3);
        Pass(group);
    }

    [Test, Task("A longer log of an older term gets no vote either")]
    public void Not_for_a_longer_log_of_an_older_term()
    {
        Scenario("m1 has appended three entries alone in term 1; m3 leads term 2 since. Then m1 "
            + "comes back and stands for election.");
        var group = Group(3);
        group.Elect(1);
        group.DeliverAll();
        group.Partition(1);
        Array.ForEach(["a", "b", "c"], entry => group.Propose(1, entry));
        group.Elect(3);
        Pass(group);
        group.Crash(1);
        group.Heal();
        group.Restart(1);
        while (group[1]!.Term <= group[3]!.Term)
        {
            group.Elect(1);
        }
        Pass(group);
    }

    [Test, Task("In twenty storms it votes as etcd does")]
    public void Votes_as_etcd_does_in_storms()
    {
        for (var seed = 1UL; seed <= 20; seed++)
        {
            Scenario($"Five members, storm {seed}: cuts, crashes, lost messages.");
            var group = Group(5, seed);
            for (var round = 0; round < 12; round++)
            {
                Storm(group, new(seed * 100 + (ulong)round));
            }
        }
    }

    private static RaftGroup Group(int members, ulong seed = 0) =>
        new(members, seed, new() { PreVote = false, CheckQuorum = false });

    private void Storm(RaftGroup group, Prng random)
    {
        var id = 1 + random.Next(group.Size);
        switch (random.Next(5))
        {
            case 0:
                group.Partition(id, 1 + random.Next(group.Size));
                break;
            case 1:
                group.Crash(id);
                break;
            case 2:
                group.Heal();
                group.Restart(id);
                break;
            case 3 when group.Leader is { } leader:
                group.Propose(leader.Id, $"x={random.Next(100)}");
                break;
            default:
                group.Elect(id);
                break;
        }
        Pass(group, most: random.Next(30));
    }

    // Delivers; at each question for a vote the answer is compared with the real member's.
    private void Pass(RaftGroup group, int most = 100)
    {
        for (; most > 0 && group.InFlight.Count > 0; most--)
        {
            var (number, ask) = group.InFlight[0];
            var asked = ask.Type == RaftMessageType.Vote && group.Reaches(ask.From, ask.To)
                ? group[ask.To] : null;
            // Where a member knows the term's leader without having voted, the paper lets it vote,
            // and etcd does not: either is right.
            var either = asked is { Vote: 0, Leader: > 0 } && ask.Term == asked.Term;
            if (asked is null || either)
            {
                group.Deliver(number);
                continue;
            }
            var (answer, state) = (New()(asked, ask), State(asked));
            var step = group.Deliver(number);
            var right = step.Sent.Any(m => m.Type == RaftMessageType.VoteReply && !m.Reject);
            if (answer != right)
            {
                Fail($"{ask}. {state}. You answer {(answer ? "yes" : "no")}, and it should be "
                    + $"{(right ? "yes" : "no")}: {step.Told[^1]}.", right, answer);
            }
        }
    }

    private static string State(RaftMember m) => string.Create(CultureInfo.InvariantCulture,
        $"m{m.Id} is in term {m.Term}, has voted for {(m.Vote == 0 ? "nobody" : $"m{m.Vote}")}, "
        + $"and its log is {m.Log}");
}

/// <summary>What a leader may call committed.</summary>
[Exercise("02-etcd/4", "What is committed?", Optional = true)]
[Hint(1, "An index is stored by most when more than half of the numbers in `stored` are at or "
    + "above it.")]
[Hint(2, "Two of four are not more than half. Sorted upwards, of five the third number is stored "
    + "by three; of four the second one is.")]
[Hint(3, "Count copies only of entries of the leader's own term: termAt(index) == term. What lies "
    + "before such an entry is committed along with it. And commit never goes back.")]
public sealed class CommitTests
    : ExerciseFixture<Func<Seq<long>, Func<long, long>, long, long, long>>
{
    // The terms of the leader's entries, from index 1 on; its own term is the last of them.
    private static readonly long[][] Logs = [[1, 1, 1], [1, 2, 2], [1, 1, 2], [2, 4, 4], [1, 2, 4]];

    [Test, Task("Three of five are enough")]
    public void Three_of_five()
    {
        Ask([1, 1, 1], 0, 3, 3, 3, 1, 0);
        Ask([1, 1, 1], 1, 3, 2, 2, 1, 1);
        Ask([1, 1, 1], 1, 3, 3, 1, 1, 1);
    }

    [Test, Task("Two of four are not")]
    public void Two_of_four() => Ask([1, 1, 1], 1, 3, 3, 1, 1);

    [Test, Task("An entry of an older term is not committed by counting its copies")]
    public void An_older_term_does_not_count()
    {
        Ask([1, 2, 4], 1, 3, 2, 2, 1, 1);
        Ask([1, 2, 4], 1, 3, 3, 3, 1, 1);
    }

    [Test, Task("In every case of three, four and five members")]
    public void Whatever_is_stored()
    {
        foreach (var terms in Logs)
        {
            for (var size = 3; size <= 5; size++)
            {
                for (var code = 0; code < 256; code++)
                {
                    // The leader itself has everything; each of the others 0 to 3 entries.
                    var stored = Enumerable.Range(0, size).Select(i =>
                        i == 0 ? 3L : (code >> (2 * (i - 1))) & 3).ToArray();
                    Ask(terms, code & 1, stored);
                }
            }
        }
    }

    private void Ask(long[] terms, long commit, params long[] stored)
    {
        var (term, log) = (terms[^1], string.Join(' ', terms.Select((t, i) => $"{i + 1}:{t}")));
        Scenario($"A leader of term {term} with the log {log} (index:term). Members have stored up "
            + $"to {string.Join(", ", stored)}; commit is {commit}.");
        var right = Enumerable.Range(1, terms.Length).Select(i => (long)i).LastOrDefault(i =>
            i > commit && terms[i - 1] == term && stored.Count(s => s >= i) > stored.Length / 2,
            commit);
        var answer = New()(stored.ToSeq(), i => i >= 1 && i <= terms.Length ? terms[i - 1] : 0,
            term, commit);
        if (answer != right)
        {
            Fail($"A leader of term {term} has the log {log} (index:term); the members have stored "
                + $"up to {string.Join(", ", stored)}, and commit was {commit}. You say {answer}; "
                + $"it is {right}. {Why(terms, stored, answer, commit)}", right, answer);
        }
    }

    private static string Why(long[] terms, long[] stored, long answer, long commit) =>
        answer < commit ? "What is committed stays committed."
        : answer == commit ? "More than half have a later entry of this term."
        : answer < 1 || answer > terms.Length ? "There is no such entry."
        : stored.Count(s => s >= answer) * 2 <= stored.Length
            ? $"Entry {answer} is on {stored.Count(s => s >= answer)} of {stored.Length} disks: "
                + "not more than half."
        : terms[answer - 1] != terms[^1]
            ? $"Entry {answer} is of term {terms[answer - 1]}: a later winner may still overwrite "
                + "it, however many copies there are."
        : "More than half have a later entry of this term.";
}

/// <summary>The drill that one hopes never to need.</summary>
[Exercise("02-etcd/5", "Bring it back", Optional = true)]
[Hint(1, "ClusterEtcd.StatusOf(backup) tells the Revision of a backup, and throws an EtcdException "
    + "when its bytes are damaged.")]
[Hint(2, "The newest backup is the one of the highest Revision, wherever it lies in the list.")]
public sealed class RestoreDrillTests : ExerciseFixture<Action<Cluster, Seq<byte[]>>>
{
    [Test, Task("The newest backup that is whole comes back"), Points(2)]
    public void The_newest_whole_one()
    {
        Scenario("Four backups, in no order: after one, two, three and four Deployments were "
            + "made; the last one is damaged. All machines are off, and every key is gone.");
        var cluster = Restored();
        var there = string.Join(' ', cluster.List<Deployment>().Select(d => d.Metadata.Name));
        if (there != "a b c")
        {
            Fail($"The Deployments that are back: {(there.Length == 0 ? "none" : there)}. The "
                + "newest backup that can be read holds a b c.", "a b c", there);
        }
    }

    [Test, Task("And the cluster works on")]
    public void Then_it_works_on()
    {
        Scenario("As before; all machines are on again, and ten minutes pass.");
        var cluster = Restored();
        Converge(cluster);
        cluster.Run(TimeSpan.FromMinutes(10));
        var ready = cluster.List<Pod>().Count(p => p.IsReady);
        if (ready != 3)
        {
            Fail($"Ten minutes after your restore {ready} Pods are ready, and 3 should be.",
                "3 Pods", cluster);
        }
    }

    private Cluster Restored()
    {
        var cluster = new Cluster(nodes: 3, seed: 5, etcd: 3);
        var backups = new List<byte[]>();
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            cluster.Kubectl($"create deployment {name} --image=nginx:1.27");
            cluster.Converge();
            backups.Add(cluster.Etcd.Snapshot());
        }
        backups[3][200] ^= 1;
        string[] all = ["node-1", "node-2", "node-3",
            .. cluster.Components.Where(c => c is not ("kubelet" or "kube-proxy"))];
        Array.ForEach(all, cluster.Faults.Crash);
        cluster.Etcd.Delete(EtcdKeys.Root, prefix: true);
        New()(cluster, [backups[1], backups[3], backups[2], backups[0]]);
        Array.ForEach(all, cluster.Faults.Restore);
        return cluster;
    }
}
