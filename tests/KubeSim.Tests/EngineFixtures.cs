namespace KubeSim.Tests;

/// <summary>Small clusters and components that the tests of the engine share.</summary>
internal static class Given
{
    /// <summary>A Deployment of two, as somebody would write it.</summary>
    public const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: nginx}]}
        """;

    public static ReplicaSet ReplicaSet(string name = "web", int replicas = 3) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new()
        {
            Replicas = replicas,
            Selector = new() { MatchLabels = Map.Of(("app", name)) },
            Template = new()
            {
                Metadata = new() { Labels = Map.Of(("app", name)) },
                Spec = new() { Containers = [new() { Name = "main", Image = "nginx" }] },
            },
        },
    };

    public static ConfigMap ConfigMap(string name, string value = "1") => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Data = Map.Of(("value", value)),
    };

    /// <summary>A cluster whose only component is the given one.</summary>
    public static Cluster Alone(
        Func<IReconciler> factory, Latency? latency = null, ulong seed = 0,
        Settings? settings = null) =>
        new(new SimulationOptions
        {
            Seed = seed,
            Latency = latency ?? Latency.Typical,
            Components = [new("probe", _ => factory())],
            Settings = settings ?? Settings.Default,
            // The tests' own ConfigMaps are the only ones.
            Objects = Bootstrap.Objects(1).RemoveAll(o => o is ConfigMap),
        });

    public static ulong[] Digests(Cluster cluster) =>
        [.. Enumerable.Range(1, (int)cluster.StepCount).Select(n => cluster.DigestAt(n))];

    public static int Running(Cluster cluster) =>
        cluster.List<Pod>().Count(p => p.Status.Phase == "Running");
}

/// <summary>A component made of delegates.</summary>
internal sealed class Probe(params Watched[] watches) : IReconciler
{
    public string Name => "probe";

    public Seq<Watched> Watches { get; } = [.. watches];

    public int Workers { get; init; } = 1;

    public Action<WatchEvent>? OnObserve { get; init; }

    public Func<ObjectKey, ReconcileContext, Result>? OnReconcile { get; init; }

    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        OnObserve?.Invoke(e);
        Watched.Enqueue(Watches, e, queue);
    }

    public Result Reconcile(ObjectKey key, ReconcileContext api) =>
        OnReconcile?.Invoke(key, api) ?? Result.Done;
}
