using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

// Exercises of a notebook that exists in tests alone, one for each kind of answer.

[Exercise("99-sample/1", "How many pods are missing?")]
[Hint(2, "Never create a negative number of pods.")]
[Hint(1, "Take what is there from what is wanted.")]
public sealed class MissingPodsTests : ExerciseFixture<Func<int, int, int>>
{
    [Test, Points(2), Task("Two of five pods are there: three are missing")]
    public void Difference()
    {
        Scenario("5 replicas wanted, 2 pods there");
        var missing = New()(5, 2);
        if (missing != 3)
        {
            Fail($"You would create {missing} pods, and 3 are missing.", "3 pods",
                $"{missing} pods");
        }
    }

    [Test, Task("Seven of five pods are there: none is missing")]
    public void None_is_missing() =>
        Assert.That(New()(5, 7), Is.Zero, "There are enough: nothing is to be created.");
}

[Exercise("99-sample/2", "A Deployment that runs", Needs = ["99-sample/1"])]
public sealed class ManifestTests : ExerciseFixture<string>
{
    [Test, Points(2), Task("Three pods become ready")]
    public void Three_pods()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply(New());
        Converge(cluster);
        Assert.That(cluster.List<Pod>().Count(p => p.IsReady), Is.EqualTo(3),
            "Three pods should be ready.");
    }
}

[Exercise("99-sample/3", "A controller that rests", Optional = true)]
public sealed class RestingTests : ExerciseFixture<Func<IReconciler>>
{
    [Test, Task("The cluster converges with your controller in it")]
    public void Converges()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.AddComponent("mine", New());
        Converge(cluster, budget: 500);
        Assert.That(cluster.IsConverged, "It never comes to rest.");
    }
}
