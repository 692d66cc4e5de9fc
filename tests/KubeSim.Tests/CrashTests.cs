using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A rollout is recorded once. Then it is taken again up to each of its steps, and there
/// something dies: a machine, a controller, the whole control plane; and each component between two
/// writes of one reconcile. When it is back, all ends as if nothing had happened.</summary>
public sealed class CrashTests
{
    private const string Template = """
        template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1,
          containers: [{name: c, image: "nginx:1"}]}}
        """;

    private const string Around = """
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web},
          ports: [{port: 80}]}}
        ---
        {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: keep},
         spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}
        """;

    /// <summary>What is there first, and what somebody then does.</summary>
    private sealed record Scenario(string Name, string Manifest, Action<Cluster> Change)
    {
        public Cluster Begin()
        {
            var cluster = new Cluster(nodes: 3);
            StaleRun.Create(cluster, Manifest);
            cluster.Converge();
            Change(cluster);
            return cluster;
        }

        public override string ToString() => Name;
    }

    /// <summary>What dies after a step, and for how many seconds; or after a write of
    /// it.</summary>
    private sealed record Death(string Target, int Step, int Seconds, int Write = 0);

    private static IEnumerable<Scenario> Scenarios =>
    [
        new("Deployment", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: "
            + $"{{replicas: 4, selector: {{matchLabels: {{app: web}}}}, {Template}}}}}\n{Around}",
            c => c.Kubectl("set image deployment/web c=nginx:2")),
        new("StatefulSet", "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: "
            + "{replicas: 3, serviceName: web, selector: {matchLabels: {app: web}}, "
            + $"{Template}}}}}\n{Around}",
            c => c.Kubectl("set image statefulset/web c=nginx:2")),
        new("Job", Around.TrimStart('-', '\n'), c => StaleRun.Create(c, """
            {apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {completions: 4,
             parallelism: 2, template: {metadata: {labels: {app: job}}, spec: {
              restartPolicy: OnFailure, containers: [{name: c, image: "x:exit-0-2"}]}}}}
            """)),
    ];

    [TestCaseSource(nameof(Scenarios))]
    public void A_crash_at_a_step_ends_in_the_same_state(object scenario) =>
        Try((Scenario)scenario, Crashes, most: 60);

    [TestCaseSource(nameof(Scenarios))]
    public void A_death_between_two_writes_ends_in_the_same_state(object scenario) =>
        Try((Scenario)scenario, Cuts, most: 60);

    [TestCaseSource(nameof(Scenarios)), Category("Long"), Explicit("minutes: TestCategory=Long")]
    public void So_does_each_at_every_step(object scenario)
    {
        Try((Scenario)scenario, Crashes, most: int.MaxValue);
        Try((Scenario)scenario, Cuts, most: int.MaxValue);
    }

    // Each machine for a while, and so long that its pods are made elsewhere.
    private static IEnumerable<Death> Crashes(Cluster cluster, Seq<StepRecord> steps) =>
        from step in Enumerable.Range(0, steps.Count)
        from death in (Death[])
        [
            .. ControlPlane(cluster).Append("").Select(c => new Death(c, step, 20)),
            .. cluster.List<Node>().SelectMany(n => (Death[])
            [
                new(n.Metadata.Name, step, 20), new(n.Metadata.Name, step, 400),
            ]),
        ]
        select death;

    private static IEnumerable<Death> Cuts(Cluster cluster, Seq<StepRecord> steps) =>
        from step in Enumerable.Range(0, steps.Count)
        from write in Enumerable.Range(1, Math.Max(1, steps[step].Changes
            .Count(c => c.Refused is null)) - 1)
        select new Death(steps[step].Instance, step, 20, write);

    private static IEnumerable<string> ControlPlane(Cluster cluster) => cluster.Engine.Components
        .Where(c => !c.Spec.PerNode).Select(c => c.Name);

