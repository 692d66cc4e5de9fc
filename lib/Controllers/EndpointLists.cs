using System.Runtime.InteropServices;

namespace KubeSim;

/// <summary>
/// Keeps, for every Service with a selector, the Endpoints object of its name: the old list of
/// addresses, deprecated since 1.33 in favour of EndpointSlices and written all the same.
/// <para>It watches Services, Pods and Endpoints, keyed by the Service. Ports that the same pods
/// have form a subset; in it pods that are Ready stand under <c>addresses</c>, the others under
/// <c>notReadyAddresses</c>, both by address. A pod that is being deleted is in neither, unless the
/// Service publishes pods that are not ready. Beyond 1,000 addresses the list is cut off, and an
/// annotation says so.</para>
/// <para>Worked example: ports <c>http</c> 8080 and <c>admin</c> 8081, of three pods one is not
/// ready: one subset, two ports, two addresses and one that is not ready.</para>
/// Models pkg/controller/endpoint/endpoints_controller.go and pkg/api/v1/endpoints/util.go.
/// </summary>
public sealed class EndpointLists : IReconciler
{
    private const string ManagedBy = "endpoints.kubernetes.io/managed-by";
    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";
    private const int MostAddresses = 1000;

    private readonly ServiceSelection services = new();
    private readonly TriggerTimes triggers = new();
    private readonly Dictionary<ObjectKey, Revision> written = [];
    private readonly HashSet<ObjectKey> waiting = [];

