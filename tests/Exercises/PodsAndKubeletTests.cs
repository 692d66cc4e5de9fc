using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 07-pods-and-kubelet: what must be there before a program starts, what its probes
// ask, which class a pod has, and how long a kubelet waits.

/// <summary>An init container that waits, and leaves a file.</summary>
[Exercise("07-pods-and-kubelet/1", "First the database, then the shop")]
[Hint(1, "Init containers run before all others, one after the other, each to its end: "
    + "initContainers: [{name: …, image: …, command: […]}].")]
[Hint(2, "To wait is a loop in the program: until nc -z db 5432; do sleep 2; done. One that ends "
    + "with an error is started again, after 10, 20, 40 seconds.")]
[Hint(3, "Each container has files of its own; a volume is for all who mount it: volumeMounts: "
    + "[{name: conf, mountPath: /conf}] belongs into the init container, too.")]
public sealed class DatabaseFirstTests : AppliedTests
{
    private const string Program = "cat /conf/db || exit 1; sleep infinity";

    [Test, Task("The database is there: the app reads db:5432")]
    public void A_reads_its_file()
    {
        Scenario("A Service db with a database behind it; then your Pod shop. 20 s pass.");
        var cluster = new Cluster(nodes: 1);
        Database(cluster);
        Converge(cluster);
        Apply(cluster);
        cluster.Run(TimeSpan.FromSeconds(20));
        Served(cluster);
    }

    [Test, Points(2), Task("There is no database for a minute: nobody starts before it, or again")]
    public void B_waits()
    {
        var cluster = Waited();
        var pod = cluster.Get<Pod>("shop");
        if (pod.StatusOf("app") is { State.Waiting: null } or { RestartCount: > 0 })
        {
            Fail("The app was started, and there is nobody who answers as db. An init container "
                + "holds it back only as long as it has not ended.", "app waits", cluster);
        }
        if (pod.Status.InitContainerStatuses.Sum(s => s.RestartCount) is > 0 and var restarts)
        {
            Fail($"The init container was started again {restarts} times. Who fails instead of "
                + "waiting is in the hands of the back-off: 10, 20, 40 seconds and so on.",
                "no restart", cluster);
        }
    }

    [Test, Task("Ten seconds after the database the shop is there")]
    public void C_is_quick()
    {
        var cluster = Waited();
        Database(cluster);
        cluster.RunUntil(c => c.List<Pod>().Any(p => p.Metadata.Name != "shop" && p.IsReady));
        cluster.Run(TimeSpan.FromSeconds(10));
        Served(cluster);
    }

    private Cluster Waited()
    {
        Scenario("Your Pod shop. No Service db for a minute, then it is there.");
        var cluster = new Cluster(nodes: 1);
        Apply(cluster);
        cluster.Run(TimeSpan.FromMinutes(1));
        return cluster;
    }

    private void Apply(Cluster cluster)
    {
        Applied<Pod>(cluster, "shop");
        Pinned.Same(cluster.Get<Pod>("shop").Spec, "app", Program);
    }

    private static void Database(Cluster cluster)
    {
        cluster.Kubectl("create deployment db --image=postgres:17");
        cluster.Kubectl("expose deployment db --port=5432");
    }

    private void Served(Cluster cluster)
    {
        var pod = cluster.Get<Pod>("shop");
        if (pod.StatusOf("app") is { RestartCount: > 0 })
        {
            Fail("The app did not find /conf/db, ended with 1, and was started again. "
                + (pod.Spec.InitContainers.IsEmpty ? "No container has run before it."
                    : "Each container has a file system of its own: what one of them writes "
                        + "another reads only in a volume that both mount."),
                "no restart", cluster);
        }
        if (!pod.IsReady)
        {
            Fail("The database answers, and the Pod is not ready: "
                + cluster.Kubectl("get pod shop --no-headers").Out.TrimEnd(), "1/1", cluster);
        }
        if (cluster.Kubectl("logs shop -c app").Out.Trim() is var read && read != "db:5432")
        {
            Fail($"The app reads \"{read}\" in /conf/db.", "db:5432", read);
        }
    }
}

/// <summary>Readiness for what passes, liveness for what does not.</summary>
[Exercise("07-pods-and-kubelet/2", "Two questions, two probes")]
[Hint(1, "One probe asks: shall I get requests now? The other: am I beyond help, so that only a "
    + "new start can save me? Each asks for another one of the two files.")]
[Hint(2, "readinessProbe looks for /tmp/ready, livenessProbe for /tmp/alive.")]
[Hint(3, "readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 5}, and "
    + "livenessProbe in the same way.")]
public sealed class TwoQuestionsTests : AppliedTests
{
    [Test, Task("It warms up for 20 s: no request before that, and no restart")]
    public void A_warms_up()
    {
        var cluster = Applied(15);
        if (Ready(cluster) > 0)
        {
            Fail("After 15 seconds of a warm-up of 20 a Pod is ready: its Service sends it "
                + "requests that it cannot answer.", "none ready", cluster);
        }
        cluster.Run(TimeSpan.FromSeconds(25));
        Well(cluster, "after 40 seconds");
    }

