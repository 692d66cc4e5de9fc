using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The kubelet on its machine, from the binding of a pod to its end.</summary>
public sealed class KubeletTests
{
    [Test]
    public void Scratch()
    {
        var cluster = new Cluster(nodes: 100, components: [.. Bootstrap.Components().Where(c => c.Name is "kubelet")]);
        var n = 10000;
        cluster.Run(TimeSpan.FromSeconds(1));
        var from = cluster.StepCount;
        for (var i = 0; i < n; i++)
        {
            cluster.Create(new Pod
            {
                Metadata = new() { Name = $"p-{i}", Namespace = "default" },
                Spec = new() { NodeName = $"node-{1 + i % 100}", Containers = [new() { Name = "c", Image = "nginx" }] },
            });
        }
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        cluster.Converge();
        TestContext.Out.WriteLine($"{watch.Elapsed.TotalMilliseconds * 1000 / n} us a pod, {(cluster.StepCount - from) / (double)n} steps, {(GC.GetAllocatedBytesForCurrentThread() - before) / n} bytes, {cluster.List<Pod>().Count(p => p.IsReady)} ready");
        GC.Collect();
        TestContext.Out.WriteLine($"{GC.GetTotalMemory(true) / n} live bytes a pod");
    }
}
