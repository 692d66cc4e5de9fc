namespace KubeSim;

/// <summary>The container runtime of a machine.</summary>
public sealed partial class SimRuntime
{
    private readonly SimMachine machine;

    internal SimRuntime(SimMachine machine) => this.machine = machine;

    internal void LosePower()
    {
        _ = machine;
    }
}
