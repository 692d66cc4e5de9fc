using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 04-control-loop: decide, find the bug, write the whole controller.

/// <summary>The decision at the heart of a controller.</summary>
[Exercise("04-control-loop/1", "How many Pods are missing?")]
[Hint(1, "Above zero: create so many. Below zero: delete so many. Zero: all is well.")]
[Hint(2, "Not every Pod counts. One that is being deleted is as good as gone, and one that has "
    + "failed will not come back. p.IsActive says both in one word.")]
public sealed class MissingTests : ExerciseFixture<Func<int, Seq<Pod>, int>>
{
    private static readonly DateTime Now = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Test, Task("What is missing is created, what is too much is deleted")]
    public void Count_the_difference()
    {
        Ask(3, 2, "one of three Pods is there", Pod("a"));
        Ask(2, -3, "five Pods are there, two are wanted",
            Pod("a"), Pod("b"), Pod("c"), Pod("d"), Pod("e"));
        Ask(2, 0, "two of two are there", Pod("a"), Pod("b"));
    }

    [Test, Task("A Pod that is going away, or that has failed, is no replica")]
    public void Only_active_pods_count()
    {
        var going = Pod("b") with
        {
            Metadata = new() { Name = "b", DeletionTimestamp = Now },
        };
        Ask(2, 1, "two Pods are there, one of them terminating", Pod("a"), going);
        Ask(2, 1, "two Pods are there, one of them failed", Pod("a"), Pod("b", "Failed"));
    }

    private void Ask(int wanted, int right, string scenario, params Seq<Pod> pods)
    {
        Scenario($"{wanted} wanted; {scenario}");
        var answer = New()(wanted, pods);
        if (answer != right)
        {
            Fail($"{wanted} wanted, and {scenario}. You answer {Say(answer)}; it should be "
                + $"{Say(right)}.", Say(right), Say(answer));
        }
    }

    private static string Say(int count) => count switch
    {
        > 0 => $"create {count}",
        < 0 => $"delete {-count}",
        _ => "do nothing",
    };

    private static Pod Pod(string name, string phase = "Running") => new()
    {
        Metadata = new() { Name = name }, Status = new() { Phase = phase },
    };
}

/// <summary>What the controllers of the next exercises are tried in.</summary>
public abstract class ControllerTests : ExerciseFixture<IReconciler>
{
    /// <summary>The component in whose place the answer runs.</summary>
    protected const string Component = "replicaset-controller";

    /// <summary>A cluster with the answer in place of the ReplicaSet controller.</summary>
    protected Cluster Cluster(Latency latency, params Seq<ReplicaSet> sets)
    {
        var cluster = new Cluster(nodes: 2, latency: latency);
        cluster.AddComponent(Component, New);
        foreach (var set in sets)
        {
            cluster.Create(set);
        }
        return cluster;
    }

    /// <summary>Runs to rest and fails unless a set has so many Pods.</summary>
    protected void Expect(Cluster cluster, int count, string why, string set = "web")
    {
        Converge(cluster);
        var there = Scenes.PodsOf(cluster, set).Count;
        if (there != count)
        {
            Fail($"{set} has {there} {(there == 1 ? "Pod" : "Pods")}, and wants {count}. {why}",
                $"{count} of them", cluster);
        }
    }

    /// <summary>The process of the answer ends; meanwhile something happens; it starts
    /// anew.</summary>
    protected static void Restart(Cluster cluster, Action? meanwhile = null)
    {
        cluster.Faults.Crash(Component);
        meanwhile?.Invoke();
        cluster.Run(TimeSpan.FromSeconds(40));
        cluster.Faults.Restore(Component);
    }
}

/// <summary>A controller that trusts events is wrong as soon as it misses one.</summary>
[Exercise("04-control-loop/2", "Find the bug: edge and level")]
[Hint(1, "Follow `owed` through a restart: what is it before, and what is it after the new "
    + "process has been shown the ReplicaSet?")]
[Hint(2, "A Pod is deleted while nobody watches. Which event tells of it?")]
[Hint(3, "Reconcile can read all it needs: api.Owned<Pod>(set). Then nothing has to be "
    + "remembered, and Observe can go.")]
public sealed class EdgeOrLevelTests : ControllerTests
{
    [Test, Task("Three Pods, and a new one when one is deleted")]
    public void It_works_while_it_runs()
    {
        Scenario("ReplicaSet web of 3; then one of its Pods is deleted.");
        var cluster = Cluster(Latency.None, Scenes.Set("web", 3));
        Expect(cluster, 3, "A new ReplicaSet has no Pods yet.");
        cluster.Delete(Scenes.PodsOf(cluster, "web")[0]);
        Expect(cluster, 3, "One Pod was deleted, and nothing took its place.");
    }

