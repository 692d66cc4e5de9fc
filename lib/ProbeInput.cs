namespace KubeSim;

/// <summary>Lets waiting pods pass their probes, or makes ready ones fail: the file that their exec
/// probe <c>cat FILE</c> looks for comes to be, or goes.</summary>
/// <remarks>The pods are taken oldest first, then by name; to pass, those that are not Ready, to
/// fail, those that are; never one that is terminating. The i-th one's probe looks i × 100 ms
/// later. Fewer pods than <paramref name="Count"/> is no error.</remarks>
/// <param name="Namespace">Where.</param>
/// <param name="Selector">Which, as <c>app=web</c>; empty for all.</param>
/// <param name="Count">How many; null for all.</param>
/// <param name="Pass">True: the file comes to be.</param>
public sealed record ProbeInput(string Namespace, string Selector, int? Count, bool Pass) : Input
{
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public override string Describe =>
        $"probes of {Namespace}/{Selector} {(Pass ? "pass" : "fail")}";

    internal override bool Execute(Simulation simulation)
    {
        var files = ((World)simulation.World).PodFiles;
        var delay = TimeSpan.Zero;
        foreach (var pod in Chosen(simulation))
        {
            delay += Apart;
            foreach (var file in FilesOf(pod))
            {
                files.Set(pod.Metadata.Uid, file, Pass, simulation.Now + delay);
            }
            if (pod.IsScheduled)
            {
                simulation.Wake("kubelet", pod.Spec.NodeName!, pod.Key, delay, Pace.Progress);
            }
        }
        return true;
    }

    private IEnumerable<Pod> Chosen(Simulation simulation)
    {
        var selector = KubeSim.Selector.Parse(Selector);
        return simulation.Store.List(Kinds.Pod, Namespace, simulation.Store.Head).Cast<Pod>()
            .Where(p => !p.IsTerminating && !p.IsFinished && p.IsReady != Pass
                && FilesOf(p).Any() && selector.Matches(p.Metadata.Labels))
            .OrderBy(p => p.Metadata.CreationTimestamp ?? default)
            .ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)
            .Take(Count ?? int.MaxValue);
    }

    private static IEnumerable<string> FilesOf(Pod pod)
    {
        for (var i = 0; i < pod.Spec.ContainerCount; i++)
        {
            var container = pod.Spec.ContainerAt(i);
            foreach (var probe in (Probe?[])[container.StartupProbe, container.LivenessProbe,
                container.ReadinessProbe])
            {
                if (probe?.Exec is { Command: { Count: 2 } command } && command[0] == "cat")
                {
                    yield return command[1];
                }
            }
        }
    }
}

/// <summary>What happens to the inside of pods.</summary>
public sealed partial class Cluster
{
    /// <summary>Lets pods pass their probes, or fail them: see <see cref="ProbeInput"/>.</summary>
    public void Probe(string ns, string selector, int? count = null, bool pass = true) =>
        Owned(s => s.Submit(new ProbeInput(ns, selector, count, pass)));
}
