using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>
/// Sets of addresses in the kernel of a machine. A rule asks whether a packet is a member
/// (<c>-m set --match-set NAME src</c>), which takes one look whatever the size of the set: how ten
/// thousand addresses fit into one rule.
/// <para>A member has as many parts as the type of its set names: <c>hash:ip</c> an address,
/// <c>hash:net</c> a range (with <c>nomatch</c> a hole in a wider one), <c>hash:ip,port</c> an address and a port with its protocol
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
            : all.Select(RangeOf).OrderByDescending(LengthOf).ToList();
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
            return Holds(set.Ranges, address);
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

    // A hole: the range of it, inside out.
    private static RuleRange RangeOf(string member)
    {
        var cidr = member.Split(' ')[0];
        return new(cidr.Contains('/') ? cidr : cidr + "/32", Not: cidr.Length < member.Length);
    }

    private static int LengthOf(RuleRange range) => int.Parse(
        range.Cidr.AsSpan(range.Cidr.IndexOf('/') + 1), CultureInfo.InvariantCulture);

    /// <summary>Of several ranges the narrowest that has the address decides.</summary>
    private static bool Holds(List<RuleRange> ranges, string address) =>
        ranges.Find(r => (r with { Not = false }).Takes(address)) is { Not: false };

    /// <summary>All sets as <c>ipset save</c> prints them: what <c>ipset restore</c>
    /// reads.</summary>
    public string Save()
    {
        var text = new StringBuilder();
        foreach (var set in sets.Values)
        {
            text.Append($"create {set.Name} {set.Type} ").Append(
                set.Type == "bitmap:port" ? "range 0-65535\n"
                    : "family inet hashsize 1024 maxelem 65536\n");
            foreach (var member in MembersOf(set.Name))
            {
                text.Append($"add {set.Name} {member}\n");
            }
        }
        return text.ToString();
    }
}
