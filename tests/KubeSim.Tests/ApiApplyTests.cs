using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Server-side apply: who owns which field.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiApplyTests
{
    private const string Web = "/apis/apps/v1/namespaces/api/deployments/web";
    private const string Config = "/api/v1/namespaces/api/configmaps/c";

    private readonly ApiFixture api = new();

    private ApiResponse Apply(string path, string who, string body, bool force = false) =>
        api.Ask(Verb.Patch, path, new Payload.Patch(PatchKind.Apply, JsonNode.Parse(body)!),
            new() { FieldManager = who, Force = force });

    private static string Deployment(string spec = "", string container = "") => """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
        "labels":{"app":"web"}},"spec":{SPEC"selector":{"matchLabels":{"app":"web"}},"template":{
        "metadata":{"labels":{"app":"web"}},
        "spec":{"containers":[{"name":"c","image":"nginx:1"MORE}]}}}}
        """.Replace("SPEC", spec).Replace("MORE", container);

    private string Managers(string path) => string.Join('\n', api.Ask(Verb.Get, path).Object!
        .Metadata.Kept!["managedFields"].EnumerateArray().Select(m => string.Join(' ',
            m.GetProperty("manager"), m.GetProperty("operation"), m.GetProperty("fieldsV1"))));

    [Test]
    public void Who_applies_owns_what_is_written_and_nothing_else()
    {
        var answer = Apply(Web, "ci", Deployment("\"replicas\":3,"));
        Assert.That(answer.Code, Is.EqualTo(201));
        Assert.That(Managers(Web), Is.EqualTo("ci Apply " + """
            {"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},
            "f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{
            "k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}}}}}}
            """.Replace("\n", "").Replace("\\\"", "\\u0022")));
    }

    [Test]
    public void The_field_of_another_is_a_conflict_until_it_is_forced()
    {
        Apply(Web, "ci", Deployment("\"replicas\":3,")).EnsureSuccess();
        var refusal = Apply(Web, "me", Deployment("\"replicas\":5,")).Status!;
        Assert.That((refusal.Code, refusal.Reason, refusal.Message), Is.EqualTo((409, "Conflict",
            "Apply failed with 1 conflict: conflict with \"ci\": .spec.replicas")));
        Assert.That(refusal.Details!.Causes, Is.EqualTo((Seq<StatusCause>)[new()
        {
            Reason = "FieldManagerConflict", Message = "conflict with \"ci\"",
            Field = ".spec.replicas",
        }]));
        Apply(Web, "me", Deployment("\"replicas\":5,"), force: true).EnsureSuccess();
        Assert.That(Apply(Web, "ci", Deployment("\"replicas\":3,")).Status!.Message,
            Does.EndWith("conflict with \"me\": .spec.replicas"));
        Assert.That(Apply(Web, "ci", Deployment("\"replicas\":5,")).Code, Is.EqualTo(200),
            "to agree is no conflict");
    }

    [Test]
    public void Several_conflicts_are_told_by_manager()
    {
        Apply(Web, "ci", Deployment("\"replicas\":3,")).EnsureSuccess();
        var other = Deployment("\"replicas\":5,").Replace("nginx:1", "nginx:2");
        Assert.That(Apply(Web, "me", other).Status!.Message, Is.EqualTo(
            "Apply failed with 2 conflicts: conflicts with \"ci\":\n- .spec.replicas\n"
            + "- .spec.template.spec.containers[name=\"c\"].image"));
    }

    [Test]
    public void A_plain_write_takes_what_it_changes()
    {
        Apply(Web, "ci", Deployment("\"replicas\":3,")).EnsureSuccess();
        api.Merge($"{Web}/scale", """{"spec":{"replicas":9}}""").EnsureSuccess();
        Assert.That(Managers(Web), Does.EndWith(
            "\nkubenotebooks Update {\"f:spec\":{\"f:replicas\":{}}}"));
        Assert.That(Apply(Web, "ci", Deployment("\"replicas\":3,")).Status!.Message, Is.EqualTo(
            "Apply failed with 1 conflict: conflict with \"kubenotebooks\" with subresource "
            + "\"scale\" using apps/v1: .spec.replicas"));
        Apply(Web, "ci", Deployment()).EnsureSuccess();
        Assert.That(api.Get<Deployment>(Kinds.Deployment, "api", "web")!.Spec.Replicas,
            Is.EqualTo(9), "who gives a field up leaves it to its other owner");
    }

    [Test]
    public void What_was_given_up_and_nobody_owns_goes()
    {
        const string Probe = ",\"livenessProbe\":{\"httpGet\":{\"port\":80}},"
            + "\"env\":[{\"name\":\"A\",\"value\":\"1\"}]";
        Apply(Web, "ci", Deployment(container: Probe)).EnsureSuccess();
        var web = (Deployment)Apply(Web, "ci", Deployment()).EnsureSuccess().Object!;
        var container = web.Spec.Template.Spec.Containers[0];
        Assert.That(container.LivenessProbe, Is.Null);
        Assert.That(container.Env, Is.Empty);
        Assert.That(container.TerminationMessagePath, Is.Not.Null, "a default was nobody's");
    }

    [Test]
    public void Two_share_a_list_item_by_item()
    {
        Apply(Web, "ci", Deployment()).EnsureSuccess();
        Apply(Web, "mesh", """
            {"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[
            {"name":"proxy","image":"envoy","ports":[{"containerPort":15001}]}]}}}}
            """).EnsureSuccess();
        Apply(Web, "ci", Deployment("\"replicas\":2,")).EnsureSuccess();
        var web = api.Get<Deployment>(Kinds.Deployment, "api", "web")!;
        Assert.That(web.Spec.Template.Spec.Containers.Select(c => c.Name),
            Is.EquivalentTo(new[] { "c", "proxy" }));
        Assert.That(Managers(Web), Does.Contain("containerPort\\u0022:15001,\\u0022protocol"
            + "\\u0022:\\u0022TCP\\u0022}"));
    }

    [Test]
    public void Before_the_first_apply_all_belongs_to_the_past()
    {
        api.Create(ApiFixture.Config("c"));
        Assert.That(Apply(Config, "me", """{"data":{"a":"2"}}""").Status!.Message, Is.EqualTo(
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: "
            + ".data.a"));
        Assert.That(api.Ask(Verb.Get, Config).Object!.Metadata.Kept, Is.Null);
        Apply(Config, "me", """{"data":{"b":"2"}}""").EnsureSuccess();
        Assert.That(Managers(Config), Is.EqualTo("me Apply {\"f:data\":{\"f:b\":{}}}\n"
            + "before-first-apply Update {\"f:data\":{\"f:a\":{}}}"));
    }

    [Test]
    public void To_apply_the_same_again_writes_nothing()
    {
        var first = Apply(Web, "ci", Deployment()).EnsureSuccess().Object!;
        api.Now += TimeSpan.FromMinutes(1);
        Assert.That(Apply(Web, "ci", Deployment()).Object, Is.SameAs(api.Store.Get(first.Key)));
        Assert.That(api.Store.Head, Is.EqualTo(first.Metadata.ResourceVersion));
    }

    [Test]
    public void The_status_has_owners_of_its_own()
    {
        var web = (Deployment)Apply(Web, "ci", Deployment()).EnsureSuccess().Object!;
        api.Update(web with { Status = web.Status with { Replicas = 1 } }, "status")
            .EnsureSuccess();
        Apply(Web, "ci", Deployment("\"replicas\":2,")).EnsureSuccess();
        Assert.That(Managers(Web).Split('\n')[1],
            Is.EqualTo("kubenotebooks Update {\"f:status\":{\"f:replicas\":{}}}"));
        Assert.That(api.Get<Deployment>(Kinds.Deployment, "api", "web")!.Status.Replicas,
            Is.EqualTo(1));
    }

    [TestCase("""{"spec":{"replcas":1}}""", 500, "failed to create typed patch object (api/web; "
        + "apps/v1, Kind=Deployment): .spec.replcas: field not declared in schema")]
    [TestCase("""{"metadata":{"managedFields":[]}}""", 400, "metadata.managedFields must be nil")]
    [TestCase("""{"apiVersion":"v1"}""", 400, "Incorrect version specified in apply patch. "
        + "Specified patch version: v1, expected: apps/v1")]
    public void What_cannot_be_applied_is_refused(string body, int code, string message)
    {
        var answer = Apply(Web, "ci", body);
        Assert.That((answer.Code, answer.Status!.Message), Is.EqualTo((code, message)));
    }

    [Test]
    public void Somebody_has_to_own_it() => Assert.That(
        api.Ask(Verb.Patch, Config, new Payload.Patch(PatchKind.Apply, new JsonObject())).Status!
            .Message, Is.EqualTo("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required "
            + "value: is required for apply patch"));

    [Test]
    public void Kubectl_tells_the_ways_out_of_a_conflict()
    {
        var cluster = new Cluster(nodes: 0);
        var manifest = Deployment("\"replicas\":3,");
        cluster.Apply(manifest);
        var answer = cluster.Kubectl("apply --server-side -f -", Deployment("\"replicas\":4,"));
        Assert.That(answer.ExitCode, Is.EqualTo(1));
        Assert.That(answer.Error, Does.StartWith("error: Apply failed with 1 conflict: conflict "
            + "with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas\nPlease review"));
        Assert.That(cluster.Kubectl("apply --server-side --force-conflicts -f -",
            Deployment("\"replicas\":4,")).Out,
            Is.EqualTo("deployment.apps/web serverside-applied\n"));
        Assert.That(cluster.Kubectl("get deploy web -o yaml").Out, Does.Not.Contain("managedF"));
        Assert.That(cluster.Kubectl("get deploy web -o yaml --show-managed-fields").Out,
            Does.Contain("manager: kubectl-client-side-apply"));
    }

    [Test]
    public void A_saved_journal_tells_who_applied_what()
    {
        var cluster = new Cluster(nodes: 0);
        cluster.Kubectl("apply --server-side -f -", Deployment("\"replicas\":3,"));
        cluster.Kubectl("scale deployment web --replicas=5");
        cluster.Kubectl("apply --server-side --field-manager=ci --force-conflicts -f -",
            Deployment("\"replicas\":4,"));
        cluster.Kubectl("label deployment web tier=front");
        var copy = new Cluster(nodes: 0);
        var saved = JournalText.Read(cluster.SaveJournal(), "j", KindRegistry.BuiltIn);
        foreach (var line in saved.Lines)
        {
            copy.Play(line);
        }
        var web = cluster.Kubectl("get deployment web -o yaml --show-managed-fields").Out;
        Assert.That(web, Does.Contain("manager: ci").And.Contain("manager: kubectl-label"));
        Assert.That(copy.Kubectl("get deployment web -o yaml --show-managed-fields").Out,
            Is.EqualTo(web), cluster.SaveJournal());
    }
}
