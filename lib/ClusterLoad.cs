using System.Net;

namespace KubeSim;

/// <summary>Lets somebody send many requests from now on.</summary>
/// <param name="Spec">Who, where to and how; its rate is said by the next two.</param>
/// <param name="CpuPerRequest">What a request costs its pod, in CPU seconds.</param>
/// <param name="Points">Requests a second in straight lines from point to point; unset for a
/// function.</param>
/// <param name="Rps">Makes the function, anew for every replay; null for points.</param>
public sealed record LoadInput(LoadSpec Spec, Quantity CpuPerRequest,
    Seq<(TimeSpan At, double Rps)> Points, Func<Func<TimeSpan, double>>? Rps = null) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"load from {Spec.From} to {Spec.Url}";

    /// <inheritdoc/>
    public override bool HoldsDelegate => Rps is not null;

    internal override bool Execute(Simulation simulation)
    {
        var world = (World)simulation.World;
        var traffic = world.Traffic;
        var rps = Rps?.Invoke() ?? Traffic.Lines(Points);
        var run = new LoadRun(Spec with
        {
            Rps = t => t < Spec.Duration ? rps(t) : 0, CpuSeconds = CpuPerRequest.ToDouble(),
        }, simulation.Now);
        traffic.Loads.Add(run);
        if (Cluster.ServiceOf(Spec) is var (ns, service))
        {
            world.Say(() => traffic.Set(ns, service, simulation.Now, run.Spec.Rps, CpuPerRequest,
                FormattableString.Invariant($"load {traffic.Loads.Count}")));
        }
        simulation.Passing ??= new Cluster.LoadMeter(Cluster.Over(simulation)).Pass;
        return true;
    }
}

/// <summary>Loads: many requests, as flows.</summary>
public sealed partial class Cluster
{
    /// <summary>The loads so far.</summary>
    public IReadOnlyList<LoadRun> Loads => Owned(s => ((World)s.World).Traffic.Loads);

    /// <summary>Lets somebody send so many requests a second from now on, while the cluster runs.
    /// They cost the pods CPU, as traffic does, and what comes of them is measured: answers, their
    /// times, losses and reasons.</summary>
    /// <param name="from">A pod, a node, or <c>outside</c>.</param>
    /// <param name="url">Such as <c>http://web</c>.</param>
    /// <param name="rps">Requests a second.</param>
    /// <param name="duration">How long; a minute unless said.</param>
    /// <param name="keepAlive">True: they share some connections, which stay with their pods.
    /// </param>
    /// <param name="connections">How many connections.</param>
    /// <param name="cpuPerRequest">CPU seconds a request, such as 5m.</param>
    /// <returns>What is measured, growing as time passes.</returns>
    /// <example><code>
    /// var load = cluster.Load("client", "http://web", rps: 100);
    /// cluster.Kubectl("rollout restart deployment web");
    /// cluster.Run(TimeSpan.FromMinutes(1));
    /// load
    /// </code></example>
    /// <exception cref="ArgumentException">There is no such sender, or the address or the amount
    /// cannot be read.</exception>
    public LoadRun Load(string from, string url, double rps, TimeSpan? duration = null,
        bool keepAlive = false, int connections = 64, string cpuPerRequest = "5m") =>
        Load(SpecOf(from, url, duration, keepAlive, connections), cpuPerRequest,
            [(TimeSpan.Zero, rps)], null);

    /// <summary>The same with a rate that is any function of the time from now on. A replay calls
    /// the factory again: what it makes must depend on the time alone.</summary>
    /// <inheritdoc cref="Load(string, string, double, TimeSpan?, bool, int, string)"/>
    public LoadRun Load(string from, string url, Func<Func<TimeSpan, double>> rps,
        TimeSpan? duration = null, bool keepAlive = false, int connections = 64,
        string cpuPerRequest = "5m")
    {
        ArgumentNullException.ThrowIfNull(rps);
        return Load(SpecOf(from, url, duration, keepAlive, connections), cpuPerRequest, default,
            rps);
    }

    private static LoadSpec SpecOf(
        string from, string url, TimeSpan? duration, bool keepAlive, int connections) => new()
        {
            From = from, Url = WithScheme(url), Rps = _ => 0, KeepAlive = keepAlive,
            Duration = duration ?? TimeSpan.FromMinutes(1), Connections = Math.Max(1, connections),
        };

    private LoadRun Load(LoadSpec spec, string cpuPerRequest,
        Seq<(TimeSpan, double)> points, Func<Func<TimeSpan, double>>? rps)
    {
        using var own = Own();
        SenderOf(spec.From);
        SendTarget.Parse(spec.Url);
        simulation.Submit(new LoadInput(spec, Read(cpuPerRequest)!.Value, points, rps));
        return Loads[^1];
    }

    /// <summary>The Service that a load's address names; null for none.</summary>
    internal static (string Namespace, string Service)? ServiceOf(LoadSpec spec)
    {
        var host = SendTarget.Parse(spec.Url).Host;
        var slash = spec.From.IndexOf('/', StringComparison.Ordinal);
        return IPAddress.TryParse(host, out _) ? null : host.Split('.') switch
        {
            [var name] => (slash < 0 ? "default" : spec.From[..slash], name),
            [var name, var ns] => (ns, name),
            [var name, var ns, "svc", ..] => (ns, name),
            _ => null,
        };
    }

    /// <summary>Measures the loads of a run: before each span in which nothing happens it finds out
    /// where connections go at that moment, by every draw of chance that the rules make.</summary>
    internal sealed class LoadMeter(Cluster cluster)
    {
        private const int MostBranches = 1024;

