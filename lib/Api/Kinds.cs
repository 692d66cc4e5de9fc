namespace KubeSim;

/// <summary>The built-in kinds by name, for code that means one: <c>Kinds.Pod</c>.</summary>
public static class Kinds
{
    /// <summary>The kind <c>Pod</c> of <c>v1</c>.</summary>
    public static readonly Kind Pod = Find("v1", nameof(Pod));

    /// <summary>The kind <c>Node</c> of <c>v1</c>.</summary>
    public static readonly Kind Node = Find("v1", nameof(Node));

    /// <summary>The kind <c>Namespace</c> of <c>v1</c>.</summary>
    public static readonly Kind Namespace = Find("v1", nameof(Namespace));

    /// <summary>The kind <c>Service</c> of <c>v1</c>.</summary>
    public static readonly Kind Service = Find("v1", nameof(Service));

    /// <summary>The kind <c>Endpoints</c> of <c>v1</c>.</summary>
    public static readonly Kind Endpoints = Find("v1", nameof(Endpoints));

    /// <summary>The kind <c>EndpointSlice</c> of <c>discovery.k8s.io/v1</c>.</summary>
    public static readonly Kind EndpointSlice = Find("discovery.k8s.io/v1", nameof(EndpointSlice));

    /// <summary>The kind <c>ConfigMap</c> of <c>v1</c>.</summary>
    public static readonly Kind ConfigMap = Find("v1", nameof(ConfigMap));

    /// <summary>The kind <c>Secret</c> of <c>v1</c>.</summary>
    public static readonly Kind Secret = Find("v1", nameof(Secret));

    /// <summary>The kind <c>ServiceAccount</c> of <c>v1</c>.</summary>
    public static readonly Kind ServiceAccount = Find("v1", nameof(ServiceAccount));

    /// <summary>The kind <c>Event</c> of <c>v1</c>.</summary>
    public static readonly Kind Event = Find("v1", nameof(Event));

    /// <summary>The kind <c>Lease</c> of <c>coordination.k8s.io/v1</c>.</summary>
    public static readonly Kind Lease = Find("coordination.k8s.io/v1", nameof(Lease));

    /// <summary>The kind <c>ReplicaSet</c> of <c>apps/v1</c>.</summary>
    public static readonly Kind ReplicaSet = Find("apps/v1", nameof(ReplicaSet));

    /// <summary>The kind <c>Deployment</c> of <c>apps/v1</c>.</summary>
    public static readonly Kind Deployment = Find("apps/v1", nameof(Deployment));

    /// <summary>The kind <c>StatefulSet</c> of <c>apps/v1</c>.</summary>
    public static readonly Kind StatefulSet = Find("apps/v1", nameof(StatefulSet));

    /// <summary>The kind <c>DaemonSet</c> of <c>apps/v1</c>.</summary>
    public static readonly Kind DaemonSet = Find("apps/v1", nameof(DaemonSet));

    /// <summary>The kind <c>Job</c> of <c>batch/v1</c>.</summary>
    public static readonly Kind Job = Find("batch/v1", nameof(Job));

    /// <summary>The kind <c>CronJob</c> of <c>batch/v1</c>.</summary>
    public static readonly Kind CronJob = Find("batch/v1", nameof(CronJob));

    /// <summary>The kind <c>ReplicationController</c> of <c>v1</c>.</summary>
    public static readonly Kind ReplicationController = Find("v1", nameof(ReplicationController));

    /// <summary>The kind <c>ControllerRevision</c> of <c>apps/v1</c>.</summary>
    public static readonly Kind ControllerRevision = Find("apps/v1", nameof(ControllerRevision));

    /// <summary>The kind <c>PodTemplate</c> of <c>v1</c>.</summary>
    public static readonly Kind PodTemplate = Find("v1", nameof(PodTemplate));

    /// <summary>The kind <c>PersistentVolume</c> of <c>v1</c>.</summary>
    public static readonly Kind PersistentVolume = Find("v1", nameof(PersistentVolume));

    /// <summary>The kind <c>PersistentVolumeClaim</c> of <c>v1</c>.</summary>
    public static readonly Kind PersistentVolumeClaim = Find("v1", nameof(PersistentVolumeClaim));

    /// <summary>The kind <c>StorageClass</c> of <c>storage.k8s.io/v1</c>.</summary>
    public static readonly Kind StorageClass = Find("storage.k8s.io/v1", nameof(StorageClass));

    /// <summary>The kind <c>VolumeAttachment</c> of <c>storage.k8s.io/v1</c>.</summary>
    public static readonly Kind VolumeAttachment =
        Find("storage.k8s.io/v1", nameof(VolumeAttachment));

    /// <summary>The kind <c>CSINode</c> of <c>storage.k8s.io/v1</c>.</summary>
    public static readonly Kind CSINode = Find("storage.k8s.io/v1", nameof(CSINode));

    /// <summary>The kind <c>CSIDriver</c> of <c>storage.k8s.io/v1</c>.</summary>
    public static readonly Kind CSIDriver = Find("storage.k8s.io/v1", nameof(CSIDriver));

    /// <summary>The kind <c>CSIStorageCapacity</c> of <c>storage.k8s.io/v1</c>.</summary>
    public static readonly Kind CSIStorageCapacity =
        Find("storage.k8s.io/v1", nameof(CSIStorageCapacity));

    /// <summary>The kind <c>PriorityClass</c> of <c>scheduling.k8s.io/v1</c>.</summary>
    public static readonly Kind PriorityClass = Find("scheduling.k8s.io/v1", nameof(PriorityClass));

