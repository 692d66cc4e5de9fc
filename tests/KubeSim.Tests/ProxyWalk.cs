namespace KubeSim.Tests;

/// <summary>Where a packet can come out of a packet filter.</summary>
internal static class ProxyWalk
{
    /// <summary>Every end that chance allows: "taken" first, later "not taken". An end is the
    /// address that the packet has then, or what became of it; and whether it leaves by the node's
    /// own address.</summary>
    public static List<(string Where, bool Masquerade)> Ends(
        Netfilter kernel, Packet packet, Func<string, bool> isOwn, IpSets? sets = null)
    {
        var ends = new List<(string, bool)>();
        Explore(kernel, packet, isOwn, sets ?? new(), [], ends);
        return ends;
    }

    private static void Explore(Netfilter kernel, Packet packet, Func<string, bool> isOwn,
        IpSets sets, bool[] choices, List<(string, bool)> ends)
    {
        var made = new List<bool>();
        var trace = new List<Hop>();
        var look = new NetfilterLook("node", DateTime.UnixEpoch, isOwn, _ =>
        {
            made.Add(made.Count >= choices.Length || choices[made.Count]);
            return made[^1];
        }, trace)
        {
            Sets = sets,
        };
        ends.Add(End(kernel, packet, look));
        if (trace.Exists(h => h.Rule.Contains("-m recent --set", StringComparison.Ordinal)))
        {
            kernel.Forget();
        }
        for (var i = choices.Length; i < made.Count; i++)
        {
            Explore(kernel, packet, isOwn, sets, [.. made.Take(i), false], ends);
        }
    }

    private static (string, bool) End(Netfilter kernel, Packet packet, NetfilterLook look)
    {
        var isOwn = look.IsOwn;
        var first = isOwn(packet.Source) ? "OUTPUT" : "PREROUTING";
        var before = packet;
        var verdict = kernel.Pass(first, ref packet, look);
        if (verdict == Verdict.Accept && !(first == "OUTPUT" && !isOwn(packet.Destination)))
        {
            verdict = kernel.Pass(
                isOwn(packet.Destination) ? "INPUT" : "FORWARD", ref packet, look);
        }
        var translated = packet.Destination != before.Destination;
        var said = look.Trace.Exists(h => h.Verdict == Verdict.Accept && h.Rule.Contains(
            "health check", StringComparison.Ordinal));
        return (verdict is Verdict.Drop or Verdict.Reject ? verdict.ToString().ToUpperInvariant()
            : translated ? $"{packet.Destination}:{packet.DestinationPort}"
            : said ? "ACCEPT" : "", (packet.Mark & 0x4000) != 0);
    }
}
