using System.Collections.Concurrent;

namespace KubeSim;

/// <summary>Where other threads, such as a server's, leave inputs for the one owner of the loop:
/// the only door of the library that several threads may use at once.</summary>
public sealed class Inbox
{
    private readonly ConcurrentQueue<Input> inputs = new();

    /// <summary>Leaves an input; it is carried out between two steps, at the virtual time of
    /// then.</summary>
    public void Post(Input input) => inputs.Enqueue(input);

    /// <summary>True when nothing waits.</summary>
    public bool IsEmpty => inputs.IsEmpty;

    internal bool TryTake(out Input input) => inputs.TryDequeue(out input!);
}
