using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The rules of kube-proxy against upstream's expected dumps (v1.28), where these tables
/// lie beside the repository. A dump is what is fed to iptables-restore; both sides are brought to
/// one form, without what 1.36 adds: counters, and what only iptables-save spells out.</summary>
public partial class KubeProxyDumpTests
{
    private static IEnumerable<TestCaseData> Cases()
    {
        var path = ProxyData.Recordings("tables/proxy_iptables_sequences.json");
        var cases = path is null ? null : JsonNode.Parse(File.ReadAllText(path))!["cases"];
        foreach (var c in cases?.AsArray() ?? [])
        {
            // One sequence shows what a sync changes only; the rest show whole tables.
            if ((string)c!["name"]! is var name and not "TestSyncProxyRulesRepeated"
                && c["steps"]!.AsArray().Any(s => (string)s!["step"]! == "expectRules"))
            {
                yield return new TestCaseData(name, c).SetArgDisplayNames(name);
            }
        }
    }

    [Test]
    public void Tables_are_those_that_upstream_expects()
    {
        foreach (var given in Cases())
        {
            Play((string)given.Arguments[0]!, (JsonNode)given.Arguments[1]!);
        }
    }

    private static void Play(string name, JsonNode given)
    {
        var services = new Dictionary<ObjectKey, Service>();
        var slices = new Dictionary<ObjectKey, EndpointSlice>();
        var (kernel, ipv6) = (new Netfilter(), false);
        foreach (var step in given["steps"]!.AsArray())
        {
            switch ((string)step!["step"]!)
            {
                case "newProxier":
                    ipv6 = (bool)step["ipv6"]!;
                    break;
                case "sync":
                    Proxy(name, ipv6, step).Write(
                        new() { Filter = kernel }, services.Values, slices.Values, Self);
                    break;
                case "expectRules":
                    Compare(name, kernel, (string)step["expected"]!);
                    break;
                case var change when step["service"] is { } service:
                    Put(services, change, ProxyData.Decode<Service>(service.ToJsonString()));
                    break;
                case var change when step["endpointSlice"] is { } slice:
                    Put(slices, change, ProxyData.Decode<EndpointSlice>(slice.ToJsonString()));
                    break;
            }
        }
    }

    private static readonly Node Self = new()
    {
        Metadata = new() { Name = "test-hostname" },
        Status = new() { Addresses = [new() { Type = "InternalIP", Address = "192.168.0.2" }] },
    };

    private static void Put<T>(Dictionary<ObjectKey, T> objects, string change, T o)
        where T : ApiObject
    {
        objects[o.Key] = o;
        if (change.EndsWith("Delete", StringComparison.Ordinal))
        {
            objects.Remove(o.Key);
        }
    }

    private static KubeProxy Proxy(string name, bool ipv6, JsonNode sync) => new("test-hostname",
        new()
        {
            ClusterCidr = ipv6 || name.Contains("NoClusterCIDR", StringComparison.Ordinal)
                ? "" : "10.0.0.0/8",
            Ipv6 = ipv6,
            LocalhostNodePorts = (bool)sync["localhostNodePorts"]!,
            NodePortAddresses = (string)sync["nodePortAddresses"]!["cidrStrings"]![0]! switch
            {
                "127.0.0.0/8" => ["127.0.0.1"],
                "192.168.0.0/24" => ["192.168.0.2"],
                _ => default,
            },
        });

    private static void Compare(string name, Netfilter kernel, string expected)
    {
        var ours = (kernel.Save("filter") + kernel.Save()).Split('\n');
        Assert.That(Lines(ours), Is.EquivalentTo(Lines(expected.Split('\n'))), name);
    }

    // A rule as its words in order of the alphabet: options come in another order in a dump.
    private static List<string> Lines(IEnumerable<string> lines)
    {
        var (table, found) = ("", new List<string>());
        foreach (var line in lines)
        {
            if (line.StartsWith('*'))
            {
                table = line;
            }
            else if (line.StartsWith("-A KUBE-", StringComparison.Ordinal)
                && !line.Contains("localhost_nps", StringComparison.Ordinal))
            {
                found.Add(table + " " + Canonical(line));
            }
        }
        return found;
    }

    private static string Canonical(string line)
    {
        line = line.Replace("--or-mark 0x4000", "--set-xmark 0x4000/0x4000")
            .Replace("--xor-mark 0x4000", "--set-xmark 0x4000/0x0")
            .Replace(" --random-fully", "")
            .Replace(" --reject-with icmp-port-unreachable", "")
            .Replace(" --mask 255.255.255.255 --rsource", "")
            .Replace(" -m nfacct --nfacct-name  ct_state_invalid_dropped_pkts", "");
        line = Probability().Replace(line, m => "--probability " + double.Parse(
            m.Groups[1].Value, CultureInfo.InvariantCulture)
            .ToString("F6", CultureInfo.InvariantCulture));
        line = Address().Replace(line, m => m.Groups[3].Success ? m.Value
            : m.Value + (m.Groups[2].Value.Contains(':') ? "/128" : "/32"));
        var words = Word().Matches(line).Select(m => m.Value.Trim('"')).ToList();
        return string.Join(" ", words.Take(2).Concat(words.Skip(2).Order(StringComparer.Ordinal)));
    }

    [GeneratedRegex("\"[^\"]*\"|[^ ]+")]
    private static partial Regex Word();

    [GeneratedRegex("--probability ([0-9.]+)")]
    private static partial Regex Probability();

    [GeneratedRegex(@"(?<= -([sd]) )([0-9a-f.:]+)(/[0-9]+)?")]
    private static partial Regex Address();
}
