using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>From outside through an ingress controller to a pod.</summary>
public sealed class IngressTests
{
    private const string Sites = """
        {apiVersion: v1, kind: Pod, metadata: {name: shop, labels: {app: shop}}, spec: {containers:
         [{name: main, image: "traefik/whoami:v1.10", ports: [{containerPort: 80}]}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: shop},
         spec: {selector: {app: shop}, ports: [{port: 8080, targetPort: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: empty},
         spec: {selector: {app: empty}, ports: [{port: 80}]}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop}
        spec:
          ingressClassName: nginx
          rules:
          - host: shop.test
            http:
              paths:
              - {path: /, pathType: Prefix,
                 backend: {service: {name: shop, port: {number: 8080}}}}
              - {path: /empty, pathType: Exact,
                 backend: {service: {name: empty, port: {number: 80}}}}
        """;

    private static readonly Lazy<Cluster> shared = new(New);

    private static Cluster New()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.AddOn("ingress");
        cluster.Converge();
        cluster.Apply(Sites);
        Assert.That(cluster.Converge().Met, Is.True);
        return cluster;
    }

    private static string Address(Cluster cluster) => cluster
        .Get<Service>("ingress-nginx", "ingress-nginx-controller")
        .Status.LoadBalancer.Ingress[0].Ip!;

    private static HttpReply Ask(string host, string path = "/")
    {
        var cluster = shared.Value;
        return cluster.Request("outside", $"http://{Address(cluster)}{path}", ("Host", host));
    }

    [Test]
    public void A_request_goes_to_the_controller_and_from_there_to_a_pod_past_its_service()
    {
        var reply = Ask("shop.test", "/cart");
        Assert.That((reply.Status, reply.ServedBy?.Name), Is.EqualTo((200, "shop")), $"{reply}");
        Assert.That(reply.Traces, Has.Count.EqualTo(2));
        Assert.That(reply.Traces[0].Receiver!.Value.Name, Does.StartWith("ingress-nginx-"));
        Assert.That(reply.Traces[1].To, Does.EndWith(":80"), "the pod's port, at its address");
        Assert.That(reply.Body, Does.Contain("Host: shop.test\n")
            .And.Contain("X-Forwarded-For: 203.0.113.50\n"));
    }

    [TestCase("shop.test", "/empty", 503)]
    [TestCase("shop.test", "/empty/", 200)]
    [TestCase("SHOP.test:80", "/", 200)]
    [TestCase("other.test", "/", 404)]
    public void The_controller_answers_for_those_who_cannot(string host, string path, int status) =>
        Assert.That(Ask(host, path).Status, Is.EqualTo(status));

    [Test]
    public void An_ingress_gets_its_address_and_an_event() => Assert.Multiple(() =>
    {
        var cluster = shared.Value;
        Assert.That(cluster.Kubectl("get ingress").Out, Does.Contain(
            $"shop   nginx   shop.test   {Address(cluster)}   80 "));
        Assert.That(cluster.Kubectl("describe ingress shop").Out, Does.Contain("Scheduled for sync")
            .And.Contain("nginx-ingress-controller"));
    });

    [Test]
    public void Of_another_class_nothing_is_taken_in()
    {
        var cluster = shared.Value.Fork();
        cluster.Apply("""
            {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: other},
             spec: {ingressClassName: traefik, defaultBackend: {service: {name: shop,
              port: {number: 8080}}}}}
            """);
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(cluster.Kubectl("describe ingress other").Out, Does.Not.Contain("Sync"));
        Assert.That(cluster.Request("outside", Address(cluster), ("Host", "x.test")).Status,
            Is.EqualTo(404));
        cluster.Kubectl("patch ingress other --type=merge -p "
            + """'{"spec":{"ingressClassName":"nginx"}}'""");
        Assert.That(cluster.Request("outside", Address(cluster), ("Host", "x.test")).Status,
            Is.EqualTo(200), "a default backend takes what no host does");
    }

    [Test]
    public void A_class_that_is_the_default_is_written_into_new_ingresses()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply("""
            apiVersion: networking.k8s.io/v1
            kind: IngressClass
            metadata:
              name: usual
              annotations: {ingressclass.kubernetes.io/is-default-class: "true"}
            spec: {controller: example.com/none}
            """);
        cluster.Kubectl("create ingress a --rule=a.test/=web:80");
        cluster.Kubectl("create ingress b --class=own --rule=a.test/=web:80");
        Assert.That(cluster.Kubectl("get ingress -o jsonpath={.items[*].spec.ingressClassName}")
            .Out, Is.EqualTo("usual own"));
    }

    // pathType, path of the rule, path asked, whether it takes it: the table of the documentation.
    [TestCase("Prefix", "/", "/any/path", true)]
    [TestCase("Exact", "/foo", "/foo", true)]
    [TestCase("Exact", "/foo", "/foo/", false)]
    [TestCase("Exact", "/foo/", "/foo", false)]
    [TestCase("Prefix", "/foo", "/foo/", true)]
    [TestCase("Prefix", "/foo/", "/foo", true)]
    [TestCase("Prefix", "/aaa/bb", "/aaa/bbb", false)]
    [TestCase("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", true)]
    [TestCase("Prefix", "/aaa/bbb", "/aaa/bbbxyz", false)]
    [TestCase("Prefix", "/aaa", "/ccc", false)]
    [TestCase("ImplementationSpecific", "/foo", "/foobar", true)]
    public void A_path_is_taken_by_its_type(string type, string rule, string path, bool takes) =>
        Assert.That(IngressRoutes.Find([Rule("a.test", type, rule)], "a.test", path).Backend,
            takes ? Is.Not.Null : Is.Null);

    [TestCase("bar.foo.test", "*.foo.test", true)]
    [TestCase("baz.bar.foo.test", "*.foo.test", false)]
    [TestCase("foo.test", "*.foo.test", false)]
    [TestCase("any.test", "", true)]
    public void A_wildcard_is_one_label(string host, string rule, bool takes) => Assert.That(
        IngressRoutes.Find([Rule(rule, "Prefix", "/")], host, "/").Backend,
        takes ? Is.Not.Null : Is.Null);

    [Test]
    public void The_more_exact_rule_wins()
    {
        ApiObject[] rules =
        [
            Rule("", "Prefix", "/"), Rule("*.foo.test", "Prefix", "/"),
            Rule("a.foo.test", "Prefix", "/x"), Rule("a.foo.test", "Prefix", "/x/y"),
            Rule("a.foo.test", "Exact", "/x/y"),
        ];
        string Of(string host, string path) => IngressRoutes.Find(rules, host, path).Rule;
        Assert.That(new[] { Of("a.foo.test", "/x/y"), Of("a.foo.test", "/x/y/z"),
            Of("a.foo.test", "/x"), Of("b.foo.test", "/x"), Of("c.test", "/x"),
            Of("a.foo.test", "/z") }, Is.EqualTo(new[] { "a.foo.test/x/y (Exact)",
            "a.foo.test/x/y (Prefix)", "a.foo.test/x (Prefix)", "*.foo.test/ (Prefix)",
            "*/ (Prefix)", "no rule" }));
    }

    private static ApiObject Rule(string host, string type, string path) => Manifest.Read($$"""
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: i{{path.Length}}-{{type.Length}}-{{host.Length}} }
        spec:
          rules:
          - http:
              paths:
              - path: {{path}}
                pathType: {{type}}
                backend: {service: {name: web, port: {number: 80 } } }
            {{(host.Length > 0 ? $"host: \"{host}\"" : "")}}
        """, "i.yaml", KindRegistry.BuiltIn)[0].Object!;
}
