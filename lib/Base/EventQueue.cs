namespace KubeSim;

/// <summary>What happens when: items in the order of their due time and, at one instant, in the
/// order in which they were added. A four-way heap, so that a hundred thousand timers stay
/// cheap.</summary>
public sealed class EventQueue<T>
{
    private (long Ticks, long Sequence, T Item)[] heap = new (long, long, T)[64];
    private long sequence;

    /// <summary>The number of items that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an item that is due at an instant.</summary>
    public void Add(DateTime due, T item)
    {
        if (Count == heap.Length)
        {
            Array.Resize(ref heap, heap.Length * 2);
        }
        SiftUp(Count++, (due.Ticks, sequence++, item));
    }

    /// <summary>When the next item is due; false when none waits.</summary>
    public bool TryPeek(out DateTime due, out T item)
    {
        due = Count == 0 ? default : new(heap[0].Ticks, DateTimeKind.Utc);
        item = Count == 0 ? default! : heap[0].Item;
        return Count > 0;
    }

    /// <summary>Takes the next item.</summary>
    /// <exception cref="InvalidOperationException">None waits.</exception>
    public T Take()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("the event queue is empty");
        }
        var first = heap[0].Item;
        var last = heap[--Count];
        heap[Count] = default;
        if (Count > 0)
        {
            SiftDown(last);
        }
        return first;
    }

    /// <summary>All waiting items with their due times, in the order in which they will be
    /// taken.</summary>
    public IEnumerable<(DateTime Due, T Item)> InOrder() => heap.Take(Count)
        .OrderBy(e => e.Ticks).ThenBy(e => e.Sequence)
        .Select(e => (new DateTime(e.Ticks, DateTimeKind.Utc), e.Item));

    private static bool Before(
        in (long Ticks, long Sequence, T) a, in (long Ticks, long Sequence, T) b) =>
        a.Ticks != b.Ticks ? a.Ticks < b.Ticks : a.Sequence < b.Sequence;

    private void SiftUp(int at, in (long, long, T) entry)
    {
        while (at > 0)
        {
            var parent = (at - 1) >> 2;
            if (!Before(entry, heap[parent]))
            {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = entry;
    }

    private void SiftDown(in (long, long, T) entry)
    {
        var at = 0;
        while (true)
        {
            var first = (at << 2) + 1;
            if (first >= Count)
            {
                break;
            }
            var least = first;
            for (var child = first + 1; child < Math.Min(first + 4, Count); child++)
            {
                least = Before(heap[child], heap[least]) ? child : least;
            }
            if (!Before(heap[least], entry))
            {
                break;
            }
            heap[at] = heap[least];
            at = least;
        }
        heap[at] = entry;
    }
}
