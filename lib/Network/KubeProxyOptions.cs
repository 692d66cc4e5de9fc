namespace KubeSim;

/// <summary>How kube-proxy is run; the defaults are those of a cluster set up by kubeadm.</summary>
public sealed record KubeProxyOptions
{
    /// <summary>--proxy-mode: by what it makes Services work.</summary>
    public ProxyMode Mode { get; init; }

    /// <summary>--ipvs-scheduler: how a virtual server picks, one of
    /// <see cref="Ipvs.Schedulers"/>.</summary>
    public string IpvsScheduler { get; init; } = "rr";

    /// <summary>--cluster-cidr: where pods have their addresses; what comes from elsewhere to a
    /// cluster IP is masqueraded. Empty: nobody is known to be a pod.</summary>
    public string ClusterCidr { get; init; } = "10.244.0.0/16";

    /// <summary>--masquerade-all: all that goes to a cluster IP is masqueraded.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>--iptables-localhost-nodeports: node ports answer on 127.0.0.1 too.</summary>
    public bool LocalhostNodePorts { get; init; } = true;

    /// <summary>The addresses of the node that --nodeport-addresses picks; unset: all of
    /// them.</summary>
    public Seq<string> NodePortAddresses { get; init; }

    /// <summary>True when it writes the rules of IPv6.</summary>
    public bool Ipv6 { get; init; }

    /// <summary>As the flags of kube-proxy say.</summary>
    public static KubeProxyOptions Of(Settings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var own = settings.Get(KnownFlags.ProxyClusterCidr);
        return new()
        {
            ClusterCidr = own.Length > 0 ? own : settings.Get(KnownFlags.ClusterCidr),
            Mode = settings.Get(KnownFlags.ProxyMode),
            IpvsScheduler = settings.Get(KnownFlags.IpvsScheduler),
            MasqueradeAll = settings.Get(KnownFlags.MasqueradeAll),
            LocalhostNodePorts = settings.Get(KnownFlags.LocalhostNodePorts),
        };
    }
}

/// <summary>What kube-proxy writes to of a machine: parts of its kernel, and the ports that its
/// process listens on. All of them go with the machine's power.</summary>
public sealed record ProxyKernel
{
    /// <summary>The packet filter.</summary>
    public Netfilter Filter { get; init; } = new();

    /// <summary>The virtual servers.</summary>
    public Ipvs Ipvs { get; init; } = new();

    /// <summary>The sets of addresses.</summary>
    public IpSets Sets { get; init; } = new();

    /// <summary>Who takes connections to hand them on.</summary>
    public Forwarders Forwarders { get; init; } = new();

    /// <summary>That of a machine.</summary>
    public static ProxyKernel Of(SimMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return new()
        {
            Filter = machine.Kernel<Netfilter>(), Ipvs = machine.Kernel<Ipvs>(),
            Sets = machine.Kernel<IpSets>(), Forwarders = machine.Kernel<Forwarders>(),
        };
    }
}
