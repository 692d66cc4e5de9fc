using System.Globalization;

namespace KubeSim;

/// <summary>Which objects of a kind a list or a watch shows: label selector and field selector.
/// Labels are free; of fields a kind knows a few, <c>metadata.name</c> and
/// <c>metadata.namespace</c> always.</summary>
/// <remarks>Models pkg/apis/core/v1/conversion.go (field labels).</remarks>
internal sealed class Selecting
{
    private static readonly Dictionary<Kind, string[]> fieldsOf = new()
    {
        [Kinds.Pod] =
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs",
            "status.nominatedNodeName",
        ],
        [Kinds.Node] = ["spec.unschedulable"],
        [Kinds.Namespace] = ["status.phase"],
        [Kinds.Secret] = ["type"],
        [Kinds.Service] = ["spec.clusterIP", "spec.type"],
        [Kinds.ReplicationController] = ["status.replicas"],
        [Kinds.Job] = ["status.successful"],
        [Kinds.Event] =
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
            "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
            "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
        ],
    };

    private readonly Kind kind;
    private readonly Selector labels;
    private readonly FieldSelector fields;

    private Selecting(Kind kind, Selector labels, FieldSelector fields) =>
        (this.kind, this.labels, this.fields) = (kind, labels, fields);

    public bool IsEverything => labels.IsEmpty && fields.IsEmpty;

    /// <summary>Reads the selectors of a query; null, or why they are none.</summary>
    public static Status? TryRead(in ResourcePath path, Query query, out Selecting result)
    {
        result = new(path.Kind, Selector.Everything, FieldSelector.Everything);
        var (labels, fields) = (Selector.Everything, FieldSelector.Everything);
        if (query.LabelSelector is { Length: > 0 } text
            && !Selector.TryParse(text, out labels, out var problem))
        {
            return ApiErrors.BadRequest($"unable to parse requirement: {problem}").Status;
        }
        if (query.FieldSelector is { Length: > 0 } terms)
        {
            if (!FieldSelector.TryParse(terms, out fields, out var wrong))
            {
                return ApiErrors.BadRequest(wrong!).Status;
            }
            foreach (var term in fields.Terms)
            {
                if (RefuseField(path.Kind, term.Field) is { } unknown)
                {
                    return unknown;
                }
            }
        }
        result = new(path.Kind, labels, fields);
        return null;
    }

    public bool Matches(ApiObject value)
    {
        if (!labels.IsEmpty && !labels.Matches(value.Metadata.Labels))
        {
            return false;
        }
        foreach (var term in fields.Terms)
        {
            if (!term.Matches(Field(value, term.Field)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The objects that may match: an index cuts them down where one fits.</summary>
    public IEnumerable<ApiObject> Candidates(
        EtcdStore store, string? ns, Revision at, ObjectKey? after)
    {
        if (ns is not null && fields.TryGetExact("metadata.name", out var name) && after is null)
        {
            return store.Get(new ObjectKey(kind, ns, name), at) is { } found ? [found] : [];
        }
        return store.List(kind, ns, at, after);
    }

    private static Status? RefuseField(Kind kind, string field)
    {
        if (field is "metadata.name" || (field is "metadata.namespace" && kind.Namespaced))
        {
            return null;
        }
        if (!fieldsOf.TryGetValue(kind, out var known))
        {
            var names = kind.Namespaced
                ? "\"metadata.name\", \"metadata.namespace\""
                : "\"metadata.name\"";
            return ApiErrors.BadRequest(
                $"\"{field}\" is not a known field selector: only {names}").Status;
        }
        return known.Contains(field) ? null : ApiErrors.BadRequest(kind.Equals(Kinds.Job)
            ? $"field label \"{field}\" not supported for Job"
            : $"field label not supported: {field}").Status;
    }

    private static string? Field(ApiObject value, string field) => field switch
    {
        "metadata.name" => value.Metadata.Name,
        "metadata.namespace" => value.Metadata.Namespace,
        _ => value switch
        {
            Pod pod => PodField(pod, field),
            Event happened => EventField(happened, field),
            Node node => node.Spec.Unschedulable == true ? "true" : "false",
            Namespace ns => ns.Status.Phase,
            Secret secret => secret.Type,
            Service service => field == "spec.type" ? service.Spec.Type : service.Spec.ClusterIP,
            ReplicationController set => Number(set.Status.Replicas),
            Job job => Number(job.Status.Succeeded),
            _ => null,
        },
    };

    private static string? PodField(Pod pod, string field) => field switch
    {
        "spec.nodeName" => pod.Spec.NodeName,
        "spec.restartPolicy" => pod.Spec.RestartPolicy,
        "spec.schedulerName" => pod.Spec.SchedulerName,
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName,
        "spec.hostNetwork" => pod.Spec.HostNetwork == true ? "true" : "false",
        "status.phase" => pod.Status.Phase,
        "status.podIP" or "status.podIPs" => pod.Status.PodIP,
        _ => pod.Status.NominatedNodeName,
    };

    private static string? EventField(Event happened, string field) => field switch
    {
        "involvedObject.kind" => happened.InvolvedObject.Kind,
        "involvedObject.namespace" => happened.InvolvedObject.Namespace,
        "involvedObject.name" => happened.InvolvedObject.Name,
        "involvedObject.uid" => happened.InvolvedObject.Uid,
        "involvedObject.apiVersion" => happened.InvolvedObject.ApiVersion,
        "involvedObject.resourceVersion" => happened.InvolvedObject.ResourceVersion,
        "involvedObject.fieldPath" => happened.InvolvedObject.FieldPath,
        "reason" => happened.Reason,
        "type" => happened.Type,
        "source" => happened.Source?.Component is { Length: > 0 } component
            ? component : happened.ReportingComponent,
        _ => happened.ReportingComponent,
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
