// why: nothing anywhere is BestEffort, everything bound is Guaranteed; zero is nothing
// exercise: 07-pods-and-kubelet/3  (4 points)
// The QoS class of a Pod with such containers: Guaranteed, Burstable or BestEffort.
Exercise.Check("07-pods-and-kubelet/3", (Seq<ResourceRequirements> containers) =>
{
    string[] counted = ["cpu", "memory"];
    if (containers.All(c => counted.All(r => c.Requests.Get(r).IsZero && c.Limits.Get(r).IsZero)))
        return "BestEffort";
    return containers.All(c => counted.All(r => !c.Limits.Get(r).IsZero
        && c.Requests.Get(r) == c.Limits.Get(r))) ? "Guaranteed" : "Burstable";
})
