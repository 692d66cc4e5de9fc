using System.Runtime.InteropServices;

namespace KubeSim;

/// <summary>
/// Keeps, for every Service with a selector, the list of its pods' addresses in EndpointSlices:
/// what kube-proxy and DNS read. Lists are cut into slices of at most 100, so that one pod that
/// comes or goes does not send the whole list to every node.
/// <para>It watches Services, Pods and its own slices, keyed by the Service. A pod belongs once it
/// has an address and until it has ended; whether traffic goes there is said by three conditions:
/// <c>serving</c> (it is Ready), <c>terminating</c> (it is being deleted) and <c>ready</c> (serving
/// and not terminating, or the Service publishes pods that are not ready). Where the Service has a
/// <c>trafficDistribution</c>, hints say for whose clients an endpoint is meant first; by its
/// annotation, as many of each zone as that has CPUs (<see cref="EndpointZones"/>).</para>
/// <para>Worked example: 250 pods become slices of 100, 100 and 50. When one of the second slice
/// goes, that slice alone is written again, with 99. A new pod then fills it up: a slice that is
/// written anyway is filled first, else the fullest that has room for all that is new.</para>
/// <para>What it wrote last is remembered until the cache shows it: from an older cache it would
/// create a slice twice.</para>
/// Models pkg/controller/endpointslice and staging/src/k8s.io/endpointslice/reconciler.go.
/// </summary>
public sealed class EndpointSlices : IReconciler
{
    /// <summary>The label that names the Service of a slice.</summary>
    public const string ServiceName = "kubernetes.io/service-name";

    private const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    private const string Self = "endpointslice-controller.k8s.io";
    private const string Zone = "topology.kubernetes.io/zone";
    private static readonly Seq<string> ipv4 = ["IPv4"];

    private readonly ServiceSelection services = new();
    private readonly TriggerTimes triggers = new();
    private readonly SliceTracker tracker = new();
    private readonly EndpointZones zones = new();

    private int most;

    /// <summary>The most addresses that a slice holds; unset, as
    /// <see cref="KnownFlags.MaxEndpointsPerSlice"/> says.</summary>
    public int? MaxPerSlice { get; init; }

