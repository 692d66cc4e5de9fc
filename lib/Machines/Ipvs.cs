namespace KubeSim;

/// <summary>
/// The virtual servers in the kernel of a machine (IP Virtual Server): a table from an address and
/// port to the servers behind it, looked up in one step whatever its size. A packet is held against
/// it when it has arrived at the machine, which is why the addresses of Services must be addresses
/// of the machine (on the device <c>kube-ipvs0</c>).
/// </summary>
public sealed class Ipvs
{
    private readonly HashSet<string> addresses = new(StringComparer.Ordinal);

    /// <summary>Whether an address is one of <c>kube-ipvs0</c>.</summary>
    public bool HasAddress(string address) => addresses.Contains(address);

    /// <summary>Hands a packet that arrived at the machine to one of the servers behind its
    /// virtual one; null when there is no virtual server for it.</summary>
    /// <param name="packet">As it comes; as it goes on.</param>
    /// <param name="look">What the machine knows.</param>
    public Verdict? Schedule(ref Packet packet, NetfilterLook look)
    {
        ArgumentNullException.ThrowIfNull(packet);
        return HasAddress(packet.Destination) ? Verdict.Drop : null;
    }
}
