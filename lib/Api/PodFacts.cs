namespace KubeSim;

/// <summary>What follows from the fields of an object: the questions that components and notebooks
/// ask again and again.</summary>
/// <remarks>Models pkg/api/v1/pod/util.go.</remarks>
#pragma warning disable CA1708 // The compiler itself names the extension blocks.
public static class PodFacts
#pragma warning restore CA1708
{
    extension(ApiObject obj)
    {
        /// <summary>True once a deletion was accepted and the object is only being wound
        /// up.</summary>
        public bool IsTerminating => obj.Metadata.DeletionTimestamp is not null;

        /// <summary>The one owner that manages the object; null when nobody does.</summary>
        public OwnerReference? ControllerOwner
        {
            get
            {
                foreach (var owner in obj.Metadata.OwnerReferences)
                {
                    if (owner.Controller == true)
                    {
                        return owner;
                    }
                }
                return null;
            }
        }

        /// <summary>True when an owner, managing or not, has the UID.</summary>
        public bool IsOwnedBy(string uid)
        {
            foreach (var owner in obj.Metadata.OwnerReferences)
            {
                if (owner.Uid == uid)
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>True when the object with the UID is the one that manages this
        /// object.</summary>
        public bool IsControlledBy(string uid) => obj.ControllerOwner?.Uid == uid;
    }

    extension(Pod pod)
    {
        /// <summary>True when the condition Ready is True: Services send traffic to such
        /// pods.</summary>
        public bool IsReady => pod.Status.Conditions.IsTrue("Ready");

        /// <summary>How important the pod is: 0 when nobody said.</summary>
        public int Priority => pod.Spec.Priority ?? 0;

        /// <summary>True when the pod is bound to a node.</summary>
        public bool IsScheduled => !string.IsNullOrEmpty(pod.Spec.NodeName);

        /// <summary>True when all containers have ended for good: phase Succeeded or
        /// Failed.</summary>
        public bool IsFinished => pod.Status.Phase is "Succeeded" or "Failed";

        /// <summary>True when the pod counts as a replica: neither finished nor
        /// terminating.</summary>
        public bool IsActive => !pod.IsFinished && !pod.IsTerminating;

        /// <summary>The number of restarts of all its containers, init containers
        /// included.</summary>
        public int Restarts =>
            Sum(pod.Status.ContainerStatuses) + Sum(pod.Status.InitContainerStatuses);

        /// <summary>The condition of a type, such as <c>PodScheduled</c>; null when not told
        /// yet.</summary>
        public PodCondition? Condition(string type) => pod.Status.Conditions.Of(type);

        /// <summary>The status of a container of any sort by name; null when not told
        /// yet.</summary>
        public ContainerStatus? StatusOf(string container) =>
            Named(pod.Status.ContainerStatuses, container)
            ?? Named(pod.Status.InitContainerStatuses, container)
            ?? Named(pod.Status.EphemeralContainerStatuses, container);

        /// <summary>True when the pod has been Ready for so many seconds, as rollouts count it.
        /// With 0 Ready is enough.</summary>
        public bool IsAvailable(int minReadySeconds, Time now) =>
            pod.IsReady && (minReadySeconds == 0
                || (pod.Condition("Ready")!.LastTransitionTime is { } since
                    && since.UnixSeconds + minReadySeconds <= now.UnixSeconds));
    }

    extension(Container container)
    {
        /// <summary>True for an init container that keeps running: restartPolicy Always.</summary>
        public bool IsSidecar => container.RestartPolicy == "Always";

        /// <summary>True when it starts again after an end with an exit code: by the first of its
        /// restartPolicyRules that matches, its own restartPolicy, or its pod's.</summary>
        public bool StartsAgain(PodSpec spec, int exitCode)
        {
            foreach (var rule in container.RestartPolicyRules)
            {
                if (container.RestartPolicy is not null && rule.ExitCodes is { } codes
                    && codes.Values.AsSpan().Contains(exitCode) == (codes.Operator == "In"))
                {
                    return true;
                }
            }
            return (container.RestartPolicy ?? spec.RestartPolicy) switch
            {
                "Never" => false,
                "OnFailure" => exitCode != 0,
                _ => true,
            };
        }
    }

    extension(Node node)
    {
        /// <summary>True when the condition Ready is True: the kubelet reports and is
        /// well.</summary>
        public bool IsReady => node.Status.Conditions.IsTrue("Ready");

        /// <summary>True when the node is cordoned: it takes no new pods.</summary>
        public bool IsCordoned => node.Spec.Unschedulable == true;

        /// <summary>The condition of a type, such as <c>MemoryPressure</c>; null when not
        /// told.</summary>
        public NodeCondition? Condition(string type) => node.Status.Conditions.Of(type);
    }

    extension<T>(Seq<T> conditions)
        where T : AnyCondition
    {
        /// <summary>The condition of a type; null when it is not in the list.</summary>
        public T? Of(string type)
        {
            foreach (var condition in conditions)
            {
                if (condition.Type == type)
                {
                    return condition;
                }
            }
            return null;
        }

        /// <summary>True when the condition is there and True.</summary>
        public bool IsTrue(string type) => conditions.Of(type)?.Status == "True";

        /// <summary>A list in which a condition takes the place of the one of its type, or comes
        /// last; this list when nothing would change.</summary>
        public Seq<T> With(T condition)
        {
            for (var i = 0; i < conditions.Count; i++)
            {
                if (conditions[i].Type == condition.Type)
                {
                    return conditions[i] == condition
                        ? conditions : conditions.SetItem(i, condition);
                }
            }
            return conditions.Add(condition);
        }
    }

    private static int Sum(Seq<ContainerStatus> statuses)
    {
        var sum = 0;
        foreach (var status in statuses)
        {
            sum += status.RestartCount;
        }
        return sum;
    }

    private static ContainerStatus? Named(Seq<ContainerStatus> statuses, string name)
    {
        foreach (var status in statuses)
        {
            if (status.Name == name)
            {
                return status;
            }
        }
        return null;
    }
}
