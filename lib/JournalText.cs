using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>One line of a journal as text: when, and what.</summary>
public sealed record JournalLine
{
    /// <summary>The file and line, for errors.</summary>
    public required (string File, int Line) Place { get; init; }

    /// <summary>When: time since the start; null for <c>settled</c>, once the cluster has
    /// converged.</summary>
    public TimeSpan? At { get; init; }

    /// <summary>After how many work items exactly; null for a line that a person wrote.</summary>
    public long? Items { get; init; }

    /// <summary>What; null for an <c>apply</c>, whose object is in <see cref="Apply"/>.</summary>
    public Input? Input { get; init; }

    /// <summary>The object to create, or to patch where it is there.</summary>
    public ApiObject? Apply { get; init; }
}

/// <summary>What a journal as text holds.</summary>
public sealed record JournalRead(Seq<JournalLine> Lines, Seq<ManifestError> Errors);

/// <summary>
/// Journals as text, one JSON object a line:
/// <c>{"at":"5s"|"settled", OP}</c> with OP one of <c>apply</c>, <c>create</c>, <c>update</c> (an
/// object), <c>patch</c>, <c>delete</c>, <c>fault</c>, <c>probe</c>, <c>metrics</c>, <c>metric</c>,
/// <c>traffic</c>, <c>load</c>, <c>outside</c>, <c>cloud</c>, <c>reseed</c>, <c>shell</c>,
/// <c>exec</c>, <c>registry</c>, <c>file</c>,
/// <c>compact</c> and <c>etcd</c>. <c>as</c> is who sends a request, <c>manager</c> the name that
/// its fields are owned under (an apply patch may take others' by <c>force</c>). What a run saves
/// also says after how many work items, so that a replay comes out the same to the last digest.
/// </summary>
public static class JournalText
{
    private static readonly string[] Operations =
        ["apply", "create", "update", "patch", "delete", "fault", "compact",
            "probe", "exec", "metrics", "metric", "traffic", "load", "outside", "reseed", "etcd",
            "shell", "file", "cloud", "registry"];

