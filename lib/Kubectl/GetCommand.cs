namespace KubeSim;

/// <summary><c>kubectl get</c>: shows objects, as a table or in a format for programs.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/get/get.go.</remarks>
internal static class GetCommand
{
    public static readonly KubectlCommand Command = new("get", CommandFlags.Files
        + "output/o selector/l field-selector all-namespaces/A! no-headers! show-labels! "
        + "label-columns/L sort-by ignore-not-found! watch/w! watch-only! output-watch-events! "
        + "show-kind! chunk-size template show-managed-fields! ~server-print! ~raw ~subresource "
        + "~allow-missing-template-keys!", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0 && call.Flags.All("filename").Count == 0)
        {
            call.ErrorLine("You must specify the type of resource to get. Use \"kubectl "
                + "api-resources\" for a complete list of supported resources.\n");
            throw call.UsageError("Required resource not specified.\nUse \"kubectl explain "
                + "<resource>\" for a detailed description of that resource (e.g. kubectl explain "
                + "pods).");
        }
        var format = call.Flags["output"] ?? "";
        var output = call.Output;
        var watch = call.Flags.On("watch") || call.Flags.On("watch-only");
        if (call.Flags.On("show-labels") && format is not ("" or "wide"))
        {
            throw new KubectlException(
                $"--show-labels option cannot be used with {format} printer");
        }
        if (call.Flags.On("output-watch-events") && !watch)
        {
            throw call.UsageError("--output-watch-events option can only be used with --watch or "
                + "--watch-only");
        }
        var targets = ResourceArgs.Targets(call);
        var field = call.Flags["sort-by"] ?? "";
        if (watch)
        {
            if (field.Length > 0)
            {
                call.ErrorLine("warning: --watch or --watch-only requested, --sort-by will be "
                    + "ignored");
            }
            Watch(call, targets, format);
            return;
        }
        var found = ResourceArgs.Fetch(call, targets);
        found = field.Length > 0 ? Sorter.Sort(found, field) : found;
        if (output is null)
        {
            PrintTables(call, found, targets, format == "wide");
            return;
        }
        // What was asked for by name and is not there leaves nothing to print.
        var one = targets.Count == 1 && targets[0].Name.Length > 0;
        if (found.Count > 0 || !(one || call.Flags.On("ignore-not-found")))
        {
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
            if (i > 0 && !call.Flags.On("no-headers"))
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
            LabelColumns = [.. call.Flags.Words("label-columns")],
        };

    // The list, and then a row for each change, until somebody ends it or nothing more happens.
    // Columns stay as wide as they were.
    private static void Watch(Invocation call, List<ResourceTarget> targets, string format)
    {
        if (targets.Count != 1)
        {
            throw new KubectlException("watch is only supported on individual resources and "
                + $"resource collections - {DescribeText.Number(targets.Count)} resources were "
                + "found");
        }
        var (kind, _, name) = targets[0];
        var request = ResourceArgs.Request(call, targets[0] with { Name = "" });
        request = name.Length == 0 ? request : request with
        {
            Query = request.Query with { FieldSelector = $"metadata.name={name}" },
        };
        var list = call.Send(request).EnsureSuccess();
        if (name.Length > 0 && list.Items!.Count == 0)
        {
            throw ApiErrors.NotFound(kind, name);
        }
        var options = Options(call, kind, format == "wide", call.Flags.On("show-kind"));
        var widths = new List<int>();
        void Show(string change, IReadOnlyList<ApiObject> objects)
        {
            var events = call.Flags.On("output-watch-events");
            if (call.Output is { } print)
            {
                objects.ToList().ForEach(o => PrintOne(call, events ? change : "", o, print));
            }
            else if (objects.Count > 0)
            {
                call.Print(TableText.Write(Table.Of(kind, objects, call.Now), options with
                {
                    NoHeaders = options.NoHeaders || widths.Count > 0,
                    Event = events ? change : null,
                }, widths));
            }
        }
        if (!call.Flags.On("watch-only"))
        {
            Show("ADDED", list.Items!);
        }
        call.FollowList(request, list.List!.ResourceVersion, e => Show(
            e.Old is null ? "ADDED" : e.New is null ? "DELETED" : "MODIFIED",
            [(e.New ?? e.Old)!]));
    }

    private static void PrintOne(
        Invocation call, string change, ApiObject o, OutputFormat.Printer print)
    {
        if (change.Length == 0)
        {
            print(call, [o], true);
            return;
        }
        var format = call.Flags["output"];
        call.Line(format == "json"
            ? $"{{\"type\":\"{change}\",\"object\":{Json.Compact(Json.Encode(o))}}}"
            : throw CommandFlags.Refused($"output={format} of watch events"));
    }
}
