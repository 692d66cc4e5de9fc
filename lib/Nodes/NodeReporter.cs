namespace KubeSim;

/// <summary>
/// What the kubelet says of its node. When it starts it makes the node's Lease, or renews the one
/// that is there, and from then on the renewals are known to happen (<see cref="Heartbeat"/>).
/// The Node's status is written when it does not say what is true: after the node was taken for
/// dead, its conditions become True or False again, with the event NodeReady; and a cordon is told
/// as NodeNotSchedulable.
/// Models pkg/kubelet/kubelet_node_status.go and pkg/kubelet/nodestatus.
/// </summary>
public sealed partial class Kubelet
{
    private bool leased;
    private bool? schedulable;
    private DateTime? tellsAt;

    private void ReportNode(ObjectKey key)
    {
        if (api.Get(key) is not Node host)
        {
            return;
        }
        machine.PodCidr = host.Spec.PodCIDR ?? machine.PodCidr;
        machine.Address = AddressOf(host) ?? machine.Address;
        if (!leased)
        {
            Lease(host);
            leased = true;
        }
        TellSchedulable(host, key);
        var conditions = host.Status.Conditions;
        if (conditions.Of("Ready") is not { Status: "Unknown" })
        {
            return;
        }
        foreach (var condition in Healthy())
        {
            var before = conditions.Of(condition.Type);
            conditions = conditions.With(before?.Status == condition.Status ? before : condition);
        }
        api.UpdateStatus(host with { Status = host.Status with { Conditions = conditions } });
        api.Event(host, "Normal", "NodeReady", "Node {0} status is now: NodeReady", node);
    }

    // A cordon is noticed when the kubelet next goes over its node's status, every ten seconds.
    private void TellSchedulable(Node host, ObjectKey key)
    {
        var now = host.Spec.Unschedulable != true;
        schedulable ??= now;
        if (schedulable == now)
        {
            tellsAt = null;
            return;
        }
        tellsAt ??= machine.Heartbeat.LastRenewal(Now) + Heartbeat.Interval;
        if (tellsAt > Now)
        {
            api.After(tellsAt.Value - Now, key);
            return;
        }
        (schedulable, tellsAt) = (now, null);
        var status = now ? "NodeSchedulable" : "NodeNotSchedulable";
        api.Event(host, "Normal", status, "Node {0} status is now: {1}", node, status);
    }

    private void Lease(Node host)
    {
        MicroTime now = machine.Heartbeat.LastRenewal(Now);
        var known = api.Get<Lease>("kube-node-lease", node);
        if (known is not null && !machine.Heartbeat.WasSilent)
        {
            return;
        }
        if (known is not null)
        {
            api.Update(known with { Spec = known.Spec with { RenewTime = now } });
            return;
        }
        api.Create(new Lease
        {
            Metadata = new()
            {
                Name = node, Namespace = "kube-node-lease",
                OwnerReferences = [new()
                {
                    ApiVersion = "v1", Kind = "Node", Name = node, Uid = host.Metadata.Uid,
                }],
            },
            Spec = new() { HolderIdentity = node, LeaseDurationSeconds = 40, RenewTime = now },
        });
    }

    private static string? AddressOf(Node host)
    {
        foreach (var address in host.Status.Addresses)
        {
            if (address.Type == "InternalIP")
            {
                return address.Address;
            }
        }
        return null;
    }

    private NodeCondition[] Healthy() =>
    [
        Condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"),
        Condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure"),
        Condition("PIDPressure", "False", "KubeletHasSufficientPID",
            "kubelet has sufficient PID available"),
        Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];

    private NodeCondition Condition(string type, string status, string reason, string message) =>
        new()
        {
            Type = type, Status = status, Reason = reason, Message = message,
            LastHeartbeatTime = Now, LastTransitionTime = Now,
        };
}
