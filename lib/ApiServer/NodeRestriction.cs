namespace KubeSim;

/// <summary>Keeps a kubelet to its own Node and to the pods that are bound to it, whatever its
/// rules allow.</summary>
/// <remarks>Models plugin/pkg/admission/noderestriction.</remarks>
public sealed class NodeRestriction : IAdmission
{
    private const string Mirror = "kubernetes.io/config.mirror";

    /// <inheritdoc/>
    public string Name => "NodeRestriction";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value) =>
        Refuse(request, value);

    /// <inheritdoc/>
    public Status? Validate(in AdmissionRequest request, ApiObject? value) =>
        request.Verb == Verb.Delete ? Refuse(request, null) : null;

    private static Status? Refuse(in AdmissionRequest request, ApiObject? value)
    {
        if (request.Request.User.Node is not { } node)
        {
            return null;
        }
        var name = value?.Metadata.Name ?? request.Request.Path.Name;
        var why = (value ?? request.Old) switch
        {
            Pod => AboutPod(request, (Pod?)value, node),
            Node => AboutNode((Node?)value, request.Old as Node, node, name),
            _ => null,
        };
        return why is null ? null : ApiErrors.Forbidden(request.Kind, name, why).Status;
    }

    private static string? AboutPod(in AdmissionRequest request, Pod? pod, string node)
    {
        var bound = (request.Old as Pod ?? pod)!.Spec.NodeName == node;
        return (request.Verb, request.Request.Path.Subresource) switch
        {
            (Verb.Create, _) when !pod!.Metadata.Annotations.ContainsKey(Mirror) =>
                $"pod does not have \"{Mirror}\" annotation, node \"{node}\" can only create "
                + "mirror pods",
            (Verb.Create, _) when !bound =>
                $"node \"{node}\" can only create pods with spec.nodeName set to itself",
            (Verb.Delete, _) when !bound =>
                $"node \"{node}\" can only delete pods with spec.nodeName set to itself",
            (Verb.Update, "status") when !bound => $"node \"{node}\" can only update pod status "
                + "for pods with spec.nodeName set to itself",
            _ => null,
        };
    }

    private static string? AboutNode(Node? now, Node? old, string node, string name) =>
        name != node ? $"node \"{node}\" is not allowed to modify node \"{name}\""
        : now is not null && old is not null && !now.Spec.Taints.Equals(old.Spec.Taints)
        ? $"node \"{node}\" is not allowed to modify taints" : null;
}
