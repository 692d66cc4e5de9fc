using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What a client of HTTP gets, and from whom.</summary>
public sealed class RequestTests
{
    private const string Site = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: main, image: "traefik/whoami:v1.10", ports: [{containerPort: 80}]}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web},
         spec: {selector: {app: web}, ports: [{port: 80}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: client},
         spec: {containers: [{name: main, image: busybox, command: [sleep, "9999"]}]}}
        """;

    private static Cluster Web(string manifest = Site)
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply(manifest);
        Assert.That(cluster.Converge().Met, Is.True);
        return cluster;
    }

    private static Cluster One(string container) => Web("""
        {apiVersion: v1, kind: Pod, metadata: {name: client},
         spec: {containers: [{name: main, image: busybox, command: [sleep, "9999"]}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: server}, spec: {containers: [{name: main,
        """ + $" {container}}}]}}}}");

    [Test]
    public void A_server_that_names_itself_names_the_pod_that_the_rules_chose()
    {
        var cluster = Web();
        var replies = Enumerable.Range(0, 30).Select(_ => cluster.Request("client", "web/x?y"))
            .ToList();
        Assert.That(replies.Select(r => r.ServedBy!.Value.Name).Distinct().Count(), Is.EqualTo(3));
        foreach (var reply in replies)
        {
            Assert.That(reply.Body, Does.StartWith($"Hostname: {reply.ServedBy!.Value.Name}\n"));
            Assert.That(reply.Body, Does.Contain("GET /x?y HTTP/1.1\nHost: web\n"));
            Assert.That(reply.Status, Is.EqualTo(200));
        }
    }

    [TestCase("image: nginx", 80, "/", 200, "<h1>Welcome to nginx!</h1>\n")]
    [TestCase("image: nginx", 80, "/nosuch", 404, "<h1>404 Not Found</h1>\n")]
    [TestCase("image: hashicorp/http-echo, args: ['-text=blue']", 5678, "/", 200, "blue\n")]
    [TestCase("image: hashicorp/http-echo, args: ['-listen=:8080', '-text=a b']", 8080, "/", 200,
        "a b\n")]
    [TestCase("image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', args: [netexec]", 8080,
        "/hostname", 200, "server")]
    [TestCase("image: mine, ports: [{containerPort: 7000}]", 7000, "/", 200, "server\n")]
    [TestCase("image: busybox, command: [sh, -c, 'httpd -f -p 8000']", 8000, "/", 200, "server\n")]
    public void An_image_answers_as_it_does(
        string container, int port, string path, int status, string body)
    {
        var cluster = One(container);
        var ip = cluster.Get<Pod>("server").Status.PodIP;
        var reply = cluster.Request("client", $"http://{ip}:{port}{path}");
        Assert.That((reply.Status, reply.Body), Is.EqualTo((status, body)), $"{reply}");
    }

    [TestCase("image: nginx, ports: [{containerPort: 8080}]", 8080)]
    [TestCase("image: nginx", 443)]
    [TestCase("image: mine", 80)]
    [TestCase("image: hashicorp/http-echo, args: ['-listen=:8080']", 5678)]
    [TestCase("image: busybox, command: [sleep, '999'], ports: [{containerPort: 80}]", 80)]
    public void Where_no_program_listens_a_connection_is_refused(string container, int port)
    {
        var cluster = One(container);
        var ip = cluster.Get<Pod>("server").Status.PodIP;
        Assert.That(cluster.Send("client", $"{ip}:{port}").Outcome,
            Is.EqualTo(SendOutcome.Refused));
        Assert.That(cluster.Request("client", $"http://{ip}:{port}/").Error, Is.EqualTo(
            $"(7) Failed to connect to {ip} port {port} after 0 ms: Could not connect to server"));
    }

    [Test]
    public void A_kept_connection_stays_with_its_pod_while_new_ones_are_balanced()
    {
        var cluster = Web();
        var kept = cluster.Connect("client", "http://web");
        var served = Enumerable.Range(0, 20).Select(_ => kept.Request().ServedBy).Distinct();
        Assert.That(served, Is.EqualTo(new ObjectKey?[] { kept.Receiver }));
        cluster.Kubectl("scale deployment web --replicas=6");
        cluster.Converge();
        Assert.That(kept.Request().ServedBy, Is.EqualTo(kept.Receiver), "six, and still the one");
    }

    [Test]
    public void A_server_that_is_told_to_stop_closes_its_door_and_ends()
    {
        var cluster = Web();
        var kept = cluster.Connect("client", "web");
        var pod = kept.Receiver!.Value;
        cluster.Kubectl($"delete pod {pod.Name}");
        Assert.That(kept.Request().Status, Is.EqualTo(200), "deleted, not told yet");
        cluster.RunUntil(c => c.Find<Pod>("default", pod.Name) is null);
        Assert.That(kept.Request().Error,
            Is.EqualTo("(56) Recv failure: Connection reset by peer"));
        Assert.That(kept.IsOpen, Is.False);
        Assert.That(cluster.Request("client", "web").Status, Is.EqualTo(200), "others are there");
    }

    [Test]
    public void A_program_that_finishes_its_work_says_goodbye_on_kept_connections()
    {
        var cluster = One("image: 'mine:slowstop-10', ports: [{containerPort: 80}]");
        var kept = cluster.Connect("client", cluster.Get<Pod>("server").Status.PodIP!);
        cluster.Kubectl("delete pod server --wait=false");
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(kept.Request().Headers.Get("Connection"), Is.EqualTo("close"));
        Assert.That(kept.IsOpen, Is.False);
        Assert.That(cluster.Connect("client", kept.Trace.To).Trace.Outcome,
            Is.EqualTo(SendOutcome.Refused), "its door is closed, though it still runs");
    }

    [Test]
    public void What_goes_wrong_is_told_as_curl_tells_it()
    {
        var cluster = Web();
        Assert.That(cluster.Request("client", "http://nosuch/").ToString(),
            Is.EqualTo("curl: (6) Could not resolve host: nosuch"));
        var kept = cluster.Connect("client", "web");
        cluster.Faults.Crash(cluster.Get<Pod>(kept.Receiver!.Value.Name).Spec.NodeName!);
        Assert.That(kept.Request().Error, Is.EqualTo("(28) Operation timed out"));
    }

    [Test]
    public void A_server_that_fell_ill_runs_on_and_answers_500()
    {
        var cluster = Web();
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: ill}, spec: {containers: [{"
            + "name: a, image: registry.k8s.io/e2e-test-images/agnhost:2.40, args: [liveness]}]}}");
        cluster.RunUntil(c => c.Get<Pod>("ill").IsReady);
        var url = $"http://{cluster.Get<Pod>("ill").Status.PodIP}:8080/healthz";
        Assert.That(cluster.Request("client", url).Status, Is.EqualTo(200));
        cluster.Run(TimeSpan.FromSeconds(15));
        Assert.That(cluster.Request("client", url).Status, Is.EqualTo(500));
        Assert.That(cluster.Get<Pod>("ill").IsReady, "nobody asks it");
    }

    [Test]
    public void Programs_in_a_pod_ask_the_network() => Assert.Multiple(() =>
    {
        var cluster = Web();
        (int, string) Run(string command) => cluster.Kubectl($"exec client -- {command}") is var r
            ? (r.ExitCode, r.Out + r.Error) : default;
        Assert.That(Run("cat /etc/resolv.conf").Item2, Does.EndWith("options ndots:5\n"));
        Assert.That(Run("nslookup web").Item2,
            Does.Contain("Name:\tweb.default.svc.cluster.local"));
        Assert.That(Run("nslookup webb"), Is.EqualTo((1, "Server:\t\t10.96.0.10\nAddress:\t"
            + "10.96.0.10#53\n\n** server can't find webb: NXDOMAIN\n\n"
            + "command terminated with exit code 1\n")));
        Assert.That(Run("curl -s -H Host:a.test http://web").Item2,
            Does.Contain("Host: a.test\n"));
        Assert.That(Run("wget -qO- -T 2 web").Item2, Does.StartWith("Hostname: web-"));
        Assert.That(Run("wget -qO- nosuch").Item2, Does.StartWith("wget: bad address 'nosuch'\n"));
        Assert.That(Run("curl web:81"), Is.EqualTo((28, "curl: (28) Failed to connect to web port "
            + "81: Connection timed out\ncommand terminated with exit code 28\n")));
        cluster.Kubectl("scale deployment web --replicas=0");
        cluster.Converge();
        Assert.That(Run("wget -qO- web").Item2, Does.StartWith("wget: can't connect to remote "
            + $"host ({cluster.Get<Service>("web").Spec.ClusterIP}): Connection refused\n"));
    });
}
