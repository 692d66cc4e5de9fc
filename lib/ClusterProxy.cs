namespace KubeSim;

/// <summary>What kube-proxy made of the nodes of a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>The parts of a node's kernel that kube-proxy writes, as they are by now.</summary>
    /// <param name="node">The node's name.</param>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    /// <example><code>
    /// cluster.KernelOf("node-1").Ipvs.List(cluster.Now)          // ipvsadm -Ln
    /// cluster.KernelOf("node-1").Filter.ListConnections(cluster.Now)   // conntrack -L
    /// </code></example>
    public ProxyKernel KernelOf(string node)
    {
        using var own = Own();
        FilterOf(node);
        return ProxyKernel.Of(simulation.World.Machine(node));
    }
}
