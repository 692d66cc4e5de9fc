namespace KubeSim;

/// <summary>What <c>matchLabelKeys</c> and <c>mismatchLabelKeys</c> come down to when a pod is
/// made: the values of its own labels become part of the selectors. With
/// <c>pod-template-hash</c> among the keys the pods of a rollout are spread by themselves:
/// <c>app=web</c> becomes <c>app=web, pod-template-hash in (5d4f)</c>.</summary>
/// <remarks>Models pkg/registry/core/pod/strategy.go (applyLabelKeysToLabelSelector).</remarks>
internal static class PodLabelKeys
{
    /// <summary>The spec with the keys resolved; the same one when it has none.</summary>
    public static PodSpec Resolve(PodSpec spec, Map<string> labels)
    {
        if (!HasKeys(spec))
        {
            return spec;
        }
        var constraints = Each(spec.TopologySpreadConstraints, c =>
            Merged(c.LabelSelector, c.MatchLabelKeys, default, labels) is { } selector
                ? c with { LabelSelector = selector } : c);
        var (near, away) = (spec.Affinity?.PodAffinity, spec.Affinity?.PodAntiAffinity);
        if (near is not null)
        {
            near = near with
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                    Each(near.RequiredDuringSchedulingIgnoredDuringExecution, Term),
                PreferredDuringSchedulingIgnoredDuringExecution =
                    Each(near.PreferredDuringSchedulingIgnoredDuringExecution, Weighted),
            };
        }
        if (away is not null)
        {
            away = away with
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                    Each(away.RequiredDuringSchedulingIgnoredDuringExecution, Term),
                PreferredDuringSchedulingIgnoredDuringExecution =
                    Each(away.PreferredDuringSchedulingIgnoredDuringExecution, Weighted),
            };
        }
        return spec with
        {
            TopologySpreadConstraints = constraints,
            Affinity = spec.Affinity is null ? null
                : spec.Affinity with { PodAffinity = near, PodAntiAffinity = away },
        };

        PodAffinityTerm Term(PodAffinityTerm term) => Merged(term.LabelSelector,
            term.MatchLabelKeys, term.MismatchLabelKeys, labels) is { } selector
            ? term with { LabelSelector = selector } : term;

        WeightedPodAffinityTerm Weighted(WeightedPodAffinityTerm weighted) =>
            weighted with { PodAffinityTerm = Term(weighted.PodAffinityTerm) };
    }

    // Hardly a pod has any: the others are left as they are at once.
    private static bool HasKeys(PodSpec spec)
    {
        var (near, away) = (spec.Affinity?.PodAffinity, spec.Affinity?.PodAntiAffinity);
        return spec.TopologySpreadConstraints.Any(c => !c.MatchLabelKeys.IsEmpty)
            || (near is not null && (near.RequiredDuringSchedulingIgnoredDuringExecution.Any(In)
                || near.PreferredDuringSchedulingIgnoredDuringExecution.Any(
                    w => In(w.PodAffinityTerm))))
            || (away is not null && (away.RequiredDuringSchedulingIgnoredDuringExecution.Any(In)
                || away.PreferredDuringSchedulingIgnoredDuringExecution.Any(
                    w => In(w.PodAffinityTerm))));

        static bool In(PodAffinityTerm term) =>
            !term.MatchLabelKeys.IsEmpty || !term.MismatchLabelKeys.IsEmpty;
    }

    // Without a selector no pod is meant, whatever its labels; null: there is nothing to merge.
    private static LabelSelector? Merged(
        LabelSelector? selector, Seq<string> same, Seq<string> other, Map<string> labels)
    {
        if (selector is null || (same.IsEmpty && other.IsEmpty))
        {
            return null;
        }
        var wanted = same.Select(key => (key, Operator: "In"))
            .Concat(other.Select(key => (key, Operator: "NotIn")))
            .Where(k => labels.ContainsKey(k.key))
            .Select(k => new LabelSelectorRequirement
            {
                Key = k.key, Operator = k.Operator, Values = [labels[k.key]],
            });
        return selector with
        {
            MatchExpressions = selector.MatchExpressions.Concat(wanted).ToSeq(),
        };
    }

    private static Seq<T> Each<T>(Seq<T> items, Func<T, T> change) =>
        items.IsEmpty ? items : items.Select(change).ToSeq();
}
