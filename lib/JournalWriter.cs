using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Inputs as the operations of a journal line.</summary>
internal static class JournalWriter
{
    public static void Write(Input input, JsonObject line)
    {
        switch (input)
        {
            case RequestInput { Request: var request }:
                Write(request, line);
                break;
            case FaultInput fault:
                line["fault"] = new JsonObject
                {
                    ["op"] = Name($"{fault.Op}"), ["target"] = fault.Target,
                    ["count"] = fault.Count,
                };
                break;
            case CloudInput cloud:
                line["cloud"] = new JsonObject
                {
                    ["op"] = Name($"{cloud.Op}"), ["target"] = cloud.Target,
                    ["value"] = cloud.Value, ["zone"] = cloud.Zone,
                };
                break;
            case ProbeInput probe:
                line["probe"] = new JsonObject
                {
                    ["namespace"] = probe.Namespace, ["selector"] = probe.Selector,
                    ["count"] = probe.Count, ["pass"] = probe.Pass,
                };
                break;
            case ExecInput exec:
                line["exec"] = new JsonObject
                {
                    ["namespace"] = exec.Namespace, ["pod"] = exec.Pod,
                    ["container"] = exec.Container,
                    ["command"] = new JsonArray([.. exec.Command.Select(w => (JsonNode)w)]),
                };
                break;
            case ReseedInput { Seed: var seed, SlowestWatch: var slowest }:
                line["reseed"] = new JsonObject
                {
                    ["seed"] = seed,
                    ["slowestWatch"] = slowest is { } to ? GoDuration.Format(to) : null,
                };
                break;
            case EtcdInput etcd:
                line["etcd"] = JsonSerializer.SerializeToNode(etcd.Request, Json.Options);
                break;
            case RegistryInput registry:
                line["registry"] = JsonSerializer.SerializeToNode(registry.Change, Json.Options);
                break;
            case CompactInput compact:
                line["compact"] = compact.At.Value;
                break;
            case NodeFileInput file:
                line["file"] = new JsonObject
                {
                    ["node"] = file.Node, ["path"] = file.Path, ["content"] = file.Content,
                };
                break;
            case ShellInput shell:
                line["shell"] = new JsonObject
                {
                    ["node"] = shell.Node, ["command"] = shell.Command,
                };
                break;
            default:
                WriteOutside(input, line);
                break;
        }
    }

    // What comes from the world around the cluster.
    private static void WriteOutside(Input input, JsonObject line)
    {
        switch (input)
        {
            case MetricsInput metrics:
                line["metrics"] = new JsonObject
                {
                    ["namespace"] = metrics.Namespace, ["selector"] = metrics.Selector,
                    ["cpu"] = metrics.Cpu?.ToString(), ["memory"] = metrics.Memory?.ToString(),
                };
                break;
            case NumberInput number:
                line["metric"] = new JsonObject
                {
                    ["namespace"] = number.Namespace, ["name"] = number.Name,
                    ["value"] = $"{number.Value}", ["selector"] = number.Pods, ["of"] = number.Of,
                };
                break;
            case TrafficInput traffic:
                line["traffic"] = new JsonObject
                {
                    ["namespace"] = traffic.Namespace, ["service"] = traffic.Service,
                    ["rps"] = Rates(traffic.Points),
                    ["cpuPerRequest"] = $"{traffic.CpuPerRequest}",
                };
                break;
            case LoadInput load:
                line["load"] = Of(load);
                break;
            case OutsideNameInput { Name: var name, Addresses: var addresses }:
                var list = new JsonArray([.. addresses.Select(a => (JsonNode)a)]);
                line["outside"] = new JsonObject { ["name"] = name, ["addresses"] = list };
                break;
            default:
                throw new NotSupportedException(
                    $"the journal cannot be saved: \"{input.Describe}\" has no form as text");
        }
    }

