namespace KubeSim;

/// <summary>What is left of dynamic resource allocation (claims for devices), which the simulator
/// does not have: its remark in the message about a pod that fits nowhere. A real scheduler of 1.36
/// makes it for every such pod, claims or not.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go
/// (PostFilter).</remarks>
public sealed class DynamicResources : IPostFilterPlugin
{
    private static readonly PluginStatus nothing =
        PluginStatus.Unschedulable("DynamicResources", "no new claims to deallocate");

    // A PreFilter plugin before it turned the pod away, so that it finds no state of its own: an
    // error, with which the asking ends. Nobody is preempted for such a pod.
    private static readonly PluginStatus unprepared =
        PluginStatus.Of(PluginCode.Error, "DynamicResources", ["not found"]);

    /// <inheritdoc/>
    public string Name => "DynamicResources";

    /// <inheritdoc/>
    public PluginStatus PostFilter(
        CycleState state, Pod pod, Diagnosis diagnosis, SchedulingFramework framework) =>
        diagnosis.PreFilterMessage.Length > 0 ? unprepared : nothing;
}
