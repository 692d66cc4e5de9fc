using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Has volumes attached to the nodes whose pods need them, and detached when no pod there does. A
/// disk that two machines write to is soon a broken one, so its first care is never to detach what
/// may still be mounted, and its second never to attach what another node may have.
/// <para>It watches Pods, claims, volumes, VolumeAttachments and Nodes. Wanted is a volume on every
/// node with a scheduled pod that uses it and has not ended; for that it creates a VolumeAttachment
/// (the storage driver's attacher answers in its status), and then lists the volume in the Node's
/// <c>status.volumesAttached</c>, for which the kubelet waits: event SuccessfulAttachVolume on the
/// pods. A volume that only one node may have and another has: FailedAttachVolume "Multi-Attach
/// error", once, and it waits.</para>
/// <para>Not wanted any more, the VolumeAttachment is deleted as soon as the kubelet has taken the
/// volume out of <c>status.volumesInUse</c>. A kubelet that is dead never will: six minutes after
/// the volume was last wanted, if the node is not ready, it is detached by force; or at once when
/// somebody puts the taint <c>node.kubernetes.io/out-of-service</c> on the node, vouching that its
/// machine is off, or deletes the Node.</para>
/// <para>Worked: node-2 loses its power at 0:00. NotReady at 0:45, its pod terminating at 5:45 and
/// still there, since nobody saw it end: the volume stays wanted. Deleted by force at 6:00, the pod
/// is gone; at 12:00 the volume is free. With the taint at 1:00 the pod's volume is free at
/// 1:20.</para>
/// Models pkg/controller/volume/attachdetach, pkg/volume/csi/csi_attacher.go.
/// </summary>
public sealed class AttachDetach : IReconciler
{
    /// <summary>For how long a volume that is not wanted may stay mounted on a node that is not
    /// ready.</summary>
    public static readonly TimeSpan MaxWaitForUnmount = TimeSpan.FromMinutes(6);

