using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The notebooks of the course run from top to bottom, look alike, and show what their
/// prose says they show.</summary>
public sealed class CourseTests : CommandLineFixture
{
    private const int MostCells = 45;
    private const int MostLines = 12;

    private static readonly string Notebooks = Path.Combine(Root, "notebooks");

    // What the prose of a notebook promises, as its outputs say it.
    private static readonly Dictionary<string, string[]> Promised = new(StringComparer.Ordinal)
    {
        ["00-first-deployment"] =
        [
            "deployment.apps/web   0/3 ", "Step 1 ", "deployment-controller created ReplicaSet",
            "replicaset-controller created 3 Pods", "bound Pod web-7cdd69cbf7-9njkh to node-1",
            "met at 00:00:02.", "5 pods, 5 of them ready", "1/1     Running   0          65s",
            "node-2   NotReady", "node-2  phase Running  Ready False",
            "\"5 Pods\" no longer holds after step", "3 points",
        ],
        ["02-etcd"] =
        [
            "   2  /registry/minions/",
            "created at revision 20, last written at 51, 6 writes\n\n51",
            "/paint/door = red, written at 16", "/paint/wall               white  -     x",
            "409 Conflict: Operation cannot be fulfilled on configmaps \"shop\"",
            "done: False; it was last written at 22, not 21", "read up to 22",
            "17: etcdserver: mvcc: required revision has been compacted", "18: blue",
            "410 Expired: too old resource version: 16 (18)", "11 s later: gone",
            "node-1: etcd lease 0", "m1 leads term 1 with 2 of 3 votes",
            "  21  Append m1→m2 term 1 after 2:1 [] commit 2",
            "4 members: 3 must agree, 1 may die, 12 messages a write",
            "m4  PreCandidate term 1  commit 1  1:", "m1  down         1: 1:lost",
            "m1 drops its entries from 2 on: they were never committed",
            "possibly due to previous leader failure", "deployment.apps/web scaled",
            "Error from server: etcdserver: request timed out\n", "5bw7f answers",
            "deployment.apps/web   2/2",
        ],
        ["03-api-server"] =
        [
            "spec.enableServiceLinks: unset → true", "spec.priority: unset → 0",
            "authorisation         RBAC: refused, 403: pods \"ghost\" is forbidden",
            "401 Unauthorized: Unauthorized", "404 NotFound: pods \"ghost\" not found",
            "pods \"web\" already exists", "deployment.apps/Web created (dry run)",
            "The Deployment \"Web\" is invalid: ", "Unsupported value: \"Never\"",
            "strict decoding error: unknown field \"spec.replica\"", "web    0/1 ",
            "--subresource=scale no", "patch deployments -n shop                     yes",
            "pods: 3/2 ", "deployment.apps/cart   2/3 ", "exceeded quota: small",
            "the webhook sees: cpu=100m", "409 Operation cannot be fulfilled on configmaps",
            "bob=seat,free=4", "410 Expired: too old resource version",
            "strategic shop:2 busybox:1\n", "merge     shop:2\n", "json      shop:2 busybox:1\n",
            "colour=blue,reviewed=yes", "The disruption budget cart is still being processed",
            "cart   1               N/A               1  ",
            "201 \n429 TooManyRequests: Cannot evict pod as it would violate the pod's",
            "The disruption budget cart needs 1 healthy pods and has 2 currently",
        ],
        ["04-control-loop"] =
        [
            "replicaset-controller looked at ReplicaSet web and wrote nothing",
            "step 1 at 00.004: wrote 3, had not seen []",
            "step 4 at 00.035: wrote 1, had not seen [web-", "owner: nobody",
            "At step 4 your controller saw 2 pods, but there were 3",
            "\"never more than 3 Pods\" held in all 150 runs", "the reply to write 1 is lost",
        ],
        ["05-rolling-update"] =
        [
            "scaled ReplicaSet web-7cdd69cbf7 from 10 to 8", "new pods", "8 → 8", "13 → 13",
            "03.552  8 + 3\n03.642  8 + 5\n", "0 + 10\n",
            "{maxSurge: 25%, maxUnavailable: 25%}: 4 s, 8 to 16 Pods",
            "{maxSurge: 1, maxUnavailable: 0}: 15 s, 10 to 13 Pods",
            "{maxSurge: 100%, maxUnavailable: 0}: 4 s, 10 to 20 Pods",
            "0 → 0  (0 to 4)", "0 → 3  (0 to 4)", "5 out of 10 new replicas have been updated...",
            "deployment.apps/web   8/10    5            8 ",
            "error: deployment \"web\" exceeded its progress deadline",
            "00:10:08Z  Progressing=False", "1         <none>\n3         <none>\n4         <none>",
            "web-7d484cd5d9   10        10        10 ", "web-7c5f557cdf   10        10        10 ",
            "16 of 132 lost", "web:80: connection refused", "0 of 138 lost",
        ],
        ["06-scheduler"] =
        [
            "node-2   yes       0→100                90                 73 ",
            "463   <- chosen", "not node-3: TaintToleration: node(s) had untolerated taint(s)",
            "81                 73                                0               454   <- chosen",
            "3 will do: node-2 has the highest sum", "10→100", "635   <- chosen",
            "1 will do: node-4, no scores needed",
            "not node-1, node-2, node-3: PodTopologySpread: node(s) didn't match pod topology",
            "FailedScheduling: 0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match",
            "room is being made on node-", "room on node-2 without b", "Preempted by pod ",
            "935   <- chosen", "pending            2                         0",
            "pending (first): large-1: 0/4 nodes are available: 4 Insufficient cpu",
        ],
        ["07-pods-and-kubelet"] =
        [
            "00.290  node: 10.244.1.2  API: -           began to pull image nginx:1.27\n01.386",
            "02.136  node: 10.244.1.2  API: 10.244.1.2",
            "default-scheduler  Successfully assigned default/web to node-1\n  Normal  Pulling ",
            "helper, localhost: <h1>Welcome to nginx!</h1>", "liar:80   HTTP/1.1 200 OK",
            "port 8080 after 0 ms: Could not connect to server",
            "restarts 0  /tmp [mine]  /shared [ours]", "restarts 1  /tmp []  /shared [ours]",
            "error dialing backend: dial tcp 172.18.0.2:10250: connect: connection refused",
            "web    2/2     Running   2 ", " 12 s  shop   0/2   Init:0/3 ",
            " 15 s  shop   1/2   Init:2/3 ", " 21 s  shop   2/2   Running ",
            "second IfNotPresent  sha256:a05f1b9b  Container image",
            "third  Always        sha256:c",
            "Liveness probe failed: cat: can't open '/tmp/alive'", "blind: Pending from",
            "liveness 18 restarts, readiness 0 restarts", "  3.0 s  polite  exit code 0",
            "  5.1 s  hooked  exit code 0\n 30.0 s  deaf    exit code 137",
            "  0 s  file red, variable red\n 76 s  file blue, variable red\n",
            "Guaranteed  cpu.weight 59  cpu.max 50000 100000  memory.max 134217728",
            "plain   BestEffort  cpu.weight 1   cpu.max max 100000    memory.max max",
            "object deleted  proxy-node-1 Running, made at 09:07", "file removed    not found",
            "00.016  node: 10.244.1.2  API: -           made the sandbox of pod default/web\n",
            "  STATE               NAME                ATTEMPT             POD ID ",
        ],
        ["08-self-healing"] =
        [
            "faulty                 0/1     CrashLoopBackOff   5 ", "lonely: Pending from 0 s",
            "50.0 s  node-2 Ready=False taints=2", "350.0 s  web-7cdd69cbf7-2nfmk on node-2 ",
            "351.1 s  web-7cdd69cbf7-xnzc6 on node-1 ready=True", "43.0 s", "53.0 s",
            "node.kubernetes.io/unreachable Exists NoExecute for 300 s",
            "web-7cdd69cbf7-2nfmk   1/1     Terminating", "node/node-1 drained",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            "36 runs end in nginx:1.28 nginx:1.28 nginx:1.28 nginx:1.28\n",
            "deployment.apps/web   0/3     0            0 ",
            "pod/web-7cdd69cbf7-2   1/1     Running ", "New size: 9; reason: cpu resource",
            "New size: 2; reason: All metrics below target", "HorizontalPodAutoscaler shop",
            "0.0 s  wanted 2, ready 8\n", "wanted 4, ready 2\n", "wanted 8, ready 8\n",
        ],
        ["09-pod-network"] =
        [
            "ann    1/1     Running   0          2s    10.244.1.2   node-1",
            "{ tcp 10.244.1.2:40227 → 10.244.2.2:80 }", "pods of two nodes: 4 of 4 pairs reach",
            "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink", "dst 172.18.0.3 self permanent",
            "last_reserved_ip.0", "1450 bytes: default/cem answers",
            "1451 bytes: 10.244.2.2: message too long", "10.244.2.0/24 via 172.18.0.3 dev eth0",
            "pods of two nodes: 0 of 4 pairs reach", "default/cem → default/ben: 10.244.1.3: 100%",
            "at node-2 route: net.ipv4.ip_forward = 0", "10.244.4.2: 100% packet loss",
            "lease 0000000000000001 granted with TTL(86400s), remaining(86399s), attached keys([/",
            "\"PublicIP\":\"172.18.0.2\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\"",
            "after 23 hours   10.244.11.0/24 10.244.79.0/24\nafter 25 hours   10.244.79.0/24\nwith",
            "and with flanneld back: default/dora answers", "-j MASQUERADE --random-fully",
            "93.184.216.34:80: connection timed out", "default/ben answers",
        ],
        ["10-services"] =
        [
            "service/web   ClusterIP   10.96.186.99", "node-3: 10.96.186.99 is not in ip addr",
            "outside the rules of the nodes nobody has this address", "100% packet loss",
            "--probability 0.33333333349 -j KUBE-SEP-", "--probability 0.50000000000 -j KUBE-SEP-",
            "-A KUBE-SVC-LOLE4ISW44XBNF3G -j KUBE-SEP-", "dst=10.96.186.99 sport=59733 dport=80",
            "  web-84cdf776bb-mlmdc 1000\nnew", "  web-84cdf776bb-z59s6 167",
            ":8080: connection refused\nliar:   default/liar answers\nsilent: default/silent ans",
            "no Pod ready       shop:80: connection refused          [not ready, not ready]",
            "answers [ready, not ready]\nanother port       shop:81: connection timed out ",
            "a wrong selector   shop:80: connection refused          []", "options ndots:5",
            "   1  example.com.default.svc.cluster.local: NXDOMAIN",
            "   4  example.com: 198.51.100.7, a name of the outside world",
            "0 50 80 10-244-1-3.peers.default.svc.cluster.local.", "   <pending>     80:31164/TCP",
            "   203.0.113.10   80:31164/TCP", "Ensured load balancer",
            "  node-2:  172.18.0.3 at web-84cdf776bb-84jd6", "  node-1:  203.0.113.50 at web-",
            "  node-2: (28) Failed to connect to 172.18.0.3 port 31164: Connection timed out",
            "HTTP/1.1 404 Not Found", "http://203.0.113.11/cart: ingress-nginx/ingress-nginx-",
            "X-Forwarded-For: 203.0.113.50", "29276 answered, lost: refused 75, timed out 648.6",
            "30000 answered, nothing lost", "Iptables     10 Services:   20 rules passed, ",
            "Iptables  10000 Services: 5015 rules passed, 10033 written",
            "Ipvs      10000 Services:   14 rules passed,    30 written",
            "default/web answers\ndefault/client → default/web:80/TCP: not allowed",
            "web:80: connection refused\ndefault/client → default/web:80/TCP: not allowed",
            "110 come. The queue grows", "of 19 points",
        ],
        ["11-when-things-go-wrong"] =
        [
            "bank      2/2     Running            2 ", "eater     0/1     CrashLoopBackOff   5 ",
            "greeter   1/1     Running            0 ", "parcel    0/1     ImagePullBackOff ",
            "slow      1/1     Running            4 ", "eater: last end OOMKilled, exit code 137",
            "said     looking for the ledger / nc: bad address 'ledger'",
            "slow: last end Error, exit code 137\n   said     warming up / serving\n",
            "HTTP/1.1 500 Internal Server Error", "guarded   1/1     Running   4 ",
            "dial tcp 198.51.100.95:443:\n    i/o timeout", "back-off 5m0s restarting",
            "parcel serves after 83 seconds\nclerk serves after 248 seconds",
            "Killing      Container app failed liveness probe, will be rest",
            "app    first started 2025-01-01T00:11:07Z, restarts 0\n"
                + "server first started 2025-01-01T00:11:07Z, restarts 2",
            "SystemOOM   node/node-1", "bank       1/1     Running   1 ",
            "cruncher   1/1     Running   0 ", "0/1     Error     0          9m",
            "0/1     Evicted   0 ", "The node had condition: [DiskPressure].",
            "Container busybox was using 9500Mi, request is 0, has larger consumption of ephemeral",
            "00:01:00 env=red folder=red subPath=red", "00:01:30 env=red folder=blue subPath=red",
            "env=blue folder=blue subPath=blue",
            "6000 answered, nothing lost; Error, exit code 137",
            "6000 answered, nothing lost; Completed, exit code 0",
            "  45 s  node Ready     pod 1/1 Running      lost 33 a second",
            "  60 s  node NotReady  pod 1/1 Running      lost  0 a second",
            " 345 s  node NotReady  pod 1/1 Running ",
            " 360 s  node NotReady  pod 1/1 Terminating ",
            "of 26 points",
        ],
        ["index"] = ["is ready: Kubernetes 1.36, simulated.", "3 pods, 3 of them ready"],
    };

