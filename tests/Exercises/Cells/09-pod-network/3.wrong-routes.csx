// exercise: 09-pod-network/3  (4 points)
// says: it passes nothing on
// Whatever is broken on a node of a cluster with host-gw: afterwards all Pods reach each other.
Exercise.Check("09-pod-network/3", (Cluster c) =>
{
    foreach (var node in c.List<Node>())
        foreach (var other in c.List<Node>().Where(o => o.Metadata.Name != node.Metadata.Name))
            c.Shell(node.Metadata.Name, $"ip route replace {other.Spec.PodCIDR} via "
                + other.Status.Addresses.First(a => a.Type == "InternalIP").Address + " dev eth0");
})