    [Test, Points(2), Task("The database is away for three minutes: no request, and no restart")]
    public void B_loses_its_database()
    {
        var cluster = Up("Then the database is away for three minutes: no program is ready (its "
            + "file /tmp/ready is gone), and all of them are alive.");
        All(cluster, "rm", "/tmp/ready");
        cluster.Run(TimeSpan.FromSeconds(60));
        if (Restarts(cluster) == 0 && Ready(cluster) > 0)
        {
            Fail("A minute later their Service still sends them requests, and each fails.",
                "none ready", cluster);
        }
        cluster.Run(TimeSpan.FromMinutes(2));
        if (Restarts(cluster) is > 0 and var restarts)
        {
            Fail($"{restarts} restarts. A restart does not bring a database back: it kills "
                + "programs that are well, all at the same time, and their back-off keeps them "
                + "away when the database has long returned.", "no restart", cluster);
        }
        All(cluster, "touch", "/tmp/ready");
        cluster.Run(TimeSpan.FromSeconds(20));
        Well(cluster, "20 seconds after the database has come back");
    }

    [Test, Points(2), Task("One hangs: it is restarted, and the other is not")]
    public void C_hangs()
    {
        var cluster = Up("Then one of them hangs: its file /tmp/alive is gone. 75 s pass.");
        var name = cluster.List<Pod>()[0].Metadata.Name;
        cluster.Exec(name, "rm", "/tmp/alive");
        cluster.Run(TimeSpan.FromSeconds(75));
        if (cluster.Get<Pod>(name).Restarts == 0)
        {
            Fail("75 seconds after it has hung up it is still the same process. It has not "
                + "ended, so nobody restarts it but a liveness probe.", "a restart", cluster);
        }
        if (Restarts(cluster) > 1)
        {
            Fail("The other one was restarted, too, and it is well.", "one restart", cluster);
        }
    }

    private Cluster Up(string then)
    {
        var cluster = Applied(45);
        Scenario($"Your Deployment shop has been up for a while. {then}");
        Well(cluster, "after 45 seconds");
        return cluster;
    }

    private Cluster Applied(int seconds)
    {
        Scenario(string.Create(CultureInfo.InvariantCulture,
            $"Your Deployment shop of 2 is applied. {seconds} s pass."));
        var cluster = Applied<Deployment>(new Cluster(nodes: 2), "shop");
        Pinned.Same(cluster.Get<Deployment>("shop").Spec.Template.Spec, "app",
            "touch /tmp/alive; sleep 20; touch /tmp/ready; sleep infinity");
        cluster.Run(TimeSpan.FromSeconds(seconds));
        return cluster;
    }

    private void Well(Cluster cluster, string when)
    {
        if (Ready(cluster) != 2 || Restarts(cluster) > 0)
        {
            Fail($"{Ready(cluster)} of 2 Pods are ready {when}, and there were {Restarts(cluster)} "
                + "restarts.", "2 ready, no restart", cluster);
        }
    }

    private static void All(Cluster cluster, string tool, string file)
    {
        foreach (var pod in cluster.List<Pod>())
        {
            cluster.Exec(pod.Metadata.Name, tool, file);
        }
    }

    private static int Ready(Cluster cluster) => cluster.List<Pod>().Count(p => p.IsReady);

    private static int Restarts(Cluster cluster) => cluster.List<Pod>().Sum(p => p.Restarts);
}

/// <summary>The quality of service of a pod, from its resources.</summary>
[Exercise("07-pods-and-kubelet/3", "Which class?")]
[Hint(1, "Only cpu and memory count, and only amounts above zero. All containers count, those of "
    + "initContainers, too.")]
[Hint(2, "BestEffort: no amount anywhere. Guaranteed: each container limits cpu and memory, and "
    + "requests as much. Burstable: all the rest.")]
[Hint(3, "c.Requests.Get(\"cpu\") is a Quantity, 0 where nothing is said: it has IsZero, and two "
    + "of them compare with ==.")]
public sealed class QosClassTests : ExerciseFixture<Func<Seq<ResourceRequirements>, string>>
{
    private const string Same = "{limits: {cpu: 100m, memory: 100Mi}, "
        + "requests: {cpu: 100m, memory: 100Mi}}";

    // The rows of TestGetPodQOS in pkg/apis/core/v1/helper/qos, and two more of the same kind.
    private static readonly (string Class, string Clue, string[] Resources)[] simple =
    [
        ("Guaranteed", "It requests as much as it may have.", [Same]),
        ("Guaranteed", "Both containers request as much as they may have.", [Same, Same]),
        ("BestEffort", "Nobody asks for anything.", ["{}"]),
        ("BestEffort", "Nobody asks for anything.", ["{}", "{}"]),
    ];

