// why: it says what should be so, and not what was wrong: the same idea as a controller
// exercise: 09-pod-network/3  (4 points)
// Whatever is broken on a node of a cluster with host-gw: afterwards all Pods reach each other.
Exercise.Check("09-pod-network/3", (Cluster c) =>
{
    foreach (var node in c.List<Node>())
    {
        var name = node.Metadata.Name;
        c.Shell(name, "sysctl -w net.ipv4.ip_forward=1");
        c.Shell(name, "ip link set cni0 up");
        foreach (var other in c.List<Node>().Where(o => o.Metadata.Name != name))
            c.Shell(name, $"ip route replace {other.Spec.PodCIDR} via "
                + other.Status.Addresses.First(a => a.Type == "InternalIP").Address + " dev eth0");
    }
})