        private readonly Dictionary<LoadRun, (long Items, int Inputs, List<LoadWay> Ways)> views =
            [];
        private readonly Dictionary<string, (Served Server, double Cores)> servers =
            new(StringComparer.Ordinal);

        public void Pass(DateTime from, DateTime to)
        {
            var simulation = cluster.simulation;
            foreach (var run in ((World)simulation.World).Traffic.Loads)
            {
                if (run.IsOver(from))
                {
                    continue;
                }
                if (!views.TryGetValue(run, out var view) || view.Items != simulation.Items
                    || view.Inputs != simulation.Journal.Count)
                {
                    view = (simulation.Items, simulation.Journal.Count, WaysOf(run.Spec));
                    views[run] = view;
                }
                for (var at = from; at < to && !run.IsOver(at);)
                {
                    var next = run.EndOfSecond(at);
                    next = next < to ? next : to;
                    next = next < run.Since + run.Spec.Duration ? next
                        : run.Since + run.Spec.Duration;
                    run.Pass(at, next, view.Ways, ServerAt);
                    at = next;
                }
            }
        }

        private LoadServer ServerAt(string pod)
        {
            var (server, cores) = servers[pod];
            var machine = cluster.simulation.World.Machine(server.Node);
            var runtime = machine.Runtime;
            var reachable = machine.IsOn && machine.IsConnected;
            var runs = server.Id.Length == 0 || runtime.IsRunning(server.Id);
            return new(runs && (server.Id.Length == 0 || runtime.TakesConnections(server.Id)),
                runs, reachable, cores);
        }

        private List<LoadWay> WaysOf(LoadSpec spec)
        {
            Sender sender;
            try
            {
                sender = cluster.SenderOf(spec.From);
            }
            catch (ArgumentException)
            {
                return [new(null, "no sender", 1)];
            }
            var (target, random) = (SendTarget.Parse(spec.Url), cluster.NextSend());
            Seq<string> addresses = [target.Host];
            if (!IPAddress.TryParse(target.Host, out _))
            {
                var lookup = cluster.Lookup(sender, target.Host, "A", random);
                if (lookup.Error is not null)
                {
                    return [new(null, "name unknown", 1)];
                }
                addresses = lookup.Answer!.Addresses;
            }
            var ways = new SortedDictionary<string, LoadWay>(StringComparer.Ordinal);
            foreach (var address in addresses)
            {
                // A load balancer, and virtual servers, take turns instead of drawing.
                var rounds = sender.Node is { } node && !cluster.simulation.World.Machine(node)
                    .Kernel<Ipvs>().HasAddress(address) ? 1 : 12;
                for (var round = 0; round < rounds; round++)
                {
                    foreach (var (share, path) in Branches(sender, target, address, random))
                    {
                        var way = WayOf(path);
                        var key = $"{way.Pod} {way.Reason}";
                        var before = ways.GetValueOrDefault(key)?.Share ?? 0;
                        ways[key] = way with
                        {
                            Share = before + (share / rounds / addresses.Count),
                        };
                    }
                }
            }
            return [.. ways.Values];
        }

        private LoadWay WayOf(PacketPath path)
        {
            if (path.Outcome != SendOutcome.Answered)
            {
                return new(null, path.Outcome switch
                {
                    SendOutcome.Refused => path.Hops[^1].Rule.Contains("has no endpoints",
                        StringComparison.Ordinal) ? "no endpoints" : "refused",
                    SendOutcome.NoRoute => "no route",
                    _ => "timed out",
                }, 0);
            }
            var arrived = path.Hops.FindLast(h => h.Verdict == Verdict.Deliver)!.After;
            if (path.Receiver is not { } pod
                || cluster.ServerOf(pod.Key, arrived) is not { } server)
            {
                return new(null, "no server", 0);
            }
            var name = $"{pod.Name}/{server.Id}";
            if (!servers.ContainsKey(name))
            {
                var limits = cluster.Find<Pod>(pod.Key.Namespace, pod.Key.Name)?.Limits ?? default;
                servers[name] = (server,
                    limits.TryGetValue("cpu", out var cpu) ? cpu.ToDouble()
                    : cluster.Find<Node>("", server.Node)?.Status.Allocatable
                        .GetValueOrDefault("cpu", Quantity.Parse("1")).ToDouble() ?? 1);
            }
            return new(name, "", 0);
        }

        // Every way that chance allows, with its probability: each draw of a rule goes both ways.
        private IEnumerable<(double Share, PacketPath Path)> Branches(
            Sender sender, SendTarget target, string address, Prng random)
        {
            var script = new List<bool>();
            for (var tries = 0; tries < MostBranches; tries++)
            {
                var (share, asked) = (1.0, 0);
                var path = cluster.NewPath(p =>
                {
                    if (asked == script.Count)
                    {
                        script.Add(p > 0);
                    }
                    share *= script[asked] ? p : 1 - p;
                    return script[asked++];
                });
                cluster.Start(path, sender, new()
                {
                    Source = sender.Address, SourcePort = 32768 + random.Next(28232),
                    Destination = address, DestinationPort = target.Port,
                }, random);
                yield return (share, path);
                while (script.Count > 0 && !script[^1])
                {
                    script.RemoveAt(script.Count - 1);
                }
                if (script.Count == 0)
                {
                    yield break;
                }
                script[^1] = false;
            }
        }
    }
}
