using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeSim;
using KubeSim.Tests;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The real kubectl, every one that is here, over a real connection.</summary>
public sealed partial class ServeKubectlTests : ServeFixture
{
    // Where a client of another time prints otherwise, whatever the server says.
    private static readonly (string Version, string Command)[] differs = [.. Read()];

    private static IEnumerable<string> Kubectls => RealClient.Kubectls();

    [TestCaseSource(nameof(Kubectls))]
    public void The_recorded_session_prints_what_it_printed(string kubectl)
    {
        var version = Version(kubectl);
        Assume.That(differs.Any(d => Matches(version, d.Version)),
            $"kubectl {version} is not known here: see Data/kubectl-differs.tsv");
        ServeRecorded();
        var wrong = new List<string>();
        var path = Path.Combine(AppContext.BaseDirectory, "Data", "kubectl.txt");
        foreach (var command in KubectlSession.Read(path))
        {
            command.Before.ForEach(Put);
            Cluster.Run(command.Time - Cluster.Now);
            // Nobody is here who ends pods: what is deleted with grace would be waited for.
            var line = command.Line + (command.Line.EndsWith(" delete -f -",
                StringComparison.Ordinal) ? " --wait=false" : "");
            var actual = Kubectl(kubectl, line, command.Input, () =>
            {
                foreach (var change in command.Meanwhile)
                {
                    Thread.Sleep(200);
                    Put(change);
                }
            });
            var expected = command.Expected;
            if (expected.Out.StartsWith("%shape\n", StringComparison.Ordinal))
            {
                (expected.Out, actual.Out) =
                    (expected.Out[7..], KubectlSession.Shape(actual.Out));
            }
            if (expected.Out != "%golden\n" && !differs.Any(d => command.Line.StartsWith(
                d.Command, StringComparison.Ordinal) && Matches(version, d.Version))
                && Told(command.Line, expected) is var want
                && Told(command.Line, actual) is var got && want != got)
            {
                wrong.Add($"$ {command.Line}\n--- recorded\n{want}--- here\n{got}");
            }
        }
        Assert.That(wrong, Is.Empty,
            $"{wrong.Count} of kubectl {version}\n{string.Join('\n', wrong)}");
    }

    [TestCaseSource(nameof(Kubectls))]
    public void From_apply_to_rollout_status_at_10x(string kubectl)
    {
        var version = Version(kubectl);
        Serve("10x");
        string Run(string line, string input = "")
        {
            var (output, error, code) = Kubectl(kubectl, line, input);
            Assert.That(code, Is.Zero, $"{line}: {error}");
            return output;
        }
        Assert.That(Run("kubectl get nodes"), Does.Match("(?m)^node-3 +Ready "));
        Assert.That(Run("kubectl apply -f -", Web(3)), Is.EqualTo("deployment.apps/web created\n"));
        Assert.That(Run("kubectl rollout status deployment/web"),
            Does.EndWith("deployment \"web\" successfully rolled out\n"));
        Assert.That(Run("kubectl get pods -o wide"),
            Does.Match("(?m)(^web-.* 1/1 +Running .*\n){3}"));
        Assert.That(Run("kubectl scale deployment/web --replicas=1"), Does.Contain("scaled"));
        Assert.That(() => Cluster.List<Pod>().Count, Is.EqualTo(1).After(20_000, 50));
        var pod = Cluster.List<Pod>()[0];
        Assert.That(Run($"kubectl describe pod {pod.Metadata.Name}"), Does.Contain("Pulled"));
        Assert.That(Cluster.Why(pod).Links[0].Who, Does.Match(
            $"^create .* by kubernetes-admin with kubectl.*{Regex.Escape(version)}"));
        var exec = Kubectl(kubectl, $"kubectl exec {pod.Metadata.Name} -- ls");
        Assert.That(exec.Code, Is.Not.Zero);
        Assert.That(exec.Error, Does.Not.Contain("panic"));
    }

