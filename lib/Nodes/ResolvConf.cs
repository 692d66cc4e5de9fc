using System.Globalization;

namespace KubeSim;

/// <summary>
/// The resolver's settings in a container, as the kubelet words them by <c>dnsPolicy</c>:
/// <list type="bullet">
/// <item><c>ClusterFirst</c>, the default: the cluster's DNS, its search domains, ndots:5; for a
/// pod with the node's network the same as Default;</item>
/// <item><c>ClusterFirstWithHostNet</c>: the cluster's DNS there too;</item>
/// <item><c>Default</c>: what the node has;</item>
/// <item><c>None</c>: only what <c>dnsConfig</c> says, which adds to all others.</item>
/// </list>
/// Models pkg/kubelet/network/dns/dns.go.
/// </summary>
/// <param name="Nameservers">Whom to ask, at most three.</param>
/// <param name="Searches">What to hang behind short names, in order.</param>
/// <param name="Options">Such as <c>ndots:5</c>.</param>
public sealed record ResolvConf(
    Seq<string> Nameservers, Seq<string> Searches, Seq<string> Options)
{
    /// <summary>The name server that nodes know: one of the network outside, which knows the names
    /// of the world and none of the cluster.</summary>
    public const string Outside = PullErrors.NameServer;

    /// <summary>A name with fewer dots is tried behind the search domains first; 1 unless an
    /// option says so.</summary>
    public int Ndots => Options.Select(o => o.Split(':'))
        .Where(o => o is ["ndots", _] && int.TryParse(o[1], CultureInfo.InvariantCulture, out _))
        .Select(o => int.Parse(o[1], CultureInfo.InvariantCulture)).LastOrDefault(1);

    /// <summary>That of a node.</summary>
    public static ResolvConf OfNode { get; } = new([Outside], [], []);

    /// <summary>That of a pod.</summary>
    public static ResolvConf Of(Pod pod, Settings settings)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(settings);
        var (spec, domain) = (pod.Spec, settings.Get(KnownFlags.ClusterDomain));
        var isCluster = spec.DnsPolicy == "ClusterFirstWithHostNet"
            || (spec.DnsPolicy is null or "ClusterFirst" && spec.HostNetwork != true);
        var own = isCluster ? new ResolvConf([settings.Get(KnownFlags.ClusterDns)],
            [$"{pod.Metadata.Namespace}.svc.{domain}", $"svc.{domain}", domain], ["ndots:5"])
            : spec.DnsPolicy == "None" ? new([], [], []) : OfNode;
        if (spec.DnsConfig is not { } more)
        {
            return own;
        }
        var names = more.Options.Select(o => o.Name).ToList();
        return new(
            own.Nameservers.Concat(more.Nameservers).Distinct().Take(3).ToSeq(),
            own.Searches.Concat(more.Searches.Select(s => s.TrimEnd('.'))).Distinct().Take(32)
                .ToSeq(),
            own.Options.Where(o => !names.Contains(o.Split(':')[0])).Concat(more.Options
                .Select(o => o.Value is { } value ? $"{o.Name}:{value}" : o.Name ?? "")).ToSeq());
    }

    /// <summary>The full names that are asked for a name, in order. <c>web</c> of namespace shop
    /// is <c>web.shop.svc.cluster.local</c> first; <c>example.com</c>, with fewer dots than five,
    /// costs three answers NXDOMAIN before it is asked as it stands; a dot at its end spares
    /// them.</summary>
    public IEnumerable<string> Questions(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var full = name.TrimEnd('.');
        if (name.EndsWith('.'))
        {
            return [full];
        }
        var searched = Searches.Select(s => $"{full}.{s}");
        return full.AsSpan().Count('.') < Ndots ? searched.Append(full) : searched.Prepend(full);
    }

    /// <summary>The file as the container runtime writes it.</summary>
    public override string ToString() =>
        (Searches.IsEmpty ? "" : $"search {string.Join(' ', Searches)}\n")
        + string.Concat(Nameservers.Select(n => $"nameserver {n}\n"))
        + (Options.IsEmpty ? "" : $"options {string.Join(' ', Options)}\n");
}
