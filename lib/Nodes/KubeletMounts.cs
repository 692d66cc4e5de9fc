using System.Globalization;

namespace KubeSim;

/// <summary>
/// What containers see of files. An <c>emptyDir</c> is a directory of the pod on the machine's
/// disk, gone with the pod; a <c>hostPath</c> one of the machine itself; a persistent volume one
/// that the next machine sees too. For a ConfigMap, a Secret or fields of the pod the kubelet
/// writes files, and writes them again when it next looks after the pod, 60 to 90 s apart: that is
/// how long a change takes to arrive.
/// <para>Worked: ConfigMap colours has tone=blue and is mounted at /etc/colours, and its key tone
/// by subPath at /etc/tone. Edited to red at 10 s: /etc/colours/tone is red at 71 s, /etc/tone
/// stays blue for as long as the container lives, and so does a variable made from the key.</para>
/// Models pkg/volume/util/atomic_writer.go, pkg/kubelet/kubelet_pods.go (makeMounts).
/// </summary>
public sealed partial class Kubelet
{
    internal const string PodDirectory = "/var/lib/kubelet/pods/";

    /// <summary>Writes the files of the volumes that are made of objects, and sets the time to look
    /// again; nothing for a pod that has none but its token.</summary>
    private void Project(PodWorker worker)
    {
        if (worker.NextVolumes > Now || !HasObjects(worker.Pod.Spec))
        {
            return;
        }
        var directory = PodDirectory + worker.Uid;
        foreach (var volume in worker.Pod.Spec.Volumes)
        {
            if (IsOfObjects(volume) && Content(worker.Pod, volume) is { } files
                && machine.Files.Give($"{directory}/volumes/{volume.Name}", files, Now))
            {
                api.Did("wrote the files of volume {0} of pod {1}", volume.Name,
                    worker.Pod.Metadata.Name);
            }
        }
        worker.NextVolumes = Now + TimeSpan.FromMinutes(1) * (1 + api.Random.NextDouble() / 2);
    }

    private static bool HasObjects(PodSpec spec)
    {
        foreach (var volume in spec.Volumes)
        {
            if (IsOfObjects(volume))
            {
                return true;
            }
        }
        return false;
    }

    // The token that nearly every pod has is written when somebody looks.
    private static bool IsOfObjects(Volume volume) => volume.ConfigMap is not null
        || volume.Secret is not null || volume.DownwardAPI is not null
        || (volume.Projected is not null && !IsToken(volume));

    private static bool IsToken(Volume volume) => volume.Name.StartsWith("kube-api-access-",
        StringComparison.Ordinal);

    private void RemoveVolumes(string uid) => machine.Files.Remove(PodDirectory + uid);

    /// <summary>What a container finds when it starts.</summary>
    private Surroundings SurroundingsOf(Pod pod, Container container, int attempt)
    {
        var variables = EnvironmentOf(pod, container);
        List<ContainerMount> mounts =
        [
            .. HostFiles(pod, container), new(TerminationMessage.PathIn(container), machine.Files,
                TerminationMessage.PathOf(pod, container, attempt)),
        ];
        for (var i = 0; i < container.VolumeMounts.Count; i++)
        {
            var mount = container.VolumeMounts[i];
            var volume = pod.Spec.Volumes.FirstOrDefault(v => v.Name == mount.Name);
            if (volume is null || SourceOf(pod, volume) is not { } source)
            {
                continue;
            }
            var readOnly = mount.ReadOnly == true || IsOfObjects(volume) || IsToken(volume);
            var sub = mount.SubPath ?? (mount.SubPathExpr is { } expression
                ? DownwardApi.Expand(expression, variables.ToDictionary(StringComparer.Ordinal))
                : "");
            if (sub.Length > 0 && IsOfObjects(volume))
            {
                // A file by itself is bound to what it is now.
                source = (source.Store, Bound(pod, container, i, source, sub));
                sub = "";
            }
            mounts.Add(new(mount.MountPath, source.Store,
                sub.Length > 0 ? $"{source.Path}/{sub}" : source.Path, readOnly));
        }
        return new(variables, [.. mounts]);
    }

