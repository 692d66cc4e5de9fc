using System.Globalization;

namespace KubeSim;

// Which changes of a Service the cloud has to hear of, and the events that tell of them. What only
// the cluster cares for (a selector, a status) is none of the cloud's business.
public sealed partial class ServiceLoadBalancer
{
    private static bool Wants(Service service) =>
        service.Spec is { Type: "LoadBalancer", LoadBalancerClass: null };

    private static bool NeedsCleanup(Service service) => OwnFinalizer(service)
        && (service.IsTerminating || service.Spec.Type != "LoadBalancer");

    private static bool OwnFinalizer(Service service) =>
        service.Metadata.Finalizers.AsSpan().Contains(Finalizer);

    private static bool NeedsUpdate(Service old, Service now, List<(string, string)> told)
    {
        var (was, spec) = (old.Spec, now.Spec);
        if (!Wants(old) && !Wants(now))
        {
            return false;
        }
        if (Wants(old) != Wants(now))
        {
            told.Add(("Type", $"{was.Type} -> {spec.Type}"));
            return true;
        }
        if (!was.LoadBalancerSourceRanges.Equals(spec.LoadBalancerSourceRanges))
        {
            told.Add(("LoadBalancerSourceRanges", $"[{string.Join(' ',
                was.LoadBalancerSourceRanges)}] -> [{string.Join(' ',
                spec.LoadBalancerSourceRanges)}]"));
            return true;
        }
        if (!was.Ports.Equals(spec.Ports) || was.SessionAffinity != spec.SessionAffinity
            || was.SessionAffinityConfig != spec.SessionAffinityConfig)
        {
            return true;
        }
        if (was.LoadBalancerIP != spec.LoadBalancerIP)
        {
            told.Add(("LoadbalancerIP", $"{was.LoadBalancerIP} -> {spec.LoadBalancerIP}"));
            return true;
        }
        if (!was.ExternalIPs.Equals(spec.ExternalIPs))
        {
            told.Add(("ExternalIP", was.ExternalIPs.Count == spec.ExternalIPs.Count
                ? $"Added: {spec.ExternalIPs.Except(was.ExternalIPs).First()}"
                : string.Create(CultureInfo.InvariantCulture,
                    $"Count: {was.ExternalIPs.Count} -> {spec.ExternalIPs.Count}")));
            return true;
        }
        if (!old.Metadata.Annotations.Equals(now.Metadata.Annotations))
        {
            return true;
        }
        return Differ("UID", old.Metadata.Uid, now.Metadata.Uid)
            || Differ("ExternalTrafficPolicy", was.ExternalTrafficPolicy,
                spec.ExternalTrafficPolicy)
            || Differ("HealthCheckNodePort", $"{was.HealthCheckNodePort}",
                $"{spec.HealthCheckNodePort}");

        bool Differ(string reason, string? before, string? after)
        {
            if (before != after)
            {
                told.Add((reason, $"{before} -> {after}"));
            }
            return before != after;
        }
    }
}
