using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 03-api-server: grant no more than is needed, change what comes in, merge, and
// write although others write and replies are lost.

/// <summary>Roles that allow what a robot needs, and nothing else.</summary>
[Exercise("03-api-server/1", "As much as it needs, and no more")]
[Hint(1, "Three objects are enough: a Role and a RoleBinding, both in the namespace shop, and the "
    + "ServiceAccount is there already. A ClusterRoleBinding would reach every namespace.")]
[Hint(2, "Pods are in the API group \"\" and Deployments in \"apps\", so the Role has at least two "
    + "rules. A log is a resource of its own: pods/log.")]
[Hint(3, "The subject is {kind: ServiceAccount, name: deployer, namespace: shop}: an account has a "
    + "namespace, a User has none.")]
public sealed class LeastPrivilegeTests : ExerciseFixture<string>
{
    private const string Robot = "system:serviceaccount:shop:deployer";
    private const string Setting =
        "The namespaces shop and default, and a ServiceAccount deployer in shop. ";

    private static readonly string[] Needed =
    [
        "get pods", "list pods", "watch pods", "get deployments", "list deployments",
        "watch deployments", "patch deployments", "get pods/log",
    ];

    private static readonly string[] Resources =
    [
        "pods", "pods/log", "pods/exec", "pods/eviction", "deployments", "deployments/scale",
        "deployments/status", "replicasets", "secrets", "configmaps", "services",
        "serviceaccounts", "roles", "rolebindings",
    ];

    private static readonly string[] Verbs =
        ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

    [Test, Task("The robot can do its work in shop")]
    public void What_it_needs_works()
    {
        Scenario(Setting + "Your manifest is applied. Then deployer asks for what it needs.");
        var cluster = Applied();
        foreach (var question in Needed)
        {
            if (!May(cluster, question, "shop"))
            {
                Fail($"deployer may not {question} in shop. Ask `kubectl auth can-i` as {Robot}: "
                    + "is it the API group, the resource, the verb, or the subject?",
                    "yes", "no");
            }
        }
    }

    [Test, Points(2), Task("It can do nothing else there")]
    public void Nothing_else_works()
    {
        Scenario(Setting + "Your manifest is applied. Then deployer asks for all it could misuse.");
        var cluster = Applied();
        foreach (var question in Resources.SelectMany(r => Verbs.Select(v => $"{v} {r}")))
        {
            if (May(cluster, question, "shop") && !Needed.Contains(question))
            {
                Fail($"deployer may also {question} in shop, and nobody asked for that. Whoever "
                    + "gets hold of its token may do the same.", "no", "yes");
            }
        }
    }

    [Test, Task("It can do nothing in another namespace")]
    public void Nothing_works_elsewhere()
    {
        Scenario(Setting + "Your manifest is applied. Then deployer looks at default.");
        var cluster = Applied();
        foreach (var question in Needed)
        {
            if (May(cluster, question, "default"))
            {
                Fail($"deployer may {question} in the namespace default, too. How far a Role "
                    + "reaches, its binding decides.", "no", "yes");
            }
        }
    }

    private static bool May(Cluster cluster, string question, string ns)
    {
        var (verb, what) = (question.Split(' ')[0], question.Split(' ')[1].Split('/'));
        var part = what.Length > 1 ? $" --subresource={what[1]}" : "";
        return cluster.As(Robot).Kubectl($"auth can-i {verb} {what[0]}{part} -n {ns}")
            .ExitCode == 0;
    }

    private Cluster Applied()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("create namespace shop");
        cluster.Create(new ServiceAccount
        {
            Metadata = new() { Name = "deployer", Namespace = "shop" },
        });
        try
        {
            cluster.Apply(New());
        }
        catch (Exception e) when (e is ManifestException or ApiException)
        {
            Fail($"The manifest is refused. {e.Message}");
        }
        return cluster;
    }
}

/// <summary>A webhook that adds a container, once.</summary>
[Exercise("03-api-server/2", "A webhook that may be asked twice")]
[Hint(1, "review.Object is a Pod here. It cannot be changed; `pod with { Spec = pod.Spec with { "
    + "Containers = … } }` is another one, and WebhookAnswer.Change sends it.")]
[Hint(2, "[.. pod.Spec.Containers, proxy] is the list with one more at its end.")]
[Hint(3, "WebhookAnswer.Allow lets a Pod pass as it is: one that has a proxy already, and one that "
    + "says no: pod.Metadata.Annotations.Get(\"proxy\") == \"no\".")]
public sealed class SidecarTests : ExerciseFixture<Func<AdmissionReview, WebhookAnswer>>
{
    private static readonly Container App = new() { Name = "app", Image = "shop:1.0" };

