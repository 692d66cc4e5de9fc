namespace KubeSim;

/// <summary>Keeps a pod out of the queue while it has scheduling gates. A pod can only lose gates;
/// with the last one gone it enters.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go.</remarks>
public sealed class SchedulingGates : IPreEnqueuePlugin
{
    /// <inheritdoc/>
    public string Name => "SchedulingGates";

    /// <inheritdoc/>
    public PluginStatus PreEnqueue(Pod pod)
    {
        var gates = pod.Spec.SchedulingGates;
        return gates.IsEmpty ? PluginStatus.Success : PluginStatus.Unresolvable(Name,
            $"waiting for scheduling gates: [{string.Join(' ', gates.Select(g => g.Name))}]");
    }
}
