// exercise: 09-pod-network/4  (3 points, optional)
// says: does not reach
// The commands that a node must run so that its Pods reach those of all others, by host-gw.
Exercise.Check("09-pod-network/4", (string self, Seq<Node> nodes) =>
    nodes.Where(n => n.Spec.PodCIDR != null).Select(n => $"ip route replace {n.Spec.PodCIDR} via "
        + n.Status.Addresses.First(a => a.Type == "InternalIP").Address + " dev eth0").ToSeq())
