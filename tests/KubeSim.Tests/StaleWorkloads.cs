using System.Text.Json.Nodes;

namespace KubeSim.Tests;

/// <summary>Something that runs in a cluster while its controllers see the past, lose their memory
/// or see things twice.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Controllers">Those that are disturbed; the scheduler and kubelets run too.</param>
/// <param name="Manifest">What is there, and has come to rest, before anything goes wrong.</param>
internal sealed record Workload(string Name, string Controllers, string Manifest)
{
    /// <summary>What else runs, undisturbed.</summary>
    public string Others { get; init; } = "";

    /// <summary>What somebody does, and how many seconds after the start.</summary>
    public (double After, Action<Cluster> Do)[] Inputs { get; init; } = [];

    /// <summary>What must hold at every moment; null where all is in the end.</summary>
    public Func<Cluster, bool>? Always { get; init; }

    /// <summary>What must hold once all faults are over.</summary>
    public required Func<Cluster, bool> AtRest { get; init; }

    public override string ToString() => Name;
}

/// <summary>The workloads: each kind of controller, and what changes in the middle of its
/// work.</summary>
internal static class StaleWorkloads
{
    private const string Rolling = "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, "
        + "maxUnavailable: 1}}";

    // Pods that nobody here manages: one of another controller, one with other labels.
    private const string Foreign = """
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: foreign, labels: {app: web}, ownerReferences:
          [{apiVersion: example.org/v1, kind: Other, name: o, uid: u-1, controller: true}]},
         spec: {containers: [{name: c, image: "nginx:1"}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: other, labels: {app: db}},
         spec: {containers: [{name: c, image: "nginx:1"}]}}

        """;

    private const string Storage = """
        {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local},
         provisioner: rancher.io/local-path, volumeBindingMode: WaitForFirstConsumer}
        ---

        """;

    private const string Claims = """
        , persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain},
          volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: local,
            accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
        """;

    private const string Web = "deployment-controller replicaset-controller";

    private const string Budget = """
        ---
        {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: keep},
         spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}
        """;

    public static IEnumerable<Workload> All =>
    [
        .. Deployments, .. Sets, .. StatefulSets, .. DaemonSets, .. Jobs, .. CronJobs, .. Others,
    ];

    private static IEnumerable<Workload> Deployments =>
    [
        new("Deployment", Web, Set("Deployment", 4, Rolling))
        {
            Inputs = [(1, Image<Deployment>(2))],
            Always = c => Sizes(c) <= 5 && Floor(c, 3),
            AtRest = c => Are(c, 4, 2),
        },
        new("Deployment, Recreate", Web, Set("Deployment", 3, "{type: Recreate}"))
        {
            Inputs = [(1, Image<Deployment>(2))],
            Always = c => c.List<Pod>().Where(p => !p.IsFinished).Select(ImageOf).Distinct()
                .Count() <= 1,
            AtRest = c => Are(c, 3, 2),
        },
        new("Deployment, back in the middle", Web, Set("Deployment", 4, Rolling))
        {
            Inputs = [(1, Image<Deployment>(2)), (3, Image<Deployment>(1))],
            Always = c => Sizes(c) <= 5 && Floor(c, 3),
            AtRest = c => Are(c, 4, 1),
        },
        new("Deployment, scaled in the middle", Web, Set("Deployment", 4, Rolling))
        {
            Inputs = [(1, Image<Deployment>(2)), (2.5, Scale<Deployment>(7))],
            Always = c => Sizes(c) <= 8 && Floor(c, 3),
            AtRest = c => Are(c, 7, 2),
        },
        new("Deployment, paused in the middle", Web, Set("Deployment", 4, Rolling))
        {
            Inputs =
            [
                (1, Image<Deployment>(2)), (2, Change<Deployment>("\"paused\":true")),
                (6, Change<Deployment>("\"paused\":false")),
            ],
            // A paused one is scaled to its size over the sets as they are seen: by one too far.
            Always = c => Sizes(c) <= 6 && ((Sizes(c) <= 5 && Up(c) >= 3) || WasMisinformed(c)),
            AtRest = c => Are(c, 4, 2),
        },
    ];

    private static IEnumerable<Workload> Sets =>
    [
        OfPods("ReplicaSet", "replicaset-controller", Scale<ReplicaSet>),
        OfPods("ReplicationController", "replicationcontroller-controller",
            Scale<ReplicationController>),
    ];

