namespace KubeSim;

/// <summary>Keeps new objects out of namespaces that are not there or are going, and keeps the
/// namespaces that a cluster cannot do without.</summary>
/// <remarks>Models staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle.</remarks>
public sealed class NamespaceLifecycle : IAdmission
{
    private static readonly Seq<string> immortal = ["default", "kube-system", "kube-public"];

    /// <inheritdoc/>
    public string Name => "NamespaceLifecycle";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value) =>
        request.Verb == Verb.Create ? Refuse(request, value.Metadata.Name) : null;

    /// <inheritdoc/>
    public Status? Validate(in AdmissionRequest request, ApiObject? value) =>
        request.Verb == Verb.Delete && request.Kind.Equals(Kinds.Namespace)
        && immortal.AsSpan().Contains(request.Request.Path.Name)
            ? ApiErrors.Forbidden(Kinds.Namespace, request.Request.Path.Name,
                "this namespace may not be deleted").Status
            : null;

    private static Status? Refuse(in AdmissionRequest request, string name)
    {
        var ns = request.Namespace;
        if (ns.Length == 0)
        {
            return null;
        }
        if (request.Store.Get(new ObjectKey(Kinds.Namespace, "", ns)) is not Namespace found)
        {
            return ApiErrors.NotFound(Kinds.Namespace, ns).Status;
        }
        if (found.Metadata.DeletionTimestamp is null && found.Status.Phase != "Terminating")
        {
            return null;
        }
        var refusal = ApiErrors.Forbidden(request.Kind, name, "unable to create new content in "
            + $"namespace {ns} because it is being terminated").Status;
        var cause = new StatusCause
        {
            Reason = "NamespaceTerminating",
            Message = $"namespace {ns} is being terminated",
            Field = "metadata.namespace",
        };
        return refusal with { Details = refusal.Details! with { Causes = [cause] } };
    }
}