    [Test, Task("A new Pod gets the container proxy, after its own")]
    public void A_pod_gets_the_proxy()
    {
        Scenario("A Pod with the container app is created; your webhook is asked about it.");
        var pod = Admitted(Pod(), asked: 1);
        var names = string.Join(", ", pod.Spec.Containers.Select(c => c.Name));
        if (names != "app, proxy" || pod.Spec.Containers[1].Image != "proxy:1.0")
        {
            Fail($"The Pod is stored with the containers {names}. A webhook adds to what others "
                + "wrote: first theirs, then proxy, of the image proxy:1.0.",
                "app, proxy", names);
        }
        if (pod.Spec.Containers[0].Image != App.Image || pod.Metadata.Labels.Get("app") != "shop")
        {
            Fail("What the Pod said itself has changed.", Pod(), pod);
        }
    }

    [Test, Points(2), Task("Asked about the same Pod again, it adds nothing")]
    public void Twice_is_once()
    {
        Scenario("Another webhook changes the Pod after yours, so yours is asked again.");
        var pod = Admitted(Pod(), asked: 2);
        var proxies = pod.Spec.Containers.Count(c => c.Name == "proxy");
        if (proxies != 1)
        {
            Fail($"The Pod has {proxies} containers named proxy. A webhook sees what those before "
                + "it made of the object, itself included: look before you add.", "1",
                $"{proxies}");
        }
    }

    [Test, Task("A Pod that says proxy: \"no\" is left alone")]
    public void A_pod_may_say_no()
    {
        Scenario("A Pod with the annotation proxy: \"no\" is created.");
        var pod = Admitted(Pod(("proxy", "no")), asked: 1);
        if (pod.Spec.Containers.Count != 1)
        {
            Fail("The Pod asked to be left alone, and has got a proxy all the same.", "app",
                string.Join(", ", pod.Spec.Containers.Select(c => c.Name)));
        }
    }

    private static Pod Pod(params ReadOnlySpan<(string, string)> annotations) => new()
    {
        Metadata = new()
        {
            Name = "shop", Namespace = "default", Labels = Map.Of(("app", "shop")),
            Annotations = Map.Of(annotations),
        },
        Spec = new() { Containers = [App] },
    };

    // What the webhook makes of a Pod, asked so many times. It is called by hand: in a cluster the
    // API server would refuse two containers of one name before anybody could look at them.
    private Pod Admitted(Pod pod, int asked)
    {
        for (var webhook = New(); asked > 0; asked--)
        {
            var answer = webhook(new()
            {
                Operation = "CREATE", User = UserInfo.Admin, Object = pod,
                Path = new(Kinds.Pod, "default", ""),
            });
            if (answer is not { Allowed: true })
            {
                Fail($"Your webhook refuses the Pod: {answer?.Message ?? "without a word"}.");
            }
            pod = answer!.Object as Pod ?? pod;
        }
        return pod;
    }
}

/// <summary>What apply does to a map: a merge of three.</summary>
[Exercise("03-api-server/3", "Merge three ways")]
[Hint(1, "Begin with what is there: `live`. Then two things happen to it.")]
[Hint(2, "What stands in the manifest is set: live.SetAll(manifest).")]
[Hint(3, "What you applied last time and no longer name goes: that is why `last` is kept. What is "
    + "in neither was written by somebody else.")]
public sealed class ThreeWayMergeTests
    : ExerciseFixture<Func<Map<string>, Map<string>, Map<string>, Map<string>>>
{
    private static Map<string> Red => Map.Of(("colour", "red"));

    [Test, Task("What the manifest says is set")]
    public void What_the_manifest_says_is_set() => Merges(Red,
        Map.Of(("colour", "blue"), ("size", "small")), Red,
        "The manifest changes colour and adds size.");

    [Test, Task("What it no longer says goes")]
    public void What_it_no_longer_says_goes() => Merges(
        Map.Of(("colour", "red"), ("size", "small")), Red,
        Map.Of(("colour", "red"), ("size", "large")),
        "The manifest has said size before, and says it no longer; somebody has changed it.");

    [Test, Task("What others wrote stays")]
    public void What_others_wrote_stays() => Merges(Red, Map.Of(("colour", "blue")),
        Map.Of(("colour", "red"), ("reviewed", "yes")),
        "Somebody has added reviewed, which no manifest ever named.");

    // The reference is kubectl apply itself, on the data of a ConfigMap.
    private void Merges(Map<string> last, Map<string> manifest, Map<string> live, string what)
    {
        Scenario($"Applied last: {last}. The manifest now: {manifest}. What is there: {live}.");
        var cluster = new Cluster(nodes: 1);
        var meta = new ObjectMeta { Name = "settings", Namespace = "default" };
        cluster.Apply(new ConfigMap { Metadata = meta, Data = last });
        cluster.Update(cluster.Get<ConfigMap>("settings") with { Data = live });
        cluster.Apply(new ConfigMap { Metadata = meta, Data = manifest });
        var (wanted, told) =
            (cluster.Get<ConfigMap>("settings").Data, New()(last, manifest, live));
        if (told != wanted)
        {
            Fail($"{what} kubectl apply makes of it {wanted}; you make {told}.", $"{wanted}",
                $"{told}");
        }
    }
}