    [TestCaseSource(nameof(Kubectls))]
    public void A_watch_on_the_command_line_shows_each_change(string kubectl)
    {
        Version(kubectl);
        Serve();
        using var watch = RealClient.Start(kubectl, Folder, ["--kubeconfig", Server.Kubeconfig,
            "get", "deployments", "--watch", "--request-timeout=20s"]);
        Thread.Sleep(1000);
        Cluster.Apply(Web(2));
        Cluster.Converge();
        var seen = "";
        while (!seen.Contains("2/2", StringComparison.Ordinal)
            && watch.StandardOutput.ReadLine() is { } line)
        {
            seen += line + "\n";
        }
        watch.Kill();
        Assert.That(seen, Does.Match("NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0/2 +0 "));
    }

    private static string Version(string kubectl)
    {
        Assume.That(kubectl, Is.Not.Empty, "no kubectl: see .ci/run");
        var (text, _, _) = RealClient.Run(
            kubectl, Path.GetTempPath(), ["version", "--client", "-o", "json"]);
        return Regex.Match(text, "\"gitVersion\": \"(v[\\d.]+)").Groups[1].Value;
    }

    private static bool Matches(string version, string minor) =>
        version.StartsWith(minor + ".", StringComparison.Ordinal);

    private (string Out, string Error, int Code) Kubectl(
        string kubectl, string line, string input = "", Action? meanwhile = null)
    {
        // The recording's shell has taken the quotes off.
        var whole = Quotable().Match(line);
        var words = (whole.Success ? line[..whole.Index] : line)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1);
        return RealClient.Run(kubectl, Folder, [.. words, .. whole.Success ? [whole.Value]
            : (string[])[], "--kubeconfig", Server.Kubeconfig], input, meanwhile);
    }

    // An API server over the recorded state: nothing acts on its own.
    private void ServeRecorded() => Serve(cluster: new(new SimulationOptions
    {
        Start = new(2026, 11, 21, 3, 48, 0, DateTimeKind.Utc), Components = [], Objects = [],
    }));

    private void Put(string json) => new RecordedState(
        key => Cluster.Etcd.Get(EtcdKeys.Of(key)) is { } kv
            ? Json.Decode(JsonNode.Parse(kv.Value)!, key.Kind) : null,
        o => Cluster.Etcd.Put(EtcdKeys.Of(o.Key), Json.Text(Json.Encode(o))),
        key => Cluster.Etcd.Delete(EtcdKeys.Of(key))).Put(json);

    // Ages that kubectl takes off its own clock are not the recording's, nor are the columns that
    // make room for them.
    private static string Told(string line, (string Out, string Error, int Code) said)
    {
        var text = KubectlSession.Plain(said.Out)
            + string.Concat(said.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => $"! {l}\n")) + (said.Code == 0 ? "" : $"? {said.Code}\n");
        // A client that is slow sees two changes as one: lines that repeat count once.
        text = line.Contains(" rollout status ", StringComparison.Ordinal)
            ? string.Join('\n', text.Split('\n').Distinct(StringComparer.Ordinal)) : text;
        // The client prints the keys of a ConfigMap in any order.
        text = line.Contains(" describe cm ", StringComparison.Ordinal)
            ? string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal)) : text;
        return line.Contains(" get ", StringComparison.Ordinal) ? text
            : Blanks().Replace(Age().Replace(text, "AGE"), " ");
    }

    private static IEnumerable<(string, string)> Read() => File.ReadLines(
        Path.Combine(AppContext.BaseDirectory, "Data", "kubectl-differs.tsv"))
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('\t')).Select(row => (row[0], row[1]));

    [GeneratedRegex("(?<= )(jsonpath=.*|\\{\"spec.*)$")]
    private static partial Regex Quotable();

    [GeneratedRegex(@"<invalid>|<unknown>|\b\d+[smhd](\d+[smh])?(?: ago)?(?= |$|\))",
        RegexOptions.Multiline)]
    private static partial Regex Age();

    [GeneratedRegex(" +")]
    private static partial Regex Blanks();
}
