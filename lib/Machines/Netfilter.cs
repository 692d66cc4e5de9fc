using System.Text;

namespace KubeSim;

/// <summary>A list of rules that a packet is held against from first to last.</summary>
/// <param name="Name">Such as <c>PREROUTING</c> or <c>KUBE-SERVICES</c>.</param>
/// <param name="Rules">In order.</param>
/// <param name="IsBuiltIn">True for the chains where the kernel hands packets in; what no rule
/// decides they accept.</param>
public sealed record NetfilterChain(string Name, Seq<NetfilterRule> Rules, bool IsBuiltIn = false);

/// <summary>The chains of one purpose: <c>nat</c> rewrites, <c>filter</c> lets through or not,
/// <c>mangle</c> changes other things.</summary>
public sealed class NetfilterTable
{
    private readonly Dictionary<string, NetfilterChain> chains = new(StringComparer.Ordinal);
    private readonly List<NetfilterChain> builtIn = [];

    /// <summary>A table of the given chains.</summary>
    public NetfilterTable(string name, IEnumerable<NetfilterChain> chains)
    {
        Name = name;
        foreach (var chain in chains)
        {
            this.chains[chain.Name] = chain;
            if (chain.IsBuiltIn)
            {
                builtIn.Add(chain);
            }
        }
    }

    /// <summary><c>nat</c>, <c>filter</c> or <c>mangle</c>.</summary>
    public string Name { get; }

    /// <summary>The chains: those of the kernel first, the others by name.</summary>
    public IEnumerable<NetfilterChain> Chains => builtIn.Concat(chains.Values
        .Where(c => !c.IsBuiltIn).OrderBy(c => c.Name, StringComparer.Ordinal));

    /// <summary>A chain by name; null when there is none.</summary>
    public NetfilterChain? Chain(string name) => chains.GetValueOrDefault(name);

    /// <summary>The table as <c>iptables-save</c> prints it, without the remarks and the counts of
    /// packets.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"*{Name}\n");
        foreach (var chain in Chains)
        {
            text.Append($":{chain.Name} {(chain.IsBuiltIn ? "ACCEPT" : "-")} [0:0]\n");
        }
        foreach (var chain in Chains)
        {
            foreach (var rule in chain.Rules)
            {
                text.Append($"-A {chain.Name} {rule}".TrimEnd()).Append('\n');
            }
        }
        return text.Append("COMMIT\n").ToString();
    }
}

/// <summary>What a machine knows while a packet passes.</summary>
/// <param name="Machine">Its name.</param>
/// <param name="Now">The virtual time (UTC).</param>
/// <param name="IsOwn">Whether an address is its own.</param>
/// <param name="Chance">Draws: true with the given probability.</param>
/// <param name="Trace">Where each rule that matched is noted, but for jumps of all packets into
/// chains in which none does.</param>
public sealed record NetfilterLook(string Machine, DateTime Now, Func<string, bool> IsOwn,
    Func<double, bool> Chance, List<Hop> Trace)
{
    /// <summary>The sets of addresses that rules ask for.</summary>
    public IpSets Sets { get; init; } = new();

    /// <summary>True when the packet goes from one port of a bridge to another: between pods of
    /// this machine.</summary>
    public bool IsBridged { get; init; }

    /// <summary>True when the packet came in by a port of a bridge: from a pod of this
    /// machine.</summary>
    public bool CameByBridge { get; init; }

    /// <summary>The machine's address, for what is redirected to it.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>How many rules the packet was held against.</summary>
    public int RulesPassed { get; internal set; }
}

/// <summary>
/// The packet filter in the kernel of a machine: tables of chains of rules, and the memory of
/// connections.
/// <para>A packet that comes in passes PREROUTING, where <c>nat</c> may rewrite its destination;
/// then the kernel decides by the destination whether it is for the machine itself (INPUT) or to
/// be passed on (FORWARD); on its way out POSTROUTING may rewrite its source. A packet that a
/// process of the machine sends passes OUTPUT instead of PREROUTING. <c>nat</c> sees only the first
/// packet of a connection: what it decided is remembered, done to all that follow, and undone on
/// the answers.</para>
/// <para>Rules are a state of the kernel: they stay when the process that wrote them dies, and are
/// gone when the machine loses its power.</para>
/// <para>Worked: 10.244.1.2:40001 → 10.96.0.7:80 meets in KUBE-SERVICES the rule
/// <c>-d 10.96.0.7/32 … -j KUBE-SVC-…</c>, there a chance of one third for each of three
/// KUBE-SEP-…, and in that one DNAT: now it goes to 10.244.2.3:8080.</para>
/// </summary>
public sealed partial class Netfilter
{
    private readonly Dictionary<string, NetfilterTable> tables = new(StringComparer.Ordinal)
    {
        ["filter"] = Empty("filter"), ["mangle"] = Empty("mangle"), ["nat"] = Empty("nat"),
    };

