using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>kubectl beyond the recorded session: errors, formats, and commands that wait.</summary>
public sealed class KubectlTests
{
    private const string Web = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
         "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{
          "metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"a:1"}]}}}}
        """;

    private KubectlFixture cluster = null!;

    [SetUp]
    public void SetUp()
    {
        cluster = new();
        foreach (var ns in (string[])["default", "shop"])
        {
            Assert.That(cluster.Run($"create ns {ns}").ExitCode, Is.Zero);
            Assert.That(cluster.Run($"create sa default -n {ns}").ExitCode, Is.Zero);
        }
    }

    [TestCase("frobnicate", "error: unknown command \"frobnicate\" for \"kubectl\"\n")]
    [TestCase("gte pods", "error: unknown command \"gte\" for \"kubectl\"\n\nDid you mean this?\n"
        + "\tget\n")]
    [TestCase("get pods --frob", "error: unknown flag: --frob\nSee 'kubectl get --help' for "
        + "usage.\n")]
    [TestCase("get pods -z", "error: unknown shorthand flag: 'z' in -z\nSee 'kubectl get --help' "
        + "for usage.\n")]
    [TestCase("get pods -o", "error: flag needs an argument: 'o' in -o\nSee 'kubectl get --help' "
        + "for usage.\n")]
    [TestCase("get pod web -A", "error: a resource cannot be retrieved by name across all "
        + "namespaces\n")]
    [TestCase("delete pods", "error: resource(s) were provided, but no name was specified\n")]
    [TestCase("scale deploy/web --replicas=x", "error: invalid argument \"x\" for \"--replicas\" "
        + "flag: strconv.ParseInt: parsing \"x\": invalid syntax\nSee 'kubectl scale --help' for "
        + "usage.\n")]
    [TestCase("rollout undo deploy/web", "Error from server (NotFound): deployments.apps \"web\" "
        + "not found\n")]
    [TestCase("get pods -o fancy", "error: unable to match a printer suitable for the output "
        + "format \"fancy\", allowed formats are: custom-columns,custom-columns-file,go-template,"
        + "go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,"
        + "templatefile,wide,yaml\n")]
    public void An_error_is_told_in_kubectls_words(string command, string error)
    {
        var result = cluster.Run(command);
        Assert.That((result.ExitCode, result.Out, result.Error), Is.EqualTo((1, "", error)));
    }

    [Test]
    public void An_empty_list_is_no_error()
    {
        Assert.That(cluster.Run("get pods"), Is.EqualTo(
            new KubectlResult(0, "", "No resources found in default namespace.\n")));
        Assert.That(cluster.Run("get pods -A").Error, Is.EqualTo("No resources found\n"));
        Assert.That(cluster.Run("get pods -n shop").Error,
            Is.EqualTo("No resources found in shop namespace.\n"));
    }

    [Test]
    public void Found_objects_are_shown_before_the_errors_of_the_others()
    {
        cluster.Run("create cm a --from-literal=k=v");
        var result = cluster.Run("get cm a b -o name");
        Assert.That(result, Is.EqualTo(new KubectlResult(1, "configmap/a\n",
            "Error from server (NotFound): configmaps \"b\" not found\n")));
    }

    [Test]
    public void Apply_takes_away_what_left_the_manifest_and_keeps_what_others_added()
    {
        Assert.That(cluster.Run("apply -f -", Web).Out,
            Is.EqualTo("deployment.apps/web created\n"));
        cluster.Run("annotate deploy web theirs=1");
        var labelled = Web.Replace("{\"name\":\"web\"}",
            "{\"name\":\"web\",\"labels\":{\"a\":\"b\"}}", StringComparison.Ordinal);
        Assert.That(cluster.Run("apply -f -", labelled).Out,
            Is.EqualTo("deployment.apps/web configured\n"));
        Assert.That(cluster.Run("get deploy web -o jsonpath={.metadata.labels.a}").Out,
            Is.EqualTo("b"));
        Assert.That(cluster.Run("apply -f -", Web).Out,
            Is.EqualTo("deployment.apps/web configured\n"));
        Assert.That(cluster.Run("apply -f -", Web).Out,
            Is.EqualTo("deployment.apps/web unchanged\n"));
        Assert.That(cluster.Run("get deploy web -o custom-columns="
            + "L:.metadata.labels,T:.metadata.annotations.theirs").Out,
            Is.EqualTo("L        T\n<none>   1\n"));
    }

    [Test]
    public void An_unknown_field_is_refused_with_its_path()
    {
        var result = cluster.Run("apply -f -", Web.Replace("\"replicas\"", "\"replicsa\"",
            StringComparison.Ordinal));
        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Error, Does.StartWith("Error from server (BadRequest): error when "
            + "creating \"STDIN\": Deployment in version \"v1\" cannot be handled as a Deployment: "
            + "strict decoding error: unknown field \"spec.replicsa\""));
    }

    [Test]
    public void Rollout_status_prints_a_line_at_each_change_until_the_end()
    {
        cluster.Run("apply -f -", Web);
        void Status(int updated, int all, int available) => cluster.Meanwhile.Enqueue(() =>
            cluster.Put("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"
                + "\"name\":\"web\",\"namespace\":\"default\"},"
                + "\"status\":{\"observedGeneration\":1,"
                + $"\"replicas\":{all},\"updatedReplicas\":{updated},"
                + $"\"availableReplicas\":{available}}}}}"));
        Status(1, 2, 1);
        Status(2, 3, 2);
        Status(2, 2, 1);
        cluster.Meanwhile.Enqueue(static () => { });
        Status(2, 2, 2);
        const string Waiting = "Waiting for deployment \"web\" rollout to finish: ";
        Assert.That(cluster.Run("rollout status deploy/web").Out, Is.EqualTo(
            "Waiting for deployment spec update to be observed...\n"
            + Waiting + "1 out of 2 new replicas have been updated...\n"
            + Waiting + "1 old replicas are pending termination...\n"
            + Waiting + "1 of 2 updated replicas are available...\n"
            + "deployment \"web\" successfully rolled out\n"));
    }

    [Test]
    public void Waiting_ends_with_an_error_when_nothing_comes()
    {
        cluster.Run("apply -f -", Web);
        Assert.That(cluster.Run("wait deploy/web --for=condition=Available --timeout=5s"),
            Is.EqualTo(new KubectlResult(1, "",
                "error: timed out waiting for the condition on deployments/web\n")));
    }

    [TestCase("sort-by=.data.n", "b a c")]
    [TestCase("sort-by={.metadata.name}", "a b c")]
    [TestCase("field-selector=metadata.name!=b", "a c")]
    public void Lists_are_sorted_and_chosen(string flag, string names)
    {
        cluster.Run("create cm a -n shop --from-literal=n=10");
        cluster.Run("create cm b -n shop --from-literal=n=9");
        cluster.Run("create cm c -n shop --from-literal=n=100");
        Assert.That(cluster.Run("get cm -n shop -o jsonpath='{.items[*].metadata.name}' --" + flag)
            .Out, Is.EqualTo(names));
    }

    [TestCase("{.items[?(@.data.n==\"9\")].metadata.name}", "b")]
    [TestCase("{.items[0].data.n}{\"\\t\"}{.items[-1].data.n}", "10\t9")]
    [TestCase("{.items[0:1].metadata.name}", "a")]
    [TestCase("{range .items[*]}{.metadata.name},{end}", "a,b,")]
    [TestCase("{..n}", "10 9")]
    [TestCase("{.items[0].metadata['name','namespace']}", "a shop")]
    [TestCase("{.items[0].nothing}", "")]
    [TestCase("{.items[0].data}", "{\"n\":\"10\"}")]
    public void A_jsonpath_finds(string path, string found)
    {
        cluster.Run("create cm a -n shop --from-literal=n=10");
        cluster.Run("create cm b -n shop --from-literal=n=9");
        Assert.That(new Kubectl(cluster).Run(["get", "cm", "-n", "shop", "-o", "jsonpath=" + path])
            .Out, Is.EqualTo(found));
    }

    [TestCase("deployment.spec.strategy.type", """
        GROUP:      apps
        KIND:       Deployment
        VERSION:    v1

