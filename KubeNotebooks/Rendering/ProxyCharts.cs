using KubeSim;

namespace KubeNotebooks;

// What the modes of kube-proxy cost, counted on rules that are really written, and beside it what
// was measured on real clusters.
public static partial class Chart
{
    // The median time of a connection's first answer in ms at 5,000, 10,000 and 30,000 Services, as
    // KEP 3866 (keps/sig-network/3866-nftables-proxy) charts it.
    private static readonly (string Name, double[] Y)[] Published =
    [
        ("iptables, published", [0.049, 0.061, 0.274]),
        ("nftables, published", [0.014, 0.014, 0.014]),
    ];

    // Mode userspace has no ports for so many.
    private static readonly ProxyMode[] Modes = [ProxyMode.Iptables, ProxyMode.Ipvs];

    private static readonly int[] PublishedAt = [5000, 10_000, 30_000];

    /// <summary>The rules that the first packet of a connection passes, by mode of kube-proxy, at
    /// 5,000, 10,000 and 30,000 Services; and the time of the first answer as it was published, a
    /// median. Both are times of what they are at 5,000, since rules and milliseconds have no
    /// measure in common.</summary>
    public static Figure ProxyLookup()
    {
        var rows = Modes.Select(m => (Name: NameOf(m) + ", rules",
            Y: PublishedAt.Select(n => ProxyCost.Of(m, n, 1).RulesPassed).ToArray()))
            .Concat(Published);
        return new("First packet of a connection", "Services", "times of 5,000 Services",
            [.. rows.Select((r, i) => new Trace(r.Name, TraceForm.Line, Colours[i])
            {
                X = [.. PublishedAt.Select(n => (double)n)],
                Y = [.. r.Y.Select(y => y / r.Y[0])],
            })]);
    }

    /// <summary>The rules that the first packet of a connection passes, by mode of kube-proxy, as
    /// they were counted.</summary>
    /// <param name="costs">For each mode and number of Services one.</param>
    public static Figure ProxyLookup(IEnumerable<ProxyCost> costs) =>
        new("First packet of a connection", "Services", "rules passed",
            [.. costs.GroupBy(c => c.Mode).Select((g, i) => new Trace(NameOf(g.Key),
                TraceForm.Line, Colours[i])
            {
                X = [.. g.Select(c => (double)c.Services)], Y = [.. g.Select(c => c.RulesPassed)],
            })]);

    /// <summary>What kube-proxy writes when one Service has a new endpoint, by mode, and in mode
    /// iptables what it would write in full.</summary>
    /// <param name="services">The numbers of Services; unset 10, 1,000 and 10,000.</param>
    public static Figure ProxySync(params int[] services)
    {
        int[] at = services is { Length: > 0 } ? services : [10, 1000, 10_000];
        var rows = Enum.GetValues<ProxyMode>().Select(m => (Name: NameOf(m),
            Y: at.Select(n => (double)ProxyCost.Of(m, n).WrittenForChange).ToArray())).Append((
            Name: "iptables, in full", Y: at.Select(n =>
                (double)ProxyCost.Of(ProxyMode.Iptables, n).WrittenInFull).ToArray()));
        return new("Written for one new endpoint", "Services", "rules and servers",
            [.. rows.Select((r, i) => new Trace(r.Name, TraceForm.Line, Colours[i])
            {
                X = [.. at.Select(n => (double)n)], Y = r.Y,
            })]);
    }

    private static string NameOf(ProxyMode mode) => mode.ToString().ToLowerInvariant();
}
