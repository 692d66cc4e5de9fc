namespace KubeSim;

/// <summary>The physical world as the engine knows it: something that faults happen to. What it
/// consists of stands in Machines/; components reach it through
/// <see cref="ReconcileContext.World"/>.</summary>
public interface IWorld
{
    /// <summary>The extension API servers that run in it; null for none.</summary>
    IApiExtension? Extension => null;

    /// <summary>A machine loses its power.</summary>
    void Crash(string machine);

    /// <summary>A machine gets its power and its network back.</summary>
    void Restore(string machine);

    /// <summary>A machine is cut off from the network.</summary>
    void Partition(string machine);

    /// <summary>A component's instance on a machine reaches the API server, or does so no
    /// more.</summary>
    void Reachable(string component, string machine, bool reaches);
}

/// <summary>What the world may ask of the engine.</summary>
public interface IWorldHost
{
    /// <summary>The virtual time, in UTC.</summary>
    DateTime Now { get; }

    /// <summary>Where the world's chance comes from.</summary>
    Prng Random { get; }

    /// <summary>Adds a key to the queue of a component's instance after a delay: something in the
    /// world calls for it. An instance that is down is not woken.</summary>
    void Wake(string component, string node, ObjectKey key, TimeSpan delay, Pace pace);
}

/// <summary>A cluster of components alone: nothing physical stands behind it.</summary>
internal sealed class NoWorld : IWorld
{
    public void Crash(string machine)
    {
        // No machine to lose power.
    }

    public void Restore(string machine)
    {
        // No machine to get it back.
    }

    public void Partition(string machine)
    {
        // No wire to cut.
    }

    public void Reachable(string component, string machine, bool reaches)
    {
        // Nobody listens for it.
    }
}
