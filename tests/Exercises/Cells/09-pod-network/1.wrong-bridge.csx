// exercise: 09-pod-network/1  (5 points)
// says: 10.244.1.1 is the bridge
// The next address for a Pod; null when all are taken.
Exercise.Check("09-pod-network/1", (string range, Seq<string> taken, string? last) =>
{
    var all = Ipv4Range.Parse(range);
    for (var n = 1u; n < all.Last - all.First; n++)
        if (!taken.Contains(all.At(n))) return all.At(n);
    return (string?)null;
})
