namespace KubeSim;

/// <summary>Says which addresses a name of the outside world has from now on.</summary>
/// <param name="Name">The name.</param>
/// <param name="Addresses">Its addresses; none: it is gone.</param>
public sealed record OutsideNameInput(string Name, Seq<string> Addresses) : Input
{
    /// <inheritdoc/>
    public override string Describe =>
        $"outside, {Name} is {(Addresses.IsEmpty ? "unknown" : string.Join(", ", Addresses))}";

    internal override bool Execute(Simulation simulation)
    {
        ((World)simulation.World).OutsideNames[Name] = Addresses;
        return true;
    }
}

/// <summary>Names of the cluster: how a resolver asks for them, and who answers.</summary>
public sealed partial class Cluster
{
    private const int MostRemembered = 4096;

    // What DNS servers remember: nothing but later lookups can see it, as with connections.
    private readonly Dictionary<(string Server, string Name, string Type),
        (DateTime At, DnsAnswer Answer)> dnsCache = [];

    /// <summary>Says which addresses a name of the outside world has from now on.</summary>
    /// <example><c>cluster.OutsideName("example.com", "198.51.100.7")</c></example>
    public void OutsideName(string name, params string[] addresses) =>
        Owned(s => s.Submit(new OutsideNameInput(name, [.. addresses])));

