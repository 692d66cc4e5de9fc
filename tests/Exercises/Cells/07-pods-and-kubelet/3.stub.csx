// exercise: 07-pods-and-kubelet/3  (4 points)
// The QoS class of a Pod with such containers: Guaranteed, Burstable or BestEffort.
Exercise.Check("07-pods-and-kubelet/3", (Seq<ResourceRequirements> containers) =>
{
    return Todo.Text();   // YOUR CODE
})
