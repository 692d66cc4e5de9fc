namespace KubeSim;

/// <summary>A write on its way through admission.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Verb">Create, Update or Delete: a patch arrives as one of them.</param>
/// <param name="Old">The stored object; null for a creation.</param>
/// <param name="Store">What else there is, to look things up.</param>
public readonly record struct AdmissionRequest(
    ApiRequest Request, Verb Verb, ApiObject? Old, EtcdStore Store)
{
    /// <summary>The kind that is written.</summary>
    public Kind Kind => Request.Path.Kind;

    /// <summary>The namespace that is written to; empty for cluster-scoped kinds.</summary>
    public string Namespace => Request.Path.Namespace;
}

/// <summary>One rule of admission. The server asks all of them in order: first each may change the
/// object, then, when it is complete and valid, each may refuse it.</summary>
/// <remarks>Models staging/src/k8s.io/apiserver/pkg/admission/interfaces.go.</remarks>
public interface IAdmission
{
    /// <summary>The name as <c>--enable-admission-plugins</c> takes it.</summary>
    string Name { get; }

    /// <summary>Changes an object on its way in; the answer is null, or why it is
    /// refused.</summary>
    Status? Mutate(in AdmissionRequest request, ref ApiObject value) => null;

    /// <summary>Looks at a complete object (null for a deletion); the answer is null, or why it is
    /// refused. What it draws on, it may count only in <see cref="Wrote"/>.</summary>
    Status? Validate(in AdmissionRequest request, ApiObject? value) => null;

    /// <summary>What the last <see cref="Validate"/> counted, to be stored right before the object
    /// itself.</summary>
    IReadOnlyList<ApiObject> Charges => [];

    /// <summary>Learns of a write: what was and what is, null for none.</summary>
    void Wrote(ApiObject? old, ApiObject? now)
    {
    }
}

/// <summary>The rules that a cluster starts with.</summary>
public static class Admissions
{
    /// <summary>The rules that are on by default and have an effect here, in the order of the real
    /// server.</summary>
    /// <remarks>Models pkg/kubeapiserver/options/plugins.go.</remarks>
    /// <param name="authorizer">Who asks whether somebody may.</param>
    /// <param name="notReadySeconds">How long pods stay on a node that is not ready.</param>
    /// <param name="unreachableSeconds">How long pods stay on a node that is
    /// unreachable.</param>
    internal static IReadOnlyList<IAdmission> Plain(Func<IAuthorizer> authorizer,
        int notReadySeconds = 300, int unreachableSeconds = 300) =>
    [
        new NamespaceLifecycle(),
        new LimitRanger(),
        new ServiceAccountAdmission(),
        new NodeRestriction(),
        new PriorityAdmission(),
        new DefaultTolerationSeconds(notReadySeconds, unreachableSeconds),
        new DefaultStorageClass(),
        new StorageObjectInUseProtection(),
        new DefaultIngressClass(),
        new WebhookAdmission(mutating: true),
        new EscalationCheck(authorizer),
        new WebhookAdmission(mutating: false),
        new QuotaAdmission(),
    ];
}
