namespace KubeSim;

/// <summary>What the container runtime says of a pod, taken at one instant: sandboxes and
/// containers, newest first.</summary>
internal sealed class PodView(Seq<PodSandboxStatus> sandboxes, Seq<CriContainerStatus> containers)
{
    public static PodView Empty { get; } = new([], []);

    public Seq<PodSandboxStatus> Sandboxes => sandboxes;

    public Seq<CriContainerStatus> Containers => containers;

    /// <summary>The sandbox that containers can run in; null when there is none.</summary>
    public PodSandboxStatus? ReadySandbox =>
        sandboxes.Count > 0 && sandboxes[0].Ready ? sandboxes[0] : null;

    /// <summary>The latest container of a name; null when there never was one.</summary>
    public CriContainerStatus? Find(string name, int skip = 0)
    {
        foreach (var container in containers)
        {
            if (container.Config.Name == name && skip-- == 0)
            {
                return container;
            }
        }
        return null;
    }

    /// <summary>The latest container of a name that has ended; null when none has.</summary>
    public CriContainerStatus? FindExited(string name)
    {
        foreach (var container in containers)
        {
            if (container.Config.Name == name && container.State == CriContainerState.Exited)
            {
                return container;
            }
        }
        return null;
    }

    public bool AnyRunning
    {
        get
        {
            foreach (var container in containers)
            {
                if (container.State == CriContainerState.Running)
                {
                    return true;
                }
            }
            return false;
        }
    }

    /// <summary>When the runtime will next have news of itself; null when it will not.</summary>
    public DateTime? ChangesAt
    {
        get
        {
            DateTime? first = null;
            foreach (var container in containers)
            {
                first = container.ChangesAt is { } at && !(at > first) ? at : first;
            }
            return first;
        }
    }

    /// <summary>False when the news may be none.</summary>
    public bool ChangesSurely
    {
        get
        {
            var first = ChangesAt;
            foreach (var container in containers)
            {
                if (container.ChangesAt == first && container.ChangesSurely)
                {
                    return true;
                }
            }
            return first is null;
        }
    }
}

/// <summary>The containers of a pod by one number: init containers first, then the main ones, then
/// those that somebody put in for debugging.</summary>
internal static class PodContainers
{
    extension(PodSpec spec)
    {
        public int ContainerCount => spec.InitContainers.Count + spec.Containers.Count;

        public int AllCount => spec.ContainerCount + spec.EphemeralContainers.Count;

        public Container ContainerAt(int i) => i < spec.InitContainers.Count
            ? spec.InitContainers[i] : i < spec.ContainerCount
            ? spec.Containers[i - spec.InitContainers.Count]
            : spec.EphemeralContainers[i - spec.ContainerCount];

        public bool IsInit(int i) => i < spec.InitContainers.Count;

        /// <summary>True for a container that the pod waits for: an init container that is no
        /// sidecar.</summary>
        public bool RunsToEnd(int i) => spec.IsInit(i) && !spec.InitContainers[i].IsSidecar;
    }
}