    /// <inheritdoc/>
    public string Name => "endpoint-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<Service>(), Watched.All<Endpoints>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            EndpointFacts.Observe(e, services, queue);
            return;
        }
        var service = new ObjectKey(Kinds.Service, e.Key.Namespace, e.Key.Name);
        if (e.Key.Kind.Equals(Kinds.Service))
        {
            services.Observe(e);
        }
        else if (e.New is null)
        {
            written.Remove(service);
        }
        else if (written.GetValueOrDefault(service) >= e.New.Metadata.ResourceVersion
            && !waiting.Remove(service))
        {
            // What it wrote itself says nothing new.
            return;
        }
        queue.Add(service);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        var old = api.Get<Endpoints>(key.Namespace, key.Name);
        if (api.Get(key) is not Service service)
        {
            triggers.Forget(key);
            return Forget(key, old, api);
        }
        if (service.Spec.Selector.IsEmpty)
        {
            return Result.Done;
        }
        if (written.TryGetValue(key, out var revision)
            && (old is null || old.Metadata.ResourceVersion < revision))
        {
            // The cache is older than what was written: look again when it has caught up.
            waiting.Add(key);
            return Result.Done;
        }
        var pods = services.Pods(service, api);
        var subsets = Truncated(Subsets(service, pods), out var cut);
        var trigger = triggers.Next(service, pods);
        var labels = Labels(service);
        if (old is not null && old.Subsets.Equals(subsets) && old.Metadata.Labels.Equals(labels))
        {
            return Result.Done;
        }
        Write(service, old, Annotated(old, trigger, cut) with { Labels = labels }, subsets, api);
        return Result.Done;
    }

    private Result Forget(ObjectKey key, Endpoints? old, ReconcileContext api)
    {
        waiting.Remove(key);
        if (written.Remove(key) || old?.Metadata.Labels.Get(ManagedBy) == Name)
        {
            try
            {
                api.Delete(new(Kinds.Endpoints, key.Namespace, key.Name));
            }
            catch (ApiException refused) when (refused.IsNotFound)
            {
                // Gone already, with its namespace perhaps.
            }
        }
        return Result.Done;
    }

    private void Write(Service service, Endpoints? old, ObjectMeta meta,
        Seq<EndpointSubset> subsets, ReconcileContext api)
    {
        var now = new Endpoints { Metadata = meta, Subsets = subsets };
        try
        {
            var stored = old is not null ? api.Update(now) : api.Create(now with
            {
                Metadata = meta with
                {
                    Name = service.Metadata.Name, Namespace = service.Metadata.Namespace,
                },
            });
            written[service.Key] = stored.Metadata.ResourceVersion;
        }
        catch (ApiException refused) when (EndpointFacts.IsNamespaceGoing(refused))
        {
            // Nothing can be written there any more.
        }
    }

    private static ObjectMeta Annotated(Endpoints? old, Time? trigger, bool cut)
    {
        var meta = old?.Metadata ?? ObjectMeta.None;
        var annotations = trigger is { } at
            ? meta.Annotations.Set(EndpointFacts.TriggerTime, at.ToString())
            : meta.Annotations.Remove(EndpointFacts.TriggerTime);
        return meta with
        {
            Annotations = cut ? annotations.Set(OverCapacity, "truncated")
                : annotations.Remove(OverCapacity),
        };
    }

    private Map<string> Labels(Service service)
    {
        var labels = service.Metadata.Labels.Remove(EndpointFacts.Headless).Set(ManagedBy, Name);
        return EndpointFacts.HasAddress(service) ? labels : labels.Set(EndpointFacts.Headless, "");
    }

    // Ready addresses come first; of the others, or of them, each subset keeps its share.
    private static Seq<EndpointSubset> Truncated(Seq<EndpointSubset> subsets, out bool cut)
    {
        var (ready, others) = (0, 0);
        foreach (var subset in subsets)
        {
            ready += subset.Addresses.Count;
            others += subset.NotReadyAddresses.Count;
        }
        cut = ready + others > MostAddresses;
        if (!cut)
        {
            return subsets;
        }
        var full = ready > MostAddresses;
        var (room, of) = full ? (MostAddresses, ready) : (MostAddresses - ready, others);
        var left = room;
        return subsets.Select(subset =>
        {
            var all = full ? subset.Addresses : subset.NotReadyAddresses;
            var kept = all.Take(Math.Min(left, (int)Math.Ceiling((double)all.Count / of * room)))
                .ToSeq();
            left -= kept.Count;
            return full ? subset with { Addresses = kept, NotReadyAddresses = default }
                : subset with { NotReadyAddresses = kept };
        }).ToSeq();
    }

    private static Seq<EndpointSubset> Subsets(Service service, List<Pod> pods)
    {
        var ports = new OrderedDictionary<EndpointPort, List<(Pod Pod, bool Ready)>>();
        var publish = service.Spec.PublishNotReadyAddresses == true;
        foreach (var pod in pods)
        {
            if (!EndpointFacts.Belongs(pod, publish))
            {
                continue;
            }
            foreach (var port in service.Spec.Ports)
            {
                if (EndpointFacts.Port(pod, port) is var number && number != 0)
                {
                    Add(ports, port, number, (pod, publish || pod.IsReady));
                }
            }
            if (service.Spec.Ports.IsEmpty && !EndpointFacts.HasAddress(service))
            {
                Add(ports, null, 0, (pod, publish || pod.IsReady));
            }
        }
        return Pack(service, ports);
    }

    private static void Add(OrderedDictionary<EndpointPort, List<(Pod Pod, bool Ready)>> ports,
        ServicePort? port, int number, (Pod Pod, bool Ready) address)
    {
        var key = new EndpointPort
        {
            Name = port?.Name, Port = number, Protocol = port?.Protocol ?? "TCP",
            AppProtocol = port?.AppProtocol,
        };
        if (!ports.TryGetValue(key, out var addresses))
        {
            ports.Add(key, addresses = []);
        }
        addresses.Add(address);
    }

    /// <summary>Ports with the same addresses share a subset.</summary>
    private static Seq<EndpointSubset> Pack(
        Service service, OrderedDictionary<EndpointPort, List<(Pod Pod, bool Ready)>> ports)
    {
        var packed = new List<(List<(Pod, bool)> Addresses, List<EndpointPort> Ports)>();
        foreach (var (port, addresses) in ports)
        {
            var at = packed.FindIndex(p => p.Addresses.SequenceEqual(addresses));
            if (at < 0)
            {
                packed.Add((addresses, [port]));
            }
            else
            {
                packed[at].Ports.Add(port);
            }
        }
        var subsets = new List<EndpointSubset>(packed.Count);
        foreach (var (addresses, shared) in packed)
        {
            subsets.Add(new()
            {
                Addresses = Addresses(service, addresses, ready: true),
                NotReadyAddresses = Addresses(service, addresses, ready: false),
                Ports = Sorted(shared),
            });
        }
        return [.. CollectionsMarshal.AsSpan(subsets)];
    }

    private static Seq<EndpointPort> Sorted(List<EndpointPort> ports)
    {
        if (ports is [{ Port: 0 }])
        {
            return default;
        }
        ports.Sort(Compare);
        return [.. CollectionsMarshal.AsSpan(ports)];
    }

    // The real controller orders them by a hash; of the recorded lists this is the order.
    private static int Compare(EndpointPort a, EndpointPort b) => a.Port != b.Port ? b.Port - a.Port
        : string.CompareOrdinal(a.Protocol, b.Protocol) is var order && order != 0 ? order
        : string.CompareOrdinal(a.Name, b.Name);

    private static Seq<EndpointAddress> Addresses(
        Service service, List<(Pod Pod, bool Ready)> pods, bool ready)
    {
        var ipv6 = !service.Spec.IpFamilies.IsEmpty && service.Spec.IpFamilies[0] == "IPv6";
        var addresses = new List<EndpointAddress>();
        foreach (var (pod, isReady) in pods)
        {
            if (isReady == ready && EndpointFacts.Address(pod, ipv6) is { } ip)
            {
                addresses.Add(new()
                {
                    Ip = ip, NodeName = pod.Spec.NodeName,
                    Hostname = EndpointFacts.Hostname(pod, service),
                    TargetRef = EndpointFacts.Reference(pod),
                });
            }
        }
        addresses.Sort(static (a, b) => string.CompareOrdinal(a.Ip, b.Ip) is var order && order != 0
            ? order : string.CompareOrdinal(a.TargetRef!.Uid, b.TargetRef!.Uid));
        return [.. CollectionsMarshal.AsSpan(addresses)];
    }
}
