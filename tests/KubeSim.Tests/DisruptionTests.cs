using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What PodDisruptionBudgets allow, and what is done by it.</summary>
public sealed class DisruptionTests
{
    private const string Web = "create deployment web --image=nginx --replicas=";

    private static readonly TimeSpan second = TimeSpan.FromSeconds(1);

    private static Cluster Given(params string[] commands)
    {
        var cluster = new Cluster(nodes: 2);
        foreach (var command in commands)
        {
            Assert.That(cluster.Kubectl(command).Error, Is.Empty, command);
        }
        cluster.Converge();
        return cluster;
    }

    private static PodDisruptionBudgetStatus Status(Cluster cluster) =>
        cluster.Get<PodDisruptionBudget>("keep").Status;

    private static string Told(Cluster cluster)
    {
        var (status, told) = (Status(cluster), Status(cluster).Conditions[0]);
        return $"{status.CurrentHealthy} of {status.ExpectedPods}, {status.DesiredHealthy} must, "
            + $"{status.DisruptionsAllowed} may: {told.Status} {told.Reason} {told.Message}";
    }

    private static string[] Events(Cluster cluster) => [.. cluster.List<Event>()
        .Where(e => e.Source?.Component == "controllermanager")
        .Select(e => $"{e.Type} {e.Reason}: {e.Message}").Distinct()];

    [TestCase("--min-available=50%", "7 of 7, 4 must, 3 may: True SufficientPods ")]
    [TestCase("--max-unavailable=50%", "7 of 7, 3 must, 4 may: True SufficientPods ")]
    [TestCase("--min-available=5", "7 of 7, 5 must, 2 may: True SufficientPods ")]
    [TestCase("--max-unavailable=1", "7 of 7, 6 must, 1 may: True SufficientPods ")]
    [TestCase("--min-available=100%", "7 of 7, 7 must, 0 may: False InsufficientPods ")]
    [TestCase("--max-unavailable=9", "7 of 7, 0 must, 7 may: True SufficientPods ")]
    public void Percentages_of_the_wanted_size_are_rounded_up(string flag, string told)
    {
        var cluster = Given($"{Web}7", $"create pdb keep --selector=app=web {flag}");
        Assert.That((Told(cluster), Status(cluster).ObservedGeneration), Is.EqualTo((told, 1)));
    }

    [Test]
    public void A_number_counts_the_pods_there_are_and_a_share_those_that_should_be()
    {
        var cluster = Given($"{Web}3", "run alone --image=nginx -l app=web",
            "create pdb keep --selector=app=web --min-available=3");
        Assert.That(Told(cluster), Does.StartWith("4 of 4, 3 must, 1 may"));
        cluster.Kubectl("delete pdb keep");
        cluster.Kubectl("create pdb keep --selector=app=web --max-unavailable=1");
        cluster.Converge();
        Assert.That(Told(cluster), Does.StartWith("4 of 3, 2 must, 2 may"));
    }

    [Test]
    public void What_cannot_be_counted_is_told_and_allows_nothing()
    {
        var none = Given("create pdb keep --selector=app=web --min-available=1");
        Assert.That(Told(none), Is.EqualTo("0 of 0, 1 must, 0 may: False InsufficientPods "));
        Assert.That(Events(none), Is.EqualTo(new[] { "Normal NoPods: No matching pods found" }));
        var bare = Given("run a --image=nginx -l app=web",
            "create pdb keep --selector=app=web --max-unavailable=1");
        Assert.That(Told(bare), Is.EqualTo("1 of 0, 0 must, 0 may: False InsufficientPods "));
        Assert.That(Events(bare), Does.Contain(
            "Warning UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: "
            + "&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:"
            + "[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status "
            + "of the PDB cannot be calculated correctly, which may result in undefined behavior. "
            + "To account for these pods please set \".spec.minAvailable\" field of the PDB to an "
            + "integer value."));
    }

