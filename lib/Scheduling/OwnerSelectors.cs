namespace KubeSim;

/// <summary>
/// The pods that belong together with a pod, for spreading by default: those that the same Services
/// select and that the selector of its ReplicaSet, StatefulSet or ReplicationController means. A
/// pod of neither stands alone, and is not spread.
/// <para>Services are found by one of the labels that they select, so that 5,000 of them in a
/// namespace cost a pod no more than one.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/helper/spread.go.</remarks>
internal sealed class OwnerSelectors
{
    private readonly Dictionary<ObjectKey, Selector> owners = [];
    private readonly Dictionary<ObjectKey, Map<string>> services = [];
    private readonly Dictionary<(string, string, string), List<ObjectKey>> byLabel = [];

    /// <summary>A Service or a workload came, changed, or went (null).</summary>
    public void Set(ObjectKey key, ApiObject? now)
    {
        if (key.Kind.Equals(Kinds.Service))
        {
            SetService(key, (now as Service)?.Spec.Selector ?? default);
            return;
        }
        var selector = now switch
        {
            ReplicaSet set => PodTerm.OrNothing(set.Spec.Selector),
            StatefulSet set => PodTerm.OrNothing(set.Spec.Selector),
            ReplicationController old => Selector.FromLabels(old.Spec.Selector),
            _ => null,
        };
        if (selector is null)
        {
            owners.Remove(key);
        }
        else if (!owners.TryGetValue(key, out var known) || !known.Equals(selector))
        {
            owners[key] = selector;
        }
    }

    /// <summary>The selector of a pod's kin; one that selects everything means that it has
    /// none.</summary>
    public Selector Of(Pod pod)
    {
        var labels = ServiceLabels(pod);
        var owner = pod.ControllerOwner;
        var kind = owner is null ? null : (owner.ApiVersion, owner.Kind) switch
        {
            ("apps/v1", "ReplicaSet") => Kinds.ReplicaSet,
            ("apps/v1", "StatefulSet") => Kinds.StatefulSet,
            ("v1", "ReplicationController") => Kinds.ReplicationController,
            _ => null,
        };
        if (kind is null || !owners.TryGetValue(
            new(kind, pod.Metadata.Namespace, owner!.Name), out var theirs) || theirs.IsNothing)
        {
            return Selector.FromLabels(labels);
        }
        return labels.IsEmpty ? theirs : Selector.FromLabels(labels).And(theirs);
    }

    private Map<string> ServiceLabels(Pod pod)
    {
        Map<string> merged = default;
        foreach (var label in pod.Metadata.Labels.AsSpan())
        {
            foreach (var key in byLabel.GetValueOrDefault(
                (pod.Metadata.Namespace, label.Key, label.Value)) ?? [])
            {
                var wanted = services[key];
                if (Selector.FromLabels(wanted).Matches(pod.Metadata.Labels))
                {
                    merged = merged.SetAll(wanted);
                }
            }
        }
        return merged;
    }

    private void SetService(ObjectKey key, Map<string> selector)
    {
        if (services.Remove(key, out var before))
        {
            byLabel[Place(key, before)].Remove(key);
        }
        if (selector.IsEmpty)
        {
            return;
        }
        services.Add(key, selector);
        if (!byLabel.TryGetValue(Place(key, selector), out var list))
        {
            byLabel.Add(Place(key, selector), list = []);
        }
        list.Add(key);
    }

    private static (string, string, string) Place(ObjectKey key, Map<string> selector)
    {
        var first = selector.AsSpan()[0];
        return (key.Namespace, first.Key, first.Value);
    }
}
