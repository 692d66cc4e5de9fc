using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl version</c>, <c>cluster-info</c> and <c>api-versions</c>.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/version/version.go.</remarks>
internal static class VersionCommands
{
    private const string Modelled = Discovery.Modelled;

    public static readonly KubectlCommand Version = new("version", "output/o client!",
        static call =>
    {
        var client = call.Flags.On("client");
        var format = call.Flags["output"];
        if (format is "json" or "yaml")
        {
            JsonObject Of() => new()
            {
                ["gitVersion"] = Modelled, ["major"] = "1", ["minor"] = "36",
                ["platform"] = "linux/amd64",
            };
            var tree = new JsonObject { ["clientVersion"] = Of() };
            if (!client)
            {
                tree["serverVersion"] = Of();
            }
            call.Print(format == "yaml" ? Json.ToYaml(tree) : Json.Text(tree));
            return;
        }
        call.Line($"Client Version: {Modelled}");
        if (!client)
        {
            call.Line($"Server Version: {Modelled}");
        }
    });

    public static readonly KubectlCommand ApiVersions = new("api-versions", "", static call =>
    {
        foreach (var version in call.Kinds.All.SelectMany(k => Discovery.Served(k).Select(
            v => k.Group.Length == 0 ? v : $"{k.Group}/{v}")).Distinct()
            .Order(StringComparer.Ordinal))
        {
            call.Line(version);
        }
    });

    public static readonly KubectlCommand ClusterInfo = new("cluster-info", "", static call =>
        call.Line(call.Args.Count == 0
            ? "Kubernetes control plane is running at https://127.0.0.1:6443\n\nTo further "
                + "debug and diagnose cluster problems, use 'kubectl cluster-info dump'."
            : throw new KubectlException("cluster-info dump is not supported here")));
}
