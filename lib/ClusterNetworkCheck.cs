using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>The network of a cluster as a whole.</summary>
/// <example><code>cluster.Network.Check()</code></example>
public sealed class ClusterNetwork
{
    private readonly Cluster cluster;

    internal ClusterNetwork(Cluster cluster) => this.cluster = cluster;

    /// <summary>Tries what every pod network owes: a node reaches its pods, pods of one node and
    /// pods of two nodes reach each other, and each sees the other's own address. Each pair is
    /// pinged; of more than <paramref name="most"/> pairs so many are taken, evenly
    /// spread.</summary>
    /// <param name="most">The most pairs to try of each kind.</param>
    public NetworkCheck Check(int most = 1000) => cluster.Still(c => c.CheckNetwork(most));
}

/// <summary>What became of the guarantees of a pod network.</summary>
/// <param name="Guarantees">One after the other.</param>
public sealed record NetworkCheck(Seq<NetworkGuarantee> Guarantees)
{
    /// <summary>True when no pair that was tried is broken.</summary>
    public bool Holds => Guarantees.All(g => g.Broken.IsEmpty);

    /// <summary>The guarantees as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The guarantees, a line each, and under it the broken pairs with the hop where each
    /// breaks.</summary>
    public override string ToString() => string.Join('\n', Guarantees);
}

/// <summary>One of the guarantees of a pod network.</summary>
/// <param name="Name">Between whom.</param>
/// <param name="Pairs">How many pairs there are.</param>
/// <param name="Tried">How many of them were tried.</param>
/// <param name="Broken">The pairs that cannot talk.</param>
public sealed record NetworkGuarantee(string Name, int Pairs, int Tried, Seq<BrokenPair> Broken)
{
    private const int Most = 10;

    /// <summary>The guarantee, and the first broken pairs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"{Name}: {Tried - Broken.Count} of {Tried} pairs reach each other");
        text.Append(Tried == Pairs ? "" : string.Create(CultureInfo.InvariantCulture,
            $" (a sample of {Pairs})"));
        foreach (var pair in Broken.Take(Most))
        {
            text.Append("\n  ").Append(pair);
        }
        return text.Append(Broken.Count <= Most ? "" : string.Create(CultureInfo.InvariantCulture,
            $"\n  and {Broken.Count - Most} more")).ToString();
    }
}

/// <summary>Two that cannot talk.</summary>
/// <param name="From">Who sent.</param>
/// <param name="To">Who was meant.</param>
/// <param name="Trace">The way of the packet as far as it came.</param>
/// <param name="Where">The hop where it breaks.</param>
public sealed record BrokenPair(string From, string To, PacketTrace Trace, Hop Where)
{
    /// <summary>The pair, what the sender notices, and the hop.</summary>
    public override string ToString() => $"{From} → {To}: {Trace.Message}\n    at {Where}";
}

/// <summary>The guarantees of the pod network.</summary>
public sealed partial class Cluster
{
    /// <summary>The network as a whole.</summary>
    public ClusterNetwork Network { get; }

    internal NetworkCheck CheckNetwork(int most)
    {
        var pods = List<Pod>().Where(p => !p.IsFinished && p.Spec.HostNetwork != true
            && p.Spec.NodeName is not null && p.Status.PodIP is { Length: > 0 }).ToArray();
        var byNode = pods.ToLookup(p => p.Spec.NodeName!, StringComparer.Ordinal);
        var alike = byNode.Sum(n => n.Count() * (n.Count() - 1));
        var across = (pods.Length * (pods.Length - 1)) - alike;
        var random = simulation.Random.Fork("network check");
        return new(
        [
            Try("node and its pods", pods.Length, most, random,
                pods.Select(p => (p.Spec.NodeName!, p))),
            Try("pods of one node", alike, most, random,
                from node in byNode from a in node from b in node where a != b
                select (NameOf(a), b)),
            Try("pods of two nodes", across, most, random,
                from a in pods from b in pods where a.Spec.NodeName != b.Spec.NodeName
                select (NameOf(a), b)),
        ]);
    }

    private NetworkGuarantee Try(string name, int pairs, int most, Prng random,
        IEnumerable<(string From, Pod To)> all)
    {
        var (stride, tried, broken) = ((pairs + most - 1) / Math.Max(1, most), 0,
            new List<BrokenPair>());
        foreach (var (i, (from, to)) in all.Index())
        {
            if (i % stride != 0)
            {
                continue;
            }
            tried++;
            var (sender, address) = (SenderOf(from), to.Status.PodIP!);
            var path = NewPath(random);
            Start(path, sender, new()
            {
                Protocol = "icmp", Source = sender.Address, Destination = address,
            }, random);
            var seen = path.Hops.Find(h => h.Verdict == Verdict.Deliver)?.After.Source;
            var isOwn = seen is null || seen == sender.Address || sender.Pod is null;
            if (path.Outcome == SendOutcome.Answered && isOwn)
            {
                continue;
            }
            var message = Say(path, new("icmp", address, 0));
            broken.Add(new(from, NameOf(to), new()
            {
                From = from, To = address, Hops = [.. path.Hops], Outcome = path.Outcome,
                Message = isOwn ? message : $"{message}, but saw {seen} for {sender.Address}",
            }, path.Hops.FindLast(h => h.Verdict is Verdict.Drop or Verdict.Reject)
                ?? path.Hops.FindLast(h => h.Verdict == Verdict.Rewrite) ?? path.Hops[^1]));
        }
        return new(name, pairs, tried, [.. broken]);
    }

    private static string NameOf(Pod pod) => $"{pod.Metadata.Namespace}/{pod.Metadata.Name}";
}
