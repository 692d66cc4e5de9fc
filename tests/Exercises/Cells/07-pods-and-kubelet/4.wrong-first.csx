// exercise: 07-pods-and-kubelet/4  (3 points, optional)
// says: Before restart 1 of a program that runs for 2 s you wait 10 s
// Seconds between an end and restart n (1 is the first) of a program that runs so long each time.
Exercise.Check("07-pods-and-kubelet/4", (int n, double runs) =>
{
    return runs > 600 ? 0 : Math.Min(300, 10 * Math.Pow(2, n - 1));
})
