// exercise: 06-scheduler/4  (4 points)
// The name of the fullest node (by CPU requested) on which the Pod still fits, of equals
// the first by name; null when there is none.
Exercise.Check("06-scheduler/4", (Pod pod, IReadOnlyList<NodeInfo> nodes) =>
{
    return Todo.Of<string?>();   // YOUR CODE
})
