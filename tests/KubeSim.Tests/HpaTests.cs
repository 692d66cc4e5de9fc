using System.Text.RegularExpressions;
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

    private const string Failed = "failed to get cpu utilization: unable to get metrics for "
        + "resource cpu: unable to fetch metrics from resource metrics API: ";

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

    private static void Autoscale(Cluster cluster, string metric, string more = "",
        string name = "web", string kind = "Deployment", string target = "web") =>
        cluster.Apply($"{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, "
            + $"metadata: {{name: {name}}}, spec: {{scaleTargetRef: {{apiVersion: apps/v1, "
            + $"kind: {kind}, name: {target}}}, maxReplicas: 8, metrics: [{metric}]{more}}}}}");

    private static int Replicas(Cluster cluster) =>
        cluster.Get<Deployment>("web").Spec.Replicas!.Value;

    private static string Told(Cluster cluster, string type, string name = "web") =>
        cluster.Get<HorizontalPodAutoscaler>(name).Status.Conditions.Of(type)!.Message!;

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
        Assert.That(cluster.Kubectl("get hpa").Out, Is.EqualTo(
            "NAME   REFERENCE        TARGETS        MINPODS   MAXPODS   REPLICAS   AGE\n"
            + "web    Deployment/web   cpu: 50%/50%   1         10        6          4m\n"));
        Assert.That(cluster.Kubectl("describe hpa web").Out, Does.Contain(
            "  resource cpu on pods  (as a percentage of request):  50% (50m) / 50%\n")
            .And.Contain("New size: 4; reason: cpu resource utilization (percentage of request) "
            + "above target"));
        Assert.That(cluster.Kubectl("top pods").Out.Split('\n').Count(l => l.Contains(" 50m ")),
            Is.EqualTo(6));
        cluster.Run(Seconds(350));
        Assert.That(Replicas(cluster), Is.EqualTo(6), "five minutes it keeps what it had");
        cluster.Run(Seconds(60));
        Assert.That(Replicas(cluster), Is.EqualTo(1));
    }

    [Test]
    public void Describe_tells_every_kind_of_metric_and_the_behaviour()
    {
        var cluster = Given(false);
        cluster.Apply("""
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: all}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
              maxReplicas: 9
              metrics:
              - type: ContainerResource
                containerResource:
                  {name: cpu, container: web, target: {type: Utilization, averageUtilization: 60}}
              - type: Resource
                resource: {name: memory, target: {type: AverageValue, averageValue: 100Mi}}
              - type: Pods
                pods: {metric: {name: hits}, target: {type: AverageValue, averageValue: "10"}}
              - type: Object
                object:
                  metric: {name: rate}
                  describedObject: {apiVersion: v1, kind: Service, name: web}
                  target: {type: Value, value: 2k}
              - type: External
                external: {metric: {name: queue}, target: {type: AverageValue, averageValue: "30"}}
              behavior:
                scaleDown:
                  stabilizationWindowSeconds: 60
                  policies: [{type: Percent, value: 10, periodSeconds: 30}]
            """);
        cluster.Metric("queue", "45");
        cluster.Run(Seconds(20));
        var told = Regex.Replace(cluster.Kubectl("describe hpa all").Out, " +", " ");

        Assert.That(told, Does.Contain("""
            Metrics: ( current / target )
             resource cpu of container "web" on pods (as a percentage of request): <unknown> / 60%
             resource memory on pods: <unknown> / 100Mi
             "hits" on pods: <unknown> / 10
             "rate" on Service/web (target value): <unknown> / 2k
             "queue" (target average value): 22500m / 30
            Min replicas: 1
            Max replicas: 9
            Behavior:
             Scale Up:
             Stabilization Window: 0 seconds
             Select Policy: Max
             Policies:
             - Type: Pods Value: 4 Period: 15 seconds
             - Type: Percent Value: 100 Period: 15 seconds
             Scale Down:
             Stabilization Window: 60 seconds
             Select Policy: Max
             Policies:
             - Type: Percent Value: 10 Period: 30 seconds
            """));
    }

    [Test]
    public void Traffic_is_spread_over_ready_pods_up_to_their_limits()
    {
        var cluster = Given(false);
        Usage[] Used() => [.. cluster.List<Pod>().Select(cluster.UsageOf)];
        cluster.Traffic("web", "5m", () => t => t < Seconds(10) ? 20 : 2000);
        cluster.Metrics("default", "app=web", cpu: "10m", memory: "64Mi");
        Assert.That(cluster.RequestsTo("web"), Is.EqualTo(20));
        Assert.That(Used(), Is.All.EqualTo(new Usage("60m", "64Mi")), "10m and half of 100m");
        cluster.Run(Seconds(11));
        Assert.That(Used(), Is.All.EqualTo(new Usage("200m", "64Mi")), "throttled");
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
        Assert.That(cluster.SaveJournal, Throws.TypeOf<NotSupportedException>()
            .With.Message.Contains("traffic to default/web"));
    }

    [Test]
    public void Traffic_and_numbers_are_lines_of_the_journal()
    {
        var cluster = Given(false);
        cluster.Traffic("web", "5m", (TimeSpan.Zero, 10), (Seconds(60), 200.5));
        cluster.Metric("depth", "30");
        cluster.Metric("qps", "1500m", pods: "app=web");
        var read = JournalText.Read(cluster.SaveJournal(), "j", KindRegistry.BuiltIn);
        Assert.That(read.Errors, Is.Empty);
        var saved = cluster.Journal.Select(e => e.Input).TakeLast(3);
        Assert.That(read.Lines.Select(l => l.Input).TakeLast(3), Is.EqualTo(saved));
        cluster.Run(Seconds(30));
        Assert.That(cluster.RequestsTo("web"), Is.EqualTo(105.25).Within(0.01));
        var wrong = JournalText.Read("""
            {"at":"1s","traffic":{"service":"web","rps":[[1,2]],"cpuPerRequest":"5m"}}
            {"at":"1s","traffic":{"service":"web","rps":[["1s",2]]}}
            {"at":"1s","metric":{"name":"qps"}}
            """, "j", KindRegistry.BuiltIn);
        Assert.That(wrong.Errors.Select(e => e.Path), Is.EqualTo(
            new[] { "at", "traffic.cpuPerRequest", "metric.value" }));
    }

    [Test]
    public void Nothing_is_known_of_a_pod_before_its_second_scrape()
    {
        var cluster = Given(true);
        cluster.Run(Seconds(60));
        cluster.Kubectl("run late --image=nginx");
        cluster.RunUntil(c => c.Get<Pod>("late").IsReady);
        var started = cluster.Get<Pod>("late").Status.ContainerStatuses[0].State.Running!.StartedAt;
        bool Known() => cluster.Kubectl("top pod late").ExitCode == 0;
        Assert.That(cluster.Kubectl("top pod late").Error, Is.EqualTo("Error from server "
            + "(NotFound): podmetrics.metrics.k8s.io \"default/late\" not found\n"));
        while (!Known())
        {
            cluster.Run(Seconds(1));
        }
        Assert.That((cluster.Now - started!.Value.DateTime).TotalSeconds, Is.InRange(10, 31));
        cluster.Faults.Crash($"kubelet/{cluster.Get<Pod>("late").Spec.NodeName}");
        cluster.Run(Seconds(20));
        Assert.That(Known(), Is.False, "nobody answers for it");
    }

    [Test]
    public void Without_a_metrics_server_nothing_is_measured_and_nothing_done()
    {
        var cluster = Given(false, "autoscale deployment web --max=10 --cpu=50%");
        cluster.Run(Seconds(20));
        const string Why = Failed
            + "the server could not find the requested resource (get pods.metrics.k8s.io)";
        Assert.That(Told(cluster, "ScalingActive"),
            Is.EqualTo($"the HPA was unable to compute the replica count: {Why}"));
        Assert.That(Events(cluster), Is.EqualTo(new[]
        {
            $"Warning FailedGetResourceMetric: {Why}",
            "Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first "
                + $"error is: failed to get cpu resource metric value: {Why}",
        }));
        Assert.That(cluster.Kubectl("get hpa").Out, Does.Contain("cpu: <unknown>/50%"));
        Assert.That(cluster.Converge().Met, Is.True);
    }

    [TestCase("{type: Pods, pods: {metric: {name: qps}, target: {type: AverageValue, "
        + "averageValue: 20}}}", 3, "pods metric qps")]
    [TestCase("{type: Object, object: {metric: {name: hits}, describedObject: {apiVersion: v1, "
        + "kind: Service, name: web}, target: {type: Value, value: 20}}}", 4,
        "Service metric hits")]
    [TestCase("{type: External, external: {metric: {name: depth}, target: {type: AverageValue, "
        + "averageValue: 8}}}", 4, "external metric depth(nil)")]
    [TestCase("{type: External, external: {metric: {name: depth, selector: {matchLabels: {q: a}}}, "
        + "target: {type: Value, value: 20}}}", 3, "external metric depth(&LabelSelector{"
        + "MatchLabels:map[string]string{q: a,},MatchExpressions:[]LabelSelectorRequirement{},})")]
    public void Other_metrics_count_as_well(string metric, int replicas, string words)
    {
        var cluster = Given(false);
        cluster.Metric("qps", "30", pods: "app=web");
        cluster.Metric("hits", "40", of: "services/web");
        cluster.Metric("depth", "30");
        Autoscale(cluster, metric);
        cluster.Run(Seconds(20));
        Assert.That(Replicas(cluster), Is.EqualTo(replicas), Told(cluster, "ScalingActive"));
        Assert.That(Events(cluster), Is.EqualTo(new[]
        {
            $"Normal SuccessfulRescale: New size: {replicas}; reason: {words} above target",
        }));
    }

    [Test]
    public void A_metric_that_is_missing_takes_no_pods_away()
    {
        const string Qps = "{type: Pods, pods: {metric: {name: qps}, target: "
            + "{type: AverageValue, averageValue: 100}}}";
        const string Depth = "{type: External, external: {metric: {name: depth}, target: "
            + "{type: Value, value: 1}}}";
        var cluster = Given(false);
        cluster.Metric("qps", "10", pods: "app=web");
        Autoscale(cluster, $"{Qps}, {Depth}");
        cluster.Run(TimeSpan.FromMinutes(7));
        Assert.That(Replicas(cluster), Is.EqualTo(2));
        Assert.That(Events(cluster)[^1], Does.Contain("invalid metrics (1 invalid out of 2), "
            + "first error is: failed to get depth external metric value: failed to get external "
            + "metric depth: unable to get external metric default/depth/nil: unable to fetch "
            + "metrics from external metrics API: the server could not find the requested "
            + "resource (get depth.external.metrics.k8s.io)"));
        cluster.Metric("qps", "400", pods: "app=web");
        cluster.Run(Seconds(15));
        Assert.That(Replicas(cluster), Is.EqualTo(4), "up it goes by the other, at most double");
    }

    [TestCase("", 2)]
    [TestCase(", behavior: {scaleUp: {tolerance: 5m}}", 3)]
    public void Near_the_target_nothing_is_done(string behavior, int replicas)
    {
        var cluster = Given(false);
        cluster.Metric("qps", "21", pods: "app=web");
        Autoscale(cluster, "{type: Pods, pods: {metric: {name: qps}, target: "
            + "{type: AverageValue, averageValue: 20}}}", behavior);
        cluster.Run(Seconds(20));
        Assert.That(Replicas(cluster), Is.EqualTo(replicas));
    }

    [TestCase("Deployment", "deployments/scale.apps \"nobody\" not found")]
    [TestCase("Gadget", "no matches for kind \"Gadget\" in group \"apps\"")]
    public void A_target_that_is_not_there_is_told(string kind, string why)
    {
        var cluster = Given(false);
        Autoscale(cluster, "{type: Resource, resource: {name: cpu, target: {type: Utilization, "
            + "averageUtilization: 50}}}", "", "web", kind, "nobody");
        cluster.Run(Seconds(20));
        Assert.That(Told(cluster, "AbleToScale"), Is.EqualTo(
            $"the HPA controller was unable to get the target's current scale: {why}"));
        Assert.That(Events(cluster), Is.EqualTo(new[] { $"Warning FailedGetScale: {why}" }));
    }

    [Test]
    public void A_custom_kind_is_scaled_by_the_paths_of_its_definition()
    {
        var cluster = Given(false);
        cluster.Apply("""
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
             metadata: {name: farms.example.com}, spec: {group: example.com, scope: Namespaced,
              names: {plural: farms, kind: Farm}, versions: [{name: v1, served: true, storage: true,
               subresources: {scale: {specReplicasPath: .spec.size,
                statusReplicasPath: .status.size, labelSelectorPath: .status.selector}},
               schema: {openAPIV3Schema: {type: object,
                x-kubernetes-preserve-unknown-fields: true}}}]}}
            """);
        cluster.Converge();
        cluster.Apply("{apiVersion: example.com/v1, kind: Farm, metadata: {name: f}, "
            + "spec: {size: 2}, status: {size: 2, selector: app=web}}");
        cluster.Metric("depth", "30");
        cluster.Apply("""
            {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: f}, spec:
             {scaleTargetRef: {apiVersion: example.com/v1, kind: Farm, name: f}, maxReplicas: 8,
              metrics: [{type: External, external: {metric: {name: depth}, target:
               {type: AverageValue, averageValue: 10}}}]}}
            """);
        cluster.Run(Seconds(20));
        Assert.That(cluster.Kubectl("get farm f -o jsonpath={.spec.size}").Out, Is.EqualTo("3"),
            Told(cluster, "AbleToScale", "f"));
        Assert.That(cluster.Kubectl("scale farm f --replicas=5").Out, Does.Contain("scaled"));
    }

    [Test]
    public void Two_autoscalers_of_the_same_pods_do_nothing()
    {
        var cluster = Given(false, "autoscale deployment web --max=10 --cpu=50% --name=a",
            "autoscale deployment web --max=10 --cpu=50% --name=b");
        cluster.Run(Seconds(40));
        Assert.That(Told(cluster, "ScalingActive", "a"), Is.EqualTo(
            "pods by selector app=web are controlled by multiple HPAs: [{a default} {b default}]"));
    }
}