    /// <summary>Looks a name up as a program on a pod or node does: with its search domains, every
    /// question a packet to its name server. It is no part of the run, as
    /// <see cref="Send(string, string, int)"/>.</summary>
    /// <param name="from">A pod (<c>client</c>, <c>shop/client</c>) or a node.</param>
    /// <param name="name">The name; one with a dot at its end is asked as it stands.</param>
    /// <param name="type"><c>A</c>, <c>AAAA</c>, <c>SRV</c>, <c>PTR</c>, <c>CNAME</c>,
    /// <c>TXT</c>.</param>
    /// <exception cref="ArgumentException">There is no such sender.</exception>
    public DnsLookup Lookup(string from, string name, string type = "A")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using var own = Own();
        return Lookup(SenderOf(from), name, type, NextSend());
    }

    /// <summary>What <c>dig NAME TYPE</c> prints there; it asks for names as they stand.</summary>
    /// <inheritdoc cref="Lookup(string, string, string)"/>
    public string Dig(string from, string name, string type = "A") => Still(c =>
        DnsText.Dig(c.Lookup(from, $"{name}".TrimEnd('.') + ".", type) with { Name = name },
            c.Now));

    /// <summary>What <c>nslookup -type=TYPE NAME</c> prints there; an address is looked up
    /// backwards.</summary>
    /// <inheritdoc cref="Lookup(string, string, string)"/>
    public string Nslookup(string from, string name, string type = "A") =>
        System.Net.IPAddress.TryParse(name, out _)
            ? DnsText.Nslookup(Lookup(from,
                $"{string.Join('.', name.Split('.').Reverse())}.in-addr.arpa.", "PTR"))
            : DnsText.Nslookup(Lookup(from, name, type));

    /// <summary>The <c>/etc/resolv.conf</c> of a pod's containers, or of a node.</summary>
    /// <exception cref="ArgumentException">There is no such pod or node.</exception>
    public ResolvConf ResolvConf(string of) => Still(c => c.ResolvConf(c.SenderOf(of)));

    private ResolvConf ResolvConf(Sender sender) =>
        sender.Pod is { } pod && Find<Pod>(pod.Key.Namespace, pod.Key.Name) is { } found
            ? KubeSim.ResolvConf.Of(found, simulation.Options.Settings)
            : KubeSim.ResolvConf.OfNode;

    private (string? Address, string? Error) Resolve(
        Sender sender, string name, Prng random, List<Hop> hops)
    {
        if (sender.Pod is { } pod && Alias(pod.Key.Namespace, pod.Key.Name, name) is { } known)
        {
            return (known, null);
        }
        var lookup = Lookup(sender, name, "A", random);
        hops.AddRange(lookup.Hops);
        return (lookup.Error is null ? lookup.Answer!.Addresses[0] : null, lookup.Error);
    }

    // What /etc/hosts says is not asked of DNS.
    private string? Alias(string ns, string pod, string name) =>
        name == "localhost" ? "127.0.0.1" : Find<Pod>(ns, pod)?.Spec.HostAliases
            .FirstOrDefault(a => a.Hostnames.AsSpan().Contains(name))?.Ip;

    private DnsLookup Lookup(Sender sender, string name, string type, Prng random)
    {
        var (conf, hops) = (ResolvConf(sender), new List<Hop>());
        var question = new Packet
        {
            Protocol = "udp", Source = sender.Address, DestinationPort = 53,
            Destination = conf.Nameservers.IsEmpty ? "127.0.0.1" : conf.Nameservers[0],
            SourcePort = 32768 + random.Fork("dns").Next(28232),
        };
        void Note(string what, Verdict verdict = Verdict.Pass) =>
            hops.Add(new($"{sender.Name} DNS", what, question, question, verdict));
        var lookup = new DnsLookup
        {
            From = sender.Name, Name = name, Type = type, Server = question.Destination,
        };
        var (isInside, silence, server) = Reach(question, sender, random, hops);
        if (silence is not null)
        {
            Note($"{name}: no answer: {silence}", Verdict.Drop);
            return lookup with { Hops = [.. hops], Silence = silence };
        }
        var (names, asked) = (Names(), new List<DnsAnswer>());
        foreach (var full in conf.Questions(name))
        {
            var answer = isInside ? Remembered(server, full, type, names)
                : names.Upstream(full.ToLowerInvariant(), type);
            // The server hands out addresses in an order by chance, and clients take the first.
            var first = answer.Addresses.IsEmpty ? 0 : random.Next(answer.Addresses.Count);
            answer = first == 0 ? answer : Turned(answer, first);
            asked.Add(answer);
            Note($"{answer}", answer.Records.IsEmpty || type is not ("A" or "AAAA")
                || !answer.Addresses.IsEmpty ? Verdict.Pass : Verdict.Drop);
            if (!answer.Records.IsEmpty)
            {
                break;
            }
        }
        return lookup with { Questions = [.. asked], Hops = [.. hops] };
    }

    // The way of a question to the DNS add-on, to one of its pods as any packet. Whether the server
    // knows the cluster; why it does not answer; its name.
    private (bool IsInside, string? Silence, string Server) Reach(
        Packet question, Sender sender, Prng random, List<Hop> hops)
    {
        var to = question.Destination;
        if (to != simulation.Options.Settings.Get(KnownFlags.ClusterDns)
            && !List<Pod>().Any(p => p.Status.PodIP == to))
        {
            return (false, to == "127.0.0.1" ? "connection refused" : null, to);
        }
        if (Find<Service>("kube-system", "kube-dns") is null)
        {
            hops.Add(new($"{sender.Name} DNS",
                "no kube-dns in kube-system: the simulator answers itself", question, question,
                Verdict.Pass));
            return (true, null, "");
        }
        var path = NewPath(random);
        Start(path, sender, question, random);
        hops.AddRange(path.Hops);
        return path.Outcome == SendOutcome.Answered ? (true, null, path.ReceiverName)
            : (true, Say(path, new("udp", to, 53)), "");
    }

    private DnsAnswer Remembered(string server, string name, string type, ClusterNames names)
    {
        var (key, most) = ((server, name, type), names.Set.Cache);
        if (server.Length > 0 && most > 0 && dnsCache.TryGetValue(key, out var kept)
            && kept.At <= Now && Now < kept.At.AddSeconds(Math.Min(most, names.Set.Ttl)))
        {
            var age = (int)(Now - kept.At).TotalSeconds;
            return kept.Answer with
            {
                Why = kept.Answer.Why + FormattableString.Invariant($" (kept for {age} s)"),
                Records = kept.Answer.Records.Select(r => r with { Ttl = r.Ttl - age }).ToSeq(),
            };
        }
        var answer = names.Answer(name, type);
        if (most > 0)
        {
            if (dnsCache.Count == MostRemembered)
            {
                dnsCache.Clear();
            }
            dnsCache[key] = (Now, answer);
        }
        return answer;
    }

    private ClusterNames Names() => new()
    {
        Domain = simulation.Options.Settings.Get(KnownFlags.ClusterDomain), Now = Now,
        Service = Find<Service>, Services = () => List<Service>(), Slices = SlicesOf,
        HasNamespace = ns => Find<Namespace>("", ns) is not null,
        Outside = ((World)simulation.World).OutsideNames.GetValueOrDefault,
        Set = Find<ConfigMap>("kube-system", "coredns") is { } map
            ? Corefile.Read(map.Data.Get("Corefile") ?? "") : new(30, 0),
    };

    // The n-th address comes first.
    private static DnsAnswer Turned(DnsAnswer answer, int n)
    {
        var skip = answer.Records.Count - answer.Addresses.Count;
        var ends = answer.Records.Skip(skip).ToList();
        return answer with
        {
            Records = [.. answer.Records.Take(skip), .. ends.Skip(n), .. ends.Take(n)],
        };
    }

    private IEnumerable<EndpointSlice> SlicesOf(Service service) => simulation.Store.Labelled(
        Kinds.EndpointSlice, service.Metadata.Namespace, "kubernetes.io/service-name",
        service.Metadata.Name, Revision).Cast<EndpointSlice>();
}
