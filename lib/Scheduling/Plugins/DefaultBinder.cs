namespace KubeSim;

/// <summary>Binds a pod by a Binding with the pod's UID: of a pod that was deleted and made anew
/// under its name meanwhile the API server refuses it.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/defaultbinder/default_binder.go.</remarks>
public sealed class DefaultBinder : IBindPlugin
{
    /// <inheritdoc/>
    public string Name => "DefaultBinder";

    /// <inheritdoc/>
    public PluginStatus Bind(CycleState state, Pod pod, string node, ReconcileContext api)
    {
        Bind(pod, node, api);
        return PluginStatus.Success;
    }

    internal static void Bind(Pod pod, string node, ReconcileContext api) =>
        api.Create(pod.Key, "binding", new Binding
        {
            Metadata = new()
            {
                Name = pod.Metadata.Name, Namespace = pod.Metadata.Namespace,
                Uid = pod.Metadata.Uid,
            },
            Target = new() { Kind = "Node", Name = node },
        });
}
