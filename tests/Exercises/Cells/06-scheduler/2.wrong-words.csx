// exercise: 06-scheduler/2  (3 points)
// says: the reason of your filter should make it
class Tier : IFilterPlugin
{
    public string Name => "Tier";

    // Pods and nodes with a label "tier" belong together; those without one, too.
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        pod.Metadata.Labels.Get("tier") == node.Node!.Metadata.Labels.Get("tier")
            ? PluginStatus.Success
            : PluginStatus.Unresolvable(Name, "wrong tier");
}
Exercise.Check("06-scheduler/2", () => new Tier())
