using System.Collections;
using System.Reflection;

namespace KubeSim;

/// <summary>Finds the kept fields of an object, for the report "kept, no effect here".</summary>
internal static class JsonKept
{
    public static void Walk(ApiPart part, string path, List<string> paths)
    {
        if (part.Kept is { } kept)
        {
            paths.AddRange(
                kept.Keys.Order(StringComparer.Ordinal).Select(name => Join(path, name)));
        }
        foreach (var property in part.GetType()
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .OrderBy(property => property.Name, StringComparer.Ordinal))
        {
            if (property.SetMethod is null || property.Name == nameof(ApiPart.Kept)
                || property.GetIndexParameters().Length > 0)
            {
                continue;
            }
            var name = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (property.PropertyType.IsAssignableTo(typeof(ApiPart)))
            {
                if (property.GetValue(part) is ApiPart inner)
                {
                    Walk(inner, Join(path, name), paths);
                }
            }
            else if (property.PropertyType.IsGenericType
                && property.PropertyType.GetGenericTypeDefinition() == typeof(Seq<>)
                && property.PropertyType.GetGenericArguments()[0].IsAssignableTo(typeof(ApiPart)))
            {
                var index = 0;
                foreach (ApiPart item in (IEnumerable)property.GetValue(part)!)
                {
                    Walk(item, $"{Join(path, name)}[{index++}]", paths);
                }
            }
        }
    }

    private static string Join(string path, string name) =>
        path.Length == 0 ? name : $"{path}.{name}";
}
