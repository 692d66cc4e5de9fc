using System.Collections.Concurrent;

namespace KubeSim;

/// <summary>Where other threads, such as a server's, leave inputs for the one owner of the loop:
/// the only door of the library that several threads may use at once.</summary>
public sealed class Inbox
{
    private readonly ConcurrentQueue<Input> inputs = new();
    private readonly ConcurrentQueue<Action> calls = new();

    /// <summary>Leaves an input; it is carried out between two steps, at the virtual time of
    /// then.</summary>
    public void Post(Input input) => inputs.Enqueue(input);

    /// <summary>Leaves a call, such as a client's request, that the owner makes between two steps.
    /// It is no input: what it writes, the cluster keeps as one. It must not throw.</summary>
    public void Post(Action call) => calls.Enqueue(call);

    /// <summary>True when no input waits. Calls are not counted: to be asked makes a cluster no
    /// busier.</summary>
    public bool IsEmpty => inputs.IsEmpty;

    internal bool TryTake(out Input input) => inputs.TryDequeue(out input!);

    /// <summary>Makes the calls that wait by now; those that come meanwhile wait for the next
    /// time, so that eager clients stop no clock.</summary>
    internal void MakeCalls()
    {
        for (var left = calls.Count; left > 0 && calls.TryDequeue(out var call); left--)
        {
            call();
        }
    }
}
