using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeSim;

namespace KubeNotebooks;

/// <summary>One line of a journal: what happens, and when.</summary>
/// <param name="Where">The line, as errors name it.</param>
/// <param name="At">Since the start; null: once the cluster has settled.</param>
/// <param name="Execute">Does it; the answer is the refusal, or null.</param>
internal sealed record JournalLine(
    string Where, TimeSpan? At, Func<Cluster, ManifestError?> Execute);

/// <summary>Reads a journal: <c>{"at":"5s","patch":{…}}</c>, one JSON object a line.</summary>
internal static class JournalFile
{
    private static readonly Dictionary<string, Func<JournalReader, Func<Cluster, ManifestError?>>>
        Operations = new(StringComparer.Ordinal)
        {
            ["apply"] = line => line.Store((cluster, o) => cluster.Apply(o)),
            ["create"] = line => line.Store((cluster, o) => cluster.Create(o)),
            ["patch"] = line => line.Patch(),
            ["delete"] = line => line.Delete(),
            ["fault"] = line => line.Fault(),
            ["probe"] = line => throw line.Error("probe", "probe is not supported yet"),
            ["metrics"] = line => throw line.Error("metrics", "metrics is not supported yet"),
        };

    /// <summary>Reads all lines; empty ones are skipped.</summary>
    /// <exception cref="BadInputException">What is wrong, line by line.</exception>
    public static List<JournalLine> Read(string path)
    {
        var lines = new List<JournalLine>();
        var problems = new List<string>();
        var number = 0;
        foreach (var text in InputFiles.ReadText(path).Split('\n'))
        {
            number++;
            try
            {
                if (!string.IsNullOrWhiteSpace(text))
                {
                    lines.Add(ReadLine(new(path, number, text)));
                }
            }
            catch (BadInputException e)
            {
                problems.Add(e.Message);
            }
        }
        return problems.Count == 0 ? lines : throw new BadInputException(problems);
    }

    private static JournalLine ReadLine(JournalReader line)
    {
        line.Parse();
        if (line.Text(line.Root, "at") is not { } at)
        {
            throw line.Error("", "\"at\" is missing: a duration since the start, or \"settled\"");
        }
        TimeSpan? due = null;
        if (at != "settled")
        {
            due = Durations.TryParse(at, out var duration) ? duration : throw line.Error("at",
                $"\"{at}\" is neither a duration, such as 5s, nor \"settled\"");
        }
        var names = line.Root.EnumerateObject().Select(p => p.Name).Where(n => n != "at").ToList();
        if (names.Count != 1 || !Operations.TryGetValue(names[0], out var operation))
        {
            var known = string.Join(", ", Operations.Keys);
            throw line.Error(names.Find(n => !Operations.ContainsKey(n)) ?? "",
                $"needs \"at\" and one operation of {known}");
        }
        return new(line.Where, due, operation(line));
    }
}

/// <summary>A line of a journal being read.</summary>
internal sealed class JournalReader(string path, int number, string text)
{
    public string Where { get; } = string.Create(CultureInfo.InvariantCulture, $"{path}:{number}");

    public JsonElement Root { get; private set; }

    public void Parse()
    {
        try
        {
            Root = JsonElement.Parse(text);
        }
        catch (JsonException e)
        {
            var what = e.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
            throw Refuse(new(path, number, (int)(e.BytePositionInLine ?? 0) + 1, "", what));
        }
        if (Root.ValueKind != JsonValueKind.Object)
        {
            throw Error("", "a line must be one JSON object");
        }
    }

    public Func<Cluster, ManifestError?> Store(Action<Cluster, ApiObject> store)
    {
        var body = Root.EnumerateObject().First(p => p.Name != "at").Value;
        var offset = Math.Max(0, text.IndexOf(body.GetRawText(), StringComparison.Ordinal));
        ManifestError Move(ManifestError e) => e with { Line = number, Column = e.Column + offset };
        var documents = Manifest.Read(body.GetRawText(), path, KindRegistry.BuiltIn);
        if (documents.Any(d => !d.Errors.IsEmpty))
        {
            throw new BadInputException(documents.SelectMany(d => d.Errors).Select(e => $"{Move(e)}"));
        }
        return cluster =>
        {
            foreach (var document in documents)
            {
                try
                {
                    store(cluster, document.Object!);
                }
                catch (ApiException e)
                {
                    return Move(document.Refused(e.Status));
                }
            }
            return null;
        };
    }

