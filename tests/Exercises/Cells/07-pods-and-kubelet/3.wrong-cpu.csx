// exercise: 07-pods-and-kubelet/3  (4 points)
// says: Its memory has no limit
// The QoS class of a Pod with such containers: Guaranteed, Burstable or BestEffort.
Exercise.Check("07-pods-and-kubelet/3", (Seq<ResourceRequirements> containers) =>
{
    if (containers.All(c => c.Requests.Count == 0 && c.Limits.Count == 0)) return "BestEffort";
    return containers.All(c => !c.Limits.Get("cpu").IsZero
        && c.Requests.Get("cpu") == c.Limits.Get("cpu")) ? "Guaranteed" : "Burstable";
})
