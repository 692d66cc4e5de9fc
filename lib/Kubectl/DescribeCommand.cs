namespace KubeSim;

/// <summary><c>kubectl describe</c>: an object in words, with what belongs to it: its pods, its
/// endpoints, its events.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/describe.</remarks>
internal static class DescribeCommand
{
    public static readonly KubectlCommand Command = new("describe",
        CommandFlags.Files + "selector/l all-namespaces/A! show-events! ~chunk-size", Run);

    private static readonly Dictionary<Kind, Action<DescribeText, ApiObject>> describers = new()
    {
        [Kinds.Pod] = static (t, o) => DescribePod.Write(t, (Pod)o),
        [Kinds.Node] = static (t, o) => DescribeNode.Write(t, (Node)o),
        [Kinds.Deployment] = static (t, o) => DescribeDeployment.Write(t, (Deployment)o),
        [Kinds.ReplicaSet] = static (t, o) => DescribeWorkloads.Write(t, (ReplicaSet)o),
        [Kinds.StatefulSet] = static (t, o) => DescribeWorkloads.Write(t, (StatefulSet)o),
        [Kinds.DaemonSet] = static (t, o) => DescribeWorkloads.Write(t, (DaemonSet)o),
        [Kinds.Job] = static (t, o) => DescribeWorkloads.Write(t, (Job)o),
        [Kinds.CronJob] = static (t, o) => DescribeWorkloads.Write(t, (CronJob)o),
        [Kinds.Service] = static (t, o) => DescribeNetwork.Write(t, (Service)o),
        [Kinds.Ingress] = DescribeNetwork.WriteIngress,
        [Kinds.Namespace] = static (t, o) => DescribeConfig.Write(t, (Namespace)o),
        [Kinds.ConfigMap] = static (t, o) => DescribeConfig.Write(t, (ConfigMap)o),
        [Kinds.Secret] = static (t, o) => DescribeConfig.Write(t, (Secret)o),
        [Kinds.ServiceAccount] = static (t, o) => DescribeConfig.Write(t, (ServiceAccount)o),
        [Kinds.PersistentVolumeClaim] = static (t, o) =>
            DescribeConfig.Write(t, (PersistentVolumeClaim)o),
        [Kinds.PodDisruptionBudget] = static (t, o) =>
            DescribePolicy.Write(t, (PodDisruptionBudget)o),
        [Kinds.HorizontalPodAutoscaler] = DescribePolicy.WriteAutoscaler,
        [Kinds.PersistentVolume] = static (t, o) => DescribeConfig.Write(t, (PersistentVolume)o),
        [Kinds.LimitRange] = static (t, o) => DescribeConfig.Write(t, (LimitRange)o),
        [Kinds.ReplicationController] = static (t, o) =>
            DescribeWorkloads.Write(t, (ReplicationController)o),
        [Kinds.ResourceQuota] = static (t, o) => DescribePolicy.Write(t, (ResourceQuota)o),
    };

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0 && call.Flags.All("filename").Count == 0)
        {
            throw new KubectlException("You must specify the type of resource to describe. Use "
                + "\"kubectl api-resources\" for a complete list of supported resources.");
        }
        var targets = call.Flags.All("filename").Count > 0 ? ManifestFiles.Targets(call)
            : ResourceArgs.Read(call, call.Args);
        var found = targets.Count == 1 && targets[0].Name.Length > 0
            ? OneOrByPrefix(call, targets) : ResourceArgs.Fetch(call, targets);
        if (found.Count == 0 && targets.All(t => t.Name.Length == 0))
        {
            call.ErrorLine(call.AllNamespaces || !targets.Any(t => t.Kind.Namespaced)
                ? "No resources found" : $"No resources found in {call.Namespace} namespace.");
        }
        call.Print(string.Join("\n\n", found.Select(o => Describe(call, o))));
    }

    private static string Describe(Invocation call, ApiObject o)
    {
        var text = new DescribeText(call);
        if (describers.TryGetValue(o.Kind, out var write))
        {
            write(text, o);
        }
        else if (!DescribeTemplates.Write(text, o))
        {
            DescribeOther.Write(text, o);
        }
        return text.ToString();
    }

    // A name that nobody has may be the beginning of names: describe pod web.
    private static List<ApiObject> OneOrByPrefix(Invocation call, List<ResourceTarget> targets)
    {
        var (kind, ns, name) = targets[0];
        if (call.Find(kind, ns, name) is { } found)
        {
            return [found];
        }
        var all = call.Send(new(Verb.List, new(kind, ns, ""))).Items ?? [];
        var alike = all.Where(o => o.Metadata.Name.StartsWith(name, StringComparison.Ordinal))
            .ToList();
        return alike.Count > 0 ? alike : throw ApiErrors.NotFound(kind, name);
    }
}
