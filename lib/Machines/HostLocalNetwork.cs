namespace KubeSim;

/// <summary>
/// The plugins <c>bridge</c> and <c>host-local</c>, and before them <c>flannel</c> where somebody
/// wants it: each sandbox gets a cable to the bridge <c>cni0</c> and an address of its node's
/// range, one after the other, and no address twice while it is in use.
/// <para>Worked: node-2 has 10.244.2.0/24. 10.244.2.0 names the network and 10.244.2.1 is the
/// bridge, so its first pod gets 10.244.2.2, the next 10.244.2.3, and after 10.244.2.254 the
/// search begins anew with the addresses given back.</para>
/// <para>Which addresses are taken stands in files, one an address: a machine that lost its power
/// knows them afterwards, until DEL comes for the dead sandboxes. The plugin <c>flannel</c> does
/// nothing but read what flanneld wrote to <c>/run/flannel/subnet.env</c> and call <c>bridge</c>
/// with it; where that file is missing no pod starts. Behind either comes <c>portmap</c>
/// (<see cref="PortMap"/>).</para>
/// Models github.com/containernetworking/plugins/plugins/ipam/host-local, plugins/main/bridge,
/// github.com/flannel-io/cni-plugin.
/// </summary>
/// <param name="isFlannel">True: the range of a node is the one that its flanneld leased.</param>
public sealed class HostLocalNetwork(bool isFlannel = false) : INetworkPlugin
{
    private const int FirstHost = 2;
    private const string Store = "/var/lib/cni/networks/cbr0/";

    // What host-local writes to the disk of the machine: it outlives a loss of power.
    private sealed class Range(string cidr)
    {
        public string Cidr { get; } = cidr;

        public Ipv4Range All { get; } = Ipv4Range.Parse(cidr);

        public int Last => (int)(All.Last - All.First) - 1;

        public int Cursor { get; set; } = FirstHost - 1;

        public Dictionary<string, int> Used { get; } = new(StringComparer.Ordinal);

        public HashSet<int> Taken { get; } = [];
    }

    private readonly Dictionary<string, Range> ranges = new(StringComparer.Ordinal);

    private string Type => isFlannel ? "flannel" : "bridge";

    /// <inheritdoc/>
    public Answer<CniResult> Add(IMachine machine, CniArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var network = NetworkOf(machine);
        if (isFlannel && network.Leased is null)
        {
            return new(null, Error: "plugin type=\"flannel\" failed (add): failed to load flannel "
                + "'subnet.env' file: open /run/flannel/subnet.env: no such file or directory. "
                + "Check the flannel pod log for this node.");
        }
        var range = RangeOf(machine);
        if (range is null)
        {
            return new(null, Error: "cni plugin not initialized");
        }
        if (isFlannel && (network.Bridged ??= range.All) != range.All)
        {
            return new(null, Error: "plugin type=\"flannel\" failed (add): failed to delegate add: "
                + $"failed to set bridge addr: \"{MachineNetwork.Bridge}\" already has an IP "
                + $"address different from {range.All.At(1)}/{range.All.Length}");
        }
        if (range.Taken.Count > range.Last - FirstHost)
        {
            return new(null, Error: $"plugin type=\"{Type}\" failed (add): "
                + (isFlannel ? "failed to delegate add: " : "") + "failed to allocate for "
                + "range 0: no IP addresses available in range set: "
                + $"{range.All.At(1)}-{range.All.At((uint)range.Last)}");
        }
        do
        {
            range.Cursor = range.Cursor >= range.Last ? FirstHost : range.Cursor + 1;
        }
        while (!range.Taken.Add(range.Cursor));
        range.Used.Add(arguments.ContainerId, range.Cursor);
        var result = ResultOf(machine, range, arguments, range.Cursor);
        var kernel = (SimMachine)machine;
        kernel.Kernel<PortMap>().Open(
            kernel.Kernel<Netfilter>(), arguments.ContainerId, result, arguments.Ports);
        return new(result);
    }

    /// <inheritdoc/>
    public Answer<CniResult> Check(IMachine machine, CniArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return RangeOf(machine) is { } range
            && range.Used.TryGetValue(arguments.ContainerId, out var host)
            ? new(ResultOf(machine, range, arguments, host))
            : new(null, Error: $"plugin type=\"{Type}\" failed (check): host-local: Failed to find "
                + $"address added by container {arguments.ContainerId}");
    }

    /// <inheritdoc/>
    public void Del(IMachine machine, CniArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var kernel = (SimMachine)machine;
        kernel.Kernel<PortMap>().Close(kernel.Kernel<Netfilter>(), arguments.ContainerId);
        if (RangeOf(machine) is { } range && range.Used.Remove(arguments.ContainerId, out var host))
        {
            range.Taken.Remove(host);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<(string Path, string Content)> Files(IMachine machine)
    {
        var range = RangeOf(machine);
        yield return isFlannel ? ("/etc/cni/net.d/10-flannel.conflist", """
            {
              "name": "cbr0",
              "cniVersion": "0.3.1",
              "plugins": [
                {"type": "flannel", "delegate": {"hairpinMode": true, "isDefaultGateway": true}},
                {"type": "portmap", "capabilities": {"portMappings": true}}
              ]
            }
            """) : ("/etc/cni/net.d/10-bridge.conflist", $$$"""
            {
              "name": "cbr0",
              "cniVersion": "1.0.0",
              "plugins": [
                {
                  "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
                  "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": "{{{range?.Cidr}}}"}]],
                    "routes": [{"dst": "0.0.0.0/0"}]
                  }
                },
                {"type": "portmap", "capabilities": {"portMappings": true}}
              ]
            }
            """);
        if (range is null)
        {
            yield break;
        }
        foreach (var (id, host) in range.Used.OrderBy(u => u.Value))
        {
            yield return (Store + range.All.At((uint)host), $"{id}\neth0");
        }
        if (range.Cursor >= FirstHost)
        {
            yield return (Store + "last_reserved_ip.0", range.All.At((uint)range.Cursor));
        }
    }

    private CniResult ResultOf(IMachine machine, Range range, CniArguments arguments, int host) =>
        new(range.All.At((uint)host))
        {
            Gateway = range.All.At(1), Length = range.All.Length,
            Cable = MachineNetwork.CableOf(arguments.PodNamespace, arguments.PodName),
            Routes = isFlannel ? [NetworkOf(machine).Env("FLANNEL_NETWORK")] : [],
        };

    private static MachineNetwork NetworkOf(IMachine machine) =>
        ((SimMachine)machine).Kernel<MachineNetwork>();

    private Range? RangeOf(IMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var cidr = isFlannel ? NetworkOf(machine).Leased?.ToString() ?? "" : machine.PodCidr;
        if (cidr.Length > 0 && (!ranges.TryGetValue(machine.Name, out var known)
            || known.Cidr != cidr))
        {
            ranges[machine.Name] = new(cidr);
        }
        return ranges.GetValueOrDefault(machine.Name);
    }
}
