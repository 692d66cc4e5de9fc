using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class PodFactsTests
{
    private static readonly Pod Ready = new()
    {
        Status = new()
        {
            Phase = "Running",
            Conditions =
            [
                new() { Type = "Ready", Status = "True", LastTransitionTime = new Time(100) },
            ],
        },
    };

    [Test]
    public void A_pod_is_ready_when_the_condition_says_True()
    {
        Assert.That(Ready.IsReady);
        Assert.That(new Pod().IsReady, Is.False);
        Assert.That(With("False").IsReady, Is.False);
        Assert.That(With("Unknown").IsReady, Is.False);
        static Pod With(string status) => Ready with
        {
            Status = new() { Conditions = [new() { Type = "Ready", Status = status }] },
        };
    }

    [TestCase(0, 100, true)]
    [TestCase(10, 109, false)]
    [TestCase(10, 110, true)]
    public void A_pod_is_available_after_so_many_seconds_of_readiness(
        int min, long now, bool available) =>
        Assert.That(Ready.IsAvailable(min, new Time(now)), Is.EqualTo(available));

    [Test]
    public void A_pod_that_is_not_ready_is_never_available() =>
        Assert.That(new Pod().IsAvailable(0, new Time(999)), Is.False);

    [TestCase("Pending", false)]
    [TestCase("Running", false)]
    [TestCase("Succeeded", true)]
    [TestCase("Failed", true)]
    [TestCase(null, false)]
    public void Only_Succeeded_and_Failed_are_finished(string? phase, bool finished)
    {
        var pod = new Pod { Status = new() { Phase = phase } };
        Assert.That(pod.IsFinished, Is.EqualTo(finished));
        Assert.That(pod.IsActive, Is.EqualTo(!finished));
    }

    [Test]
    public void A_deletion_timestamp_makes_an_object_terminating()
    {
        var going = Ready with { Metadata = new() { DeletionTimestamp = new Time(1) } };
        Assert.That(going.IsTerminating && !going.IsActive && going.IsReady);
        Assert.That(Ready.IsTerminating, Is.False);
    }

    [Test]
    public void A_pod_is_scheduled_once_it_has_a_node()
    {
        Assert.That(new Pod().IsScheduled, Is.False);
        Assert.That(new Pod { Spec = new() { NodeName = "" } }.IsScheduled, Is.False);
        Assert.That(new Pod { Spec = new() { NodeName = "node-1" } }.IsScheduled);
    }

    [Test]
    public void Only_one_owner_controls()
    {
        var owned = new Pod
        {
            Metadata = new()
            {
                OwnerReferences = [new() { Uid = "a" }, new() { Uid = "b", Controller = true }],
            },
        };
        Assert.That(owned.ControllerOwner?.Uid, Is.EqualTo("b"));
        Assert.That(owned.IsOwnedBy("a") && owned.IsOwnedBy("b") && !owned.IsOwnedBy("c"));
        Assert.That(owned.IsControlledBy("b") && !owned.IsControlledBy("a"));
        Assert.That(new Node().ControllerOwner, Is.Null);
    }

    [Test]
    public void Containers_of_all_sorts_are_found_by_name_and_their_restarts_summed()
    {
        var pod = new Pod
        {
            Status = new()
            {
                InitContainerStatuses = [new() { Name = "init", RestartCount = 2 }],
                ContainerStatuses = [new() { Name = "web", RestartCount = 3 }],
                EphemeralContainerStatuses = [new() { Name = "debug" }],
            },
        };
        Assert.That(pod.Restarts, Is.EqualTo(5));
        Assert.That(pod.StatusOf("init")?.RestartCount, Is.EqualTo(2));
        Assert.That(pod.StatusOf("debug"), Is.Not.Null);
        Assert.That(pod.StatusOf("nobody"), Is.Null);
    }

    [Test]
    public void A_node_tells_whether_it_is_ready_and_cordoned()
    {
        var node = new Node
        {
            Status = new() { Conditions = [new() { Type = "Ready", Status = "True" }] },
        };
        Assert.That(node.IsReady && !node.IsCordoned);
        Assert.That((node with { Spec = new() { Unschedulable = true } }).IsCordoned);
        Assert.That(new Node().IsReady, Is.False);
    }

    [Test]
    public void Setting_a_condition_replaces_appends_or_leaves_the_list_alone()
    {
        var list = Ready.Status.Conditions;
        Assert.That(list.With(list[0] with { }).SameAs(list));
        Assert.That(list.With(list[0] with { Status = "False" }).IsTrue("Ready"), Is.False);
        var grown = list.With(new() { Type = "Initialized", Status = "True" });
        Assert.That(grown.Select(c => c.Type), Is.EqualTo(new[] { "Ready", "Initialized" }));
        Assert.That(grown.Of("Initialized"), Is.Not.Null);
        Assert.That(grown.Of("Other"), Is.Null);
    }

    [Test]
    public void An_init_container_that_always_restarts_is_a_sidecar()
    {
        Assert.That(new Container { RestartPolicy = "Always" }.IsSidecar);
        Assert.That(new Container().IsSidecar, Is.False);
    }
}
