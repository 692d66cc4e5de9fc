using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Where pods wait for the scheduler, event by event.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SchedulerQueueTests
{
    private static readonly SchedulingFramework framework =
        new(SchedulingFramework.DefaultProfile());

    private readonly Host host = new();
    private readonly SchedulingQueue queue = new(framework);

    public SchedulerQueueTests()
    {
        (host.Now, host.Queue) = (new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc), queue);
        queue.Attach(host);
    }

    internal static Pod Wanting(string name, string cpu = "100m", int? priority = null) => new()
    {
        Metadata = new() { Name = name, Namespace = "default", Uid = name },
        Spec = new()
        {
            Containers = [new()
            {
                Name = "main", Image = "nginx",
                Resources = new() { Requests = Map.Of<Quantity>(("cpu", cpu)) },
            }],
            Priority = priority,
        },
    };

    [Test]
    public void Higher_priority_first_then_who_came_first()
    {
        Enter(Wanting("a", priority: 1), Wanting("b", priority: 5), Wanting("c", priority: 5));
        Assert.That(Taken(3), Is.EqualTo("b c a"));
    }

    [Test]
    public void Only_a_change_in_which_a_rejector_sees_hope_brings_a_pod_back()
    {
        Enter(Wanting("web", "2"));
        Reject("web");
        host.Pass(30);

        queue.Changed(new(ClusterEvents.NodeLabels, Sized("1"), Sized("1")));
        queue.Changed(new(ClusterEvents.NodeAllocatable, Sized("1"), Sized("1")));
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Unschedulable));

        queue.Changed(new(ClusterEvents.NodeAllocatable, Sized("1"), Sized("2")));
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Active));
    }

    [Test]
    public void A_pod_that_failed_a_moment_ago_is_held_back_until_a_whole_second()
    {
        host.Now = host.Now.AddMilliseconds(300);
        Enter(Wanting("web", "2"), Wanting("next"));
        Reject("web");
        queue.Changed(new(ClusterEvents.AssignedPodDelete, Wanting("gone", "2"), null));
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.BackOff));
        Assert.That(queue.Find(Key("web"))!.BackOffUntil.TimeOfDay,
            Is.EqualTo(TimeSpan.FromSeconds(1)), "0.3 s + 1 s, rounded down");
        host.Pass(1);
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Active));
    }

    [Test]
    public void Of_those_whose_back_off_ends_in_one_second_the_important_goes_first()
    {
        Enter(Wanting("low", "2", 1));
        Reject("low");
        host.Now = host.Now.AddMilliseconds(500);
        Enter(Wanting("high", "2", 9));
        Reject("high");
        queue.Changed(new(ClusterEvents.AssignedPodDelete, Wanting("gone", "2"), null));
        // Nothing else waits: they are taken before their back-off is over.
        Assert.That(Taken(2), Is.EqualTo("high low"));
    }

    [Test]
    public void An_idle_scheduler_does_not_wait_for_back_offs_but_for_those_of_errors()
    {
        Enter(Wanting("turned-away", "2"), Wanting("failed"));
        Reject("turned-away");
        Assert.That(queue.Take().Name, Is.EqualTo("failed"));
        queue.Fail(queue.Find(Key("failed"))!);
        queue.Changed(new(ClusterEvents.AssignedPodDelete, Wanting("gone", "2"), null));
        Assert.That(queue.Ready, Is.EqualTo(1));
        Assert.That(Taken(1), Is.EqualTo("turned-away"));
    }

    [TestCase(0, 330)]
    [TestCase(10, 330)]
    [TestCase(29, 330)]
    [TestCase(31, 360)]
    public void Every_half_minute_those_are_tried_that_waited_five(int failedAt, int triedAt)
    {
        host.Pass(failedAt);
        Enter(Wanting("web", "2"));
        Reject("web");
        host.Pass(triedAt - failedAt - 1);
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Unschedulable));
        host.Pass(1);
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Active));
    }

    [Test]
    public void A_gated_pod_stays_outside_until_the_last_gate_is_gone()
    {
        var pod = Wanting("web");
        var gated = pod with
        {
            Spec = pod.Spec with { SchedulingGates = [new() { Name = "quota" }] },
        };
        Enter(gated);
        Assert.That((Place("web"), queue.Ready), Is.EqualTo((QueuePlace.Gated, 0)));
        Enter(pod);
        Assert.That((Place("web"), queue.Ready), Is.EqualTo((QueuePlace.Active, 1)));
    }

    [Test]
    public void A_pod_that_tolerates_more_is_tried_again_if_a_taint_was_the_reason()
    {
        var pod = Wanting("web", "2");
        var tolerant = pod with
        {
            Spec = pod.Spec with { Tolerations = [new() { Operator = "Exists" }] },
        };
        Enter(pod);
        Reject("web");
        host.Pass(5);
        Enter(tolerant);
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Unschedulable));

        queue.Remove(pod.Key);
        Enter(pod);
        Reject("web", "TaintToleration");
        host.Pass(5);
        Enter(tolerant);
        Assert.That(Place("web"), Is.EqualTo(QueuePlace.Active));
    }

    [Test]
    public void Rejections_in_a_row_double_the_back_off_and_errors_count_apart()
    {
        Enter(Wanting("web", "2"));
        double[] waits = [.. Enumerable.Range(0, 6).Select(_ =>
        {
            Reject("web");
            var wait = queue.Find(Key("web"))!.BackOffUntil - host.Now;
            queue.Changed(new(ClusterEvents.AssignedPodDelete, Wanting("gone", "2"), null));
            host.Pass((int)wait.TotalSeconds);
            return wait.TotalSeconds;
        })];
        Assert.That(waits, Is.EqualTo(new double[] { 1, 2, 4, 8, 10, 10 }));
        queue.Take();
        Assert.That(queue.Fail(queue.Find(Key("web"))!).TotalSeconds, Is.EqualTo(1));
    }

    private void Enter(params Pod[] pods)
    {
        foreach (var pod in pods)
        {
            queue.Set(pod, PodShape.Of(pod));
        }
    }

    private void Reject(string name, string plugin = "NodeResourcesFit")
    {
        Assert.That(queue.Take().Name, Is.EqualTo(name));
        host.After(queue.Reject(queue.Find(Key(name))!, framework.BitOf(plugin)), Key(name),
            Pace.Background);
    }

    private string Taken(int count) =>
        string.Join(' ', Enumerable.Range(0, count).Select(_ => queue.Take().Name));

    private QueuePlace Place(string name) => queue.Find(Key(name))!.Place;

    private static ObjectKey Key(string name) => Wanting(name).Key;

    private static Node Sized(string cpu) => Bootstrap.NewNode("node-1") with
    {
        Status = new()
        {
            Allocatable = Map.Of<Quantity>(("cpu", cpu), ("memory", "1Gi"), ("pods", "9")),
        },
    };

    private sealed class Host : IQueueHost
    {
        public DateTime Now { get; set; }

        public Settings Settings => Settings.Default;

        public SchedulingQueue? Queue { get; set; }

        public List<(DateTime At, ObjectKey Key)> Timers { get; } = [];

        public void Note(ObjectKey key)
        {
            // Nobody asks for causes here.
        }

        public void After(TimeSpan delay, ObjectKey key, Pace pace) =>
            Timers.Add((Now + delay, key));

        public void Pass(int seconds)
        {
            var end = Now.AddSeconds(seconds);
            while (Timers.Where(t => t.At <= end).OrderBy(t => t.At).ToList() is [var due, ..])
            {
                Timers.Remove(due);
                Now = due.At > Now ? due.At : Now;
                Queue!.Add(due.Key);
            }
            Now = end;
        }
    }
}