    [Test, Task("A restart changes nothing")]
    public void A_restart_changes_nothing()
    {
        Scenario("ReplicaSet web of 3 with its Pods; the controller's process restarts.");
        var cluster = Cluster(Latency.None, Scenes.Set("web", 3));
        Expect(cluster, 3, "A new ReplicaSet has no Pods yet.");
        Restart(cluster);
        Expect(cluster, 3, "After a restart every object is shown to the controller as if it were "
            + "new. An event says that something may have changed; it does not say what is "
            + "missing.");
    }

    [Test, Task("A Pod that is deleted while it was down is replaced")]
    public void What_happened_meanwhile_is_made_good()
    {
        Scenario("ReplicaSets web of 3 and api of 2; the controller is down for 40 s, and a Pod of "
            + "web is deleted meanwhile.");
        var cluster = Cluster(Latency.None, Scenes.Set("web", 3));
        Expect(cluster, 3, "A new ReplicaSet has no Pods yet.");
        cluster.Create(Scenes.Set("api", 2));
        Expect(cluster, 2, "There are other Pods, and they belong to web.", "api");
        Restart(cluster, () => cluster.Delete(Scenes.PodsOf(cluster, "web")[0]));
        Expect(cluster, 3, "One was deleted while the controller was down, so no event told of "
            + "it. What it counts from events is never certain; what it reads is.");
    }
}

/// <summary>The flagship: a whole controller, right in every order of events.</summary>
[Exercise("04-control-loop/3", "Write the ReplicaSet controller")]
[Hint(1, "Begin with exercise 1: count the active Pods that the set owns, create or delete the "
    + "difference. set.NewPod() makes a Pod, api.Create and api.Delete do the rest.")]
[Hint(2, "The explorer's story names the step at which your controller saw too few Pods. They were "
    + "its own, made a moment ago: its cache had not shown them yet.")]
[Hint(3, "Two ways out. Remember the UIDs that you made until Observe has shown them "
    + "(\"expectations\", as the real controller does). Or give the Pods names that follow from "
    + "the set, web-0, web-1, web-2: then a Pod cannot be made twice, for the name is taken.")]
[Hint(4, "When a reply is lost, you do not know whether the Pod was made, nor its UID. With names "
    + "of your own you need not know.")]
public sealed class ReplicaSetControllerTests : ControllerTests
{
    private const string Made = "Nobody but your controller makes Pods for a ReplicaSet. Too few: "
        + "it made too few. Too many: it made some twice, because its cache did not show yet what "
        + "it had made a moment ago.";

    [Test, Task("It creates the Pods that are missing")]
    public void Creates_what_is_missing()
    {
        Scenario("ReplicaSet web of 3, no Pods.");
        var cluster = Cluster(Latency.Typical, Scenes.Set("web", 3));
        Expect(cluster, 3, Made);
    }

    [Test, Task("It deletes the Pods that are too many")]
    public void Deletes_what_is_too_much()
    {
        Scenario("ReplicaSet web of 4 with its Pods is scaled to 1.");
        var cluster = Cluster(Latency.Typical, Scenes.Set("web", 4));
        Expect(cluster, 4, Made);
        Scale(cluster, 1);
        Expect(cluster, 1, "What is too many has to be deleted: spec.replicas is what should be, "
            + "in both directions.");
    }

    [Test, Task("It leaves alone what belongs to somebody else")]
    public void Labels_do_not_make_an_owner()
    {
        Scenario("A Pod with the labels of web belongs to somebody else. web wants 2, then 1.");
        var cluster = Cluster(Latency.Typical);
        var vault = cluster.Create(new ConfigMap { Metadata = new() { Name = "vault" } });
        var stranger = Scenes.Set("web", 1).NewPod("stranger");
        cluster.Create(stranger with
        {
            Metadata = stranger.Metadata with
            {
                OwnerReferences = [new()
                {
                    ApiVersion = "v1", Kind = "ConfigMap", Name = "vault",
                    Uid = vault.Metadata.Uid, Controller = true,
                }],
            },
        });
        cluster.Create(Scenes.Set("web", 2));
        const string why = "Pod stranger carries the same labels and belongs to ConfigMap vault: "
            + "a selector says which Pods may be adopted; the ownerReference says whose they are.";
        Expect(cluster, 2, why);
        Scale(cluster, 1);
        Expect(cluster, 1, why);
        if (cluster.Find<Pod>("default", "stranger") is not { IsActive: true })
        {
            Fail("Pod stranger is deleted. " + why, "stranger untouched", cluster);
        }
    }

