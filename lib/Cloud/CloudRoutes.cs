namespace KubeSim;

/// <summary>
/// Tells the network of the cloud which machine has which pods: for each range of a node's
/// <c>spec.podCIDRs</c> a route that leads there. What the network of one building knows by itself,
/// a cloud's has to be told.
/// <para>It watches Nodes and compares them with the cloud's routes every 10 s. When all routes of
/// a node are made it sets the node's condition NetworkUnavailable to False (RouteCreated), else to
/// True (NoRouteCreated), upon which the node is tainted and gets no pods, and tries again in the
/// next round. The routes of a node that is gone are deleted.</para>
/// <para>Worked: node-4 registers at 0:41 and is given 10.244.4.0/24; in the round of 0:50 the
/// route 10.244.4.0/24 → node-4 is made.</para>
/// Models staging/src/k8s.io/cloud-provider/controllers/route/route_controller.go.
/// </summary>
public sealed class CloudRoutes() : CloudRounds("node-route-controller")
{
    internal override Result Look(ObjectKey key, Node? node, ReconcileContext api)
    {
        var cloud = api.World.Cloud;
        var wanted = node?.Spec.PodCIDRs ?? [];
        var excess = cloud.Routes.Where(r => r.Node == key.Name && !wanted.Contains(r.Cidr))
            .ToSeq();
        var missing = wanted.Where(range => !cloud.Routes.Contains(new(range, key.Name))).ToSeq();
        var condition = node?.Condition("NetworkUnavailable")?.Status;
        if (excess.IsEmpty && missing.IsEmpty && (wanted.IsEmpty || condition == "False"))
        {
            return Result.Idle;
        }
        var wait = UntilRound(KnownFlags.RouteReconciliationPeriod, api);
        if (wait > TimeSpan.Zero)
        {
            api.After(wait, key);
            return Result.Idle;
        }
        var failed = excess.Count(r => !cloud.DeleteRoute(r.Cidr).IsOk)
            + missing.Count(range => !Create(node!, range, api));
        if (node is not null && condition != (failed == 0 ? "False" : "True"))
        {
            api.TellNetwork(node, failed == 0,
                failed == 0 ? "RouteCreated" : "NoRouteCreated",
                failed == 0 ? "RouteController created a route"
                    : "RouteController failed to create a route");
        }
        if (failed > 0)
        {
            api.After(api.Settings.Get(KnownFlags.RouteReconciliationPeriod), key, Pace.Retry);
        }
        return Result.Done;
    }

    private static bool Create(Node node, string range, ReconcileContext api)
    {
        var name = node.Metadata.Name;
        var made = api.World.Cloud.CreateRoute(new(range, name));
        if (made.Error is { } error)
        {
            api.Event(node, "Warning", "FailedToCreateRoute",
                "Could not create route {0} {1} for node {2} after {3}: {4}", node.Metadata.Uid,
                range, name, GoDuration.Format(made.Takes), error);
        }
        else
        {
            api.Did("made the route {0} to {1}", range, name);
        }
        return made.IsOk;
    }
}
