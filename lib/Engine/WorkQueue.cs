namespace KubeSim;

/// <summary>The keys that a component has yet to work on. A key waits once, however often it is
/// added, and two workers never hold it at one time.</summary>
public interface IWorkQueue
{
    /// <summary>The number of keys that a worker could take now.</summary>
    int Ready { get; }

    /// <summary>Gives the queue its surroundings, once, before the first key.</summary>
    void Attach(IQueueHost host);

    /// <summary>Adds a key: something about it may have changed.</summary>
    void Add(ObjectKey key);

    /// <summary>Hands the next key to a worker.</summary>
    /// <exception cref="InvalidOperationException">None is ready.</exception>
    ObjectKey Take();

    /// <summary>The worker is through with the key; if it was added meanwhile, it waits
    /// again.</summary>
    void Done(ObjectKey key);
}

/// <summary>What a queue may ask of the engine.</summary>
public interface IQueueHost
{
    /// <summary>The virtual time, in UTC.</summary>
    DateTime Now { get; }

    /// <summary>The values of the real components' flags.</summary>
    Settings Settings { get; }

    /// <summary>Says that a key is to be worked on, because of what is being observed now; the next
    /// step on that key names the cause. A queue calls it whenever it makes a key ready.</summary>
    void Note(ObjectKey key);

    /// <summary>Adds a key to the queue after a delay.</summary>
    void After(TimeSpan delay, ObjectKey key, Pace pace);
}

/// <summary>First in, first out: the queue of every controller of the controller manager.</summary>
/// <remarks>Models staging/src/k8s.io/client-go/util/workqueue/queue.go.</remarks>
public sealed class FifoQueue : IWorkQueue
{
    private enum State
    {
        Waiting,
        Processing,
        ProcessingAndDirty,
    }

    private readonly Queue<ObjectKey> waiting = [];
    private readonly Dictionary<ObjectKey, State> states = [];
    private IQueueHost? host;

    /// <inheritdoc/>
    public int Ready => waiting.Count;

    /// <inheritdoc/>
    public void Attach(IQueueHost host) => this.host = host;

    /// <inheritdoc/>
    public void Add(ObjectKey key)
    {
        host?.Note(key);
        ref var state = ref System.Runtime.InteropServices.CollectionsMarshal
            .GetValueRefOrAddDefault(states, key, out var known);
        if (!known)
        {
            state = State.Waiting;
            waiting.Enqueue(key);
        }
        else if (state == State.Processing)
        {
            state = State.ProcessingAndDirty;
        }
    }

    /// <inheritdoc/>
    public ObjectKey Take()
    {
        var key = waiting.Dequeue();
        states[key] = State.Processing;
        return key;
    }

    /// <inheritdoc/>
    public void Done(ObjectKey key)
    {
        if (!states.Remove(key, out var state) || state == State.Processing)
        {
            return;
        }
        states[key] = State.Waiting;
        waiting.Enqueue(key);
    }
}
