using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 05-rolling-update: two bounds, a careful manifest, a way back, a claim, and an
// update that nobody notices.

/// <summary>Floor and ceiling, from two percentages.</summary>
[Exercise("05-rolling-update/1", "Floor and ceiling")]
[Hint(1, "30 % of 10 are 3. 25 % of 10 are 2.5, and the two bounds round that differently.")]
[Hint(2, "Surge is rounded up, unavailable is rounded down. With whole numbers: (n * p + 99) / 100 "
    + "and n * p / 100.")]
[Hint(3, "If both come to 0, nothing could ever move. Then one Pod may be unavailable.")]
public sealed class BoundsTests : ExerciseFixture<Func<int, int, int, (int Floor, int Ceiling)>>
{
    [Test, Task("Whole numbers: 10 replicas, 30 % and 20 %")]
    public void Exact_where_nothing_is_rounded() => Ask(10, 30, 20, "nothing has to be rounded");

    [Test, Task("10 replicas, 25 % and 25 %: the defaults")]
    public void Rounded_apart()
    {
        Ask(10, 25, 25, "25 % of 10 are 2.5: surge is rounded up to 3, unavailable down to 2");
        Ask(3, 25, 25, "25 % of 3 are 0.75: surge is rounded up to 1, unavailable down to 0");
    }

    [Test, Task("3 replicas, 0 % and 25 %: something must move")]
    public void Something_must_move() => Ask(3, 0, 25,
        "both come to 0, and with 0 and 0 no Pod could be added and none taken away. Kubernetes "
        + "then lets one be unavailable");

    private void Ask(int replicas, int surge, int unavailable, string why)
    {
        Scenario($"{replicas} replicas, maxSurge {surge}%, maxUnavailable {unavailable}%");
        var web = new Deployment
        {
            Spec = new()
            {
                Replicas = replicas,
                Strategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new()
                    {
                        MaxSurge = $"{surge}%", MaxUnavailable = $"{unavailable}%",
                    },
                },
            },
        };
        var right = (Floor: web.MinAvailable, Ceiling: web.Wanted + web.MaxSurge);
        var told = New()(replicas, surge, unavailable);
        if (told != right)
        {
            Fail($"With {replicas} replicas, maxSurge {surge}% and maxUnavailable {unavailable}% "
                + $"you say {Say(told)}; it is {Say(right)}: {why}.", Say(right), Say(told));
        }
    }

    private static string Say((int Floor, int Ceiling) bounds) =>
        $"floor {bounds.Floor}, ceiling {bounds.Ceiling}";
}

/// <summary>A manifest whose rollouts never go below the floor, bad versions included.</summary>
[Exercise("05-rolling-update/2", "Never fewer than four")]
[Hint(1, "spec.strategy.rollingUpdate holds the two bounds. What must maxUnavailable be, if none "
    + "may be missing? And what must maxSurge be then?")]
[Hint(2, "A Pod without a readiness probe is ready when its container runs. How long must it stay "
    + "so, before the rollout believes it? There is a field for that beside `replicas`.")]
[Hint(3, "minReadySeconds: 20. A Pod that is ready counts as available after that time.")]
public sealed class NeverFewerTests : AppliedTests
{
    [Test, Task("Deployment shop is accepted, and its four Pods become ready")]
    public void Accepted_and_ready()
    {
        Scenario("An empty cluster of three nodes. Your manifest is applied.");
        Shop(4);
    }

    [Test, Task("An update to nginx:1.28 comes to its end")]
    public void Brings_an_update_to_its_end()
    {
        var cluster = Updated("nginx:1.28");
        cluster.Run(TimeSpan.FromMinutes(15));
        var updated = cluster.List<Pod>().Count(
            p => p.IsReady && p.Spec.Containers.Any(c => c.Image == "nginx:1.28"));
        if (updated != 4)
        {
            Fail($"After 15 minutes {updated} of 4 Pods run the new version.", "4", cluster);
        }
    }

    [Test, Task("No moment of it has fewer than four ready")]
    public void Keeps_four() => Watch(Updated("nginx:1.28"),
        "maxUnavailable says how many may be missing: by default 25 % of 4, which is one");

    [Test, Points(2), Task("A version that dies after 15 seconds replaces nothing")]
    public void Shuts_a_bad_version_out() => Watch(Updated("shop:exit-1-15"),
        "the new Pods were ready, so the rollout took old ones away; then the new ones died. Ready "
        + "for a moment is not enough");