    // One pod is let go, one is taken in, and the size changes twice.
    private static Workload OfPods(string kind, string controller,
        Func<int, Action<Cluster>> scale) => new(kind, controller, Set(kind, 3) + Foreign)
        {
            Inputs =
            [
                (1, Release), (2, c => c.Create(Orphan)), (2.5, scale(2)), (4, scale(5)),
            ],
            // Until the controller has seen it, the one that is let go is its own, and may go.
            Always = c => Stay(c, "foreign", "other")
                && Mine(c).Count(p => p.IsActive && p.Metadata.Name != "orphan") <= 5,
            AtRest = c => Mine(c).Count() == 5 && Mine(c).All(IsUp)
                && Released(c).All(p => p.ControllerOwner is null),
        };

    private static IEnumerable<Workload> StatefulSets =>
    [
        Stateful("StatefulSet", ""),
        Stateful("StatefulSet, in parallel", ", podManagementPolicy: Parallel"),
        Stateful("StatefulSet with a partition",
            ", updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}") with
        {
            AtRest = c => Mine(c).Count(IsUp) == 3 && Mine(c).Count(p => ImageOf(p) == "nginx:2")
                == 1,
        },
        Stateful("StatefulSet, on deletion", ", updateStrategy: {type: OnDelete}") with
        {
            Inputs =
            [
                (1, Image<StatefulSet>(2)),
                (2, c => c.Delete(new ObjectKey(Kinds.Pod, "default", "web-1"))),
            ],
            // Of the old template again where the controller has not seen the new one.
            Always = c => Stay(c, "web-0", "web-2"),
            AtRest = c => Mine(c).Count(IsUp) == 3
                && Mine(c).Count(p => ImageOf(p) == "nginx:1") >= 2,
        },
        new("StatefulSet with claims", "statefulset-controller",
            Storage + Set("StatefulSet", 3, more: Claims))
        {
            Others = "persistentvolume-binder-controller local-path-provisioner "
                + "generic-garbage-collector persistentvolumeclaim-protection-controller "
                + "persistentvolume-protection-controller",
            Inputs = [(1, Scale<StatefulSet>(1)), (3, Scale<StatefulSet>(3))],
            Always = c => Mine(c).Any(IsUp) && c.List<PersistentVolumeClaim>().Count > 0,
            AtRest = c => Mine(c).Count(IsUp) == 3
                && c.List<PersistentVolumeClaim>().Count(p => !p.IsTerminating) == 3,
        },
    ];

    private static Workload Stateful(string name, string more) => new(name,
        "statefulset-controller", Set("StatefulSet", 3, more: more))
    {
        Inputs = [(1, Image<StatefulSet>(2))],
        Always = c => Mine(c).Count(IsUp) >= 2,
        AtRest = c => Are(c, 3, 2),
    };

    private static IEnumerable<Workload> DaemonSets =>
    [
        Daemon("DaemonSet", "{maxUnavailable: 1}") with
        {
            Always = c => Mine(c).Count(IsUp) >= 2 && PerNode(c) <= 1,
        },
        Daemon("DaemonSet with a surge", "{maxSurge: 1, maxUnavailable: 0}") with
        {
            Always = c => Mine(c).Count(IsUp) >= 3 && PerNode(c) <= 2,
        },
        Daemon("DaemonSet, nodes come and go", "{maxUnavailable: 1}") with
        {
            Others = "pod-garbage-collector-controller",
            Inputs =
            [
                (1, c => c.Create(Bootstrap.NewNode("node-4") with
                {
                    Spec = new() { PodCIDR = "10.244.4.0/24" },
                })),
                (2, c => c.Delete(new ObjectKey(Kinds.Node, "", "node-1"))),
                (2.5, c => c.Patch<Node>("", "node-2", """
                    {"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}}
                    """)),
            ],
            Always = c => PerNode(c) <= 1,
            AtRest = c => string.Join(' ', Mine(c).Where(IsUp).Select(p => p.Spec.NodeName)
                .Order(StringComparer.Ordinal)) == "node-3 node-4",
        },
    ];

    private static Workload Daemon(string name, string rolling) => new(name,
        "daemonset-controller", Set("DaemonSet", 0,
            $"{{type: RollingUpdate, rollingUpdate: {rolling}}}"))
    {
        Inputs = [(1, Image<DaemonSet>(2))],
        AtRest = c => Are(c, 3, 2),
    };

