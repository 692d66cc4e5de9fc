using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl top</c>: what pods and nodes use, as the metrics server has it; without one
/// there is no such API.</summary>
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

    private readonly record struct Style(string? By, bool Bare)
    {
        // Looked at before anything is read.
        public static Style Of(Invocation call) =>
            call.Flags["sort-by"] is null or "cpu" or "memory"
                ? new(call.Flags["sort-by"], call.Flags.On("no-headers"))
                : throw new KubectlException("--sort-by accepts only cpu or memory");
    }

    private static void RunPods(Invocation call)
    {
        var (style, all) = (Style.Of(call), call.AllNamespaces);
        var (inside, sums) = (call.Flags.On("containers"), call.Flags.On("sum"));
        var named = call.Args is [var one, ..] ? one : "";
        var pods = Read(call, new(MetricKinds.Pods, all ? "" : call.Namespace, named),
            call.Flags["field-selector"]);
        if (pods.Count == 0)
        {
            ExplainNone(call, all ? "" : call.Namespace);
            call.ErrorLine(all ? "No resources found"
                : $"No resources found in {call.Namespace} namespace.");
            return;
        }
        var rows = pods.SelectMany(pod =>
        {
            var start = (all ? $"{pod.TextAt("metadata", "namespace")}\t" : "")
                + $"{pod.TextAt("metadata", "name")}\t";
            var of = pod.ItemsAt("containers").ToList();
            return inside ? of.Select(c => new Row($"{start}{c.TextAt("name")}\t",
                    Amount([c], "cpu"), Amount([c], "memory"), null))
                : [new Row(start, Amount(of, "cpu"), Amount(of, "memory"), null)];
        }).ToList();
        var head = (all ? "NAMESPACE\t" : "") + (inside ? "POD\t" : "");
        Print(call, style, $"{head}NAME\tCPU(cores)\tMEMORY(bytes)\t\n", rows,
            sums ? Sum(rows, head.Count(c => c == '\t')) : "");
    }

    private static void RunNodes(Invocation call)
    {
        var (style, whole) = (Style.Of(call), call.Flags.On("show-capacity"));
        var measured = Read(call, new(MetricKinds.Nodes, "", ""), null)
            .ToDictionary(m => m.TextAt("metadata", "name"), StringComparer.Ordinal);
        var nodes = ResourceArgs.Fetch(call, ResourceArgs.Read(call, ["nodes", .. call.Args]))
            .Cast<Node>().Where(node => measured.ContainsKey(node.Metadata.Name)).ToList();
        if (nodes.Count == 0)
        {
            throw new KubectlException("metrics not available yet");
        }
        Print(call, style, "NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n", [.. nodes.Select(
            node => new Row($"{node.Metadata.Name}\t",
                Amount([measured[node.Metadata.Name]], "cpu"),
                Amount([measured[node.Metadata.Name]], "memory"),
                whole ? node.Status.Capacity : node.Status.Allocatable))], "");
    }

    private static List<JsonNode> Read(Invocation call, ResourcePath path, string? fields)
    {
        try
        {
            var answer = call.Send(new(path.Name.Length > 0 ? Verb.Get : Verb.List, path)
            {
                Query = new() { LabelSelector = call.Flags["selector"], FieldSelector = fields },
            }).EnsureSuccess();
            return [.. (answer.Items ?? [answer.Object!]).Select(o => Json.Encode(o))];
        }
        catch (ApiException refused) when (refused.IsNotFound
            && refused.Status.Details?.Kind != "podmetrics")
        {
            throw new KubectlException("Metrics API not available");
        }
    }

    // A pod has two minutes before anybody wonders.
    private static void ExplainNone(Invocation call, string ns)
    {
        var pods = call.List<Pod>(ns, call.Flags["selector"], call.Flags["field-selector"]);
        foreach (var pod in pods)
        {
            var age = call.Server.Now - (pod.Metadata.CreationTimestamp?.DateTime ?? default);
            if (age > TimeSpan.FromMinutes(2))
            {
                throw new KubectlException("Metrics not available for pod "
                    + $"{pod.Metadata.Namespace}/{pod.Metadata.Name}, age: "
                    + GoDuration.Format(age));
            }
        }
        if (pods.Any())
        {
            throw new KubectlException("metrics not available yet");
        }
    }

    private static Quantity Amount(IEnumerable<JsonNode> measured, string resource) =>
        measured.Aggregate(new Quantity(0), (sum, m) =>
            sum + Quantity.Parse(m.TextAt("usage", resource)));

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

    private static void Print(
        Invocation call, Style style, string head, List<Row> rows, string foot)
    {
        IEnumerable<Row> sorted = style.By switch
        {
            "cpu" => rows.OrderByDescending(r => r.Cpu),
            "memory" => rows.OrderByDescending(r => r.Memory),
            _ => rows.OrderBy(r => r.Start, StringComparer.Ordinal),
        };
        call.Print(TableText.Align((style.Bare ? "" : head)
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
