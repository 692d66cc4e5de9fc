namespace KubeSim;

/// <summary>
/// What the kubelet says of its node. When it starts it makes the node's Lease, or renews the one
/// that is there, and from then on the renewals are known to happen (<see cref="Heartbeat"/>).
/// The Node's status is written when it does not say what is true: after the node was taken for
/// dead, its conditions become True or False again, with the event NodeReady; and a cordon is told
/// as NodeNotSchedulable.
/// <para>A machine that was rented has no Node yet: the kubelet registers it, not ready until it
/// has its range of pod addresses, and with a taint that the cloud's controller takes off.</para>
/// Models pkg/kubelet/kubelet_node_status.go and pkg/kubelet/nodestatus.
/// </summary>
public sealed partial class Kubelet
{
    private const string NoNetwork = "container runtime network not ready: NetworkReady=false "
        + "reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not "
        + "initialized";

    private bool leased;
    private bool? schedulable;
    private DateTime? tellsAt;
    private bool registered;

    /// <summary>What a kubelet reports of the machine that it runs on.</summary>
    internal static NodeSystemInfo InfoOf(Settings settings) => machineInfo with
    {
        ContainerRuntimeVersion =
            RuntimeFacts.Of(settings.Get(KnownFlags.ContainerRuntimeEndpoint)).Name,
    };

    private static readonly NodeSystemInfo machineInfo = new()
    {
        Architecture = "amd64", OperatingSystem = "linux",
        OsImage = "Debian GNU/Linux 12 (bookworm)", KernelVersion = "6.1.0-40-amd64",
        KubeletVersion = Discovery.Modelled,
    };

    // The next of the times, ten seconds apart, at which a kubelet reports what is new; now, if
    // this is one.
    private TimeSpan UntilReport
    {
        get
        {
            var last = machine.Heartbeat.LastRenewal(Now);
            return last == Now ? TimeSpan.Zero : last + Heartbeat.Interval - Now;
        }
    }

    /// <summary>A Node as a kubelet registers it, in good health.</summary>
    internal static Node NewNode(string name, Map<Quantity> capacity, Time? now = null) => new()
    {
        Metadata = new()
        {
            Name = name,
            Labels = Map.Of(
                ("beta.kubernetes.io/arch", "amd64"), ("beta.kubernetes.io/os", "linux"),
                ("kubernetes.io/arch", "amd64"), ("kubernetes.io/hostname", name),
                ("kubernetes.io/os", "linux")),
        },
        Status = new()
        {
            Capacity = capacity, Allocatable = capacity, Conditions = Healthy(now),
        },
    };

    /// <summary>The storage drivers that a kubelet registers for its node.</summary>
    internal static CSINode DriversOf(Node host) => new()
    {
        Metadata = new()
        {
            Name = host.Metadata.Name,
            OwnerReferences = [new()
            {
                ApiVersion = "v1", Kind = "Node", Name = host.Metadata.Name,
                Uid = host.Metadata.Uid,
            }],
        },
        Spec = new()
        {
            Drivers = [new()
            {
                Name = SimCloud.DiskDriver, NodeID = host.Metadata.Name,
                TopologyKeys = [SimCloud.ZoneLabel], Allocatable = new() { Count = 25 },
            }],
        },
    };

    /// <summary>A Node with what the kubelet of a cloud's machine adds to it.</summary>
    internal static Node OfCloud(Node host) => host with
    {
        Metadata = host.Metadata with
        {
            Annotations = host.Metadata.Annotations
                .Set("volumes.kubernetes.io/controller-managed-attach-detach", "true"),
        },
    };