    /// <inheritdoc/>
    public string Name => "endpointslice-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<Service>(), Watched.All<EndpointSlice>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            EndpointFacts.Observe(e, services, queue);
        }
        else if (e.Key.Kind.Equals(Kinds.Service))
        {
            services.Observe(e);
            queue.Add(e.Key);
        }
        else if (ServiceOf((EndpointSlice)e.Object) is { } service && tracker.IsNews(e, service))
        {
            queue.Add(service);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Service service)
        {
            // Its slices name it as their owner: garbage collection takes them.
            triggers.Forget(key);
            tracker.Forget(key);
            zones.Forget(key);
            return Result.Done;
        }
        if (service.Spec.Selector.IsEmpty || service.Spec.Type == "ExternalName"
            || service.IsTerminating)
        {
            return Result.Done;
        }
        most = MaxPerSlice ?? api.Settings.Get(KnownFlags.MaxEndpointsPerSlice);
        var slices = Slices(service, api);
        if (tracker.IsStale(key, slices))
        {
            return Result.Done;
        }
        var pods = services.Pods(service, api);
        var plan = new Plan(service, triggers.Next(service, pods));
        var families = service.Spec.IpFamilies.IsEmpty ? ipv4 : service.Spec.IpFamilies;
        foreach (var family in families)
        {
            var existing = slices.FindAll(slice => slice.AddressType == family);
            var (made, changed) = (plan.Create.Count, plan.Update.Count);
            PlanFamily(plan, family, Desired(service, pods, family == "IPv6", api), existing);
            ShareOut(plan, family, existing, made, changed, api);
        }
        plan.Delete.AddRange(slices.FindAll(s => !families.AsSpan().Contains(s.AddressType)));
        Write(plan, key, api);
        return Result.Done;
    }

    // Of a family's slices, those that are made and changed by the plan are there from so many on.
    private void ShareOut(Plan plan, string family, List<EndpointSlice> existing, int made,
        int changed, ReconcileContext api)
    {
        if (!EndpointZones.AreWanted(plan.Service))
        {
            if (zones.Forget(plan.Service.Key))
            {
                api.Event(plan.Service, "Warning", "TopologyAwareHintsDisabled",
                    "Topology Aware Hints has been disabled, addressType: {0}", family);
            }
            return;
        }
        List<EndpointSlice> written = [.. plan.Create[made..], .. plan.Update[changed..]];
        var rest = existing.FindAll(s => !plan.Delete.Contains(s)
            && !written.Exists(w => w.Metadata.Uid == s.Metadata.Uid));
        var told = zones.Put(plan.Service.Key, family, EndpointZones.Shares(api.List<Node>()),
            written, rest);
        var fresh = plan.Create.Count - made;
        plan.Create.RemoveRange(made, fresh);
        plan.Update.RemoveRange(changed, plan.Update.Count - changed);
        plan.Create.AddRange(written[..fresh]);
        plan.Update.AddRange(written[fresh..].Select(s => plan.Changed(s, s.Endpoints)));
        if (told is { } news)
        {
            api.Event(plan.Service, news.Type, news.Reason, "{0}", news.Message);
        }
    }

    private static List<EndpointSlice> Slices(Service service, ReconcileContext api)
    {
        var (ns, name) = (service.Metadata.Namespace, service.Metadata.Name);
        var found = api.Labelled<EndpointSlice>(ns, ServiceName, name);
        found.RemoveAll(s => s.Metadata.Labels.Get(ManagedBy) != Self || s.IsTerminating);
        return found;
    }

    private static ObjectKey? ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels.Get(ManagedBy) == Self
            && slice.Metadata.Labels.Get(ServiceName) is { } name
            ? new(Kinds.Service, slice.Metadata.Namespace, name) : null;

    /// <summary>The addresses that should be told, in groups that share their ports.</summary>
    private static List<Group> Desired(
        Service service, List<Pod> pods, bool ipv6, ReconcileContext api)
    {
        var groups = new List<Group>();
        var publish = service.Spec.PublishNotReadyAddresses == true;
        var named = service.Spec.Ports.Any(p => p.TargetPort?.Text is not null);
        Group? group = null;
        foreach (var pod in pods)
        {
            if (!EndpointFacts.Belongs(pod, includeTerminating: true)
                || EndpointFacts.Address(pod, ipv6) is not { } address)
            {
                continue;
            }
            var node = api.Get<Node>("", pod.Spec.NodeName ?? "");
            if (node is null && !publish)
            {
                // The pod of a node that is gone goes too; until then nothing is sent there.
                continue;
            }
            // Only a port by name can be another number at another pod.
            group = named || group is null ? GroupOf(groups, Ports(service, pod)) : group;
            group.Endpoints[(address, pod.Metadata.Name)] = EndpointOf(service, pod, address, node);
        }
        return groups;
    }

    private static Group GroupOf(List<Group> groups, Seq<EndpointPort> ports)
    {
        var group = groups.Find(g => g.Ports.Equals(ports));
        if (group is null)
        {
            groups.Add(group = new(ports));
        }
        return group;
    }

    private static Endpoint EndpointOf(Service service, Pod pod, string address, Node? node)
    {
        var serving = pod.IsReady;
        var publish = service.Spec.PublishNotReadyAddresses == true;
        return new()
        {
            Addresses = [address],
            Conditions = new()
            {
                Ready = publish || (serving && !pod.IsTerminating),
                Serving = serving,
                Terminating = pod.IsTerminating,
            },
            Hostname = EndpointFacts.Hostname(pod, service),
            TargetRef = EndpointFacts.Reference(pod),
            NodeName = pod.Spec.NodeName,
            Zone = node?.Metadata.Labels.Get(Zone),
            Hints = publish || (serving && !pod.IsTerminating) ? HintsOf(service, node) : null,
        };
    }

    // Who is to use it first: clients of its zone, and of its node where the Service wants that.
    private static EndpointHints? HintsOf(Service service, Node? node)
    {
        var wish = EndpointZones.AreWanted(service) ? null : service.Spec.TrafficDistribution;
        var zone = node?.Metadata.Labels.Get(Zone);
        var sameNode = wish == "PreferSameNode" && node is not null;
        return wish is not ("PreferClose" or "PreferSameZone" or "PreferSameNode")
            || (zone is null && !sameNode) ? null : new()
            {
                ForZones = zone is null ? default : [new() { Name = zone }],
                ForNodes = sameNode ? [new() { Name = node!.Metadata.Name }] : default,
            };
    }

    private static Seq<EndpointPort> Ports(Service service, Pod pod)
    {
        var ports = new List<EndpointPort>(service.Spec.Ports.Count);
        foreach (var port in service.Spec.Ports)
        {
            if (EndpointFacts.Port(pod, port) is var number && number != 0)
            {
                ports.Add(new()
                {
                    Name = port.Name ?? "", Port = number, Protocol = port.Protocol ?? "TCP",
                    AppProtocol = port.AppProtocol,
                });
            }
        }
        ports.Sort(static (a, b) => a.Port != b.Port ? a.Port - b.Port
            : string.CompareOrdinal(a.Protocol, b.Protocol) is var order && order != 0 ? order
            : string.CompareOrdinal(a.Name, b.Name));
        return [.. CollectionsMarshal.AsSpan(ports)];
    }

    private void PlanFamily(
        Plan plan, string family, List<Group> groups, List<EndpointSlice> existing)
    {
        var (created, deleted) = (plan.Create.Count, plan.Delete.Count);
        foreach (var group in groups)
        {
            PlanGroup(plan, family, group, existing.FindAll(s => s.Ports.Equals(group.Ports)));
        }
        plan.Delete.AddRange(existing.FindAll(s => !groups.Exists(g => g.Ports.Equals(s.Ports))));
        var left = existing.Count - (plan.Delete.Count - deleted) + plan.Create.Count - created;
        if (left > 0)
        {
            return;
        }
        // A Service without addresses has one empty slice: somebody looked, there was nobody.
        var empty = plan.Delete.FindIndex(deleted, s => s.Endpoints.IsEmpty && s.Ports.IsEmpty
            && s.Metadata.Labels.Equals(plan.Labels(s)));
        if (empty >= 0)
        {
            plan.Delete.RemoveAt(empty);
        }
        else
        {
            plan.Create.Add(plan.NewSlice(family, default));
        }
    }

    private void PlanGroup(Plan plan, string family, Group group, List<EndpointSlice> existing)
    {
        var wanted = group.Endpoints;
        var changed = new List<(EndpointSlice Slice, List<Endpoint> Endpoints)>();
        var same = new List<(EndpointSlice Slice, List<Endpoint> Endpoints)>();
        foreach (var slice in existing)
        {
            var kept = Keep(
                slice, wanted, EndpointZones.AreWanted(plan.Service), out var differs);
            if (differs && kept.Count == 0)
            {
                plan.Delete.Add(slice);
            }
            else if (differs || !slice.Metadata.Labels.Equals(plan.Labels(slice)))
            {
                changed.Add((slice, kept));
            }
            else
            {
                same.Add((slice, kept));
            }
        }
        var rest = new Queue<Endpoint>(wanted.Values);
        // The fullest first, so that as few slices as possible stay half empty.
        changed.Sort(static (a, b) => a.Endpoints.Count != b.Endpoints.Count
            ? b.Endpoints.Count - a.Endpoints.Count
            : string.CompareOrdinal(a.Slice.Metadata.Name, b.Slice.Metadata.Name));
        foreach (var (_, endpoints) in changed)
        {
            Fill(endpoints, rest);
        }
        if (rest.Count > 0 && rest.Count < most
            && Roomiest(same, rest.Count) is var at && at >= 0)
        {
            Fill(same[at].Endpoints, rest);
            changed.Add(same[at]);
        }
        foreach (var (slice, endpoints) in changed)
        {
            plan.Update.Add(plan.Changed(slice, [.. endpoints]));
        }
        while (rest.Count > 0)
        {
            var endpoints = new List<Endpoint>();
            Fill(endpoints, rest);
            plan.Create.Add(plan.NewSlice(family, group.Ports) with { Endpoints = [.. endpoints] });
        }
    }

    /// <summary>The endpoints of a slice that stay, as they are now; they are taken off what is
    /// wanted.</summary>
    private static List<Endpoint> Keep(EndpointSlice slice,
        OrderedDictionary<(string Ip, string Pod), Endpoint> wanted, bool keepsHints,
        out bool differs)
    {
        var kept = new List<Endpoint>(slice.Endpoints.Count);
        differs = false;
        foreach (var endpoint in slice.Endpoints)
        {
            var id = (endpoint.Addresses[0], endpoint.TargetRef?.Name ?? "");
            if (wanted.Remove(id, out var now))
            {
                now = keepsHints ? now with { Hints = endpoint.Hints } : now;
                kept.Add(now);
                differs |= !now.Equals(endpoint);
            }
        }
        differs |= kept.Count != slice.Endpoints.Count;
        return kept;
    }

    private void Fill(List<Endpoint> endpoints, Queue<Endpoint> rest)
    {
        while (rest.Count > 0 && endpoints.Count < most)
        {
            endpoints.Add(rest.Dequeue());
        }
    }

    // The fullest slice that has room for so many more; -1 for none.
    private int Roomiest(List<(EndpointSlice Slice, List<Endpoint> Endpoints)> slices, int more)
    {
        var best = -1;
        for (var i = 0; i < slices.Count; i++)
        {
            var count = slices[i].Endpoints.Count;
            if (count + more <= most && (best < 0 || count > slices[best].Endpoints.Count))
            {
                best = i;
            }
        }
        return best;
    }

    private void Write(Plan plan, ObjectKey service, ReconcileContext api)
    {
        // A slice that would go takes the content of one that would come.
        while (plan.Create.Count > 0 && plan.Delete.Count > 0
            && plan.Delete.FindIndex(d => d.AddressType == plan.Create[0].AddressType) is var at
            && at >= 0)
        {
            var (fresh, old) = (plan.Create[0], plan.Delete[at]);
            plan.Create.RemoveAt(0);
            plan.Delete.RemoveAt(at);
            plan.Update.Add(plan.Changed(old, fresh.Endpoints) with { Ports = fresh.Ports });
        }
        try
        {
            plan.Create.ForEach(slice => tracker.Wrote(service, api.Create(slice)));
        }
        catch (ApiException refused) when (EndpointFacts.IsNamespaceGoing(refused))
        {
            return;
        }
        plan.Update.ForEach(slice => tracker.Wrote(service, api.Update(slice)));
        foreach (var slice in plan.Delete)
        {
            api.Delete(slice.Key, new() { Uid = slice.Metadata.Uid });
            tracker.Deleted(service, slice);
        }
    }

    /// <summary>Addresses that share their ports.</summary>
    private sealed record Group(Seq<EndpointPort> Ports)
    {
        public OrderedDictionary<(string Ip, string Pod), Endpoint> Endpoints { get; } = [];
    }

    /// <summary>What is to be written for a Service.</summary>
    private sealed class Plan(Service service, Time? trigger)
    {
        public Service Service => service;

        public List<EndpointSlice> Create { get; } = [];

        public List<EndpointSlice> Update { get; } = [];

        public List<EndpointSlice> Delete { get; } = [];

        public EndpointSlice NewSlice(string family, Seq<EndpointPort> ports)
        {
            var slice = new EndpointSlice
            {
                Metadata = new()
                {
                    GenerateName = service.Metadata.Name + "-",
                    Namespace = service.Metadata.Namespace,
                    OwnerReferences = [new()
                    {
                        ApiVersion = "v1", Kind = "Service", Name = service.Metadata.Name,
                        Uid = service.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
                    }],
                },
                AddressType = family,
                Ports = ports,
            };
            return Changed(slice, default);
        }

        public EndpointSlice Changed(EndpointSlice slice, Seq<Endpoint> endpoints)
        {
            var annotations = slice.Metadata.Annotations;
            return slice with
            {
                Metadata = slice.Metadata with
                {
                    Labels = Labels(slice),
                    Annotations = trigger is { } at
                        ? annotations.Set(EndpointFacts.TriggerTime, at.ToString())
                        : annotations.Remove(EndpointFacts.TriggerTime),
                },
                Endpoints = endpoints,
            };
        }

        /// <summary>The labels of a slice: those of its Service, and its own.</summary>
        public Map<string> Labels(EndpointSlice slice)
        {
            var labels = service.Metadata.Labels.Remove(EndpointFacts.Headless)
                .Set(ServiceName, service.Metadata.Name).Set(ManagedBy, Self);
            return EndpointFacts.HasAddress(service) ? labels
                : labels.Set(EndpointFacts.Headless, "");
        }
    }
}

