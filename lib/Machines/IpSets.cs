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
/// alone; where the last part is <c>net</c>, a range in place of an address, and with
/// <c>nomatch</c> behind it a hole in a wider one.</para>
/// </summary>
public sealed class IpSets
{
    // A member whose last part is a range is kept under its other parts.
    private sealed record Members(
        string Name, string Type, HashSet<string> All, Dictionary<string, List<RuleRange>> Ranges);

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
        var ranges = new Dictionary<string, List<RuleRange>>(StringComparer.Ordinal);
        foreach (var member in type.EndsWith("net", StringComparison.Ordinal) ? all : [])
        {
            var (comma, net) = (member.LastIndexOf(','), member[(member.LastIndexOf(',') + 1)..]);
            var key = comma < 0 ? "" : member[..comma];
            _ = ranges.TryGetValue(key, out var list) || ranges.TryAdd(key, list = []);
            var cidr = net.Split(' ')[0];
            // A hole: its range, inside out.
            var range = cidr.Contains('/') ? new(cidr) : RuleRange.Of(cidr);
            list!.Add(range with { Not = cidr != net });
            list.Sort((a, b) => LengthOf(b).CompareTo(LengthOf(a)));
        }
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
        var kinds = set.Type[(set.Type.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(',');
        var key = new StringBuilder();
        for (var i = 0; i < kinds.Length; i++)
        {
            var source = of[Math.Min(i, of.Length - 1)] == "src";
            var port = source ? packet.SourcePort : packet.DestinationPort;
            var address = source ? packet.Source : packet.Destination;
            if (kinds[i] == "net")
            {
                // Of several ranges the narrowest that has the address decides.
                return set.Ranges.TryGetValue(key.ToString(), out var ranges)
                    && ranges.Find(r => (r with { Not = false }).Takes(address))
                        is { Not: false };
            }
            key.Append(i == 0 ? "" : ",").Append(kinds[i] != "port" ? address
                : set.Type.StartsWith("bitmap", StringComparison.Ordinal)
                    ? port.ToString(CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{packet.Protocol}:{port}"));
        }
        return set.All.Contains(key.ToString());
    }

    private static int LengthOf(RuleRange range) => int.Parse(
        range.Cidr.AsSpan(range.Cidr.IndexOf('/') + 1), CultureInfo.InvariantCulture);

    /// <summary>All sets as <c>ipset list</c> prints them, members in order, without the lines on
    /// the memory that they take.</summary>
    public string List()
    {
        var text = new StringBuilder();
        foreach (var set in sets.Values)
        {
            var family = set.All.Any(m => m.Contains("::", StringComparison.Ordinal)) ? "6" : "";
            text.Append(text.Length == 0 ? "" : "\n").Append("Name: ").Append(set.Name)
                .Append("\nType: ").Append(set.Type).Append("\nHeader: ").Append(
                    set.Type == "bitmap:port" ? "range 0-65535"
                        : $"family inet{family} hashsize 1024 maxelem 65536")
                .Append(CultureInfo.InvariantCulture, $"\nNumber of entries: {set.All.Count}")
                .Append("\nMembers:\n");
            foreach (var member in MembersOf(set.Name))
            {
                text.Append(member).Append('\n');
            }
        }
        return text.ToString();
    }
}
