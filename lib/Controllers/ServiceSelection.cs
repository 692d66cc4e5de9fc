namespace KubeSim;

/// <summary>
/// Which Services select a pod, without asking every Service.
/// <para>Each Service is filed under one pair of its selector, the one that the fewest other
/// Services are filed under. A pod looks at the shelves of its own labels only: with 5,000 Services
/// <c>app=web-N, managed-by=helm</c> and a pod with three labels that is one candidate, not
/// 5,000.</para>
/// </summary>
internal sealed class ServiceSelection
{
    private readonly Dictionary<(string Ns, string Key, string Value), List<ObjectKey>> shelves =
        [];
    private readonly Dictionary<ObjectKey, (Map<string> Selector, int Shelf)> filed = [];

    /// <summary>Learns of a change of a Service.</summary>
    public void Observe(in WatchEvent e)
    {
        if (filed.Remove(e.Key, out var was))
        {
            shelves[ShelfOf(e.Key, was.Selector, was.Shelf)].Remove(e.Key);
        }
        if (e.New is Service service && !service.Spec.Selector.IsEmpty)
        {
            File(e.Key, service.Spec.Selector);
        }
    }

    /// <summary>Adds the Services that select some labels to a queue.</summary>
    public void Enqueue(string ns, Map<string> labels, IWorkQueue queue)
    {
        if (filed.Count == 0)
        {
            return;
        }
        foreach (var (key, value) in labels)
        {
            if (!shelves.TryGetValue((ns, key, value), out var shelf))
            {
                continue;
            }
            foreach (var service in shelf)
            {
                if (Selects(filed[service].Selector, labels))
                {
                    queue.Add(service);
                }
            }
        }
    }

    /// <summary>The pods that a Service selects, in the order in which they came.</summary>
    public List<Pod> Pods(Service service, ReconcileContext api)
    {
        var selector = service.Spec.Selector;
        var at = filed.TryGetValue(service.Key, out var known) && known.Selector == selector
            ? known.Shelf : 0;
        var (key, value) = selector.AsSpan()[at];
        var pods = api.Labelled<Pod>(service.Metadata.Namespace, key, value);
        if (selector.Count > 1)
        {
            pods.RemoveAll(pod => !Selects(selector, pod.Metadata.Labels));
        }
        return pods;
    }

    private void File(ObjectKey service, Map<string> selector)
    {
        var (best, fewest) = (0, int.MaxValue);
        for (var i = 0; i < selector.Count && fewest > 0; i++)
        {
            var count = shelves.GetValueOrDefault(ShelfOf(service, selector, i))?.Count ?? 0;
            (best, fewest) = count < fewest ? (i, count) : (best, fewest);
        }
        var shelf = ShelfOf(service, selector, best);
        if (!shelves.TryGetValue(shelf, out var services))
        {
            shelves.Add(shelf, services = []);
        }
        services.Add(service);
        filed.Add(service, (selector, best));
    }

    private static (string Ns, string Key, string Value) ShelfOf(
        ObjectKey service, Map<string> selector, int at)
    {
        var (key, value) = selector.AsSpan()[at];
        return (service.Namespace, key, value);
    }

