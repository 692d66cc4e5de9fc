using System.Globalization;

namespace KubeSim;

/// <summary>A cloud's load balancers, in first form: each gets an address of a documentation range
/// and takes a minute or so to be made. What stands behind them is not carried out yet.</summary>
internal sealed class SimCloud
{
    private static readonly TimeSpan shortest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan longest = TimeSpan.FromSeconds(90);

    private readonly Dictionary<string, CloudLoadBalancer> balancers = new(StringComparer.Ordinal);
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);
    private int next;

    /// <summary>Makes a load balancer, or changes it; the answer says how long until it carries
    /// traffic. An address that is asked for is given.</summary>
    public Answer<CloudLoadBalancer> EnsureLoadBalancer(CloudLoadBalancer wanted, Prng random)
    {
        if (balancers.TryGetValue(wanted.Name, out var known))
        {
            return new(balancers[wanted.Name] = wanted with { Ip = known.Ip });
        }
        var takes = wanted.Ip is null ? random.Next(shortest, longest) : TimeSpan.Zero;
        var made = wanted with { Ip = wanted.Ip ?? NextAddress() };
        taken.Add(made.Ip);
        balancers.Add(wanted.Name, made);
        return new(made, takes);
    }

    /// <summary>Takes a load balancer away.</summary>
    public void DeleteLoadBalancer(string name)
    {
        if (balancers.Remove(name, out var gone))
        {
            taken.Remove(gone.Ip!);
        }
    }

    /// <summary>Notes that an address is in use.</summary>
    public void Take(string ip) => taken.Add(ip);

    // 203.0.113.10 and on, then the range for benchmarks, 198.18.0.0/15.
    private string NextAddress()
    {
        while (true)
        {
            var n = next++;
            var at = n - 245;
            var ip = n < 245 ? Text($"203.0.113.{10 + n}")
                : Text($"198.{18 + (at >> 16)}.{(at >> 8) & 255}.{at & 255}");
            if (!taken.Contains(ip))
            {
                return ip;
            }
        }
    }

    private static string Text(FormattableString text) =>
        text.ToString(CultureInfo.InvariantCulture);
}
