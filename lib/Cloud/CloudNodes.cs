namespace KubeSim;

/// <summary>
/// Makes Nodes of machines that join: a kubelet with <c>--cloud-provider=external</c> knows its
/// host name and no more, and keeps pods away by a taint until somebody has asked the cloud.
/// <para>It watches Nodes. One with the taint
/// <c>node.cloudprovider.kubernetes.io/uninitialized</c> gets its provider id, the labels of
/// instance type, zone and region (each also under its old name), its addresses, and loses the
/// taint; the event is Synced. While the cloud does not answer, the taint stays, and the node is
/// tried again with back-off. Every five minutes it compares all addresses: a machine that was
/// stopped and started comes back with another ExternalIP, and nothing else would say so.</para>
/// <para>Worked: node-4 boots for 40 s and registers; 30 ms later it has providerID
/// <c>sim://eu-1b/node-4</c>, and the scheduler sees a node of zone eu-1b.</para>
/// Models staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go.
/// </summary>
public sealed class CloudNodes() : CloudRounds("cloud-node-controller")
{
    /// <summary>The taint of a node that the cloud was not asked about yet.</summary>
    public const string Uninitialized = "node.cloudprovider.kubernetes.io/uninitialized";

    internal override Result Look(ObjectKey key, Node? node, ReconcileContext api)
    {
        if (node is null)
        {
            return Result.Idle;
        }
        var answer = Ask(node, api);
        return !node.Spec.Taints.Any(t => t.Key == Uninitialized)
            ? Refresh(node, answer.Value, api)
            : answer.Value is null
            ? Result.Retry($"failed to get instance metadata for node {key.Name}: "
                + (answer.Error ?? "instance not found"))
            : Initialize(node, answer.Value, api);
    }

    /// <summary>What a node is labelled with for the machine that it is.</summary>
    public static Map<string> LabelsOf(CloudInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var (type, zone, region) = (instance.InstanceType, instance.Zone.Name,
            instance.Zone.Region);
        return Map.Of(("beta.kubernetes.io/instance-type", type),
            ("node.kubernetes.io/instance-type", type),
            ("failure-domain.beta.kubernetes.io/zone", zone),
            ("topology.kubernetes.io/zone", zone),
            ("failure-domain.beta.kubernetes.io/region", region),
            ("topology.kubernetes.io/region", region));
    }

    private static Result Initialize(Node node, CloudInstance instance, ReconcileContext api)
    {
        var labels = node.Metadata.Labels;
        foreach (var (label, value) in LabelsOf(instance))
        {
            labels = labels.Set(label, value);
        }
        node = api.Update(node with
        {
            Metadata = node.Metadata with { Labels = labels },
            Spec = node.Spec with
            {
                ProviderID = node.Spec.ProviderID is { Length: > 0 } known ? known
                    : instance.ProviderId,
                Taints = node.Spec.Taints.RemoveAll(t => t.Key == Uninitialized),
            },
        });
        SetAddresses(node, instance, api);
        api.Event(node, "Normal", "Synced", "Node synced successfully");
        return Result.Done;
    }

    private Result Refresh(Node node, CloudInstance? instance, ReconcileContext api)
    {
        if (instance is null || AddressesOf(node, instance).Equals(node.Status.Addresses))
        {
            return Result.Idle;
        }
        var wait = UntilRound(KnownFlags.CloudNodeStatusFrequency, api);
        if (wait > TimeSpan.Zero)
        {
            api.After(wait, node.Key, Pace.Background);
            return Result.Idle;
        }
        SetAddresses(node, instance, api);
        return Result.Done;
    }

    private static void SetAddresses(Node node, CloudInstance instance, ReconcileContext api) =>
        api.UpdateStatus(node with
        {
            Status = node.Status with { Addresses = AddressesOf(node, instance) },
        });

    // The host name is the kubelet's word.
    private static Seq<NodeAddress> AddressesOf(Node node, CloudInstance instance) =>
        [.. instance.Addresses, .. node.Status.Addresses.Where(a => a.Type == "Hostname")];
}