    // What one writer put there as whole tables, and what others laid beside it.
    private readonly Dictionary<string, NetfilterTable> whole = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (NetfilterTable First, NetfilterTable? Last)> beside =
        new(StringComparer.Ordinal);

    private readonly Dictionary<(string List, string Source), DateTime> recent = [];

    /// <summary>A table: <c>nat</c>, <c>filter</c> or <c>mangle</c>.</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public NetfilterTable Table(string name) => tables.TryGetValue(name, out var table) ? table
        : throw new ArgumentException($"there is no table {name}: nat, filter, mangle");

    /// <summary>Puts a table in place of the one with its name, but for what others laid beside
    /// it.</summary>
    public void Restore(NetfilterTable table)
    {
        whole[Table(table.Name).Name] = table;
        Overwrite(table);
        Join(table.Name);
    }

    /// <summary>Lays chains beside those of others, as a writer does that restores only its own
    /// (<c>iptables-restore --noflush</c>) and sees to it that the kernel's chains lead there
    /// (<c>iptables -I</c> and <c>-A</c>).</summary>
    /// <param name="writer">Whose; what it laid into that table before goes.</param>
    /// <param name="first">Its chains; in those of the kernel what comes before the rules of
    /// others.</param>
    /// <param name="last">In the kernel's chains what comes after them.</param>
    public void Lay(string writer, NetfilterTable first, NetfilterTable? last = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        Overwrite(first);
        beside[$"{first.Name} {writer}"] = (first, last);
        Join(first.Name);
    }

    private void Join(string name)
    {
        var own = beside.Where(b => b.Key.StartsWith(name + " ", StringComparison.Ordinal))
            .Select(b => b.Value).ToList();
        static IEnumerable<NetfilterRule> Of(NetfilterTable? table, string chain) =>
            table?.Chain(chain)?.Rules ?? [];
        var untouched = whole.GetValueOrDefault(name) ?? Empty(name);
        tables[name] = Edited(own.Count == 0 ? untouched : new(name,
        [
            .. own.SelectMany(l => l.First.Chains).Where(c => !c.IsBuiltIn),
            .. untouched.Chains.Select(c => !c.IsBuiltIn ? c : c with
            {
                Rules =
                [
                    .. own.SelectMany(l => Of(l.First, c.Name)), .. c.Rules,
                    .. own.SelectMany(l => Of(l.Last, c.Name)),
                ],
            }),
        ]));
    }

    /// <summary>A table as <c>iptables-save -t TABLE</c> prints it.</summary>
    public string Save(string table = "nat") => Table(table).ToString();

    /// <summary>Hands a packet to a hook: PREROUTING, INPUT, FORWARD, OUTPUT or POSTROUTING. The
    /// verdict is Accept, Reject or Drop.</summary>
    /// <param name="hook">The chain of the kernel.</param>
    /// <param name="packet">As it comes; as it goes on.</param>
    /// <param name="look">What the machine knows.</param>
    /// <param name="leavingBy">At POSTROUTING: the address of the interface that it leaves
    /// by.</param>
    public Verdict Pass(string hook, ref Packet packet, NetfilterLook look, string leavingBy = "")
    {
        ArgumentNullException.ThrowIfNull(packet);
        ArgumentNullException.ThrowIfNull(look);
        Follow(hook, ref packet, look);
        var verdict = Verdict.Accept;
        if (hook is "PREROUTING" or "OUTPUT" or "POSTROUTING" && packet.State == "NEW")
        {
            verdict = Walk("nat", hook, ref packet, look, leavingBy);
        }
        if (hook is "INPUT" or "FORWARD" or "OUTPUT" && verdict == Verdict.Accept)
        {
            verdict = Walk("filter", hook, ref packet, look, leavingBy);
        }
        return verdict;
    }

