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
    public void A_namespace_takes_its_custom_objects_with_it()
    {
        var cluster = new Cluster();
        cluster.Apply(Definition);
        cluster.Kubectl("create namespace team");
        cluster.Apply(Object.Replace("my-tab", "my-tab, namespace: team"));
        cluster.Kubectl("delete namespace team --wait=false");
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Kubectl("get ct -A").Error, Does.Contain("No resources found"));
        Assert.That(cluster.Kubectl("get namespace team").Error, Does.Contain("not found"));
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

    private static string? Terminating(ApiObject? definition) => definition?.Kept!["status"]
        .GetProperty("conditions").EnumerateArray()
        .Where(c => c.GetProperty("type").GetString() == "Terminating")
        .Select(c => $"{c.GetProperty("status")}/{c.GetProperty("reason")}").SingleOrDefault();

    [Test]
    public void The_objects_of_a_definition_go_before_it()
    {
        var cluster = new Cluster();
        cluster.Apply(Definition + "---\n" + Object);
        cluster.Kubectl("create ns other");
        cluster.Apply(Object.Replace("my-tab", "my-tab, namespace: other"));
        cluster.Converge();
        var told = new List<string>();
        cluster.Stepped = s => told.AddRange(s.Changes.Select(c =>
            $"{c.Verb} {c.Key.Kind.Name} {c.Key.Namespace} "
            + Terminating(c.Key.Kind.Equals(Kinds.CustomResourceDefinition) ? c.After : null)));
        var deleted = cluster.Kubectl("delete crd crontabs.stable.example.com");

        Assert.That(deleted.Out, Is.EqualTo("customresourcedefinition.apiextensions.k8s.io "
            + "\"crontabs.stable.example.com\" deleted\n"));
        cluster.Converge();
        Assert.That(told, Is.EqualTo(new[]
        {
            "Update CustomResourceDefinition  True/InstanceDeletionInProgress",
            "DeleteCollection CronTab default ", "DeleteCollection CronTab other ",
            "Update CustomResourceDefinition  ",
        }));
        Assert.That(cluster.Kubectl("get ct").Error, Is.EqualTo(
            "error: the server doesn't have a resource type \"ct\"\n"));
        cluster.Apply(Definition);
        Assert.That(cluster.Kubectl("get ct -A").Error, Is.EqualTo("No resources found\n"));
    }

    [Test]
    public void An_object_with_a_finalizer_holds_its_definition_and_no_more_are_taken()
    {
        var cluster = new Cluster();
        cluster.Apply(Definition + "---\n"
            + Object.Replace("my-tab", "my-tab, finalizers: [example.com/mine]"));
        cluster.Kubectl("delete crd crontabs.stable.example.com --wait=false");
        ApiObject? Now() => cluster.Everything()
            .SingleOrDefault(o => o.Kind.Equals(Kinds.CustomResourceDefinition));
        Assert.That(Now()!.Metadata.Finalizers,
            Is.EqualTo(new[] { "customresourcecleanup.apiextensions.k8s.io" }));
        Assert.That(Terminating(Now()), Is.EqualTo("True/InstanceDeletionPending"));
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(Terminating(Now()), Is.EqualTo("True/InstanceDeletionInProgress"));
        Assert.That(() => cluster.Apply(Object.Replace("my-tab", "another")),
            Throws.TypeOf<ApiException>().With.Message.EqualTo(
                "create not allowed while custom resource definition is terminating"));

        Assert.That(cluster.RunUntil(c => Terminating(Now()) == "True/InstanceDeletionCheck").Met);
        cluster.Kubectl("patch ct my-tab --type=merge -p '{\"metadata\":{\"finalizers\":null}}'");
        cluster.Run(TimeSpan.FromSeconds(2));
        Assert.That(Now(), Is.Null);
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
