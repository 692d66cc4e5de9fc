using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 08-self-healing: a shorter patience with dead nodes, a budget for a drain, a
// diagnosis, and a whole controller with a Deployment above it.

/// <summary>A Deployment that is whole again soon after a node has died.</summary>
[Exercise("08-self-healing/1", "Whole again within 100 seconds")]
[Hint(1, "50 seconds at most pass until the node is NotReady; they are not yours to change. What "
    + "takes the other 300?")]
[Hint(2, "Every Pod is given two tolerations with tolerationSeconds: 300, unless it brings its "
    + "own. kubectl get pod NAME -o yaml shows them.")]
[Hint(3, "A node that says nothing any more gets the taint node.kubernetes.io/unreachable. "
    + "So: {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, "
    + "tolerationSeconds: 30}.")]
public sealed class SoonWholeTests : AppliedTests
{
    [Test, Task("Deployment shop is accepted, and its three Pods become ready")]
    public void Accepted_and_ready()
    {
        Scenario("An empty cluster of three nodes. Your manifest is applied.");
        Shop(3);
    }

    [Test, Points(2), Task("A node dies; 100 seconds later three Pods serve")]
    public void Dead_nodes_are_given_up()
    {
        Scenario("The node of a Pod of shop loses its power. 100 seconds pass.");
        var cluster = Shop(3);
        cluster.Faults.Crash(Serving(cluster)[0].Spec.NodeName!);
        cluster.Run(TimeSpan.FromSeconds(100));
        if (Serving(cluster).Count is < 3 and var ready)
        {
            Fail($"100 seconds later {ready} Pods are ready. The node is NotReady since half a "
                + "minute at least; what are its Pods still waiting for?", "3 ready", cluster);
        }
    }

    [Test, Task("A node that is silent for a minute keeps its Pods")]
    public void Forgives_a_minute()
    {
        Scenario("The cable of a Pod's node is pulled, and put back a minute later.");
        var cluster = Shop(3);
        var (node, before) = (Serving(cluster)[0].Spec.NodeName!, Serving(cluster));
        cluster.Faults.Partition(node);
        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Faults.Restore(node);
        cluster.Run(TimeSpan.FromMinutes(2));
        var lost = before.FirstOrDefault(b => !Serving(cluster).Any(p => p.Key == b.Key));
        if (lost is not null)
        {
            Fail($"Pod {lost.Metadata.Name} was given up, and its node was back a minute later, "
                + "with the Pod still running. Too little patience moves what is not broken.",
                "the same three Pods", cluster);
        }
    }

    private static Seq<Pod> Serving(Cluster cluster) =>
        cluster.List<Pod>().Where(p => p.IsActive && p.IsReady).ToSeq();
}

/// <summary>A budget that lets a drain through, and no more than that.</summary>
[Exercise("08-self-healing/2", "A budget for the drain")]
[Hint(1, "A PodDisruptionBudget has a selector and one of two numbers: minAvailable or "
    + "maxUnavailable.")]
[Hint(2, "minAvailable: 4 of 4 allows no disruption at all: the drain never ends. minAvailable: 3 "
    + "is right for 4 Pods. And for 8?")]
[Hint(3, "maxUnavailable: 1 goes by the number of replicas that the Deployment wants.")]
public sealed class BudgetTests : AppliedTests
{
    [Test, Task("A drain of node-1 comes to its end")]
    public void A_drain_ends() => Drain(4);

    [Test, Points(2), Task("With 4 replicas no moment has fewer than 3 ready")]
    public void Keeps_at_least_three_of_four() => Drain(4, floor: 3);

    [Test, Task("With 8 replicas no moment has fewer than 7 ready")]
    public void Keeps_seven_of_eight() => Drain(8, floor: 7);