    private static JsonObject Of(LoadInput load) => new()
    {
        ["from"] = load.Spec.From, ["url"] = load.Spec.Url, ["rps"] = Rates(load.Points),
        ["duration"] = GoDuration.Format(load.Spec.Duration), ["keepAlive"] = load.Spec.KeepAlive,
        ["connections"] = load.Spec.Connections, ["cpuPerRequest"] = $"{load.CpuPerRequest}",
    };

    private static JsonArray Rates(Seq<(TimeSpan At, double Rps)> points) => new(
        [.. points.Select(p => new JsonArray(GoDuration.Format(p.At), p.Rps))]);

    private static void Write(ApiRequest request, JsonObject line)
    {
        if (request.User != UserInfo.Admin)
        {
            line["as"] = new JsonObject
            {
                ["user"] = request.User.Name,
                ["groups"] = new JsonArray(
                    [.. request.User.Groups.Select(g => (JsonNode)JsonValue.Create(g))]),
            };
        }
        if (request.Query.FieldManager is { } manager)
        {
            line["manager"] = manager;
            if (request.Query.Force)
            {
                line["force"] = true;
            }
        }
        switch (request.Verb, request.Body)
        {
            case (Verb.Create, Payload.Typed typed) when request.Path.Subresource.Length == 0:
                line["create"] = Json.Encode(typed.Object);
                break;
            case (Verb.Create, Payload.Json { Node: JsonObject node })
                when request.Path.Subresource.Length == 0:
                line["create"] = Placed(node, request.Path);
                break;
            case (Verb.Update, Payload.Typed typed):
                line["update"] = new JsonObject
                {
                    ["subresource"] = request.Path.Subresource,
                    ["object"] = Json.Encode(typed.Object),
                };
                break;
            case (Verb.Patch, Payload.Patch patch):
                var body = Target(request.Path);
                body["type"] = TypeOf(patch.Kind);
                body["body"] = patch.Body.DeepClone();
                line["patch"] = body;
                break;
            case (Verb.Delete, _):
                var target = Target(request.Path);
                target["options"] = Options(request.Delete);
                line["delete"] = target;
                break;
            default:
                throw new NotSupportedException("the journal cannot be saved: "
                    + $"{request.Verb} {request.Path} has no form as text");
        }
    }

    // As the server stored it: in the version of the store, and in the namespace of the path.
    private static JsonObject Placed(JsonObject node, in ResourcePath path)
    {
        var placed = ManifestConversion.ToStored(node, path.Kind).DeepClone().AsObject();
        placed["apiVersion"] = path.Kind.ApiVersion;
        if (path.Namespace.Length > 0)
        {
            placed["metadata"]!["namespace"] = path.Namespace;
        }
        return placed;
    }

    private static JsonObject Target(in ResourcePath path) => new()
    {
        ["apiVersion"] = path.Kind.ApiVersion, ["kind"] = path.Kind.Name,
        ["namespace"] = path.Namespace, ["name"] = path.Name, ["subresource"] = path.Subresource,
    };

    private static JsonObject? Options(DeleteOptions? options) => options is null ? null : new()
    {
        ["gracePeriodSeconds"] = options.GracePeriodSeconds,
        ["propagationPolicy"] = options.PropagationPolicy,
        ["preconditions"] = new JsonObject
        {
            ["uid"] = options.Uid, ["resourceVersion"] = options.ResourceVersion,
        },
    };

    private static string TypeOf(PatchKind kind) => kind switch
    {
        PatchKind.Json => "application/json-patch+json",
        PatchKind.Merge => "application/merge-patch+json",
        PatchKind.Apply => "application/apply-patch+yaml",
        _ => "application/strategic-merge-patch+json",
    };

    // CrashAfterWrite as crash-after-write.
    private static string Name(string op) => string.Concat(op.Select((letter, i) =>
        (i > 0 && char.IsUpper(letter) ? "-" : "") + char.ToLowerInvariant(letter)));
}