    private static IEnumerable<string> Names() => Directory.GetFiles(Notebooks, "*.ipynb")
        .Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Names))]
    public void A_notebook_runs_whole_and_shows_what_it_says(string name)
    {
        var (code, output, error) =
            Run("run", Path.Combine(Notebooks, name + ".ipynb"), "--out", Folder);
        Assert.That((code, output), Is.EqualTo((0, $"{name}: ok\n")), error);
        var shown = Shown(JsonNode.Parse(File.ReadAllText(name + ".ipynb"))!);
        Assert.Multiple(() =>
        {
            foreach (var text in Promised[name])
            {
                Assert.That(shown, Does.Contain(text));
            }
            Assert.That(File.ReadAllText(name + ".html"), Does.Contain("alt=\"").And
                .Not.Contain("<script"), "it is whole without a script");
        });
    }

    [TestCaseSource(nameof(Names))]
    public void A_notebook_keeps_to_the_form_of_the_course(string name)
    {
        var cells = NotebookFile.Read(Path.Combine(Notebooks, name + ".ipynb")).Cells;
        var code = cells.Where(c => c.Kind == CellKind.Code).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(cells, Has.Count.LessThanOrEqualTo(MostCells));
            Assert.That(code[0].Source, Is.EqualTo("""
                #r "../artifacts/notebook/KubeNotebooks.dll"
                using KubeSim;
                using KubeNotebooks;
                using static KubeNotebooks.Lesson;

                Notebook.Start()
                """.ReplaceLineEndings("\n")));
            Assert.That(code.Where(c => !c.Tags.Contains("exercise")
                && c.Source.Split('\n').Length > MostLines).Select(c => c.Source), Is.Empty);
            Assert.That(code.Any(c => c.Source == "Progress()"));
            Assert.That(cells.Any(c => c.Kind == CellKind.Markdown
                && c.Source.Contains(".ipynb)", StringComparison.Ordinal)));
        });
    }

    [TestCaseSource(nameof(Lessons))]
    public void A_notebook_says_what_it_is_in_the_words_of_all(string name)
    {
        var file = NotebookFile.Read(Path.Combine(Notebooks, name + ".ipynb"));
        var text = file.Cells.Where(c => c.Kind == CellKind.Markdown).Select(c => c.Source)
            .ToList();
        var (head, end) = (text[0], text[^1]);
        var last = string.Join("\n\n", text.TakeLast(2));
        var question = CourseJson.Question(file);
        Assert.Multiple(() =>
        {
            Assert.That(head, Does.Match($@"\A# {name[..2]} · \w.*\n\n\*\*.+\?\*\*\n\nAfter this "
                + @"notebook you can\n\n1\. (.|\n)+?;\n2\. (.|\n)+?;\n3\. (.|\n)+?\.\n\n"
                + @"You need: (.|\n)+?\.\sTime: \d+ minutes\.\n\n.+\Z"));
            Assert.That(last, Does.Contain("## What this leaves out\n")
                .And.Contain("\n## Summary\n"));
            Assert.That(last, Does.Match(@"\*\*Five questions\.\*\*.*\n\n1\. (.|\n)+\n5\. .+"));
            Assert.That(file.Cells[^1].Source, Is.EqualTo("Progress()"));
            Assert.That(head.Split('\n')[^1], Is.EqualTo(Links(name)).IgnoreCase);
            Assert.That(end.Split('\n')[^1], Is.EqualTo(Links(name)).IgnoreCase);
            Assert.That(Index(), Does.Contain($"\n| [{file.Title}]({name}.ipynb) | {question} | "
                + $"{CourseJson.Minutes(file)} |\n"));
        });
    }

    [Test]
    public void The_map_of_the_index_leads_to_every_notebook_and_to_nothing_else()
    {
        var map = Index()[Index().IndexOf("<table>", StringComparison.Ordinal)..];
        var linked = map.Split("href=\"").Skip(1).Select(l => l.Split('"')[0]).ToList();
        Assert.That(linked.Order(StringComparer.Ordinal).Distinct(),
            Is.EqualTo(Lessons().Select(n => n + ".ipynb")));
    }

    private static IEnumerable<string> Lessons() => Names().Where(n => n != "index");

    private static string Index() => string.Join('\n', NotebookFile.Read(
        Path.Combine(Notebooks, "index.ipynb")).Cells.Select(c => c.Source));

    // The one before and the one after, by what their titles say before a colon.
    private static string Links(string name)
    {
        var all = Lessons().ToList();
        var at = all.IndexOf(name);
        string Link(int other, string before, string after) => other < 0 || other == all.Count ? ""
            : $" · [{before}{NotebookFile.Read(Path.Combine(Notebooks, all[other] + ".ipynb"))
                .Title.Split("· ")[1].Split(':')[0]}{after}]({all[other]}.ipynb)";
        return "[← all notebooks](index.ipynb)" + Link(at - 1, "← ", "")
            + Link(at + 1, "next: ", " →");
    }

    // What a reader without pictures sees of the outputs.
    private static string Shown(JsonNode notebook) => string.Join('\n', notebook["cells"]!.AsArray()
        .SelectMany(c => c!["outputs"]?.AsArray() ?? [])
        .Select(o => o!["text"] ?? o["data"]?["text/plain"]).OfType<JsonArray>()
        .Select(lines => string.Concat(lines.Select(l => (string?)l))));
}
