using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>No flag of a command is taken and then ignored: the command asks for it, or refuses it
/// in so many words.</summary>
public sealed class KubectlFlagTests
{
    private const string Pod = "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {k: v}}, "
        + "spec: {nodeName: n1, containers: [{name: c, image: x}]}}";

    // What each command is run with, so that it comes as far as its flags; of several lines one
    // must ask for the flag. {0} is the flag.
    private static readonly Dictionary<string, string[]> lines = new(StringComparer.Ordinal)
    {
        ["get"] = ["pods {0}", "pod nope {0}", "pods -w {0}", "-f - {0}", "pods -o name {0}",
            "pods -o yaml {0}"],
        ["describe"] = ["pod a {0}"],
        ["apply"] = ["-f - {0}", "-f new {0}"],
        ["diff"] = ["-f - {0}"],
        ["create"] = ["-f - {0}"],
        ["edit"] = ["pod a {0}"],
        ["replace"] = ["-f - {0}", "-f - --force {0}"],
        ["delete"] = ["pod a {0}", "pod nope {0}", "pods {0}", "pod a --wait {0}"],
        ["scale"] = ["deploy d --replicas=2 {0}", "deploy --replicas=2 {0}"],
        ["label"] = ["pod a x=w {0}", "pod a k=w {0}", "pods k=w {0}"],
        ["annotate"] = ["deploy e k=w {0}", "pod a x=w {0}", "pods k=w {0}"],
        ["patch"] = ["pod a -p {} {0}", "pod a {0}"],
        ["set image"] = ["deploy d x=y {0}", "deploy x=y {0}"],
        ["set env"] = ["deploy d A=b {0}", "deploy A=b {0}", "deploy d --from=cm/m {0}",
            "deploy e A=b {0}"],
        ["set resources"] = ["deploy d --limits=cpu=1 {0}", "deploy --limits=cpu=1 {0}"],
        ["rollout status"] = ["deploy d --timeout=0s {0}", "deploy {0}"],
        ["rollout history"] = ["deploy d {0}", "deploy {0}"],
        ["rollout undo"] = ["deploy d {0}", "deploy {0}", "ds s {0}"],
        ["rollout restart"] = ["deploy d {0}", "deploy {0}"],
        ["rollout pause"] = ["deploy d {0}", "deploy {0}"],
        ["rollout resume"] = ["deploy e {0}", "deploy {0}"],
        ["explain"] = ["pod {0}"],
        ["run"] = ["b --image=x {0}", "b --image=x --port=80 {0}"],
        ["expose"] = ["deploy d --port=80 {0}"],
        ["cordon"] = ["n1 {0}", "{0}"],
        ["uncordon"] = ["n1 {0}", "{0}"],
        ["taint"] = ["nodes n1 k=v:NoSchedule {0}", "nodes n2 k=v:NoSchedule {0}",
            "nodes k=v:NoSchedule {0}"],
        ["wait"] = ["pod a --for=create {0}", "pods --for=condition=Ready {0}", "-f - {0}"],
        ["logs"] = ["a {0}", "w {0}", "deploy/d {0}", "{0}"],
        ["exec"] = ["w {0} -- date", "w -i {0} -- date", "deploy/d {0} -- date"],
        ["debug"] = ["w {0}", "w --image=i {0}"], ["events"] = ["{0}"],
        ["create token"] = ["default {0}"],
        ["auth can-i"] = ["get pods {0}", "--list {0}"],
        ["drain"] = ["n1 --force {0}", "n1 {0}",
            "n1 --force --delete-emptydir-data --ignore-daemonsets {0}", "{0}"],
        ["autoscale"] = ["deploy d --max=2 {0}", "-f - --max=2 {0}"],
        ["top pod"] = ["{0}"],
        ["top node"] = ["{0}"],
        ["create deployment"] = ["b --image=x {0}"],
        ["create job"] = ["b --image=x {0}", "b {0}"],
        ["create cronjob"] = ["b --image=x --schedule=* {0}"],
        ["create secret tls"] = ["b --cert=- --key=- {0}"],
        ["create secret docker-registry"] =
            ["b --docker-username=u --docker-password=p {0}"],
        ["create service externalname"] = ["b --external-name=x {0}"],
        ["create service clusterip"] = ["b --tcp=80 {0}"],
        ["create service nodeport"] = ["b --tcp=80 {0}"],
        ["create service loadbalancer"] = ["b --tcp=80 {0}"],
        ["create poddisruptionbudget"] = ["b --selector=a=b --min-available=1 {0}"],
        ["create ingress"] = ["b --rule=a/b=c:80 {0}"],
        ["create role"] = ["b --verb=get --resource=pods {0}"],
        ["create clusterrole"] = ["b --verb=get --resource=pods {0}"],
        ["create rolebinding"] = ["b --role=r {0}"],
        ["create clusterrolebinding"] = ["b --clusterrole=r {0}"],
    };

    private static readonly Dictionary<string, string> values = new(StringComparer.Ordinal)
    {
        ["output"] = "name", ["timeout"] = "1s", ["filename"] = "-", ["selector"] = "k=v",
        ["field-selector"] = "metadata.name=a", ["patch"] = "{}", ["for"] = "create",
        ["dry-run"] = "client", ["limits"] = "cpu=1", ["requests"] = "cpu=1",
        ["from"] = "cronjob/c", ["pod-running-timeout"] = "1s", ["types"] = "Normal",
        ["since"] = "1s",
        ["type"] = "merge", ["cascade"] = "background", ["hard"] = "cpu=1",
        ["from-literal"] = "a=b", ["from-file"] = "-", ["from-env-file"] = "-",
        ["rule"] = "a/b=c:80",
        ["sort-by"] = "{.metadata.name}", ["api-version"] = "v1", ["duration"] = "1h",
        ["default-backend"] = "a:80", ["resource"] = "pods", ["serviceaccount"] = "a:b",
        ["max-unavailable"] = "1",
    };

