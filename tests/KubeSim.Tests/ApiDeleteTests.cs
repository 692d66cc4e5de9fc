using NUnit.Framework;

namespace KubeSim.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiDeleteTests
{
    private const string Configs = "/api/v1/namespaces/api/configmaps";
    private const string Pods = "/api/v1/namespaces/api/pods";
    private const string Web = "/apis/apps/v1/namespaces/api/deployments/web";

    private readonly ApiFixture api = new();

    [Test]
    public void An_object_without_grace_or_finalizers_goes_at_once()
    {
        var web = api.Create(ApiFixture.Deployment("web"));
        var answer = api.Ask(Verb.Delete, Web);
        Assert.Multiple(() =>
        {
            Assert.That(answer.Object, Is.Null);
            Assert.That(answer.Status!.Details, Is.EqualTo(new StatusDetails
            {
                Name = "web",
                Group = "apps",
                Kind = "deployments",
                Uid = web.Metadata.Uid,
            }));
            Assert.That(answer.Revision, Is.EqualTo(api.Store.Head));
            Assert.That(api.Ask(Verb.Get, Web).Code, Is.EqualTo(404));
        });
    }

    [Test]
    public void A_pod_on_a_node_is_marked_and_goes_when_its_kubelet_says_so()
    {
        api.Create(ApiFixture.Pod("p", "node-1"));
        var marked = (Pod)api.Ask(Verb.Delete, $"{Pods}/p").Object!;
        Assert.That(marked.Metadata.DeletionTimestamp, Is.EqualTo((Time)api.Now.AddSeconds(30)));
        Assert.That(marked.Metadata.DeletionGracePeriodSeconds, Is.EqualTo(30));
        Assert.That(marked.Metadata.Generation, Is.EqualTo(2));
        Assert.That(api.Get<Pod>(Kinds.Pod, "api", "p"), Is.SameAs(marked));

        api.Now = api.Now.AddSeconds(2);
        var last = (Pod)api.Ask(Verb.Delete, $"{Pods}/p",
            delete: new() { GracePeriodSeconds = 0 }).Object!;
        Assert.That(last.Metadata.DeletionGracePeriodSeconds, Is.Zero);
        Assert.That(last.Metadata.DeletionTimestamp, Is.EqualTo((Time)api.Now.AddSeconds(-2)));
        Assert.That(api.Get<Pod>(Kinds.Pod, "api", "p"), Is.Null);
    }

    [Test]
    public void Grace_can_be_shortened_and_not_lengthened()
    {
        api.Create(ApiFixture.Pod("p", "node-1"));
        api.Ask(Verb.Delete, $"{Pods}/p");
        var head = api.Store.Head;
        Assert.That(api.Ask(Verb.Delete, $"{Pods}/p",
            delete: new() { GracePeriodSeconds = 60 }).Code,
            Is.EqualTo(200));
        Assert.That(api.Store.Head, Is.EqualTo(head));
        var shorter = api.Ask(Verb.Delete, $"{Pods}/p",
            delete: new() { GracePeriodSeconds = 5 }).Object!;
        Assert.That(shorter.Metadata.DeletionTimestamp, Is.EqualTo((Time)api.Now.AddSeconds(5)));
    }

    [Test]
    public void A_pod_without_a_node_goes_at_once_in_two_writes()
    {
        api.Create(ApiFixture.Pod("p"));
        var head = api.Store.Head;
        var last = (Pod)api.Ask(Verb.Delete, $"{Pods}/p").Object!;
        Assert.That((last.Metadata.Generation, last.Metadata.DeletionGracePeriodSeconds),
            Is.EqualTo((2, 0)));
        Assert.That(api.Store.Head.Value - head.Value, Is.EqualTo(2));
        Assert.That(api.Store.Log(api.Store.Head).Type, Is.EqualTo("DELETED"));
    }

    [Test]
    public void Finalizers_hold_an_object_until_the_last_is_taken_off()
    {
        var value = ApiFixture.Config("fin");
        var meta = value.Metadata with { Finalizers = ["example.com/hold"] };
        api.Create(value with { Metadata = meta });
        var held = api.Ask(Verb.Delete, $"{Configs}/fin").Object!;
        Assert.That((held.Metadata.DeletionTimestamp, held.Metadata.DeletionGracePeriodSeconds),
            Is.EqualTo(((Time?)api.Now, (long?)0)));
        Assert.That(api.Ask(Verb.Delete, $"{Configs}/fin").Object, Is.SameAs(held));
        var gone = api.Merge($"{Configs}/fin", """{"metadata":{"finalizers":null}}""").Object!;
        Assert.That(gone.Metadata.ResourceVersion, Is.EqualTo(held.Metadata.ResourceVersion));
        Assert.That(api.Ask(Verb.Get, $"{Configs}/fin").Code, Is.EqualTo(404));
    }

