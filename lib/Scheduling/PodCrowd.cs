namespace KubeSim;

/// <summary>Pods as an affinity term or a spread constraint means them: in some namespaces, by
/// name or by the namespaces' labels, and with some labels.</summary>
internal readonly record struct PodTerm(
    Seq<string> Namespaces, Selector InNamespaces, Selector Pods)
{
    /// <summary>The pods of a term that a pod in a namespace writes. A term that names no
    /// namespaces means the pod's own.</summary>
    public static PodTerm Of(PodAffinityTerm term, string ownNamespace) => new(
        term.Namespaces.IsEmpty && term.NamespaceSelector is null
            ? [ownNamespace] : term.Namespaces,
        OrNothing(term.NamespaceSelector), OrNothing(term.LabelSelector));

    /// <summary>True when the pod is meant.</summary>
    public bool Means(string ns, Map<string> labels, PodIndex index) =>
        (Namespaces.AsSpan().Contains(ns) || (!InNamespaces.IsNothing
            && InNamespaces.Matches(index.NamespaceLabels(ns)))) && Pods.Matches(labels);

    /// <summary>A selector; one that contradicts itself selects nothing.</summary>
    public static Selector OrNothing(LabelSelector? selector) =>
        Selector.TryFrom(selector, out var found, out _) ? found : Selector.Nothing;
}

/// <summary>Which pods a tally counts: those that every term means. Spreading does not count
/// pods that are being deleted; affinity does.</summary>
internal readonly record struct PodQuestion(Seq<PodTerm> Terms, bool LivingOnly)
{
    public bool IsAbout(PodCrowd crowd, PodIndex index)
    {
        if (LivingOnly && crowd.Terminating)
        {
            return false;
        }
        foreach (var term in Terms.AsSpan())
        {
            if (!term.Means(crowd.Namespace, crowd.Labels, index))
            {
                return false;
            }
        }
        return !Terms.IsEmpty;
    }

    /// <summary>A label that every pod in question has, to find the question by; null when there
    /// is none such.</summary>
    public (string, string)? Anchor()
    {
        foreach (var requirement in Terms[0].Pods.Requirements.AsSpan())
        {
            if (Terms[0].Pods.TryGetExact(requirement.Key, out var value))
            {
                return (requirement.Key, value);
            }
        }
        return null;
    }
}

/// <summary>What a pod that is placed says about the pods to come.</summary>
internal enum CarriedKind
{
    /// <summary>It required to be near them.</summary>
    Near,

    /// <summary>It requires them to stay away.</summary>
    Away,

    /// <summary>It would rather have them near, or away: then the weight is negative.</summary>
    Rather,
}

/// <summary>A term of pods that are placed, and where those pods are.</summary>
internal sealed class CarriedTerm(CarriedKind kind, int weight, PodTerm term, PodTally bearers)
{
    public CarriedKind Kind => kind;

    public int Weight => weight;

    public PodTerm Term => term;

    public PodTally Bearers => bearers;
}

/// <summary>What makes placed pods alike to spreading and affinity. The 30 pods of a ReplicaSet are
/// one crowd, and a question about them is asked once.</summary>
internal readonly record struct CrowdKey(string Namespace, Map<string> Labels, bool Terminating,
    PodAffinity? Near, PodAntiAffinity? Away)
{
    public static CrowdKey Of(Pod pod) => new(pod.Metadata.Namespace, pod.Metadata.Labels,
        pod.IsTerminating, pod.Spec.Affinity?.PodAffinity, pod.Spec.Affinity?.PodAntiAffinity);

    // The affinity is left out: it is long, and pods that differ in nothing else are few.
    public override int GetHashCode() => HashCode.Combine(Namespace, Labels, Terminating);
}

/// <summary>Placed pods that are alike, and on which nodes how many of them are.</summary>
internal sealed class PodCrowd(CrowdKey key)
{
    public CrowdKey Key => key;

    public string Namespace => key.Namespace;

    public Map<string> Labels => key.Labels;

    public bool Terminating => key.Terminating;

    /// <summary>How many on each node. Only ever summed up: its order shows nowhere.</summary>
    public Dictionary<NodeInfo, int> OnNodes { get; } = [];

    /// <summary>The tallies that count them, and how often each.</summary>
    public List<(PodTally Tally, int Times)> Tallies { get; } = [];

    /// <summary>The terms of its affinity, for the pods to come.</summary>
    public IEnumerable<(CarriedKind Kind, int Weight, PodAffinityTerm Term)> Terms()
    {
        var (near, away) = (key.Near ?? new(), key.Away ?? new());
        return near.RequiredDuringSchedulingIgnoredDuringExecution
            .Select(t => (CarriedKind.Near, 0, t))
            .Concat(away.RequiredDuringSchedulingIgnoredDuringExecution
                .Select(t => (CarriedKind.Away, 0, t)))
            .Concat(near.PreferredDuringSchedulingIgnoredDuringExecution
                .Select(t => (CarriedKind.Rather, t.Weight, t.PodAffinityTerm)))
            .Concat(away.PreferredDuringSchedulingIgnoredDuringExecution
                .Select(t => (CarriedKind.Rather, -t.Weight, t.PodAffinityTerm)));
    }
}