    private static IEnumerable<Workload> Jobs =>
    [
        Batch("Job", "completions: 4, parallelism: 2", "x:exit-0-1", 4, 0),
        Batch("Job, indexed", "completions: 4, parallelism: 2, completionMode: Indexed",
            "x:exit-0-1", 4, 0),
        Batch("Job that fails", "completions: 2, parallelism: 2, backoffLimit: 1",
            "x:exit-1-1", 0, 2),
        Batch("Job with a policy", "completions: 2, parallelism: 1, backoffLimit: 3, "
            + "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, "
            + "values: [3]}}]}", "x:exit-3-1", 0, 1),
        Batch("Job, suspended in the middle", "completions: 3, parallelism: 2", "x:exit-0-2",
            3, 0) with
        {
            Inputs =
            [
                .. Started("completions: 3, parallelism: 2", "x:exit-0-2"),
                (1.5, Change<Job>("\"suspend\":true")),
                (5, Change<Job>("\"suspend\":false")),
            ],
        },
    ];

    // The Job itself is the first input, so that everything about it happens among the faults.
    private static Workload Batch(string name, string spec, string image, int won, int lost)
    {
        return new(name, "job-controller", "")
        {
            Inputs = Started(spec, image),
            Always = c => c.Find<Job>("default", "web") is not { } job
                || (job.Status.Active <= job.Spec.Parallelism
                    && c.List<Pod>().Count(p => p.IsActive) <= job.Spec.Parallelism
                    && job.Status.Succeeded <= won),
            AtRest = c => c.Find<Job>("default", "web") is { FinishedBy: { } end } job
                && end.Type == (won > 0 ? "Complete" : "Failed")
                && job.Status.Succeeded == won && job.Status.Failed >= lost
                && c.List<Pod>().All(p => !p.IsTracked && !p.IsTerminating),
        };
    }

    private static (double, Action<Cluster>)[] Started(string spec, string image) =>
    [
        (0.1, c => StaleRun.Create(c, $$$"""
            {apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: { {{{spec}}}, template:
              {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 1,
                containers: [{name: c, image: "{{{image}}}"}]}} }}
            """)),
    ];

    private static IEnumerable<Workload> CronJobs =>
    [
        Cron("CronJob, Forbid", "Forbid", 600, c => Unfinished(c) <= 1,
            c => c.List<Job>().Count == 1),
        Cron("CronJob, Replace", "Replace", 600,
            c => c.List<Job>().Count(j => !j.IsFinished && !j.IsTerminating) <= 1,
            c => c.List<Job>().Count == 1),
        Cron("CronJob, Allow", "Allow", 90, c => Unfinished(c) <= 2,
            c => c.List<Job>().Count is 2 or 3),
    ];

    private static Workload Cron(string name, string policy, int seconds,
        Func<Cluster, bool> always, Func<Cluster, bool> atRest) => new(name,
        "cronjob-controller job-controller", $$$"""
            {apiVersion: batch/v1, kind: CronJob, metadata: {name: web}, spec: {schedule:
              "* * * * *", concurrencyPolicy: {{{policy}}}, jobTemplate: {spec: {template: {spec: {
                restartPolicy: Never, terminationGracePeriodSeconds: 1,
                containers: [{name: c, image: "x:exit-0-{{{seconds}}}"}]}} }} }}
            """)
    {
        Others = "generic-garbage-collector",
        Inputs = [(150, c => c.Patch<CronJob>("default", "web", """{"spec":{"suspend":true}}"""))],
        Always = always, AtRest = atRest,
    };

