namespace KubeSim;

/// <summary>A list that grows at its head and is cut at its tail, both in constant time. Items keep
/// their index for life; memory comes and goes in chunks, so that nothing is ever copied.</summary>
internal sealed class ChunkedLog<T>(long first)
{
    private const int ChunkBits = 9;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly List<T[]?> chunks = [];
    private readonly long start = first;
    private long droppedChunks;
    private T[]? spare;

    /// <summary>The index of the oldest item that is still here.</summary>
    public long First { get; private set; } = first;

    /// <summary>The index that the next item will have.</summary>
    public long Next { get; private set; } = first;

    /// <summary>The number of items.</summary>
    public long Count => Next - First;

    /// <summary>The place of an item.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The item is cut off or not written
    /// yet.</exception>
    public ref T this[long index]
    {
        get
        {
            if (index < First || index >= Next)
            {
                throw new ArgumentOutOfRangeException(nameof(index), index,
                    $"the log holds {First} up to {Next - 1}");
            }
            var offset = index - start;
            return ref chunks[ChunkAt(offset)]![offset & (ChunkSize - 1)];
        }
    }

    /// <summary>Adds an item and returns its index.</summary>
    public long Append(T item)
    {
        var offset = Next - start;
        var chunk = ChunkAt(offset);
        if (chunk == chunks.Count)
        {
            chunks.Add(spare ?? new T[ChunkSize]);
            spare = null;
        }
        chunks[chunk]![offset & (ChunkSize - 1)] = item;
        return Next++;
    }

    /// <summary>Cuts off the oldest item.</summary>
    public void DropFirst()
    {
        this[First] = default!;
        First++;
        var offset = First - start;
        if ((offset & (ChunkSize - 1)) == 0)
        {
            var emptied = ChunkAt(offset) - 1;
            (spare, chunks[emptied]) = (chunks[emptied], null);
            // Dead slots at the front of the list go when they are most of it: amortised constant.
            if ((emptied + 1) * 2 > chunks.Count)
            {
                chunks.RemoveRange(0, emptied + 1);
                droppedChunks += emptied + 1;
            }
        }
    }

    private int ChunkAt(long offset) => (int)((offset >> ChunkBits) - droppedChunks);
}
