using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What a cluster is given on its first day, and what it is good for.</summary>
public sealed class AddOnTests
{
    private const string Client = """
        {apiVersion: v1, kind: Pod, metadata: {name: client},
         spec: {containers: [{name: main, image: nginx}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: web-0, labels: {app: web}},
         spec: {containers: [{name: main, image: nginx}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web},
         spec: {selector: {app: web}, ports: [{port: 80}]}}
        """;

    private static Cluster New(params string[] addOns)
    {
        var cluster = new Cluster(nodes: 3);
        addOns.ToList().ForEach(cluster.AddOn);
        cluster.Apply(Client);
        Assert.That(cluster.Converge().Met, Is.True);
        return cluster;
    }

    [TestCase("dns", "kube-system", 2)]
    [TestCase("metrics-server", "kube-system", 1)]
    [TestCase("ingress", "ingress-nginx", 1)]
    public void An_add_on_comes_to_run(string name, string ns, int pods)
    {
        var cluster = New(name);
        Assert.That(cluster.List<Pod>(ns).Count(p => p.IsReady), Is.EqualTo(pods));
        Assert.That(cluster.List<Service>(ns), Has.Count.EqualTo(1));
        cluster.AddOn(name);
        Assert.That(cluster.List<Deployment>(ns), Has.Count.EqualTo(1), "a second time");
    }

    [Test]
    public void Names_are_asked_of_a_dns_pod()
    {
        var trace = New("dns").Send("client", "http://web");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Answered), $"{trace}");
        Assert.That(trace.Hops.Select(h => h.Rule), Has.Some.Contains("kube-system/kube-dns:dns"));
    }

    [Test]
    public void While_no_dns_pod_is_ready_no_name_is_known()
    {
        var cluster = New("dns");
        cluster.Patch<Deployment>("kube-system", "coredns", """{"spec":{"replicas":0}}""");
        cluster.Converge();
        var trace = cluster.Send("client", "http://web");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.NameUnknown));
        Assert.That(trace.Hops[^1].Rule, Is.EqualTo(
            "web: no answer: 10.96.0.10:53: connection refused"));
        var address = cluster.Get<Service>("web").Spec.ClusterIP;
        Assert.That(cluster.Send("client", $"http://{address}").Outcome,
            Is.EqualTo(SendOutcome.Answered), "an address needs no DNS");
    }

    [Test]
    public void Without_the_add_on_the_simulator_answers_and_says_so() => Assert.That(
        New().Send("client", "http://web").Hops[0].Rule,
        Is.EqualTo("no kube-dns in kube-system: the simulator answers itself"));

    [Test]
    public void An_add_on_is_part_of_the_journal()
    {
        var cluster = New("dns");
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
        Assert.That(cluster.SaveJournal(), Does.Contain("coredns"));
    }

    [Test]
    public void An_unknown_add_on_is_told_with_what_there_is() => Assert.That(
        () => new Cluster().AddOn("dsn"), Throws.ArgumentException.With.Message.EqualTo(
            "there is no add-on \"dsn\"; there are "
            + "dns, metrics-server, ingress, dashboard, logging"));

    [Test]
    public void Pods_use_what_somebody_says_and_later_ones_too()
    {
        var cluster = New();
        cluster.Metrics("default", "app=web", cpu: "250m", memory: "64Mi");
        cluster.Metrics("default", "app=web", cpu: "400m");
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: web-1, labels: {app: web}}, "
            + "spec: {containers: [{name: main, image: nginx}]}}");
        var after = cluster.Fork();
        foreach (var (name, usage) in (ReadOnlySpan<(string, Usage)>)
            [("web-0", new("400m", "64Mi")), ("web-1", new("400m", "64Mi")), ("client", default)])
        {
            Assert.That(after.UsageOf(after.Get<Pod>(name)), Is.EqualTo(usage), name);
        }
        Assert.That(after.Digest, Is.EqualTo(cluster.Digest));
        Assert.That(() => cluster.Metrics("default", "app=web", "much"), Throws.ArgumentException);
    }
}