    /// <summary>Reads a journal. Every line that cannot be read is an error with its
    /// place.</summary>
    public static JournalRead Read(string text, string file, KindRegistry kinds)
    {
        var (lines, errors) = (new List<JournalLine>(), new List<ManifestError>());
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }
            try
            {
                var read = new Reader(file, number, kinds).Read(line);
                lines.Add(read);
                kinds = kinds.WithCustom(Defined(read));
            }
            catch (JournalException e)
            {
                errors.AddRange(e.Errors);
            }
        }
        return new([.. lines], [.. errors]);
    }

    // What a line brings may define the kind of a later one.
    private static IEnumerable<ApiObject> Defined(JournalLine line) =>
        (line.Apply ?? ((line.Input as RequestInput)?.Request.Body as Payload.Typed)?.Object)
            is { } o ? [o] : [];

    /// <summary>Writes a journal.</summary>
    /// <exception cref="NotSupportedException">An input holds a delegate; the message names
    /// it.</exception>
    public static string Write(IEnumerable<JournalEntry> journal, DateTime start)
    {
        var text = new StringBuilder();
        foreach (var entry in journal)
        {
            if (entry.Input.HoldsDelegate)
            {
                throw new NotSupportedException(
                    $"the journal cannot be saved: \"{entry.Input.Describe}\" "
                    + "holds a delegate; run it from code instead");
            }
            var line = new JsonObject
            {
                ["at"] = GoDuration.Format(entry.Time - start),
                ["items"] = entry.Items,
            };
            JournalWriter.Write(entry.Input, line);
            text.Append(line.ToJsonString(Json.Options)).Append('\n');
        }
        return text.ToString();
    }

    private sealed class JournalException(params ManifestError[] errors) : Exception
    {
        public ManifestError[] Errors { get; } = errors;
    }

    private sealed class Reader(string file, int number, KindRegistry kinds)
    {
        public JournalLine Read(string text)
        {
            var line = Parse(text);
            var operations = Operations.Where(line.ContainsKey).ToArray();
            if (operations.Length != 1)
            {
                var unknown = line.Select(f => f.Key)
                    .FirstOrDefault(k => k is not ("at" or "items") && !Operations.Contains(k));
                throw Error("", (unknown is null ? "" : $"unknown operation \"{unknown}\"; ")
                    + "a line holds one operation: " + string.Join(", ", Operations));
            }
            var read = new JournalLine
            {
                Place = (file, number), At = Time(line["at"]), Items = (long?)line["items"],
            };
            read = Operation(operations[0], line[operations[0]]!, read);
            return read.Input is RequestInput input
                ? read with { Input = new RequestInput(Whose(input.Request, line)) } : read;
        }

        // Who sent a request, and under which name its fields are theirs.
        private ApiRequest Whose(ApiRequest request, JsonObject line)
        {
            var manager = (string?)line["manager"]
                ?? (request.Body is Payload.Patch { Kind: PatchKind.Apply } ? "kubectl" : null);
            request = line["as"] is JsonObject user ? request with { User = User(user) } : request;
            return manager is null ? request : request with
            {
                Query = new() { FieldManager = manager, Force = (bool?)line["force"] ?? false },
            };
        }

        private UserInfo User(JsonObject user) => new(Text(user, "as", "user") ?? "",
            (user["groups"] as JsonArray ?? []).Select(g => (string)g!).ToSeq());

        private JournalLine Operation(string name, JsonNode body, JournalLine line) => name switch
        {
            "apply" => line with { Apply = Object(name, body) },
            "create" => line with { Input = Request(Verb.Create, Object(name, body), "") },
            "update" => line with
            {
                Input = Request(Verb.Update, Object(name, body["object"] ?? body),
                    Text(body, name, "subresource") ?? ""),
            },
            "patch" => line with { Input = Patch(body) },
            "delete" => line with { Input = Delete(body) },
            "fault" => line with { Input = Fault(body) },
            "probe" => line with { Input = Probe(body) },
            "exec" => line with { Input = Exec(body) },
            "reseed" => line with { Input = Reseed(body) },
            "etcd" => line with { Input = new EtcdInput(Part<EtcdRequest>(body, name)) },
            "registry" => line with { Input = Registry(body) },
            "cloud" => line with { Input = Cloud(body) },
            "metrics" => line with { Input = Metrics(body) },
            "shell" => line with
            {
                Input = new ShellInput(
                    Text(body, name, "node") ?? throw Error("shell.node", "is missing"),
                    Text(body, name, "command") ?? throw Error("shell.command", "is missing")),
            },
            "file" => line with
            {
                Input = new NodeFileInput(
                    Text(body, name, "node") ?? throw Error("file.node", "is missing"),
                    Text(body, name, "path") ?? throw Error("file.path", "is missing"),
                    Text(body, name, "content")),
            },
            "metric" => line with { Input = Number(body) },
            "traffic" => line with { Input = Traffic(body) },
            "load" => line with { Input = Load(body) },
            "outside" => line with
            {
                Input = new OutsideNameInput(
                    Text(body, name, "name") ?? throw Error("outside.name", "is missing"),
                    (body["addresses"] as JsonArray ?? []).Select(a => $"{a}").ToSeq()),
            },
            _ => line with { Input = new CompactInput(new(Number(body, name))) },
        };

        private JsonObject Parse(string text)
        {
            try
            {
                return JsonNode.Parse(text) as JsonObject
                    ?? throw Error("", "a journal line is a JSON object");
            }
            catch (JsonException e)
            {
                throw new JournalException(new ManifestError(file, number,
                    (int)(e.BytePositionInLine ?? 0) + 1, "", "this line is not JSON"));
            }
        }

        private TimeSpan? Time(JsonNode? at)
        {
            var text = at is JsonValue value && value.TryGetValue<string>(out var s) ? s : null;
            if (text == "settled")
            {
                return null;
            }
            var read = GoDuration.TryParse(text ?? "", out var span) && span >= TimeSpan.Zero;
            return read ? span : throw Error("at",
                "must be a duration since the start, such as \"5s\", or \"settled\"");
        }

        private ApiObject Object(string name, JsonNode body)
        {
            var documents = Manifest.Read(body.ToJsonString(Json.Options), file, kinds);
            var errors = documents.SelectMany(d => d.Errors)
                .Select(e => e with { Line = number, Column = 1 }).ToArray();
            if (errors.Length > 0)
            {
                throw new JournalException(errors);
            }
            return documents is [{ Object: { } o }] ? o : throw Error(name, "must be one object");
        }

        private static RequestInput Request(Verb verb, ApiObject o, string subresource)
        {
            var ns = o.Kind.Namespaced && o.Metadata.Namespace.Length == 0
                ? "default" : o.Metadata.Namespace;
            var name = verb == Verb.Create ? "" : o.Metadata.Name;
            var path = new ResourcePath(o.Kind, ns, name, subresource);
            return new(new(verb, path) { Body = new Payload.Typed(o) });
        }

        private RequestInput Patch(JsonNode patch)
        {
            var type = Text(patch, "patch", "type") ?? "application/strategic-merge-patch+json";
            var kind = type switch
            {
                "application/json-patch+json" => PatchKind.Json,
                "application/merge-patch+json" => PatchKind.Merge,
                "application/strategic-merge-patch+json" => PatchKind.StrategicMerge,
                "application/apply-patch+yaml" => PatchKind.Apply,
                _ => throw Error("patch.type", $"unknown patch type \"{type}\""),
            };
            var body = patch["body"] ?? throw Error("patch.body", "is missing");
            return new(new(Verb.Patch, PathOf(patch, "patch"))
            {
                Body = new Payload.Patch(kind, body.DeepClone()),
            });
        }

        private RequestInput Delete(JsonNode delete)
        {
            var options = delete["options"];
            return new(new(Verb.Delete, PathOf(delete, "delete"))
            {
                Delete = options is null ? null : new()
                {
                    GracePeriodSeconds = (long?)options["gracePeriodSeconds"],
                    PropagationPolicy = Text(options, "delete.options", "propagationPolicy"),
                    Uid = (string?)options["preconditions"]?["uid"],
                    ResourceVersion = (string?)options["preconditions"]?["resourceVersion"],
                },
            });
        }

        private FaultInput Fault(JsonNode fault)
        {
            var op = Text(fault, "fault", "op") ?? "";
            var target = Text(fault, "fault", "target")
                ?? throw Error("fault.target", "is missing");
            var name = op.Replace("-", "", StringComparison.Ordinal);
            return Enum.TryParse<FaultOp>(name, true, out var known)
                ? new(known, target, (int?)fault["count"] ?? 0)
                : throw Error("fault.op", $"unknown fault \"{op}\"; faults are "
                    + "crash, restore, partition, hold, resync, crash-after-write, "
                    + "lose-reply");
        }

        private CloudInput Cloud(JsonNode cloud)
        {
            var op = Text(cloud, "cloud", "op") ?? "";
            var target = Text(cloud, "cloud", "target")
                ?? throw Error("cloud.target", "is missing");
            return Enum.TryParse<CloudOp>(op.Replace("-", "", StringComparison.Ordinal), true,
                out var known)
                ? new(known, target, Text(cloud, "cloud", "value"), Text(cloud, "cloud", "zone"))
                : throw Error("cloud.op", $"unknown operation \"{op}\"; operations are "
                    + "add-instance, remove-instance, stop-instance, start-instance, fail, "
                    + "recover");
        }

        private RegistryInput Registry(JsonNode body)
        {
            var input = new RegistryInput(Part<RegistryChange>(body, "registry"));
            return input.Problem() is { } problem ? throw Error("registry", problem) : input;
        }

        private T Part<T>(JsonNode body, string name)
        {
            try
            {
                return body.Deserialize<T>(Json.Options)!;
            }
            catch (JsonException e)
            {
                throw Error(name, e.Message);
            }
        }

        private ProbeInput Probe(JsonNode probe) => new(
            Text(probe, "probe", "namespace") ?? "default", SelectorOf(probe, "probe"),
            (int?)probe["count"], (bool?)probe["pass"] ?? true);

        private ExecInput Exec(JsonNode exec) => new(Text(exec, "exec", "namespace") ?? "default",
            Text(exec, "exec", "pod") ?? throw Error("exec.pod", "is missing"),
            Text(exec, "exec", "container"), exec["command"] is JsonArray words
                ? [.. words.Select(w => (string)w!)] : throw Error("exec.command", "is missing"));

        private MetricsInput Metrics(JsonNode metrics)
        {
            var ns = Text(metrics, "metrics", "namespace") ?? "default";
            var (cpu, memory) = (Amount(metrics, "cpu"), Amount(metrics, "memory"));
            return cpu is null && memory is null
                ? throw Error("metrics", "must say cpu, memory or both")
                : new(ns, SelectorOf(metrics, "metrics"), cpu, memory);
        }

        private NumberInput Number(JsonNode metric) => new(
            Text(metric, "metric", "namespace") ?? "default",
            Text(metric, "metric", "name") ?? throw Error("metric.name", "is missing"),
            Amount(metric, "value", "metric") ?? throw Error("metric.value", "is missing"),
            metric["selector"] is null ? null : SelectorOf(metric, "metric"),
            Text(metric, "metric", "of") ?? "");

        private TrafficInput Traffic(JsonNode traffic) =>
            new(Text(traffic, "traffic", "namespace") ?? "default",
                Text(traffic, "traffic", "service") ?? throw Error("traffic.service", "is missing"),
                CpuPerRequest(traffic, "traffic"), Rates(traffic, "traffic"));

        private LoadInput Load(JsonNode load) => new(new()
        {
            From = Text(load, "load", "from") ?? throw Error("load.from", "is missing"),
            Url = Text(load, "load", "url") ?? throw Error("load.url", "is missing"),
            Rps = _ => 0, Duration = Time(load["duration"]) ?? TimeSpan.FromMinutes(1),
            KeepAlive = (bool?)load["keepAlive"] ?? false,
            Connections = (int?)load["connections"] ?? 64,
        }, CpuPerRequest(load, "load"), Rates(load, "load"));

        private Quantity CpuPerRequest(JsonNode op, string name) =>
            Amount(op, "cpuPerRequest", name) ?? throw Error($"{name}.cpuPerRequest", "is missing");

        private Seq<(TimeSpan, double)> Rates(JsonNode op, string name)
        {
            var points = new List<(TimeSpan, double)>();
            foreach (var point in op["rps"] as JsonArray ?? [])
            {
                points.Add(point is JsonArray { Count: 2 } pair && pair[1] is JsonValue value
                    && value.TryGetValue<double>(out var rps) && Time(pair[0]) is { } at
                    ? (at, rps) : throw Error($"{name}.rps",
                        "must be a list of pairs such as [\"60s\",200]"));
            }
            return [.. points.OrderBy(p => p.Item1)];
        }

        private Quantity? Amount(JsonNode op, string field, string name = "metrics") =>
            op[field] is not { } text
            ? (Quantity?)null
            : !Quantity.TryParse($"{text}", out var amount, out var problem)
            ? throw Error($"{name}.{field}", problem!)
            : amount < default(Quantity)
            ? throw Error($"{name}.{field}", "must not be negative") : amount;

        private string SelectorOf(JsonNode op, string name)
        {
            var selector = op is JsonObject map && map["selector"] is JsonObject labels
                ? string.Join(',', (labels["matchLabels"] as JsonObject ?? labels)
                    .Select(l => $"{l.Key}={l.Value}"))
                : Text(op, name, "selector") ?? "";
            return Selector.TryParse(selector, out _, out var problem) ? selector
                : throw Error($"{name}.selector", problem!);
        }

        private ReseedInput Reseed(JsonNode reseed) => new(
            (ulong)Number(reseed is JsonObject map && map["seed"] is { } seed
                ? seed : throw Error("reseed.seed", "is missing"), "reseed.seed"),
            map["slowestWatch"] is { } slowest ? Time(slowest) : null);

        private ResourcePath PathOf(JsonNode op, string name)
        {
            var word = Text(op, name, "kind") ?? throw Error($"{name}.kind", "is missing");
            var version = Text(op, name, "apiVersion");
            var kind = (version is null ? kinds.FindWord(word) : kinds.Find(version, word))
                ?? throw Error($"{name}.kind", $"unknown kind \"{word}\"");
            var ns = kind.Namespaced ? Text(op, name, "namespace") ?? "default" : "";
            var of = Text(op, name, "name") ?? throw Error($"{name}.name", "is missing");
            return new(kind, ns, of, Text(op, name, "subresource") ?? "");
        }

        private string? Text(JsonNode node, string path, string field) => node is not JsonObject map
            ? throw Error(path, "must be a map")
            : map[field] is not { } value ? null
            : value is JsonValue v && v.TryGetValue<string>(out var text) ? text
            : throw Error($"{path}.{field}", "must be a string");

        private long Number(JsonNode node, string path) =>
            node is JsonValue value && value.TryGetValue<long>(out var number)
                ? number : throw Error(path, "must be a whole number");

        private JournalException Error(string path, string message) =>
            new(new ManifestError(file, number, 1, path, message));
    }
}
