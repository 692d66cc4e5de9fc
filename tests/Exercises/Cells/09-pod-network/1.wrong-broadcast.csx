// exercise: 09-pod-network/1  (5 points)
// says: is for broadcasts
// The next address for a Pod; null when all are taken.
Exercise.Check("09-pod-network/1", (string range, Seq<string> taken, string? last) =>
{
    var all = Ipv4Range.Parse(range);
    var next = last is null ? 2 : Ipv4Range.Parse(last).First - all.First + 1;
    for (var n = next; n <= all.Last - all.First; n++)
        if (!taken.Contains(all.At(n))) return all.At(n);
    return (string?)null;
})
