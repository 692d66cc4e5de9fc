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
        var output = OutputFormat.Parse(call);
        if (call.Flags.On("show-labels") && format is not ("" or "wide"))
        {
            throw new KubectlException(
                $"--show-labels option cannot be used with {format} printer");
        }
        var targets = files.Count > 0 ? ManifestFiles.Targets(call)
            : ResourceArgs.Read(call, call.Args);
        if (call.Flags.On("watch") || call.Flags.On("watch-only"))
        {
            Watch(call, targets, output, format == "wide");
            return;
        }
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
            call.Print(TableText.Write(Table.Of(kind, found[i..end], call.Now),
                Options(call, kind, wide, withKind)));
            i = end;
        }
    }

    private static TableOptions Options(Invocation call, Kind kind, bool wide, bool withKind) =>
        new()
        {
            Wide = wide,
            WithKind = withKind ? kind : null,
            WithNamespace = call.AllNamespaces && kind.Namespaced,
            NoHeaders = call.Flags.On("no-headers"),
            ShowLabels = call.Flags.On("show-labels"),
            LabelColumns = [.. call.Flags.All("label-columns").SelectMany(l => l.Split(','))],
        };

    // The list, and then a row for each change, until the terminal or --request-timeout ends it or
    // nothing more happens. Columns stay as wide as they were.
    private static void Watch(Invocation call, List<ResourceTarget> targets,
        OutputFormat.Printer? output, bool wide)
    {
        if (targets.Count != 1)
        {
            throw new KubectlException("watch is only supported on individual resources and "
                + $"resource collections - {DescribeText.Number(targets.Count)} resources were "
                + "found");
        }
        var (kind, ns, name) = targets[0];
        var fields = name.Length > 0 ? $"metadata.name={name}" : call.Flags["field-selector"];
        var request = ResourceArgs.Request(call, targets[0] with { Name = "" });
        request = request with { Query = request.Query with { FieldSelector = fields } };
        var list = call.Send(request).EnsureSuccess();
        if (name.Length > 0 && list.Items!.Count == 0)
        {
            throw ApiErrors.NotFound(kind, name);
        }
        var options = Options(call, kind, wide, call.Flags.On("show-kind"));
        var widths = new List<int>();
        void Show(IReadOnlyList<ApiObject> objects)
        {
            if (output is not null)
            {
                objects.ToList().ForEach(o => output(call, [o], true));
            }
            else if (objects.Count > 0)
            {
                call.Print(TableText.Write(Table.Of(kind, objects, call.Now),
                    options with { NoHeaders = options.NoHeaders || widths.Count > 0 }, widths));
            }
        }
        if (!call.Flags.On("watch-only"))
        {
            Show(list.Items!);
        }
        using var watch = call.Send(new(Verb.Watch, new(kind, ns, ""))
        {
            Query = request.Query with { ResourceVersion = $"{list.List!.ResourceVersion}" },
        }).EnsureSuccess().Watch!;
        var end = call.Now + (call.Flags["request-timeout"] is { } text
            && GoDuration.TryParse(text, out var span) ? span : TimeSpan.FromMinutes(10));
        for (var left = call.Terminal.Steps ?? int.MaxValue;
            left > 0 && call.Now < end && call.Server.Step(); left--)
        {
            while (watch.TryNext(out var change))
            {
                Show([(change.New ?? change.Old)!]);
            }
        }
    }
}
