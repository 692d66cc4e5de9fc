namespace KubeSim;

/// <summary><c>kubectl get</c>: shows objects, as a table or in a format for programs.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/get/get.go.</remarks>
internal static class GetCommand
{
    public static readonly KubectlCommand Command = new("get",
        "output/o selector/l field-selector all-namespaces/A! no-headers! show-labels! "
        + "label-columns/L sort-by ignore-not-found! filename/f watch/w! watch-only! show-kind! "
        + "show-managed-fields! chunk-size server-print! template allow-missing-template-keys!",
        Run);

    private static void Run(Invocation call)
    {
        if (call.Flags.On("watch") || call.Flags.On("watch-only"))
        {
            throw new KubectlException("watching is not simulated here: step the cluster instead, "
                + "or use \"kubectl wait\"");
        }
        var files = call.Flags.All("filename");
        if (call.Args.Count == 0 && files.Count == 0)
        {
            call.ErrorLine("You must specify the type of resource to get. Use \"kubectl "
                + "api-resources\" for a complete list of supported resources.\n");
            throw call.UsageError("Required resource not specified.\nUse \"kubectl explain "
                + "<resource>\" for a detailed description of that resource (e.g. kubectl explain "
                + "pods).");
        }
        var format = call.Flags["output"] ?? "";
        var output = OutputFormat.Parse(format);
        if (call.Flags.On("show-labels") && format is not ("" or "wide"))
        {
            throw new KubectlException(
                $"--show-labels option cannot be used with {format} printer");
        }
        var targets = files.Count > 0 ? ManifestFiles.Targets(call)
            : ResourceArgs.Read(call, call.Args);
        var found = ResourceArgs.Fetch(call, targets);
        if (call.Flags["sort-by"] is { Length: > 0 } field)
        {
            found = Sorter.Sort(found, field);
        }
        if (output is null)
        {
            PrintTables(call, found, targets, format == "wide");
        }
        else
        {
            var one = targets.Count == 1 && targets[0].Name.Length > 0;
            output(call, found, one);
        }
    }

    private static void PrintTables(
        Invocation call, List<ApiObject> found, List<ResourceTarget> targets, bool wide)
    {
        if (found.Count == 0)
        {
            var anyNamed = targets.Any(t => t.Name.Length > 0);
            if (!anyNamed && !call.Failed && !call.Flags.On("ignore-not-found"))
            {
                var inNamespace = targets.Any(t => t.Kind.Namespaced) && !call.AllNamespaces;
                call.ErrorLine(inNamespace
                    ? $"No resources found in {call.Namespace} namespace." : "No resources found");
            }
            return;
        }
        var withKind = call.Flags.On("show-kind")
            || targets.Select(t => t.Kind).Distinct().Count() > 1;
        for (var i = 0; i < found.Count;)
        {
            var kind = found[i].Kind;
            var end = i;
            while (end < found.Count && found[end].Kind.Equals(kind))
            {
                end++;
            }
            if (i > 0)
            {
                call.Print("\n");
            }
            var table = Table.Of(kind, found[i..end], call.Now);
            call.Print(TableText.Write(table, new()
            {
                Wide = wide,
                WithKind = withKind ? kind : null,
                WithNamespace = call.AllNamespaces && kind.Namespaced,
                NoHeaders = call.Flags.On("no-headers"),
                ShowLabels = call.Flags.On("show-labels"),
                LabelColumns = [.. call.Flags.All("label-columns").SelectMany(l => l.Split(','))],
            }));
            i = end;
        }
    }
}
