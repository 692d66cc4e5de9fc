namespace KubeSim;

/// <summary>Where a pod is that waits for the scheduler.</summary>
public enum QueuePlace
{
    /// <summary>A PreEnqueue plugin keeps it outside.</summary>
    Gated,

    /// <summary>Next in line, by priority and time.</summary>
    Active,

    /// <summary>Held back for a while after a failure.</summary>
    BackOff,

    /// <summary>Until something changes that may help.</summary>
    Unschedulable,

    /// <summary>Being decided about.</summary>
    InFlight,
}

/// <summary>A pod that waits for the scheduler, and how it fared so far.</summary>
public sealed class QueuedPod
{
    internal QueuedPod(Pod pod, PodShape shape, long arrival) =>
        (Pod, Shape, Arrival) = (pod, shape, arrival);

    /// <summary>The pod as last seen.</summary>
    public Pod Pod { get; internal set; }

    /// <summary>Since when it waits in its place (UTC): what PrioritySort goes by.</summary>
    public DateTime Timestamp { get; internal set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; internal set; }

    /// <summary>Where it is.</summary>
    public QueuePlace Place { get; internal set; }

    /// <summary>The end of its back-off (UTC).</summary>
    public DateTime BackOffUntil { get; internal set; }

    internal PodShape Shape { get; set; }

    /// <summary>True when the engine was told that it is ready, and has not taken it.</summary>
    internal bool Noted { get; set; }

    /// <summary>Which came first, where nothing else decides.</summary>
    internal long Arrival { get; }

    /// <summary>The plugins that turned it away: a bit for each place in the profile. None: it
    /// failed by an error, and only its back-off brings it back.</summary>
    internal ulong Rejectors { get; set; }

    /// <summary>How often it was turned away, and how often an error struck, in a row.</summary>
    internal int Rejections { get; set; }

    internal int Errors { get; set; }

    /// <summary>Its position in the heap or group that holds it.</summary>
    internal int Index { get; set; } = -1;

    internal PodGroup? Group { get; set; }
}

/// <summary>Pods that wait for the same: of one shape, turned away by the same plugins.</summary>
internal sealed class PodGroup(SchedulingFramework framework, object like, ulong rejectors)
{
    public (SchedulingFramework Framework, object Like, ulong Rejectors) Key =>
        (framework, like, rejectors);

    public List<QueuedPod> Pods { get; } = [];

    public int Index { get; set; }
}

/// <summary>A binary heap of pods from which any pod can be taken.</summary>
internal sealed class PodHeap(Func<QueuedPod, QueuedPod, bool> less)
{
    private readonly List<QueuedPod> items = [];

    public int Count => items.Count;

    public QueuedPod Peek => items[0];

    public void Add(QueuedPod pod)
    {
        items.Add(pod);
        pod.Index = items.Count - 1;
        Up(pod.Index);
    }

    public QueuedPod Take()
    {
        var first = items[0];
        Remove(first);
        return first;
    }

    public void Remove(QueuedPod pod)
    {
        var at = pod.Index;
        var last = items[^1];
        items.RemoveAt(items.Count - 1);
        pod.Index = -1;
        if (!ReferenceEquals(last, pod))
        {
            items[at] = last;
            last.Index = at;
            Up(at);
            Down(last.Index);
        }
    }

    private void Up(int at)
    {
        while (at > 0 && less(items[at], items[(at - 1) / 2]))
        {
            Swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    private void Down(int at)
    {
        while (true)
        {
            var child = 2 * at + 1;
            if (child + 1 < items.Count && less(items[child + 1], items[child]))
            {
                child++;
            }
            if (child >= items.Count || !less(items[child], items[at]))
            {
                return;
            }
            Swap(at, child);
            at = child;
        }
    }

    private void Swap(int a, int b)
    {
        (items[a], items[b]) = (items[b], items[a]);
        items[a].Index = a;
        items[b].Index = b;
    }
}
