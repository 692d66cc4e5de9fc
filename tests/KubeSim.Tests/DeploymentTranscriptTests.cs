using System.Text;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A Deployment of three replicas and its Service, from the apply to the last rule, as
/// text to read aloud. A step that does nothing is left out. Accept a changed transcript only with
/// a reason in the commit.</summary>
public sealed class DeploymentTranscriptTests
{
    private const string Manifest = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: main, image: "nginx:1.27"}]}
        """;

    // What one would say aloud of a write; the rest of its fields is for the eye.
    private static readonly string[] Spoken =
    [
        "spec.replicas", "spec.nodeName", "status.phase", "status.podIP:", "status.readyReplicas",
        "status.conditions[Available].status", "status.conditions[Progressing].reason",
    ];

    private static bool IsSpoken(string line) => !line.StartsWith("    ", StringComparison.Ordinal)
        || Spoken.Any(field => line.StartsWith("    " + field, StringComparison.Ordinal));

    [Test]
    public void A_deployment_of_three_reads_as_a_lesson()
    {
        var cluster = new Cluster(nodes: 3, seed: 1);
        var told = new StringBuilder();
        cluster.Stepped = step =>
        {
            if (step.Changes.Count > 0 || step.Did.Count > 0)
            {
                told.AppendJoin('\n', step.ToString().Split('\n').Where(IsSpoken)).Append('\n');
            }
        };
        cluster.Apply(Manifest);
        var result = cluster.Converge();

        Assert.That(result.Met, Is.True, result.ToString());
        told.Append(cluster.Why(cluster.List<Pod>()[0])).Append('\n');
        var path = Path.Combine(TestContext.CurrentContext.TestDirectory, "Data",
            "deployment-of-three.txt");
        Assert.That(told.ToString(), Is.EqualTo(File.ReadAllText(path)));
    }
}
