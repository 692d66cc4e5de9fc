using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>StatefulSets: one move at a time, against Kubernetes' own test cases; and in a whole
/// cluster names, disks, order, updates and what goes wrong with them.</summary>
public sealed class StatefulSetTests
{
    private const string Web = """
        {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web"},"spec":{
          "serviceName":"web","replicas":3,"selector":{"matchLabels":{"app":"web"}},
          "template":{"metadata":{"labels":{"app":"web"}},"spec":{
            "terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"nginx:1"}]}}}}
        """;

    private static string Image(int version) => """{"spec":{"template":{"spec":{"containers":"""
        + $$"""[{"name":"c","image":"nginx:{{version}}"}""" + "]}}}}";

    [Test]
    public void A_move_is_as_upstream_makes_it() => Assert.Multiple(() =>
    {
        foreach (var row in TestData.Rows("stateful-set-moves.tsv"))
        {
            Assert.That(Sorted(Move(row)), Is.EqualTo(Sorted(row[9])), string.Join(' ', row));
        }
    });

    [TestCase("", 10, 1)]
    [TestCase("3", 10, 3)]
    [TestCase("3", 0, 3)]
    [TestCase("10%", 25, 2)]
    [TestCase("100%", 5, 5)]
    [TestCase("50%", 5, 2)]
    [TestCase("1%", 0, 1)]
    public void Shares_of_maxUnavailable_are_rounded_down_to_at_least_1(
        string share, int replicas, int expected) =>
        Assert.That(StatefulSetSync.MaxUnavailable(
            share.Length == 0 ? default(IntOrString?) : IntOrString.Parse(share), replicas),
            Is.EqualTo(expected));

    [Test]
    public void A_member_is_known_by_its_number()
    {
        var cluster = Applied(Web.Replace("\"replicas\":3", "\"replicas\":2,\"ordinals\":"
            + "{\"start\":5}", StringComparison.Ordinal));
        var pod = cluster.Get<Pod>("web-6");

        Assert.That(cluster.List<Pod>().Select(p => p.Metadata.Name),
            Is.EqualTo(new[] { "web-5", "web-6" }));
        Assert.That((pod.Spec.Hostname, pod.Spec.Subdomain), Is.EqualTo(("web-6", "web")));
        Assert.That(pod.Metadata.Labels, Is.EqualTo(Map.Of(("app", "web"),
            ("apps.kubernetes.io/pod-index", "6"),
            ("controller-revision-hash", cluster.Get<StatefulSet>("web").Status.UpdateRevision!),
            ("statefulset.kubernetes.io/pod-name", "web-6"))));
        Assert.That(pod.Metadata.GenerateName, Is.EqualTo("web-"));
    }

    [Test]
    public void A_member_that_lost_its_label_gets_it_back()
    {
        var cluster = Applied(Web);
        cluster.Patch<Pod>("default", "web-1",
            """{"metadata":{"labels":{"statefulset.kubernetes.io/pod-name":null}}}""");
        cluster.Converge();

        Assert.That(cluster.Get<Pod>("web-1").Metadata.Labels["statefulset.kubernetes.io/pod-name"],
            Is.EqualTo("web-1"));
        Assert.That(Told(cluster), Does.Contain(
            "SuccessfulUpdate Update Pod web-1 in StatefulSet web successful"));
    }

    [Test]
    public void A_broken_update_stays_until_its_pod_is_deleted()
    {
        var cluster = Applied(Web);
        cluster.Kubectl("set image sts/web c=nosuch:2");
        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Kubectl("rollout undo sts/web");
        cluster.Run(TimeSpan.FromMinutes(10));

        Assert.That(cluster.Get<Pod>("web-2").IsReady, Is.False, "nobody replaces it");
        cluster.Kubectl("delete pod web-2");
        cluster.Converge();

        Assert.That(cluster.List<Pod>().Select(p => p.Spec.Containers[0].Image),
            Is.All.EqualTo("nginx:1"));
        Assert.That(cluster.List<ControllerRevision>().Select(r => r.Revision),
            Is.EquivalentTo(new[] { 2, 3 }), "the first is the third now");
        Assert.That(cluster.Kubectl("rollout history sts/web").Out, Is.EqualTo(
            "statefulset.apps/web \nREVISION  CHANGE-CAUSE\n2         <none>\n"
            + "3         <none>\n\n"));
    }

