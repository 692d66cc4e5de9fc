// exercise: 05-rolling-update/1  (3 points)
// Percentages in; out: at least so many available, and at most so many in all.
Exercise.Check("05-rolling-update/1", (int replicas, int surge, int unavailable) =>
{
    return Todo.Of<(int Floor, int Ceiling)>();   // YOUR CODE
})
