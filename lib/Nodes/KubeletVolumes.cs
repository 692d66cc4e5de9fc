using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The volumes of a pod, mounted before its sandbox is made. A ConfigMap or a Secret that a volume
/// refers to must be there; until it is, the pod stays in ContainerCreating, with an event for each
/// failed attempt, 0.5 s apart at first and then ever longer, up to about two minutes.
/// <para>A disk of the cloud must be attached first, which is the attach/detach controller's work.
/// The kubelet says in its next report of the Node (they are ten seconds apart) that the volume is
/// in use, which keeps others from detaching it, and waits until <c>status.volumesAttached</c>
/// lists it, looking again after 0.5, 1, 2 … 122 s, and saying nothing. When the pod has ended,
/// the volume is unmounted, and the next report says so.</para>
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
        var missing = worker.Mounted ? null : MissingVolume(pod);
        if (missing is { } there)
        {
            api.Event(pod, "Warning", "FailedMount",
                "MountVolume.SetUp failed for volume \"{0}\" : {1}", there.Volume, there.Why);
        }
        else if (worker.Mounted || IsAttached(pod, out var reportDue))
        {
            return worker.Mounted = true;
        }
        else if (reportDue is { } due)
        {
            (worker.NextSync, worker.SyncPace) = (due, Pace.Progress);
            return false;
        }
        var wait = worker.MountRetry * 2;
        worker.MountRetry = wait == TimeSpan.Zero ? FirstMountRetry
            : wait < LastMountRetry ? wait : LastMountRetry;
        (worker.NextSync, worker.SyncPace) = (Now + worker.MountRetry, Pace.Retry);
        return false;
    }

    /// <summary>True when the node has all that must be attached to it for a pod; else, when it has
    /// not yet said that it uses them, the time after which it will have.</summary>
    private bool IsAttached(Pod pod, out DateTime? reportDue)
    {
        reportDue = null;
        var names = AttachableOf(pod);
        if (names.IsEmpty || api.Get<Node>("", node) is not { } host)
        {
            return true;
        }
        if (!names.All(host.Status.VolumesInUse.Contains))
        {
            api.After(TimeSpan.Zero, host.Key);
            reportDue = Now + UntilReport + Second / 10;
            return false;
        }
        return names.All(n => host.Status.VolumesAttached.Any(v => v.Name == n));
    }

    /// <summary>The volumes of a pod that are attached to a node before it can mount them; none
    /// where nobody attaches any.</summary>
    private Seq<string> AttachableOf(Pod pod)
    {
        var ns = pod.Metadata.Namespace;
        return !api.Settings.HasCloud ? [] : VolumeFacts.ClaimsOf(pod)
            .Select(c => api.Get<PersistentVolumeClaim>(ns, c)?.Spec.VolumeName)
            .OfType<string>().Select(v => api.Get<PersistentVolume>("", v)?.AttachableName(api))
            .OfType<string>().ToSeq();
    }

    /// <summary>Says which attachable volumes are mounted or about to be, at the next
    /// report.</summary>
    private void ReportVolumes(Node host)
    {
        if (!api.Settings.HasCloud)
        {
            return;
        }
        // A pod that no worker has in hand yet may have left its volumes mounted.
        var pods = workers.Values.Where(w => !w.Unmounted).Select(w => w.Pod)
            .Concat(api.OnNode<Pod>(node).Where(p => !p.IsFinished && !workers.ContainsKey(p.Key)));
        var used = pods.SelectMany(p => AttachableOf(p)).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).ToSeq();
        if (used.Equals(host.Status.VolumesInUse))
        {
            return;
        }
        if (UntilReport is var wait && wait > TimeSpan.Zero)
        {
            api.After(wait, host.Key);
            return;
        }
        var names = new JsonArray([.. used.Select(name => (JsonNode)JsonValue.Create(name))]);
        api.Patch(host.Key, new(PatchKind.Merge, new JsonObject
        {
            ["status"] = new JsonObject { ["volumesInUse"] = names },
        }), "status");
    }

    /// <summary>The containers of a pod are gone: nothing uses its volumes any more.</summary>
    private void Unmount(PodWorker worker)
    {
        if (!worker.Unmounted)
        {
            worker.Unmounted = true;
            if (api.Settings.HasCloud && !VolumeFacts.ClaimsOf(worker.Pod).IsEmpty)
            {
                api.After(TimeSpan.Zero, new(Kinds.Node, "", node));
            }
        }
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
