namespace KubeSim;

/// <summary>
/// Shares the endpoints of a Service out among zones, where the annotation
/// <c>service.kubernetes.io/topology-mode: Auto</c> asks for it: clients of a zone are to be served
/// in it, and a zone has as many endpoints as its nodes have of all CPUs.
/// <para>An endpoint is meant for its own zone first. Zones with more than their share give some
/// away to those with less; slices that are not written anyway stay as they are while no zone gets
/// too many by them. With too few nodes or endpoints, or where an endpoint would have to bear 20 %
/// more than its part, there are no hints at all, and an event says why.</para>
/// <para>Worked example: zones of 35, 35 and 30 % of the CPUs and 10 endpoints, 5, 2 and 3 in them.
/// Wanted are 3.5, 3.5 and 3: the first zone gives one to the second.</para>
/// Nodes are looked at when the Service is; the real controller looks at overloaded Services again
/// when nodes change.
/// Models staging/src/k8s.io/endpointslice/topologycache.
/// </summary>
internal sealed class EndpointZones
{
    private const double Overload = 0.2;
    private const string Off = "TopologyAwareHintsDisabled";

    private readonly HashSet<ObjectKey> on = [];

    /// <summary>True when a Service asks for it.</summary>
    public static bool AreWanted(Service service)
    {
        var annotations = service.Metadata.Annotations;
        return (annotations.Get("service.kubernetes.io/topology-aware-hints")
            ?? annotations.Get("service.kubernetes.io/topology-mode")) is "Auto" or "auto";
    }

