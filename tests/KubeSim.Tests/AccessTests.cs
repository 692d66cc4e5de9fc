using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Who may do what: the messages are the real API server's.</summary>
public sealed class AccessTests
{
    private const string Jane = "pods is forbidden: User \"jane\" cannot list resource \"pods\" "
        + "in API group \"\" in the namespace \"default\"";

    private static Cluster Calm() => new(nodes: 1, latency: Latency.None);

    private static RoleBinding Binding(string role, string kind = nameof(ClusterRole)) => new()
    {
        Metadata = new() { Name = "to-jane", Namespace = "default" },
        Subjects = [new() { Kind = "User", Name = "jane" }],
        RoleRef = new() { Kind = kind, Name = role },
    };

    [Test]
    public void Nobody_may_do_what_no_rule_allows()
    {
        var cluster = Calm();
        var answer = cluster.As("jane").Handle(
            new(Verb.List, new(Kinds.Pod, "default", "")));
        Assert.Multiple(() =>
        {
            Assert.That(answer.Status!.Message, Is.EqualTo(Jane));
            Assert.That(answer.Code, Is.EqualTo(403));
            Assert.That(answer.Status.Reason, Is.EqualTo("Forbidden"));
            Assert.That(answer.Status.Details!.Kind, Is.EqualTo("pods"));
            Assert.That(cluster.As("jane").Kubectl("get nodes").Error, Is.EqualTo(
                "Error from server (Forbidden): nodes is forbidden: User \"jane\" cannot list "
                + "resource \"nodes\" in API group \"\" at the cluster scope\n"));
            Assert.That(cluster.As("jane").Kubectl("get deployment web").Error, Does.Contain(
                "deployments.apps \"web\" is forbidden: User \"jane\" cannot get resource "
                + "\"deployments\" in API group \"apps\" in the namespace \"default\""));
        });
    }

    [Test]
    public void A_RoleBinding_gives_a_ClusterRole_in_its_namespace_alone()
    {
        var cluster = Calm();
        cluster.Create(Binding("view"));
        var jane = cluster.As("jane");
        Assert.Multiple(() =>
        {
            Assert.That(jane.May("list", Kinds.Pod).Reason, Is.EqualTo("RBAC: allowed by "
                + "RoleBinding \"to-jane/default\" of ClusterRole \"view\" to User \"jane\""));
            Assert.That(jane.May("list", Kinds.Pod, "kube-system").Allowed, Is.False);
            Assert.That(jane.May("create", Kinds.Pod).Allowed, Is.False);
            Assert.That(jane.May("list", Kinds.Secret).Allowed, Is.False, "view shows no secrets");
        });
        cluster.Delete(Binding("view"));
        Assert.That(jane.May("list", Kinds.Pod).Allowed, Is.False, "nothing is remembered");
    }

    [Test]
    public void A_rule_may_name_objects_and_parts_of_objects()
    {
        var cluster = Calm();
        cluster.Create(new Role
        {
            Metadata = new() { Name = "one", Namespace = "default" },
            Rules =
            [
                new()
                {
                    Verbs = ["get"], ApiGroups = [""], Resources = ["configmaps"],
                    ResourceNames = ["mine"],
                },
                new() { Verbs = ["get"], ApiGroups = [""], Resources = ["pods/log"] },
                new() { Verbs = ["update"], ApiGroups = ["*"], Resources = ["*/scale"] },
            ],
        });
        cluster.Create(Binding("one", nameof(Role)));
        var jane = cluster.As("jane");
        bool May(string verb, Kind kind, string name, string sub = "") => cluster.Api.Explain(
            new ApiRequest(verb == "get" ? Verb.Get : Verb.Update,
                new(kind, "default", name, sub)) { User = jane.User }).Answer.Code != 403;
        Assert.Multiple(() =>
        {
            Assert.That(May("get", Kinds.ConfigMap, "mine"), Is.True);
            Assert.That(May("get", Kinds.ConfigMap, "other"), Is.False);
            Assert.That(jane.May("list", Kinds.ConfigMap).Allowed, Is.False);
            Assert.That(May("get", Kinds.Pod, "p", "log"), Is.True);
            Assert.That(May("get", Kinds.Pod, "p"), Is.False);
            Assert.That(May("update", Kinds.Deployment, "d", "scale"), Is.True);
            Assert.That(May("update", Kinds.Deployment, "d"), Is.False);
        });
    }

    [Test]
    public void Nobody_may_grant_what_they_do_not_have()
    {
        var cluster = Calm();
        cluster.Create(Binding("admin"));
        var jane = cluster.As("jane");
        var granted = Assert.Throws<ApiException>(() => jane.Create(Binding("cluster-admin") with
        {
            Metadata = new() { Name = "more" },
        }))!;
        Assert.That(granted.Message, Is.EqualTo("rolebindings.rbac.authorization.k8s.io \"more\" "
            + "is forbidden: user \"jane\" (groups=[\"system:authenticated\"]) is attempting to "
            + "grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n"
            + "{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}"));
        jane.Create(Binding("view") with { Metadata = new() { Name = "less" } });
        var raised = Assert.Throws<ApiException>(() => jane.Create(new Role
        {
            Metadata = new() { Name = "raised" },
            Rules = [new() { Verbs = ["get", "list"], ApiGroups = [""], Resources = ["nodes"] }],
        }))!;
        Assert.That(raised.Message, Does.EndWith(
            "held:\n{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\"]}"));
    }

