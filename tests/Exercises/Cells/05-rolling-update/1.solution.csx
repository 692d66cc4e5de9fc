// why: each is rounded to the side that keeps more Pods: rather one too many than one too few
// exercise: 05-rolling-update/1  (3 points)
// Percentages in; out: at least so many available, and at most so many in all.
Exercise.Check("05-rolling-update/1", (int replicas, int surge, int unavailable) =>
{
    var more = (replicas * surge + 99) / 100;
    var fewer = replicas * unavailable / 100;
    if (more == 0 && fewer == 0) fewer = 1;
    return (Floor: replicas - fewer, Ceiling: replicas + more);
})
