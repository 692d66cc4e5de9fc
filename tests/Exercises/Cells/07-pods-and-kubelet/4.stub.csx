// exercise: 07-pods-and-kubelet/4  (3 points, optional)
// Seconds between an end and restart n (1 is the first) of a program that runs so long each time.
Exercise.Check("07-pods-and-kubelet/4", (int n, double runs) =>
{
    return Todo.Of<double>();   // YOUR CODE
})