    [Test]
    public void A_token_makes_its_bearer_the_account_until_the_account_is_gone()
    {
        var cluster = Calm();
        cluster.Create(new ServiceAccount { Metadata = new() { Name = "robot" } });
        var token = cluster.Api.Token("default", "robot", TimeSpan.FromMinutes(10));
        ApiResponse Ask(string? bearer) => cluster.Handle(
            new(Verb.List, new(Kinds.Pod, "default", "")) { Token = bearer });
        Assert.Multiple(() =>
        {
            Assert.That(Ask(token).Status!.Message, Does.StartWith("pods is forbidden: User "
                + "\"system:serviceaccount:default:robot\" cannot list"));
            Assert.That(Ask(token + "0").Code, Is.EqualTo(401));
            Assert.That(Ask("nonsense").Status!.Message, Is.EqualTo("Unauthorized"));
        });
        cluster.Run(TimeSpan.FromMinutes(11));
        Assert.That(Ask(token).Code, Is.EqualTo(401), "its time is over");
        token = cluster.Api.Token("default", "robot");
        cluster.Delete(new ObjectKey(Kinds.ServiceAccount, "default", "robot"));
        Assert.That(Ask(token).Code, Is.EqualTo(401), "the account is gone");
    }

    [Test]
    public void An_administrator_may_act_as_anybody_and_jane_may_not()
    {
        var cluster = Calm();
        Assert.Multiple(() =>
        {
            Assert.That(cluster.Kubectl("get pods --as jane").Error,
                Is.EqualTo($"Error from server (Forbidden): {Jane}\n"));
            Assert.That(cluster.Kubectl("auth can-i list pods --as jane"),
                Is.EqualTo(new KubectlResult(1, "no\n", "")));
            Assert.That(cluster.Kubectl("auth can-i list pods").Out, Is.EqualTo("yes\n"));
            Assert.That(cluster.Kubectl("--as jane --as-group system:masters get pods").Error,
                Is.EqualTo("No resources found in default namespace.\n"));
            Assert.That(cluster.As("jane").Kubectl("get pods --as bob").Error, Is.EqualTo(
                "Error from server (Forbidden): users \"bob\" is forbidden: User \"jane\" cannot "
                + "impersonate resource \"users\" in API group \"\" at the cluster scope\n"));
            Assert.That(cluster.Kubectl("auth whoami --as jane --as-group dev").Out, Is.EqualTo(
                "ATTRIBUTE   VALUE\nUsername    jane\nGroups      [dev system:authenticated]\n"));
        });
    }

    [Test]
    public void A_saved_journal_keeps_who_asked()
    {
        var cluster = Calm();
        cluster.Create(Binding("edit"));
        cluster.As("jane").Create(new ConfigMap { Metadata = new() { Name = "hers" } });
        var lines = JournalText.Read(cluster.SaveJournal(), "j", KindRegistry.BuiltIn).Lines;
        Assert.That(lines.Select(l => ((RequestInput)l.Input!).Request.User.Name),
            Is.EqualTo(new[] { "kubernetes-admin", "jane" }));
    }

    [Test]
    public void The_roles_of_a_fresh_cluster_are_shown_when_asked_for()
    {
        var cluster = Calm();
        Assert.Multiple(() =>
        {
            Assert.That(cluster.Kubectl("get clusterroles").Out, Does.StartWith(
                "NAME").And.Contain("\ncluster-admin ").And.Contain("\nsystem:node "));
            Assert.That(cluster.Everything().Any(o => o is RoleObject or BindingObject), Is.False);
            Assert.That(cluster.Get<ClusterRole>("admin").Rules,
                Has.Count.GreaterThan(cluster.Get<ClusterRole>("view").Rules.Count));
        });
    }

    [Test]
    public void A_role_with_the_right_label_is_collected()
    {
        var cluster = Calm();
        cluster.Create(new ClusterRole
        {
            Metadata = new()
            {
                Name = "crontabs",
                Labels = Map.Of(("rbac.authorization.k8s.io/aggregate-to-view", "true")),
            },
            Rules = [new() { Verbs = ["get"], ApiGroups = ["x.io"], Resources = ["crontabs"] }],
        });
        cluster.Converge();
        foreach (var role in (string[])["view", "edit", "admin"])
        {
            Assert.That(cluster.Get<ClusterRole>(role).Rules
                .Any(r => r.Resources.Contains("crontabs")), Is.True, role);
        }
        Assert.That(cluster.Get<ClusterRole>("cluster-admin").Rules, Has.Count.EqualTo(2));
    }

