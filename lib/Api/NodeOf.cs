namespace KubeSim;

/// <summary>Which node an object concerns: where a Pod is bound, a Node itself, a node's Lease.
/// The store's index, the kubelets' watches and the network share this one answer.</summary>
public static class NodeOf
{
    /// <summary>The name of the node, or null when the object concerns none.</summary>
    public static string? Object(ApiObject o) => o switch
    {
        Pod pod => pod.Spec.NodeName,
        Node node => node.Metadata.Name,
        Lease { Metadata: { Namespace: "kube-node-lease" } metadata } => metadata.Name,
        _ => null,
    };
}
