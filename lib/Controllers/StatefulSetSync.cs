namespace KubeSim;

/// <summary>
/// One move of a StatefulSet. In order: make the members that lack, the lowest number first; delete
/// those that are too many, the highest first; replace those of an old revision, the highest first.
/// The first thing that is to be waited for ends the move, unless <c>podManagementPolicy</c> is
/// Parallel: then members come and go together, and only the update goes one by one.
/// <para>To be waited for is a member that is not Running, Ready and available, or terminating. So
/// a set of 4 whose web-1 is not ready is not shrunk either. And so a broken update stays broken:
/// the new template is written, but web-2 of the bad one is not ready, and no move gets past it
/// until somebody deletes it.</para>
/// <para><c>partition</c> 2 leaves web-0 and web-1 as they are; one of them that is lost comes back
/// in the old revision. <c>maxUnavailable</c> lets more than one be replaced at a time; the API
/// server of 1.36 drops it unless the feature gate MaxUnavailableStatefulSet is on.</para>
/// Models pkg/controller/statefulset/stateful_set_control.go.
/// </summary>
internal sealed class StatefulSetSync(StatefulSet set, List<Pod> pods,
    List<ControllerRevision> revisions, WriteMemory writes, ReconcileContext api)
{
    private readonly StatefulSetClaims claims = new(set, api);
    private ControllerRevision current = null!;
    private ControllerRevision update = null!;
    private string? failure;
    private int replaced;

    /// <summary>Makes the move, writes the status and forgets old revisions.</summary>
    /// <returns>What went wrong, or null.</returns>
    /// <exception cref="ApiException">The status or a revision was refused.</exception>
    public string? Run()
    {
        var collisions = set.Status.CollisionCount ?? 0;
        update = ControllerRevisions.Newest(set, set.Spec.Template, "controller.kubernetes.io/hash",
            revisions, ref collisions, api);
        current = revisions.Find(r => r.Metadata.Name == set.Status.CurrentRevision) ?? update;
        if (!set.IsTerminating)
        {
            Move();
        }
        var status = Completed(Count() with { CollisionCount = collisions });
        if (!status.Equals(set.Status))
        {
            api.UpdateStatus(set with { Status = status });
            writes.Note(set.Key, api);
        }
        bool IsLive(ControllerRevision r) => ReferenceEquals(r, current)
            || ReferenceEquals(r, update)
            || pods.Exists(p => StatefulSetIdentity.RevisionOf(p) == r.Metadata.Name);
        var old = revisions.Count(r => !IsLive(r));
        ControllerRevisions.Trim(
            revisions, IsLive, old - (set.Spec.RevisionHistoryLimit ?? 10), api);
        return failure;
    }

    /// <summary>How many members may be down at once: at least 1, shares rounded down.</summary>
    public static int MaxUnavailable(IntOrString? share, int replicas) =>
        Math.Max(1, (share ?? 1).Scaled(replicas, roundUp: false));

    private void Move()
    {
        var members = new Pod[set.Wanted];
        var surplus = new List<Pod>();
        foreach (var pod in pods)
        {
            if (set.PlaceOf(pod) is { } place)
            {
                members[place] = pod;
            }
            else
            {
                surplus.Add(pod);
            }
        }
        for (var place = 0; place < members.Length; place++)
        {
            members[place] ??= NewMember(place);
        }
        surplus.Sort((a, b) => StatefulSetIdentity.OrdinalOf(b)!.Value
            - StatefulSetIdentity.OrdinalOf(a)!.Value);
        var firstDown = members.FirstOrDefault(IsDown) ?? surplus.FindLast(IsDown);
        if (All(members, Keep) && All(surplus, OwnClaims)
            && All(surplus, pod => Remove(pod, firstDown))
            && set.Spec.UpdateStrategy.Type != "OnDelete")
        {
            Update(members);
        }
    }

    // In order until one is to be waited for; in parallel all, in batches that double. False when
    // the move is over.
    private bool All(IReadOnlyList<Pod> list, Func<Pod, bool> step)
    {
        if (set.IsOrdered)
        {
            return list.All(pod => Try(() => step(pod)));
        }
        var next = 0;
        PodControl.SlowStart(list.Count, () =>
        {
            Try(() => step(list[next++]));
            return failure;
        }, out _);
        return failure is null;
    }

    private bool Try(Func<bool> step)
    {
        try
        {
            return step() && failure is null;
        }
        catch (ApiException refused)
        {
            failure ??= refused.Message;
            return false;
        }
    }

    // False when the member is to be waited for.
    private bool Keep(Pod pod)
    {
        if (pod.IsFinished)
        {
            if (!pod.IsTerminating)
            {
                Delete(pod);
            }
            return false;
        }
        if (pod.Metadata.Uid.Length == 0)
        {
            Create(pod);
            return false;
        }
        if (pod.Status.Phase == "Pending")
        {
            failure = claims.Make(pod);
            if (failure is not null)
            {
                return false;
            }
            claims.Own(pod);
        }
        if (set.IsOrdered && IsDown(pod))
        {
            return false;
        }
        var wanted = set.Identified(pod);
        if (!ReferenceEquals(wanted, pod) || !claims.AreOwned(pod))
        {
            Write("Update", pod, () =>
            {
                claims.Own(pod);
                api.Update(wanted);
            });
        }
        return true;
    }

    private void Create(Pod pod)
    {
        if (claims.AreStale(pod))
        {
            return;
        }
        Write("Create", pod, () =>
        {
            if (claims.Make(pod) is { } why)
            {
                throw ApiErrors.Of(500, "InternalError", why);
            }
            api.Create(pod);
            writes.Note(set.Key, api);
            claims.Own(pod);
        });
    }

    private bool OwnClaims(Pod pod)
    {
        claims.Own(pod);
        return true;
    }

    private bool Remove(Pod pod, Pod? firstDown)
    {
        if (pod.IsTerminating)
        {
            return !set.IsOrdered;
        }
        if (!set.IsOrdered || !IsDown(pod) || ReferenceEquals(pod, firstDown))
        {
            Delete(pod);
        }
        return false;
    }

    // Without maxUnavailable the update stops at the first member that is down; with it, those that
    // are down, wherever, count.
    private void Update(Pod[] members)
    {
        var rolling = set.Spec.UpdateStrategy.RollingUpdate;
        var max = rolling?.MaxUnavailable;
        var left = MaxUnavailable(max, set.Wanted) - (max is null ? 0 : members.Count(IsDown));
        for (var place = members.Length - 1; place >= (rolling?.Partition ?? 0); place--)
        {
            var pod = members[place];
            if (StatefulSetIdentity.RevisionOf(pod) != update.Metadata.Name && !pod.IsTerminating)
            {
                if (left-- <= 0 || !Try(() => Delete(pod)))
                {
                    return;
                }
                replaced++;
            }
            else if (max is null && IsDown(pod))
            {
                return;
            }
        }
    }

    private bool Delete(Pod pod)
    {
        Write("Delete", pod, () => api.Delete(pod.Key));
        return true;
    }

    // What is done to a pod, with its event. That a pod is there already is no news.
    private void Write(string verb, Pod pod, Action action)
    {
        string[] names = [pod.Metadata.Name, set.Metadata.Name];
        try
        {
            action();
            if (api.Changes.Count > 0 && api.Changes[^1].Key.Equals(pod.Key))
            {
                writes.Note(set.Key, api);
            }
            api.Event(set, "Normal", "Successful" + verb,
                verb + " Pod {0} in StatefulSet {1} successful", names);
        }
        catch (ApiException refused)
        {
            if (!refused.IsAlreadyExists)
            {
                api.Event(set, "Warning", "Failed" + verb,
                    verb + " Pod {0} in StatefulSet {1} failed error: {2}",
                    [.. names, refused.Message]);
            }
            throw;
        }
    }

    private Pod NewMember(int place)
    {
        var strategy = set.Spec.UpdateStrategy;
        var before = strategy.RollingUpdate is { } rolling ? place < (rolling.Partition ?? 0)
            : strategy.Type == "RollingUpdate" && place < set.Status.CurrentReplicas;
        return before && ControllerRevisions.TemplateOf(current) is { } template
            ? set.NewPod(set.First + place, template, current.Metadata.Name)
            : set.NewPod(set.First + place, set.Spec.Template, update.Metadata.Name);
    }

    private bool IsUp(Pod pod) => pod.Status.Phase == "Running" && pod.IsReady;

    private bool IsDown(Pod pod) => pod.IsTerminating || !IsUp(pod)
        || !pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, api.Now);

    private StatefulSetStatus Count()
    {
        int Of(ControllerRevision revision) => pods.Count(p => !p.IsTerminating
            && StatefulSetIdentity.RevisionOf(p) == revision.Metadata.Name);
        return set.Status with
        {
            ObservedGeneration = set.Metadata.Generation,
            Replicas = pods.Count,
            ReadyReplicas = pods.Count(IsUp),
            AvailableReplicas = pods.Count(p =>
                IsUp(p) && p.IsAvailable(set.Spec.MinReadySeconds ?? 0, api.Now)),
            CurrentReplicas = Math.Max(0, Of(current) - replaced),
            UpdatedReplicas = Of(update),
            CurrentRevision = current.Metadata.Name,
            UpdateRevision = update.Metadata.Name,
        };
    }

    // With all members of the new revision and ready, it is the current one.
    private StatefulSetStatus Completed(StatefulSetStatus status) =>
        set.Spec.UpdateStrategy.Type == "RollingUpdate" && status.UpdatedReplicas == set.Wanted
            && status.ReadyReplicas == set.Wanted && status.Replicas == set.Wanted
        ? status with
        {
            CurrentReplicas = status.UpdatedReplicas, CurrentRevision = status.UpdateRevision,
        }
        : status;
}
