using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What admission makes of objects, and what it refuses.</summary>
public sealed class AdmissionTests
{
    private static Pod Pod(string name, string? cpu = null, string? limit = null) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new()
        {
            Containers =
            [
                new()
                {
                    Name = "c", Image = "nginx", Resources = new()
                    {
                        Requests = cpu is null ? default : Map.Of(("cpu", Quantity.Parse(cpu))),
                        Limits = limit is null ? default : Map.Of(("cpu", Quantity.Parse(limit))),
                    },
                },
            ],
        },
    };

    private static Map<Quantity> Cpu(string amount) => Map.Of(("cpu", Quantity.Parse(amount)));

    private static Cluster Limited(LimitRangeItem item)
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.Create(new LimitRange
        {
            Metadata = new() { Name = "lr" }, Spec = new() { Limits = [item] },
        });
        return cluster;
    }

    private static Cluster Quoted(ResourceQuotaSpec spec)
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.Create(new ResourceQuota { Metadata = new() { Name = "q" }, Spec = spec });
        cluster.Converge();
        return cluster;
    }

    private static string? Refusal(Cluster cluster, ApiObject o) =>
        cluster.As("a", "system:masters").Handle(new(Verb.Create, new(o.Kind, "default", ""))
        {
            Body = new Payload.Typed(o),
        }).Status?.Message;

    private const string Token = "/var/run/secrets/kubernetes.io/serviceaccount";

    [Test]
    public void Every_container_gets_a_token_unless_it_has_something_there()
    {
        var pod = Pod("p");
        var own = new VolumeMount { Name = "own", MountPath = Token };
        var (main, busy) = (pod.Spec.Containers[0], new Container { Name = "b", Image = "x" });
        pod = new Cluster(nodes: 1, latency: Latency.None).Create(pod with
        {
            Spec = new()
            {
                InitContainers = [main with { Name = "i" }],
                Containers = [main, busy with { VolumeMounts = [own] }],
                Volumes = [new() { Name = "own", EmptyDir = new() }],
            },
        });
        var volume = pod.Spec.Volumes[1];
        var mount = new VolumeMount { Name = volume.Name, ReadOnly = true, MountPath = Token };
        Assert.That(volume.Name, Does.Match("^kube-api-access-[b-z2-9]{5}$"));
        Assert.That(volume.Projected!.Sources.Sum(s => s.ServiceAccountToken?.ExpirationSeconds),
            Is.EqualTo(3607));
        Assert.That(pod.Spec.InitContainers[0].VolumeMounts, Is.EqualTo((Seq<VolumeMount>)[mount]));
        Assert.That(pod.Spec.Containers.SelectMany(c => c.VolumeMounts),
            Is.EqualTo(new[] { mount, own }));
    }

    [TestCase(null, null, true)]
    [TestCase(false, null, false)]
    [TestCase(false, true, true)]
    [TestCase(true, false, false)]
    public void A_pods_word_on_its_token_beats_the_accounts(
        bool? account, bool? own, bool expected)
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.Create(new ServiceAccount
        {
            Metadata = new() { Name = "a" },
            AutomountServiceAccountToken = account, ImagePullSecrets = [new() { Name = "s" }],
        });
        var pod = Pod("p");
        pod = cluster.Create(pod with
        {
            Spec = pod.Spec with
            {
                ServiceAccountName = "a", AutomountServiceAccountToken = own,
            },
        });
        Assert.That(pod.Spec.Volumes.IsEmpty, Is.Not.EqualTo(expected));
        Assert.That(pod.Spec.ImagePullSecrets.Single().Name, Is.EqualTo("s"));
    }

    [Test]
    public void Pods_of_one_template_share_their_spec_with_its_token()
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        var (one, two) = (Pod("one"), Pod("two"));
        Assert.That(cluster.Create(two with { Spec = one.Spec }).Spec,
            Is.SameAs(cluster.Create(one).Spec));
    }

    [Test]
    public void A_container_that_says_nothing_gets_the_defaults_of_its_namespace()
    {
        var cluster = Limited(new()
        {
            Type = "Container", Default = Cpu("200m"), DefaultRequest = Cpu("100m"),
        });
        var (silent, half) = (cluster.Create(Pod("silent")), cluster.Create(Pod("half", null,
            "500m")));
        Assert.Multiple(() =>
        {
            Assert.That(silent.Spec.Containers[0].Resources.Requests, Is.EqualTo(Cpu("100m")));
            Assert.That(silent.Spec.Containers[0].Resources.Limits, Is.EqualTo(Cpu("200m")));
            Assert.That(silent.Metadata.Annotations["kubernetes.io/limit-ranger"], Is.EqualTo(
                "LimitRanger plugin set: cpu request for container c; cpu limit for container c"));
            Assert.That(half.Spec.Containers[0].Resources.Requests, Is.EqualTo(Cpu("500m")),
                "the request of a limit is the limit");
        });
    }

    [TestCase("10m", "500m", "minimum cpu usage per Container is 50m, but request is 10m")]
    [TestCase("500m", "2", "maximum cpu usage per Container is 1, but limit is 2")]
    [TestCase("100m", "500m",
        "cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000")]
    [TestCase("250m", "1", null)]
    public void What_lies_outside_the_bounds_is_refused(string cpu, string limit, string? why)
    {
        var cluster = Limited(new()
        {
            Type = "Container", Min = Cpu("50m"), Max = Cpu("1"), MaxLimitRequestRatio = Cpu("4"),
            Default = Cpu("200m"), DefaultRequest = Cpu("100m"),
        });
        var message = Refusal(cluster, Pod("p", cpu, limit));
        if (why is null)
        {
            Assert.That(message, Is.Null);
            return;
        }
        Assert.That(message, Does.StartWith("pods \"p\" is forbidden: ").And.Contain(why));
    }

    [Test]
    public void A_quota_refuses_what_would_exceed_it_and_counts_what_it_lets_in()
    {
        var cluster = Quoted(new()
        {
            Hard = Map.Of(("requests.cpu", Quantity.Parse("1")), ("pods", Quantity.Parse("2"))),
        });
        Assert.That(Refusal(cluster, Pod("a")), Is.EqualTo(
            "pods \"a\" is forbidden: failed quota: q: must specify requests.cpu for: c"));
        Assert.That(Refusal(cluster, Pod("a", "2")), Is.EqualTo("pods \"a\" is forbidden: exceeded "
            + "quota: q, requested: requests.cpu=2, used: requests.cpu=0, limited: "
            + "requests.cpu=1"));
        cluster.Create(Pod("a", "300m"));
        Assert.That(Refusal(cluster, Pod("b", "800m")), Is.EqualTo("pods \"b\" is forbidden: "
            + "exceeded quota: q, requested: requests.cpu=800m, used: requests.cpu=300m, limited: "
            + "requests.cpu=1"));
        cluster.Create(Pod("b", "100m"));
        Assert.That(Refusal(cluster, Pod("c", "100m")), Is.EqualTo("pods \"c\" is forbidden: "
            + "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"));
        Assert.That(cluster.Get<ResourceQuota>("q").Status.Used["requests.cpu"],
            Is.EqualTo(Quantity.Parse("400m")));
        cluster.Delete(cluster.Get<Pod>("a"));
        cluster.Converge();
        Assert.That(cluster.Get<ResourceQuota>("q").Status.Used["pods"],
            Is.EqualTo(Quantity.Parse("1")), "the controller gives back what is gone");
        Assert.That(Refusal(cluster, Pod("c", "100m")), Is.Null);
    }

    [Test]
    public void A_quota_counts_from_its_first_moment()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Create(Pod("a"));
        cluster.Create(new ResourceQuota
        {
            Metadata = new() { Name = "q" },
            Spec = new() { Hard = Map.Of(("pods", Quantity.Parse("2"))) },
        });
        Assert.That(Refusal(cluster, Pod("b")), Is.Null);
        Assert.That(Refusal(cluster, Pod("c")), Does.EndWith("used: pods=2, limited: pods=2"));
        cluster.Converge();
        Assert.That(cluster.Get<ResourceQuota>("q").Status.Used["pods"].Value, Is.EqualTo(2));
    }

    [TestCase("BestEffort", null, true)]
    [TestCase("BestEffort", "100m", false)]
    [TestCase("NotBestEffort", "100m", true)]
    [TestCase("Terminating", null, false)]
    [TestCase("NotTerminating", null, true)]
    public void A_scope_picks_the_pods_that_count(string scope, string? cpu, bool counts)
    {
        var cluster = Quoted(new()
        {
            Hard = Map.Of(("pods", Quantity.Parse("5"))), Scopes = [scope],
        });
        cluster.Create(Pod("p", cpu));
        Assert.That(cluster.Get<ResourceQuota>("q").Status.Used["pods"].Value,
            Is.EqualTo(counts ? 1 : 0));
    }

    [Test]
    public void Any_kind_can_be_counted()
    {
        var cluster = Quoted(new()
        {
            Hard = Map.Of(("count/configmaps", Quantity.Parse("2")),
                ("services.loadbalancers", Quantity.Parse("0"))),
        });
        Assert.That(cluster.Get<ResourceQuota>("q").Status.Used["count/configmaps"].Value,
            Is.EqualTo(1), "kube-root-ca.crt");
        cluster.Create(new ConfigMap { Metadata = new() { Name = "one" } });
        Assert.That(Refusal(cluster, new ConfigMap { Metadata = new() { Name = "two" } }),
            Is.EqualTo("configmaps \"two\" is forbidden: exceeded quota: q, requested: "
                + "count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=2"));
        Assert.That(Refusal(cluster, new Service
        {
            Metadata = new() { Name = "s" },
            Spec = new() { Type = "LoadBalancer", Ports = [new() { Port = 80 }] },
        }), Does.Contain("exceeded quota: q, requested: services.loadbalancers=1"));
    }

    [Test]
    public void A_ReplicaSet_under_a_quota_tells_why_its_pods_are_missing()
    {
        var cluster = Quoted(new() { Hard = Map.Of(("pods", Quantity.Parse("1"))) });
        cluster.Apply(Given.Web);
        cluster.Run(TimeSpan.FromSeconds(5));
        var condition = cluster.Get<Deployment>("web").Status.Conditions
            .First(c => c.Type == "ReplicaFailure");
        Assert.Multiple(() =>
        {
            Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(1));
            Assert.That(condition.Reason, Is.EqualTo("FailedCreate"));
            Assert.That(condition.Message, Does.Match("^pods \"web-[a-z0-9]+-[a-z0-9]{5}\" is "
                + "forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: "
                + "pods=1$"));
        });
    }

    [Test]
    public void A_claim_without_a_class_gets_the_default_one()
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.Create(new StorageClass
        {
            Metadata = new()
            {
                Name = "fast",
                Annotations = Map.Of(("storageclass.kubernetes.io/is-default-class", "true")),
            },
            Provisioner = "x.io/disk",
        });
        var claim = new PersistentVolumeClaim
        {
            Metadata = new() { Name = "c" },
            Spec = new()
            {
                AccessModes = ["ReadWriteOnce"],
                Resources = new() { Requests = Map.Of(("storage", Quantity.Parse("1Gi"))) },
            },
        };
        Assert.That(cluster.Create(claim).Spec.StorageClassName, Is.EqualTo("fast"));
    }

    [Test]
    public void Webhooks_change_and_refuse_and_a_fork_has_them_too()
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.Api.Add(new("a.example.com", () => review => WebhookAnswer.Change(
            review.Object! with
            {
                Metadata = review.Object.Metadata with
                {
                    Labels = review.Object.Metadata.Labels.Set("seen", "yes"),
                },
            })) { Mutating = true, Resources = ["pods"] });
        cluster.Api.Add(new("b.example.com", () => review =>
            review.Object!.Metadata.Name == "bad" ? WebhookAnswer.Deny("no bad pods")
                : WebhookAnswer.Allow) { Resources = ["pods"] });
        foreach (var each in (Cluster[])[cluster, cluster.Fork()])
        {
            Assert.That(each.Create(Pod("good")).Metadata.Labels["seen"], Is.EqualTo("yes"));
            Assert.That(Refusal(each, Pod("bad")),
                Is.EqualTo("admission webhook \"b.example.com\" denied the request: no bad pods"));
        }
        Assert.That(() => cluster.SaveJournal(), Throws.InstanceOf<NotSupportedException>());
    }

    [TestCase("Fail", 1, "Internal error occurred: failed calling webhook \"w.x.io\": failed to "
        + "call webhook: Post \"https://w.x.io:443/?timeout=10s\": context deadline exceeded")]
    [TestCase("Ignore", 1, null)]
    [TestCase("Fail", 0, null)]
    public void A_webhook_that_is_too_slow_fails_by_its_policy(
        string policy, int minutes, string? why)
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.Api.Add(new("w.x.io", () => _ => new() { Took = TimeSpan.FromMinutes(minutes) })
        {
            FailurePolicy = policy,
        });
        Assert.That(Refusal(cluster, Pod("p")), Is.EqualTo(why));
    }

    [Test]
    public void An_explained_request_tells_every_stage_and_stores_nothing()
    {
        var cluster = Limited(new()
        {
            Type = "Container", Default = Cpu("200m"), DefaultRequest = Cpu("100m"),
            Max = Cpu("1"),
        });
        var (head, digest) = (cluster.Revision, cluster.Digest);
        var good = cluster.Api.Explain(Pod("p"));
        var bad = cluster.Api.Explain(Pod("p", "100m", "2"));
        var jane = cluster.As("jane").Explain(Pod("p"));
        Assert.Multiple(() =>
        {
            Assert.That(good.RefusedBy, Is.Null);
            Assert.That(good.Stages.Select(s => s.Name).Distinct(), Is.EqualTo(new[]
            {
                "authentication", "authorisation", "defaulting", "mutating admission",
                "validation", "validating admission", "storage",
            }));
            Assert.That(good.Stages.First(s => s.By == "LimitRanger").Changes
                .Select(c => $"{c}"), Does.Contain(
                    "spec.containers[c].resources.requests[cpu]: unset → 100m"));
            Assert.That($"{good}", Does.Contain("Priority").And.Contain("tolerations"));
            Assert.That(bad.RefusedBy!.By, Is.EqualTo("LimitRanger"));
            Assert.That(bad.RefusedBy.Name, Is.EqualTo("validating admission"));
            Assert.That(jane.RefusedBy!.Name, Is.EqualTo("authorisation"));
            Assert.That(jane.Stages, Has.Count.EqualTo(2));
            Assert.That((cluster.Revision, cluster.Digest), Is.EqualTo((head, digest)));
        });
    }

    [Test]
    public void A_kubectl_command_can_be_explained()
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        var made = cluster.Api.Explain("create deployment web --image nginx --as jane");
        Assert.Multiple(() =>
        {
            Assert.That(made.RefusedBy!.Refusal!.Message, Does.StartWith(
                "deployments.apps is forbidden: User \"jane\" cannot create resource"));
            Assert.That(cluster.Api.Explain("create -f -", "{apiVersion: v1, kind: Pod, "
                + "metadata: {name: p}, spec: {contaners: []}}").RefusedBy!.Name,
                Is.EqualTo("decoding"));
            Assert.That(cluster.Api.Explain("get pods").Stages[^1].Note,
                Does.StartWith("0 read at revision"));
            Assert.That(cluster.List<Deployment>(), Is.Empty);
        });
    }
}
