namespace KubeSim;

/// <summary>The built-in kinds. TEMPORARY: the schema's own list replaces this file.</summary>
public static class Kinds
{
    /// <summary>A built-in kind.</summary>
    public static Kind Pod { get; } = Make("", "v1", "Pod", "pods", true, typeof(Pod));

    /// <summary>A built-in kind.</summary>
    public static Kind Node { get; } = Make("", "v1", "Node", "nodes", false, typeof(Node));

    /// <summary>A built-in kind.</summary>
    public static Kind Namespace { get; } = Make("", "v1", "Namespace", "namespaces", false, typeof(Namespace));

    /// <summary>A built-in kind.</summary>
    public static Kind Service { get; } = Make("", "v1", "Service", "services", true, typeof(Service));

    /// <summary>A built-in kind.</summary>
    public static Kind EndpointSlice { get; } = Make("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, typeof(EndpointSlice));

    /// <summary>A built-in kind.</summary>
    public static Kind Endpoints { get; } = Make("", "v1", "Endpoints", "endpoints", true, typeof(Endpoints));

    /// <summary>A built-in kind.</summary>
    public static Kind ConfigMap { get; } = Make("", "v1", "ConfigMap", "configmaps", true, typeof(ConfigMap));

    /// <summary>A built-in kind.</summary>
    public static Kind Secret { get; } = Make("", "v1", "Secret", "secrets", true, typeof(Secret));

    /// <summary>A built-in kind.</summary>
    public static Kind ServiceAccount { get; } = Make("", "v1", "ServiceAccount", "serviceaccounts", true, typeof(ServiceAccount));

    /// <summary>A built-in kind.</summary>
    public static Kind Lease { get; } = Make("coordination.k8s.io", "v1", "Lease", "leases", true, typeof(Lease));

    /// <summary>A built-in kind.</summary>
    public static Kind ReplicaSet { get; } = Make("apps", "v1", "ReplicaSet", "replicasets", true, typeof(ReplicaSet));

    /// <summary>A built-in kind.</summary>
    public static Kind ReplicationController { get; } = Make("", "v1", "ReplicationController", "replicationcontrollers", true, typeof(ReplicationController));

    /// <summary>A built-in kind.</summary>
    public static Kind Deployment { get; } = Make("apps", "v1", "Deployment", "deployments", true, typeof(Deployment));

    /// <summary>A built-in kind.</summary>
    public static Kind StatefulSet { get; } = Make("apps", "v1", "StatefulSet", "statefulsets", true, typeof(StatefulSet));

    /// <summary>A built-in kind.</summary>
    public static Kind ControllerRevision { get; } = Make("apps", "v1", "ControllerRevision", "controllerrevisions", true, typeof(ControllerRevision));

    /// <summary>A built-in kind.</summary>
    public static Kind DaemonSet { get; } = Make("apps", "v1", "DaemonSet", "daemonsets", true, typeof(DaemonSet));

    /// <summary>A built-in kind.</summary>
    public static Kind Job { get; } = Make("batch", "v1", "Job", "jobs", true, typeof(Job));

    /// <summary>A built-in kind.</summary>
    public static Kind CronJob { get; } = Make("batch", "v1", "CronJob", "cronjobs", true, typeof(CronJob));

    /// <summary>A built-in kind.</summary>
    public static Kind PriorityClass { get; } = Make("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false, typeof(PriorityClass));

    /// <summary>A built-in kind.</summary>
    public static Kind Binding { get; } = Make("", "v1", "Binding", "bindings", true, typeof(Binding));

    /// <summary>A built-in kind.</summary>
    public static Kind Scale { get; } = Make("autoscaling", "v1", "Scale", "scales", true, typeof(Scale));

    /// <summary>A built-in kind.</summary>
    public static Kind PodDisruptionBudget { get; } = Make("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true, typeof(PodDisruptionBudget));

    /// <summary>A built-in kind.</summary>
    public static Kind PersistentVolume { get; } = Make("", "v1", "PersistentVolume", "persistentvolumes", false, typeof(PersistentVolume));

    /// <summary>A built-in kind.</summary>
    public static Kind PersistentVolumeClaim { get; } = Make("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, typeof(PersistentVolumeClaim));

    /// <summary>A built-in kind.</summary>
    public static Kind StorageClass { get; } = Make("storage.k8s.io", "v1", "StorageClass", "storageclasses", false, typeof(StorageClass));

    /// <summary>A built-in kind.</summary>
    public static Kind ResourceQuota { get; } = Make("", "v1", "ResourceQuota", "resourcequotas", true, typeof(ResourceQuota));

    /// <summary>A built-in kind.</summary>
    public static Kind LimitRange { get; } = Make("", "v1", "LimitRange", "limitranges", true, typeof(LimitRange));
    internal static Kind Make(
        string group, string version, string name, string plural, bool namespaced, Type type) => new()
        {
            Group = group,
            Version = version,
            Name = name,
            Plural = plural,
            Singular = name.ToLowerInvariant(),
            Namespaced = namespaced,
            SchemaType = name,
            Type = type,
        };
}
