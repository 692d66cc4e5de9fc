// exercise: 06-scheduler/1  (3 points)
// says: Your score is 75
class Emptiest : IScorePlugin
{
    public string Name => "Emptiest";

    // 0 to 100: the share of the node's CPU that stays free with this Pod on it, in percent.
    public long Score(CycleState state, Pod pod, NodeInfo node) =>
        (node.Allocatable.MilliCpu - node.Requested.MilliCpu) * 100 / node.Allocatable.MilliCpu;
}
Exercise.Check("06-scheduler/1", () => new Emptiest())
