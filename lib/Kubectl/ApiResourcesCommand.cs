using System.Text;

namespace KubeSim;

/// <summary><c>kubectl api-resources</c>: the kinds that the server serves.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/apiresources/apiresources.go.</remarks>
internal static class ApiResourcesCommand
{
    public static readonly KubectlCommand Command = new("api-resources",
        "output/o no-headers! namespaced api-group verbs sort-by cached! categories", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count > 0)
        {
            throw call.UsageError($"unexpected arguments: [{string.Join(' ', call.Args)}]");
        }
        var kinds = call.Kinds.All.Where(kind => Wanted(call, kind))
            .OrderBy(kind => kind.Group, StringComparer.Ordinal)
            .ThenBy(kind => kind.Plural, StringComparer.Ordinal);
        if (call.Flags["output"] == "name")
        {
            foreach (var kind in kinds)
            {
                call.Line(kind.Resource);
            }
            return;
        }
        var wide = call.Flags["output"] == "wide";
        var text = new StringBuilder();
        if (!call.Flags.On("no-headers"))
        {
            text.Append("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND")
                .Append(wide ? "\tVERBS\tCATEGORIES\n" : "\n");
        }
        foreach (var kind in kinds)
        {
            text.Append($"{kind.Plural}\t{string.Join(',', kind.ShortNames)}\t{kind.ApiVersion}\t"
                + $"{DescribeText.Lower(kind.Namespaced)}\t{kind.Name}");
            text.Append(wide ? $"\t{string.Join(',', kind.ServedVerbs)}\t"
                + $"{string.Join(',', kind.Categories)}\n" : "\n");
        }
        call.Print(TableText.Align(text.ToString()));
    }

    private static bool Wanted(Invocation call, Kind kind) =>
        (call.Flags["namespaced"] is not { } n || (n == "true") == kind.Namespaced)
        && (call.Flags["api-group"] is not { } group || group == kind.Group)
        && (call.Flags["verbs"] is not { } verbs
            || verbs.Split(',').All(verb => kind.ServedVerbs.Contains(verb)));
}