    /// <summary>The kind <c>RuntimeClass</c> of <c>node.k8s.io/v1</c>.</summary>
    public static readonly Kind RuntimeClass = Find("node.k8s.io/v1", nameof(RuntimeClass));

    /// <summary>The kind <c>PodDisruptionBudget</c> of <c>policy/v1</c>.</summary>
    public static readonly Kind PodDisruptionBudget =
        Find("policy/v1", nameof(PodDisruptionBudget));

    /// <summary>The kind <c>HorizontalPodAutoscaler</c> of <c>autoscaling/v2</c>.</summary>
    public static readonly Kind HorizontalPodAutoscaler =
        Find("autoscaling/v2", nameof(HorizontalPodAutoscaler));

    /// <summary>The kind <c>ResourceQuota</c> of <c>v1</c>.</summary>
    public static readonly Kind ResourceQuota = Find("v1", nameof(ResourceQuota));

    /// <summary>The kind <c>LimitRange</c> of <c>v1</c>.</summary>
    public static readonly Kind LimitRange = Find("v1", nameof(LimitRange));

    /// <summary>The kind <c>Binding</c> of <c>v1</c>.</summary>
    public static readonly Kind Binding = Find("v1", nameof(Binding));

    /// <summary>The kind <c>Ingress</c> of <c>networking.k8s.io/v1</c>.</summary>
    public static readonly Kind Ingress = Find("networking.k8s.io/v1", nameof(Ingress));

    /// <summary>The kind <c>IngressClass</c> of <c>networking.k8s.io/v1</c>.</summary>
    public static readonly Kind IngressClass = Find("networking.k8s.io/v1", nameof(IngressClass));

    /// <summary>The kind <c>NetworkPolicy</c> of <c>networking.k8s.io/v1</c>.</summary>
    public static readonly Kind NetworkPolicy = Find("networking.k8s.io/v1", nameof(NetworkPolicy));

    /// <summary>The kind <c>Role</c> of <c>rbac.authorization.k8s.io/v1</c>.</summary>
    public static readonly Kind Role = Find("rbac.authorization.k8s.io/v1", nameof(Role));

    /// <summary>The kind <c>RoleBinding</c> of <c>rbac.authorization.k8s.io/v1</c>.</summary>
    public static readonly Kind RoleBinding =
        Find("rbac.authorization.k8s.io/v1", nameof(RoleBinding));

    /// <summary>The kind <c>ClusterRole</c> of <c>rbac.authorization.k8s.io/v1</c>.</summary>
    public static readonly Kind ClusterRole =
        Find("rbac.authorization.k8s.io/v1", nameof(ClusterRole));

    /// <summary>The kind <c>ClusterRoleBinding</c> of
    /// <c>rbac.authorization.k8s.io/v1</c>.</summary>
    public static readonly Kind ClusterRoleBinding =
        Find("rbac.authorization.k8s.io/v1", nameof(ClusterRoleBinding));

    /// <summary>The kind <c>CustomResourceDefinition</c> of
    /// <c>apiextensions.k8s.io/v1</c>.</summary>
    public static readonly Kind CustomResourceDefinition =
        Find("apiextensions.k8s.io/v1", nameof(CustomResourceDefinition));

    /// <summary>The kind <c>APIService</c> of <c>apiregistration.k8s.io/v1</c>.</summary>
    public static readonly Kind APIService = Find("apiregistration.k8s.io/v1", nameof(APIService));

    /// <summary>The kind <c>MutatingWebhookConfiguration</c> of
    /// <c>admissionregistration.k8s.io/v1</c>.</summary>
    public static readonly Kind MutatingWebhookConfiguration =
        Find("admissionregistration.k8s.io/v1", nameof(MutatingWebhookConfiguration));

    /// <summary>The kind <c>ValidatingWebhookConfiguration</c> of
    /// <c>admissionregistration.k8s.io/v1</c>.</summary>
    public static readonly Kind ValidatingWebhookConfiguration =
        Find("admissionregistration.k8s.io/v1", nameof(ValidatingWebhookConfiguration));

    /// <summary>What the subresource <c>scale</c> shows; no resource of its own.</summary>
    public static readonly Kind Scale = Part("autoscaling", nameof(Scale), typeof(Scale));

    /// <summary>What the subresource <c>token</c> of an account takes and gives.</summary>
    public static readonly Kind TokenRequest =
        Part("authentication.k8s.io", nameof(TokenRequest), typeof(Unstructured));

    /// <summary>The kind whose objects a record holds: <c>Kinds.Of&lt;Pod&gt;()</c>.</summary>
    /// <exception cref="ArgumentException">No built-in kind has that record.</exception>
    public static Kind Of<T>()
        where T : ApiObject => Cache<T>.Kind;

    private static Kind Find(string apiVersion, string name) =>
        KindRegistry.BuiltIn.Find(apiVersion, name)
            ?? throw new InvalidOperationException($"schema.txt has no {apiVersion} {name}");

    private static Kind Part(string group, string name, Type type) => new()
    {
        Group = group,
        Version = "v1",
        Versions = ["v1"],
        Name = name,
        Plural = name.ToLowerInvariant() + "s",
        Singular = name.ToLowerInvariant(),
        Namespaced = true,
        Verbs = [],
        SchemaType = name,
        Type = type,
    };

    private static class Cache<T>
    {
        public static readonly Kind Kind = FindType();

        private static Kind FindType()
        {
            foreach (var kind in KindRegistry.BuiltIn.All)
            {
                if (kind.Type == typeof(T))
                {
                    return kind;
                }
            }
            throw new ArgumentException($"no built-in kind has the record {typeof(T).Name}");
        }
    }
}