/// <summary>What the EndpointSlice controller wrote and may not have seen yet.</summary>
/// <remarks>Models staging/src/k8s.io/endpointslice/endpointslice_tracker.go.</remarks>
internal sealed class SliceTracker
{
    private static readonly Revision gone = new(long.MaxValue);

    private readonly Dictionary<ObjectKey, Dictionary<string, Revision>> written = [];
    private readonly HashSet<ObjectKey> waiting = [];

    public void Wrote(ObjectKey service, EndpointSlice slice) =>
        Of(service)[slice.Metadata.Uid] = slice.Metadata.ResourceVersion;

    public void Deleted(ObjectKey service, EndpointSlice slice) =>
        Of(service)[slice.Metadata.Uid] = gone;

    public void Forget(ObjectKey service)
    {
        written.Remove(service);
        waiting.Remove(service);
    }

    /// <summary>True when the cache lags behind what was written; the Service is looked at again
    /// when the cache moves.</summary>
    public bool IsStale(ObjectKey service, List<EndpointSlice> slices)
    {
        if (!written.TryGetValue(service, out var expected))
        {
            return false;
        }
        var (seen, missing) = (0, 0);
        foreach (var slice in slices)
        {
            if (expected.TryGetValue(slice.Metadata.Uid, out var revision))
            {
                seen++;
                missing += slice.Metadata.ResourceVersion < revision ? 1 : 0;
            }
        }
        var stale = missing > 0 || seen < expected.Count - expected.Values.Count(r => r == gone);
        if (stale)
        {
            waiting.Add(service);
        }
        return stale;
    }

    /// <summary>True when a change of a slice calls for a look at its Service: it is not what was
    /// written, or what was written was being waited for.</summary>
    public bool IsNews(in WatchEvent e, ObjectKey service)
    {
        var uid = e.Object.Metadata.Uid;
        var expected = written.GetValueOrDefault(service);
        var known = default(Revision);
        var tracked = expected is not null && expected.TryGetValue(uid, out known);
        if (e.New is null)
        {
            expected?.Remove(uid);
            return waiting.Remove(service) || known != gone;
        }
        return waiting.Remove(service) || !tracked || e.New.Metadata.ResourceVersion > known;
    }

    private Dictionary<string, Revision> Of(ObjectKey service)
    {
        if (!written.TryGetValue(service, out var expected))
        {
            written.Add(service, expected = new(StringComparer.Ordinal));
        }
        return expected;
    }
}
