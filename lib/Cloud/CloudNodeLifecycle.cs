namespace KubeSim;

/// <summary>
/// Asks the cloud what became of a node that is not ready. Without a cloud nobody can tell a
/// machine that is gone from one that is cut off, and its pods stay Terminating until somebody
/// decides; with one, the Node of a machine that was given back is deleted.
/// <para>It watches Nodes and looks every 5 s at those whose Ready is not True. Gone from the
/// cloud: event DeletingNode, and the Node is deleted; pod garbage collection does the rest. Still
/// there but off: the taint <c>node.cloudprovider.kubernetes.io/shutdown:NoSchedule</c>, which
/// goes when the node is ready again. A node that was not initialised yet is given a minute. While
/// the cloud does not answer, nothing is done.</para>
/// <para>Worked: the machine of node-2 is given back at 0:00; node-2 is NotReady at 0:45 or so,
/// deleted at 0:50, and its pods are made anew elsewhere a minute later, instead of after the five
/// minutes of their tolerations.</para>
/// Models staging/src/k8s.io/cloud-provider/controllers/nodelifecycle/node_lifecycle_controller.go.
/// </summary>
public sealed class CloudNodeLifecycle() : CloudRounds("cloud-node-lifecycle-controller")
{
    /// <summary>The taint of a node whose machine is off.</summary>
    public const string Shutdown = "node.cloudprovider.kubernetes.io/shutdown";

    private static readonly TimeSpan uninitializedDelay = TimeSpan.FromMinutes(1);

    internal override Result Look(ObjectKey key, Node? node, ReconcileContext api)
    {
        if (node is null)
        {
            return Result.Idle;
        }
        var tainted = node.Spec.Taints.Any(t => t.Key == Shutdown);
        if (node.IsReady && !tainted)
        {
            return Result.Idle;
        }
        var wait = UntilRound(KnownFlags.CloudNodeMonitorPeriod, api);
        var young = node.Spec.ProviderID is not { Length: > 0 }
            && node.Spec.Taints.Any(t => t.Key == CloudNodes.Uninitialized)
            ? node.Metadata.CreationTimestamp!.Value.DateTime + uninitializedDelay - api.Now
            : TimeSpan.Zero;
        if (wait > TimeSpan.Zero || (young > TimeSpan.Zero && !node.IsReady))
        {
            api.After(wait > young ? wait : young, key);
            return Result.Idle;
        }
        return node.IsReady ? Taint(node, off: false, api) : Judge(node, tainted, api);
    }

    private static Result Judge(Node node, bool tainted, ReconcileContext api)
    {
        var answer = Ask(node, api);
        if (!answer.IsOk)
        {
            api.After(api.Settings.Get(KnownFlags.CloudNodeMonitorPeriod), node.Key,
                Pace.Background);
            return Result.Idle;
        }
        if (answer.Value is not { } instance)
        {
            api.Event(node, "Normal", "DeletingNode",
                "Deleting node {0} because it does not exist in the cloud provider",
                node.Metadata.Name);
            api.Delete(node.Key);
            return Result.Done;
        }
        return instance.Shutdown && !tainted ? Taint(node, off: true, api) : Result.Idle;
    }

    private static Result Taint(Node node, bool off, ReconcileContext api)
    {
        var taints = node.Spec.Taints.RemoveAll(t => t.Key == Shutdown);
        api.Update(node with
        {
            Spec = node.Spec with
            {
                Taints = off ? taints.Add(new() { Key = Shutdown, Effect = "NoSchedule" })
                    : taints,
            },
        });
        return Result.Done;
    }
}
