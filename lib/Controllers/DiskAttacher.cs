using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Plugs disks of the cloud into machines: the attacher half of the cloud's storage driver. It
/// watches VolumeAttachments, which the attach/detach controller makes and deletes, and which are
/// the only way in which the two speak.
/// <para>A new one gets a finalizer, then the cloud is asked, and when the machine has the disk,
/// <c>status.attached</c> is set; why it fails stands in <c>status.attachError</c>, and it is tried
/// again after 1, 2, 4 … 300 s. One that is deleted keeps its finalizer until the cloud has
/// unplugged the disk.</para>
/// <para>Worked: a VolumeAttachment for node-2 at 0:00.0, the disk there at 0:05.3, attached at
/// once.</para>
/// Models kubernetes-csi/external-attacher pkg/controller/csi_handler.go.
/// </summary>
public sealed class DiskAttacher : IReconciler
{
    private const string Finalizer = "external-attacher/disk-csi-kubenotebooks-dev";

    /// <inheritdoc/>
    public string Name => "csi-attacher";

    /// <inheritdoc/>
    public int Workers => 10;

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<VolumeAttachment>()];

    /// <inheritdoc/>
    public BackOff<ObjectKey> NewBackOff() =>
        new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not VolumeAttachment { Spec.Attacher: SimCloud.DiskDriver } wish
            || (wish.IsTerminating
                ? !wish.Metadata.Finalizers.Contains(Finalizer) : wish.Status.Attached))
        {
            return Result.Idle;
        }
        var isNew = !wish.IsTerminating && !wish.Metadata.Finalizers.Contains(Finalizer);
        if (isNew)
        {
            SetFinalizers(wish, wish.Metadata.Finalizers.Add(Finalizer), api);
        }
        var cloud = api.World.Cloud;
        var disk = api.Get<PersistentVolume>("", wish.Spec.Source.PersistentVolumeName ?? "")
            ?.Spec.Csi?.VolumeHandle ?? wish.Spec.Source.PersistentVolumeName ?? "";
        var (takes, error) = wish.IsTerminating
            ? cloud.DetachDisk(disk, wish.Spec.NodeName) is var d ? (d.Takes, d.Error) : default
            : cloud.AttachDisk(disk, wish.Spec.NodeName) is var a ? (a.Takes, a.Error) : default;
        if (error is not null)
        {
            error = $"rpc error: code = Internal desc = {error}";
            Tell(wish, new()
            {
                [wish.IsTerminating ? "detachError" : "attachError"] = new JsonObject
                {
                    ["message"] = error, ["time"] = $"{(Time)api.Now}",
                },
            }, api);
            return Result.Retry(error);
        }
        if (takes > TimeSpan.Zero)
        {
            api.After(takes, key);
            return isNew ? Result.Done : Result.Idle;
        }
        api.Did(wish.IsTerminating ? "unplugged disk {0} from {1}" : "plugged disk {0} into {1}",
            disk, wish.Spec.NodeName);
        Tell(wish, new()
        {
            ["attached"] = !wish.IsTerminating, ["attachError"] = null, ["detachError"] = null,
        }, api);
        if (wish.IsTerminating)
        {
            SetFinalizers(wish, wish.Metadata.Finalizers.RemoveAll(f => f == Finalizer), api);
        }
        return Result.Done;
    }

    private static void Tell(VolumeAttachment wish, JsonObject status, ReconcileContext api) =>
        api.Patch(wish.Key, new(PatchKind.Merge, new JsonObject { ["status"] = status }), "status");

    private static void SetFinalizers(
        VolumeAttachment wish, Seq<string> finalizers, ReconcileContext api) => api.Patch(wish.Key,
            new(PatchKind.Merge, new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["finalizers"] = new JsonArray(
                        [.. finalizers.Select(f => (JsonNode)JsonValue.Create(f))]),
                },
            }));
}
