namespace KubeSim;

/// <summary>What must be true of the rules for a pod's neighbours.</summary>
/// <remarks>Models pkg/apis/core/validation/validation.go (validatePodAffinityTerm).</remarks>
internal static partial class PodValidation
{
    private static void Affinity(Affinity? affinity, string at, FieldErrors errors)
    {
        if (affinity?.PodAffinity is { } near)
        {
            Neighbours(near.RequiredDuringSchedulingIgnoredDuringExecution,
                near.PreferredDuringSchedulingIgnoredDuringExecution, $"{at}.podAffinity", errors);
        }
        if (affinity?.PodAntiAffinity is { } apart)
        {
            Neighbours(apart.RequiredDuringSchedulingIgnoredDuringExecution,
                apart.PreferredDuringSchedulingIgnoredDuringExecution, $"{at}.podAntiAffinity",
                errors);
        }
    }

    private static void Neighbours(Seq<PodAffinityTerm> required,
        Seq<WeightedPodAffinityTerm> preferred, string at, FieldErrors errors)
    {
        for (var i = 0; i < required.Count; i++)
        {
            Key(required[i], $"{at}.requiredDuringSchedulingIgnoredDuringExecution[{i}]");
        }
        for (var i = 0; i < preferred.Count; i++)
        {
            var field = $"{at}.preferredDuringSchedulingIgnoredDuringExecution[{i}]";
            if (preferred[i].Weight is < 1 or > 100)
            {
                errors.Invalid(
                    $"{field}.weight", preferred[i].Weight, "must be in the range 1-100");
            }
            Key(preferred[i].PodAffinityTerm, $"{field}.podAffinityTerm");
        }

        void Key(PodAffinityTerm term, string field)
        {
            if (term.TopologyKey.Length == 0)
            {
                errors.Required($"{field}.topologyKey", "can not be empty");
            }
        }
    }
}
