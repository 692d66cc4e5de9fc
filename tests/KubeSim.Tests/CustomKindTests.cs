using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Kinds that a cluster is taught.</summary>
public sealed class CustomKindTests
{
    private const string Definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: crontabs.stable.example.com}
        spec:
          group: stable.example.com
          scope: Namespaced
          names: {plural: crontabs, kind: CronTab, shortNames: [ct]}
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object}}

        """;

    private const string Object = """
        apiVersion: stable.example.com/v1
        kind: CronTab
        metadata: {name: my-tab}
        spec: {cronSpec: "* * * * */5"}

        """;

    [Test]
    public void A_kind_and_an_object_of_it_come_in_one_text()
    {
        var cluster = new Cluster();
        var told = cluster.Apply(Definition + "---\n" + Object);
        Assert.That(told, Is.EqualTo(new[]
        {
            "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created",
            "crontab.stable.example.com/my-tab created",
        }));
        Assert.That(cluster.Kubectl("get ct").Out, Does.Contain("my-tab"));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void Names_are_accepted_and_then_the_kind_is_served()
    {
        var cluster = new Cluster();
        var steps = new List<string>();
        cluster.Stepped = s => steps.Add(string.Join(' ', s.Changes[0].After!.Kept!["status"]
            .GetProperty("conditions").EnumerateArray().Select(c =>
                $"{c.GetProperty("type")}={c.GetProperty("status")}/{c.GetProperty("reason")}")));
        cluster.Apply(Definition);
        Assert.That(steps, Is.EqualTo(new[]
        {
            "NamesAccepted=True/NoConflicts Established=False/Installing",
            "NamesAccepted=True/NoConflicts Established=True/InitialNamesAccepted",
        }));
    }

    [Test]
    public void Before_its_kind_is_served_an_object_is_refused()
    {
        var cluster = new Cluster();
        Assert.That(() => cluster.Apply(Object + "---\n" + Definition),
            Throws.TypeOf<ApiException>().With.Message.EqualTo(
                "the server could not find the requested resource"));
        Assert.That(() => cluster.Apply(Object), Throws.TypeOf<ManifestException>()
            .With.Message.Contains("no matches for kind \"CronTab\""));
    }

    [Test]
    public void Endpoints_are_answered_with_a_warning() => Assert.That(
        new Cluster().Handle(new(Verb.List, new(Kinds.Endpoints, "default", ""))).Warnings,
        Is.EqualTo(new[]
        {
            "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        }));
}
