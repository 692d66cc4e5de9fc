using System.Security.Cryptography;
using System.Text;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The rules of kube-proxy against those of a real cluster of three nodes, with 17
/// Services of every type and 0, 2, 3 and 5 endpoints.</summary>
public class KubeProxyRecordedTests
{
    private static IEnumerable<TestCaseData> Tables() => TestData.Rows("kube-proxy/digests.tsv")
        .Select(r => new TestCaseData(r[0], r[1], r[2], r[3]).SetArgDisplayNames(r[..3]));

    [TestCaseSource(nameof(Tables))]
    public void Tables_are_those_of_a_real_node(
        string step, string node, string table, string digest)
    {
        var text = ProxyData.Sorted(Written(step, node).Save(table));
        if (ProxyData.Recordings($"golden/kube-proxy/{step}/{node}.{table}.txt") is { } recording)
        {
            Assert.That(text, Is.EqualTo(ProxyData.Sorted(File.ReadAllText(recording))));
        }
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))),
            Is.EqualTo(digest));
    }

    [TestCase("nat")]
    [TestCase("filter")]
    public void A_table_reads_as_iptables_save_prints_it(string table) =>
        Assert.That(ProxyData.Sorted(Written("01-initial", "node-1").Save(table)),
            Is.EqualTo(Data.Text($"kube-proxy/01-node-1.{table}.txt")));

    [Test]
    public void Chains_of_a_service_have_the_same_name_on_every_node()
    {
        var names = Enumerable.Range(1, 3).Select(n => Written("01-initial", $"node-{n}")
            .Table("nat").Chains.Select(c => c.Name)
            .Where(n => !n.StartsWith("KUBE-SVL-", StringComparison.Ordinal)).ToList()).ToList();
        Assert.That(names[1], Is.EqualTo(names[0]));
        Assert.That(names[2], Is.EqualTo(names[0]));
    }

    [TestCase("01-initial", 1)]
    [TestCase("01-initial", 2)]
    [TestCase("04-three-at-0", 1)]
    [TestCase("04-three-at-0", 3)]
    public void Health_checks_answer_as_those_of_a_real_node(string step, int node)
    {
        var health = new ServiceHealth();
        var (services, slices) = ProxyData.Recorded(step);
        new KubeProxy($"node-{node}").Listen(health, services, slices);
        Assert.That(health.Ports, Is.EqualTo(new[] { 30500 }));
        var count = node == 1 ? 1 : 0;
        Assert.That(health.Answer(30500), Does.StartWith(
            $"HTTP/1.1 {(count == 1 ? "200 OK" : "503 Service Unavailable")}\n").And.Contains(
            $"\"localEndpoints\": {count},").And.Contains("Content-Length: 114\n"));
        if (ProxyData.Recordings($"golden/kube-proxy/{step}/node-{node}.healthCheckNodePort.txt")
            is { } recording)
        {
            var lines = File.ReadAllText(recording).Replace("\r", "").Split('\n')
                .Where(l => !l.StartsWith("Date:", StringComparison.Ordinal));
            Assert.That(health.Answer(30500), Is.EqualTo(string.Join('\n', lines)));
        }
    }

    private static Netfilter Written(string step, string node)
    {
        var kernel = new Netfilter();
        var (services, slices) = ProxyData.Recorded(step);
        new KubeProxy(node).Write(new() { Filter = kernel }, services, slices);
        return kernel;
    }
}
