namespace KubeSim;

/// <summary>What a store holds in memory, counted one by one: for tests and measurements.</summary>
internal readonly record struct EtcdHoldings(
    int Entries, int Versions, int Postings, int PostingLists, long Changes, long EventRows);

public sealed partial class EtcdStore
{
    /// <summary>Counts what the store holds; walks all of it.</summary>
    internal EtcdHoldings Holdings()
    {
        var (entries, versions, postings, lists) = (0, 0, 0, 0);
        foreach (var table in tables.Values)
        {
            var indexes = new List<PostingIndex> { table.Owners, table.Nodes };
            foreach (var space in table.Ordered)
            {
                indexes.AddRange(space.Labels.Values);
                foreach (var entry in space.Sorted())
                {
                    entries += entry.Newest is null ? 0 : 1;
                    for (var v = entry.Newest; v is not null; v = v.Previous)
                    {
                        versions++;
                    }
                }
            }
            foreach (var index in indexes)
            {
                lists += index.Count;
                postings += index.PostingCount;
            }
        }
        return new(entries, versions, postings, lists, log.Count, events.RowCount);
    }
}