    private void ReportNode(ObjectKey key)
    {
        if (api.Get(key) is not Node host)
        {
            Register();
            return;
        }
        registered = true;
        machine.Size = host.Status.Capacity;
        machine.PodCidr = host.Spec.PodCIDR ?? machine.PodCidr;
        machine.Address = host.Address is { Length: > 0 } address ? address : machine.Address;
        if (!leased)
        {
            Lease(host);
            leased = true;
        }
        TellSchedulable(host, key);
        TellOomKills(host);
        Monitor(host);
        host = ReportPressure(host);
        CollectImages(host);
        host = ReportImages(host);
        var conditions = host.Status.Conditions;
        var ready = conditions.Of("Ready");
        var starts = ready?.Message == NoNetwork && host.Spec.PodCIDR is { Length: > 0 };
        if (ready is not { Status: "Unknown" } && (!starts || UntilReport > TimeSpan.Zero))
        {
            if (starts)
            {
                api.After(UntilReport, key);
            }
            ReportVolumes(host);
            return;
        }
        foreach (var condition in Healthy(Now, pressures))
        {
            var before = conditions.Of(condition.Type);
            conditions = conditions.With(before?.Status == condition.Status ? before : condition);
        }
        api.UpdateStatus(host with { Status = host.Status with { Conditions = conditions } });
        api.Event(host, "Normal", "NodeReady", "Node {0} status is now: NodeReady", node);
    }

    private void TellOomKills(Node host)
    {
        foreach (var kill in machine.TakeOomKills())
        {
            if (kill.IsGlobal)
            {
                api.Event(host, "Warning", "SystemOOM",
                    "System OOM encountered, victim process: {0}, pid: {1}", kill.Process,
                    $"{kill.Pid}");
            }
        }
        // Of the timers of a key only the first counts.
        if (machine.NextOomKill is { } next)
        {
            api.After(next - Now, host.Key, Pace.Background);
        }
    }

    /// <summary>Makes the Node of a machine that is new, once.</summary>
    private void Register()
    {
        if (registered || machine.Capacity is not { } capacity || !machine.IsOn)
        {
            return;
        }
        var pods = Quantity.Parse($"{api.Settings.Get(KnownFlags.MaxPods)}");
        var host = NewNode(node, capacity.Set("pods", pods), Now);
        host = api.Create(OfCloud(host) with
        {
            Spec = new()
            {
                Taints = [new()
                {
                    Key = "node.cloudprovider.kubernetes.io/uninitialized", Value = "true",
                    Effect = "NoSchedule",
                }],
            },
            Status = NodeAllocatable.Of(host.Status, api.Settings) with
            {
                NodeInfo = InfoOf(api.Settings),
                Addresses = [new() { Type = "Hostname", Address = node }],
                Conditions = host.Status.Conditions.With(
                    Condition("Ready", "False", "KubeletNotReady", NoNetwork, Now)),
            },
        });
        api.Create(DriversOf(host));
        registered = true;
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

    // Which pressures the node has is told with the next report, and as an event.
    private Node ReportPressure(Node host)
    {
        if (pressures == toldPressures)
        {
            return host;
        }
        if (UntilReport is var wait && wait > TimeSpan.Zero)
        {
            api.After(wait, host.Key);
            return host;
        }
        var conditions = host.Status.Conditions;
        foreach (var condition in Healthy(Now, pressures))
        {
            if (conditions.Of(condition.Type)?.Status != condition.Status
                && condition.Type != "Ready")
            {
                conditions = conditions.With(condition);
                api.Event(host, "Normal", "Node" + condition.Reason!["Kubelet".Length..],
                    "Node {0} status is now: {1}", node,
                    "Node" + condition.Reason["Kubelet".Length..]);
            }
        }
        toldPressures = pressures;
        return api.UpdateStatus(
            host with { Status = host.Status with { Conditions = conditions } });
    }

    private static Seq<NodeCondition> Healthy(Time? now, Seq<string> pressures = default)
    {
        NodeCondition Pressure(string type, string sufficient, string insufficient, string well,
            string badly) => pressures.Contains(type)
            ? Condition(type, "True", "KubeletHas" + insufficient, "kubelet has " + badly, now)
            : Condition(type, "False", "KubeletHas" + sufficient, "kubelet has " + well, now);
        return
        [
            Pressure("MemoryPressure", "SufficientMemory", "InsufficientMemory",
                "sufficient memory available", "insufficient memory available"),
            Pressure("DiskPressure", "NoDiskPressure", "DiskPressure",
                "no disk pressure", "disk pressure"),
            Pressure("PIDPressure", "SufficientPID", "InsufficientPID",
                "sufficient PID available", "insufficient PID available"),
            Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now),
        ];
    }

    private static NodeCondition Condition(
        string type, string status, string reason, string message, Time? now) => new()
        {
            Type = type, Status = status, Reason = reason, Message = message,
            LastHeartbeatTime = now, LastTransitionTime = now,
        };
}
