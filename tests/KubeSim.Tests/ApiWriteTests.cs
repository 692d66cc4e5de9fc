using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiWriteTests
{
    private const string Configs = "/api/v1/namespaces/api/configmaps";
    private const string Web = "/apis/apps/v1/namespaces/api/deployments/web";

    private readonly ApiFixture api = new();

    [Test]
    public void A_new_object_gets_uid_time_and_the_revision_of_its_write()
    {
        var answer = api.TryCreate(ApiFixture.Config("c"));
        var meta = answer.Object!.Metadata;
        Assert.Multiple(() =>
        {
            Assert.That(answer.Code, Is.EqualTo(201));
            Assert.That(meta.Uid, Has.Length.EqualTo(36));
            Assert.That(meta.CreationTimestamp, Is.EqualTo((Time)api.Now));
            Assert.That(meta.ResourceVersion, Is.EqualTo(api.Store.Head));
            Assert.That(answer.Revision, Is.EqualTo(api.Store.Head));
            Assert.That(meta.Generation, Is.Null, "a ConfigMap has no desired state to count");
        });
    }

    [Test]
    public void A_generated_name_is_the_prefix_and_five_characters()
    {
        var value = ApiFixture.Config("") with
        {
            Metadata = new() { Namespace = "api", GenerateName = "web-" },
        };
        var names = Enumerable.Range(0, 50).Select(_ => api.Create(value).Metadata.Name).ToList();
        Assert.That(names, Is.Unique);
        Assert.That(names, Has.All.Match("^web-[bcdfghjklmnpqrstvwxz2456789]{5}$"));
    }

    [Test]
    public void Refused_requests_write_nothing_and_draw_nothing_from_the_seed()
    {
        var other = new ApiFixture();
        other.TryCreate(ApiFixture.Pod("Bad"));
        other.TryCreate(ApiFixture.Config("c") with { Metadata = new() { Namespace = "nope",
            Name = "c" } });
        other.TryCreate(new Namespace { Metadata = new() { Name = "api" } });
        other.Post("/api/v1/namespaces/api/services",
            """{"metadata":{"name":"s"},"spec":{"ports":[]}}""");
        other.Ask(Verb.Create, Configs, new Payload.Typed(ApiFixture.Config("dry")),
            new() { DryRun = "All" });
        Assert.That(other.Create(ApiFixture.Config("c")),
            Is.EqualTo(api.Create(ApiFixture.Config("c"))));
    }

    [Test]
    public void A_dry_run_shows_what_would_be_and_stores_nothing()
    {
        var head = api.Store.Head;
        var answer = api.Ask(Verb.Create, Configs, new Payload.Typed(ApiFixture.Config("dry")),
            new() { DryRun = "All" });
        Assert.That(answer.Code, Is.EqualTo(201));
        Assert.That(api.Store.Head, Is.EqualTo(head));
    }

    [Test]
    public void A_new_pod_is_pending_defaulted_and_admitted()
    {
        var pod = api.Create(ApiFixture.Pod("p"));
        var tolerations = pod.Spec.Tolerations.Select(
            t => $"{t.Key}:{t.Effect}:{t.TolerationSeconds}");
        Assert.Multiple(() =>
        {
            Assert.That(pod.Status, Is.EqualTo(new PodStatus { Phase = "Pending",
                QosClass = "BestEffort" }));
            Assert.That(pod.Metadata.Generation, Is.EqualTo(1));
            Assert.That(pod.Spec.ServiceAccountName, Is.EqualTo("default"));
            Assert.That(pod.Spec.ServiceAccount, Is.EqualTo("default"));
            Assert.That(pod.Spec.Priority, Is.Zero);
            Assert.That(pod.Spec.PreemptionPolicy, Is.EqualTo("PreemptLowerPriority"));
            Assert.That(pod.Spec.EnableServiceLinks, Is.True);
            Assert.That(pod.Spec.Containers[0].ImagePullPolicy, Is.EqualTo("Always"));
            Assert.That(tolerations, Is.EqualTo(new[]
            {
                "node.kubernetes.io/not-ready:NoExecute:300",
                "node.kubernetes.io/unreachable:NoExecute:300",
            }));
        });
    }

    [Test]
    public void Pods_of_one_template_share_one_spec()
    {
        var template = ApiFixture.Pod("a");
        var first = api.Create(template);
        var second = api.Create(template with { Metadata = template.Metadata with { Name = "b" } });
        Assert.That(second.Spec, Is.SameAs(first.Spec));
    }

    [Test]
    public void A_priority_class_gives_its_number_and_the_default_one_gives_it_to_all()
    {
        api.Create(new PriorityClass { Metadata = new() { Name = "high" }, Value = 1000 });
        var named = ApiFixture.Pod("a");
        var high = api.Create(named with { Spec = named.Spec with { PriorityClassName = "high" } });
        var none = api.Create(ApiFixture.Pod("b"));
        api.Create(new PriorityClass { Metadata = new() { Name = "usual" }, Value = 7,
            GlobalDefault = true });
        var usual = api.Create(ApiFixture.Pod("c"));
        Assert.That((high.Spec.Priority, none.Spec.Priority, usual.Spec.Priority,
            usual.Spec.PriorityClassName),
            Is.EqualTo(((int?)1000, (int?)0, (int?)7, "usual")));
    }

    [Test]
    public void The_generation_counts_changes_of_the_desired_state_only()
    {
        var web = api.Create(ApiFixture.Deployment("web"));
        var scaled = (Deployment)api.Update(
            web with { Spec = web.Spec with { Replicas = 3 } }).Object!;
        var status = (Deployment)api.Update(
            scaled with { Status = new() { Replicas = 3 } }, "status").Object!;
        var labels = status.Metadata with { Labels = Map.Of(("k", "v")) };
        var labelled = (Deployment)api.Update(status with { Metadata = labels }).Object!;
        Assert.That(new[] { web, scaled, status, labelled }.Select(d => d.Metadata.Generation),
            Is.EqualTo(new long?[] { 1, 2, 2, 2 }));
    }

    [Test]
    public void The_spec_ignores_a_status_and_the_status_ignores_a_spec()
    {
        var web = api.Create(ApiFixture.Deployment("web"));
        var both = web with
        {
            Spec = web.Spec with { Replicas = 5 },
            Status = new() { Replicas = 55 },
        };
        var main = (Deployment)api.Update(both).Object!;
        Assert.That((main.Spec.Replicas, main.Status.Replicas), Is.EqualTo(((int?)5, 0)));
        both = both with { Metadata = main.Metadata, Spec = both.Spec with { Replicas = 9 } };
        var status = (Deployment)api.Update(both, "status").Object!;
        Assert.That((status.Spec.Replicas, status.Status.Replicas), Is.EqualTo(((int?)5, 55)));
    }

    [Test]
    public void Replacing_with_the_same_writes_nothing_and_keeps_the_version()
    {
        var old = api.Create(ApiFixture.Config("c"));
        var answer = api.Update(ApiFixture.Config("c"));
        Assert.That((answer.Code, answer.Revision.Value), Is.EqualTo((200, 0)));
        Assert.That(answer.Object, Is.SameAs(old));
        Assert.That(api.Store.Head, Is.EqualTo(old.Metadata.ResourceVersion));
    }

    [Test]
    public void A_lease_must_say_which_version_it_replaces()
    {
        var lease = api.Create(new Lease { Metadata = new() { Name = "l", Namespace = "api" } });
        var meta = lease.Metadata with { ResourceVersion = default, Labels = Map.Of(("a", "b")) };
        Assert.That(api.Update(lease with { Metadata = meta }).Status!.Message, Is.EqualTo(
            "Lease.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: "
                + "0: "
            + "must be specified for an update"));
    }

    [Test]
    public void Patches_of_all_kinds_change_what_they_name()
    {
        api.Create(ApiFixture.Deployment("web"));
        api.Merge(Web, """{"metadata":{"labels":{"k":"v"}}}""").EnsureSuccess();
        api.Ask(Verb.Patch, Web, new Payload.Patch(PatchKind.StrategicMerge, JsonNode.Parse("""
            {"spec":{"template":{"spec":{"containers":[{"name":"b","image":"y:2"}]}}}}
            """)!)).EnsureSuccess();
        api.Ask(Verb.Patch, Web, new Payload.Patch(PatchKind.Json, JsonNode.Parse("""
            [{"op":"replace","path":"/spec/replicas","value":4}]
            """)!)).EnsureSuccess();
        var web = api.Get<Deployment>(Kinds.Deployment, "api", "web")!;
        Assert.Multiple(() =>
        {
            Assert.That(web.Metadata.Labels.Get("k"), Is.EqualTo("v"));
            Assert.That(web.Spec.Replicas, Is.EqualTo(4));
            Assert.That(web.Spec.Template.Spec.Containers.Select(c => c.Name),
                Is.EquivalentTo(new[] { "b", "c" }));
            Assert.That(web.Metadata.Generation, Is.EqualTo(3));
        });
    }

    [Test]
    public void An_account_that_a_role_is_bound_to_may_leave_its_namespace_out() => Assert.That(
        api.Post("/apis/rbac.authorization.k8s.io/v1/namespaces/api/rolebindings", """
            {"metadata":{"name":"r"},"roleRef":{"kind":"Role","name":"x"},
            "subjects":[{"kind":"ServiceAccount","name":"default"}]}
            """).Code, Is.EqualTo(201));

    [Test]
    public void A_status_that_comes_as_text_has_its_defaults()
    {
        api.Post("/api/v1/namespaces/api/persistentvolumeclaims", """
            {"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],
            "resources":{"requests":{"storage":"1Gi"}}}}
            """).EnsureSuccess();
        var claim = (PersistentVolumeClaim)api.Ask(Verb.Update,
            "/api/v1/namespaces/api/persistentvolumeclaims/c/status", new Payload.Json(
                JsonNode.Parse("""{"metadata":{"name":"c"}}""")!)).Object!;
        Assert.That(claim.Status.Phase, Is.EqualTo("Pending"));
        var team = api.Ask(Verb.Update, "/api/v1/namespaces/api/status", new Payload.Json(
            JsonNode.Parse("""{"metadata":{"name":"api"},"status":{}}""")!)).Object!;
        Assert.That(team.Metadata.Labels["kubernetes.io/metadata.name"], Is.EqualTo("api"));
    }

    [Test]
    public void A_scale_is_a_table_of_its_own()
    {
        api.Create(ApiFixture.Deployment("web"));
        var table = api.Server.Serve(new("GET", $"{Web}/scale")
        {
            Accept = "application/json;as=Table;v=v1;g=meta.k8s.io",
        }).Body!;
        Assert.That($"{table["rows"]![0]!["cells"]!.ToJsonString()}",
            Is.EqualTo("""["web",1,0,"0s"]"""));
    }

    [Test]
    public void A_scale_shows_and_sets_the_replicas()
    {
        api.Create(ApiFixture.Deployment("web"));
        var shown = (Scale)api.Ask(Verb.Get, $"{Web}/scale").Object!;
        Assert.That((shown.Spec.Replicas, shown.Status.Selector), Is.EqualTo(((int?)1, "app=web")));
        var set = (Scale)api.Merge($"{Web}/scale", """{"spec":{"replicas":7}}""").Object!;
        Assert.That(set.Spec.Replicas, Is.EqualTo(7));
        var update = api.Server.Handle(new(Verb.Update, ApiFixture.Path($"{Web}/scale"))
        {
            Body = new Payload.Typed(set with { Spec = new() { Replicas = 2 } }),
        });
        Assert.That(update.Code, Is.EqualTo(200));
        Assert.That(api.Get<Deployment>(Kinds.Deployment, "api", "web")!.Spec.Replicas,
            Is.EqualTo(2));
    }

    [Test]
    public void A_binding_puts_a_pod_on_a_node_once()
    {
        api.Create(ApiFixture.Pod("p"));
        var path = ApiFixture.Path("/api/v1/namespaces/api/pods/p/binding");
        var body = new Payload.Typed(new Binding { Target = new() { Kind = "Node",
            Name = "node-1" } });
        var first = api.Server.Handle(new(Verb.Create, path) { Body = body });
        var second = api.Server.Handle(new(Verb.Create, path) { Body = body });
        var pod = api.Get<Pod>(Kinds.Pod, "api", "p")!;
        Assert.Multiple(() =>
        {
            Assert.That(first.Code, Is.EqualTo(201));
            Assert.That(pod.Spec.NodeName, Is.EqualTo("node-1"));
            Assert.That(pod.Status.Conditions.Select(c => $"{c.Type}={c.Status}"),
                Is.EqualTo(new[] { "PodScheduled=True" }));
            Assert.That(pod.Metadata.Generation, Is.EqualTo(1));
            Assert.That(second.Status!.Message, Is.EqualTo("Operation cannot be fulfilled on pods "
                + "\"p\": "
                + "pod p is already assigned to node \"node-1\""));
        });
    }

    [Test]
    public void A_service_gets_an_address_and_ports_and_keeps_them()
    {
        const string path = "/api/v1/namespaces/api/services";
        var made = (Service)api.Post(path, """
            {"metadata":{"name":"s"},
            "spec":{"type":"NodePort","selector":{"app":"s"},"ports":[{"port":80}]}}
            """).EnsureSuccess().Object!;
        var kept = (Service)api.Merge($"{path}/s", """{"spec":{"selector":{"app":"t"}}}""").Object!;
        var again = (Service)api.Server.Handle(new(Verb.Update, ApiFixture.Path($"{path}/s"))
        {
            Body = new Payload.Json(JsonNode.Parse("""
                {"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80}]}}
                """)!),
        }).EnsureSuccess().Object!;
        Assert.Multiple(() =>
        {
            Assert.That(made.Spec.ClusterIP, Does.Match(@"^10\.96\.\d+\.\d+$"));
            Assert.That(made.Spec.Ports[0].NodePort, Is.InRange(30086, 32767));
            Assert.That(kept.Spec.ClusterIP, Is.EqualTo(made.Spec.ClusterIP));
            Assert.That(again.Spec.Ports, Is.EqualTo(made.Spec.Ports));
            Assert.That(again.Spec.ClusterIPs, Is.EqualTo(made.Spec.ClusterIPs));
        });
    }

    [Test]
    public void An_address_is_free_again_when_its_service_is_gone()
    {
        const string path = "/api/v1/namespaces/api/services";
        const string body = """
            {"metadata":{"name":"NAME"},"spec":{"clusterIP":"10.96.0.10","ports":[{"port":80}]}}
            """;
        api.Post(path, body.Replace("NAME", "a")).EnsureSuccess();
        Assert.That(api.Post(path, body.Replace("NAME", "b")).Status!.Message, Does.EndWith(
            "failed to allocate IP 10.96.0.10: provided IP is already allocated"));
        api.Ask(Verb.Delete, $"{path}/a").EnsureSuccess();
        Assert.That(api.Post(path, body.Replace("NAME", "b")).Code, Is.EqualTo(201));
    }

    [Test]
    public void A_job_selects_its_pods_by_its_own_uid()
    {
        var job = (Job)api.Post("/apis/batch/v1/namespaces/api/jobs", """
            {"metadata":{"name":"j"},"spec":{"parallelism":0,
            "template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}}}
            """).EnsureSuccess().Object!;
        var uid = job.Metadata.Uid;
        Assert.Multiple(() =>
        {
            Assert.That(job.Spec.Selector!.MatchLabels, Is.EqualTo(
                Map.Of(("batch.kubernetes.io/controller-uid", uid))));
            Assert.That(job.Spec.Template.Metadata.Labels.Get("job-name"), Is.EqualTo("j"));
            Assert.That(job.Metadata.Labels, Is.EqualTo(job.Spec.Template.Metadata.Labels));
            Assert.That(job.Spec.Completions, Is.Null);
            Assert.That(job.Spec.BackoffLimit, Is.EqualTo(6));
        });
    }

    [Test]
    public void A_stateful_set_may_mount_its_claims() => api.Post(
        "/apis/apps/v1/namespaces/api/statefulsets", """
        {"metadata":{"name":"s"},"spec":{"selector":{"matchLabels":{"a":"b"}},
        "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x",
        "volumeMounts":[{"name":"data","mountPath":"/data"}]}]}},
        "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],
        "resources":{"requests":{"storage":"1Gi"}}}}]}}
        """).EnsureSuccess();

    [Test]
    public void A_role_may_have_colons_in_its_name() => api.Post(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        """{"metadata":{"name":"system:node"},"rules":[]}""").EnsureSuccess();

    [Test]
    public void An_unknown_subresource_is_not_found_and_a_wrong_verb_not_allowed()
    {
        api.Create(ApiFixture.Pod("p"));
        Assert.That(api.Ask(Verb.Get, "/api/v1/namespaces/api/pods/p/bogus").Code, Is.EqualTo(404));
        Assert.That(api.Ask(Verb.Get, "/api/v1/namespaces/api/pods/p/binding").Code,
            Is.EqualTo(405));
        Assert.That(api.Ask(Verb.Update, "/api/v1/namespaces/api/pods").Code, Is.EqualTo(405));
    }

    [Test]
    public void An_authorizer_has_its_say_before_anything_is_read()
    {
        var server = new ApiServer(api.Store, KindRegistry.BuiltIn, new(0), () => api.Now)
        {
            Authorizer = new Nobody(),
        };
        Assert.That(server.Handle(new(Verb.List, new(Kinds.Pod, "", ""))).Code, Is.EqualTo(403));
    }

    private sealed class Nobody : IAuthorizer
    {
        public Decision Decide(in Access access) => new(false, "nobody may");

        public IEnumerable<PolicyRule> RulesOf(UserInfo user, string ns) => [];
    }
}
