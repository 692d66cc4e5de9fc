using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What <c>kubectl create deployment|job|configmap…</c> makes of a few words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/create.</remarks>
internal static class CreateGenerators
{
    /// <summary>The object that the arguments and flags describe.</summary>
    public static ManifestItem Make(Invocation call) => call.Args[0] switch
    {
        "deployment" or "deploy" or "dep" => Deployment(call),
        "job" => Job(call),
        "cronjob" or "cj" => CronJob(call),
        "configmap" or "cm" => ConfigMap(call),
        "secret" when call.Args.ElementAtOrDefault(1) == "generic" => Secret(call),
        "namespace" or "ns" => Item(call, Kinds.Namespace, Name(call), []),
        "serviceaccount" or "sa" => Item(call, Kinds.ServiceAccount, Name(call), []),
        "service" or "svc" => Service(call),
        "priorityclass" or "pc" => PriorityClass(call),
        var word => throw new KubectlException($"unknown command \"{word}\" for \"kubectl create\""
            + "\nSee 'kubectl create -h' for help and examples"),
    };

    /// <summary>An object of a kind with a name and what the kind adds.</summary>
    public static ManifestItem Item(
        Invocation call, Kind kind, string name, JsonObject rest, JsonObject? labels = null)
    {
        var meta = new JsonObject { ["name"] = name };
        var ns = kind.Namespaced ? call.Namespace : "";
        if (ns.Length > 0)
        {
            meta["namespace"] = ns;
        }
        if (labels is not null)
        {
            meta["labels"] = labels;
        }
        rest["apiVersion"] = kind.ApiVersion;
        rest["kind"] = kind.Name;
        rest["metadata"] = meta;
        return new(rest, kind, ns, name);
    }

    private static string Name(Invocation call, int at = 1) =>
        call.Args.Count == at + 1 ? call.Args[at]
        : call.Args.Count <= at
            ? throw new KubectlException($"exactly one NAME is required, got {call.Args.Count - at}"
                + $"\nSee 'kubectl create {call.Args[0]} -h' for help and examples")
            : call.Args[at];

    private static string Image(Invocation call) => call.Flags["image"]
        ?? throw new KubectlException("required flag(s) \"image\" not set");

    /// <summary>The name of a container after its image: registry.k8s.io/nginx:1.25 is
    /// nginx.</summary>
    private static string ContainerName(string image)
    {
        var start = image.LastIndexOf('/') + 1;
        var end = image.AsSpan(start).IndexOfAny(':', '@');
        return end < 0 ? image[start..] : image[start..(start + end)];
    }

    private static JsonObject Container(Invocation call, string name)
    {
        var container = new JsonObject { ["image"] = Image(call), ["name"] = name };
        if (call.Flags.AfterDash is { Count: > 0 } command)
        {
            container["command"] = Words(command);
        }
        container["resources"] = new JsonObject();
        return container;
    }

    /// <summary>Words as a JSON list.</summary>
    public static JsonArray Words(IEnumerable<string> words) =>
        [.. words.Select(w => (JsonNode)w)];

