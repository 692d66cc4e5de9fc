using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The commands that the recorded session does not play.</summary>
public sealed class KubectlCommandTests
{
    private const string Web = "create deployment web --image=nginx:1 --replicas=2";

    private KubectlFixture cluster = null!;

    [SetUp]
    public void SetUp()
    {
        cluster = new();
        cluster.Run("create ns default");
        cluster.Run("create sa default");
    }

    // Each command, and what it prints as a client's dry run.
    [TestCase("role r --verb=get,list --resource=pods,deployments.apps,pods/log",
        "rules:\n- apiGroups:\n  - \"\"\n  resources:\n  - pods\n  - pods/log\n  verbs:\n"
        + "  - get\n  - list\n- apiGroups:\n  - apps\n  resources:\n  - deployments\n  verbs:\n"
        + "  - get\n  - list\n")]
    [TestCase("rolebinding b --clusterrole=view --serviceaccount=default:robot --user=jane",
        "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: view\n"
        + "subjects:\n- apiGroup: rbac.authorization.k8s.io\n  kind: User\n  name: jane\n"
        + "- kind: ServiceAccount\n  name: robot\n  namespace: default\n")]
    [TestCase("quota q --hard=cpu=1,pods=2", "spec:\n  hard:\n    cpu: \"1\"\n    pods: \"2\"\n")]
    [TestCase("pdb p --selector=app=web --min-available=50%",
        "spec:\n  minAvailable: 50%\n  selector:\n    matchLabels:\n      app: web\n")]
    [TestCase("ingress i --rule=a.b/c*=web:80,tls=s", "spec:\n  rules:\n  - host: a.b\n    http:\n"
        + "      paths:\n      - backend:\n          service:\n            name: web\n"
        + "            port:\n              number: 80\n        path: /c\n"
        + "        pathType: Prefix\n  tls:\n  - hosts:\n    - a.b\n    secretName: s\n")]
    [TestCase("secret docker-registry s --docker-username=u --docker-password=p",
        "data:\n  .dockerconfigjson: eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOns"
        + "idXNlcm5hbWUiOiJ1IiwicGFzc3dvcmQiOiJwIiwiYXV0aCI6ImRUcHcifX19\n")]
    [TestCase("deployment d --image=nginx:1 --image=ghcr.io/a/b:2 --port=80", "      containers:\n"
        + "      - image: nginx:1\n        name: nginx\n        ports:\n"
        + "        - containerPort: 80\n        resources: {}\n      - image: ghcr.io/a/b:2\n"
        + "        name: b\n        resources: {}\n")]
    [TestCase("svc nodeport s --tcp=80:8080 --node-port=30080", "  ports:\n  - name: 80-8080\n"
        + "    nodePort: 30080\n    port: 80\n    protocol: TCP\n    targetPort: 8080\n")]
    public void A_generator_makes(string words, string part)
    {
        var result = cluster.Run($"create {words} --dry-run=client -o yaml");
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Out, Does.Contain(part));
        Assert.That(cluster.Run($"create {words}").Error, Is.Empty, "the server takes it");
    }

    [TestCase("create deployment", "error: exactly one NAME is required, got 0\nSee 'kubectl "
        + "create deployment -h' for help and examples\n")]
    [TestCase("create deploy web", "error: required flag(s) \"image\" not set\n")]
    [TestCase("create deploy web --image=a,b -- sh", "error: cannot specify multiple --image "
        + "options and command\n")]
    [TestCase("create role r --verb=get", "error: at least one resource must be specified\n")]
    [TestCase("create cm c --from-file=gone", "error: error reading gone: open gone: no such file "
        + "or directory\n")]
    [TestCase("autoscale deploy/web --max=0", "error: --max=MAXPODS is required and must be at "
        + "least 1, max: 0\n")]
    [TestCase("set resources deploy/web", "error: you must specify an update to requests or limits "
        + "(in the form of --requests/--limits)\n")]
    [TestCase("exec web", "error: you must specify at least one command for the container\nSee "
        + "'kubectl exec -h' for help and examples\n")]
    [TestCase("drain", "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and "
        + "examples\n")]
    [TestCase("wait deploy/web", "error: unrecognized condition: \"\"\n")]
    [TestCase("events --for=web", "error: --for must be in resource/name form\n")]
    [TestCase("events --types=Odd", "error: valid --types are Normal or Warning\n")]
    [TestCase("edit cm c", "error: unable to launch the editor \"vi\"\n")]
    [TestCase("top pods", "error: Metrics API not available\n")]
    [TestCase("apply -f gone.yaml", "error: the path \"gone.yaml\" does not exist\n")]
    [TestCase("get pods,svc -w", "error: watch is only supported on individual resources and "
        + "resource collections - 2 resources were found\n")]
    public void An_error_is_told_in_kubectls_words(string command, string error) =>
        Assert.That(cluster.Run(command).Error, Is.EqualTo(error));

    [Test]
    public void Templates_of_go_print_what_they_say()
    {
        cluster.Run("create cm a --from-literal=n=10 --from-literal=m=YQ==");
        cluster.Run("create cm b --from-literal=n=9");
        string Get(string template) => new Kubectl(cluster).Run(
            ["get", "cm", "-o", $"go-template={template}"]).ToString();
        Assert.Multiple(() =>
        {
            Assert.That(Get("{{range .items}}{{.metadata.name}}={{.data.n}}{{\"\\n\"}}{{end}}"),
                Is.EqualTo("a=10\nb=9\n"));
            Assert.That(Get("{{range $i, $c := .items}}{{if $i}}, {{end}}{{$c.data.m | printf "
                + "\"%5s\"}}{{end}}"), Is.EqualTo(" YQ==, <no value>"));
            Assert.That(Get("{{(index .items 0).data.m | base64decode}} {{len .items}}"),
                Is.EqualTo("a 2"));
            Assert.That(Get("{{range .items}}{{if eq .data.n \"9\"}}nine{{else if .data.m}}some"
                + "{{else}}none{{end}} {{end}}"), Is.EqualTo("some nine "));
            Assert.That(Get("{{range .nothing}}x{{else}}empty{{end}}"), Is.EqualTo("empty"));
            Assert.That(Get("{{with .items}}  {{- len . -}}  {{end}}!"), Is.EqualTo("2!"));
            Assert.That(Get("{{frob}}"), Does.StartWith("error: error executing template"));
            Assert.That(Get("{{range .items}}"), Does.StartWith("error: error parsing template"));
        });
    }

    [Test]
    public void Kyaml_quotes_texts_and_cuddles_lists()
    {
        cluster.Run("create role r --verb=get --resource=pods");
        Assert.That(cluster.Run("get role r -o kyaml").Out, Does
            .StartWith("---\n{\n  apiVersion: \"rbac.authorization.k8s.io/v1\",\n")
            .And.EndsWith("  rules: [{\n    apiGroups: [\n      \"\",\n    ],\n    resources: ["
                    + "\n      \"pods\",\n    ],\n    verbs: [\n      \"get\",\n    ],\n  }],\n"
                    + "}\n"));
    }

    [Test]
    public void Files_of_the_terminal_are_read()
    {
        var terminal = new KubectlTerminal
        {
            Files = path => path switch
            {
                "a.txt" => "one\ntwo\n",
                "cols" => "N    V\n.metadata.name .data.k\n",
                "cm.yaml" => "{apiVersion: v1, kind: ConfigMap, metadata: {name: f}, data: {k: v}}",
                _ => null,
            },
        };
        KubectlResult Run(string command) => new Kubectl(cluster).Run(command, terminal);
        Assert.That(Run("apply -f cm.yaml").Out, Is.EqualTo("configmap/f created\n"));
        Run("create cm c --from-file=a.txt");
        Assert.That(Run("get cm c -o jsonpath='{.data.a\\.txt}'").Out, Is.EqualTo("one\ntwo\n"));
        Assert.That(Run("get cm f -o custom-columns-file=cols").Out,
            Is.EqualTo("N     V\nf     v\n"));
    }

    [Test]
    public void Edit_sends_what_the_editor_changed()
    {
        cluster.Run("create cm c --from-literal=k=v");
        KubectlResult Edit(string from, string to) => new Kubectl(cluster).Run("edit cm c",
            new KubectlTerminal { Editor = t => t.Replace(from, to, StringComparison.Ordinal) });
        Assert.That(Edit("k: v", "k: w").Out, Is.EqualTo("configmap/c edited\n"));
        Assert.That(cluster.Run("get cm c -o jsonpath={.data.k}").Out, Is.EqualTo("w"));
        Assert.That(Edit("k: v", "k: x").Error, Is.EqualTo("Edit cancelled, no changes made.\n"));
    }

    [Test]
    public void Replace_takes_the_whole_object()
    {
        cluster.Run("create cm c --from-literal=k=v");
        const string New = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {l: w}}";
        Assert.That(cluster.Run("replace -f -", New).Out, Is.EqualTo("configmap/c replaced\n"));
        Assert.That(cluster.Run("get cm c -o jsonpath={.data}").Out, Is.EqualTo("{\"l\":\"w\"}"));
        Assert.That(cluster.Run("replace -f -", New.Replace("name: c", "name: d",
            StringComparison.Ordinal)).Error, Is.EqualTo("Error from server (NotFound): error when "
                + "replacing \"STDIN\": configmaps \"d\" not found\n"));
    }

    [Test]
    public void Set_changes_variables_and_resources()
    {
        cluster.Run(Web);
        cluster.Run("create cm conf --from-literal=log-level=debug");
        Assert.That(cluster.Run("set env deploy/web A=1 B=2").Out,
            Is.EqualTo("deployment.apps/web env updated\n"));
        cluster.Run("set env deploy/web A=3 B-");
        cluster.Run("set env deploy/web --from=cm/conf --prefix=P_");
        Assert.That(cluster.Run("set env deploy/web --list").Out, Is.EqualTo("# Deployment web, "
            + "container nginx\nA=3\n# P_LOG_LEVEL from configmap conf, key log-level\n"));
        Assert.That(cluster.Run("set env deploy/web A=4 --overwrite=false").Error, Is.EqualTo(
            "error: deployments/web 'A' already has a value (3), and --overwrite is false\n"));
        Assert.That(cluster.Run("set resources deploy web --limits=cpu=1 --requests=cpu=100m").Out,
            Is.EqualTo("deployment.apps/web resource requirements updated\n"));
        Assert.That(cluster.Run("get deploy web -o "
            + "jsonpath={.spec.template.spec.containers[0].resources}").Out,
            Is.EqualTo("{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":\"100m\"}}"));
    }

    [Test]
    public void Autoscale_aims_at_a_share_or_an_amount()
    {
        cluster.Run(Web);
        Assert.That(cluster.Run("autoscale deploy web --max=5 --cpu=70% --memory=200").Out,
            Is.EqualTo("horizontalpodautoscaler.autoscaling/web autoscaled\n"));
        Assert.That(cluster.Run("get hpa web -o jsonpath={.spec.metrics[*].resource.target}").Out,
            Is.EqualTo("{\"averageUtilization\":70,\"type\":\"Utilization\"} "
                + "{\"averageValue\":\"200Mi\",\"type\":\"AverageValue\"}"));
        Assert.That(cluster.Run("autoscale cm/x --max=5").ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void Diff_shows_a_new_object_whole_and_hides_secrets()
    {
        cluster.Run("create secret generic s --from-literal=k=v --save-config");
        var result = cluster.Run("diff -f -", """
            {apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: eA==}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: v}}
            """);
        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Out, Does.StartWith("diff -u -N LIVE/v1.ConfigMap.default.c "
            + "MERGED/v1.ConfigMap.default.c\n").And.Contain("\n@@ -0,0 +1,")
            .And.Contain("\n-  k: '*** (before)'\n+  k: '*** (after)'\n"));
        Assert.That(cluster.Run("diff -f -", "{apiVersion: v1, kind: Secret, metadata: {name: s}}")
            .Out, Is.Empty.Or.Contain("-  k: '***'"));
    }

    [TestCase("priorityclass", "create pc p --value=2000000 --description=x", """
        Name:              p
        Value:             2000000
        GlobalDefault:     false
        PreemptionPolicy:  PreemptLowerPriority
        Description:       x
        Annotations:       <none>
        Events:            <none>

        """)]
    [TestCase("role", "create role p --verb=get,list --resource=pods,services/status", """
        Name:         p
        Labels:       <none>
        Annotations:  <none>
        PolicyRule:
          Resources        Non-Resource URLs  Resource Names  Verbs
          ---------        -----------------  --------------  -----
          pods             []                 []              [get list]
          services/status  []                 []              [get list]

        """)]
    [TestCase("rolebinding", "create rolebinding p --role=r --user=jane", """
        Name:         p
        Labels:       <none>
        Annotations:  <none>
        Role:
          Kind:  Role
          Name:  r
        Subjects:
          Kind  Name  Namespace
          ----  ----  ---------
          User  jane  

        """)]
    public void A_simple_kind_is_described_by_its_template(
        string kind, string create, string description)
    {
        Assert.That(cluster.Run(create).Error, Is.Empty);
        Assert.That(cluster.Run($"describe {kind} p").Out.TrimEnd('\n'),
            Is.EqualTo(description.ReplaceLineEndings("\n").TrimEnd('\n')));
    }

    [Test]
    public void A_policy_of_the_network_is_described_rule_by_rule()
    {
        cluster.Run("apply -f -", """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: p}
            spec:
              podSelector: {matchLabels: {app: db}}
              policyTypes: [Ingress]
              ingress:
              - ports: [{port: 80, protocol: TCP}]
                from: [{podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {}}]
              - {}
            """);
        Assert.That(cluster.Run("describe netpol p").Out, Is.EqualTo("""
            Name:         p
            Namespace:    default
            Created on:   2025-01-01 00:00:00 +0000 UTC
            Labels:       <none>
            Annotations:  <none>
            Spec:
              PodSelector:     app=db
              Allowing ingress traffic:
                To Port: 80/TCP
                From:
                  PodSelector: app=web
                From:
                  NamespaceSelector: <none>
                ----------
                To Port: <any> (traffic allowed to all ports)
                From: <any> (traffic not restricted by source)
              Not affecting egress traffic
              Policy Types: Ingress

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void A_watch_prints_a_row_for_each_change_and_keeps_its_columns()
    {
        cluster.Run("create cm a --from-literal=k=v");
        cluster.Meanwhile.Enqueue(() => cluster.Run("create cm longer-name"));
        cluster.Meanwhile.Enqueue(() => cluster.Run("delete cm a"));
        Assert.That(cluster.Run("get cm -w").Out, Is.EqualTo("NAME   DATA   AGE\na      1      0s\n"
            + "longer-name   0      0s\na             1      0s\n"));
    }

    [Test]
    public void A_watch_ends_after_the_steps_of_the_terminal()
    {
        var real = new Cluster(nodes: 1);
        real.Kubectl(Web);
        var some = real.Kubectl("get pods -w", new KubectlTerminal { Steps = 4 });
        Assert.That(real.StepCount, Is.EqualTo(4));
        var rest = real.Kubectl("get pods -w");
        Assert.That(real.IsConverged, Is.True);
        Assert.That(some.Out + rest.Out, Does.Contain("Pending").And.Contain("ContainerCreating")
            .And.Contain("Running"));
    }

    [Test]
    public void Drain_refuses_lone_pods_and_waits_until_the_others_are_gone()
    {
        var real = new Cluster(nodes: 2);
        real.Kubectl(Web);
        real.Kubectl("run lone --image=nginx");
        real.Converge();
        var node = real.List<Pod>().First(p => p.Metadata.Name == "lone").Spec.NodeName;
        Assert.That(real.Kubectl($"drain {node}"), Is.EqualTo(new KubectlResult(1,
            $"node/{node} cordoned\n",
            $"error: unable to drain node \"{node}\" due to error: cannot delete Pods that declare "
            + "no controller (use --force to override): default/lone, "
            + $"continuing command...\nThere are pending nodes to be drained:\n {node}\n"
            + "cannot delete Pods that declare no controller (use --force to override): "
            + "default/lone\n")));
        var forced = real.Kubectl($"drain {node} --force");
        Assert.That(forced.Error, Is.EqualTo(
            "Warning: deleting Pods that declare no controller: default/lone\n"));
        Assert.That(forced.Out, Does.StartWith($"node/{node} already cordoned\nevicting pod ")
            .And.Contain("pod/lone evicted\n").And.EndsWith($"node/{node} drained\n"));
        Assert.That(real.List<Pod>().Any(p => p.Spec.NodeName == node), Is.False);
    }

    [Test]
    public void Top_reads_what_was_said_of_pods()
    {
        var real = new Cluster(nodes: 1);
        real.Kubectl(Web);
        real.AddOn("metrics-server");
        real.Metrics("default", "app=web", cpu: "400m", memory: "64Mi");
        real.Converge();
        var name = real.List<Pod>("default")[0].Metadata.Name;
        Assert.That(real.Kubectl($"top pod {name}").ToString(), Is.EqualTo(
            $"NAME                   CPU(cores)   MEMORY(bytes)   \n{name}   400m         64Mi"
            + "            \n".PadLeft(13)));
        Assert.That(real.Kubectl("top nodes").Out, Is.EqualTo(
            "NAME     CPU(cores)   CPU(%)   MEMORY(bytes)   MEMORY(%)   \n"
            + "node-1   800m         20%      128Mi           0%          \n"));
    }

    [Test]
    public void Exec_runs_what_containers_know()
    {
        var real = new Cluster(nodes: 1);
        real.Kubectl("run a --image=nginx --env=COLOR=red");
        real.Converge();
        Assert.That(real.Kubectl("exec a -- printenv COLOR").Out, Is.EqualTo("red\n"));
        var failed = real.Kubectl("exec a -- sh -c 'exit 3'");
        Assert.That((failed.ExitCode, failed.Error),
            Is.EqualTo((3, "command terminated with exit code 3\n")));
        Assert.That(real.Kubectl("exec a -- frob").ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void Somebody_else_is_asked_for_what_they_may_do()
    {
        var real = new Cluster(nodes: 1);
        real.Kubectl("create rolebinding b --clusterrole=view --user=jane");
        Assert.That(real.Kubectl("auth can-i get pods --as jane").Out, Is.EqualTo("yes\n"));
        Assert.That(real.Kubectl("auth can-i delete pods --as jane"),
            Is.EqualTo(new KubectlResult(1, "no\n", "")));
        Assert.That(real.Kubectl("auth can-i --list --as jane").Out,
            Does.StartWith("Resources ").And.Contain("pods/log ").And.Contain("[get list watch]"));
        Assert.That(real.Kubectl("delete pod x --as jane").Error,
            Does.StartWith("Error from server (Forbidden): pods \"x\" is forbidden: User \"jane\" "
                + "cannot"));
    }

    [Test]
    public void Events_are_listed_by_time_and_chosen_by_object_and_type()
    {
        var real = new Cluster(nodes: 1);
        real.Kubectl("run a --image=nosuch");
        real.Run(TimeSpan.FromSeconds(30));
        var all = real.Kubectl("events --for pod/a").Out;
        Assert.That(all, Does.StartWith("LAST SEEN").And.Contain("Pod/a").And.Contain("Scheduled"));
        Assert.That(real.Kubectl("events --types=Warning --no-headers").Out,
            Does.Contain("Failed").And.Not.Contain("Scheduled"));
        Assert.That(real.Kubectl("events -n kube-public").Error,
            Is.EqualTo("No events found in kube-public namespace.\n"));
    }

    [Test]
    public void Api_versions_and_the_config_are_shown()
    {
        Assert.That(cluster.Run("api-versions").Out.Split('\n'),
            Is.SupersetOf((string[])["apps/v1", "batch/v1", "v1"]));
        Assert.That(cluster.Run("config current-context").Out,
            Is.EqualTo("kubernetes-admin@kubernetes\n"));
        Assert.That(cluster.Run("config frob").Error, Does.StartWith("error: unknown command"));
    }

    [TestCase("--sort-by=name -o name --categories=all", "cronjobs.batch daemonsets.apps "
        + "deployments.apps horizontalpodautoscalers.autoscaling jobs.batch pods replicasets.apps "
        + "replicationcontrollers services statefulsets.apps ")]
    [TestCase("--sort-by=kind -o name --api-group=apps", "controllerrevisions.apps "
        + "daemonsets.apps deployments.apps replicasets.apps statefulsets.apps ")]
    [TestCase("-o name --namespaced=false --verbs=list,create --api-group=storage.k8s.io",
        "csidrivers.storage.k8s.io csinodes.storage.k8s.io storageclasses.storage.k8s.io "
        + "volumeattachments.storage.k8s.io volumeattributesclasses.storage.k8s.io ")]
    public void Kinds_are_chosen_and_sorted(string flags, string names) => Assert.That(
        cluster.Run($"api-resources {flags}").ToString().Replace('\n', ' '), Is.EqualTo(names));

    [Test]
    public void Wide_kinds_show_verbs_and_categories() => Assert.That(
        cluster.Run("api-resources -o wide --namespaced --categories=all --api-group=").Out
            .Split('\n')[..2], Is.EqualTo((string[])[
            "NAME                     SHORTNAMES   APIVERSION   NAMESPACED   KIND         "
            + "           VERBS                                                        CATEGORIES",
            "pods                     po           v1           true         Pod          "
            + "           create,delete,deletecollection,get,list,patch,update,watch   all"]));

    [TestCase("condition=Available --timeout=0s", "error: condition not met for deployments/web\n")]
    [TestCase("condition=Progressing=false", "")]
    [TestCase("condition=progressing=True", "error: timed out waiting for the condition on "
        + "deployments/web\n")]
    [TestCase("jsonpath={.spec.replicas}=2", "")]
    [TestCase("jsonpath=.spec.replicas", "")]
    [TestCase("jsonpath={..containers[?(@.name==\"nginx\")].image}='nginx:1'", "")]
    [TestCase("jsonpath={.spec.selector}=x",
        "error: jsonpath leads to a nested object or list which is not supported\n")]
    [TestCase("jsonpath={.status.conditions[*].type}=x",
        "error: given jsonpath expression matches more than one value\n")]
    [TestCase("jsonpath={.a}=", "error: jsonpath wait has to have a value after equal sign, like "
        + "--for=jsonpath='{.status.readyReplicas}'=3\n")]
    [TestCase("jsonpath={.a}=b=c", "error: jsonpath wait format must be "
        + "--for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'"
        + "\n")]
    [TestCase("Create", "")]
    [TestCase("delete", "error: timed out waiting for the condition on deployments/web\n")]
    [TestCase("gone", "error: unrecognized condition: \"gone\"\n")]
    public void A_wait_holds_or_says_what_does_not(string wanted, string error)
    {
        cluster.Run(Web);
        cluster.Put("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
              "namespace":"default"},"status":{"observedGeneration":1,"conditions":[
              {"type":"Progressing","status":"False"},{"type":"Other","status":"True"}]}}
            """);
        Assert.That(new Kubectl(cluster).Run(["wait", "deploy/web", "--for",
            .. wanted.Split(" --timeout=") is [var a, var b] ? [a, "--timeout", b]
                : (string[])[wanted]]), Is.EqualTo(error.Length > 0
                    ? new KubectlResult(1, "", error)
                    : new KubectlResult(0, "deployment.apps/web condition met\n", "")));
    }

    [Test]
    public void A_condition_of_an_older_generation_does_not_count()
    {
        cluster.Run(Web);
        cluster.Run("set image deploy web nginx=nginx:2");
        cluster.Put("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
              "namespace":"default"},"status":{"observedGeneration":1,"conditions":[
              {"type":"Available","status":"True"}]}}
            """);
        Assert.That(cluster.Run("wait deploy/web --for=condition=available").ExitCode,
            Is.EqualTo(1));
    }

    [Test]
    public void Several_waits_that_end_late_are_lines_without_a_word_before_them()
    {
        cluster.Run("create cm a");
        cluster.Run("create cm b");
        Assert.That(cluster.Run("wait cm a b --for=jsonpath={.data.x}").Error, Is.EqualTo(
            "timed out waiting for the condition on configmaps/a\n"
            + "timed out waiting for the condition on configmaps/b\n"));
    }

    [Test]
    public void A_wait_for_what_is_not_there_yet_ends_when_it_comes()
    {
        cluster.Meanwhile.Enqueue(() => cluster.Run("create cm a"));
        Assert.That(cluster.Run("wait cm/a --for=create -o name").Out, Is.EqualTo("configmap/a\n"));
    }

    [Test]
    public void A_watch_can_say_what_happened()
    {
        cluster.Run("create cm a --from-literal=k=v");
        void Change()
        {
            cluster.Meanwhile.Enqueue(() => cluster.Run("label cm a x=y"));
            cluster.Meanwhile.Enqueue(() => cluster.Run("delete cm a"));
        }
        Change();
        Assert.That(cluster.Run("get cm -w --output-watch-events").Out, Is.EqualTo(
            "EVENT      NAME   DATA   AGE\nADDED      a      1      0s\n"
            + "MODIFIED   a      1      0s\nDELETED    a      1      0s\n"));
        cluster.Run("create cm a");
        Change();
        Assert.That(cluster.Run("get cm a --watch-only -o jsonpath={.metadata.labels}").Out,
            Is.EqualTo("{\"x\":\"y\"}{\"x\":\"y\"}"));
        cluster.Run("create cm a");
        Change();
        Assert.That(cluster.Run("get cm a -w --output-watch-events -o json").Out.Split('\n')
            .Select(l => l.Split(',')[0]), Is.EqualTo((string[])["{\"type\":\"ADDED\"",
                "{\"type\":\"MODIFIED\"", "{\"type\":\"DELETED\"", ""]));
        cluster.Run("create cm a");
        Change();
        Assert.That(cluster.Run("get cm a -w -o yaml").Out.Split("---\n"), Has.Length.EqualTo(3));
        Assert.That(cluster.Run("get cm --output-watch-events").Error, Is.EqualTo("error: "
            + "--output-watch-events option can only be used with --watch or --watch-only\nSee "
            + "'kubectl get -h' for help and examples\n"));
    }

    [Test]
    public void Events_that_come_are_shown_as_they_come()
    {
        const string Event = "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{"
            + "\"name\":\"NAME\",\"namespace\":\"default\"},\"involvedObject\":{\"kind\":"
            + "\"Pod\",\"name\":\"a\"},\"type\":\"TYPE\",\"reason\":\"NAME\","
            + "\"message\":\"m\"}";
        cluster.Run("run a --image=x");
        void Put(string name, string type) => cluster.Put(Event
            .Replace("NAME", name, StringComparison.Ordinal)
            .Replace("TYPE", type, StringComparison.Ordinal));
        Put("Pulled", "Normal");
        cluster.Meanwhile.Enqueue(() => Put("Failed", "Warning"));
        cluster.Meanwhile.Enqueue(() => Put("Started", "Normal"));
        Assert.That(cluster.Run("events --for pod/a --types=Normal -w").Out, Is.EqualTo(
            "LAST SEEN   TYPE     REASON   OBJECT   MESSAGE\n"
            + "<unknown>   Normal   Pulled   Pod/a    m\n"
            + "<unknown>   Normal   Started   Pod/a    m\n"));
    }

    [Test]
    public void A_patch_that_tests_in_vain_is_told_with_the_servers_words()
    {
        cluster.Run("create cm a");
        Assert.That(new Kubectl(cluster).Run(["patch", "cm", "a", "--type=json", "-p",
            "[{\"op\":\"test\",\"path\":\"/data/x\",\"value\":1}]"]).Error, Is.EqualTo(
            "The request is invalid: the server rejected our request due to an error in our "
            + "request\n"));
    }

    [Test]
    public void Kyaml_keeps_lines_and_quotes_what_could_be_misread()
    {
        var node = System.Text.Json.Nodes.JsonNode.Parse("""
            {"note":"one\n  two \"q\"\n\nend","no":"","a-b/c.d_e":[],"0x1f":{},"-a":null,
             "1e3":[[1],{"k":"\u0007é\u00a0\u200b"}],"2025-01-02":true,"1abc":"x\ny\n","a:b":1.5}
            """)!;
        Assert.That(KYaml.Write(node), Is.EqualTo("""
            ---
            {
              "-a": null,
              "0x1f": {},
              1abc: "\
                 x\n\
                 y\n\
                ",
              "1e3": [[
                1,
              ], {
                k: "\aé\_\u200b",
              }],
              "2025-01-02": true,
              a-b/c.d_e: [],
              "a:b": 1.5,
              "no": "",
              note: "\
                 one\n\
                \  two \"q\"\n\
                 \n\
                 end\
                ",
            }

            """.ReplaceLineEndings("\n")));
        Assert.That(ManifestYaml.Read(KYaml.Write(node), 1).First().Root!["note"]!.ToString(),
            Is.EqualTo("one\n  two \"q\"\n\nend"), "and it is YAML");
    }

    [Test]
    public void Evictions_that_meet_on_a_budget_are_half_a_second_apart()
    {
        var real = new Cluster(nodes: 3);
        real.Kubectl("create deployment web --image=nginx:1 --replicas=6");
        real.Kubectl("create pdb web --selector=app=web --min-available=3");
        real.Converge();
        var node = real.List<Pod>("default")[0].Spec.NodeName;
        var start = real.Now;
        var drained = real.Kubectl($"drain {node} --timeout=60s");
        var pods = drained.Out.Split('\n').Count(l => l.StartsWith("evicting",
            StringComparison.Ordinal));
        Assert.That(drained.Error, Is.Empty, "nobody waits for five seconds");
        Assert.That(pods, Is.GreaterThan(1));
        Assert.That(real.Now - start, Is.GreaterThan(TimeSpan.FromSeconds(0.5 * (pods - 1))));
        Assert.That(drained.Out, Does.Match("^node/.* cordoned\n(evicting pod .*\n)+"
            + "(pod/web-.* evicted\n)+node/.* drained\n$"));
    }

    [Test]
    public void What_was_changed_can_be_printed_in_any_format()
    {
        cluster.Run(Web);
        Assert.That(cluster.Run("scale deploy web --replicas=4 -o name").Out,
            Is.EqualTo("deployment.apps/web\n"));
        Assert.That(cluster.Run("label deploy web a=b -o jsonpath={.metadata.labels.a}").Out,
            Is.EqualTo("b"));
        Assert.That(cluster.Run("set image deploy/web nginx=nginx:9 -o "
            + "jsonpath={..image}").Out, Is.EqualTo("nginx:9"));
        Assert.That(cluster.Run("get cm none -o yaml --ignore-not-found").ToString(), Is.Empty);
        Assert.That(cluster.Run("get cm none -o yaml").Out, Is.Empty);
        Assert.That(cluster.Run("get pods,cm --no-headers").ToString(), Is.Not.Empty);
    }

    [TestCase("get pods --context=other", "error: context \"other\" does not exist\n")]
    [TestCase("get pods --warnings-as-errors", "No resources found in default namespace.\n")]
    [TestCase("create cm a --dry-run", "error: --dry-run flag without a value was specified. A "
        + "value must be set: \"none\", \"server\", or \"client\".\n")]
    [TestCase("cluster-info dump", "error: cluster-info dump is not supported here\n")]
    [TestCase("apply -k base", "error: --kustomize is not supported here\n")]
    [TestCase("delete cm a --cascade=maybe", "error: invalid cascade value (maybe). Must be "
        + "\"background\", \"foreground\", or \"orphan\"\n")]
    [TestCase("logs nope", "error: error from server (NotFound): pods \"nope\" not found in "
        + "namespace \"default\"\n")]
    [TestCase("logs a -c b --all-containers", "error: --all-containers=true should not be "
        + "specified with container name b\n")]
    [TestCase("logs a b -c b", "error: only one of -c or an inline [CONTAINER] arg is allowed\n")]
    [TestCase("logs a --tail=-2", "error: --tail must be greater than or equal to -1\n")]
    [TestCase("logs a --since=1s --since-time=2025-01-01T00:00:00Z",
        "error: at most one of `sinceTime` or `sinceSeconds` may be specified\n")]
    [TestCase("logs a -l b=c", "error: only a selector (-l) or a POD name is allowed\nSee 'kubectl "
        + "logs -h' for help and examples\n")]
    public void A_flag_is_taken_at_its_word(string command, string error) =>
        Assert.That(cluster.Run(command).ToString(), Is.EqualTo(error));

    [Test]
    public void Help_names_commands_and_flags()
    {
        Assert.That(cluster.Run("help").Out, Does.Contain("\n  rollout status\n"));
        Assert.That(cluster.Run("get -h").Out, Does.StartWith("Usage:\n  kubectl get [flags]\n")
            .And.Contain("    -o, --output\n").And.Contain("Not supported here:\n"));
    }
}