    // Taken, and rightly without effect: nothing is cached here, and one context is the shortest.
    private static readonly string[] idle = ["api-resources cached", "config view minify"];

    private static IEnumerable<TestCaseData> Taken() => Flags(false);

    private static IEnumerable<TestCaseData> Refused() => Flags(true);

    private static IEnumerable<TestCaseData> Flags(bool refused) =>
        from command in KubectlCommands.All
        from flag in CommandFlags.Declared(command.Flags)
        where flag.Refused == refused && !idle.Contains($"{command.Name} {flag.Name}")
        select new TestCaseData(command.Name, flag.Name, flag.Bare is null)
            .SetArgDisplayNames(command.Name, flag.Name);

    [TestCaseSource(nameof(Taken))]
    public void A_flag_that_is_taken_is_asked_for(string command, string flag, bool valued)
    {
        var asked = lines.GetValueOrDefault(command, ["b {0}", "{0}"]).SelectMany(line =>
        {
            var text = valued ? $"--{flag}={values.GetValueOrDefault(flag, "1")}" : $"--{flag}";
            var call = new Invocation(Cluster(), new()
            {
                Input = Pod, Files = path => path != "new" ? Pod
                    : Pod.Replace("name: a", "name: b", StringComparison.Ordinal),
                Editor = t => t.Replace(
                    "k: v", "k: w", StringComparison.Ordinal),
            });
            try
            {
                call.Run(ShellWords.Split($"{command} {line.Replace("{0}", text,
                    StringComparison.Ordinal)}"));
            }
            catch (Exception e) when (e is KubectlException or ApiException)
            {
                // How far it came is all that counts.
            }
            return call.Flags.Asked;
        });
        Assert.That(asked.Contains(flag), $"{command} --{flag}");
    }

    [TestCaseSource(nameof(Refused))]
    public void A_flag_that_is_not_supported_is_refused(string command, string flag, bool valued) =>
        Assert.That(new KubectlFixture().Run($"{command} x --{flag}{(valued ? "=1" : "")}"),
            Is.EqualTo(new KubectlResult(1, "", $"error: --{flag} is not supported here\n")));

    private static KubectlFixture Cluster()
    {
        var cluster = new KubectlFixture();
        foreach (var command in (string[])["create ns default", "create sa default",
            "create deploy d --image=x", "create cm m --from-literal=a=b"])
        {
            cluster.Run(command);
        }
        Assert.That(cluster.Run("apply -f -", Pod).Error, Is.Empty);
        foreach (var o in state)
        {
            cluster.Put(o);
        }
        cluster.Logs = new Machines();
        return cluster;
    }

    private static readonly string[] state =
    [
        """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}""",
        """
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"n2"},
         "spec":{"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]}}
        """,
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"w","namespace":"default"},
         "spec":{"nodeName":"n1","containers":[{"name":"c","image":"x"}],
          "initContainers":[{"name":"i","image":"x"}],
          "volumes":[{"name":"v","emptyDir":{}}]},
         "status":{"phase":"Running","containerStatuses":[{"name":"c","image":"x","imageID":"",
          "ready":true,"restartCount":0,"containerID":"x://1",
          "state":{"running":{"startedAt":"2025-01-01T00:00:00Z"}}}]}}
        """,
        """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e","namespace":"default",
          "annotations":{"k":"v"}},
         "spec":{"paused":true,"selector":{"matchLabels":{"k":"v"}},"template":{
          "metadata":{"labels":{"k":"v"}},
          "spec":{"containers":[{"name":"x","image":"x","env":[{"name":"A","value":"z"}]}]}}}}
        """,
        """
        {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"s","namespace":"default",
          "uid":"s"},"spec":{"selector":{"matchLabels":{"k":"v"}},
          "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,
           "maxSurge":0}},"template":{"metadata":{"labels":{"k":"v"}},"spec":{
           "restartPolicy":"Always","dnsPolicy":"ClusterFirst",
           "containers":[{"name":"x","image":"x"}]}}}}
        """,
        """
        {"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"s-1",
          "namespace":"default","ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet",
          "name":"s","uid":"s","controller":true}]},"revision":1,
          "data":{"spec":{"template":{"metadata":{"labels":{"k":"v","q":"r"}}}}}}
        """,
        """
        {"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"s-2",
          "namespace":"default","ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet",
          "name":"s","uid":"s","controller":true}]},"revision":2,"data":{}}
        """,
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"sp","namespace":"default",
          "ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","name":"s","uid":"s",
           "controller":true}]},
         "spec":{"nodeName":"n1","containers":[{"name":"c","image":"x"}]},
         "status":{"phase":"Running"}}
        """,
        """
        {"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"default"},
         "involvedObject":{"kind":"Pod","name":"a"},"type":"Normal","reason":"R","message":"m"}
        """,
        """
        {"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService",
         "metadata":{"name":"v1beta1.metrics.k8s.io"},
         "spec":{"service":{"namespace":"default","name":"metrics"}}}
        """,
        """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
         "metadata":{"name":"m","namespace":"default",
          "labels":{"kubernetes.io/service-name":"metrics"}},
         "endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true}}]}
        """,
    ];

    private sealed class Machines : IContainerLogs
    {
        public bool Reaches(Pod pod) => true;

        public IReadOnlyList<LogLine>? Read(Pod pod, string container, string containerId) =>
            [new(default, "one"), new(default, "two")];

        public ExecResult? Exec(
            Pod pod, string container, string containerId, Seq<string> command) => null;
    }
}