    private static ManifestItem Deployment(Invocation call)
    {
        var name = Name(call);
        JsonObject Labels() => new() { ["app"] = name };
        var container = Container(call, ContainerName(Image(call)));
        if (call.Flags.Number("port") is { } port)
        {
            container["ports"] = new JsonArray(new JsonObject { ["containerPort"] = port });
        }
        return Item(call, Kinds.Deployment, name, new()
        {
            ["spec"] = new JsonObject
            {
                ["replicas"] = call.Flags.Number("replicas") ?? 1,
                ["selector"] = new JsonObject { ["matchLabels"] = Labels() },
                ["strategy"] = new JsonObject(),
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = Labels() },
                    ["spec"] = new JsonObject { ["containers"] = new JsonArray(container) },
                },
            },
            ["status"] = new JsonObject(),
        }, Labels());
    }

    private static JsonObject JobSpec(Invocation call, string name, string restart) => new()
    {
        ["template"] = new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(Container(call, name)),
                ["restartPolicy"] = restart,
            },
        },
    };

    private static ManifestItem Job(Invocation call)
    {
        var name = Name(call);
        if (call.Flags["from"] is not { } from)
        {
            return Item(call, Kinds.Job, name, new()
            {
                ["spec"] = JobSpec(call, name, "Never"),
                ["status"] = new JsonObject(),
            });
        }
        if (from.Split('/') is not [var word, var source]
            || !ResourceArgs.KindOf(call, word).Equals(Kinds.CronJob))
        {
            throw new KubectlException($"from must be an existing cronjob: {from}");
        }
        var cron = call.Find(Kinds.CronJob, call.Namespace, source)
            ?? throw ApiErrors.NotFound(Kinds.CronJob, source);
        var template = Json.Encode(cron).At("spec", "jobTemplate");
        var item = Item(call, Kinds.Job, name, new()
        {
            ["spec"] = template.At("spec")!.DeepClone(),
            ["status"] = new JsonObject(),
        }, template.At("metadata", "labels")?.DeepClone() as JsonObject);
        item.Node["metadata"]!["annotations"] =
            new JsonObject { ["cronjob.kubernetes.io/instantiate"] = "manual" };
        return item;
    }

    private static ManifestItem CronJob(Invocation call)
    {
        var name = Name(call);
        return Item(call, Kinds.CronJob, name, new()
        {
            ["spec"] = new JsonObject
            {
                ["jobTemplate"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = name },
                    ["spec"] = JobSpec(call, name, call.Flags["restart"] ?? "OnFailure"),
                },
                ["schedule"] = call.Flags["schedule"]
                    ?? throw new KubectlException("required flag(s) \"schedule\" not set"),
            },
            ["status"] = new JsonObject(),
        });
    }

    private static JsonObject Literals(Invocation call, Func<string, string> encode)
    {
        var data = new JsonObject();
        foreach (var literal in call.Flags.All("from-literal"))
        {
            var equals = literal.IndexOf('=');
            if (equals <= 0)
            {
                throw new KubectlException(
                    $"invalid literal source {literal}, expected key=value");
            }
            data[literal[..equals]] = encode(literal[(equals + 1)..]);
        }
        return data;
    }

    private static ManifestItem ConfigMap(Invocation call) => Item(call, Kinds.ConfigMap,
        Name(call), new() { ["data"] = Literals(call, static value => value) });

    private static ManifestItem Secret(Invocation call) => Item(call, Kinds.Secret,
        Name(call, 2), new()
        {
            ["data"] = Literals(call,
                static value => Convert.ToBase64String(Encoding.UTF8.GetBytes(value))),
        });

    private static ManifestItem PriorityClass(Invocation call) => Item(call, Kinds.PriorityClass,
        Name(call), new()
        {
            ["value"] = call.Flags.Number("value") ?? 0,
            ["globalDefault"] = call.Flags.On("global-default"),
            ["description"] = call.Flags["description"] ?? "",
            ["preemptionPolicy"] = call.Flags["preemption-policy"] ?? "PreemptLowerPriority",
        });

    private static ManifestItem Service(Invocation call)
    {
        var type = call.Args.ElementAtOrDefault(1) switch
        {
            "clusterip" => "ClusterIP",
            "nodeport" => "NodePort",
            "loadbalancer" => "LoadBalancer",
            "externalname" => "ExternalName",
            var word => throw new KubectlException($"unknown command \"{word}\" for \"kubectl "
                + "create service\"\nSee 'kubectl create service -h' for help and examples"),
        };
        var name = Name(call, 2);
        var spec = new JsonObject { ["type"] = type };
        spec["selector"] = new JsonObject { ["app"] = name };
        spec["ports"] = new JsonArray([.. call.Flags.All("tcp").SelectMany(t => t.Split(','))
            .Select(pair =>
            {
                var parts = pair.Split(':');
                return new JsonObject
                {
                    ["name"] = pair.Replace(':', '-'),
                    ["port"] = IntOrString.Parse(parts[0]).Number,
                    ["protocol"] = "TCP",
                    ["targetPort"] = JsonValue.Create(IntOrString.Parse(parts[^1]).Number),
                };
            })]);
        if (call.Flags["clusterip"] is { } ip)
        {
            spec["clusterIP"] = ip;
        }
        if (call.Flags["external-name"] is { } external)
        {
            spec["externalName"] = external;
        }
        return Item(call, Kinds.Service, name, new()
        {
            ["spec"] = spec, ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        }, new() { ["app"] = name });
    }
}
