namespace KubeSim;

/// <summary>How much of its past a store keeps.</summary>
public abstract record History
{
    private History()
    {
    }

    /// <summary>Everything, from the first write on: for notebooks.</summary>
    public static History All { get; } = new Everything();

    /// <summary>The last revisions, and what pins need: for large clusters.</summary>
    public static History Window(int revisions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(revisions);
        return new Last(revisions);
    }

    internal sealed record Everything : History;

    internal sealed record Last(int Revisions) : History;
}

/// <summary>A place in the history that somebody still reads from: nothing at or after it is
/// forgotten until the pin moves on or is disposed.</summary>
public sealed class Pin : IDisposable
{
    private readonly PinSet pins;

    internal Pin(PinSet pins, Revision at) => (this.pins, At) = (pins, at);

    /// <summary>The oldest revision that the holder may read.</summary>
    public Revision At { get; private set; }

    internal bool Released { get; private set; }

    /// <summary>Moves the pin on; it never goes back, since what it left may be gone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The revision is before the pin's.</exception>
    public void MoveTo(Revision at)
    {
        if (at < At)
        {
            throw new ArgumentOutOfRangeException(
                nameof(at), at, $"the pin stands at {At} already");
        }
        At = at;
    }

    /// <summary>Takes the pin away.</summary>
    public void Dispose()
    {
        pins.Held -= Released ? 0 : 1;
        Released = true;
    }
}

/// <summary>The pins of a store, and the earliest of them. The heap orders pins by where they stood
/// when it last looked; as they only move on, looking at its top until that is true
/// suffices.</summary>
internal sealed class PinSet
{
    private PriorityQueue<Pin, long> heap = new();

    /// <summary>The number of pins that are not disposed.</summary>
    public int Held { get; set; }

    /// <summary>The number of pins in memory, disposed ones included.</summary>
    public int Remembered => heap.Count;

    public Pin Add(Revision at)
    {
        if (heap.Count > 16 + 2 * Held)
        {
            heap = new(heap.UnorderedItems.Where(item => !item.Element.Released));
        }
        Held++;
        var pin = new Pin(this, at);
        heap.Enqueue(pin, at.Value);
        return pin;
    }

    /// <summary>Where the earliest pin stands; <see cref="long.MaxValue"/> when there is
    /// none.</summary>
    public long Earliest()
    {
        while (heap.TryPeek(out var pin, out var seenAt))
        {
            if (pin.Released)
            {
                heap.Dequeue();
            }
            else if (pin.At.Value == seenAt)
            {
                return seenAt;
            }
            else
            {
                heap.DequeueEnqueue(pin, pin.At.Value);
            }
        }
        return long.MaxValue;
    }
}

/// <summary>A read of a past that the store no longer has.</summary>
public sealed class HistoryGoneException(Revision asked, Revision oldest) : Exception(
    $"revision {asked} is gone: history is kept from revision {oldest} on; "
    + "read there, or keep more with History.All or a longer History.Window")
{
    /// <summary>The revision that was asked for.</summary>
    public Revision Asked { get; } = asked;

    /// <summary>The oldest revision that can still be read.</summary>
    public Revision Oldest { get; } = oldest;
}
