namespace KubeSim;

/// <summary>
/// The least that a pod network must do: each sandbox gets an address of its node's range, one
/// after the other, and no address twice while it is in use.
/// <para>Worked: node-2 has 10.244.2.0/24. 10.244.2.0 names the network and 10.244.2.1 is the
/// bridge, so its first pod gets 10.244.2.2, the next 10.244.2.3, and after 10.244.2.254 the
/// search begins anew with the addresses given back.</para>
/// Models github.com/containernetworking/plugins/plugins/ipam/host-local.
/// </summary>
public sealed class HostLocalNetwork : INetworkPlugin
{
    private const int FirstHost = 2;

    // What host-local writes to the disk of the machine: it outlives a loss of power.
    private sealed class Range(string cidr)
    {
        public string Cidr { get; } = cidr;

        public Ipv4Range All { get; } = Ipv4Range.TryParse(cidr, out var all) ? all : default;

        public int Last => (int)(All.Last - All.First) - 1;

        public int Cursor { get; set; } = FirstHost - 1;

        public Dictionary<string, int> Used { get; } = new(StringComparer.Ordinal);

        public HashSet<int> Taken { get; } = [];
    }

    private readonly Dictionary<string, Range> ranges = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Answer<CniResult> Add(IMachine machine, CniArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var range = RangeOf(machine);
        if (range is null)
        {
            return new(null, Error: "cni plugin not initialized");
        }
        if (range.Taken.Count > range.Last - FirstHost)
        {
            return new(null, Error: "plugin type=\"bridge\" failed (add): failed to allocate for "
                + "range 0: no IP addresses available in range set: "
                + $"{range.All.At(1)}-{range.All.At((uint)range.Last)}");
        }
        do
        {
            range.Cursor = range.Cursor >= range.Last ? FirstHost : range.Cursor + 1;
        }
        while (!range.Taken.Add(range.Cursor));
        range.Used.Add(arguments.ContainerId, range.Cursor);
        return new(new(range.All.At((uint)range.Cursor)));
    }

    /// <inheritdoc/>
    public void Del(IMachine machine, CniArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (RangeOf(machine) is { } range && range.Used.Remove(arguments.ContainerId, out var host))
        {
            range.Taken.Remove(host);
        }
    }

    private Range? RangeOf(IMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var cidr = machine.PodCidr;
        if (cidr.Length > 0 && (!ranges.TryGetValue(machine.Name, out var known)
            || known.Cidr != cidr))
        {
            ranges[machine.Name] = new(cidr);
        }
        return ranges.GetValueOrDefault(machine.Name);
    }
}
