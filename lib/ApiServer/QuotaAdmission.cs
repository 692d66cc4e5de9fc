namespace KubeSim;

/// <summary>
/// Refuses what would exceed a ResourceQuota of its namespace, and counts what it lets in: the
/// quota's <c>status.used</c> is written right before the object, so that of two pods that come at
/// once one finds the other counted. The quota controller gives back what is deleted.
/// <para>Worked example: hard requests.cpu 1, used 300m. A pod that asks for 800m would make it
/// 1100m: refused. One that says no request at all is refused too, since it could not be
/// counted.</para>
/// A quota whose controller has not filled in its status yet is counted on the spot. The real rule
/// refuses then (<c>status unknown for quota</c>), for some milliseconds; but here no time passes
/// between two requests of a person.
/// Models staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota.
/// </summary>
public sealed class QuotaAdmission : IAdmission
{
    private readonly List<ApiObject> charges = [];

    /// <inheritdoc/>
    public string Name => "ResourceQuota";

    /// <inheritdoc/>
    public IReadOnlyList<ApiObject> Charges => charges;

    /// <inheritdoc/>
    public Status? Validate(in AdmissionRequest request, ApiObject? value)
    {
        charges.Clear();
        if (value is null || request.Request.Path.Subresource is { Length: > 0 }
            || request.Store.Count(Kinds.ResourceQuota) == 0
            || (request.Old is not null && value is not (Service or PersistentVolumeClaim)))
        {
            return null;
        }
        var usage = QuotaUsage.Of(value);
        if (request.Old is { } old)
        {
            usage = usage.Plus(Negative(QuotaUsage.Of(old)));
        }
        foreach (var quota in request.Store
            .List(Kinds.ResourceQuota, request.Namespace, request.Store.Head).Cast<ResourceQuota>())
        {
            if (quota.Spec.Selects(value) && Refuse(quota, value, usage, request.Store) is { } why)
            {
                charges.Clear();
                return ApiErrors.Forbidden(request.Kind, value.Metadata.Name, why).Status;
            }
        }
        return null;
    }

    private string? Refuse(
        ResourceQuota quota, ApiObject value, Map<Quantity> usage, EtcdStore store)
    {
        var (name, hard, used) = (quota.Metadata.Name, quota.Spec.Hard, quota.Status.Used);
        if (value is Pod pod && QuotaUsage.Missing(pod, hard) is { } missing)
        {
            return $"failed quota: {name}: {missing}";
        }
        var asked = usage.Within(hard);
        var known = asked.Keys.All(used.ContainsKey);
        if (!known)
        {
            used = QuotaUsage.Used(quota, kind => store.List(
                kind, quota.Metadata.Namespace, store.Head));
        }
        var after = used.Plus(asked);
        var over = Map<Quantity>.From(QuotaUsage.Pairs(asked).Where(a =>
            a.Value.Sign > 0 && after[a.Key] > hard[a.Key]));
        if (!over.IsEmpty)
        {
            return $"exceeded quota: {name}, requested: {Text(over)}, "
                + $"used: {Text(used.Within(over))}, limited: {Text(hard.Within(over))}";
        }
        if (!asked.IsEmpty)
        {
            charges.Add(quota with { Status = quota.Status with { Hard = hard, Used = after } });
        }
        return null;
    }

    private static Map<Quantity> Negative(Map<Quantity> usage) => Map<Quantity>.From(
        QuotaUsage.Pairs(usage).Select(p => KeyValuePair.Create(p.Key, -p.Value)));

    private static string Text(Map<Quantity> map) =>
        string.Join(",", QuotaUsage.Pairs(map).Select(p => $"{p.Key}={p.Value}"));
}