    /// <summary>Each zone's share of all CPUs; null when that cannot be told.</summary>
    public static SortedDictionary<string, double>? Shares(IEnumerable<Node> nodes)
    {
        var shares = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            var labels = node.Metadata.Labels;
            if (!node.IsReady || labels.ContainsKey("node-role.kubernetes.io/control-plane")
                || labels.ContainsKey("node-role.kubernetes.io/master"))
            {
                continue;
            }
            var cpu = node.Status.Allocatable.TryGetValue("cpu", out var q) ? q.MilliValue : 0;
            if (labels.Get("topology.kubernetes.io/zone") is not { Length: > 0 } zone || cpu == 0)
            {
                return null;
            }
            shares[zone] = shares.GetValueOrDefault(zone) + cpu;
        }
        var all = shares.Values.Sum();
        foreach (var zone in shares.Keys.ToArray())
        {
            shares[zone] /= all;
        }
        return shares.Count < 2 ? null : shares;
    }

    /// <summary>Forgets a Service that no longer asks; true when it had hints.</summary>
    public bool Forget(ObjectKey service) => on.Remove(service);

    /// <summary>Puts hints on the slices that are written anyway, and moves those that need others
    /// from the rest to them.</summary>
    /// <returns>What is to be told, if anything: a type, a reason, a message.</returns>
    public (string Type, string Reason, string Message)? Put(ObjectKey service, string family,
        SortedDictionary<string, double>? shares, List<EndpointSlice> written,
        List<EndpointSlice> rest)
    {
        var zones = new SortedDictionary<string, Zone>(StringComparer.Ordinal);
        var ready = written.Concat(rest).Sum(s => s.Endpoints.Count(IsReady));
        var problem = Divide(shares, ready, zones);
        if (problem is null)
        {
            Keep(zones, written, rest);
            problem = written.Exists(s => s.Endpoints.Any(e => IsReady(e) && e.Zone is null))
                ? "One or more endpoints do not have a zone specified" : null;
        }
        if (problem is not null)
        {
            written.AddRange(rest.FindAll(HasHints));
            rest.RemoveAll(HasHints);
            Hint(written, static _ => null);
            on.Remove(service);
            return ("Warning", Off, $"{problem}, addressType: {family}");
        }
        foreach (var endpoint in written.SelectMany(s => s.Endpoints).Where(IsReady))
        {
            // An endpoint may be in a zone without nodes that count: that one gives nothing.
            if (zones.TryGetValue(endpoint.Zone!, out var own))
            {
                own.Given++;
            }
        }
        Balance(zones);
        Hint(written, endpoint => Taken(zones, endpoint.Zone!));
        return on.Add(service) ? ("Normal", "TopologyAwareHintsEnabled",
            $"Topology Aware Hints has been enabled, addressType: {family}") : null;
    }

    private static bool IsReady(Endpoint endpoint) => endpoint.Conditions.Ready == true;

    private static bool HasHints(EndpointSlice slice) =>
        slice.Endpoints.Any(e => e.Hints is not null);

    // How many endpoints each zone should have and may have; or why that does not work out.
    private static string? Divide(SortedDictionary<string, double>? shares, int ready,
        SortedDictionary<string, Zone> zones)
    {
        if (shares is null)
        {
            return "Insufficient Node information: allocatable CPU or zone not specified on one or "
                + "more nodes";
        }
        var counts = $" ({ready} endpoints, {shares.Count} zones)";
        if (shares.Count > ready)
        {
            return $"Insufficient number of endpoints{counts}";
        }
        foreach (var (name, share) in shares)
        {
            var least = (int)Math.Ceiling(share * ready * (1 / (1 + Overload)));
            zones.Add(name, new() { Least = least, Wanted = Math.Max(share * ready, least) });
        }
        var spare = ready - zones.Values.Sum(z => z.Least);
        foreach (var zone in zones.Values)
        {
            zone.Most = zone.Least + spare;
        }
        return spare >= 0 ? null : "Unable to allocate minimum required endpoints to each zone "
            + $"without exceeding overload threshold{counts}";
    }

    // A slice keeps its hints if each of its endpoints has one, for a zone that has room for it.
    private static void Keep(SortedDictionary<string, Zone> zones, List<EndpointSlice> written,
        List<EndpointSlice> rest)
    {
        foreach (var slice in rest.ToArray())
        {
            var hints = slice.Endpoints.Where(IsReady)
                .SelectMany(e => (e.Hints?.ForZones ?? default) is { IsEmpty: false } some
                    ? some.Select(z => z.Name) : [""])
                .CountBy(name => name).ToList();
            if (hints.TrueForAll(h => zones.TryGetValue(h.Key, out var zone)
                && zone.Given + h.Value <= zone.Most))
            {
                hints.ForEach(h => zones[h.Key].Given += h.Value);
            }
            else
            {
                rest.Remove(slice);
                written.Add(slice);
            }
        }
    }

    // From the zone that has the most too many to that which lacks the most, one at a time.
    private static void Balance(SortedDictionary<string, Zone> zones)
    {
        var over = new SortedDictionary<string, double>(zones.ToDictionary(
            z => z.Key, z => z.Value.Given - z.Value.Wanted), StringComparer.Ordinal);
        while (true)
        {
            var (from, much) = over.MaxBy(z => z.Value);
            var (to, little) = over.MinBy(z => z.Value);
            if ((much < 1 && -little < 1) || much < 0.5 || -little < 0.5)
            {
                return;
            }
            over[from]--;
            over[to]++;
            zones[from].Gives++;
            zones[to].Takes++;
        }
    }

    private static string Taken(SortedDictionary<string, Zone> zones, string own)
    {
        if (!zones.TryGetValue(own, out var giver) || giver.Gives == 0)
        {
            return own;
        }
        var (name, taker) = zones.First(z => z.Value.Takes > 0);
        giver.Gives--;
        taker.Takes--;
        return name;
    }

    private static void Hint(List<EndpointSlice> slices, Func<Endpoint, string?> zoneOf)
    {
        for (var i = 0; i < slices.Count; i++)
        {
            slices[i] = slices[i] with
            {
                Endpoints = slices[i].Endpoints.Select(e => e with
                {
                    Hints = IsReady(e) && zoneOf(e) is { } zone
                        ? new() { ForZones = [new() { Name = zone }] } : null,
                }).ToSeq(),
            };
        }
    }

    private sealed class Zone
    {
        public int Least { get; init; }

        public double Wanted { get; init; }

        public int Most { get; set; }

        public int Given { get; set; }

        public int Gives { get; set; }

        public int Takes { get; set; }
    }
}