        FIELD: type <string>
        ENUM:
            Recreate
            RollingUpdate

        DESCRIPTION:
            RollingUpdate, the default, goes step by step; Recreate ends all old pods
            first.
            

        """)]
    [TestCase("ns.spec --recursive", """
        KIND:       Namespace
        VERSION:    v1

        FIELD: spec <NamespaceSpec>


        DESCRIPTION:
            What is wanted. People write it, and controllers work towards it.
            What holds for a namespace.
            
        FIELDS:
          finalizers	<[]string>

        """)]
    [TestCase("horizontalpodautoscalers.autoscaling.spec --api-version=autoscaling/v1 --recursive",
        """
        GROUP:      autoscaling
        KIND:       HorizontalPodAutoscaler
        VERSION:    v1

        FIELD: spec <HorizontalPodAutoscalerSpec>


        DESCRIPTION:
            What is wanted. People write it, and controllers work towards it.
            What is scaled, between which bounds, by what measure.
            
        FIELDS:
          maxReplicas	<integer> -required-
          minReplicas	<integer>
          scaleTargetRef	<CrossVersionObjectReference> -required-
            apiVersion	<string>
            kind	<string> -required-
            name	<string> -required-
          targetCPUUtilizationPercentage	<integer>

        """)]
    public void Explain_names_fields_types_and_values(string what, string text) => Assert.That(
        cluster.Run($"explain {what}").ToString(),
        Is.EqualTo($"{text.ReplaceLineEndings("\n")}\n"));

    [TestCase("explain", "error: You must specify the type of resource to explain. Use \"kubectl "
        + "api-resources\" for a complete list of supported resources.\n")]
    [TestCase("explain pod node", "error: We accept only this format: explain RESOURCE\n")]
    [TestCase("explain pod.spec.foo.bar", "error: field \"bar\" does not exist\n")]
    [TestCase("explain frob.spec", "error: the server doesn't have a resource type \"frob\"\n")]
    public void Explain_says_what_it_does_not_know(string command, string error) =>
        Assert.That(cluster.Run(command), Is.EqualTo(new KubectlResult(1, "", error)));

    [Test]
    public void What_explain_describes_is_there()
    {
        var types = Schema.BuiltIn.Types.ToLookup(t => t.ShortName, StringComparer.Ordinal);
        Assert.Multiple(() =>
        {
            foreach (var entry in SchemaWords.All.Keys)
            {
                var dot = entry.IndexOf('.', StringComparison.Ordinal);
                var (type, field) = dot < 0 ? (entry, "") : (entry[..dot], entry[(dot + 1)..]);
                var owners = type[0] == '*' ? Schema.BuiltIn.Types.Where(t =>
                    t.ShortName.EndsWith(type[1..], StringComparison.Ordinal)) : types[type];
                Assert.That(owners.Any(t => field.Length == 0 || t.Field(field) is not null),
                    entry);
            }
        });
    }

    [Test]
    public void Logs_need_a_node_that_answers()
    {
        cluster.Run("run a --image=x");
        Assert.That(cluster.Run("logs a").ToString(), Is.Empty);
        cluster.Put("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default"},
             "spec":{"nodeName":"node-1"},"status":{"hostIP":"10.0.0.1"}}
            """);
        Assert.That(cluster.Run("logs a").Error, Is.EqualTo("Error from server: Get \"https://"
            + "10.0.0.1:10250/containerLogs/default/a/a\": dial tcp 10.0.0.1:10250: connect: "
            + "connection refused\n"));
    }

    [TestCase(-2, "<invalid>")]
    [TestCase(119, "119s")]
    [TestCase(120, "2m")]
    [TestCase(303, "5m3s")]
    [TestCase(70 * 60, "70m")]
    [TestCase(3 * 3600, "3h")]
    [TestCase((7 * 3600) + 59, "7h")]
    [TestCase(30 * 3600, "30h")]
    [TestCase(74 * 3600, "3d2h")]
    [TestCase(400 * 86400, "400d")]
    [TestCase(800 * 86400, "2y70d")]
    public void Ages_are_shown_in_two_units_at_most(int seconds, string shown) =>
        Assert.That(HumanDuration.Of(TimeSpan.FromSeconds(seconds)), Is.EqualTo(shown));

    [Test]
    public void A_cluster_speaks_kubectl()
    {
        var real = new Cluster(nodes: 1);
        var result = real.Kubectl("create deployment web --image=nginx");
        Assert.That(result.ToString(), Is.EqualTo("deployment.apps/web created\n"));
        Assert.That(real.Kubectl("get deploy").Out, Does.StartWith("NAME   READY   UP-TO-DATE"));
        Assert.That(real.Journal, Is.Not.Empty);
    }

    [Test]
    public void A_rollout_is_driven_and_watched_through_kubectl()
    {
        var real = new Cluster(nodes: 2);
        real.Kubectl("create deployment web --image=nginx:1 --replicas=3");
        Assert.That(real.Kubectl("rollout status deploy/web").Out,
            Does.EndWith("deployment \"web\" successfully rolled out\n"));
        Assert.That(real.Kubectl("set image deploy/web nginx=nginx:2").Out,
            Is.EqualTo("deployment.apps/web image updated\n"));
        var status = real.Kubectl("rollout status deploy/web");
        Assert.That(status.Out, Does.Contain("out of 3 new replicas have been updated...\n")
            .And.EndWith("deployment \"web\" successfully rolled out\n"));
        Assert.That(real.Kubectl("rollout history deploy/web").Out, Is.EqualTo(
            "deployment.apps/web \nREVISION  CHANGE-CAUSE\n"
            + "1         <none>\n2         <none>\n\n"));
        Assert.That(real.Kubectl("rollout undo deploy/web").Out,
            Is.EqualTo("deployment.apps/web rolled back\n"));
        Assert.That(real.Kubectl("rollout status deploy/web").ExitCode, Is.Zero);
        Assert.That(real.Kubectl("get deploy web -o wide --no-headers").Out,
            Does.Contain("3/3").And.Contain("nginx:1 "));
    }
}
