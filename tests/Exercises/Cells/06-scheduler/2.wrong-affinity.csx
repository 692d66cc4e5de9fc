// exercise: 06-scheduler/2  (3 points)
// says: A Pod of no tier must not go to a node of tier gold
class Tier : IFilterPlugin
{
    public string Name => "Tier";

    // Pods and nodes with a label "tier" belong together; those without one, too.
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        pod.Metadata.Labels.Get("tier") is null
            || pod.Metadata.Labels.Get("tier") == node.Node!.Metadata.Labels.Get("tier")
            ? PluginStatus.Success
            : PluginStatus.Unresolvable(Name, "node(s) had another tier");
}
Exercise.Check("06-scheduler/2", () => new Tier())
