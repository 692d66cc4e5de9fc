namespace KubeSim;

/// <summary>What a controller of ReplicaSets makes.</summary>
public static class ReplicaSetPods
{
    extension(ReplicaSet set)
    {
        /// <summary>A pod of the set's template that the set owns, to be created.</summary>
        /// <param name="name">Its name; without one the API server makes one up:
        /// <c>web-x7k2p</c>.</param>
        public Pod NewPod(string name = "")
        {
            var pod = PodControl.FromTemplate(set.Spec.Template, set);
            return pod with { Metadata = pod.Metadata with { Name = name } };
        }
    }
}

/// <summary>
/// Makes and deletes the pods of a controller, tells the events, and keeps the expectations.
/// <para>Creation starts slowly: 1 pod, then 2, 4, 8… Once a batch has a failure, no further batch
/// is begun. Ten pods against a quota that is used up cost one refused request, not ten.</para>
/// Models pkg/controller/controller_utils.go and pkg/controller/replicaset/replica_set.go.
/// </summary>
internal static class PodControl
{
    /// <summary>A pod of a template, with its owner.</summary>
    public static Pod FromTemplate(PodTemplateSpec template, ApiObject owner)
    {
        var prefix = owner.Metadata.Name + "-";
        return new()
        {
            Metadata = new()
            {
                GenerateName = prefix, Namespace = owner.Metadata.Namespace,
                Labels = template.Metadata.Labels, Annotations = template.Metadata.Annotations,
                Finalizers = template.Metadata.Finalizers,
                OwnerReferences = [ControllerRefs.To(owner)],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>Creates so many pods, in batches that double.</summary>
    /// <returns>The first refusal; null when there was none.</returns>
    public static string? Create(ApiObject owner, PodTemplateSpec template, int count,
        Expectations expectations, ReconcileContext api)
    {
        var pod = FromTemplate(template, owner);
        SlowStart(count, () => Create(owner, pod, expectations, api), out var failure);
        return failure;
    }

    /// <summary>Calls an action so many times, in batches of 1, 2, 4…; a batch with a failure is
    /// the last.</summary>
    /// <param name="count">How many times.</param>
    /// <param name="action">Answers with what went wrong, or null.</param>
    /// <param name="failure">The first thing that went wrong, or null.</param>
    /// <returns>How many calls went well.</returns>
    public static int SlowStart(int count, Func<string?> action, out string? failure)
    {
        failure = null;
        var (done, successes) = (0, 0);
        for (var batch = 1; done < count && failure is null; batch *= 2)
        {
            var end = Math.Min(count, done + batch);
            for (; done < end; done++)
            {
                var error = action();
                failure ??= error;
                successes += error is null ? 1 : 0;
            }
        }
        return successes;
    }

    /// <summary>Deletes pods, in order.</summary>
    /// <returns>The first refusal; null when there was none.</returns>
    public static string? Delete(ApiObject owner, ReadOnlySpan<Pod> pods,
        Expectations expectations, ReconcileContext api)
    {
        string? failure = null;
        foreach (var pod in pods)
        {
            var error = Delete(owner, pod, expectations, api);
            failure ??= error;
        }
        return failure;
    }

    /// <summary>Creates a pod.</summary>
    /// <returns>Why it was refused; null when it was not.</returns>
    public static string? Create(ApiObject owner, Pod pod, Expectations expectations,
        ReconcileContext api)
    {
        try
        {
            var made = api.Create(pod);
            expectations.ExpectCreation(owner.Key, made.Metadata.Uid, api.Now);
            api.Event(owner, "Normal", "SuccessfulCreate", "Created pod: {0}", made.Metadata.Name);
            return null;
        }
        catch (ApiException refused) when (refused.IsNamespaceTerminating)
        {
            // Nothing can be made here any more, and there is no use in trying again.
            return null;
        }
        catch (ApiException refused)
        {
            if (refused.IsTimeout)
            {
                expectations.ExpectUnknownCreation(owner.Key, api.Now);
            }
            api.Event(owner, "Warning", "FailedCreate", "Error creating: {0}", refused.Message);
            return refused.Message;
        }
    }

    /// <summary>Deletes a pod; without expectations, nobody waits to see it.</summary>
    /// <returns>Why it was refused; null when it was not, or the pod was gone.</returns>
    public static string? Delete(ApiObject owner, Pod pod, Expectations? expectations,
        ReconcileContext api)
    {
        var (key, uid) = (owner.Key, pod.Metadata.Uid);
        try
        {
            api.Delete(pod.Key);
            expectations?.ExpectDeletion(key, uid, api.Now);
            api.Event(owner, "Normal", "SuccessfulDelete", "Deleted pod: {0}", pod.Metadata.Name);
            return null;
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return null;
        }
        catch (ApiException refused)
        {
            if (refused.IsTimeout)
            {
                expectations?.ExpectDeletion(key, uid, api.Now);
            }
            api.Event(owner, "Warning", "FailedDelete", "Error deleting: {0}", refused.Message);
            return "unable to delete pods: " + refused.Message;
        }
    }

    extension(ApiException refused)
    {
        /// <summary>True when the answer did not come in time: the write may have been carried
        /// out.</summary>
        private bool IsTimeout => refused.Status.Code == 504;

        /// <summary>True when the namespace takes nothing new any more.</summary>
        public bool IsNamespaceTerminating
        {
            get
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
        }
    }
}
