// exercise: 07-pods-and-kubelet/3  (4 points)
// says: Of cpu and memory it asks for 0
// The QoS class of a Pod with such containers: Guaranteed, Burstable or BestEffort.
Exercise.Check("07-pods-and-kubelet/3", (Seq<ResourceRequirements> containers) =>
{
    if (containers.All(c => c.Requests.Count == 0 && c.Limits.Count == 0)) return "BestEffort";
    return containers.All(c => new[] { "cpu", "memory" }.All(r => !c.Limits.Get(r).IsZero
        && c.Requests.Get(r) == c.Limits.Get(r))) ? "Guaranteed" : "Burstable";
})