    private static string Bound(Pod pod, Container container, int number,
        (SimFiles Store, string Path) source, string sub)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{PodDirectory}"
            + $"{pod.Metadata.Uid}/volume-subpaths/{container.Name}/{number}");
        if (source.Store.Find($"{source.Path}/{sub}") is { } file
            && source.Store.Find(path) is null)
        {
            source.Store.Write(path, file);
        }
        return path;
    }

    private (SimFiles Store, string Path)? SourceOf(Pod pod, Volume volume)
    {
        var own = $"{PodDirectory}{pod.Metadata.Uid}/volumes/{volume.Name}";
        if (volume.HostPath is { } host)
        {
            return (machine.Files, host.Path.TrimEnd('/'));
        }
        if (IsToken(volume))
        {
            machine.Files.Give(own, Content(pod, volume) ?? default, Now);
        }
        var claim = volume.PersistentVolumeClaim?.ClaimName
            ?? (volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}");
        if (claim is null)
        {
            return (machine.Files, own);
        }
        var name = api.Get<PersistentVolumeClaim>(pod.Metadata.Namespace, claim)?.Spec.VolumeName;
        return name is null || api.Get<PersistentVolume>("", name) is not { } disk ? null
            : (disk.Spec.HostPath?.Path ?? disk.Spec.Local?.Path) is { } path
                ? (machine.Files, path.TrimEnd('/'))
            : (machine.World.DiskFiles(name), "");
    }

    /// <summary>The files of a volume that is made of objects; null while one is missing.</summary>
    private Map<string>? Content(Pod pod, Volume volume)
    {
        var ns = pod.Metadata.Namespace;
        if (volume.ConfigMap is { } map)
        {
            return Files(MapData(ns, map.Name), map.Items);
        }
        if (volume.Secret is { } secret)
        {
            return Files(SecretData(ns, secret.SecretName), secret.Items);
        }
        if (volume.DownwardAPI is { } own)
        {
            return Files(pod, own.Items);
        }
        var all = default(Map<string>);
        foreach (var source in volume.Projected?.Sources ?? default)
        {
            var part = source.ConfigMap is { } m ? Files(MapData(ns, m.Name), m.Items)
                : source.Secret is { } s ? Files(SecretData(ns, s.Name), s.Items)
                : source.DownwardAPI is { } d ? Files(pod, d.Items)
                : source.ServiceAccountToken is { } token ? Map.Of((token.Path, TokenOf(pod)))
                : default;
            foreach (var (path, content) in part ?? default)
            {
                all = all.Set(path, content);
            }
        }
        return all;
    }

    private Map<string>? MapData(string ns, string? name)
    {
        var map = api.Get<ConfigMap>(ns, name ?? "");
        return map is null || map.BinaryData.IsEmpty ? map?.Data
            : PodEnvironment.Decoded(map.BinaryData).Aggregate(map.Data,
                (data, entry) => data.Set(entry.Key, entry.Value));
    }

    private Map<string>? SecretData(string ns, string? name) =>
        api.Get<Secret>(ns, name ?? "") is { } secret ? PodEnvironment.Decoded(secret.Data) : null;

    private static Map<string>? Files(Map<string>? data, Seq<KeyToPath> items)
    {
        if (data is not { } all || items.IsEmpty)
        {
            return data;
        }
        var files = default(Map<string>);
        foreach (var item in items)
        {
            files = all.TryGetValue(item.Key, out var content) ? files.Set(item.Path, content)
                : files;
        }
        return files;
    }

    private Map<string>? Files(Pod pod, Seq<DownwardAPIVolumeFile> items)
    {
        var files = default(Map<string>);
        pod = Placed(pod);
        foreach (var item in items)
        {
            var container = item.ResourceFieldRef is not { } of ? null
                : pod.Spec.InitContainers.Concat(pod.Spec.Containers)
                    .FirstOrDefault(c => c.Name == of.ContainerName);
            var content = item.FieldRef is { } field ? DownwardApi.Field(pod, field.FieldPath)
                : container is null ? null
                : DownwardApi.Resource(container, item.ResourceFieldRef!,
                    api.Get<Node>("", node)?.Status.Allocatable ?? default);
            files = files.Set(item.Path, content ?? "");
        }
        return files;
    }

    // Only its shape: nobody here can check the signature.
    private static string TokenOf(Pod pod) => $"token of {pod.Metadata.Namespace}/"
        + $"{pod.Spec.ServiceAccountName} for pod {pod.Metadata.Name}";
}