    [Test]
    public void As_many_old_revisions_are_kept_as_it_says()
    {
        var cluster = Applied(Web.Replace("\"replicas\":3", "\"replicas\":1,"
            + "\"revisionHistoryLimit\":2", StringComparison.Ordinal));
        for (var version = 2; version <= 6; version++)
        {
            cluster.Patch<StatefulSet>("default", "web", Image(version));
            cluster.Converge();
        }

        Assert.That(cluster.List<ControllerRevision>().Select(r => r.Revision).Order(),
            Is.EqualTo(new[] { 4, 5, 6 }));
        Assert.That(cluster.Kubectl("rollout history sts/web --revision=4").Out,
            Does.Contain("nginx:4"));
    }

    [Test]
    public void Rollout_status_tells_of_an_update_until_its_end()
    {
        var cluster = Applied(Web);
        cluster.Patch<StatefulSet>("default", "web", Image(2));
        var lines = cluster.Kubectl("rollout status sts/web").Out.Split('\n');
        var revision = cluster.Get<StatefulSet>("web").Status.UpdateRevision;

        Assert.That(lines[0], Is.EqualTo(
            "Waiting for statefulset spec update to be observed..."));
        Assert.That(lines, Does.Contain("waiting for statefulset rolling update to complete 1 "
            + $"pods at revision {revision}..."));
        Assert.That(lines[^2], Is.EqualTo(
            $"statefulset rolling update complete 3 pods at revision {revision}..."));
    }

    [Test]
    public void A_restart_replaces_all_members_the_highest_first()
    {
        var cluster = Applied(Web);
        var before = cluster.List<Pod>().Select(p => p.Metadata.Uid).ToArray();
        cluster.Kubectl("rollout restart sts/web");
        cluster.Converge();

        Assert.That(cluster.List<Pod>().Select(p => p.Metadata.Uid).Intersect(before), Is.Empty);
        Assert.That(Told(cluster).Where(t => t[10] == 'D'), Is.EqualTo(new[] { 2, 1, 0 }.Select(n =>
            $"SuccessfulDelete Delete Pod web-{n} in StatefulSet web successful")));
    }

    [Test]
    public void Seconds_of_readiness_hold_up_the_next_member()
    {
        var cluster = Applied(Web.Replace("\"replicas\":3", "\"replicas\":3,\"minReadySeconds\":30",
            StringComparison.Ordinal));
        var made = cluster.List<Pod>().Select(p => p.Metadata.CreationTimestamp!.Value.UnixSeconds)
            .ToArray();

        Assert.That(made[1] - made[0], Is.InRange(30, 35));
        Assert.That(made[2] - made[1], Is.InRange(30, 35));
        Assert.That(cluster.Get<StatefulSet>("web").Status.AvailableReplicas, Is.EqualTo(3));
    }

