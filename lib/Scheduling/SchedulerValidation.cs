using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>What kube-scheduler refuses of a configuration, in its words.</summary>
/// <remarks>Models pkg/scheduler/apis/config/validation/validation.go.</remarks>
internal static class SchedulerValidation
{
    /// <summary>Everything that is wrong; the plugins' names are looked at later.</summary>
    public static List<string> Of(SchedulerConfiguration configuration)
    {
        var errors = new List<string>();
        void Invalid(string path, object? value, string why) =>
            errors.Add(PluginArguments.Invalid(path, value, why));
        void Percentage(string path, int? share)
        {
            if (share is < 0 or > 100)
            {
                Invalid($"{path}percentageOfNodesToScore", share, "not in valid range [0-100]");
            }
        }

        if (configuration.Parallelism <= 0)
        {
            Invalid("parallelism", configuration.Parallelism,
                "should be an integer value greater than zero");
        }
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < configuration.Profiles.Count; i++)
        {
            var (profile, path) = (configuration.Profiles[i], $"profiles[{i}]");
            Percentage($"{path}.", profile.PercentageOfNodesToScore);
            Check(profile, path, errors);
            if (string.IsNullOrEmpty(profile.SchedulerName))
            {
                errors.Add($"{path}.schedulerName: Required value");
            }
            else if (!seen.TryAdd(profile.SchedulerName, i))
            {
                errors.Add($"{path}.schedulerName: Duplicate value: "
                    + $"\"profiles[{seen[profile.SchedulerName]}].schedulerName\"");
            }
            if (SortOf(profile) != SortOf(configuration.Profiles[0]))
            {
                Invalid($"{path}.plugins.queueSort", SortOf(profile),
                    "must be the same for all profiles");
            }
        }
        Percentage("", configuration.PercentageOfNodesToScore);
        var (first, longest) = (configuration.PodInitialBackoffSeconds ?? 1,
            configuration.PodMaxBackoffSeconds ?? 10);
        if (first <= 0)
        {
            Invalid("podInitialBackoffSeconds", first, "must be greater than 0");
        }
        if (longest < first)
        {
            Invalid("podMaxBackoffSeconds", longest,
                "must be greater than or equal to PodInitialBackoffSeconds");
        }
        Check(configuration.Extenders, errors);
        return errors;
    }

    /// <summary>Reads a part of a configuration; a field that nobody knows is a mistake.</summary>
    /// <exception cref="ArgumentException">It cannot be read.</exception>
    public static T Decode<T>(JsonObject node, string path)
    {
        var unknown = new List<string>();
        FindUnknown(node, typeof(T), path, unknown);
        if (unknown.Count > 0)
        {
            throw new ArgumentException($"strict decoding error: {string.Join(", ", unknown)}");
        }
        try
        {
            return node.Deserialize<T>(Json.Options)!;
        }
        catch (Exception e) when (Json.IsUnreadable(e))
        {
            throw new ArgumentException(path.Length == 0 ? e.Message : $"{path}: {e.Message}", e);
        }
    }

    private static void Check(SchedulerProfile profile, string path, List<string> errors)
    {
        foreach (var point in profile.Plugins.Keys)
        {
            if (!ProfilePlugins.PointNames.Contains(point))
            {
                errors.Add(Unknown($"{path}.plugins.{point}",
                    Nearest.To(point, ProfilePlugins.PointNames)));
            }
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < profile.PluginConfig.Count; i++)
        {
            var (config, at) = (profile.PluginConfig[i], $"{path}.pluginConfig[{i}]");
            if (!seen.Add(config.Name))
            {
                errors.Add($"{at}: Duplicate value: \"{config.Name}\"");
            }
            errors.AddRange(PluginArguments.Check(config.Name, config.Args, $"{at}.args"));
        }
        if (profile.Plugins.Get("queueSort") is { Enabled.Count: > 1 and var sorts })
        {
            errors.Add(PluginArguments.Invalid($"{path}.plugins.queueSort.Enabled", sorts,
                "only one queue sort plugin can be enabled"));
        }
    }

    private static void Check(Seq<SchedulerExtender> extenders, List<string> errors)
    {
        var managed = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < extenders.Count; i++)
        {
            var extender = extenders[i];
            if (!string.IsNullOrEmpty(extender.PrioritizeVerb) && extender.Weight <= 0)
            {
                errors.Add(PluginArguments.Invalid($"extenders[{i}].weight", extender.Weight,
                    "must have a positive weight applied to it"));
            }
            for (var j = 0; j < extender.ManagedResources.Count; j++)
            {
                var (name, at) = (extender.ManagedResources[j].Name,
                    $"extenders[{i}].managedResources[{j}].name");
                if (!ResourceAmounts.IsExtended(name))
                {
                    errors.Add(PluginArguments.Invalid(
                        at, name, "is an invalid extended resource name"));
                }
                if (!managed.Add(name))
                {
                    errors.Add(PluginArguments.Invalid(
                        at, name, "duplicate extender managed resource name"));
                }
            }
        }
        if (extenders.Count(e => !string.IsNullOrEmpty(e.BindVerb)) is > 1 and var binders)
        {
            errors.Add(PluginArguments.Invalid("extenders", $"found {binders} extenders "
                + "implementing bind", "only one extender can implement bind"));
        }
    }

    private static string SortOf(SchedulerProfile profile) =>
        profile.Plugins.Get("queueSort") is not { } sort ? ""
            : string.Join(' ', sort.Enabled.Select(e => e.Name)
                .Concat(sort.Disabled.Select(d => $"-{d.Name}")));

    private static void FindUnknown(JsonNode? node, Type type, string path, List<string> found)
    {
        var part = type.IsGenericType ? type.GetGenericArguments()[0] : null;
        if (node is JsonArray list && part is not null)
        {
            for (var i = 0; i < list.Count; i++)
            {
                FindUnknown(list[i], part, $"{path}[{i}]", found);
            }
        }
        if (node is not JsonObject map)
        {
            return;
        }
        if (RecordSchema.Of(type) is { } schema)
        {
            found.AddRange(SchemaCheck.UnknownFields(map, schema, path)
                .Select(p => Unknown(p.Path, p.Meant)));
            return;
        }
        foreach (var (key, value) in map)
        {
            var at = path.Length == 0 ? key : $"{path}.{key}";
            if (part is not null)
            {
                FindUnknown(value, part, at, found);
            }
            else if (typeof(ApiPart).IsAssignableFrom(type))
            {
                var fields = type.GetProperties()
                    .Where(p => p.DeclaringType == type && p.SetMethod is not null
                        && !p.IsDefined(typeof(JsonIgnoreAttribute), inherit: false))
                    .ToDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name),
                        p => p.PropertyType);
                if (fields.TryGetValue(key, out var field))
                {
                    FindUnknown(value, field, at, found);
                }
                else
                {
                    found.Add(Unknown(at, Nearest.To(key, fields.Keys)));
                }
            }
        }
    }

    private static string Unknown(string path, string? meant) => $"unknown field \"{path}\""
        + (meant is null ? "" : $", did you mean \"{meant}\"?");
}