    private static readonly Deployment Web = (Deployment)Manifest.Read("""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: default}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: nginx}]}
        """, "web", KindRegistry.BuiltIn)[0].Object!;

    [Test]
    public void Every_built_in_component_is_allowed_what_it_does()
    {
        var cluster = new Cluster(nodes: 2);
        var refused = new List<string>();
        cluster.Stepped = step => refused.AddRange(step.Changes
            .Where(c => c.Refused is { Code: 403 or 401 }).Select(c => c.Refused!.Message!));
        cluster.Create(Web);
        cluster.Create(new Namespace { Metadata = new() { Name = "passing" } });
        cluster.Converge();
        cluster.Patch<Deployment>("default", "web", "{\"spec\":{\"replicas\":3}}");
        cluster.Kubectl("set image deployment/web c=nginx:2");
        cluster.Kubectl("expose deployment web --port 80 --type LoadBalancer");
        cluster.Delete(new ObjectKey(Kinds.Namespace, "", "passing"));
        cluster.Converge();
        cluster.Faults.Crash("node-2");
        cluster.Run(TimeSpan.FromMinutes(7));
        cluster.Kubectl("delete deployment web");
        cluster.Kubectl("delete service web");
        cluster.Converge();
        Assert.Multiple(() =>
        {
            Assert.That(refused, Is.Empty);
            Assert.That(cluster.List<ReplicaSet>(), Is.Empty);
        });
    }

    [TestCase(nameof(ClusterRole), ": RBAC: clusterrole.rbac.authorization.k8s.io "
        + "\"system:controller:replicaset-controller\" not found")]
    [TestCase(nameof(ClusterRoleBinding), "")]
    public void A_controller_without_its_role_is_refused(string kind, string why)
    {
        const string Role = "system:controller:replicaset-controller";
        var cluster = Calm();
        cluster.Delete(new ObjectKey(kind == nameof(ClusterRole) ? Kinds.ClusterRole
            : Kinds.ClusterRoleBinding, "", Role));
        var refused = new List<string>();
        cluster.Stepped = step => refused.AddRange(step.Changes
            .Where(c => c.Refused is not null).Select(c => c.Refused!.Message!));
        cluster.Create(Web);
        cluster.Run(TimeSpan.FromSeconds(2));
        Assert.Multiple(() =>
        {
            Assert.That(cluster.List<Pod>(), Is.Empty);
            Assert.That(refused, Does.Contain("pods is forbidden: User "
                + "\"system:serviceaccount:kube-system:replicaset-controller\" cannot create "
                + "resource \"pods\" in API group \"\" in the namespace \"default\"" + why));
            Assert.That(cluster.List<Event>().Select(e => e.Reason),
                Does.Contain("ScalingReplicaSet").And.Not.Contains("FailedCreate"),
                "nor may it report that it failed");
        });
    }

    [Test]
    public void A_kubelet_reaches_only_what_its_pods_use()
    {
        var cluster = new Cluster(nodes: 2, latency: Latency.None);
        foreach (var name in (string[])["used", "other"])
        {
            cluster.Create(new Secret { Metadata = new() { Name = name } });
        }
        cluster.Create(new Pod
        {
            Metadata = new() { Name = "p" },
            Spec = new()
            {
                NodeName = "node-1", Containers = [new() { Name = "c", Image = "nginx" }],
                Volumes = [new() { Name = "v", Secret = new() { SecretName = "used" } }],
            },
        });
        var node = cluster.As("system:node:node-1", "system:nodes");
        var neighbour = cluster.As("system:node:node-2", "system:nodes");
        string? Refused(Cluster.ClusterUser user, ApiRequest request) =>
            user.Handle(request).Status?.Message;
        var pod = cluster.Get<Pod>("p");
        Assert.Multiple(() =>
        {
            Assert.That(node.Get<Secret>("default", "used").Metadata.Name, Is.EqualTo("used"));
            Assert.That(Refused(node, new(Verb.Get, new(Kinds.Secret, "default", "other"))),
                Is.EqualTo("secrets \"other\" is forbidden: User \"system:node:node-1\" cannot get "
                    + "resource \"secrets\" in API group \"\" in the namespace \"default\": no "
                    + "relationship found between node 'node-1' and this object"));
            Assert.That(Refused(neighbour, new(Verb.Delete, new(Kinds.Pod, "default", "p"))),
                Is.EqualTo("pods \"p\" is forbidden: node \"node-2\" can only delete pods with "
                    + "spec.nodeName set to itself"));
            Assert.That(Refused(neighbour, new(Verb.Update, new(Kinds.Pod, "default", "p",
                "status")) { Body = new Payload.Typed(pod) }), Does.EndWith("node \"node-2\" can "
                + "only update pod status for pods with spec.nodeName set to itself"));
            Assert.That(Refused(node, new(Verb.Update, new(Kinds.Node, "", "node-2"))
            {
                Body = new Payload.Typed(cluster.Get<Node>("node-2") with { Status = new() }),
            }), Does.EndWith("node \"node-1\" is not allowed to modify node \"node-2\""));
        });
    }
}