    public Func<Cluster, ManifestError?> Patch()
    {
        var patch = Root.GetProperty("patch");
        var type = Text(patch, "type") ?? "application/strategic-merge-patch+json";
        PatchKind kind = type switch
        {
            "application/json-patch+json" => PatchKind.Json,
            "application/merge-patch+json" => PatchKind.Merge,
            "application/strategic-merge-patch+json" => PatchKind.StrategicMerge,
            "application/apply-patch+yaml" => PatchKind.Apply,
            _ => throw Error("patch.type", $"\"{type}\" is no content type of a patch"),
        };
        if (!patch.TryGetProperty("body", out var body))
        {
            throw Error("patch", "\"body\" is missing");
        }
        var request = new ApiRequest(Verb.Patch, Target(patch, "patch"))
        {
            Body = new Payload.Patch(kind, JsonNode.Parse(body.GetRawText())!),
        };
        return cluster => Send(cluster, request, "patch");
    }

    public Func<Cluster, ManifestError?> Delete()
    {
        var delete = Root.GetProperty("delete");
        DeleteOptions? options = null;
        if (delete.TryGetProperty("options", out var given))
        {
            var condition = given.TryGetProperty("preconditions", out var found) ? found : default;
            options = new()
            {
                GracePeriodSeconds = given.TryGetProperty("gracePeriodSeconds", out var grace)
                    ? grace.TryGetInt64(out var seconds) ? seconds
                        : throw Error("delete.options.gracePeriodSeconds", "must be a number")
                    : null,
                PropagationPolicy = Text(given, "propagationPolicy"),
                Uid = Text(condition, "uid"),
                ResourceVersion = Text(condition, "resourceVersion"),
            };
        }
        var request = new ApiRequest(Verb.Delete, Target(delete, "delete")) { Delete = options };
        return cluster => Send(cluster, request, "delete");
    }

    public Func<Cluster, ManifestError?> Fault()
    {
        var fault = Root.GetProperty("fault");
        var target = Text(fault, "target") ?? throw Error("fault", "\"target\" is missing");
        var op = Text(fault, "op");
        Action<ClusterFaults> apply = op switch
        {
            "crash" => faults => faults.Crash(target),
            "restore" => faults => faults.Restore(target),
            "partition" => faults => faults.Partition(target),
            "hold" => faults => faults.Hold(target),
            _ => throw Error("fault.op", $"\"{op}\" is none of crash, restore, partition, hold"),
        };
        return cluster =>
        {
            try
            {
                apply(cluster.Faults);
                return null;
            }
            catch (ArgumentException e)
            {
                return ErrorAt("fault.target", e.Message);
            }
        };
    }

    /// <summary>A text field; null when it is not there or no text.</summary>
    public string? Text(JsonElement map, string name) => map.ValueKind == JsonValueKind.Object
        && map.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;

    public BadInputException Error(string at, string message) => Refuse(ErrorAt(at, message));

    private static BadInputException Refuse(ManifestError error) => new($"{error}");

    private ManifestError ErrorAt(string at, string message)
    {
        var key = $"\"{at[(at.LastIndexOf('.') + 1)..]}\"";
        return new(path, number, Math.Max(0, text.IndexOf(key, StringComparison.Ordinal)) + 1, at, message);
    }

    private ManifestError? Send(Cluster cluster, ApiRequest request, string operation) =>
        cluster.Handle(request) is { IsSuccess: false, Status: var status }
            ? ErrorAt(operation, status?.Message ?? "refused") : null;

    private ResourcePath Target(JsonElement map, string operation)
    {
        var word = Text(map, "kind") ?? throw Error(operation, "\"kind\" is missing");
        var name = Text(map, "name") ?? throw Error(operation, "\"name\" is missing");
        var kind = KindRegistry.BuiltIn.FindWord(word)
            ?? throw Error($"{operation}.kind", $"there is no kind \"{word}\"");
        return new(kind, kind.Namespaced ? Text(map, "namespace") ?? "default" : "", name);
    }
}