    // A look around every 100 ms finds the time over.
    private static readonly TimeSpan loop = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<ObjectKey, SortedSet<ObjectKey>> users = [];
    private readonly Dictionary<string, DateTime> unwanted = new(StringComparer.Ordinal);
    private readonly HashSet<(string Attachment, string What)> told = [];
    private readonly Dictionary<string, Seq<string>> reported = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "persistentvolume-attach-detach-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<Pod>(), Watched.All<PersistentVolumeClaim>(), Watched.All<PersistentVolume>(),
        Watched.All<VolumeAttachment>(), Watched.All<Node>(), Watched.All<CSIDriver>(),
    ];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        switch (e.New ?? e.Old)
        {
            case Pod pod:
                foreach (var claim in VolumeFacts.ClaimsOf(pod))
                {
                    var key = new ObjectKey(
                        Kinds.PersistentVolumeClaim, e.Key.Namespace, claim);
                    Note(key, e.Key, e.New is not null);
                    queue.Add(key);
                }
                break;
            case PersistentVolumeClaim when users.ContainsKey(e.Key):
            case PersistentVolume { Spec.Csi: not null }:
                queue.Add(e.Key);
                break;
            case VolumeAttachment { Spec.Source.PersistentVolumeName: { } name }:
                queue.Add(new(Kinds.PersistentVolume, "", name));
                break;
            case Node when e is not { Old: Node old, New: Node now }
                || !old.Status.VolumesInUse.Equals(now.Status.VolumesInUse)
                || old.IsReady != now.IsReady || IsOff(old) != IsOff(now):
                queue.Add(e.Key);
                break;
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        Seq<string> volumes = api.Get(key) switch
        {
            PersistentVolumeClaim { Spec.VolumeName: { Length: > 0 } name } => [name],
            PersistentVolume => [key.Name],
            _ when key.Kind.Equals(Kinds.Node) => api.List<VolumeAttachment>()
                .Where(a => a.Spec.NodeName == key.Name)
                .Select(a => a.Spec.Source.PersistentVolumeName).OfType<string>().ToSeq(),
            _ => [],
        };
        if (key.Kind.Equals(Kinds.Node) && api.Get(key) is null)
        {
            reported.Remove(key.Name);
        }
        var before = told.Count;
        foreach (var name in volumes)
        {
            if (api.Get<PersistentVolume>("", name) is { } volume
                && volume.AttachableName(api) is { } unique)
            {
                Sync(volume, unique, api);
            }
        }
        return api.Changes.Count > 0 || told.Count > before ? Result.Done : Result.Idle;
    }

    private void Note(ObjectKey claim, ObjectKey pod, bool there)
    {
        if (!users.TryGetValue(claim, out var pods))
        {
            users.Add(claim, pods = []);
        }
        _ = there ? pods.Add(pod) : pods.Remove(pod);
        if (pods.Count == 0)
        {
            users.Remove(claim);
        }
    }

    private void Sync(PersistentVolume volume, string unique, ReconcileContext api)
    {
        var name = volume.Metadata.Name;
        var attachments = api.List<VolumeAttachment>()
            .Where(a => a.Spec.Source.PersistentVolumeName == name).ToList();
        var pods = PodsOf(volume, api);
        // First detach, so that what moves to another node is free.
        foreach (var attachment in attachments)
        {
            if (pods.Exists(p => p.Spec.NodeName == attachment.Spec.NodeName))
            {
                unwanted.Remove(attachment.Metadata.Name);
            }
            else if (!attachment.IsTerminating)
            {
                Detach(volume, unique, attachment, api);
            }
        }
        foreach (var here in pods.GroupBy(p => p.Spec.NodeName!)
            .OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var known = attachments.Find(a => a.Spec.NodeName == here.Key);
            var others = attachments.FindAll(a => a != known);
            if (known is not null)
            {
                Follow(volume, unique, known, [.. here], api);
            }
            else if (others.Count == 0 || volume.IsShareable)
            {
                Attach(volume, here.Key, api);
            }
            else if (!others.Exists(a => a.IsTerminating)
                && told.Add((AttachmentName(volume, here.Key), here.First().Metadata.Uid)))
            {
                Refuse(volume, [.. here], pods, api);
            }
        }
    }

    // Scheduled, and not known to have ended.
    private List<Pod> PodsOf(PersistentVolume volume, ReconcileContext api)
    {
        var claim = volume.Spec.ClaimRef is { } reference ? new ObjectKey(
            Kinds.PersistentVolumeClaim, reference.Namespace ?? "", reference.Name ?? "")
            : default(ObjectKey?);
        return claim is { } key && users.TryGetValue(key, out var pods)
            && (api.Get(key) as PersistentVolumeClaim)?.Spec.VolumeName == volume.Metadata.Name
            ? [.. pods.Select(api.Get).OfType<Pod>().Where(p => p.IsScheduled && !p.IsFinished
                && !(p.IsTerminating && p.Status.ContainerStatuses.All(c => c.State?.Running is null
                    && (c.State?.Terminated is not null || c.State?.Waiting is not null))))]
            : [];
    }

    private void Detach(PersistentVolume volume, string unique, VolumeAttachment attachment,
        ReconcileContext api)
    {
        var (id, name) = (attachment.Metadata.Name, attachment.Spec.NodeName);
        var node = api.Get<Node>("", name);
        unwanted.TryAdd(id, api.Now);
        var left = unwanted[id] + MaxWaitForUnmount + loop - api.Now;
        if (node is not null && node.Status.VolumesInUse.Contains(unique) && !IsOff(node)
            && (node.IsReady || left > TimeSpan.Zero
                || api.Settings.Get(KnownFlags.DisableForceDetach)))
        {
            if (left > TimeSpan.Zero)
            {
                api.After(left, volume.Key, node.IsReady ? Pace.Background : Pace.Progress);
            }
            return;
        }
        unwanted.Remove(id);
        told.RemoveWhere(t => t.Attachment == id);
        Report(name, ReportedOn(name, api).RemoveAll(v => v == unique), api);
        try
        {
            api.Delete(attachment.Key);
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // It went meanwhile.
        }
    }

    private static void Attach(PersistentVolume volume, string node, ReconcileContext api)
    {
        try
        {
            api.Create(new VolumeAttachment
            {
                Metadata = new() { Name = AttachmentName(volume, node) },
                Spec = new()
                {
                    Attacher = volume.Spec.Csi!.Driver, NodeName = node,
                    Source = new() { PersistentVolumeName = volume.Metadata.Name },
                },
            });
        }
        catch (ApiException refused) when (refused.IsAlreadyExists)
        {
            // Made before, and not in the cache yet.
        }
    }

    /// <summary>Tells pods and node what came of an attachment.</summary>
    private void Follow(PersistentVolume volume, string unique, VolumeAttachment attachment,
        Seq<Pod> pods, ReconcileContext api)
    {
        var (id, node) = (attachment.Metadata.Name, attachment.Spec.NodeName);
        var status = attachment.Status;
        if (attachment.IsTerminating)
        {
            return;
        }
        if (status.Attached && !ReportedOn(node, api).Contains(unique))
        {
            told.RemoveWhere(t => t.Attachment == id);
            Report(node, ReportedOn(node, api).Add(unique), api);
            TellPods(pods, "Normal", "SuccessfulAttachVolume",
                "AttachVolume.Attach succeeded for volume \"{0}\" ", volume, "", api);
        }
        else if (!status.Attached && status.AttachError is { } error
            && told.Add((id, $"{error.Time}")))
        {
            TellPods(pods, "Warning", "FailedAttachVolume",
                "AttachVolume.Attach failed for volume \"{0}\" : {1}", volume,
                error.Message ?? "", api);
        }
    }

    private static void Refuse(PersistentVolume volume, Seq<Pod> pods, List<Pod> all,
        ReconcileContext api)
    {
        var elsewhere = all.FindAll(p => p.Spec.NodeName != pods[0].Spec.NodeName);
        var near = elsewhere.FindAll(p => p.Metadata.Namespace == pods[0].Metadata.Namespace);
        var far = (elsewhere.Count - near.Count).ToString(CultureInfo.InvariantCulture);
        var names = string.Join(", ", near.Select(p => p.Metadata.Name));
        TellPods(pods, "Warning", "FailedAttachVolume",
            "Multi-Attach error for volume \"{0}\" {1}", volume,
            elsewhere.Count == 0 ? "Volume is already exclusively attached to one node and "
                + "can't be attached to another"
            : near.Count == 0 ? $"Volume is already used by {far} pod(s) in different namespaces"
            : far == "0" ? $"Volume is already used by pod(s) {names}"
            : $"Volume is already used by pod(s) {names} and {far} pod(s) in different namespaces",
            api);
    }

    private static void TellPods(Seq<Pod> pods, string type, string reason, string message,
        PersistentVolume volume, string what, ReconcileContext api)
    {
        foreach (var pod in pods)
        {
            api.Event(pod, type, reason, message, volume.Metadata.Name, what);
        }
    }

    // Nobody else writes this part of a Node, and the own writes may not be in the cache yet.
    private Seq<string> ReportedOn(string node, ReconcileContext api) =>
        reported.TryGetValue(node, out var names) ? names
            : reported[node] = api.Get<Node>("", node)?.Status.VolumesAttached
                .Select(v => v.Name).ToSeq() ?? [];

    private void Report(string node, Seq<string> names, ReconcileContext api)
    {
        if (names.Equals(ReportedOn(node, api)) || api.Get<Node>("", node) is not { } there)
        {
            return;
        }
        reported[node] = names;
        var list = new JsonArray();
        foreach (var name in names)
        {
            list.Add(new JsonObject
            {
                ["name"] = name, ["devicePath"] = "",
            });
        }
        api.Patch(there.Key, new(PatchKind.Merge, new JsonObject
        {
            ["status"] = new JsonObject { ["volumesAttached"] = list },
        }), "status");
    }

    private static bool IsOff(Node node) => node.Spec.Taints.Any(taint =>
        taint.Key == PodGarbageCollector.OutOfService && taint.Effect == "NoExecute");

    /// <summary>The name of the attachment of a volume to a node.</summary>
    public static string AttachmentName(PersistentVolume volume, string node)
    {
        ArgumentNullException.ThrowIfNull(volume);
        var csi = volume.Spec.Csi!;
        return "csi-" + Convert.ToHexStringLower(SHA256.HashData(
            Encoding.UTF8.GetBytes(csi.VolumeHandle + csi.Driver + node)));
    }
}
