using System.Globalization;

namespace KubeSim;

/// <summary>
/// The ranges of pod addresses that nodes get, as the node IPAM controller hands them out of
/// --cluster-cidr: node-1 has the second, since the first, 10.244.0.0/24, is the control plane's.
/// <para>Worked: 10.244.0.0/16 in pieces of /24 is 256 ranges, for 255 nodes. For 5,000 nodes the
/// cluster is given the /11 around it, 10.224.0.0 to 10.255.255.255, with 8,192 ranges.</para>
/// Models pkg/controller/nodeipam/ipam/cidrset.
/// </summary>
internal sealed class NodeRanges(Settings settings)
{
    private readonly Ipv4Range all = Ipv4Range.Parse(settings.Get(KnownFlags.ClusterCidr));
    private readonly int mask = settings.Get(KnownFlags.NodeCidrMaskSize);

    /// <summary>How many nodes there are ranges for.</summary>
    public int Count => (int)Math.Max(0, Room - 1);

    private long Room => mask < all.Length ? 0 : 1L << (mask - all.Length);

    /// <summary>The range of the n-th node, n from 1.</summary>
    /// <exception cref="ArgumentException">The cluster's range has no more.</exception>
    public string this[int n] => n < Room
        ? $"{new Ipv4Range(all.First + ((uint)n << (32 - mask)), mask)}"
        : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
            $"{KnownFlags.ClusterCidr}: {all} has {Room} ranges of /{mask} for the control "
            + $"plane and its nodes; node {n} finds none left"));

    /// <summary>The smallest range around 10.244.0.0/16, or that itself, for so many
    /// nodes.</summary>
    public static string For(int nodes, Settings settings)
    {
        var usual = Ipv4Range.Parse(KnownFlags.ClusterCidr.Usual);
        var (mask, length) = (settings.Get(KnownFlags.NodeCidrMaskSize), usual.Length);
        while (length > 8 && (mask < length || 1L << (mask - length) <= nodes))
        {
            length--;
        }
        return $"{Ipv4Range.Around(usual.First, length)}";
    }
}
