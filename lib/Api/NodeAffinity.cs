namespace KubeSim;

/// <summary>The nodes that a pod needs or would rather have.</summary>
/// <remarks>Models staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/.</remarks>
public sealed record NodeAffinity : ApiPart
{
    /// <summary>What a node must meet for the pod to be scheduled there.</summary>
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    /// <summary>What makes a node the better choice.</summary>
    public Seq<PreferredSchedulingTerm> PreferredDuringSchedulingIgnoredDuringExecution
    {
        get;
        init;
    }

    /// <summary>True when a node has all labels of a pod's <c>nodeSelector</c> and meets what its
    /// affinity requires.</summary>
    public static bool Allows(
        Map<string> nodeSelector, NodeAffinity? affinity, Map<string> nodeLabels, string nodeName)
    {
        foreach (var wanted in nodeSelector.AsSpan())
        {
            if (!nodeLabels.TryGetValue(wanted.Key, out var value) || value != wanted.Value)
            {
                return false;
            }
        }
        var required = affinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return required is null || required.Matches(nodeLabels, nodeName);
    }

    /// <summary>The sum of the weights of the preferred terms that a node meets.</summary>
    public long Score(Map<string> nodeLabels, string nodeName)
    {
        var score = 0L;
        foreach (var term in PreferredDuringSchedulingIgnoredDuringExecution.AsSpan())
        {
            score += term.Preference.Matches(nodeLabels, nodeName) ? term.Weight : 0;
        }
        return score;
    }
}

/// <summary>A preference for some nodes.</summary>
public sealed record PreferredSchedulingTerm : ApiPart
{
    /// <summary>How much it counts, 1 to 100.</summary>
    public int Weight { get; init; }

    /// <summary>The nodes that it prefers.</summary>
    public NodeSelectorTerm Preference { get; init; } = NodeSelectorTerm.None;
}

/// <summary>A selection of nodes: one of the terms must hold.</summary>
public sealed record NodeSelector : ApiPart
{
    /// <summary>The terms; without any, no node is selected.</summary>
    public Seq<NodeSelectorTerm> NodeSelectorTerms { get; init; }

    /// <summary>True when a node with these labels and this name meets a term.</summary>
    public bool Matches(Map<string> nodeLabels, string nodeName)
    {
        foreach (var term in NodeSelectorTerms.AsSpan())
        {
            if (term.Matches(nodeLabels, nodeName))
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>A term of a node selector: all its requirements must hold.</summary>
public sealed record NodeSelectorTerm : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NodeSelectorTerm None { get; } = new();

    /// <summary>Requirements on the node's labels.</summary>
    public Seq<NodeSelectorRequirement> MatchExpressions { get; init; }

    /// <summary>Requirements on the node's fields, of which there is one:
    /// <c>metadata.name</c>.</summary>
    public Seq<NodeSelectorRequirement> MatchFields { get; init; }

    /// <summary>True when a node meets all requirements; an empty term selects nothing.</summary>
    public bool Matches(Map<string> nodeLabels, string nodeName)
    {
        foreach (var requirement in MatchExpressions.AsSpan())
        {
            if (!requirement.Matches(nodeLabels))
            {
                return false;
            }
        }
        foreach (var requirement in MatchFields.AsSpan())
        {
            if (!requirement.MatchesField(nodeName))
            {
                return false;
            }
        }
        return !MatchExpressions.IsEmpty || !MatchFields.IsEmpty;
    }
}

/// <summary>A requirement on a label or a field of a node.</summary>
public sealed record NodeSelectorRequirement : ApiPart
{
    /// <summary>The key of the label, or the name of the field.</summary>
    public string Key { get; init; } = "";

    /// <summary>In, NotIn, Exists, DoesNotExist, Gt or Lt; fields know In and NotIn only.</summary>
    public string Operator { get; init; } = "";

    /// <summary>The values: none for Exists and DoesNotExist, one whole number for Gt and
    /// Lt.</summary>
    public Seq<string> Values { get; init; }

    /// <summary>True when labels meet the requirement; one that Kubernetes cannot read never is
    /// met.</summary>
    public bool Matches(Map<string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            "In" => present && Values.AsSpan().Contains(value!),
            "NotIn" => !(present && Values.AsSpan().Contains(value!)) && IsReadable(),
            "Exists" => present && Values.IsEmpty,
            "DoesNotExist" => !present && IsReadable(),
            "Gt" => present && SelectorRequirement.Compare(value!, Values) > 0,
            "Lt" => present && SelectorRequirement.Compare(value!, Values) < 0,
            _ => false,
        };
    }

    /// <summary>True when a node's name meets the requirement on <c>metadata.name</c>.</summary>
    internal bool MatchesField(string nodeName)
    {
        if (Values.Count != 1)
        {
            return false;
        }
        var actual = Key == "metadata.name" ? nodeName : "";
        return Operator switch
        {
            "In" => actual == Values[0],
            "NotIn" => actual != Values[0],
            _ => false,
        };
    }

    // Only what asks for absence needs the check: a wrong key or value is nowhere present.
    private bool IsReadable()
    {
        if (Operator == "NotIn" == Values.IsEmpty || !Names.LabelKey(Key).IsEmpty)
        {
            return false;
        }
        foreach (var value in Values.AsSpan())
        {
            if (!Names.LabelValue(value).IsEmpty)
            {
                return false;
            }
        }
        return true;
    }
}
