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
            + $"continuing command...\nThere are pending nodes to be drained:\n {node}\nerror: "
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
}
