using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Gives a new Ingress that names no class the default one; of several the
/// newest.</summary>
/// <remarks>Models plugin/pkg/admission/network/defaultingressclass.</remarks>
public sealed class DefaultIngressClass : IAdmission
{
    private const string IsDefault = "ingressclass.kubernetes.io/is-default-class";

    /// <inheritdoc/>
    public string Name => "DefaultIngressClass";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (request.Verb != Verb.Create || !request.Kind.Equals(Kinds.Ingress)
            || value.Metadata.Annotations.ContainsKey("kubernetes.io/ingress.class")
            || DefaultStorageClass.Newest(request, Kinds.IngressClass, IsDefault) is not { } found)
        {
            return null;
        }
        var node = Json.Encode(value);
        if (node["spec"] is JsonObject spec && spec["ingressClassName"] is null)
        {
            spec["ingressClassName"] = found.Metadata.Name;
            value = Json.Decode(node, Kinds.Ingress);
        }
        return null;
    }
}
