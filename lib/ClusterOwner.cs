namespace KubeSim;

/// <summary>Whoever serves a cluster to others while somebody holds it: told by its one owner, on
/// the owner's thread, what it could not see by itself.</summary>
public interface IClusterHost
{
    /// <summary>The owner is between two steps: changes may be passed on. Called often, and under
    /// the gate.</summary>
    void Between();

    /// <summary>The past is another one: what was read of it is void.</summary>
    void Rewound();

    /// <summary>An operation is over, and the cluster free for the next owner.</summary>
    void Released();
}

/// <summary>
/// One owner at a time. A cluster alone in its process takes no lock at all: nobody else is there.
/// While it is served (<see cref="Share"/>), three kinds of threads want it: a cell of a notebook
/// that calls <see cref="Step"/> or <see cref="List"/>, the server's pump that lets time pass, and
/// clients. So each public operation takes the gate, one lock that its holder may take again, and
/// holds it to its end. Clients never wait for the gate: they leave a call in the
/// <see cref="Inbox"/>, and whoever owns the cluster carries it out between two steps. That is why
/// a cell that runs an hour of virtual time does not keep <c>kubectl</c> waiting, and why it does
/// not matter which notebook program runs the cell: nobody is told when cells begin and end.
/// <para>Nobody can forget the gate: the simulation of a shared cluster is handed to its owner
/// alone, and throws for everybody else.</para>
/// What a cell keeps and pulls later (a watch, a packet filter) it reads within
/// <see cref="Still{T}"/>.
/// </summary>
public sealed partial class Cluster
{
    private readonly object gate = new();
    private IClusterHost? host;
    private int waiting;

    /// <summary>True while somebody waits for the cluster: a pump then lets go.</summary>
    public bool IsWanted => Volatile.Read(ref waiting) > 0;

    // The engine, for its owner.
    private Simulation simulation
    {
        get => host is null || Monitor.IsEntered(gate) ? field : throw new
            InvalidOperationException("a cluster that is served is touched by its owner alone");
        set;
    }

    /// <summary>From now on others are served too, until <see cref="Unshare"/>: each operation
    /// takes the gate.</summary>
    /// <exception cref="InvalidOperationException">It is served already.</exception>
    public void Share(IClusterHost by)
    {
        if (Interlocked.CompareExchange(ref host, by, null) is not null)
        {
            throw new InvalidOperationException("this cluster is served already");
        }
    }

    /// <summary>Nobody else is served any more.</summary>
    public void Unshare()
    {
        lock (gate)
        {
            host = null;
        }
    }

    /// <summary>Looks at the cluster while nothing moves, even when it is served: several reads
    /// that belong together.</summary>
    /// <example><c>cluster.Still(c => c.List&lt;Pod&gt;().Count - c.List&lt;Node&gt;().Count)</c>
    /// </example>
    public T Still<T>(Func<Cluster, T> look)
    {
        using var own = Own();
        return look(this);
    }

    /// <summary>Runs up to a virtual time, and only while somebody wants more: a pump's turn. What
    /// waits in the inbox is carried out before each step.</summary>
    public void Advance(DateTime until, Func<bool> more)
    {
        using var own = Own();
        DrainInbox();
        while (simulation.TryNextDue(out var due) && due <= until)
        {
            if (!more())
            {
                return;
            }
            Execute(detail: false);
            DrainInbox();
        }
        simulation.AdvanceTo(until);
    }

    private T Owned<T>(Func<Simulation, T> look)
    {
        using var own = Own();
        return look(simulation);
    }

    internal Ownership Own()
    {
        if (host is null)
        {
            return default;
        }
        if (!Monitor.TryEnter(gate))
        {
            Interlocked.Increment(ref waiting);
            Monitor.Enter(gate);
            Interlocked.Decrement(ref waiting);
        }
        return new(this);
    }

    /// <summary>The gate, held; null when there is no need for one.</summary>
    internal readonly ref struct Ownership(Cluster? cluster)
    {
        public void Dispose()
        {
            if (cluster is not null)
            {
                Monitor.Exit(cluster.gate);
                if (!Monitor.IsEntered(cluster.gate))
                {
                    cluster.host?.Released();
                }
            }
        }
    }
}
