using System.Globalization;

namespace KubeSim;

/// <summary>
/// Static pods: those of the files in <c>/etc/kubernetes/manifests</c>. The kubelet runs them by
/// itself, before and without an API server: that is how a control plane comes up. So that others
/// see them it keeps a mirror of each in the API, called NAME-NODE, owned by the Node.
/// <para>The mirror commands nothing. Whoever deletes it finds it again at once, and the containers
/// never noticed; only the file does: edited, the pod is stopped with its grace and another one
/// starts; removed, the mirror goes after the containers. A pod's UID is the hash of its file, and
/// the annotation <c>kubernetes.io/config.hash</c> says it. What lives in the API (accounts,
/// secrets, ConfigMaps, claims) such a pod may not refer to.</para>
/// <para>Worked: web.yaml with a pod web written on node-1 at 5 s: pod web-node-1 Pending at 5 s,
/// Running at 8 s, no event of a scheduler.</para>
/// Models pkg/kubelet/config/file.go, config/common.go and pod/mirror_client.go.
/// </summary>
public sealed partial class Kubelet
{
    private const string Manifests = "/etc/kubernetes/manifests";

    private Dictionary<ObjectKey, Pod> statics = [];

    /// <summary>Reads the manifests, and looks after the pods whose files changed.</summary>
    private void ReadManifests()
    {
        var found = new Dictionary<ObjectKey, Pod>();
        foreach (var path in machine.Files.List(Manifests))
        {
            var name = path[(Manifests.Length + 1)..];
            if (!name.Contains('/') && name[0] != '.' && ReadStatic(path) is { } pod)
            {
                found[pod.Key] = pod;
            }
        }
        foreach (var key in statics.Keys.Union(found.Keys).Order())
        {
            if (statics.GetValueOrDefault(key)?.Metadata.Uid
                != found.GetValueOrDefault(key)?.Metadata.Uid)
            {
                api.After(TimeSpan.Zero, key);
            }
        }
        statics = found;
    }

    private Pod? ReadStatic(string path)
    {
        var text = machine.Files.Find(path)!.Content;
        if (Manifest.Read(text, path, KindRegistry.BuiltIn) is not [{ Object: Pod pod }, ..])
        {
            api.Did("could not read the pod of {0}", path);
            return null;
        }
        if (ReferenceOf(pod.Spec) is { } reference)
        {
            api.Did("did not take the static pod of {0}: it refers to {1}", path, reference);
            return null;
        }
        var hash = new Prng(Digest.Mix(Digest.Mix(Digest.Start, $"{node} {path}"), text));
        var uid = string.Create(CultureInfo.InvariantCulture,
            $"{hash.NextBits():x16}{hash.NextBits():x16}");
        var about = pod.Metadata;
        var seen = statics.Values.FirstOrDefault(p => p.Metadata.Uid == uid);
        return seen ?? pod with
        {
            Metadata = about with
            {
                Name = $"{about.Name}-{node}", Uid = uid, Generation = 1,
                Namespace = about.Namespace is { Length: > 0 } own ? own : "default",
                Annotations = about.Annotations.Set("kubernetes.io/config.hash", uid)
                    .Set("kubernetes.io/config.source", "file")
                    .Set("kubernetes.io/config.seen", Now.ToString(
                        "yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture)),
            },
            Spec = PodDefaults.Pod(pod.Spec) with
            {
                NodeName = node,
                Tolerations = pod.Spec.Tolerations.Add(
                    new() { Operator = "Exists", Effect = "NoExecute" }),
            },
            Status = new() { Phase = "Pending" },
        };
    }

    private static string? ReferenceOf(PodSpec spec) =>
        spec.ServiceAccountName is { Length: > 0 } ? "serviceaccounts"
        : spec.Volumes.Any(v => v.PersistentVolumeClaim is not null) ? "persistentvolumeclaims"
        : spec.Volumes.Any(v => v.Secret is not null || v.Projected?.Sources.Any(s =>
            s.Secret is not null || s.ServiceAccountToken is not null) == true)
            || All(spec).Any(c => c.EnvFrom.Any(e => e.SecretRef is not null)
                || c.Env.Any(e => e.ValueFrom?.SecretKeyRef is not null)) ? "secrets"
        : spec.Volumes.Any(v => v.ConfigMap is not null || v.Projected?.Sources.Any(s =>
            s.ConfigMap is not null) == true)
            || All(spec).Any(c => c.EnvFrom.Any(e => e.ConfigMapRef is not null)
                || c.Env.Any(e => e.ValueFrom?.ConfigMapKeyRef is not null)) ? "configmaps"
        : null;

    private static IEnumerable<Container> All(PodSpec spec) =>
        spec.InitContainers.Concat(spec.Containers);

    /// <summary>Keeps the mirror of a static pod, or takes it away.</summary>
    private void KeepMirror(ObjectKey key, Pod? mirror, PodWorker? worker)
    {
        if (worker?.Gone == true)
        {
            // Its containers still end; what stands for it stays.
            return;
        }
        try
        {
            var own = statics.GetValueOrDefault(key);
            // What was written last may not have come back yet.
            mirror = worker?.Mirror is { } last
                && last.Metadata.ResourceVersion > api.Cursor<Pod>() ? last
                : mirror is not null && IsMirror(mirror) ? mirror : null;
            var same = own is not null && mirror is { IsTerminating: false }
                && mirror.Metadata.Annotations.Get("kubernetes.io/config.mirror")
                    == own.Metadata.Uid;
            if (mirror is not null && !same)
            {
                api.Delete(key, new() { GracePeriodSeconds = 0, Uid = mirror.Metadata.Uid });
            }
            if (own is null || worker is null)
            {
                return;
            }
            if (!same)
            {
                worker.Mirror = mirror = api.Create(MirrorOf(own));
            }
            if (mirror!.Status != worker.Pod.Status)
            {
                worker.Mirror = api.UpdateStatus(mirror with { Status = worker.Pod.Status });
            }
        }
        catch (ApiException refused)
        {
            // Somebody was faster; or a pod of its own has the name, or the API server is away.
            api.After(refused.IsConflict ? Conflict : RetryAfter, key,
                refused.IsConflict ? Pace.Retry : Pace.Background);
        }
    }

    private Pod MirrorOf(Pod own) => own with
    {
        Metadata = own.Metadata with
        {
            Uid = "",
            Annotations = own.Metadata.Annotations.Set(
                "kubernetes.io/config.mirror", own.Metadata.Uid),
            OwnerReferences =
            [
                new()
                {
                    ApiVersion = "v1", Kind = "Node", Name = node, Controller = true,
                    Uid = api.Get<Node>("", node)?.Metadata.Uid ?? "",
                },
            ],
        },
        Status = new(),
    };
}
