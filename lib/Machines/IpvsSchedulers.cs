using System.Buffers.Binary;
using System.Net;

namespace KubeSim;

// How a virtual server picks one of its servers for a new connection (--ipvs-scheduler). kube-proxy
// gives every server the weight 1, so that the weighted ones do as their plain ones. Each takes the
// servers that have a weight, in the order in which they came.
public sealed partial class Ipvs
{
    private static readonly Dictionary<string, (string How, Func<Virtual, Packet, Real?> Pick)>
        Known = new(StringComparer.Ordinal)
        {
            ["rr"] = ("the next in turn", Next),
            ["wrr"] = ("the next in turn", Next),
            ["lc"] = ("the one with the fewest connections", (v, _) => Least(v, Overhead)),
            ["wlc"] = ("the one with the fewest connections", (v, _) => Least(v, Overhead)),
            ["sed"] = ("the shortest expected delay", (v, _) => Least(v, Delay)),
            ["nq"] = ("one that is idle, else the shortest expected delay", (v, _) =>
                v.Reals.Find(r => r.Weight > 0 && Load(v, r).Active == 0) ?? Least(v, Delay)),
            ["sh"] = ("by the client's address", (v, p) => ByHash(v, p.Source)),
            ["dh"] = ("by the destination's address", (v, p) => ByHash(v, p.Destination)),
        };

    /// <summary>The names of the schedulers.</summary>
    public static Seq<string> Schedulers { get; } = [.. Known.Keys];

    private static (Real? Real, string Why) Pick(Virtual server, Packet packet, DateTime now)
    {
        var (how, pick) = Known[server.Of.Scheduler];
        if (server.Of.StickySeconds is not { } seconds)
        {
            return (pick(server, packet), how);
        }
        // The client's server is remembered apart from its connections, and anew with each.
        var real = server.Clients.TryGetValue(packet.Source, out var at) && at.Until > now
            && at.Real.Weight > 0 && server.Reals.Contains(at.Real) ? at.Real : null;
        how = real is null ? how : "where the client was before";
        real ??= pick(server, packet);
        if (real is not null)
        {
            server.Clients[packet.Source] = (real, now.AddSeconds(seconds));
        }
        return (real, how);
    }

    private static Real? Next(Virtual server, Packet packet)
    {
        var (all, from) = (server.Reals, server.Last is null ? -1
            : server.Reals.IndexOf(server.Last));
        for (var i = 1; i <= all.Count; i++)
        {
            if (all[(from + i) % all.Count] is { Weight: > 0 } real)
            {
                return server.Last = real;
            }
        }
        return null;
    }

    private static Real? Least(Virtual server, Func<Virtual, Real, int> cost) =>
        server.Reals.Where(r => r.Weight > 0).MinBy(r => cost(server, r));

    // A connection that talks counts as much as 256 that are ending.
    private static int Overhead(Virtual server, Real real) =>
        (Load(server, real).Active << 8) + Load(server, real).Inactive;

    private static int Delay(Virtual server, Real real) => Load(server, real).Active + 1;

    // 256 places, dealt out to the servers in turn; a place whose server has no weight is empty.
    private static Real? ByHash(Virtual server, string address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (server.Reals.Count == 0 || !IPAddress.TryParse(address, out var ip)
            || !ip.TryWriteBytes(bytes, out var length))
        {
            return null;
        }
        var folded = 0u;
        for (var i = 0; i < length; i += 4)
        {
            folded ^= BinaryPrimitives.ReadUInt32BigEndian(bytes[i..]);
        }
        var real = server.Reals[(int)(unchecked(folded * 0x61C88647) >> 24) % server.Reals.Count];
        return real.Weight > 0 ? real : null;
    }
}
