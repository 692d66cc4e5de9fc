// exercise: 05-rolling-update/1  (3 points)
// says: you say floor 7, ceiling 13; it is floor 8, ceiling 13
// Percentages in; out: at least so many available, and at most so many in all.
Exercise.Check("05-rolling-update/1", (int replicas, int surge, int unavailable) =>
{
    var more = (replicas * surge + 99) / 100;
    var fewer = (replicas * unavailable + 99) / 100;
    return (Floor: replicas - fewer, Ceiling: replicas + more);
})
