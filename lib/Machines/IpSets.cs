using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>
/// Sets of addresses in the kernel of a machine. A rule asks whether a packet is a member
/// (<c>-m set --match-set NAME src</c>), which takes one look whatever the size of the set: how ten
/// thousand addresses fit into one rule.
/// <para>A member has as many parts as the type of its set names: <c>hash:ip</c> an address,
/// <c>hash:net</c> a range, <c>hash:ip,port</c> an address and a port with its protocol
/// (<c>10.96.0.7,tcp:80</c>), <c>hash:ip,port,ip</c> one address more, <c>bitmap:port</c> a port
/// alone.</para>
/// </summary>
public sealed class IpSets
{
    private sealed record Members(
        string Name, string Type, HashSet<string> All, List<RuleRange> Ranges);

    private readonly SortedDictionary<string, Members> sets = new(StringComparer.Ordinal);

    /// <summary>The names of the sets, in order.</summary>
    public IEnumerable<string> Names => sets.Keys;

    /// <summary>Puts a set in place of the one with its name.</summary>
    /// <param name="name">At most 31 characters, as the kernel wants it.</param>
    /// <param name="type">Such as <c>hash:ip,port</c>.</param>
    /// <param name="members">As <c>ipset list</c> prints them.</param>
    public void Swap(string name, string type, IEnumerable<string> members)
    {
        ArgumentNullException.ThrowIfNull(type);
        var all = members.ToHashSet(StringComparer.Ordinal);
        var ranges = !type.StartsWith("hash:net", StringComparison.Ordinal) ? []
            : all.Select(m => new RuleRange(m.Contains('/') ? m : m + "/32")).ToList();
        sets[name] = new(name, type, all, ranges);
    }

    /// <summary>Takes a set away; nothing when there is none.</summary>
    public void Destroy(string name) => sets.Remove(name);

    /// <summary>The members of a set, in order; empty when there is no such set.</summary>
    public IEnumerable<string> MembersOf(string name) => sets.TryGetValue(name, out var set)
        ? set.All.Order(StringComparer.Ordinal) : [];

    /// <summary>Whether a packet is a member of a set; false when there is no such set.</summary>
    public bool Holds(string name, Packet packet, string parts)
    {
        ArgumentNullException.ThrowIfNull(packet);
        ArgumentNullException.ThrowIfNull(parts);
        if (!sets.TryGetValue(name, out var set))
        {
            return false;
        }
        var of = parts.Split(',');
        if (set.Ranges.Count > 0)
        {
            var address = of[0] == "src" ? packet.Source : packet.Destination;
            return set.Ranges.Exists(r => r.Takes(address));
        }
        var kinds = set.Type[(set.Type.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(',');
        var key = new StringBuilder();
        for (var i = 0; i < kinds.Length; i++)
        {
            var source = of[Math.Min(i, of.Length - 1)] == "src";
            var port = source ? packet.SourcePort : packet.DestinationPort;
            key.Append(i == 0 ? "" : ",").Append(
                kinds[i] != "port" ? source ? packet.Source : packet.Destination
                : set.Type.StartsWith("bitmap", StringComparison.Ordinal)
                    ? port.ToString(CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{packet.Protocol}:{port}"));
        }
        return set.All.Contains(key.ToString());
    }
}