    private static bool Selects(Map<string> selector, Map<string> labels)
    {
        foreach (var (key, value) in selector)
        {
            if (!labels.TryGetValue(key, out var has) || has != value)
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>What both endpoint controllers ask of a pod.</summary>
/// <remarks>Models staging/src/k8s.io/endpointslice/util/controller_utils.go.</remarks>
internal static class EndpointFacts
{
    /// <summary>The label of headless Services' endpoints.</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>Says when the change happened that the endpoints answer to.</summary>
    public const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>True when the Service has an address of its own.</summary>
    public static bool HasAddress(Service service) =>
        service.Spec.ClusterIP is { Length: > 0 } and not "None";

    /// <summary>The first address of a pod in a family; null when it has none yet.</summary>
    public static string? Address(Pod pod, bool ipv6)
    {
        var status = pod.Status;
        foreach (var ip in status.PodIPs)
        {
            if (ip.Ip is { Length: > 0 } address && address.Contains(':') == ipv6)
            {
                return address;
            }
        }
        return status.PodIPs.IsEmpty && status.PodIP is { Length: > 0 } one
            && one.Contains(':') == ipv6 ? one : null;
    }

    /// <summary>True when the pod has an address and has not ended; going away it counts only when
    /// asked for.</summary>
    public static bool Belongs(Pod pod, bool includeTerminating)
    {
        if (pod.Status.PodIPs.IsEmpty && string.IsNullOrEmpty(pod.Status.PodIP))
        {
            return false;
        }
        return !pod.IsFinished && (includeTerminating || !pod.IsTerminating);
    }

    /// <summary>True when a change of a pod could change the endpoints of its Services.</summary>
    public static bool Matters(Pod? old, Pod? now)
    {
        var was = old is not null && Belongs(old, true);
        var becomes = now is not null && Belongs(now, true);
        if (!was || !becomes || old is null || now is null)
        {
            return was || becomes;
        }
        return old.IsReady != now.IsReady || old.IsTerminating != now.IsTerminating
            || !old.Metadata.Labels.Equals(now.Metadata.Labels)
            || old.Status.PodIP != now.Status.PodIP || !old.Status.PodIPs.Equals(now.Status.PodIPs)
            || old.Spec.NodeName != now.Spec.NodeName || old.Spec.Hostname != now.Spec.Hostname
            || old.Spec.Subdomain != now.Spec.Subdomain || old.Metadata.Uid != now.Metadata.Uid;
    }

    /// <summary>Adds the Services whose endpoints a change of a pod could change.</summary>
    public static void Observe(in WatchEvent e, ServiceSelection services, IWorkQueue queue)
    {
        var (old, now) = ((Pod?)e.Old, (Pod?)e.New);
        if (!Matters(old, now))
        {
            return;
        }
        if (now is not null)
        {
            services.Enqueue(e.Key.Namespace, now.Metadata.Labels, queue);
        }
        if (old is not null && (now is null || !old.Metadata.Labels.Equals(now.Metadata.Labels)))
        {
            services.Enqueue(e.Key.Namespace, old.Metadata.Labels, queue);
        }
    }

    /// <summary>The number of a Service's target port at a pod; 0 when the pod does not name
    /// it.</summary>
    public static int Port(Pod pod, ServicePort port)
    {
        if (port.TargetPort is not { Text: { } name })
        {
            return port.TargetPort is { } number && number.Number != 0 ? number.Number : port.Port;
        }
        foreach (var container in pod.Spec.Containers)
        {
            if (Named(container, name, port) is var found && found != 0)
            {
                return found;
            }
        }
        foreach (var container in pod.Spec.InitContainers)
        {
            if (container.IsSidecar && Named(container, name, port) is var found && found != 0)
            {
                return found;
            }
        }
        return 0;
    }

    /// <summary>The name by which a headless Service's DNS knows the pod; null for none.</summary>
    public static string? Hostname(Pod pod, Service service) =>
        pod.Spec.Hostname is { Length: > 0 } name && pod.Spec.Subdomain == service.Metadata.Name
            ? name : null;

    /// <summary>How endpoints point at their pod.</summary>
    public static ObjectReference Reference(Pod pod) => new()
    {
        Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name,
        Uid = pod.Metadata.Uid,
    };

    /// <summary>True when a write failed only since the namespace is going.</summary>
    public static bool IsNamespaceGoing(ApiException refused)
    {
        foreach (var cause in refused.Status.Details?.Causes ?? default)
        {
            if (cause.Reason == "NamespaceTerminating")
            {
                return true;
            }
        }
        return false;
    }

    private static int Named(Container container, string name, ServicePort service)
    {
        foreach (var port in container.Ports)
        {
            if (port.Name == name && (port.Protocol ?? "TCP") == (service.Protocol ?? "TCP"))
            {
                return port.Port;
            }
        }
        return 0;
    }
}

/// <summary>
/// When the change happened that a Service's endpoints answer to: the earliest of what changed
/// since the Service was last looked at. The time from there to the rule on a node is what a
/// cluster's "network programming latency" measures.
/// <para>A Service that is new counts from its creation; a pod from the last change of its
/// readiness.</para>
/// Models staging/src/k8s.io/endpointslice/trigger_time_tracker.go.
/// </summary>
internal sealed class TriggerTimes
{
    private readonly Dictionary<ObjectKey, Dictionary<string, Time>> known = [];

    /// <summary>The time for what is to be written now; null when nothing tells one.</summary>
    public Time? Next(Service service, List<Pod> pods)
    {
        var isNew = !known.TryGetValue(service.Key, out var before);
        var now = new Dictionary<string, Time>(pods.Count, StringComparer.Ordinal);
        Time? earliest = null;
        foreach (var pod in pods)
        {
            if (pod.Condition("Ready")?.LastTransitionTime is not { } at)
            {
                continue;
            }
            now[pod.Metadata.Name] = at;
            var news = isNew || !before!.TryGetValue(pod.Metadata.Name, out var last) || at > last;
            earliest = news && (earliest is null || at < earliest) ? at : earliest;
        }
        known[service.Key] = now;
        return isNew ? service.Metadata.CreationTimestamp : earliest;
    }

    /// <summary>Forgets a Service that is gone.</summary>
    public void Forget(ObjectKey service) => known.Remove(service);
}
