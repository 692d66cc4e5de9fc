namespace KubeSim;

/// <summary>A queue to which a controller may add a key for later while it observes a change: what
/// happens within the delay is worked on at once.</summary>
/// <remarks>Models staging/src/k8s.io/client-go/util/workqueue/delaying_queue.go.</remarks>
internal sealed class DelayingQueue : IWorkQueue
{
    private readonly FifoQueue inner = new();
    private IQueueHost? host;

    public int Ready => inner.Ready;

    /// <summary>The virtual time, in UTC.</summary>
    public DateTime Now => host!.Now;

    public void Attach(IQueueHost host)
    {
        this.host = host;
        inner.Attach(host);
    }

    public void Add(ObjectKey key) => inner.Add(key);

    public ObjectKey Take() => inner.Take();

    public void Done(ObjectKey key) => inner.Done(key);

    /// <summary>Adds a key after a delay; of several delays the shortest counts. The step names
    /// every change that was waiting for it.</summary>
    public void AddAfter(TimeSpan delay, ObjectKey key, Pace pace = Pace.Progress)
    {
        if (pace == Pace.Progress)
        {
            host!.Note(key);
        }
        host!.After(delay, key, pace);
    }
}
