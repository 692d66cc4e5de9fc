namespace KubeSim;

/// <summary>The pods of the objects of one kind: which object a change of a pod is about, and which
/// pods an object has, those included that it takes over now.</summary>
/// <remarks>Models the handlers of pods in pkg/controller/replicaset/replica_set.go.</remarks>
internal sealed class OwnedPods(Kind kind)
{
    /// <summary>What the controller did and has not yet seen.</summary>
    public Expectations Expectations { get; } = new();

    /// <summary>The selectors of the objects, and what nobody manages.</summary>
    public SelectorIndex Index { get; } = new();

    /// <summary>Takes note of a change of an object.</summary>
    /// <param name="key">The object.</param>
    /// <param name="selector">Its selector; null when it is gone.</param>
    /// <param name="queue">Where it is added.</param>
    public void ObserveOwner(ObjectKey key, LabelSelector? selector, IWorkQueue queue)
    {
        if (selector is null)
        {
            Expectations.Forget(key);
        }
        Index.SetOwner(key, selector);
        queue.Add(key);
    }

    /// <summary>Takes note of a change of a pod, and adds the objects that it concerns.</summary>
    public void Observe(ObjectKey key, Pod? old, Pod? pod, IWorkQueue queue)
    {
        var (owner, before) = (ControllerRefs.KeyOf(pod, kind), ControllerRefs.KeyOf(old, kind));
        Index.SetOrphan(key, pod);
        if (before is { } last && (pod is null || !last.Equals(owner)))
        {
            Expectations.SawDeletion(last, old!.Metadata.Uid);
            queue.Add(last);
        }
        if (pod is null)
        {
            return;
        }
        if (owner is { } now)
        {
            if (pod.IsTerminating)
            {
                Expectations.SawDeletion(now, pod.Metadata.Uid);
            }
            if (old is null)
            {
                Expectations.SawCreation(now, pod.Metadata.Uid);
            }
            if (old is null || !ReplicaSetStatusOf.CountsTheSame(old, pod))
            {
                queue.Add(now);
            }
        }
        else if (pod.ControllerOwner is null && !pod.IsTerminating
            && (old is null || before is not null
                || !old.Metadata.Labels.Equals(pod.Metadata.Labels)))
        {
            Index.EnqueueOwners(pod, queue);
        }
    }

    /// <summary>The objects of a type that an owner manages, or manages from now on.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="selector">Decides what it adopts, and what it lets go.</param>
    /// <param name="api">Where the objects are.</param>
    /// <param name="mayBe">What else must hold, before any of that.</param>
    public List<T> Of<T>(ApiObject owner, LabelSelector? selector, ReconcileContext api,
        Predicate<T>? mayBe = null)
        where T : ApiObject
    {
        var found = api.Owned<T>(owner);
        foreach (var key in Index.Orphans(owner.Metadata.Namespace))
        {
            if (key.Kind.Type == typeof(T) && api.Get(key) is T orphan)
            {
                found.Add(orphan);
            }
        }
        found.RemoveAll(o => mayBe?.Invoke(o) == false
            || !ControllerRefs.Claim(owner, selector, o, api));
        return found;
    }
}
