using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 00-first-deployment: ask for something, say what must hold, look at the state.

/// <summary>A manifest that asks for what a shop needs.</summary>
[Exercise("00-first-deployment/1", "Ask for a Deployment")]
[Hint(1, "Begin with the manifest of `web` above. What differs here: a name, a number, an image.")]
[Hint(2, "The label stands in two places: `spec.selector.matchLabels` says which Pods belong to "
    + "the Deployment, `spec.template.metadata.labels` is what they carry. They must agree.")]
[Hint(3, "An image has a tag after a colon: `nginx:1.27`. Without one it means `:latest`.")]
public sealed class ShopManifestTests : AppliedTests
{
    private const string Setting = "An empty cluster of three nodes. Your manifest is applied.";

    [Test, Task("The API server accepts a Deployment named shop")]
    public void Api_server_accepts_it()
    {
        Scenario(Setting);
        Applied();
    }

    [Test, Task("Four Pods become ready")]
    public void Four_pods_become_ready()
    {
        Scenario(Setting + " Then it runs until only periodic work is left.");
        var cluster = Applied();
        Converge(cluster);
        var ready = cluster.List<Pod>().Count(p => p.IsReady);
        if (ready != 4)
        {
            Fail($"{ready} Pods are ready, and 4 were asked for. The number is spec.replicas.",
                "4 Pods ready", cluster);
        }
    }

    [Test, Task("Each runs nginx:1.27 and carries the label app=shop")]
    public void The_pods_are_the_shop()
    {
        Scenario(Setting + " Then each Pod is looked at.");
        var cluster = Applied();
        Converge(cluster);
        foreach (var pod in cluster.List<Pod>())
        {
            var image = string.Join(", ", pod.Spec.Containers.Select(c => c.Image));
            if (image != "nginx:1.27")
            {
                Fail($"Pod {pod.Metadata.Name} runs the image {image}, not nginx:1.27. Which "
                    + "version runs should never be left to chance.", "nginx:1.27", image);
            }
            if (pod.Metadata.Labels.GetValueOrDefault("app") != "shop")
            {
                Fail($"Pod {pod.Metadata.Name} does not carry app=shop: a Service that looks for "
                    + "that label would not find it.", "app=shop", pod.Metadata.Labels.ToString());
            }
        }
    }

    private Cluster Applied() => Applied<Deployment>(new Cluster(nodes: 3), "shop");
}

/// <summary>A claim that holds through a good rolling update and catches a bad one.</summary>
[Exercise("00-first-deployment/2", "Say what must always hold")]
[Hint(1, "The claim is asked after every step. It answers true as long as all is well.")]
[Hint(2, "During an update there are Pods that are not ready yet: they may be there, they just "
    + "do not count.")]
[Hint(3, "Count the Pods with p.IsReady, and compare the number with 3.")]
public sealed class EnoughReadyTests : ExerciseFixture<Func<Cluster, bool>>
{
    [Test, Task("It holds throughout an update that adds before it takes away")]
    public void Holds_through_a_good_update()
    {
        Scenario("Deployment web, 3 replicas, maxUnavailable 0; its image changes.");
        var (cluster, claim) = (Updated(maxUnavailable: 0), New());
        while (!cluster.IsConverged && cluster.Step() is { IsIdle: false } step)
        {
            if (!claim(cluster))
            {
                Fail($"Your claim is false after step {step.Number}, and {Ready(cluster)} Pods are "
                    + "Ready at that moment: nothing is wrong there.", "true", cluster);
            }
        }
    }

    [Test, Task("It catches an update that takes away first")]
    public void Catches_a_bad_update()
    {
        Scenario("The same with maxUnavailable 1: the update begins by deleting a Pod.");
        Caught(Updated(maxUnavailable: 1));
    }

    [Test, Task("It is not taken in by Pods that run and are not ready")]
    public void Running_is_not_ready()
    {
        Scenario("As before, but the new version never passes its readiness probe. Old Pods are "
            + "ready; new ones run.");
        var cluster = Updated(maxUnavailable: 1, everReady: false);
        cluster.Run(TimeSpan.FromMinutes(2));
        Caught(cluster);
    }

    private void Caught(Cluster cluster)
    {
        var claim = New();
        cluster.RunUntil(c => Ready(c) < 3);
        if (claim(cluster))
        {
            var running = cluster.List<Pod>().Count(p => p.Status.Phase == "Running");
            Fail($"After step {cluster.StepCount} only {Ready(cluster)} Pods are Ready ({running} "
                + "are Running), and your claim still holds: it would let this pass.",
                "false", cluster);
        }
    }

    private static int Ready(Cluster cluster) => cluster.List<Pod>().Count(p => p.IsReady);

    private static Cluster Updated(int maxUnavailable, bool everReady = true)
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Apply(Scenes.Web(maxUnavailable, "nginx:1.27"));
        cluster.Converge();
        cluster.Apply(Scenes.Web(maxUnavailable, "nginx:1.28", everReady));
        return cluster;
    }
}

/// <summary>A function that reads the state of the cluster.</summary>
[Exercise("00-first-deployment/3", "Count the Pods that serve, node by node")]
[Hint(1, "cluster.List<Pod>() has them all; p.Spec.NodeName says where each one is.")]
[Hint(2, "A Pod whose machine is dead cannot tell anybody that it is dead: its phase stays "
    + "Running. What does the control plane change instead?")]
public sealed class ReadyOnTests : ExerciseFixture<Func<Cluster, string, int>>
{
    [Test, Task("Six Pods on three healthy nodes")]
    public void All_is_well()
    {
        Scenario("Six Pods run on node-1, node-2 and node-3.");
        Compare(Six());
    }

    [Test, Task("Pods that no node has yet count nowhere")]
    public void Not_ready_yet()
    {
        Scenario("Six Pods, in the middle of their start.");
        var cluster = Six(settle: false);
        cluster.RunUntil(c => c.List<Pod>().Count(p => p.IsReady) == 2);
        Compare(cluster);
    }

    [Test, Task("A minute after node-2 has died, nothing on it serves")]
    public void A_node_has_died()
    {
        Scenario("Six Pods run; node-2 loses its power; a minute passes.");
        var cluster = Six();
        cluster.Faults.Crash("node-2");
        cluster.Run(TimeSpan.FromMinutes(1));
        Compare(cluster);
    }

    private void Compare(Cluster cluster)
    {
        var answer = New();
        foreach (var node in cluster.List<Node>().Select(n => n.Metadata.Name))
        {
            var pods = cluster.List<Pod>().Where(p => p.Spec.NodeName == node).ToArray();
            var (ready, told) = (pods.Count(p => p.IsReady), answer(cluster, node));
            if (told != ready)
            {
                Fail($"You count {told} on {node}, and {ready} of the {pods.Length} Pods there are "
                    + "Ready. Their phases: "
                    + string.Join(", ", pods.Select(p => p.Status.Phase)) + ".",
                    $"{ready} on {node}", cluster);
            }
        }
    }

    private static Cluster Six(bool settle = true)
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Kubectl("create deployment six --image=nginx:1.27 --replicas=6");
        if (settle)
        {
            cluster.Converge();
        }
        return cluster;
    }
}
