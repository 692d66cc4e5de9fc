// exercise: 05-rolling-update/1  (3 points)
// says: you say floor 8, ceiling 12; it is floor 8, ceiling 13
// Percentages in; out: at least so many available, and at most so many in all.
Exercise.Check("05-rolling-update/1", (int replicas, int surge, int unavailable) =>
{
    var more = replicas * surge / 100;
    var fewer = replicas * unavailable / 100;
    if (more == 0 && fewer == 0) fewer = 1;
    return (Floor: replicas - fewer, Ceiling: replicas + more);
})