    private void Drain(int replicas, int floor = 0)
    {
        Scenario($"Deployment shop of {replicas}, label app: shop, on two nodes. Your budget is "
            + "applied. Then kubectl drain node-1.");
        var cluster = new Cluster(nodes: 2);
        cluster.Kubectl($"create deployment shop --image=nginx:1.27 --replicas={replicas}");
        Applied<PodDisruptionBudget>(cluster, "shop");
        Converge(cluster);
        var (least, at) = (replicas, 0L);
        cluster.Stepped = step =>
        {
            var ready = cluster.List<Pod>().Count(p => p.IsActive && p.IsReady);
            (least, at) = ready < least ? (ready, step.Number) : (least, at);
        };
        var drained = cluster.Kubectl("drain node-1 --timeout=5m");
        if (drained.ExitCode != 0)
        {
            Fail("After five minutes the drain has not ended: " + drained.Error.Split('\n')[0]
                + " Whoever has to switch that machine off now deletes your budget first.",
                "node/node-1 drained", cluster);
        }
        if (least < floor)
        {
            Fail($"After step {at} only {least} of {replicas} Pods were ready. Either the budget "
                + "allows more than one disruption at a time, or it is not about these Pods.",
                $"{floor} ready", cluster);
        }
    }
}

/// <summary>Which component is dead? The objects tell.</summary>
[Exercise("08-self-healing/3", "Who is missing?")]
[Hint(1, "Follow the chain: a Deployment becomes a ReplicaSet, that one becomes Pods, these get a "
    + "node, there they are started. Where does it end?")]
[Hint(2, "No ReplicaSet: deployment-controller. Fewer Pods than its spec.replicas: "
    + "replicaset-controller. A Pod without a node (p.IsScheduled): default-scheduler.")]
[Hint(3, "All Pods there, all with a node, and one not ready: the kubelet of that node, "
    + "$\"kubelet/{p.Spec.NodeName}\".")]
public sealed class WhoIsMissingTests : ExerciseFixture<Func<Cluster, string>>
{
    [Test, Task("Nothing came of the Deployment")]
    public void A_deployment_controller() => Ask("deployment-controller");

    [Test, Task("A ReplicaSet, and no Pods")]
    public void B_replicaset_controller() => Ask("replicaset-controller");

    [Test, Task("Pods, and none has a node")]
    public void C_scheduler() => Ask("default-scheduler");

    [Test, Task("One node's Pods do not start")]
    public void D_kubelet() => Ask("kubelet/node-2");

    [Test, Task("A Pod was deleted later, and nobody replaced it")]
    public void E_later() => Ask("replicaset-controller", later: true);

    private void Ask(string dead, bool later = false)
    {
        Scenario("Deployment web of 6 on three nodes; one of deployment-controller, "
            + "replicaset-controller, default-scheduler, kubelet/node-2 is dead. A minute passes.");
        var cluster = new Cluster(nodes: 3);
        if (!later)
        {
            cluster.Faults.Crash(dead);
        }
        cluster.Kubectl("create deployment web --image=nginx:1.27 --replicas=6");
        cluster.Run(TimeSpan.FromMinutes(1));
        if (later)
        {
            cluster.Faults.Crash(dead);
            cluster.Delete(cluster.List<Pod>()[0]);
            cluster.Run(TimeSpan.FromMinutes(1));
        }
        var told = New()(cluster);
        if (told != dead)
        {
            Fail($"You say {told}, and it is {dead}. Look at how far the work has come: "
                + $"{cluster.List<ReplicaSet>().Count} ReplicaSets, {cluster.List<Pod>().Count} "
                + $"of 6 Pods, {cluster.List<Pod>().Count(p => p.IsScheduled)} with a node, "
                + $"{cluster.List<Pod>().Count(p => p.IsReady)} ready.", dead, cluster);
        }
    }
}

/// <summary>The ReplicaSet controller once more, with its status and a Deployment above.</summary>
[Exercise("08-self-healing/4", "A healer that a Deployment can stand on")]
[Hint(1, "Begin with your controller of 04-control-loop/3. Then write the status: "
    + "api.UpdateStatus(set with { Status = set.Status with { Replicas = …, ReadyReplicas = …, "
    + "AvailableReplicas = …, ObservedGeneration = set.Metadata.Generation } }).")]
[Hint(2, "A Deployment has several ReplicaSets, so names such as web-0 would clash: let them begin "
    + "with set.Metadata.Name.")]
