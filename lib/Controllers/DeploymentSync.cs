namespace KubeSim;

/// <summary>
/// One move of one Deployment, from what was read to what is written.
/// <para>The Deployment itself can be written once a move: whatever is written after that would be
/// based on the version from before and be refused (409). So a move that had to note a new
/// revision or a pause leaves the rest of the status to the next move, which the change itself
/// brings about. A move that begins before the cache shows the last status is refused all the same,
/// and tried again with back-off: such refusals are what keeps the moves from running ahead of the
/// ReplicaSets' own status, here as in life.</para>
/// Models pkg/controller/deployment/sync.go, rolling.go and recreate.go.
/// </summary>
internal sealed class DeploymentSync
{
    private readonly ReconcileContext api;
    private readonly List<ReplicaSet> all;
    private Deployment deployment;
    private ReplicaSet? newest;
    private List<ReplicaSet> old = [];
    private bool written;

    /// <summary>A move of a deployment with these sets.</summary>
    public DeploymentSync(Deployment deployment, List<ReplicaSet> sets, ReconcileContext api)
    {
        (this.deployment, all, this.api) = (deployment, sets, api);
        all.Sort(DeploymentSets.ByAge);
    }

    private bool IsPaused => deployment.Spec.Paused == true;

    private Time Now => api.Now;

    /// <summary>Makes the move.</summary>
    /// <exception cref="ApiException">A write was refused.</exception>
    public void Run()
    {
        newest = DeploymentSets.FindNew(deployment, all);
        old = all.FindAll(set => !ReferenceEquals(set, newest));
        if (deployment.IsTerminating)
        {
            SyncCounts();
            return;
        }
        NotePause();
        if (newest is not null && !SyncRevision(newest))
        {
            return;
        }
        if (IsPaused || DeploymentScaling.IsScaled(deployment, all))
        {
            Scale();
        }
        else if (deployment.IsRolling)
        {
            Roll();
        }
        else
        {
            Recreate();
        }
    }

    // A pause must not count as a lack of progress.
    private void NotePause()
    {
        var reason = deployment.Status.Conditions.Of(DeploymentStatusOf.Progressing)?.Reason;
        if (!deployment.HasDeadline || reason == DeploymentStatusOf.TimedOut
            || IsPaused == (reason == DeploymentStatusOf.Paused))
        {
            return;
        }
        WriteStatus(deployment.Status.With(DeploymentStatusOf.Progressing, "Unknown",
            IsPaused ? DeploymentStatusOf.Paused : "DeploymentResumed",
            IsPaused ? "Deployment is paused" : "Deployment is resumed", Now));
    }

    // The set of the template gets the next revision, then the deployment takes it over.
    private bool SyncRevision(ReplicaSet set)
    {
        var revision = DeploymentSets.NextRevision(old);
        var annotated = DeploymentSets.Annotated(set, deployment, revision);
        if (!ReferenceEquals(annotated, set)
            || (set.Spec.MinReadySeconds ?? 0) != (deployment.Spec.MinReadySeconds ?? 0))
        {
            var seconds = deployment.Spec.MinReadySeconds;
            Replace(api.Update(
                annotated with { Spec = annotated.Spec with { MinReadySeconds = seconds } }));
            return IsPaused;
        }
        var status = deployment.Status;
        if (deployment.HasDeadline
            && status.Conditions.Of(DeploymentStatusOf.Progressing) is null)
        {
            status = status.With(DeploymentStatusOf.Progressing, "True", "FoundNewReplicaSet",
                $"Found new replica set \"{set.Metadata.Name}\"", Now);
        }
        return WriteRevision(DeploymentSets.RevisionOf(set), status);
    }

    private bool WriteRevision(long revision, DeploymentStatus status)
    {
        var (annotations, text) =
            (deployment.Metadata.Annotations, DeploymentSets.Text(revision));
        if (annotations.Get(DeploymentSets.Revision) == text
            && ReferenceEquals(status, deployment.Status))
        {
            return true;
        }
        deployment = deployment with
        {
            Metadata = deployment.Metadata with
            {
                Annotations = annotations.Set(DeploymentSets.Revision, text),
            },
        };
        return WriteStatus(status);
    }

    private void Scale()
    {
        foreach (var (set, size) in DeploymentScaling.Resized(deployment, newest, old))
        {
            Resize(set, size);
        }
        if (IsPaused)
        {
            CleanUp();
        }
        SyncCounts();
    }

    private void Roll()
    {
        if ((newest is null && !CreateNew()) || newest is not { } current)
        {
            return;
        }
        var size = DeploymentBounds.NewSize(
            deployment, DeploymentBounds.Size(all), current.Size);
        if (size != current.Size)
        {
            Resize(current, size);
            SyncRollout();
            return;
        }
        var moves = DeploymentBounds.Shrunk(
            deployment, old.FindAll(set => set.Size > 0), current);
        ReplicaSet? moved = null;
        foreach (var (set, to) in moves)
        {
            // A set that comes twice has been written in between.
            moved = Resize(moved?.Metadata.Uid == set.Metadata.Uid ? moved : set, to);
        }
        if (moves.Count == 0 && DeploymentStatusOf.IsComplete(deployment, deployment.Status))
        {
            CleanUp();
        }
        SyncRollout();
    }

