namespace KubeSim;

/// <summary>The processes of a machine that take connections in order to hand them on in
/// connections of their own, such as a kube-proxy in its oldest mode: the one who gets it sees the
/// machine as its sender.</summary>
public sealed class Forwarders
{
    private readonly Dictionary<(string Protocol, int Port), Func<Packet, NetfilterLook, Packet?>>
        processes = [];

    /// <summary>Listens on a port, in the place of who did.</summary>
    /// <param name="protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
    /// <param name="port">The port, of every address of the machine.</param>
    /// <param name="onward">The connection that it opens for one that came.</param>
    public void Listen(string protocol, int port, Func<Packet, NetfilterLook, Packet?> onward) =>
        processes[(protocol, port)] = onward;

    /// <summary>Listens no more.</summary>
    public void Close(string protocol, int port) => processes.Remove((protocol, port));

    /// <summary>The connection that a process opens for one that came to it, from the machine;
    /// null when no such process listens there.</summary>
    /// <param name="packet">The one that came.</param>
    /// <param name="look">What the machine knows.</param>
    public Packet? Take(Packet packet, NetfilterLook look) =>
        packet is not null
            && processes.TryGetValue((packet.Protocol, packet.DestinationPort), out var onward)
            ? onward(packet, look) : null;
}
