using System.Collections;

namespace KubeSim;

/// <summary>Nodes by their places in the order: a list that is made 500 long for each pod holds
/// numbers, which are cheaper than references.</summary>
internal sealed class NodesFound : IReadOnlyList<NodeInfo>
{
    private NodeInfo[] order = [];
    private int[] places = [];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Places => places.AsSpan(0, Count);

    public NodeInfo this[int index] => order[Places[index]];

    public void Begin(NodeInfo[] of)
    {
        (order, Count) = (of, 0);
        if (places.Length < of.Length)
        {
            places = new int[of.Length];
        }
    }

    public void Add(int place, int run = 1)
    {
        for (var i = 0; i < run; i++)
        {
            places[Count + i] = place + i;
        }
        Count += run;
    }

    public IEnumerator<NodeInfo> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
