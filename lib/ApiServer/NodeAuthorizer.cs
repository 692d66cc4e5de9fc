namespace KubeSim;

/// <summary>
/// What a kubelet may do. A node could be taken over by a container that breaks out, so a kubelet
/// gets no more than its pods need: a Secret only while a pod on its node mounts it or takes
/// variables from it, its own Lease, its own CSINode; for the rest the rules of system:node hold,
/// and <see cref="NodeRestriction"/> looks at what is written.
/// Models plugin/pkg/auth/authorizer/node.
/// </summary>
internal sealed class NodeAuthorizer(EtcdStore store)
{
    private const string None = "no relationship found between node '{0}' and this object";

    private static readonly Seq<PolicyRule> rules = BootstrapPolicy.RulesOf("system:node");

    public Decision Decide(string node, in Access access) => (access.Resource, access.Group) switch
    {
        ("secrets" or "configmaps" or "persistentvolumeclaims" or "serviceaccounts", "")
            when access.Subresource is not "status" => Related(node, access),
        ("leases", "coordination.k8s.io") => new(access.Namespace == "kube-node-lease"
            && (access.Verb == "create" || access.Name == node), "can only access node lease with "
            + "the same name as the requesting node"),
        ("csinodes", "storage.k8s.io") when access.Verb != "create" =>
            new(access.Name == node,
                "can only access CSINode with the same name as the requesting node"),
        _ => Rules(access),
    };

    private static Decision Rules(in Access access)
    {
        foreach (var rule in rules)
        {
            if (rule.Allows(access))
            {
                return new(true, "the Node authorizer allows it to every node");
            }
        }
        return new(false);
    }

    private Decision Related(string node, in Access access)
    {
        var may = access.Resource == "serviceaccounts"
            ? access is { Verb: "create", Subresource: "token" }
            : access.Verb is "get" or "list" or "watch";
        if (!may || access.Name is not { Length: > 0 } name)
        {
            return new(false, may ? "No Object name found" : "");
        }
        foreach (var o in store.OnNode(Kinds.Pod, node, store.Head))
        {
            if (o.Metadata.Namespace == access.Namespace
                && Uses((Pod)o, access.Resource).Contains(name))
            {
                return new(true, $"the pod {o.Metadata.Name} on {node} uses it");
            }
        }
        return new(false, None.Replace("{0}", node, StringComparison.Ordinal));
    }

    private static IEnumerable<string?> Uses(Pod pod, string resource)
    {
        var containers = pod.Spec.InitContainers.Concat(pod.Spec.Containers);
        var from = containers.SelectMany(c => c.EnvFrom);
        var env = containers.SelectMany(c => c.Env).Select(e => e.ValueFrom);
        var sources = pod.Spec.Volumes.SelectMany(v => v.Projected?.Sources ?? default);
        return resource switch
        {
            "secrets" => pod.Spec.Volumes.Select(v => v.Secret?.SecretName)
                .Concat(from.Select(f => f.SecretRef?.Name))
                .Concat(env.Select(v => v?.SecretKeyRef?.Name))
                .Concat(sources.Select(s => s.Secret?.Name))
                .Concat(pod.Spec.ImagePullSecrets.Select(s => s.Name)),
            "configmaps" => pod.Spec.Volumes.Select(v => v.ConfigMap?.Name)
                .Concat(from.Select(f => f.ConfigMapRef?.Name))
                .Concat(env.Select(v => v?.ConfigMapKeyRef?.Name))
                .Concat(sources.Select(s => s.ConfigMap?.Name)),
            "persistentvolumeclaims" =>
                pod.Spec.Volumes.Select(v => v.PersistentVolumeClaim?.ClaimName),
            _ => [pod.Spec.ServiceAccountName],
        };
    }
}