    private void Recreate()
    {
        var active = old.FindAll(set => set.Size > 0);
        foreach (var set in active)
        {
            Resize(set, 0);
        }
        if (active.Count > 0 || OldPodsLive(old, set => api.Owned<Pod>(set)))
        {
            SyncRollout();
            return;
        }
        if ((newest is null && !CreateNew()) || newest is not { } current)
        {
            return;
        }
        if (current.Size != deployment.Wanted)
        {
            Resize(current, deployment.Wanted);
        }
        if (DeploymentStatusOf.IsComplete(deployment, deployment.Status))
        {
            CleanUp();
        }
        SyncRollout();
    }

    /// <summary>True while an old set has a pod that has not ended: one that is going away
    /// counts.</summary>
    public static bool OldPodsLive(List<ReplicaSet> old, Func<ReplicaSet, List<Pod>> podsOf)
    {
        foreach (var set in old)
        {
            if (set.Status.Replicas > 0 || podsOf(set).Exists(pod => !pod.IsFinished))
            {
                return true;
            }
        }
        return false;
    }

    // True when the set is there and the deployment knows its revision.
    private bool CreateNew()
    {
        var revision = DeploymentSets.NextRevision(old);
        var made = DeploymentSets.New(deployment);
        var size = DeploymentBounds.Grown(deployment, DeploymentBounds.Size(all), 0);
        made = DeploymentSets.Annotated(made with { Spec = made.Spec with { Replicas = size } },
            deployment, revision);
        var name = made.Metadata.Name;
        var status = deployment.Status;
        try
        {
            newest = api.Create(DeploymentScaling.Annotated(made, deployment));
            all.Add(newest);
            if (size > 0)
            {
                TellScaling(deployment, name, 0, size, api);
            }
            if (deployment.HasDeadline)
            {
                status = status.With(DeploymentStatusOf.Progressing, "True",
                    "NewReplicaSetCreated", $"Created new replica set \"{name}\"", Now);
            }
        }
        catch (ApiException taken) when (taken.IsAlreadyExists)
        {
            newest = Taken(made);
            all.Add(newest);
        }
        catch (ApiException refused) when (!refused.IsNamespaceTerminating)
        {
            TellRefused(name, refused.Message);
            throw;
        }
        return WriteRevision(revision, status);
    }

    // The name is taken: by our own set, which the cache showed too late, or by another template
    // with the same hash. Then the next attempt hashes with a higher count.
    private ReplicaSet Taken(ReplicaSet made)
    {
        var there = api.Get<ReplicaSet>(made.Metadata.Namespace, made.Metadata.Name)
            ?? throw ApiErrors.NotFound(Kinds.ReplicaSet, made.Metadata.Name);
        if (there.IsControlledBy(deployment.Metadata.Uid)
            && DeploymentSets.SameTemplate(there.Spec.Template, deployment.Spec.Template))
        {
            return there;
        }
        WriteStatus(deployment.Status with
        {
            CollisionCount = (deployment.Status.CollisionCount ?? 0) + 1,
        });
        throw ApiErrors.AlreadyExists(Kinds.ReplicaSet, made.Metadata.Name);
    }

    private void TellRefused(string name, string why)
    {
        const string reason = "ReplicaSetCreateError";
        var message = $"Failed to create new replica set \"{name}\": {why}";
        if (deployment.HasDeadline)
        {
            WriteStatus(deployment.Status.With(
                DeploymentStatusOf.Progressing, "False", reason, message, Now));
        }
        api.Event(deployment, "Warning", reason,
            "Failed to create new replica set \"{0}\": {1}", name, why);
    }

    private ReplicaSet Resize(ReplicaSet set, int size)
    {
        var changed = DeploymentScaling.Annotated(set, deployment);
        if (size != set.Size)
        {
            changed = changed with { Spec = changed.Spec with { Replicas = size } };
        }
        if (ReferenceEquals(changed, set))
        {
            return set;
        }
        var stored = api.Update(changed);
        if (size != set.Size)
        {
            TellScaling(deployment, set.Metadata.Name, set.Size, size, api);
        }
        return stored;
    }

    private static void TellScaling(
        Deployment deployment, string set, int from, int to, ReconcileContext api) =>
        api.Event(deployment, "Normal", "ScalingReplicaSet",
            "Scaled {0} replica set {1} from {2} to {3}", to > from ? "up" : "down", set,
            DeploymentSets.Text(from), DeploymentSets.Text(to));

    private void CleanUp()
    {
        foreach (var set in DeploymentSets.Superfluous(deployment, old))
        {
            try
            {
                api.Delete(set.Key);
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // That is what was wanted.
            }
        }
    }

    private void SyncCounts() =>
        SyncStatus(DeploymentStatusOf.Count(deployment, all, newest, Now));

    private void SyncRollout()
    {
        var status = DeploymentStatusOf.OfRollout(deployment, all, newest, Now);
        if (!SyncStatus(status)
            && DeploymentStatusOf.StuckAfter(deployment, status, api.Now) is { } left)
        {
            // A second more, so that the deadline has surely passed.
            api.After(left + TimeSpan.FromSeconds(1), deployment.Key, Pace.Background);
        }
    }

    private bool SyncStatus(DeploymentStatus status)
    {
        var differs = !status.Equals(deployment.Status);
        if (differs)
        {
            WriteStatus(status);
        }
        return differs;
    }

    // False when the deployment was written before in this move: then the next move goes on.
    private bool WriteStatus(DeploymentStatus status)
    {
        deployment = deployment with { Status = status };
        if (written)
        {
            return false;
        }
        written = true;
        api.UpdateStatus(deployment);
        return true;
    }

    private void Replace(ReplicaSet set)
    {
        all[all.FindIndex(other => ReferenceEquals(other, newest))] = set;
        newest = set;
    }
}