    [TestCase("DaemonSet", "daemonsets.apps does not implement the scale subresource")]
    [TestCase("ReplicaSet", "found no controllers for pod \"a\"")]
    [TestCase("Odd", "no matches for kind \"Odd\" in version \"apps/v1\"")]
    public void A_pod_of_nothing_with_a_scale_fails_the_count(string kind, string why)
    {
        var cluster = new Cluster(0, components: Only());
        cluster.Kubectl("create pdb keep --selector=app=web --min-available=50%");
        cluster.Create(Pod() with
        {
            Metadata = Pod().Metadata with
            {
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1", Kind = kind, Name = "x", Uid = "u",
                        Controller = true,
                    },
                ],
            },
        });
        cluster.Converge();
        Assert.That(Told(cluster), Does.EndWith($"0 may: False SyncFailed {why}"));
        Assert.That(Events(cluster), Does.Contain("Warning CalculateExpectedPodCountFailed: Failed "
            + $"to calculate the number of expected pods: {why}"));
    }

    [Test]
    public void A_pod_that_an_eviction_spared_counts_again_after_two_minutes()
    {
        var cluster = new Cluster(0, components: Only());
        Ready(cluster, Pod());
        cluster.Kubectl("create pdb keep --selector=app=web --min-available=0");
        cluster.Converge();
        var budget = cluster.Get<PodDisruptionBudget>("keep");
        cluster.UpdateStatus(budget with
        {
            Status = budget.Status with { DisruptedPods = Map.Of(("a", (Time)cluster.Now)) },
        });
        cluster.Run(119 * second);
        Assert.That((Status(cluster).CurrentHealthy, Status(cluster).DisruptedPods.Count),
            Is.EqualTo((0, 1)));
        cluster.Run(2 * second);
        Assert.That((Status(cluster).CurrentHealthy, Status(cluster).DisruptedPods.Count),
            Is.EqualTo((1, 0)));
        Assert.That(Events(cluster), Is.EqualTo(new[]
        {
            "Warning NotDeleted: Pod was expected by PDB default/default to be deleted but it "
            + "wasn't",
        }));
    }

    [TestCase("", 119, "True")]
    [TestCase("", 121, "False")]
    [TestCase("TerminationByKubelet", 121, "True")]
    public void A_mark_that_nobody_acts_on_is_taken_off(string reason, int seconds, string status)
    {
        var cluster = new Cluster(0, components: Only());
        Ready(cluster, Pod(), new PodCondition
        {
            Type = "DisruptionTarget", Status = "True", Reason = reason,
            LastTransitionTime = cluster.Now,
        });
        cluster.Run(seconds * second);
        Assert.That(cluster.Get<Pod>("a").Condition("DisruptionTarget")!.Status,
            Is.EqualTo(status));
    }

    [TestCase("True")]
    [TestCase("False")]
    [TestCase(null)]
    public void The_mark_of_a_pod_that_goes_is_left_as_it_is(string? mark)
    {
        var cluster = new Cluster(0, components: Only());
        var pod = Pod();
        var marks = mark is null ? Array.Empty<PodCondition>() : [new()
        {
            Type = "DisruptionTarget", Status = mark, LastTransitionTime = cluster.Now,
        }];
        Ready(cluster, pod with { Spec = pod.Spec with { NodeName = "node-1" } }, marks);
        cluster.Delete(cluster.Get<Pod>("a"));
        cluster.Run(121 * second);
        Assert.That(cluster.Get<Pod>("a").Condition("DisruptionTarget")?.Status,
            Is.EqualTo(mark));
    }

    [Test]
    public void Drain_waits_until_another_pod_is_ready()
    {
        var cluster = Given("cordon node-2", $"{Web}2",
            "create pdb keep --selector=app=web --min-available=1");
        cluster.Kubectl("uncordon node-2");
        var (a, b) = (cluster.List<Pod>("default")[0].Metadata.Name,
            cluster.List<Pod>("default")[1].Metadata.Name);
        var start = cluster.Now;
        var drained = cluster.Kubectl("drain node-1");
        Assert.Multiple(() =>
        {
            Assert.That(drained.Error, Is.EqualTo($"error when evicting pods/\"{b}\" -n \"default\""
                + " (will retry after 5s): Cannot evict pod as it would violate the pod's "
                + "disruption budget.\n"));
            Assert.That(drained.Out, Is.EqualTo("node/node-1 cordoned\n"
                + $"evicting pod default/{a}\nevicting pod default/{b}\npod/{a} evicted\n"
                + $"evicting pod default/{b}\npod/{b} evicted\nnode/node-1 drained\n"));
            Assert.That(cluster.Now - start, Is.InRange(5 * second, 15 * second));
            Assert.That(cluster.List<Pod>("default").Select(p => p.Spec.NodeName),
                Is.EqualTo(new[] { "node-2", "node-2" }));
        });
        cluster.Converge();
        Assert.That(Told(cluster), Is.EqualTo("2 of 2, 1 must, 1 may: True SufficientPods "));
        Assert.That(Status(cluster).DisruptedPods.Count, Is.Zero);
    }

    private static Seq<ComponentSpec> Only() =>
        [.. Bootstrap.Components().Where(c => c.Name == "disruption-controller")];

    private static Pod Pod() => new()
    {
        Metadata = new() { Name = "a", Namespace = "default", Labels = Map.Of(("app", "web")) },
        Spec = new() { Containers = [new() { Name = "c", Image = "nginx" }] },
    };

    private static void Ready(Cluster cluster, Pod pod, params PodCondition[] more)
    {
        var made = cluster.Create(pod);
        cluster.UpdateStatus(made with
        {
            Status = made.Status with
            {
                Phase = "Running",
                Conditions = [new() { Type = "Ready", Status = "True" }, .. more],
            },
        });
    }
}
