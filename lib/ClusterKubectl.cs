namespace KubeSim;

/// <summary>kubectl, spoken to from a notebook.</summary>
public sealed partial class Cluster
{
    /// <summary>Where <c>kubectl logs</c> finds what containers wrote; null while nothing runs
    /// them.</summary>
    public IContainerLogs? ContainerLogs { get; set; }

    /// <summary>Runs a kubectl command; its result shows both outputs and has the exit code. Only
    /// commands that wait (<c>wait</c>, <c>rollout status</c>, <c>delete --wait</c>) let virtual
    /// time pass.</summary>
    /// <param name="commandLine">The command, with or without <c>kubectl</c> before it.</param>
    /// <param name="input">The standard input, for <c>-f -</c>.</param>
    /// <example><code>cluster.Kubectl("get pods -o wide")</code></example>
    public KubectlResult Kubectl(string commandLine, string? input = null) =>
        new Kubectl(new KubectlServer(this)).Run(commandLine, input);

    private sealed class KubectlServer(Cluster cluster) : IKubectlServer
    {
        public KindRegistry Kinds => cluster.simulation.Api.Kinds;

        public DateTime Now => cluster.Now;

        public IContainerLogs? Logs => cluster.ContainerLogs;

        public ApiResponse Send(ApiRequest request) => cluster.Handle(request);

        public bool WaitUntil(Func<bool> holds, TimeSpan limit) =>
            cluster.RunUntil(_ => holds(), limit).Met;
    }
}
