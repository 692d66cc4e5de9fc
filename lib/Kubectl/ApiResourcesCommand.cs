namespace KubeSim;

/// <summary><c>kubectl api-resources</c>: the kinds that the server serves, by group and
/// name.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/apiresources/apiresources.go.</remarks>
internal static class ApiResourcesCommand
{
    public static readonly KubectlCommand Command = new("api-resources",
        "output/o no-headers! namespaced! api-group verbs sort-by cached! categories", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count > 0)
        {
            throw call.UsageError($"unexpected arguments: [{string.Join(' ', call.Args)}]");
        }
        var sort = call.Flags["sort-by"] ?? "";
        var kinds = (sort switch
        {
            "" => call.Kinds.All.OrderBy(kind => kind.Group, StringComparer.Ordinal),
            "name" => call.Kinds.All.OrderBy(kind => kind.Plural, StringComparer.Ordinal),
            "kind" => call.Kinds.All.OrderBy(kind => kind.Name, StringComparer.Ordinal),
            _ => throw new KubectlException("--sort-by accepts only name or kind"),
        }).ThenBy(kind => kind.Plural, StringComparer.Ordinal).Where(kind => Wanted(call, kind));
        var format = call.Flags["output"] ?? "";
        call.Print(format switch
        {
            "name" => string.Concat(kinds.Select(kind => $"{kind.Resource}\n")),
            "" or "wide" => TableText.Align((call.Flags.On("no-headers") ? ""
                : "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND"
                    + (format == "wide" ? "\tVERBS\tCATEGORIES\n" : "\n"))
                + string.Concat(kinds.Select(kind => Row(kind, format == "wide")))),
            "json" or "yaml" => throw CommandFlags.Refused($"output={format}"),
            _ => throw new KubectlException($"--output {format} is not available"),
        });
    }

    private static string Row(Kind kind, bool wide) =>
        $"{kind.Plural}\t{string.Join(',', kind.ShortNames)}\t{kind.ApiVersion}\t"
        + $"{DescribeText.Lower(kind.Namespaced)}\t{kind.Name}"
        + (wide ? $"\t{string.Join(',', kind.ServedVerbs)}\t{string.Join(',', kind.Categories)}\n"
            : "\n");

    private static bool Wanted(Invocation call, Kind kind) =>
        (call.Flags["namespaced"] is null || call.Flags.On("namespaced") == kind.Namespaced)
        && (call.Flags["api-group"] is not { } group || group == kind.Group)
        && call.Flags.Words("verbs").TrueForAll(verb => kind.ServedVerbs.Contains(verb))
        && call.Flags.Words("categories").TrueForAll(c => kind.Categories.Contains(c));
}
