using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class PodResourcesTests
{
    private static IEnumerable<object[]> Cases(string claim) =>
        TestData.Of("pod_resources.tsv", claim);

    [TestCaseSource(nameof(Cases), new object[] { "requests" })]
    public void Requests_add_up_as_containers_run(
        string containers, string inits, string overhead, string expected) =>
        Assert.That(PodOf(containers, inits, overhead).Requests, Is.EqualTo(Amounts(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "limits" })]
    public void Limits_add_up_as_containers_run(
        string containers, string inits, string overhead, string expected) =>
        Assert.That(PodOf(containers, inits, overhead).Limits, Is.EqualTo(Amounts(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "class" })]
    public void The_class_follows_from_requests_and_limits(
        string containers, string inits, string overhead, string expected) =>
        Assert.That(PodOf(containers, inits, overhead).QosClass, Is.EqualTo(expected));

    [TestCaseSource(nameof(Cases), new object[] { "downward" })]
    public void A_container_reads_its_amounts_in_units(
        string container, string field, string divisor, string expected)
    {
        var unit = divisor.Length == 0 ? default : Quantity.Parse(divisor);
        var found = DownwardResources.TryRead(ContainerOf(container), field, unit, out var value);
        Assert.That((found, value), Is.EqualTo((true, expected)));
    }

    [TestCase("limits.gpu")]
    [TestCase("limits")]
    [TestCase("status.cpu")]
    public void An_unknown_field_cannot_be_read(string field) =>
        Assert.That(DownwardResources.TryRead(new(), field, default, out _), Is.False);

    [Test]
    public void Amounts_of_the_whole_pod_replace_the_sums()
    {
        var pod = PodOf("cpu=1,memory=1Gi,gpu=1 / ", "", "cpu=10m");
        pod = pod with
        {
            Spec = pod.Spec with
            {
                Resources = new() { Requests = Amounts("cpu=3,gpu=9"), Limits = Amounts("cpu=4") },
            },
        };
        Assert.Multiple(() =>
        {
            Assert.That(pod.Requests, Is.EqualTo(Amounts("cpu=3010m,gpu=1,memory=1Gi")));
            Assert.That(pod.Limits, Is.EqualTo(Amounts("cpu=4010m")));
            Assert.That(pod.QosClass, Is.EqualTo("Burstable"));
        });
    }

    [Test]
    public void A_pod_that_limits_what_it_requests_as_a_whole_is_guaranteed()
    {
        var pod = new Pod
        {
            Spec = new()
            {
                Containers = [new()],
                Resources = new()
                {
                    Requests = Amounts("cpu=1,memory=1Gi"),
                    Limits = Amounts("cpu=1,memory=1Gi"),
                },
            },
        };
        Assert.That(pod.QosClass, Is.EqualTo("Guaranteed"));
    }

    [Test]
    public void A_container_without_requests_counts_a_little_in_comparisons() => Assert.That(
        PodOf("cpu=1 /  ;  / ", "", "").ScoringRequests,
        Is.EqualTo(Amounts("cpu=1100m,memory=400Mi")));

    [TestCase("cpu=4", "", "cpu=4")]
    [TestCase("cpu=1", "", "cpu=2")]
    [TestCase("cpu=4", "Infeasible", "cpu=2")]
    public void A_resize_counts_the_larger_amount_until_it_is_done(
        string wanted, string reason, string expected)
    {
        var pod = PodOf($"{wanted} / ", "", "") with
        {
            Status = new()
            {
                ContainerStatuses = [new() { Name = "c", AllocatedResources = Amounts("cpu=2") }],
                Conditions = [new() { Type = "PodResizePending", Reason = reason }],
            },
        };
        Assert.That(pod.Requests, Is.EqualTo(Amounts(expected)));
    }

    private static Pod PodOf(string containers, string inits, string overhead) => new()
    {
        Spec = new()
        {
            Containers = Containers(containers),
            InitContainers = Containers(inits),
            Overhead = Amounts(overhead),
        },
    };

    private static Seq<Container> Containers(string cell) =>
        cell.Length == 0 ? [] : cell.Split(" ; ").Select(ContainerOf).ToSeq();

    // "S cpu=1 / cpu=2": a sidecar's requests and limits.
    private static Container ContainerOf(string cell)
    {
        var sidecar = cell.StartsWith("S ", StringComparison.Ordinal);
        var parts = cell[(sidecar ? 2 : 0)..].Split('/');
        return new()
        {
            Name = "c",
            RestartPolicy = sidecar ? "Always" : null,
            Resources = new()
            {
                Requests = Amounts(parts[0].Trim()),
                Limits = Amounts(parts[1].Trim()),
            },
        };
    }

    private static Map<Quantity> Amounts(string cell) => TestData.Labels(cell)
        .Select<KeyValuePair<string, string>, KeyValuePair<string, Quantity>>(
            pair => new(pair.Key, pair.Value)).ToMap();
}