    private static IEnumerable<Workload> Others =>
    [
        new("HorizontalPodAutoscaler", "horizontal-pod-autoscaler-controller " + Web,
            Set("Deployment", 2) + """
            ---
            {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web},
             spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web},
              minReplicas: 2, maxReplicas: 6, metrics: [{type: External, external:
               {metric: {name: queue}, target: {type: AverageValue, averageValue: "10"}}}]}}
            """)
        {
            Inputs = [(1, c => c.Metric("queue", "48")), (40, c => c.Metric("queue", "48"))],
            Always = c => Mine(c).Count(p => p.IsActive) <= 5 && Up(c) >= 2,
            AtRest = c => Mine(c).Count(IsUp) == 5,
        },
        new("Endpoints", "endpointslice-controller endpoint-controller " + Web,
            Set("Deployment", 3, Rolling) + """
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web},
              ports: [{port: 80}]}}
            """ + "\n" + Foreign.Replace("labels: {app: web}", "labels: {app: db}",
                StringComparison.Ordinal))
        {
            Inputs = [(1, Image<Deployment>(2)), (3, Scale<Deployment>(4))],
            Always = c => Slices(c).SelectMany(s => s.Endpoints).All(e =>
                e.TargetRef!.Name is not ("foreign" or "other")),
            AtRest = c => Are(c, 4, 2) && Addresses(c).SequenceEqual(Mine(c)
                .Select(p => p.Status.PodIP!).Order(StringComparer.Ordinal))
                && Listed(c).SequenceEqual(Addresses(c)),
        },
        Garbage("Garbage, foreground", "Foreground", c =>
            Exists(c, "top") || (!Exists(c, "middle") && !Exists(c, "low")), _ => true),
        Garbage("Garbage, orphaned", "Orphan", c => Exists(c, "middle") && Exists(c, "low"),
            c => c.Get<ConfigMap>("middle").Metadata.OwnerReferences.IsEmpty),
        Garbage("Garbage in the background", "Background", _ => true, c => !Exists(c, "middle")
            && !Exists(c, "low")),
        new("Namespace", "namespace-controller " + Web, """
            {apiVersion: v1, kind: Namespace, metadata: {name: gone}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: kept, namespace: default}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: gone}}
            ---

            """ + Set("Deployment", 2).Replace("name: web}", "name: web, namespace: gone}",
                StringComparison.Ordinal))
        {
            Others = "generic-garbage-collector",
            Inputs = [(1, c => c.Delete(new ObjectKey(Kinds.Namespace, "", "gone")))],
            Always = c => c.Find<ConfigMap>("default", "kept") is not null
                && (c.Find<Namespace>("", "gone") is not null || IsEmpty(c, "gone")),
            AtRest = c => c.Find<Namespace>("", "gone") is null && IsEmpty(c, "gone"),
        },
        new("PodDisruptionBudget", "disruption-controller replicaset-controller",
            Set("ReplicaSet", 3) + Budget)
        {
            Inputs = [.. Enumerable.Range(0, 12)
                .Select(i => (1 + (0.5 * i), (Action<Cluster>)Evict))],
            Always = c => Up(c) >= 2,
            AtRest = c => Mine(c).Count(IsUp) == 3
                && c.Get<PodDisruptionBudget>("keep").Status is { DisruptionsAllowed: 1 },
        },
    ];

    private static Workload Garbage(string name, string policy, Func<Cluster, bool> always,
        Func<Cluster, bool> atRest) => new(name, "generic-garbage-collector", "")
        {
            Inputs =
            [
                (0.1, c =>
                {
                    ApiObject owner = c.Create(Given.ConfigMap("top"));
                    foreach (var child in (string[])["middle", "low"])
                    {
                        owner = c.Create(Given.ConfigMap(child) with
                        {
                            Metadata = new()
                            {
                                Name = child, Namespace = "default",
                                OwnerReferences = [ControllerRefs.To(owner)],
                            },
                        });
                    }
                }),
                (1, c => c.Delete(new ObjectKey(Kinds.ConfigMap, "default", "top"),
                    new() { PropagationPolicy = policy })),
            ],
            Always = c => c.Now < StaleRun.Start.AddSeconds(0.2) || always(c),
            AtRest = c => !Exists(c, "top") && atRest(c),
        };

    private static string Set(string kind, int replicas, string strategy = "", string more = "")
    {
        var version = kind == "ReplicationController" ? "v1" : "apps/v1";
        var selector = version == "v1" ? "{app: web}" : "{matchLabels: {app: web}}";
        var name = kind == "Deployment" ? "strategy" : "updateStrategy";
        return $$$"""
            {apiVersion: {{{version}}}, kind: {{{kind}}}, metadata: {name: web}, spec: {
              {{{(replicas > 0 ? $"replicas: {replicas}, " : "")}}}selector: {{{selector}}},
              {{{(strategy.Length > 0 ? $"{name}: {strategy}, " : "")}}}
              template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1,
                containers: [{name: c, image: "nginx:1"}]}}{{{more}}}}}

            """;
    }

    private static Action<Cluster> Image<T>(int version)
        where T : ApiObject => Change<T>("\"template\":{\"spec\":{\"containers\":[{\"name\":"
            + $"\"c\",\"image\":\"nginx:{version}\"}}]}}}}");

    private static Action<Cluster> Scale<T>(int replicas)
        where T : ApiObject => Change<T>($"\"replicas\":{replicas}");

    private static Action<Cluster> Change<T>(string spec)
        where T : ApiObject => c => c.Patch<T>("default", "web", $"{{\"spec\":{{{spec}}}}}");

    private static readonly Pod Orphan = new()
    {
        Metadata = new()
        {
            Name = "orphan", Namespace = "default", Labels = Map.Of(("app", "web")),
        },
        Spec = new() { Containers = [new() { Name = "c", Image = "nginx:1" }] },
    };

