// exercise: 09-pod-network/3  (4 points)
// says: does not reach
// Whatever is broken on a node of a cluster with host-gw: afterwards all Pods reach each other.
Exercise.Check("09-pod-network/3", (Cluster c) =>
{
    foreach (var node in c.List<Node>())
    {
        c.Shell(node.Metadata.Name, "sysctl -w net.ipv4.ip_forward=1");
        c.Shell(node.Metadata.Name, "ip link set cni0 up");
    }
})
