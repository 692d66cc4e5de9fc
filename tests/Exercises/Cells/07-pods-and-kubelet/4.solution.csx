// why: the first restart is free; then it doubles from 10 to 300, unless a long run has earned anew
// exercise: 07-pods-and-kubelet/4  (3 points, optional)
// Seconds between an end and restart n (1 is the first) of a program that runs so long each time.
Exercise.Check("07-pods-and-kubelet/4", (int n, double runs) =>
{
    return n == 1 || runs > 600 ? 0 : Math.Min(300, 10 * Math.Pow(2, n - 2));
})