/// <summary>A read, a decision and a write, while others write and replies are lost.</summary>
[Exercise("03-api-server/4", "One seat each, whatever happens", Optional = true)]
[Hint(1, "Read, decide, write. When the write is refused with 409, what you have read is old: "
    + "begin again with reading.")]
[Hint(2, "`seats with { Data = … }` keeps the resourceVersion that you have read, and that is what "
    + "makes the server refuse a stale write. Keep it.")]
[Hint(3, "504 says that nobody knows whether the write happened. The next read does: is your name "
    + "in the data?")]
public sealed class BookingTests
    : ExerciseFixture<Func<Func<ApiRequest, ApiResponse>, string, bool>>
{
    private const int Most = 20;

    private static readonly ApiException Lost = ApiErrors.Timeout("Timeout: request did not "
        + "complete within requested timeout - context deadline exceeded");

    [Test, Task("One seat for one name, and none when all are taken")]
    public void One_seat_for_one_name()
    {
        Scenario("Two seats are free. ann books, ann books again, bob books, and cy.");
        var cluster = Seats(2);
        bool[] told = [.. new[] { "ann", "ann", "bob", "cy" }
            .Select(who => New()(Line(cluster), who))];
        Holds(cluster, "ann=seat,bob=seat,free=0", "Each name has one seat at most.");
        if (!told.SequenceEqual([true, true, true, false]))
        {
            Fail("The answer says whether the name has a seat: ann, ann again and bob have one, "
                + "and cy has none.", "True, True, True, False", string.Join(", ", told));
        }
    }

    [Test, Points(2), Task("Somebody else books between your read and your write")]
    public void A_conflict_loses_nobodys_seat()
    {
        Scenario("Five seats are free. ann reads; bob books; ann writes.");
        var cluster = Seats(5);
        New()(Line(cluster, rival: "bob"), "ann");
        Holds(cluster, "ann=seat,bob=seat,free=3", "Both must have their seat.");
    }

    [Test, Points(2), Task("The reply to your write is lost")]
    public void A_lost_reply_takes_no_second_seat()
    {
        Scenario("Five seats are free. ann's first write is carried out, and she is told 504.");
        var cluster = Seats(5);
        var told = New()(Line(cluster, loseReply: true), "ann");
        Holds(cluster, "ann=seat,free=4", "She wanted one.");
        if (!told)
        {
            Fail("ann has a seat, and your answer says that she has none.", "True", "False");
        }
    }

    [Test, Task("What cannot succeed ends")]
    public void A_refusal_ends_it()
    {
        Scenario("jane, who may read and not write, books.");
        var cluster = Seats(5);
        cluster.Apply("""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: view, namespace: default}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
            """);
        try
        {
            if (New()(Line(cluster, UserInfo.Person("jane", [])), "jane"))
            {
                Fail("Your answer says that jane has a seat; she was refused with 403.", "False",
                    "True");
            }
        }
        catch (ApiException e) when (e.Status.Code == 403)
        {
            // To throw what one was told is an end, too.
        }
    }

    private void Holds(Cluster cluster, string wanted, string why)
    {
        var data = $"{cluster.Get<ConfigMap>("seats").Data}";
        if (data != wanted)
        {
            Fail($"{why} The ConfigMap holds {data}.", wanted, data);
        }
    }

    private static Cluster Seats(int free)
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Create(new ConfigMap
        {
            Metadata = new() { Name = "seats" }, Data = Map.Of(("free", $"{free}")),
        });
        return cluster;
    }

    private static void Book(Cluster cluster, string who)
    {
        var seats = cluster.Get<ConfigMap>("seats");
        var left = int.Parse(seats.Data["free"], CultureInfo.InvariantCulture) - 1;
        cluster.Update(seats with { Data = seats.Data.Set("free", $"{left}").Set(who, "seat") });
    }

    // The way to the server, with what goes wrong on it.
    private Func<ApiRequest, ApiResponse> Line(Cluster cluster, UserInfo? user = null,
        string? rival = null, bool loseReply = false)
    {
        var (sent, writes) = (0, 0);
        return request =>
        {
            if (++sent > Most)
            {
                Fail($"Your loop has sent {Most} requests and goes on. After a conflict, read "
                    + "again; after a refusal that will not change, stop.");
            }
            var write = request.Verb.Reads ? 0 : ++writes;
            if (write == 1 && rival is not null)
            {
                Book(cluster, rival);
            }
            var answer = cluster.Handle(request with { User = user ?? UserInfo.Admin });
            return write == 1 && loseReply ? Lost : answer;
        };
    }
}