    [TestCase("Foreground", "foregroundDeletion")]
    [TestCase("Orphan", "orphan")]
    public void Other_propagation_than_background_leaves_the_rest_to_the_garbage_collector(
        string policy, string finalizer)
    {
        api.Create(ApiFixture.Deployment("web"));
        var held = api.Ask(Verb.Delete, Web, delete: new() { PropagationPolicy = policy }).Object!;
        Assert.That(held.Metadata.Finalizers, Is.EqualTo((Seq<string>)[finalizer]));
        Assert.That(held.Metadata.Generation, Is.EqualTo(2));
        Assert.That(held.Metadata.DeletionGracePeriodSeconds, Is.Zero);
    }

    [Test]
    public void A_collection_is_deleted_by_its_labels_and_answered_as_it_was()
    {
        var first = api.Create(ApiFixture.Config("l1", ("g", "sel")));
        api.Create(ApiFixture.Config("l2", ("g", "sel")));
        api.Create(ApiFixture.Config("l3"));
        var answer = api.Ask(Verb.DeleteCollection, Configs,
            query: new() { LabelSelector = "g=sel" });
        Assert.That(answer.Items!.Select(i => i.Metadata.Name), Is.EqualTo(new[] { "l1", "l2" }));
        Assert.That(answer.Items![0], Is.EqualTo(first));
        Assert.That(api.Ask(Verb.List, Configs).Items!, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_namespace_terminates_and_goes_when_it_is_finalized()
    {
        const string path = "/api/v1/namespaces/api";
        var held = (Namespace)api.Ask(Verb.Delete, path).Object!;
        Assert.That(held.Status.Phase, Is.EqualTo("Terminating"));
        Assert.That(held.Metadata.DeletionGracePeriodSeconds, Is.Null);
        Assert.That(held.Metadata.Labels.Get("kubernetes.io/metadata.name"), Is.EqualTo("api"));
        Assert.That(api.TryCreate(ApiFixture.Config("c")).Code, Is.EqualTo(403));
        var end = api.Server.Handle(new(Verb.Update, ApiFixture.Path($"{path}/finalize"))
        {
            Body = new Payload.Typed(held with { Spec = new() }),
        });
        Assert.That(end.Code, Is.EqualTo(200));
        Assert.That(api.Ask(Verb.Get, path).Code, Is.EqualTo(404));
    }

    [Test]
    public void Replacing_a_namespace_leaves_its_spec_alone()
    {
        var body = new Namespace
        {
            Metadata = new() { Name = "api", Labels = Map.Of(("team", "a")) },
        };
        var now = (Namespace)api.Update(body).EnsureSuccess().Object!;
        Assert.That(now.Spec.Finalizers, Is.EqualTo((Seq<string>)["kubernetes"]));
        Assert.That(now.Status.Phase, Is.EqualTo("Active"));
        Assert.That(now.Metadata.Labels.Count, Is.EqualTo(2));
    }

    [Test]
    public void Namespaces_are_not_deleted_by_the_dozen() => Assert.That(
        api.Ask(Verb.DeleteCollection, "/api/v1/namespaces").Code, Is.EqualTo(405));

    [Test]
    public void The_default_namespace_stays() =>
        Assert.That(api.Ask(Verb.Delete, "/api/v1/namespaces/default").Status!.Message, Is.EqualTo(
            "namespaces \"default\" is forbidden: this namespace may not be deleted"));

    [Test]
    public void Watchers_see_an_object_go_as_it_was_stored()
    {
        var held = api.Create(ApiFixture.Config("held", ("app", "web")));
        held = (ConfigMap)api.Update(held with
        {
            Metadata = held.Metadata with { Finalizers = ["example.com/hold"] },
        }).EnsureSuccess().Object!;
        api.Ask(Verb.Delete, "/api/v1/namespaces/api/configmaps/held").EnsureSuccess();
        using var watch = api.Ask(Verb.Watch, "/api/v1/namespaces/api/configmaps",
            query: new() { LabelSelector = "app=web", ResourceVersion = $"{api.Store.Head}" })
            .Watch!;
        api.Merge("/api/v1/namespaces/api/configmaps/held",
            """{"metadata":{"finalizers":null,"labels":null}}""").EnsureSuccess();
        Assert.That(watch.TryNext(out var gone), Is.True, "the update that freed it never was");
        Assert.That((gone.Type, gone.Object.Metadata.Finalizers.Count), Is.EqualTo(("DELETED", 1)));
    }

    [Test]
    public void A_namespace_whose_name_is_generated_has_its_label()
    {
        var made = api.Create(new Namespace { Metadata = new() { GenerateName = "team-" } });
        Assert.That(made.Metadata.Labels["kubernetes.io/metadata.name"],
            Is.EqualTo(made.Metadata.Name));
    }

    [Test]
    public void A_grace_beyond_all_time_is_a_long_one()
    {
        api.Create(ApiFixture.Pod("p", "node-1"));
        var gone = api.Ask(Verb.Delete, $"{Pods}/p", delete: new()
        {
            GracePeriodSeconds = long.MaxValue,
        }).EnsureSuccess().Object!;
        Assert.That(gone.Metadata.DeletionGracePeriodSeconds, Is.EqualTo(int.MaxValue));
    }
}
