using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Autoscaling end to end: requests cost CPU, the metrics server measures it, the
/// autoscaler acts on it.</summary>
public sealed class HpaTests
{
    private const string Web = """
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2,
          selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec:
            {containers: [{name: c, image: nginx,
              resources: {requests: {cpu: 100m}, limits: {cpu: 200m}}}]}}}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web},
         spec: {selector: {app: web}, ports: [{port: 80}]}}
        """;

    private static TimeSpan Seconds(int n) => TimeSpan.FromSeconds(n);

    private static Cluster Given(bool measured, params string[] commands)
    {
        var cluster = new Cluster(nodes: 3);
        if (measured)
        {
            cluster.AddOn("metrics-server");
        }
        cluster.Apply(Web);
        cluster.Converge();
        foreach (var command in commands)
        {
            Assert.That(cluster.Kubectl(command).Error, Is.Empty, command);
        }
        return cluster;
    }

    private static void Autoscale(Cluster cluster, string metric, string name = "web",
        string more = "") => cluster.Apply($"{{apiVersion: autoscaling/v2, "
            + $"kind: HorizontalPodAutoscaler, metadata: {{name: {name}}}, spec: {{"
            + $"scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}, "
            + $"maxReplicas: 8, metrics: [{metric}]{more}}}}}");

    private static int Replicas(Cluster cluster) =>
        cluster.Get<Deployment>("web").Spec.Replicas!.Value;

    private static string[] Told(Cluster cluster, string name = "web") =>
        [.. cluster.Get<HorizontalPodAutoscaler>(name).Status.Conditions
            .Select(c => $"{c.Reason}: {c.Message}")];

    private static string[] Events(Cluster cluster) => [.. cluster.List<Event>()
        .Where(e => e.Source?.Component == "horizontal-pod-autoscaler")
        .Select(e => $"{e.Type} {e.Reason}: {e.Message}").Distinct()];

    [Test]
    public void Traffic_becomes_replicas_and_they_go_when_it_goes()
    {
        var cluster = Given(true, "autoscale deployment web --min=1 --max=10 --cpu=50%");
        cluster.Traffic("web", "5m", (TimeSpan.Zero, 60), (Seconds(300), 60), (Seconds(301), 5));
        cluster.Run(Seconds(240));
        // 60 requests of 5m are 300m: 6 pods at half of 100m.
        Assert.That(Replicas(cluster), Is.EqualTo(6), string.Join('\n', Events(cluster)));
        TestContext.Out.WriteLine(cluster.Kubectl("get hpa").Out);
        TestContext.Out.WriteLine(cluster.Kubectl("describe hpa web").Out);
        TestContext.Out.WriteLine(cluster.Kubectl("top pods").Out);
        cluster.Run(TimeSpan.FromMinutes(8));
        Assert.That(Replicas(cluster), Is.EqualTo(1));
    }

    [Test]
    public void Without_a_metrics_server_nothing_is_measured()
    {
        var cluster = Given(false, "autoscale deployment web --max=10 --cpu=50%");
        cluster.Run(Seconds(20));
        TestContext.Out.WriteLine(string.Join('\n', Events(cluster)));
        TestContext.Out.WriteLine(string.Join('\n', Told(cluster)));
        TestContext.Out.WriteLine(cluster.Kubectl("get hpa").Out);
        Assert.That(cluster.Converge().Met, Is.True);
        TestContext.Out.WriteLine(cluster.Now);
    }

    [Test]
    public void Other_metrics()
    {
        var cluster = Given(false);
        cluster.Metric("qps", "30", pods: "app=web");
        Autoscale(cluster, "{type: Pods, pods: {metric: {name: qps}, "
            + "target: {type: AverageValue, averageValue: 10}}}");
        cluster.Converge();
        TestContext.Out.WriteLine(cluster.Kubectl("describe hpa web").Out);
        cluster.Metric("depth", "30");
        cluster.Kubectl("delete hpa web");
        cluster.Stepped = st => { if (st.Component.StartsWith("horiz")) TestContext.Out.WriteLine(st.ToString()); };
        Autoscale(cluster, "{type: External, external: {metric: {name: depth}, "
            + "target: {type: AverageValue, averageValue: 6}}}");
        cluster.Converge();
        TestContext.Out.WriteLine(cluster.Kubectl("describe hpa web").Out);
    }
}
