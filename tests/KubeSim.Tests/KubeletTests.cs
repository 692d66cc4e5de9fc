using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The kubelet on its machine, from the binding of a pod to its end.</summary>
public sealed class KubeletTests
{
    private static Cluster Of(int nodes = 1, Latency? latency = null) => new(nodes: nodes,
        latency: latency, components: [.. Bootstrap.Components().Where(
            c => c.Name is "kubelet" or "serviceaccount-controller")]);

    private static Pod NewPod(string name, string image, PodSpec? spec = null,
        params string[] command) => new()
        {
            Metadata = new() { Name = name, Namespace = "default" },
            Spec = (spec ?? PodSpec.None) with
            {
                NodeName = "node-1",
                Containers = [new() { Name = "c", Image = image, Command = [.. command] }],
            },
        };

    [Test]
    public void Scratch()
    {
        var cluster = Of();
        cluster.Create(NewPod("web", "nginx:v1"));
        cluster.Create(NewPod("crash", "busybox:exit-1-2"));
        cluster.Create(NewPod("bad", "nosuch/image:1"));
        var last = new Dictionary<string, Revision>();
        cluster.Stepped = s =>
        {
            TestContext.Out.WriteLine($"{s.Time:ss.fff} {s.Component} {s.Key} {string.Join(" | ", s.Changes.Select(c => c.Verb + " " + (c.After as Pod)?.Status.Phase + " " + string.Join(",", (c.After as Pod)?.Status.ContainerStatuses.Select(x => x.State) ?? []) + " ready=" + (c.After as Pod)?.IsReady))}");
        };
        cluster.Run(TimeSpan.FromSeconds(60));
        cluster.Delete(cluster.Get<Pod>("web"));
        cluster.Run(TimeSpan.FromSeconds(10));
        foreach (var e in cluster.List<Event>())
        {
            TestContext.Out.WriteLine($"{e.FirstTimestamp} x{e.Count} {e.InvolvedObject.Name} {e.InvolvedObject.FieldPath} {e.Type} {e.Reason} {e.Message}");
        }
    }
}
