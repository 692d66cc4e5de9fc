namespace KubeSim;

/// <summary><c>kubectl version</c> and <c>kubectl cluster-info</c>.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/version/version.go.</remarks>
internal static class VersionCommands
{
    // The version that the cluster models.
    private const string Modelled = "v1.36.2";

    public static readonly KubectlCommand Version = new("version", "output/o client!",
        static call =>
    {
        call.Line($"Client Version: {Modelled}");
        if (!call.Flags.On("client"))
        {
            call.Line($"Server Version: {Modelled}");
        }
    });

    public static readonly KubectlCommand ClusterInfo = new("cluster-info", "", static call =>
        call.Line("Kubernetes control plane is running at https://127.0.0.1:6443\n\nTo further "
            + "debug and diagnose cluster problems, use 'kubectl cluster-info dump'."));
}
