namespace KubeSim;

/// <summary><c>kubectl top</c>: what pods and nodes use, as the metrics server has it; without one
/// there is no such API. A pod of which nobody has said anything uses nothing.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/top and .../metricsutil.</remarks>
internal static class TopCommand
{
    private const string Shared =
        "selector/l sort-by no-headers! ~use-protocol-buffers! ~show-swap! ";

    public static readonly KubectlCommand Pods = new("top pod", Shared
        + "all-namespaces/A! containers! field-selector sum!", RunPods)
    {
        Aliases = ["top pods", "top po"],
    };

    public static readonly KubectlCommand Nodes = new("top node", Shared + "show-capacity!",
        RunNodes)
    {
        Aliases = ["top nodes", "top no"],
    };

    private sealed record Row(string Start, Quantity Cpu, Quantity Memory, Map<Quantity>? Of);

    private static void RunPods(Invocation call)
    {
        var usage = Usage(call);
        var all = call.AllNamespaces;
        var pods = call.List<Pod>(all ? "" : call.Namespace, call.Flags["selector"],
            call.Flags["field-selector"]).Where(p => p.Status.Phase == "Running").ToList();
        if (call.Args is [var name, ..])
        {
            pods = pods.FindAll(p => p.Metadata.Name == name);
            if (pods.Count == 0)
            {
                throw ApiErrors.Of(404, "NotFound", call.Find(Kinds.Pod, call.Namespace, name)
                    is null ? $"podmetrics.metrics.k8s.io \"{call.Namespace}/{name}\" not found"
                    : $"pods.metrics.k8s.io \"{call.Namespace}/{name}\" not found");
            }
        }
        if (pods.Count == 0)
        {
            call.ErrorLine(all ? "No resources found"
                : $"No resources found in {call.Namespace} namespace.");
            return;
        }
        var inside = call.Flags.On("containers");
        var rows = pods.SelectMany(pod =>
        {
            var used = usage(pod);
            var start = (all ? $"{pod.Metadata.Namespace}\t" : "") + $"{pod.Metadata.Name}\t";
            // What is said of a pod is its first container's.
            return inside ? pod.Spec.Containers.Select((c, i) => new Row($"{start}{c.Name}\t",
                    i == 0 ? used.Cpu ?? new(0) : new(0), i == 0 ? used.Memory ?? new(0) : new(0),
                    null))
                : [new Row(start, used.Cpu ?? new(0), used.Memory ?? new(0), null)];
        }).ToList();
        var head = (all ? "NAMESPACE\t" : "") + (inside ? "POD\t" : "");
        var sum = call.Flags.On("sum")
            ? Sum(rows, head.Count(c => c == '\t')) : "";
        Print(call, $"{head}NAME\tCPU(cores)\tMEMORY(bytes)\t\n", rows, sum);
    }

    private static void RunNodes(Invocation call)
    {
        var usage = Usage(call);
        var nodes = ResourceArgs.Fetch(call, ResourceArgs.Read(call, ["nodes", .. call.Args]))
            .Cast<Node>();
        var pods = call.List<Pod>("").Where(p => p.Status.Phase == "Running")
            .ToLookup(p => p.Spec.NodeName ?? "", StringComparer.Ordinal);
        var whole = call.Flags.On("show-capacity");
        Print(call, "NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n", [.. nodes.Select(
            node =>
            {
                var used = pods[node.Metadata.Name].Select(usage).ToList();
                return new Row($"{node.Metadata.Name}\t",
                    used.Aggregate(new Quantity(0), static (sum, u) => sum + (u.Cpu ?? new(0))),
                    used.Aggregate(new Quantity(0), static (sum, u) => sum + (u.Memory ?? new(0))),
                    whole ? node.Status.Capacity : node.Status.Allocatable);
            })], "");
    }

    // The API of metrics is there when its APIService is and a pod behind it is ready.
    private static Func<Pod, Usage> Usage(Invocation call)
    {
        var service = call.Find(call.Kinds.Find("apiregistration.k8s.io/v1", "APIService")!, "",
            "v1beta1.metrics.k8s.io") is { } api ? Json.Encode(api).At("spec", "service") : null;
        return service is not null && call.List<EndpointSlice>(service.TextAt("namespace"),
                $"kubernetes.io/service-name={service.TextAt("name")}")
            .Any(s => s.Endpoints.Any(e => e.Conditions.Ready == true)) ? call.Server.UsageOf
            : throw new KubectlException("Metrics API not available");
    }

    private static string Sum(List<Row> rows, int before)
    {
        var blanks = new string('\t', before);
        var (cpu, memory) = (new Quantity(0), new Quantity(0));
        foreach (var row in rows)
        {
            (cpu, memory) = (cpu + row.Cpu, memory + row.Memory);
        }
        return $"{blanks}\t________\t________\t\n{blanks}\t{Amounts(new("", cpu, memory, null))}\n";
    }

    private static void Print(Invocation call, string head, List<Row> rows, string foot)
    {
        IEnumerable<Row> sorted = call.Flags["sort-by"] switch
        {
            null => rows.OrderBy(r => r.Start, StringComparer.Ordinal),
            "cpu" => rows.OrderByDescending(r => r.Cpu),
            "memory" => rows.OrderByDescending(r => r.Memory),
            _ => throw new KubectlException("--sort-by accepts only cpu or memory"),
        };
        call.Print(TableText.Align((call.Flags.On("no-headers") ? "" : head)
            + string.Concat(sorted.Select(r => $"{r.Start}{Amounts(r)}\n")) + foot));
    }

    private static string Amounts(Row row) =>
        $"{DescribeText.Number(row.Cpu.MilliValue)}m\t{Share(row, "cpu", row.Cpu)}"
        + $"{DescribeText.Number(row.Memory.Value / (1 << 20))}Mi\t"
        + Share(row, "memory", row.Memory);

    private static string Share(Row row, string resource, Quantity used) =>
        row.Of is not { } room || !room.TryGetValue(resource, out var all) || all.IsZero ? ""
        : $"{DescribeText.Number((long)(used.ToDouble() / all.ToDouble() * 100))}%\t";
}
