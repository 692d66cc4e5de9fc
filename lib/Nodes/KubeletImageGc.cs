using System.Globalization;

namespace KubeSim;

/// <summary>
/// Room for images. Every five minutes the kubelet looks how full the disk is: from 85 % on it
/// removes images until it is 80 % full, the one first that was not used for the longest time.
/// Never removed are images of containers that are still there, running or dead; those that came
/// less than two minutes ago, since a container may be about to use them; and the sandboxes' own.
/// With <c>imageMaximumGCAge</c> what nobody has used for so long goes too, full or not.
/// <para>Worked: a disk of 10 GB, 8.7 GB used. To be at 80 % it must lose 700 MB: an image of 500
/// MB that was used an hour ago goes, then one of 300 MB used half an hour ago. When all that may
/// go is not enough the event is <c>FreeDiskSpaceFailed</c>, and the second time in a row
/// <c>ImageGCFailed</c> too.</para>
/// <para>How large the disk is says the Node's capacity of <c>ephemeral-storage</c>; a node without
/// it never fills up. Nobody looks every five minutes: the next time is set when something came
/// that may make it matter. What images are there the kubelet asks every 30 s, and tells the fifty
/// largest with its Node: the scheduler prefers nodes that have what a pod needs.</para>
/// Models pkg/kubelet/images/image_gc_manager.go and pkg/kubelet/nodestatus/setters.go (Images).
/// </summary>
public sealed partial class Kubelet
{
    private const int MostImagesTold = 50;
    private const int MostNamesTold = 5;
    private static readonly TimeSpan gcPeriod = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan listPeriod = TimeSpan.FromSeconds(30);

    private DateTime? nextGc;
    private bool gcFailed;
    private DateTime? imagesListed;

    /// <summary>Removes every image that may go; the answer is how many bytes became free. For
    /// whoever needs room at once.</summary>
    internal long DeleteUnusedImages() => Free(long.MaxValue, TimeSpan.Zero);

    /// <summary>Something changed in the store of images.</summary>
    private void ImagesChanged()
    {
        var key = new ObjectKey(Kinds.Node, "", node);
        imagesListed ??= Now + listPeriod;
        api.After(UntilImages, key, Pace.Background);
        PlanGc(key);
    }

    // The first report after the runtime was asked for its images.
    private TimeSpan UntilImages
    {
        get
        {
            var left = imagesListed!.Value - Now - UntilReport;
            return left <= TimeSpan.Zero ? UntilReport : UntilReport + TimeSpan.FromTicks(
                (left.Ticks + Heartbeat.Interval.Ticks - 1) / Heartbeat.Interval.Ticks
                * Heartbeat.Interval.Ticks);
        }
    }

    /// <summary>Sets the next time when images are looked at, if there is a reason to.</summary>
    private void PlanGc(ObjectKey key)
    {
        var age = api.Settings.Get(KnownFlags.ImageMaximumGcAge);
        var aged = age == TimeSpan.Zero ? null : machine.Runtime.Images.Unused()
            .Min(i => (DateTime?)(i.LastUsed ?? i.Came)) + age;
        if (nextGc is null && (aged is not null || DiskUse() is ({ } used, var all)
            && used * 100 / all >= api.Settings.Get(KnownFlags.ImageGcHighThreshold)))
        {
            var from = aged > Now ? aged.Value : Now;
            var past = (from.Ticks - relistPhase) % gcPeriod.Ticks;
            nextGc = from + TimeSpan.FromTicks(gcPeriod.Ticks - past);
            api.After(nextGc.Value - Now, key, Pace.Background);
        }
    }

    // Bytes used and there; null on a machine whose disk nobody described.
    private (long? Used, long All) DiskUse()
    {
        var capacity = api.Get<Node>("", node)?.Status.Capacity ?? default;
        return capacity.TryGetValue("ephemeral-storage", out var size) && size.ToDouble() >= 1
            ? (machine.DiskInUse.Bytes, (long)size.ToDouble())
            : (null, 1);
    }

    private void CollectImages(Node host)
    {
        if (nextGc > Now)
        {
            // Of the timers of a key only the first counts, and this was for something else.
            api.After(nextGc.Value - Now, host.Key, Pace.Background);
        }
        if (nextGc is null || nextGc > Now)
        {
            return;
        }
        nextGc = null;
        var age = api.Settings.Get(KnownFlags.ImageMaximumGcAge);
        var removed = age > TimeSpan.Zero ? Free(long.MaxValue, age) : 0;
        var high = api.Settings.Get(KnownFlags.ImageGcHighThreshold);
        if (DiskUse() is ({ } used, var all) && used * 100 / all >= high)
        {
            var wanted = used - all * api.Settings.Get(KnownFlags.ImageGcLowThreshold) / 100;
            var freed = Free(wanted, TimeSpan.Zero);
            (removed, var before) = (removed + freed, gcFailed);
            gcFailed = freed < wanted;
            if (gcFailed)
            {
                TellGcFailed(host, before, string.Create(CultureInfo.InvariantCulture,
                    $"Failed to garbage collect required amount of images. Attempted to free "
                    + $"{wanted} bytes, but only found {freed} bytes eligible to free."));
            }
        }
        if (removed > 0)
        {
            ImagesChanged();
        }
        PlanGc(host.Key);
    }

    private void TellGcFailed(Node host, bool again, string message)
    {
        api.Event(host, "Warning", "FreeDiskSpaceFailed", "{0}", message);
        if (again)
        {
            api.Event(host, "Warning", "ImageGCFailed", "{0}", message);
        }
    }

    private long Free(long wanted, TimeSpan age)
    {
        var (freed, least) = (0L, api.Settings.Get(KnownFlags.MinimumImageTtl));
        foreach (var image in machine.Runtime.Images.Unused()
            .OrderBy(i => i.LastUsed ?? DateTime.MinValue).ThenBy(i => i.Came)
            .ThenBy(i => i.Image.Id, StringComparer.Ordinal).ToList())
        {
            if (Now - image.Came >= least && Now - (image.LastUsed ?? image.Came) >= age)
            {
                freed += machine.Runtime.Images.Remove(image);
                api.Did("removed image {0}", image.Image.Reference);
                if (freed >= wanted)
                {
                    break;
                }
            }
        }
        return freed;
    }

    /// <summary>Tells the images with the next report; the Node as it is then.</summary>
    private Node ReportImages(Node host)
    {
        if (imagesListed is null)
        {
            return host;
        }
        if (UntilImages is var wait && wait > TimeSpan.Zero)
        {
            api.After(wait, host.Key, Pace.Background);
            return host;
        }
        imagesListed = null;
        var facts = RuntimeFacts.Of(machine.Runtime.Kind);
        var images = machine.Runtime.Images.All.OrderByDescending(i => i.Image.SizeBytes)
            .Take(MostImagesTold).Select(i => new ContainerImage
            {
                Names = [.. i.Names.Select(facts.Shown).Prepend(i.Image.Id).Take(MostNamesTold)],
                SizeBytes = i.Image.SizeBytes,
            }).ToSeq();
        return images == host.Status.Images ? host
            : api.UpdateStatus(host with { Status = host.Status with { Images = images } });
    }
}
