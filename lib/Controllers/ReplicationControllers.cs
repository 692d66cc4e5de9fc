namespace KubeSim;

/// <summary>
/// ReplicationControllers, from before there were ReplicaSets: as many pods as
/// <c>spec.replicas</c> says, chosen by labels alone. There is no second controller for them.
/// Whatever it does with a ReplicaSet it does with one of these, read and written through this
/// form.
/// Models pkg/controller/replication/conversion.go.
/// </summary>
internal sealed record ReplicaForm(Kind Kind, string Component)
{
    /// <summary>The object as a ReplicaSet.</summary>
    public required Func<ApiObject, ReplicaSet> Read { get; init; }

    /// <summary>The object with the status of a ReplicaSet.</summary>
    public required Func<ApiObject, ReplicaSetStatus, ApiObject> WithStatus { get; init; }

    /// <summary>ReplicaSets as they are.</summary>
    public static ReplicaForm ReplicaSet { get; } = new(Kinds.ReplicaSet, "replicaset-controller")
    {
        Read = static o => (ReplicaSet)o,
        WithStatus = static (o, status) => (ReplicaSet)o with { Status = status },
    };

    /// <summary>ReplicationControllers as ReplicaSets.</summary>
    public static ReplicaForm Old { get; } =
        new(Kinds.ReplicationController, "replicationcontroller-controller")
        {
            Read = static o => FromOld((ReplicationController)o),
            WithStatus = static (o, status) =>
                (ReplicationController)o with { Status = ToOld(status) },
        };

    private static ReplicaSet FromOld(ReplicationController old)
    {
        var (spec, status) = (old.Spec, old.Status);
        return new()
        {
            Metadata = old.Metadata,
            Spec = new()
            {
                Replicas = spec.Replicas, MinReadySeconds = spec.MinReadySeconds,
                Selector = new() { MatchLabels = spec.Selector }, Template = spec.Template,
            },
            Status = new()
            {
                Replicas = status.Replicas, FullyLabeledReplicas = status.FullyLabeledReplicas,
                ReadyReplicas = status.ReadyReplicas, AvailableReplicas = status.AvailableReplicas,
                ObservedGeneration = status.ObservedGeneration,
                Conditions = status.Conditions.Select(Told<ReplicaSetCondition>).ToSeq(),
            },
        };
    }

    private static ReplicationControllerStatus ToOld(ReplicaSetStatus status) => new()
    {
        Replicas = status.Replicas, FullyLabeledReplicas = status.FullyLabeledReplicas,
        ReadyReplicas = status.ReadyReplicas, AvailableReplicas = status.AvailableReplicas,
        ObservedGeneration = status.ObservedGeneration,
        Conditions = status.Conditions.Select(Told<ReplicationControllerCondition>).ToSeq(),
    };

    private static T Told<T>(AnyCondition condition)
        where T : AnyCondition, new() => new()
        {
            Type = condition.Type, Status = condition.Status, Reason = condition.Reason,
            Message = condition.Message, LastTransitionTime = condition.LastTransitionTime,
        };
}