    [Test, Task("A restart changes nothing, not even one between two writes")]
    public void Keeps_on_after_a_restart()
    {
        Scenario("ReplicaSet web of 3; the controller dies after its first write and is back 40 s "
            + "later; then it restarts once more.");
        var cluster = Cluster(Latency.Typical);
        cluster.Faults.CrashAfterWrite(Component);
        cluster.Create(Scenes.Set("web", 3));
        cluster.Run(TimeSpan.FromSeconds(40));
        cluster.Faults.Restore(Component);
        const string why = "After a restart its memory is empty: it may rely on nothing but what "
            + "it reads.";
        Expect(cluster, 3, why);
        Restart(cluster);
        Expect(cluster, 3, why);
    }

    [Test, Points(2), Task("In no order of events does it make a Pod too many")]
    public void Makes_never_one_too_many()
    {
        Scenario("ReplicaSet web of 3, in 80 different orders of events: slow watches, a cache "
            + "that stands still, a process that dies, a reply that is lost.");
        Converge(Cluster(Latency.Typical, Scenes.Set("web", 3)));
        Explored(() => Cluster(Latency.Typical, Scenes.Set("web", 3)), "never more than 3 Pods",
            c => Scenes.PodsOf(c, "web").Count <= 3, 3, []);
    }

    [Test, Task("In no order of events does it delete a Pod too many")]
    public void Never_too_few()
    {
        Scenario("ReplicaSet web of 3 with its Pods is scaled to 2, and a second later to 4, in "
            + "80 different orders of events.");
        Cluster Scaled()
        {
            var cluster = Cluster(Latency.Typical, Scenes.Set("web", 3));
            Converge(cluster);
            Scale(cluster, 2);
            return cluster;
        }
        Explored(Scaled, "never fewer than 2 Pods", c => Scenes.PodsOf(c, "web").Count >= 2, 4,
            [(TimeSpan.FromSeconds(1), c => Scale(c, 4))]);
    }

    private void Explored(Func<Cluster> scenario, string name, Func<Cluster, bool> always, int last,
        Seq<(TimeSpan, Action<Cluster>)> inputs)
    {
        var found = Explore.Runs(scenario, name, always,
            c => Scenes.PodsOf(c, "web").Count == last, Component,
            new() { Runs = 80, Inputs = inputs });
        if (found.Failure is { } run)
        {
            Fail(found.ToString(), name, run.Cluster);
        }
    }

    private static void Scale(Cluster cluster, int replicas) => cluster.Patch<ReplicaSet>(
        "default", "web", $$$"""{"spec":{"replicas":{{{replicas}}}}}""");
}

/// <summary>Which Pod goes first when there are too many.</summary>
[Exercise("04-control-loop/4", "Whom would you miss least?", Optional = true)]
[Hint(1, "false.CompareTo(true) is below zero: a.IsReady.CompareTo(b.IsReady) puts the one that "
    + "is not ready first.")]
[Hint(2, "Compare by the first criterion; only when it says 0, by the next.")]
public sealed class DeletionOrderTests : ExerciseFixture<Func<Pod, Pod, int>>
{
    private static readonly DateTime Start = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Test, Task("A Pod without a node goes before one that has a node")]
    public void First_the_unscheduled() => First(Pod("waiting", null, false, 0),
        Pod("starting", "node-1", false, 9), "it has no node yet, so nobody uses it");

    [Test, Task("A Pod that is not ready goes before one that is")]
    public void Next_those_not_ready() => First(Pod("starting", "node-1", false, 0),
        Pod("serving", "node-1", true, 9), "it is not ready, so it serves nobody");

    [Test, Task("Of two that are alike, the younger goes")]
    public void Then_the_younger() => First(Pod("young", "node-1", true, 9),
        Pod("old", "node-2", true, 0), "both serve, and the younger has fewer clients");

    private void First(Pod goes, Pod stays, string why)
    {
        var (one, other) = (goes.Metadata.Name, stays.Metadata.Name);
        Scenario($"Pods {one} and {other}; one is too many.");
        var compare = New();
        if (compare(goes, stays) >= 0 || compare(stays, goes) <= 0)
        {
            Fail($"Pod {one} should go before {other}: {why}. Your comparison of ({one}, {other}) "
                + $"is {compare(goes, stays)}, and the other way round {compare(stays, goes)}.",
                $"{one} first", compare(goes, stays) < 0 ? $"both first" : $"{other} first");
        }
    }

    private static Pod Pod(string name, string? node, bool ready, int minutes) => new()
    {
        Metadata = new() { Name = name, CreationTimestamp = Start.AddMinutes(minutes) },
        Spec = new() { NodeName = node },
        Status = new()
        {
            Phase = node is null || !ready ? "Pending" : "Running",
            Conditions = [new() { Type = "Ready", Status = ready ? "True" : "False" }],
        },
    };
}
