using System.Text.Json.Nodes;

namespace KubeSim.Tests;

/// <summary>What the tests of kube-proxy share.</summary>
internal static class ProxyData
{
    private static readonly HashSet<string> Shared = new(StringComparer.Ordinal)
    {
        "nat KUBE-SERVICES", "nat KUBE-NODEPORTS", "filter KUBE-SERVICES",
        "filter KUBE-NODEPORTS", "filter KUBE-EXTERNAL-SERVICES", "filter KUBE-PROXY-FIREWALL",
    };

    public static T Decode<T>(string json)
        where T : ApiObject => (T)Json.Decode(JsonNode.Parse(json)!, Kinds.Of<T>());

    /// <summary>The folder of recordings beside the repository; null where it is absent.</summary>
    public static string? Recordings(string folder)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "KubeNotebooks.slnx")))
        {
            root = root.Parent;
        }
        var path = Path.Combine(root?.Parent?.FullName ?? "/", "shared", folder);
        return Path.Exists(path) ? path : null;
    }

    /// <summary>A table with the rules of the chains that all Services share in ordinal order: the
    /// real kube-proxy writes them as its map happens to lie.</summary>
    public static string Sorted(string table)
    {
        var lines = table.Split('\n').Where(l => l.Length > 0 && l[0] != '#').ToList();
        var name = lines[0][1..];
        for (var i = 0; i < lines.Count; i++)
        {
            var chain = ChainOf(lines[i]);
            if (!Shared.Contains($"{name} {chain}"))
            {
                continue;
            }
            var count = lines.Skip(i).TakeWhile(l => ChainOf(l) == chain).Count();
            lines.Sort(i, count, StringComparer.Ordinal);
            i += count - 1;
        }
        return string.Join("\n", lines) + "\n";
    }

    /// <summary>The objects of one recorded step.</summary>
    public static (List<Service> Services, List<EndpointSlice> Slices) Recorded(string step)
    {
        var rows = TestData.Rows("kube-proxy/recorded.tsv").ToList();
        return (
            [.. rows.Where(r => r[1] == "Service").Select(r => Decode<Service>(r[2]))],
            [.. rows.Where(r => r[0] == step && r[1] == "EndpointSlice")
                .Select(r => Decode<EndpointSlice>(r[2]))]);
    }

    private static string ChainOf(string line) =>
        line.StartsWith("-A ", StringComparison.Ordinal) ? line.Split(' ')[1] : "";
}
