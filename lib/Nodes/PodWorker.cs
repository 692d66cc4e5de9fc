namespace KubeSim;

/// <summary>What a pod's worker is waiting for.</summary>
internal enum Stage
{
    /// <summary>Nothing: the next look at the pod may come.</summary>
    Idle,

    /// <summary>Containers that must be gone before the sync goes on.</summary>
    Killing,

    /// <summary>The sandbox.</summary>
    Sandbox,

    /// <summary>An image.</summary>
    Pulling,

    /// <summary>A container's postStart hook.</summary>
    PostStart,

    /// <summary>The end of all containers of a pod that ends.</summary>
    Stopping,

    /// <summary>The last tidying up, before the pod is deleted from the API.</summary>
    Removing,
}

/// <summary>A pull of a pod: since when it is wanted, when it began (others may have been before
/// it), what it ends with, and whose secret opened the registry.</summary>
internal sealed record PodPull(DateTime Asked, DateTime Begins, ImagePull Last,
    PullCredential? With, string? Error);

/// <summary>Why a container does not run.</summary>
internal sealed record Waiting(string Reason, string Message);

/// <summary>Why the kubelet ends a pod that would have gone on.</summary>
/// <param name="Reason">The pod's reason when it has failed.</param>
/// <param name="Message">In words.</param>
/// <param name="Disruption">The message of its condition DisruptionTarget; null for none.</param>
internal sealed record PodVerdict(string Reason, string Message, string? Disruption = null);

/// <summary>A delay that doubles.</summary>
internal sealed record Delay(TimeSpan Span, DateTime Since)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    internal static readonly TimeSpan Most = TimeSpan.FromMinutes(5);

    /// <summary>The one after this: 10 s, 20 s, 40 s … 5 min; 10 s again after ten quiet
    /// minutes.</summary>
    public static Delay After(Delay? before, DateTime seen, DateTime now) =>
        before is null || seen - before.Since > Most * 2 ? new(First, now)
            : new(before.Span * 2 < Most ? before.Span * 2 : Most, now);
}

/// <summary>The kubelet's memory of one pod. It dies with the kubelet; what matters can be found
/// again in the runtime and in the API.</summary>
internal sealed class PodWorker(Pod pod)
{
    private Waiting?[]? reasons;
    private Delay?[]? crashes;

    public Pod Pod { get; set; } = pod;

    public string Uid { get; } = pod.Metadata.Uid;

    public Stage Stage { get; set; }

    /// <summary>When what is waited for is there.</summary>
    public DateTime Due { get; set; }

    /// <summary>True: something changed that the next sync must look at.</summary>
    public bool Dirty { get; set; } = true;

    /// <summary>When to look again, and how pressing that is.</summary>
    public DateTime? NextSync { get; set; }

    public Pace SyncPace { get; set; }

    /// <summary>When to send the status again; null when the API server has it.</summary>
    public DateTime? SendAgain { get; set; }

    /// <summary>True: all its containers are done for good.</summary>
    public bool Finished { get; set; }

    /// <summary>True: the kubelet has deleted it, and a finalizer may keep it.</summary>
    public bool Deleted { get; set; }

    /// <summary>True: nothing of it is left on the machine.</summary>
    public bool Forgotten { get; set; }

    /// <summary>Why the kubelet ends it for the node's sake; null when it does not.</summary>
    public Eviction? Eviction { get; set; }

    /// <summary>True: its requests are counted as used.</summary>
    public bool Charged { get; set; }

    /// <summary>True: the API object is gone.</summary>
    public bool Gone { get; set; }

    /// <summary>True: admitted to the node, now or by an earlier kubelet.</summary>
    public bool Admitted { get; set; }

    /// <summary>True: its volumes are mounted.</summary>
    public bool Mounted { get; set; }

    /// <summary>True: its volumes are mounted no more, for good.</summary>
    public bool Unmounted { get; set; }

    /// <summary>How long the last failed mount waited.</summary>
    public TimeSpan MountRetry { get; set; }

    /// <summary>When its volumes of objects are looked at next; null for never.</summary>
    public DateTime? NextVolumes { get; set; }

    public PodProbes? Probes { get; set; }

    /// <summary>The runtime's word at the beginning of the sync that goes on.</summary>
    public PodView View { get; set; } = PodView.Empty;

    /// <summary>The sandbox to make next; null for none.</summary>
    public int? NewSandbox { get; set; }

    public string SandboxId { get; set; } = "";

    /// <summary>The containers that the sync has yet to start, by their number in the
    /// pod.</summary>
    public Queue<int> ToStart { get; } = new();

    /// <summary>True: a container could not be started in this sync.</summary>
    public bool Failed { get; set; }

    /// <summary>True: the sync changed something in the runtime.</summary>
    public bool Acted { get; set; }

    /// <summary>The pull that is waited for.</summary>
    public PodPull? Pull { get; set; }

    public Dictionary<string, (Delay Delay, string Error)>? Pulls { get; set; }

    /// <summary>Why the kubelet itself ends it; null when it does not.</summary>
    public PodVerdict? Verdict { get; set; }

    /// <summary>The mirror of a static pod, as it was written last.</summary>
    public Pod? Mirror { get; set; }

    /// <summary>When it has been active for as long as it may be (UTC); null for never.</summary>
    public DateTime? Deadline => Finished || Verdict is not null
        || Pod.Spec.ActiveDeadlineSeconds is not { } seconds
        || Pod.Status.StartTime is not { } start ? null
        : start.DateTime + TimeSpan.FromSeconds(seconds);

    /// <summary>The postStart hook that the sync waits for.</summary>
    public PostStartHook? Hook { get; set; }

    public Waiting? ReasonOf(int i) => i < reasons?.Length ? reasons[i] : null;

    public void SetReason(int i, Waiting? reason)
    {
        if (reason is not null || reasons is not null)
        {
            Resized(ref reasons)[i] = reason;
        }
    }

    public void ForgetReasons() => reasons = null;

    public Delay? CrashOf(int i) => i < crashes?.Length ? crashes[i] : null;

    public void SetCrash(int i, Delay delay) => Resized(ref crashes)[i] = delay;

    // Ephemeral containers come while the pod runs.
    private T[] Resized<T>(ref T[]? list)
    {
        list ??= [];
        if (list.Length < Pod.Spec.AllCount)
        {
            Array.Resize(ref list, Pod.Spec.AllCount);
        }
        return list;
    }
}