    private static void Release(Cluster cluster) => cluster.Patch<Pod>("default",
        Mine(cluster).First(p => p.IsActive).Metadata.Name,
        """{"metadata":{"labels":{"app":"released"}}}""");

    private static IEnumerable<Pod> Released(Cluster c) =>
        c.List<Pod>().Where(p => p.Metadata.Labels.Get("app") == "released");

    private static void Evict(Cluster cluster)
    {
        if (Mine(cluster).FirstOrDefault(IsUp) is { } pod)
        {
            cluster.Handle(new(Verb.Create, ResourcePath.Of(pod.Key, "eviction"))
            {
                Body = new Payload.Json(new JsonObject
                {
                    ["apiVersion"] = "policy/v1", ["kind"] = "Eviction",
                    ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name },
                }),
            });
        }
    }

    private static IEnumerable<Pod> Mine(Cluster c) => c.List<Pod>("default").Where(p =>
        p.Metadata.Labels.Get("app") == "web" && p.Metadata.Name != "foreign");

    private static bool IsUp(Pod pod) => pod.IsReady && !pod.IsTerminating;

    private static int Up(Cluster c) => Mine(c).Count(IsUp);

    // A Deployment adds up what its sets report, and one that was told to shrink reports the pods
    // that are about to go until it has counted anew. Where the next set shrank on such a sum,
    // fewer pods are up than should be; so it is in life (RolloutTests shows it).
    private static bool Floor(Cluster c, int least) => Up(c) >= least || WasMisinformed(c);

    // True when the Deployment once sized a set while it saw another as it no longer was: of
    // another size, or with more pods up.
    private static bool WasMisinformed(Cluster c)
    {
        var was = false;
        c.Relive(again =>
        {
            var shard = again.Engine.Components.Find(x => x.Name == "deployment-controller")!
                .Shards[0];
            again.Stepped = step =>
            {
                if (step.Component == shard.Component.Name && step.Changes.FirstOrDefault(x =>
                    x is { Before: ReplicaSet old, After: ReplicaSet now }
                    && now.Spec.Replicas != old.Spec.Replicas) is { } sized)
                {
                    var there = again.At(sized.Revision.Value - 1);
                    was |= again.At(again.Engine.CursorOf(shard, Kinds.ReplicaSet))
                        .List<ReplicaSet>().Any(seen => !IsAsSeen(seen, there));
                }
            };
        });
        return was;
    }

    private static bool IsAsSeen(ReplicaSet seen, ClusterView there) =>
        there.Find<ReplicaSet>("default", seen.Metadata.Name) is { } now
        && now.Spec.Replicas == seen.Spec.Replicas
        && seen.Status.AvailableReplicas <= Math.Min(now.Spec.Replicas ?? 1, there.List<Pod>()
            .Count(p => IsUp(p) && p.IsControlledBy(now.Metadata.Uid)));

    private static int Sizes(Cluster c) => c.List<ReplicaSet>().Sum(s => s.Spec.Replicas ?? 1);

    private static string? ImageOf(Pod pod) => pod.Spec.Containers[0].Image;

    private static bool Are(Cluster c, int count, int version) => Mine(c).Count() == count
        && Mine(c).All(p => IsUp(p) && ImageOf(p) == $"nginx:{version}");

    private static bool Stay(Cluster c, params string[] names) => Array.TrueForAll(names,
        n => c.Find<Pod>("default", n) is { IsTerminating: false });

    private static int PerNode(Cluster c) => Mine(c).Where(p => !p.IsTerminating)
        .GroupBy(DaemonSetNodes.NodeOf).Max(g => (int?)g.Count()) ?? 0;

    private static int Unfinished(Cluster c) => c.List<Job>().Count(j => !j.IsFinished);

    private static bool Exists(Cluster c, string name) =>
        c.Find<ConfigMap>("default", name) is not null;

    private static bool IsEmpty(Cluster c, string ns) => c.List<Pod>(ns).IsEmpty
        && c.List<ReplicaSet>(ns).IsEmpty && c.List<Deployment>(ns).IsEmpty
        && c.List<ConfigMap>(ns).IsEmpty;

    private static IEnumerable<EndpointSlice> Slices(Cluster c) => c.List<EndpointSlice>("default")
        .Where(s => s.Metadata.Name != "kubernetes");

    private static IEnumerable<string> Addresses(Cluster c) => Slices(c)
        .SelectMany(s => s.Endpoints).SelectMany(e => e.Addresses).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Listed(Cluster c) => c.Get<Endpoints>("web").Subsets
        .SelectMany(s => s.Addresses).Select(a => a.Ip).Order(StringComparer.Ordinal);
}