    /// <summary>Forgets connections and remembered clients; the rules stay.</summary>
    public void Forget()
    {
        recent.Clear();
        connections.Clear();
        flows.Clear();
    }

    internal bool See(string list, string source, DateTime now)
    {
        recent[(list, source)] = now;
        return true;
    }

    internal bool WasSeen(string list, string source, DateTime since) =>
        recent.TryGetValue((list, source), out var at) && at >= since;

    private static NetfilterTable Empty(string name) => new(name, (name switch
    {
        "filter" => (string[])["INPUT", "FORWARD", "OUTPUT"],
        "mangle" => ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
        _ => ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
    }).Select(c => new NetfilterChain(c, [], IsBuiltIn: true)));

    private Verdict Walk(
        string table, string hook, ref Packet packet, NetfilterLook look, string leavingBy)
    {
        var verdict = Through(tables[table], hook, ref packet, look, leavingBy);
        return verdict is Verdict.Drop or Verdict.Reject ? verdict : Verdict.Accept;
    }

    /// <summary>Goes through a chain; Pass when it decided nothing. A rule that chance alone passed
    /// over is noted too: it is half of the lesson.</summary>
    private Verdict Through(NetfilterTable table, string name, ref Packet packet,
        NetfilterLook look, string leavingBy)
    {
        foreach (var rule in (table.Chain(name)?.Rules ?? default).AsSpan())
        {
            look.RulesPassed++;
            if (!rule.Takes(packet, this, look))
            {
                if (rule.Matches.Any(m => m is RuleMatch.Chance))
                {
                    look.Trace.Add(new($"{look.Machine} {table.Name} {name}",
                        $"not by chance: {rule}", packet, packet, Verdict.Pass));
                }
                continue;
            }
            var before = packet;
            var verdict = Apply(rule.Target, ref packet, leavingBy, look.Address);
            look.Trace.Add(new($"{look.Machine} {table.Name} {name}", rule.ToString(), before,
                packet, verdict));
            if (rule.Target is RuleTarget.Jump jump)
            {
                var noted = look.Trace.Count;
                verdict = Through(table, jump.Chain, ref packet, look, leavingBy);
                if (look.Trace.Count == noted && rule.Destination is null
                    && !rule.Matches.Any(m => m is RuleMatch.Port))
                {
                    // Every packet goes in there, and no rule was about this one.
                    look.Trace.RemoveAt(noted - 1);
                }
            }
            if (verdict == Verdict.Return)
            {
                return Verdict.Pass;
            }
            if (verdict == Verdict.Rewrite && rule.Target is not RuleTarget.Mark)
            {
                return Verdict.Accept;
            }
            if (verdict is Verdict.Accept or Verdict.Drop or Verdict.Reject)
            {
                return verdict;
            }
        }
        return Verdict.Pass;
    }

    private static Verdict Apply(
        RuleTarget? target, ref Packet packet, string leavingBy, string own)
    {
        switch (target)
        {
            case RuleTarget.Jump:
                return Verdict.Jump;
            case RuleTarget.Decide decide:
                return decide.Verdict;
            case RuleTarget.Reject:
                return Verdict.Reject;
            case RuleTarget.Mark mark:
                packet = packet with { Mark = (packet.Mark & ~mark.Mask) ^ mark.Value };
                return Verdict.Rewrite;
            case RuleTarget.Masquerade:
                packet = packet with { Source = leavingBy };
                return Verdict.Rewrite;
            case RuleTarget.Redirect redirect:
                packet = packet with
                {
                    Destination = own, DestinationPort = redirect.Port,
                    IsDestinationTranslated = true,
                };
                return Verdict.Rewrite;
            case RuleTarget.Dnat dnat:
                var colon = dnat.To.LastIndexOf(':');
                packet = packet with
                {
                    Destination = dnat.To[..colon].Trim('[', ']'), IsDestinationTranslated = true,
                    DestinationPort = int.Parse(dnat.To.AsSpan(colon + 1),
                        System.Globalization.CultureInfo.InvariantCulture),
                };
                return Verdict.Rewrite;
            default:
                return Verdict.Pass;
        }
    }
}