    [Test]
    public void More_than_one_may_be_down_at_a_time_where_it_and_a_feature_gate_say_so(
        [Values] bool gate)
    {
        var cluster = Applied(Web.Replace("\"replicas\":3", "\"replicas\":4,\"updateStrategy\":"
            + "{\"rollingUpdate\":{\"maxUnavailable\":2}}", StringComparison.Ordinal),
            settings: Gate(gate));
        cluster.Patch<StatefulSet>("default", "web", Image(2));
        var fewest = 4;
        cluster.Stepped = _ => fewest = Math.Min(fewest, cluster.List<Pod>().Count(IsUp));
        cluster.Converge();

        Assert.That(fewest, Is.EqualTo(gate ? 2 : 3));
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.Containers[0].Image),
            Is.All.EqualTo("nginx:2"));
    }

    [TestCase("Retain", "Retain", "data-web-0 data-web-1 data-web-2",
        "data-web-0 data-web-1 data-web-2")]
    [TestCase("Retain", "Delete", "data-web-0 data-web-1 data-web-2", "")]
    [TestCase("Delete", "Retain", "data-web-0", "data-web-0")]
    [TestCase("Delete", "Delete", "data-web-0", "")]
    public void Claims_go_when_the_policy_says_so(
        string whenScaled, string whenDeleted, string scaled, string deleted)
    {
        var cluster = Applied(WithClaims(whenScaled, whenDeleted));
        string Claims() => string.Join(' ',
            cluster.List<PersistentVolumeClaim>().Select(c => c.Metadata.Name));
        Assert.That(Claims(), Is.EqualTo("data-web-0 data-web-1 data-web-2"));

        cluster.Kubectl("scale sts/web --replicas=1");
        cluster.Converge();
        Assert.That(Claims(), Is.EqualTo(scaled));

        cluster.Kubectl("delete sts/web");
        cluster.Converge();
        Assert.That(Claims(), Is.EqualTo(deleted));
    }

    [Test]
    public void A_member_that_comes_back_waits_until_the_claim_of_the_one_before_is_gone()
    {
        var cluster = Applied(WithClaims("Delete", "Retain"));
        var before = cluster.Get<PersistentVolumeClaim>("data-web-2").Metadata.Uid;
        cluster.Faults.Crash("generic-garbage-collector");
        cluster.Kubectl("scale sts/web --replicas=2");
        cluster.Converge();
        cluster.Kubectl("scale sts/web --replicas=3");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Find<Pod>("default", "web-2"), Is.Null);

        cluster.Faults.Restore("generic-garbage-collector");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("web-2").IsReady, Is.True);
        Assert.That(cluster.Get<PersistentVolumeClaim>("data-web-2").Metadata.Uid,
            Is.Not.EqualTo(before));
    }

    [Test]
    public void A_cache_that_lags_behind_its_own_writes_is_not_acted_on()
    {
        var cluster = Applied(Web);
        var deletions = 0;
        cluster.Stepped = step => deletions += step.Component == "statefulset-controller"
            ? step.Changes.Count(c => c.Verb == Verb.Delete) : 0;
        cluster.Faults.Hold("statefulset-controller:Pod");
        cluster.Kubectl("set image sts/web c=nginx:2");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(deletions, Is.EqualTo(1));
        cluster.Kubectl("scale sts/web --replicas=2");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(deletions, Is.EqualTo(1));

        cluster.Faults.Restore("statefulset-controller:Pod");
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.Containers[0].Image),
            Is.EqualTo(new[] { "nginx:2", "nginx:2" }));
    }

    [TestCase("OrderedReady")]
    [TestCase("Parallel")]
    public void No_order_of_delivery_loses_a_member_or_a_claim(string policy)
    {
        var manifest = WithClaims("Delete", "Retain").Replace("\"replicas\":3",
            $"\"replicas\":3,\"podManagementPolicy\":\"{policy}\"", StringComparison.Ordinal);
        static Action<Cluster> Scale(int to) => c =>
            c.Patch<StatefulSet>("default", "web", $"{{\"spec\":{{\"replicas\":{to}}}}}");
        var found = Explore.Runs(() => Applied(manifest, nodes: 2), "the first member stays", c =>
            c.List<Pod>().Any(IsUp) && c.List<PersistentVolumeClaim>().Count > 0,
            c => c.List<Pod>().Count(IsUp) == 4
                && c.List<PersistentVolumeClaim>().Count(p => !p.IsTerminating) == 4,
            "statefulset-controller", new()
            {
                Runs = 60,
                Inputs =
                [
                    (TimeSpan.FromSeconds(1), Scale(1)), (TimeSpan.FromSeconds(3), Scale(4)),
                ],
            });

        Assert.That(found.Failure, Is.Null, found.ToString());
    }

    [Test]
    public void Another_template_with_the_name_of_a_revision_is_a_collision()
    {
        var cluster = Applied(Web);
        var revision = cluster.List<ControllerRevision>()[0];
        cluster.Kubectl("delete sts/web --cascade=orphan");
        cluster.Converge();
        cluster.Delete(revision);
        cluster.Create(revision with
        {
            Metadata = new() { Name = revision.Metadata.Name, Namespace = "default" },
            Kept = new() { ["data"] = JsonSerializer.SerializeToElement(new { spec = 1 }) },
        });
        cluster.Apply(Web);
        cluster.Converge();

        var status = cluster.Get<StatefulSet>("web").Status;
        Assert.That(status.CollisionCount, Is.EqualTo(1));
        Assert.That(status.UpdateRevision, Is.Not.EqualTo(revision.Metadata.Name));
        Assert.That(cluster.List<Pod>().All(p => p.ControllerOwner is not null), "adopted");
    }

    [Test]
    public void No_order_of_delivery_breaks_the_order_of_an_update()
    {
        var found = Explore.Runs(() => Applied(Web, nodes: 2), "one member down at most", c =>
        {
            var pods = c.List<Pod>();
            var highest = pods.Max(StatefulSetIdentity.OrdinalOf) ?? -1;
            return highest + 1 - pods.Count(IsUp) <= 1;
        }, c => c.List<Pod>().Count(p => IsUp(p) && p.Spec.Containers[0].Image == "nginx:2") == 3
            && c.Get<StatefulSet>("web").Status is { CurrentReplicas: 3 } status
            && status.CurrentRevision == status.UpdateRevision,
            "statefulset-controller", new()
            {
                Runs = 150,
                Inputs = [(TimeSpan.FromSeconds(1), c =>
                    c.Patch<StatefulSet>("default", "web", Image(2)))],
            });

        Assert.That(found.Failure, Is.Null, found.ToString());
    }

    private static bool IsUp(Pod pod) => pod.IsReady && !pod.IsTerminating;

    private static Cluster Applied(string manifest, int nodes = 3, Settings? settings = null)
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(nodes),
            Settings = settings ?? Settings.Default,
        });
        cluster.Apply("""
            {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"local"},
             "provisioner":"rancher.io/local-path","volumeBindingMode":"WaitForFirstConsumer"}
            """);
        cluster.Apply(manifest);
        cluster.Converge();
        return cluster;
    }

    private static Settings Gate(bool on) => Settings.Default.With(
        "kube-apiserver.feature-gates", $"MaxUnavailableStatefulSet={on}");

    private static string WithClaims(string whenScaled, string whenDeleted) => Web.Replace(
        "\"replicas\":3", $$"""
            "replicas":3,"persistentVolumeClaimRetentionPolicy":
            {"whenScaled":"{{whenScaled}}","whenDeleted":"{{whenDeleted}}"},
            """ + """
            "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"storageClassName":"local",
              "accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]
            """, StringComparison.Ordinal);

    private static IEnumerable<string> Told(Cluster cluster) => cluster.List<Event>("default")
        .Where(e => e.InvolvedObject.Kind == "StatefulSet")
        .OrderBy(e => e.Metadata.ResourceVersion).Select(e => $"{e.Reason} {e.Message}");

    private static string Sorted(string actions) =>
        string.Join(' ', actions.Split(' ').Order(StringComparer.Ordinal));

    // A cluster in which nothing works but one look at the set, as the case has it.
    private static string Move(string[] row)
    {
        var done = "";
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>(),
            Watched.All<StatefulSet>(), Watched.All<Pod>(), Watched.All<PersistentVolumeClaim>(),
            Watched.All<ControllerRevision>())
        {
            OnReconcile = (key, api) =>
            {
                if (key.Kind.Equals(Kinds.ConfigMap))
                {
                    done = Move(row, api);
                }
                return Result.Done;
            },
        }, Latency.None, settings: Gate(true));
        Make(cluster, row);
        cluster.Create(Given.ConfigMap("go"));
        cluster.Converge();
        return done;
    }

    private static void Make(Cluster cluster, string[] row)
    {
        int N(int cell) => (int)TestData.Number(row[cell]);
        var (web, strategy) = (Json.Decode<StatefulSet>(
            JsonNode.Parse(Web)!), row[2].Split('/'));
        var set = cluster.Create(web with
        {
            Metadata = web.Metadata with { Finalizers = ["test/keep"] },
            Spec = web.Spec with
            {
                Replicas = N(0), PodManagementPolicy = row[1] == "P" ? "Parallel" : "OrderedReady",
                MinReadySeconds = N(3), Ordinals = new() { Start = N(4) },
                UpdateStrategy = new()
                {
                    Type = strategy[0] == "OnDelete" ? "OnDelete" : "RollingUpdate",
                    RollingUpdate = strategy[0] == "OnDelete" ? null : new()
                    {
                        Partition = strategy[1] == "-" ? null : int.Parse(strategy[1],
                            CultureInfo.InvariantCulture),
                        MaxUnavailable = strategy[2] == "-" ? default(IntOrString?)
                            : IntOrString.Parse(strategy[2]),
                    },
                },
            },
        });
        foreach (var text in row[8].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var ordinal = int.Parse(text.TrimEnd("PRFS+tcuo".ToCharArray()),
                CultureInfo.InvariantCulture);
            var pod = set.NewPod(ordinal, set.Spec.Template, text[^1..]);
            pod = cluster.Create(pod with { Spec = pod.Spec with { NodeName = "node-1" } });
            cluster.UpdateStatus(pod with { Status = StatusOf(text, cluster.Now) });
            if (text.Contains('t', StringComparison.Ordinal))
            {
                cluster.Delete(pod);
            }
        }
        if (row[5] == "1")
        {
            cluster.Delete(set);
        }
    }

    private static PodStatus StatusOf(string text, Time now) => new()
    {
        Phase = text.First(char.IsUpper) switch
        {
            'P' => "Pending", 'R' => "Running", 'F' => "Failed", _ => "Succeeded",
        },
        Conditions =
        [
            new()
            {
                Type = "Ready", Status = text.Contains('+', StringComparison.Ordinal) ? "True"
                    : "False", LastTransitionTime = now,
            },
        ],
    };

    private static string Move(string[] row, ReconcileContext api)
    {
        var set = api.Get<StatefulSet>("default", "web")!;
        var revisions = new List<ControllerRevision>();
        var (collisions, template) = (0, set.Spec.Template);
        ControllerRevision Of(PodTemplateSpec t) =>
            ControllerRevisions.Newest(set, t, "hash", revisions, ref collisions, api);
        var current = row[6] == "0" ? Of(template) : Of(template with
        {
            Metadata = template.Metadata with { Annotations = Map.Of(("is", "old")) },
        });
        var update = Of(template);
        string Name(string? letter) => letter == "u" ? update.Metadata.Name
            : letter == "c" ? current.Metadata.Name : "web-other";
        var pods = api.List<Pod>().Select(p => p with
        {
            Metadata = p.Metadata with
            {
                Labels = p.Metadata.Labels.Set(ControllerRevisions.PodLabel,
                    Name(StatefulSetIdentity.RevisionOf(p))),
            },
        }).ToList();
        var rolling = set.Spec.UpdateStrategy.RollingUpdate;
        set = set with
        {
            Spec = set.Spec with
            {
                UpdateStrategy = set.Spec.UpdateStrategy with
                {
                    RollingUpdate = row[2].EndsWith("-/-", StringComparison.Ordinal) ? null
                        : rolling,
                },
            },
            Status = set.Status with
            {
                CurrentRevision = current.Metadata.Name, CurrentReplicas =
                    (int)TestData.Number(row[7]),
            },
        };
        var before = api.Changes.Count;
        new StatefulSetSync(set, pods, revisions, new(), api).Run();
        return string.Join(' ', api.Changes.Skip(before).Where(c => c.Key.Kind.Equals(Kinds.Pod))
            .Select(c => c.After is Pod { IsTerminating: false } made
                ? $"+{StatefulSetIdentity.OrdinalOf(made)}"
                    + (StatefulSetIdentity.RevisionOf(made) == current.Metadata.Name ? "c" : "u")
                : $"-{StatefulSetIdentity.OrdinalOf((Pod)c.Before!)}"));
    }
}
