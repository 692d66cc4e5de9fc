namespace KubeSim;

/// <summary>kubectl, spoken to from a notebook.</summary>
public sealed partial class Cluster
{
    /// <summary>Runs a kubectl command; its result shows both outputs and has the exit code. Only
    /// commands that wait (<c>wait</c>, <c>rollout status</c>, <c>delete --wait</c>,
    /// <c>drain</c>, <c>replace --force</c>, <c>-w</c>) let virtual time pass.</summary>
    /// <param name="commandLine">The command, with or without <c>kubectl</c> before it.</param>
    /// <param name="input">The standard input, for <c>-f -</c>.</param>
    /// <example><code>cluster.Kubectl("get pods -o wide")</code></example>
    public KubectlResult Kubectl(string commandLine, string? input = null) =>
        Kubectl(commandLine, new KubectlTerminal { Input = input });

    /// <summary>Runs a kubectl command at a terminal that has files and an editor, or that
    /// interrupts <c>-w</c> after some steps.</summary>
    /// <example><code>cluster.Kubectl("get pods -w", new KubectlTerminal { Steps = 20 })</code>
    /// </example>
    public KubectlResult Kubectl(string commandLine, KubectlTerminal terminal) =>
        Still(c => new Kubectl(new KubectlServer(c, Handle)).Run(commandLine, terminal));

    internal sealed class KubectlServer(
        Cluster cluster, Func<ApiRequest, ApiResponse> send) : IKubectlServer
    {
        public KindRegistry Kinds => cluster.simulation.Api.Kinds;

        public DateTime Now => cluster.Now;

        public IContainerLogs? Logs => cluster.simulation.World is World world
            ? new MachineLogs(world, cluster) : null;

        public ApiResponse Send(ApiRequest request) => send(request);

        public bool WaitUntil(Func<bool> holds, TimeSpan limit) =>
            cluster.RunUntil(_ => holds(), limit).Met;

        public bool Step() => !cluster.IsConverged && !cluster.Step().IsIdle;
    }

    // Logs are read off the machines when they are asked for, and are no part of the state.
    private sealed class MachineLogs(World world, Cluster cluster) : IContainerLogs
    {
        public bool Reaches(Pod pod) => world.Machine(pod.Spec.NodeName!) is { } machine
            && machine.IsOn && machine.IsConnected && machine.Heartbeat.SilentSince is null;

        public IReadOnlyList<LogLine>? Read(Pod pod, string container, string containerId) =>
            world.Machine(pod.Spec.NodeName!).Runtime.Logs(IdOf(containerId));

        public int TurnedOver(Pod pod, string containerId)
        {
            var (machine, id) = (world.Machine(pod.Spec.NodeName!), IdOf(containerId));
            var status = machine.Runtime.ListContainers(pod.Metadata.Uid)
                .FirstOrDefault(c => c.Id == id);
            var about = new PodSandboxMetadata(
                pod.Metadata.Name, pod.Metadata.Uid, pod.Metadata.Namespace, 0);
            return status is null ? 0 : machine.Runtime.Logs(id)!.Count
                - LogFiles.Of(machine, about, status)[^1].Lines.Count;
        }

        public ExecResult? Exec(
            Pod pod, string container, string containerId, Seq<string> command) =>
            cluster.NetworkTool(pod, command) ?? cluster.Exec(
                new ExecInput(pod.Metadata.Namespace, pod.Metadata.Name, container, command));

        private static string IdOf(string containerId) =>
            containerId[(containerId.LastIndexOf('/') + 1)..];
    }
}
