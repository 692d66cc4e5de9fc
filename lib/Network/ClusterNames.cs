namespace KubeSim;

/// <summary>What the cluster's DNS answers to one question.</summary>
/// <param name="Question">The full name asked for.</param>
/// <param name="Addresses">What it stands for; empty when the name is unknown.</param>
/// <param name="Why">Where the answer comes from, or <c>NXDOMAIN</c>.</param>
internal sealed record NameAnswer(string Question, Seq<string> Addresses, string Why)
{
    /// <summary>The name that an ExternalName stands for.</summary>
    public string? Alias { get; init; }
}

/// <summary>
/// The names of a cluster, answered from the Services and EndpointSlices as they are: what CoreDNS
/// would say, never late.
/// <list type="bullet">
/// <item><c>web.default.svc.cluster.local</c>: the cluster IP; of a headless Service all its
/// ready endpoints;</item>
/// <item><c>web-0.web.default.svc.cluster.local</c>: the endpoint with that host name.</item>
/// </list>
/// <para>A pod's resolver has ndots:5: a name of fewer dots is first tried with each search domain
/// behind it. <c>web</c> asked in namespace shop is <c>web.shop.svc.cluster.local</c>; and
/// <c>example.com</c> costs three answers NXDOMAIN before it is asked as it stands.</para>
/// Models github.com/coredns/coredns/plugin/kubernetes, pkg/kubelet/network/dns/dns.go.
/// </summary>
internal sealed class ClusterNames(string domain,
    Func<string, string, Service?> service, Func<Service, IEnumerable<EndpointSlice>> slices)
{
    private const int Dots = 5;

    /// <summary>The questions that a pod's resolver asks for a name, up to the first that has an
    /// answer.</summary>
    public IEnumerable<NameAnswer> Ask(string name, string ns)
    {
        var absolute = name.EndsWith('.');
        var full = name.TrimEnd('.');
        Seq<string> search = [$"{ns}.svc.{domain}", $"svc.{domain}", domain];
        var few = full.AsSpan().Count('.') < Dots;
        var questions = new List<string>();
        if (absolute || !few)
        {
            questions.Add(full);
        }
        questions.AddRange(absolute ? [] : search.Select(suffix => $"{full}.{suffix}"));
        if (!absolute && few)
        {
            questions.Add(full);
        }
        foreach (var question in questions)
        {
            var answer = Answer(question);
            yield return answer;
            if (!answer.Addresses.IsEmpty || answer.Alias is not null)
            {
                yield break;
            }
        }
    }

    private NameAnswer Answer(string question)
    {
        var unknown = new NameAnswer(question, [], "NXDOMAIN");
        var suffix = $".svc.{domain}";
        if (!question.EndsWith(suffix, StringComparison.Ordinal))
        {
            return unknown;
        }
        var labels = question[..^suffix.Length].Split('.');
        if (labels.Length is not (2 or 3) || service(labels[^1], labels[^2]) is not { } found)
        {
            return unknown;
        }
        var name = $"{labels[^1]}/{labels[^2]}";
        var spec = found.Spec;
        if (spec.Type == "ExternalName")
        {
            return new(question, [], $"CNAME of Service {name}") { Alias = spec.ExternalName };
        }
        if (labels.Length == 2 && spec.ClusterIP is { Length: > 0 } and not "None")
        {
            return new(question, [spec.ClusterIP], $"the cluster IP of Service {name}");
        }
        var endpoints = slices(found).SelectMany(s => s.Endpoints)
            .Where(e => (e.Conditions.Ready ?? true) && !e.Addresses.IsEmpty
                && (labels.Length == 2 || e.Hostname == labels[0]))
            .Select(e => e.Addresses[0]).ToSeq();
        return endpoints.IsEmpty ? unknown : new(question, endpoints, labels.Length == 3
            ? $"the endpoint {labels[0]} of Service {name}"
            : $"the ready endpoints of headless Service {name}");
    }
}
