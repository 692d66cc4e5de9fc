// why: nothing anywhere is BestEffort, everything bound is Guaranteed; zero is nothing
// exercise: 07-pods-and-kubelet/3  (4 points)
// The QoS class of a Pod with such containers: Guaranteed, Burstable or BestEffort.
Exercise.Check("07-pods-and-kubelet/3", (Seq<ResourceRequirements> containers) =>
{
    string[] counted = ["cpu", "memory"];
    Quantity? Above(Map<Quantity> amounts, string r) =>
        amounts.Get(r) is { MilliValue: > 0 } amount ? amount : null;
    if (containers.All(c => counted.All(r => Above(c.Requests, r) is null
        && Above(c.Limits, r) is null))) return "BestEffort";
    return containers.All(c => counted.All(r => Above(c.Limits, r) is { } limit
        && Above(c.Requests, r) is { } request && request.CompareTo(limit) == 0))
        ? "Guaranteed" : "Burstable";
})