[Hint(3, "Pods change after you have made them: you are called again when one becomes ready. Write "
    + "the status last, from what you read, and only if it differs.")]
public sealed class HealerTests : ExerciseFixture<IReconciler>
{
    private const string Component = "replicaset-controller";

    [Test, Task("A Deployment of 3 says 3/3")]
    public void A_deployment_is_whole()
    {
        Scenario("Deployment web of 3; your controller is in the place of the real one.");
        Whole(Web(), "nginx:1.27", "");
    }

    [Test, Points(2), Task("An update ends, and never leaves fewer than 3 ready")]
    public void B_an_update_keeps_the_floor()
    {
        Scenario("Deployment web of 3, maxUnavailable 0, gets another image.");
        var cluster = Web();
        Converge(cluster);
        Update(cluster);
        if (cluster.RunUntil(c => Ready(c) < 3, TimeSpan.FromMinutes(5)).Met)
        {
            Fail($"After step {cluster.StepCount} {Ready(cluster)} Pods are ready. The Deployment "
                + "takes old Pods away when your status says that new ones are available: say "
                + "what is so, not what will be.", "3 ready", cluster);
        }
        Whole(cluster, "nginx:1.28", "");
    }

    [Test, Points(2), Task("It may die after any of its writes")]
    public void C_survives_every_crash()
    {
        for (var n = 1; n <= 12; n++)
        {
            Scenario($"The same update; your controller dies after write {n}, and is back 20 s "
                + "later.");
            var cluster = Web();
            Converge(cluster);
            cluster.Faults.CrashAfterWrite(Component, n);
            Update(cluster);
            cluster.Run(TimeSpan.FromSeconds(20));
            cluster.Faults.Restore(Component);
            Whole(cluster, "nginx:1.28", $" It died after write {n}, and its memory with it.");
        }
    }

    [Test, Points(2), Task("Stale caches, lost replies: never more than 4 Pods, 3 in the end")]
    public void D_right_in_every_order()
    {
        Scenario("The same update, maxSurge 1, in 40 different orders of events.");
        Converge(Web());
        var found = Explore.Runs(Web, "never more than 4 Pods",
            c => c.List<Pod>().Count(p => p.IsActive) <= 4,
            c => Ready(c) == 3 && Images(c) == "nginx:1.28", Component,
            new() { Runs = 40, Inputs = [(TimeSpan.FromSeconds(5), Update)] });
        if (found.Failure is { } run)
        {
            Fail(found.ToString(), "between 3 and 4 Pods", run.Cluster);
        }
    }

    private Cluster Web()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Controllers.Replace(Component, New);
        cluster.Apply(Scenes.Web(maxUnavailable: 0, "nginx:1.27"));
        return cluster;
    }

    private static void Update(Cluster cluster) =>
        cluster.Kubectl("set image deployment/web nginx=nginx:1.28");

    private void Whole(Cluster cluster, string image, string after)
    {
        Converge(cluster);
        var told = cluster.Kubectl("get deployment web --no-headers").Out;
        if (Images(cluster) != image || Ready(cluster) != 3 || cluster.List<Pod>().Count != 3)
        {
            Fail($"At rest there are {cluster.List<Pod>().Count} Pods of {Images(cluster)}, "
                + $"{Ready(cluster)} ready; it should be 3 of {image}.{after} kubectl get "
                + $"deployment says: {told}", $"3 of {image}", cluster);
        }
        if (cluster.Get<Deployment>("web").Status is not { AvailableReplicas: 3, Replicas: 3 })
        {
            Fail("Three Pods are ready, and the Deployment does not know: kubectl get deployment "
                + $"says {told}It counts by the status of its ReplicaSets, and that is yours to "
                + "write.", "web   3/3", cluster);
        }
    }

    private static string Images(Cluster cluster) => string.Join(" and ", cluster.List<Pod>()
        .Select(p => p.Spec.Containers[0].Image).Distinct().Order(StringComparer.Ordinal));

    private static int Ready(Cluster cluster) =>
        cluster.List<Pod>().Count(p => p.IsActive && p.IsReady);
}
