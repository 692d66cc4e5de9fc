namespace KubeSim;

// The requests and limits of a container.
internal static partial class PodValidation
{
    private const string NotNegative = "must be greater than or equal to 0";

    private static void Resources(ResourceRequirements resources, string at, FieldErrors errors)
    {
        foreach (var (name, limit) in resources.Limits)
        {
            ResourceName(name, $"{at}.limits[{name}]", errors);
            Amount(name, limit, $"{at}.limits[{name}]", errors);
        }
        foreach (var (name, request) in resources.Requests)
        {
            ResourceName(name, $"{at}.requests[{name}]", errors);
            Amount(name, request, $"{at}.requests[{name}]", errors);
            Against(name, request, resources.Limits, at, errors);
        }
    }

    private static void Against(
        string name, Quantity request, Map<Quantity> limits, string at, FieldErrors errors)
    {
        var limited = limits.TryGetValue(name, out var limit);
        if (limited && !IsNative(name) && request != limit)
        {
            errors.InvalidText($"{at}.requests", $"{request}", $"must be equal to {name} limit of "
                + $"{limit}");
        }
        else if (limited && request > limit)
        {
            errors.InvalidText($"{at}.requests", $"{request}",
                $"must be less than or equal to {name} limit of {limit}");
        }
        else if (!limited && (!IsNative(name)
            || name.StartsWith("hugepages-", StringComparison.Ordinal))
            && name.Contains('/'))
        {
            errors.Required($"{at}.limits", "Limit must be set for non overcommitable resources");
        }
    }

    private static void Amount(string name, Quantity value, string field, FieldErrors errors)
    {
        if (value.Sign < 0)
        {
            errors.InvalidText(field, $"{value}", NotNegative);
        }
        else if (!IsNative(name) && value.MilliValue % 1000 != 0)
        {
            errors.InvalidText(field, $"{value}", "must be an integer");
        }
    }

    private static void ResourceName(string name, string field, FieldErrors errors)
    {
        Problems(Names.LabelKey(name), field, name, errors);
        if (!name.Contains('/') && !IsNative(name))
        {
            errors.InvalidText(field, name, "must be a standard resource type or fully qualified");
            errors.InvalidText(field, name, "must be a standard resource for containers");
        }
    }

    private static bool IsNative(string name) => name is "cpu" or "memory" or "ephemeral-storage"
        || name.StartsWith("hugepages-", StringComparison.Ordinal)
        || name.Contains("kubernetes.io/", StringComparison.Ordinal);
}
