namespace KubeSim;

/// <summary>What a node's object says of its addresses.</summary>
internal static class NodeAddresses
{
    extension(Node? node)
    {
        /// <summary>Its InternalIP; empty when it has none.</summary>
        public string Address => (node?.Status.Addresses ?? default)
            .FirstOrDefault(a => a.Type == "InternalIP")?.Address ?? "";

        /// <summary>Its addresses of a family: each InternalIP, and that of the bridge of its
        /// pods.</summary>
        public Seq<string> Own(bool ipv6)
        {
            var own = (node?.Status.Addresses ?? default).Where(a => a.Type == "InternalIP"
                && a.Address.Contains(':') == ipv6).Select(a => a.Address);
            var range = node?.Spec.PodCIDR ?? "";
            return range.Contains(':') == ipv6 && range.LastIndexOf('.') is > 0 and var dot
                ? [.. own, range[..dot] + ".1"] : [.. own];
        }
    }
}
