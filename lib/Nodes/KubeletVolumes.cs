namespace KubeSim;

/// <summary>
/// The volumes of a pod, mounted before its sandbox is made. A ConfigMap or a Secret that a volume
/// refers to must be there; until it is, the pod stays in ContainerCreating, with an event for each
/// failed attempt, 0.5 s apart at first and then ever longer, up to about two minutes.
/// Models pkg/kubelet/volumemanager and pkg/volume/configmap.
/// </summary>
public sealed partial class Kubelet
{
    private static readonly TimeSpan FirstMountRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastMountRetry = TimeSpan.FromSeconds(122);

    /// <summary>True when every volume can be mounted; else the next attempt is set.</summary>
    private bool Mount(PodWorker worker)
    {
        var pod = worker.Pod;
        if (worker.Mounted || MissingVolume(pod) is not { } missing)
        {
            return worker.Mounted = true;
        }
        api.Event(pod, "Warning", "FailedMount",
            "MountVolume.SetUp failed for volume \"{0}\" : {1}", missing.Volume, missing.Why);
        var wait = worker.MountRetry * 2;
        worker.MountRetry = wait == TimeSpan.Zero ? FirstMountRetry
            : wait < LastMountRetry ? wait : LastMountRetry;
        (worker.NextSync, worker.SyncPace) = (Now + worker.MountRetry, Pace.Retry);
        return false;
    }

    private (string Volume, string Why)? MissingVolume(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (Missing(pod.Metadata.Namespace, volume) is { } why)
            {
                return (volume.Name, why);
            }
        }
        return null;
    }

    private string? Missing(string ns, Volume volume)
    {
        if (volume.ConfigMap is { Optional: not true } map)
        {
            return MissingMap(ns, map.Name);
        }
        if (volume.Secret is { Optional: not true } secret)
        {
            return MissingSecret(ns, secret.SecretName);
        }
        foreach (var source in volume.Projected?.Sources ?? [])
        {
            // The CA of the cluster is in every namespace as soon as its controller runs.
            var why = source.ConfigMap is { Optional: not true, Name: not "kube-root-ca.crt" } m
                ? MissingMap(ns, m.Name)
                : source.Secret is { Optional: not true } s ? MissingSecret(ns, s.Name) : null;
            if (why is not null)
            {
                return why;
            }
        }
        return null;
    }

    private string? MissingMap(string ns, string? name, string? key = null) =>
        api.Get<ConfigMap>(ns, name ?? "") is not { } map ? $"configmap \"{name}\" not found"
            : key is null || map.Data.ContainsKey(key) || map.BinaryData.ContainsKey(key) ? null
            : $"couldn't find key {key} in ConfigMap {ns}/{name}";

    private string? MissingSecret(string ns, string? name, string? key = null) =>
        api.Get<Secret>(ns, name ?? "") is not { } secret ? $"secret \"{name}\" not found"
            : key is null || secret.Data.ContainsKey(key) ? null
            : $"couldn't find key {key} in Secret {ns}/{name}";
}
