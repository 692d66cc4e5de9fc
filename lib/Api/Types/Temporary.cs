// TEMPORARY: bare stand-ins until the facts (Quantity, selectors, taints…) are merged.
#pragma warning disable CS1591
namespace KubeSim;

public readonly record struct Quantity(long Value);

public readonly record struct IntOrString(int Number, string? Text);

public sealed record LabelSelector : ApiPart
{
    public Map<string> MatchLabels { get; init; }
}

public sealed record Taint : ApiPart
{
    public string Key { get; init; } = "";
}

public sealed record Toleration : ApiPart
{
    public string? Key { get; init; }
}

public sealed record NodeSelector : ApiPart
{
    public Seq<string> NodeSelectorTerms { get; init; }
}

public sealed record NodeAffinity : ApiPart
{
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }
}
