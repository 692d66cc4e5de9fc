using System.Globalization;
using KubeSim;

namespace KubeNotebooks.Exercises;

/// <summary>What several exercises begin with.</summary>
internal static class Scenes
{
    /// <summary>The manifest of a Deployment web of 3 replicas.</summary>
    public static string Web(int maxUnavailable, string image, bool everReady = true)
    {
        const string never = "readinessProbe: {exec: {command: [cat, /never]}, periodSeconds: 2}";
        return string.Create(CultureInfo.InvariantCulture, $"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
            spec:
              replicas: 3
              selector:
                matchLabels:
                  app: web
              strategy:
                rollingUpdate:
                  maxSurge: 1
                  maxUnavailable: {maxUnavailable}
              template:
                metadata:
                  labels:
                    app: web
                spec:
                  containers:
                  - name: nginx
                    image: {image}
                    {(everReady ? "" : never)}
            """);
    }

    /// <summary>A ReplicaSet.</summary>
    public static ReplicaSet Set(string name, int replicas) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new()
        {
            Replicas = replicas,
            Selector = new() { MatchLabels = Map.Of(("app", name)) },
            Template = new()
            {
                Metadata = new() { Labels = Map.Of(("app", name)) },
                Spec = new() { Containers = [new() { Name = "nginx", Image = "nginx:1.27" }] },
            },
        },
    };

    /// <summary>The pods that count as replicas of a set.</summary>
    public static Seq<Pod> PodsOf(Cluster cluster, string set)
    {
        var owner = cluster.Get<ReplicaSet>(set).Metadata.Uid;
        return cluster.List<Pod>().Where(p => p.IsActive && p.IsControlledBy(owner)).ToSeq();
    }
}

/// <summary>Exercises whose answer is a manifest.</summary>
public abstract class AppliedTests : ExerciseFixture<string>
{
    /// <summary>Applies the answer, and fails with a word for the learner where that is refused, or
    /// where what was asked for is not in it.</summary>
    protected Cluster Applied<T>(Cluster cluster, string name)
        where T : ApiObject
    {
        try
        {
            cluster.Apply(New());
        }
        catch (ManifestException e)
        {
            Fail($"The manifest cannot be read. {e.Message}");
        }
        catch (ApiException e)
        {
            Fail($"The API server refuses it: {e.Message}");
        }
        if (cluster.Find<T>("default", name) is null)
        {
            Fail($"There is no {typeof(T).Name} named {name} in the namespace default. The name "
                + "stands under metadata.");
        }
        return cluster;
    }
    /// <summary>Three nodes with the Deployment shop of the answer, at rest; fails unless so many
    /// Pods are ready then.</summary>
    protected Cluster Shop(int wanted)
    {
        var cluster = Applied<Deployment>(new Cluster(nodes: 3), "shop");
        Converge(cluster);
        if (cluster.List<Pod>().Count(p => p.IsReady) is var ready && ready != wanted)
        {
            Fail($"{ready} Pods are ready, and {wanted} were asked for.");
        }
        return cluster;
    }
}
