using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using KubeSim;

namespace Benchmarks;

/// <summary>A step as a notebook takes it, with all its details: the mean and median of the first
/// 200 steps of three nodes that start 60 pods.</summary>
[MemoryDiagnoser]
[MedianColumn]
[SimpleJob(RunStrategy.Throughput, invocationCount: 1, warmupCount: 60, iterationCount: 40)]
public class StepBenchmarks
{
    private const int StepsTaken = 200;

    private Cluster cluster = new();

    /// <summary>The name of the latency: nothing takes time, or work takes as long as in
    /// life.</summary>
    [Params("None", "Typical")]
    public string Latencies { get; set; } = "";

    /// <summary>Who works: the real components, or the stand-ins that leave the spine's own
    /// price.</summary>
    [Params("Stubs", "Real")]
    public string Components { get; set; } = "";

    [IterationSetup]
    public void Begin()
    {
        cluster = new(latency: Latencies == "None" ? Latency.None : Latency.Typical,
            components: Components == "Stubs" ? Scale.Stubs : null);
        cluster.Apply("""
            apiVersion: apps/v1
            kind: ReplicaSet
            metadata: {name: web}
            spec:
              replicas: 60
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: web, image: "nginx:1.27"}]}
            """);
    }

    /// <summary>Steps of a busy cluster; per step.</summary>
    [Benchmark(OperationsPerInvoke = StepsTaken)]
    public long Step()
    {
        long writes = 0;
        for (var i = 0; i < StepsTaken; i++)
        {
            var step = cluster.Step();
            if (step.IsIdle)
            {
                throw new InvalidOperationException("the cluster was to be busy for all steps");
            }
            writes += step.Changes.Count;
        }
        return writes;
    }
}
