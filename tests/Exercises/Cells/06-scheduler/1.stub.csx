// exercise: 06-scheduler/1  (3 points)
class Emptiest : IScorePlugin
{
    public string Name => "Emptiest";

    // 0 to 100: the share of the node's CPU that stays free with this Pod on it, in percent.
    public long Score(CycleState state, Pod pod, NodeInfo node) =>
        Todo.Of<long>();   // YOUR CODE
}
Exercise.Check("06-scheduler/1", () => new Emptiest())
