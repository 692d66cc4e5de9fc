namespace KubeSim;

/// <summary>Finds the owners whose selectors match an object that nobody manages, and the objects
/// that nobody manages: both kept from what a controller observes, so that no reconcile has to look
/// through a namespace.</summary>
internal sealed class SelectorIndex
{
    private readonly Dictionary<(string Namespace, string Label), List<ObjectKey>> buckets = [];
    private readonly Dictionary<ObjectKey, LabelSelector> selectors = [];
    private readonly Dictionary<string, SortedSet<ObjectKey>> orphans =
        new(StringComparer.Ordinal);

    /// <summary>True when no owner selects anything.</summary>
    public bool IsEmpty => selectors.Count == 0;

    /// <summary>Takes note of an owner's selector; null when the owner is gone.</summary>
    public void SetOwner(ObjectKey owner, LabelSelector? selector)
    {
        if (selectors.TryGetValue(owner, out var known))
        {
            if (ReferenceEquals(known, selector) || known.Equals(selector))
            {
                return;
            }
            selectors.Remove(owner);
            buckets[(owner.Namespace, Bucket(known))].Remove(owner);
        }
        if (selector is null)
        {
            return;
        }
        selectors.Add(owner, selector);
        var bucket = (owner.Namespace, Bucket(selector));
        if (!buckets.TryGetValue(bucket, out var owners))
        {
            buckets.Add(bucket, owners = []);
        }
        owners.Add(owner);
    }

    /// <summary>Takes note of an object that may be an orphan; <paramref name="now"/> is null when
    /// it is gone.</summary>
    public void SetOrphan(ObjectKey key, ApiObject? now)
    {
        if (now is { IsTerminating: false, ControllerOwner: null })
        {
            if (!orphans.TryGetValue(key.Namespace, out var set))
            {
                orphans.Add(key.Namespace, set = []);
            }
            set.Add(key);
        }
        else if (orphans.TryGetValue(key.Namespace, out var set))
        {
            set.Remove(key);
        }
    }

    /// <summary>The objects of a namespace that nobody manages, by name.</summary>
    public IReadOnlyCollection<ObjectKey> Orphans(string ns) =>
        orphans.TryGetValue(ns, out var set) ? set : [];

    /// <summary>Adds the owners that could adopt an object to a queue.</summary>
    public void EnqueueOwners(ApiObject orphan, IWorkQueue queue)
    {
        foreach (var owner in OwnersOf(orphan))
        {
            queue.Add(owner);
        }
    }

    /// <summary>The owners that could adopt an object.</summary>
    public IEnumerable<ObjectKey> OwnersOf(ApiObject orphan)
    {
        var meta = orphan.Metadata;
        var labels = meta.Labels.Select(l => $"{l.Key}={l.Value}").Prepend("");
        foreach (var label in labels)
        {
            var owners = buckets.GetValueOrDefault((meta.Namespace, label)) ?? [];
            foreach (var owner in owners.Where(o => selectors[o].Matches(meta.Labels)))
            {
                yield return owner;
            }
        }
    }

    // Whoever the selector matches has its first label; one without labels is looked at always.
    private static string Bucket(LabelSelector selector) => selector.MatchLabels.IsEmpty ? ""
        : $"{selector.MatchLabels.AsSpan()[0].Key}={selector.MatchLabels.AsSpan()[0].Value}";
}