    private Cluster Updated(string image)
    {
        Scenario($"Deployment shop runs; then kubectl set image deployment/shop '*={image}'.");
        var cluster = Shop(4);
        cluster.Run(TimeSpan.FromMinutes(2));
        cluster.Kubectl($"set image deployment/shop *={image}");
        return cluster;
    }

    private void Watch(Cluster cluster, string why)
    {
        if (cluster.RunUntil(c => Ready(c) < 4, TimeSpan.FromMinutes(15)).Met)
        {
            Fail($"At {cluster.Now:HH:mm:ss}, after step {cluster.StepCount}, {Ready(cluster)} "
                + $"Pods are ready: {why}.", "4 ready", cluster);
        }
    }

    private static int Ready(Cluster cluster) => cluster.List<Pod>().Count(p => p.IsReady);
}

/// <summary>Back to what still serves, which need not be the revision before.</summary>
[Exercise("05-rolling-update/3", "The way back")]
[Hint(1, "Each ReplicaSet of a Deployment is one revision, and keeps its template. Its number is "
    + "the annotation deployment.kubernetes.io/revision.")]
[Hint(2, "A revision that serves has set.Status.AvailableReplicas above 0. Of several, the one "
    + "with the highest number.")]
[Hint(3, "c.Kubectl($\"rollout undo deployment/web --to-revision={number}\") does the rest. (Or "
    + "c.Update, with the set's template in the Deployment.)")]
public sealed class WayBackTests : ExerciseFixture<Action<Cluster>>
{
    [Test, Task("One bad update: back to the version before")]
    public void Back_after_one_bad_update() => Back("nginx:1.27", "nginx:nosuch");

    [Test, Task("Two bad updates: not to the bad version before")]
    public void Back_after_two_bad_updates() =>
        Back("nginx:1.27", "nginx:nosuch-1", "nginx:nosuch-2");

    [Test, Task("The newest version that serves, not the oldest")]
    public void Not_to_the_oldest() => Back("nginx:1.28", "nginx:1.28", "nginx:nosuch");

    [Test, Task("Nothing is wrong: nothing changes")]
    public void Stays_where_all_is_well() => Back("nginx:1.28", "nginx:1.28");

    private void Back(string right, params Seq<string> images)
    {
        Scenario("Deployment web of 3 with nginx:1.27 is scaled to 5, then updated to "
            + $"{string.Join(", then to ", images)}, two minutes each.");
        var cluster = new Cluster(nodes: 3);
        cluster.Apply(Scenes.Web(maxUnavailable: 1, "nginx:1.27"));
        cluster.Converge();
        cluster.Kubectl("scale deployment web --replicas=5");
        foreach (var image in images)
        {
            cluster.Kubectl($"set image deployment/web nginx={image}");
            cluster.Run(TimeSpan.FromMinutes(2));
        }
        New()(cluster);
        cluster.Run(TimeSpan.FromMinutes(2));
        var pods = cluster.List<Pod>();
        var told = string.Join(", ", pods.Select(p => p.Spec.Containers[0].Image)
            .GroupBy(i => i).Select(g => $"{g.Count()} of {g.Key}"));
        if (told != $"5 of {right}" || !pods.All(p => p.IsReady))
        {
            Fail($"Two minutes later the Pods are {told}, {pods.Count(p => p.IsReady)} of them "
                + $"ready. {right} is the newest version that served, and 5 replicas were wanted: "
                + "a rollback brings the template back, not the number.", $"5 of {right}", cluster);
        }
    }
}

/// <summary>What a rollout promises, as a claim for cluster.Always.</summary>
[Exercise("05-rolling-update/4", "Between floor and ceiling")]
[Hint(1, "var d = c.Get<Deployment>(\"web\") knows its bounds: d.MinAvailable is the floor, "
    + "d.Wanted + d.MaxSurge the ceiling.")]
[Hint(2, "A Pod that is being deleted is no replica any more, though kubectl still lists it: "
    + "p.IsActive.")]
public sealed class BetweenTests : ExerciseFixture<Func<Cluster, bool>>
{
    [Test, Task("It holds throughout an update, also while old Pods take their time to stop")]
    public void It_holds()
    {
        Scenario("Deployment web of 10, defaults; its containers need 3 s to stop. The image "
            + "changes.");
        var (cluster, claim) = (Ten(), New());
        cluster.Kubectl("set image deployment/web web=web:slowstop-4");
        while (!cluster.IsConverged && cluster.Step() is { IsIdle: false } step)
        {
            if (!claim(cluster))
            {
                var pods = cluster.List<Pod>();
                Fail($"Your claim is false after step {step.Number}: {pods.Count} Pods, of which "
                    + $"{pods.Count(p => p.IsTerminating)} are terminating. The ceiling of 13 "
                    + "counts those that are wanted, not those that are on their way out.",
                    "true", cluster);
            }
        }
    }