    private static readonly (string Class, string Clue, string[] Resources)[] mixed =
    [
        ("Burstable", "One of the two asks for something.",
            ["{}", "{limits: {cpu: \"2\"}, requests: {cpu: \"1\"}}"]),
        ("Burstable", "One is without limits: that takes the guarantee from all.",
            ["{}", "{limits: {cpu: 10m, memory: 100Mi}, requests: {cpu: 10m, memory: 100Mi}}"]),
        ("Burstable", "It has no limits.", ["{requests: {cpu: 100m, memory: 100Mi}}"]),
        ("Burstable", "In sum the requests are the limits, but each container for itself is not "
            + "bound: the second one has no limits.",
            ["{limits: {cpu: 200m, memory: 200Mi}, requests: {cpu: 100m, memory: 100Mi}}",
                "{requests: {cpu: 100m, memory: 100Mi}}"]),
        ("Burstable", "Its memory has no limit.", ["{limits: {cpu: 100m}}"]),
        ("Guaranteed", "1000m is 1.", ["{limits: {cpu: \"1\", memory: 1Gi}, "
            + "requests: {cpu: 1000m, memory: 1024Mi}}"]),
    ];

    [Test, Task("Who asks for nothing, and who asks for all that it may have")]
    public void A_the_two_ends() => Ask(simple);

    [Test, Points(2), Task("What lies between")]
    public void B_between() => Ask(mixed);

    [Test, Task("Zero is nothing, and other resources do not count")]
    public void C_nothing() => Ask([("BestEffort", "Of cpu and memory it asks for 0, and no other "
        + "resource counts.", ["{limits: {cpu: \"0\", memory: \"0\", hugepages-2Mi: 1Gi}, "
            + "requests: {cpu: \"0\", memory: \"0\", hugepages-2Mi: 1Gi}}"])]);

    private void Ask((string Class, string Clue, string[] Resources)[] rows)
    {
        foreach (var (wanted, clue, resources) in rows)
        {
            var text = string.Join("\n", resources.Select(r => $"resources: {r}"));
            Scenario($"A Pod of {resources.Length} containers. {text}");
            var told = New()(Sent(resources));
            if (told != wanted)
            {
                Fail($"You say {told}, and it is {wanted}. {clue}\n{text}", wanted, told);
            }
        }
    }

    // What the API server makes of them: who limits and does not request, requests as much.
    private static Seq<ResourceRequirements> Sent(string[] resources)
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: ["
            + string.Join(", ", resources.Select((r, i) =>
                string.Create(CultureInfo.InvariantCulture,
                    $"{{name: c{i}, image: app, resources: {r}}}"))) + "]}}");
        return cluster.Get<Pod>("p").Spec.Containers.Select(c => c.Resources).ToSeq();
    }
}

/// <summary>The patience of a kubelet with a program that ends.</summary>
[Exercise("07-pods-and-kubelet/4", "How long until the next start?", Optional = true)]
[Hint(1, "kubectl get pods --watch, or cluster.Past(Kinds.Pod): FinishedAt of one run, StartedAt "
    + "of the next. What is the first gap?")]
[Hint(2, "0, 10, 20, 40 seconds and so on; never more than 300.")]
[Hint(3, "A container that has run for more than ten minutes has earned a new beginning: what was "
    + "before is forgotten.")]
public sealed class NextStartTests : ExerciseFixture<Func<int, double, double>>
{
    [Test, Task("The first restarts of a program that ends after 2 s")]
    public void A_grows() => Ask(2, 4);

    [Test, Task("All of its restarts")]
    public void B_has_an_end() => Ask(2, 8);

    [Test, Task("A program that runs for 11 minutes each time")]
    public void C_is_forgotten() => Ask(660, 4);

    private void Ask(int runs, int restarts)
    {
        Scenario($"A Pod app:exit-1-{runs}: its program ends after {runs} s, with an error.");
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl($"run p --image=app:exit-1-{runs}");
        cluster.RunUntil(c => c.Get<Pod>("p").Restarts == restarts, TimeSpan.FromHours(3));
        for (var n = 1; n <= restarts; n++)
        {
            var run = cluster.Past(Kinds.Pod).Select(p => p.Event.New).OfType<Pod>()
                .Select(p => p.StatusOf("p")).First(s => s is { State.Running: not null }
                    && s.RestartCount == n)!;
            var waited = (run.State.Running!.StartedAt!.Value
                - run.LastState.Terminated!.FinishedAt!.Value).TotalSeconds;
            var told = New()(n, runs);
            // A kubelet that has waited long enough finds out when it looks again.
            if (told > waited + 1 || told < waited - 16)
            {
                Fail(string.Create(CultureInfo.InvariantCulture, $"Before restart {n} of a program "
                    + $"that runs for {runs} s you wait {told:0} s, and the kubelet waited "
                    + $"{waited:0} s. ") + (told > 300 ? "It never waits longer than five minutes."
                        : runs > 600 ? "Who runs so long begins anew." : ""), waited, told);
            }
        }
    }
}
