// exercise: 07-pods-and-kubelet/3  (4 points)
// says: In sum the requests are the limits
// The QoS class of a Pod with such containers: Guaranteed, Burstable or BestEffort.
Exercise.Check("07-pods-and-kubelet/3", (Seq<ResourceRequirements> containers) =>
{
    long Sum(Func<ResourceRequirements, Map<Quantity>> of, string r) =>
        containers.Sum(c => of(c).Get(r).MilliValue);
    long[] requests = [Sum(c => c.Requests, "cpu"), Sum(c => c.Requests, "memory")];
    long[] limits = [Sum(c => c.Limits, "cpu"), Sum(c => c.Limits, "memory")];
    if (requests.Concat(limits).All(n => n == 0)) return "BestEffort";
    if (containers.Any(c => c.Limits.Count == 0 && c.Requests.Count == 0)) return "Burstable";
    return limits.All(n => n > 0) && requests.SequenceEqual(limits) ? "Guaranteed" : "Burstable";
})
