using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl expose</c>: a Service before the pods of a workload, a pod or another
/// Service.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/expose/expose.go.</remarks>
internal static class ExposeCommand
{
    public static readonly KubectlCommand Command = new("expose",
        "port target-port name type protocol selector labels/l cluster-ip external-ip output/o "
        + "dry-run?unchanged session-affinity filename/f", Run);

    private static void Run(Invocation call)
    {
        var targets = ResourceArgs.Read(call, call.Args);
        if (targets.Exists(t => t.Name.Length == 0))
        {
            throw new KubectlException("resource(s) were provided, but no name was specified");
        }
        foreach (var target in targets)
        {
            var o = call.Find(target.Kind, target.Namespace, target.Name)
                ?? throw ApiErrors.NotFound(target.Kind, target.Name);
            CreateCommand.Create(call, Service(call, o), "exposed");
        }
    }

    private static ManifestItem Service(Invocation call, ApiObject o)
    {
        var (selector, ports) = Facts(o);
        var wanted = call.Flags.Number("port") is { } one ? [one] : ports;
        if (wanted.Count == 0)
        {
            throw new KubectlException("couldn't find port via --port flag or introspection\n"
                + "See 'kubectl expose -h' for help and examples");
        }
        var labels = new JsonObject();
        foreach (var (key, value) in o.Metadata.Labels)
        {
            labels[key] = value;
        }
        var chosen = new JsonObject();
        foreach (var (key, value) in call.Flags["selector"] is { } text
            ? text.Split(',').Select(p => p.Split('=', 2)).Select(p =>
                KeyValuePair.Create(p[0], p.ElementAtOrDefault(1) ?? "")).ToMap() : selector)
        {
            chosen[key] = value;
        }
        var spec = new JsonObject
        {
            ["ports"] = new JsonArray([.. wanted.Select((port, i) => Port(call, port,
                wanted.Count > 1 ? $"port-{DescribeText.Number(i + 1)}" : null))]),
            ["selector"] = chosen,
        };
        if (call.Flags["type"] is { } type)
        {
            spec["type"] = type;
        }
        if (call.Flags["cluster-ip"] is { } ip)
        {
            spec["clusterIP"] = ip;
        }
        return CreateGenerators.Item(call, Kinds.Service, call.Flags["name"] ?? o.Metadata.Name,
            new()
            {
                ["spec"] = spec,
                ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
            }, labels.Count > 0 ? labels : null);
    }

    private static JsonObject Port(Invocation call, int port, string? name)
    {
        var target = IntOrString.Parse(call.Flags["target-port"] ?? DescribeText.Number(port));
        var node = new JsonObject
        {
            ["port"] = port,
            ["protocol"] = call.Flags["protocol"] ?? "TCP",
            ["targetPort"] = target.IsText
                ? JsonValue.Create(target.Text) : JsonValue.Create(target.Number),
        };
        if (name is not null)
        {
            node["name"] = name;
        }
        return node;
    }

    private static (Map<string> Selector, List<int> Ports) Facts(ApiObject o) => o switch
    {
        Pod pod => (pod.Metadata.Labels, Ports(pod.Spec)),
        Service s => (s.Spec.Selector, [.. s.Spec.Ports.Select(p => p.Port)]),
        Deployment d => (d.Spec.Selector?.MatchLabels ?? default, Ports(d.Spec.Template.Spec)),
        ReplicaSet s => (s.Spec.Selector?.MatchLabels ?? default, Ports(s.Spec.Template.Spec)),
        ReplicationController c => (c.Spec.Selector, Ports(c.Spec.Template.Spec)),
        _ => throw new KubectlException(
            $"cannot expose a {ShownName.Of(o.Kind)}"),
    };

    private static List<int> Ports(PodSpec spec) =>
        [.. spec.Containers.SelectMany(c => c.Ports).Select(p => p.Port)];
}
