// why: it goes round and round, so that an address that was given back rests for as long as can be
// exercise: 09-pod-network/1  (5 points)
// The next address for a Pod; null when all are taken.
Exercise.Check("09-pod-network/1", (string range, Seq<string> taken, string? last) =>
{
    var all = Ipv4Range.Parse(range);
    var hosts = (int)(all.Last - all.First) - 2;
    var at = last is null ? -1 : (int)(Ipv4Range.Parse(last).First - all.First) - 2;
    for (var i = 1; i <= hosts; i++)
    {
        var address = all.At((uint)(2 + ((at + i) % hosts)));
        if (!taken.Contains(address)) return address;
    }
    return (string?)null;
})
