namespace KubeSim;

/// <summary><c>kubectl expose</c>: a Service before the pods of a workload, a pod or another
/// Service.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/expose/expose.go.</remarks>
internal static class ExposeCommand
{
    public static readonly KubectlCommand Command = new("expose", CommandFlags.Writes
        + "port target-port name type protocol selector labels/l cluster-ip external-ip "
        + "load-balancer-ip session-affinity save-config! ~overrides ~override-type ~filename/f",
        Run);

    private static void Run(Invocation call)
    {
        var targets = ResourceArgs.Read(call, call.Args);
        if (targets.Exists(t => t.Name.Length == 0))
        {
            throw new KubectlException("resource(s) were provided, but no name was specified");
        }
        targets.ForEach(t => CreateCommand.Create(
            call, Service(call, call.Get(t.Kind, t.Namespace, t.Name)), "exposed"));
    }

    /// <summary>The Service before an object.</summary>
    public static ManifestItem Service(Invocation call, ApiObject o)
    {
        var (selector, ports) = Facts(o);
        var wanted = call.Flags.Number("port") is { } one ? [one] : ports;
        if (wanted.Count == 0)
        {
            throw call.UsageError("couldn't find port via --port flag or introspection");
        }
        var target = call.Flags["target-port"];
        var flags = call.Flags;
        return CreateGenerators.Item(call, Kinds.Service, flags["name"] ?? o.Metadata.Name, [
            ("spec.ports", wanted.Select((port, i) => Tree.Of(("port", port),
                ("protocol", flags["protocol"] ?? "TCP"),
                ("targetPort", target is null ? port : IntOrString.Parse(target)),
                ("name", wanted.Count > 1 ? $"port-{DescribeText.Number(i + 1)}" : null)))),
            ("spec.selector", flags["selector"] is { } text
                ? CreateGenerators.Pairs(text.Split(',')) : selector),
            ("spec.type", flags["type"]), ("spec.clusterIP", flags["cluster-ip"]),
            ("spec.externalIPs", flags["external-ip"] is { } ip ? (string[])[ip] : null),
            ("spec.loadBalancerIP", flags["load-balancer-ip"]),
            ("spec.sessionAffinity", flags["session-affinity"]),
            ("status.loadBalancer", Tree.Empty)],
            flags["labels"] is { } labels ? CreateGenerators.Pairs(labels.Split(','))
                : o.Metadata.Labels.IsEmpty ? null : o.Metadata.Labels);
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
