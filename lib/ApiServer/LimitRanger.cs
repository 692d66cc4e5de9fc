using System.Globalization;

namespace KubeSim;

/// <summary>
/// Gives containers the requests and limits that their namespace's LimitRanges have for those who
/// say none, and refuses what lies outside their bounds.
/// <para>Worked example: default cpu 200m, defaultRequest 100m, max 1. A container that says
/// nothing gets request 100m and limit 200m. One with the limit 500m alone has got the request 500m
/// already, when its manifest was decoded: the request of a limit is the limit. One with the limit
/// 2 is refused: <c>maximum cpu usage per Container is 1, but limit is 2</c>.</para>
/// <para>Only new pods are looked at. A LimitRange that comes later changes no pod that is
/// there.</para>
/// Models plugin/pkg/admission/limitranger.
/// </summary>
public sealed class LimitRanger : IAdmission
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    /// <inheritdoc/>
    public string Name => "LimitRanger";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (value is Pod pod && Concerns(request))
        {
            foreach (var range in Ranges(request))
            {
                pod = WithDefaults(pod, range);
            }
            value = pod;
        }
        return null;
    }

    /// <inheritdoc/>
    public Status? Validate(in AdmissionRequest request, ApiObject? value)
    {
        if (value is null || !Concerns(request))
        {
            return null;
        }
        foreach (var range in Ranges(request))
        {
            var problems = new List<string>();
            foreach (var limit in range.Spec.Limits)
            {
                Check(value, limit, problems);
            }
            if (problems.Count > 0)
            {
                return ApiErrors.Forbidden(request.Kind, value.Metadata.Name,
                    problems.Count == 1 ? problems[0] : $"[{string.Join(", ", problems)}]").Status;
            }
        }
        return null;
    }

    private static bool Concerns(in AdmissionRequest request) =>
        request.Request.Path.Subresource is null or "" && request.Store.Count(Kinds.LimitRange) > 0
        && ((request.Kind.Equals(Kinds.Pod) && request.Verb == Verb.Create)
            || (request.Kind.Equals(Kinds.PersistentVolumeClaim) && request.Verb != Verb.Delete));

    private static IEnumerable<LimitRange> Ranges(in AdmissionRequest request) =>
        request.Store.List(Kinds.LimitRange, request.Namespace, request.Store.Head)
            .Cast<LimitRange>();

    private static Pod WithDefaults(Pod pod, LimitRange range)
    {
        var (requests, limits) = (Map<Quantity>.Empty, Map<Quantity>.Empty);
        foreach (var limit in range.Spec.Limits.Where(l => l.Type == "Container"))
        {
            requests = requests.SetAll(limit.DefaultRequest);
            limits = limits.SetAll(limit.Default);
        }
        var notes = new List<string>();
        Seq<Container> All(Seq<Container> containers, string what) => containers
            .Select(c => Filled(c, requests, limits, what, notes)).ToSeq();
        var spec = pod.Spec with { Containers = All(pod.Spec.Containers, "container") };
        if (!spec.InitContainers.IsEmpty)
        {
            spec = spec with
            {
                InitContainers = All(spec.InitContainers, "init container"),
            };
        }
        if (notes.Count == 0)
        {
            return pod;
        }
        var note = $"LimitRanger plugin set: {string.Join("; ", notes)}";
        var meta = pod.Metadata with
        {
            Annotations = pod.Metadata.Annotations.Set(Annotation, note),
        };
        return pod with { Metadata = meta, Spec = spec };
    }

    private static Container Filled(Container container, Map<Quantity> requests,
        Map<Quantity> limits, string what, List<string> notes)
    {
        Map<Quantity> Fill(Map<Quantity> own, Map<Quantity> defaults, string sort)
        {
            var missing = defaults.Keys.Where(name => !own.ContainsKey(name)).ToList();
            if (missing.Count > 0)
            {
                notes.Add($"{string.Join(", ", missing)} {sort} for {what} {container.Name}");
            }
            return missing.Count == 0 ? own : defaults.SetAll(own);
        }
        var own = container.Resources;
        var (asked, most) = (Fill(own.Requests, requests, "request"),
            Fill(own.Limits, limits, "limit"));
        return asked.Equals(own.Requests) && most.Equals(own.Limits) ? container
            : container with { Resources = own with { Requests = asked, Limits = most } };
    }

    private static void Check(ApiObject value, LimitRangeItem limit, List<string> problems)
    {
        switch (value, limit.Type)
        {
            case (Pod pod, "Container"):
                foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers))
                {
                    var own = container.Resources;
                    Check(limit, own.Requests, own.Limits, problems);
                }
                break;
            case (Pod pod, "Pod"):
                Check(limit, pod.Requests, pod.Limits, problems);
                break;
            case (PersistentVolumeClaim claim, "PersistentVolumeClaim"):
                var asked = claim.Spec.Resources.Requests;
                Check(limit, asked, asked, problems);
                break;
        }
    }

    private static void Check(LimitRangeItem limit, Map<Quantity> requests, Map<Quantity> limits,
        List<string> problems)
    {
        foreach (var (name, least) in limit.Min)
        {
            var rule = $"minimum {name} usage per {limit.Type} is {least}";
            problems.AddRange(!requests.TryGetValue(name, out var request)
                ? [$"{rule}.  No request is specified"]
                : request < least ? [$"{rule}, but request is {request}"]
                : limits.TryGetValue(name, out var most) && most < least
                ? [$"{rule}, but limit is {most}"] : (string[])[]);
        }
        foreach (var (name, most) in limit.Max)
        {
            var rule = $"maximum {name} usage per {limit.Type} is {most}";
            var claim = limit.Type == "PersistentVolumeClaim";
            problems.AddRange(!claim && !limits.ContainsKey(name)
                ? [$"{rule}.  No limit is specified"]
                : !claim && limits[name] > most ? [$"{rule}, but limit is {limits[name]}"]
                : requests.TryGetValue(name, out var request) && request > most
                ? [$"{rule}, but request is {request}"] : (string[])[]);
        }
        foreach (var (name, most) in limit.MaxLimitRequestRatio)
        {
            var rule = $"{name} max limit to request ratio per {limit.Type} is {most}, but";
            var (request, bound) = (requests.Get(name), limits.Get(name));
            var ratio = request.IsZero ? 0 : bound.ToDouble() / request.ToDouble();
            problems.AddRange(
                request.IsZero ? [$"{rule} no request is specified or request is 0"]
                : bound.IsZero ? [$"{rule} no limit is specified or limit is 0"]
                : ratio > most.ToDouble()
                ? [string.Create(CultureInfo.InvariantCulture,
                    $"{rule} provided ratio is {ratio:F6}")] : (string[])[]);
        }
    }
}

/// <summary>The strategy of LimitRanges: a maximum is the default limit, a default limit the
/// default request, and a minimum the default request where there is no limit.</summary>
internal sealed class LimitRangeStrategy : KindStrategy<LimitRange>
{
    public override bool CreatesOnUpdate => true;

    protected override LimitRange Default(LimitRange value)
    {
        var limits = value.Spec.Limits.Select(Defaulted).ToSeq();
        return limits.Equals(value.Spec.Limits) ? value
            : value with { Spec = value.Spec with { Limits = limits } };
    }

    private static LimitRangeItem Defaulted(LimitRangeItem item)
    {
        var limit = item.Max.SetAll(item.Default);
        return item.Type != "Container" ? item : item with
        {
            Default = limit,
            DefaultRequest = item.Min.SetAll(limit).SetAll(item.DefaultRequest),
        };
    }
}
