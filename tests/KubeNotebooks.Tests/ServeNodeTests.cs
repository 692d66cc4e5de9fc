using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>A program that uses a client library of another language.</summary>
public sealed class ServeNodeTests : ServeFixture
{
    [Test]
    public void An_informer_of_client_node_sees_a_rolling_update_a_410_and_a_log()
    {
        var modules = RealClient.NodeModules();
        Serve("10x");
        using var node = RealClient.Start("node", Folder, [
            Path.Combine(AppContext.BaseDirectory, "Data", "client.mjs"), modules,
            Server.Kubeconfig]);
        var error = node.StandardError.ReadToEndAsync();
        var said = new List<string>();
        while (node.StandardOutput.ReadLine() is { } line)
        {
            said.Add(line);
            if (line == "compact")
            {
                Cluster.Compact(Cluster.Revision);
                node.StandardInput.WriteLine();
            }
            else if (line == "rewind")
            {
                Cluster.Rewind(10);
                node.StandardInput.WriteLine();
            }
        }
        node.WaitForExit();
        Assert.That(said, Is.EqualTo(new[]
        {
            "ok three ready", "ok rolled over", "deleted 3", "compact", "old ERROR 410", "rewind",
            "ok same after a rewind", "ok rolled over again", "ok talk runs", "ok log follows",
            "end",
        }), error.Result);
    }
}
