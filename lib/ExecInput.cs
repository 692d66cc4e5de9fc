namespace KubeSim;

/// <summary>Runs a command in a container: what it writes to files stays there.</summary>
/// <param name="Namespace">Where the pod is.</param>
/// <param name="Pod">Its name.</param>
/// <param name="Container">Which of its containers; null: the first.</param>
/// <param name="Command">The command and its arguments.</param>
public sealed record ExecInput(string Namespace, string Pod, string? Container,
    Seq<string> Command) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"exec in {Namespace}/{Pod}: {string.Join(' ', Command)}";

    /// <summary>What came of it; null when the container does not run, or takes too long.</summary>
    internal ExecResult? Result { get; private set; }

    internal override bool Execute(Simulation simulation)
    {
        if (simulation.Store.Get(new(Kinds.Pod, Namespace, Pod)) is not Pod pod
            || pod.Spec.NodeName is not { } node || simulation.World is not World world
            || pod.StatusOf(Container ?? pod.Spec.Containers[0].Name)?.ContainerID is not { } id)
        {
            return false;
        }
        var container = id[(id.LastIndexOf('/') + 1)..];
        Result = world.Machine(node).Runtime.ExecSync(container, Command, TimeSpan.Zero).Value;
        // A probe, or a script beside it, may find what it left.
        world.PodFiles.Touch(pod.Metadata.Uid);
        simulation.Wake("kubelet", node, pod.Key, TimeSpan.Zero, Pace.Background);
        return true;
    }
}

/// <summary>Commands in containers.</summary>
public sealed partial class Cluster
{
    /// <summary>Runs a command in a container, as <c>kubectl exec</c> does. It takes no virtual
    /// time; what it writes to files stays.</summary>
    /// <param name="pod">The pod, as <c>web-0</c> or <c>shop/web-0</c>.</param>
    /// <param name="command">The command and its arguments: <c>cat</c>, <c>/data/x</c>.</param>
    /// <returns>What it printed and how it ended; null when the container does not run.</returns>
    public ExecResult? Exec(string pod, params Seq<string> command)
    {
        ArgumentException.ThrowIfNullOrEmpty(pod);
        var slash = pod.IndexOf('/', StringComparison.Ordinal);
        return Exec(new ExecInput(slash < 0 ? "default" : pod[..slash], pod[(slash + 1)..], null,
            command));
    }

    internal ExecResult? Exec(ExecInput input)
    {
        Owned(s => s.Submit(input));
        return input.Result;
    }
}