    [Test, Task("It catches what breaks the floor")]
    public void It_sees_the_floor()
    {
        Scenario("Somebody deletes three of the ten Pods; three others are starting.");
        var cluster = Ten();
        foreach (var pod in cluster.List<Pod>().Take(3))
        {
            cluster.Delete(pod);
        }
        cluster.RunUntil(c => c.List<Pod>().Count(p => p.IsActive) == 10 && Serving(c) < 8);
        Caught(cluster);
    }

    [Test, Task("It catches what breaks the ceiling")]
    public void It_sees_the_ceiling()
    {
        Scenario("Somebody scales the ReplicaSet itself to 20, behind the Deployment's back.");
        var cluster = Ten();
        cluster.Kubectl($"scale rs {cluster.List<ReplicaSet>()[0].Metadata.Name} --replicas=20");
        cluster.RunUntil(c => c.List<Pod>().Count(p => p.IsActive) > 13);
        Caught(cluster);
    }

    private void Caught(Cluster cluster)
    {
        if (New()(cluster))
        {
            Fail($"After step {cluster.StepCount} there are "
                + $"{cluster.List<Pod>().Count(p => p.IsActive)} Pods that are not terminating, "
                + $"{Serving(cluster)} of them ready, and your claim still holds. The floor is 8, "
                + "the ceiling 13.", "false", cluster);
        }
    }

    private static int Serving(Cluster cluster) =>
        cluster.List<Pod>().Count(p => p.IsActive && p.IsReady);

    private static Cluster Ten()
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Kubectl("create deployment web --image=web:slowstop-3 --replicas=10");
        cluster.Converge();
        return cluster;
    }
}

/// <summary>An update of which no client notices anything.</summary>
[Exercise("05-rolling-update/5", "Lose no request", Optional = true)]
[Hint(1, "Look at a request that is lost: which Pod was it sent to, and what had just happened to "
    + "that Pod?")]
[Hint(2, "A Pod that is deleted gets SIGTERM at once, and the nodes hear of it a moment later. If "
    + "it served on for some seconds, everybody would know in time.")]
[Hint(3, "lifecycle.preStop of the container runs before SIGTERM: {preStop: {sleep: {seconds: "
    + "5}}}.")]
public sealed class LoseNothingTests : AppliedTests
{
    [Test, Task("Requests are answered while nothing changes")]
    public void Answers() => Send(Serving(), "Four Pods labelled app: shop serve port 80.");

    [Test, Points(2), Task("Not one request is lost during an update")]
    public void Loses_nothing()
    {
        var cluster = Serving();
        cluster.Reseed(1, slowestWatch: TimeSpan.FromSeconds(1));
        cluster.Kubectl("set image deployment/shop *=nginx:1.28");
        while (!cluster.IsConverged && !cluster.Step().IsIdle)
        {
            Send(cluster, "A Pod was sent a request after its container had been stopped: "
                + "kube-proxy had not heard of it yet.");
        }
        if (cluster.List<Pod>().Any(p => p.Spec.Containers[0].Image == "nginx:1.27"))
        {
            Fail("The update did not come to its end: old Pods are left.", "none", cluster);
        }
    }

    private Cluster Serving()
    {
        Scenario("Your Deployment shop of 4, nginx:1.27; a Service shop selects app: shop. Changes "
            + "reach the nodes up to a second late, and a client asks ten times after every step.");
        var cluster = Applied<Deployment>(new Cluster(nodes: 3), "shop");
        cluster.Kubectl("create service clusterip shop --tcp=80");
        cluster.Kubectl("run client --image=busybox:1.36 -- sleep 3600");
        Converge(cluster);
        return cluster;
    }

    private void Send(Cluster cluster, string why)
    {
        // Of several Pods a connection goes to any.
        for (var i = 0; i < 10; i++)
        {
            var sent = cluster.Send("client", "shop:80");
            if (sent.Outcome != SendOutcome.Answered)
            {
                Fail($"At {cluster.Now:ss.fff}, after step {cluster.StepCount}, a request is lost: "
                    + $"{sent.Message}. {why}", "answered", sent);
            }
        }
    }
}