    // A share of the deaths: every so many, so that all targets and all steps have their turn.
    private static void Try(Scenario scenario,
        Func<Cluster, Seq<StepRecord>, IEnumerable<Death>> deaths, int most)
    {
        var recorded = scenario.Begin();
        var taken = new List<StepRecord>();
        while (!recorded.IsConverged)
        {
            taken.Add(recorded.Step());
        }
        var wanted = EndState(recorded);
        var all = deaths(recorded, taken.ToSeq()).ToArray();
        var stride = 1 + (all.Length / most);
        var tried = all.Where((_, i) => i % stride == 0).ToArray();
        var failures = tried.Select(d => (Death: d, End: EndAfter(scenario, d, wanted)))
            .Where(f => f.End != wanted).ToArray();
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{scenario}: {taken.Count} steps, {tried.Length} of {all.Length} deaths tried, "
            + $"{failures.Length} end otherwise"));
        Assert.That(tried, Is.Not.Empty);
        Assert.That(failures.Take(3).Select(f => $"{f.Death}\n{f.End}"), Is.Empty, wanted);
    }

    private static string EndAfter(Scenario scenario, Death death, string wanted)
    {
        var cluster = scenario.Begin();
        var before = cluster.StepCount;
        while (cluster.StepCount < before + death.Step)
        {
            cluster.Engine.ExecuteNext(detail: false, out _);
        }
        if (death.Write > 0)
        {
            cluster.Faults.CrashAfterWrite(death.Target, death.Write);
            cluster.Step();
        }
        else
        {
            Do(cluster, FaultOp.Crash, death.Target);
        }
        cluster.Run(TimeSpan.FromSeconds(death.Seconds));
        Do(cluster, FaultOp.Restore, death.Target);
        cluster.Converge();
        // What an answer that never came was about is given up after five minutes.
        for (var more = 0; more < 3 && EndState(cluster) != wanted; more++)
        {
            cluster.Run(TimeSpan.FromMinutes(6));
            cluster.Converge();
        }
        return EndState(cluster);
    }

    // No name: the whole control plane, which no machine reaches meanwhile.
    private static void Do(Cluster cluster, FaultOp op, string target)
    {
        if (target.Length > 0)
        {
            cluster.Faults.Submit(op, target);
            return;
        }
        foreach (var component in cluster.Engine.Components)
        {
            var fault = component.Spec.PerNode && op == FaultOp.Crash ? FaultOp.Partition : op;
            cluster.Faults.Submit(fault, component.Name);
        }
    }

    // Names, UIDs, times and places aside.
    private static string EndState(Cluster cluster) => string.Join('\n', cluster.Everything()
        .Where(o => o is not Event && !IsEndedPodOfJob(o))
        .GroupBy(o => $"{o.Kind.Name} {string.Join(' ', Told(o))}")
        .Select(g => $"{g.Count()} {g.Key}").Order(StringComparer.Ordinal));

    // It is counted; with its machine it goes, when that is away for long.
    private static bool IsEndedPodOfJob(ApiObject o) => o is Pod { IsFinished: true,
        IsTracked: false, IsTerminating: false, ControllerOwner.Kind: "Job" };

    private static object?[] Told(ApiObject o) => o switch
    {
        Deployment { Status: var s } d =>
        [
            d.Metadata.Annotations, d.Metadata.Generation, d.Spec.Replicas, s.ObservedGeneration,
            s.Replicas, s.ReadyReplicas, s.UpdatedReplicas, s.AvailableReplicas,
            s.UnavailableReplicas, .. s.Conditions.Select(c =>
                $"\n  {c.Type} {c.Status} {c.Reason} {c.Message}").Order(StringComparer.Ordinal),
        ],
        ReplicaSet { Status: var s } set =>
        [
            set.Metadata.Name, set.Metadata.Annotations, set.Spec.Replicas, s.Replicas,
            s.ReadyReplicas, s.AvailableReplicas,
        ],
        StatefulSet { Status: var s } =>
        [
            s.CurrentRevision, s.UpdateRevision, s.ObservedGeneration, s.Replicas,
            s.ReadyReplicas, s.CurrentReplicas, s.UpdatedReplicas, s.AvailableReplicas,
        ],
        Job { Status: var s } job =>
            [job.FinishedBy?.Type, s.Succeeded, s.Active, s.UncountedTerminatedPods],
        Pod p =>
        [
            p.ControllerOwner?.Name, p.Spec.Containers[0].Image, p.Status.Phase, p.IsReady,
            p.IsTerminating, p.IsTracked,
        ],
        EndpointSlice s =>
        [
            s.Metadata.Labels.Get(EndpointSlices.ServiceName), s.Endpoints.Count,
            s.Endpoints.Count(e => e.Conditions.Ready == true),
        ],
        Endpoints e =>
        [
            e.Metadata.Name, e.Subsets.Sum(s => s.Addresses.Count),
            e.Subsets.Sum(s => s.NotReadyAddresses.Count),
        ],
        PodDisruptionBudget { Status: var s } =>
            [s.CurrentHealthy, s.DesiredHealthy, s.ExpectedPods, s.DisruptionsAllowed],
        Node n => [n.Metadata.Name, n.IsReady, n.Spec.Taints.Count],
        _ => [],
    };
}
