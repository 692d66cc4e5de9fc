using System.Globalization;
using System.Text;

namespace KubeSim.Tests;

/// <summary>Nine pods on three nodes, and who of them reaches whom under some policies: a table
/// written by hand, in the manner of upstream's tests of network plugins.</summary>
internal static class PolicyCases
{
    /// <summary>A case of the table.</summary>
    internal sealed record Case(string Name, int Port, Seq<string> Policies, Seq<string> Expected)
    {
        /// <summary>What kube-router lets through beyond that.</summary>
        public Seq<string> Beyond { get; init; }
    }

    public static Seq<string> Pods { get; } = [.. "xyz".SelectMany(ns => "abc".Select(p =>
        $"{ns}/{p}"))];

    public static IEnumerable<Case> All() => TestData.Rows("policies/cases.tsv").Select(row =>
        new Case(row[0], int.Parse(row[1], CultureInfo.InvariantCulture), Split(row[2], " ;; "),
            Split(row[3], ";"))
        {
            Beyond = Split(row.ElementAtOrDefault(4) ?? "", ";"),
        });

    /// <summary>The pods, each namespace spread over all nodes.</summary>
    public static Cluster Cluster(bool enforced = true)
    {
        var settings = Settings.Default.With("kube-router.run-firewall",
            enforced ? "true" : "false");
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(3),
            Settings = settings,
        });
        var text = new StringBuilder();
        foreach (var (i, pod) in Pods.Index())
        {
            var (ns, name) = (pod[..1], pod[2..]);
            text.Append(name != "a" ? "" : $$"""
                apiVersion: v1
                kind: Namespace
                metadata: {name: "{{ns}}", labels: {ns: "{{ns}}"} }
                ---

                """).Append(CultureInfo.InvariantCulture, $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: {{name}}, namespace: "{{ns}}", labels: {pod: {{name}} } }
                spec:
                  nodeName: node-{{((i / 3) + (i % 3)) % 3 + 1}}
                  containers:
                  - name: main
                    image: server
                    ports:
                    - {name: serve-80-tcp, containerPort: 80}
                    - {name: serve-81-tcp, containerPort: 81}
                    - {name: serve-80-udp, containerPort: 80, protocol: UDP}
                    - {name: serve-81-udp, containerPort: 81, protocol: UDP}
                ---

                """);
        }
        cluster.Apply(text.ToString());
        cluster.Converge();
        return cluster;
    }

    /// <summary>Puts the policies of a case in place of all others.</summary>
    public static void Apply(Cluster cluster, Case of)
    {
        foreach (var old in cluster.List<NetworkPolicy>())
        {
            cluster.Delete(old);
        }
        foreach (var (i, policy) in of.Policies.Index())
        {
            var spec = policy[1..];
            foreach (var pod in cluster.List<Pod>())
            {
                spec = spec.Replace($"{{{pod.Metadata.Namespace}/{pod.Metadata.Name}}}",
                    pod.Status.PodIP, StringComparison.Ordinal);
            }
            cluster.Apply($$"""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: p{{i}}, namespace: "{{policy[0]}}"}
                spec: {{spec}}
                """);
        }
        cluster.Converge();
    }

    /// <summary>The matrix that a case expects.</summary>
    public static PolicyMatrix Expected(Case of, bool byRules = false)
    {
        Seq<string> lines = byRules ? [.. of.Expected, .. of.Beyond] : of.Expected;
        var allowed = Enumerable.Repeat(true, Pods.Count * Pods.Count).ToArray();
        for (var i = 0; i < allowed.Length; i++)
        {
            var (from, to) = (Pods[i / Pods.Count], Pods[i % Pods.Count]);
            foreach (var line in lines)
            {
                var (not, ends) = (line[0] == '!', line.Trim('!').Split('>'));
                allowed[i] = Fits(ends[0], from) && Fits(ends[1], to) ? !not : allowed[i];
            }
            allowed[i] |= from == to;
        }
        return Matrix(of.Port, allowed);
    }

    public static PolicyMatrix Matrix(int port, IEnumerable<bool> allowed) =>
        new() { Port = port, Protocol = "TCP", Pods = Pods, Allowed = [.. allowed] };

    private static bool Fits(string pattern, string pod) => pattern == "*"
        || (pattern[0] is '*' || pattern[0] == pod[0])
            && (pattern[^1] is '*' || pattern[^1] == pod[^1]);

    private static Seq<string> Split(string cell, string by) => [.. cell.Split(by,
        StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
