// exercise: 07-pods-and-kubelet/4  (3 points, optional)
// says: It never waits longer than five minutes
// Seconds between an end and restart n (1 is the first) of a program that runs so long each time.
Exercise.Check("07-pods-and-kubelet/4", (int n, double runs) =>
{
    return n == 1 || runs > 600 ? 0 : 10 * Math.Pow(2, n - 2);
})
