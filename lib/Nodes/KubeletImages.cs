using System.Globalization;

namespace KubeSim;

/// <summary>
/// The image of a container: is it there, may this pod use it, and if not, who can fetch it.
/// <para>With <c>IfNotPresent</c> an image that is there is taken as it is, though its tag may have
/// moved since; with <c>Always</c> the registry is asked for the digest each time, and only what
/// is missing is fetched: that is cheap, and fails with the registry. A private image that one
/// pod's secret brought is there for all pods of the node: since 1.35 the kubelet remembers whose
/// secret it was and has a pod that shows neither that secret nor the same password pull it
/// again, which fails as it should.</para>
/// <para>Who fails waits: 10 s, 20 s, 40 s … 5 min for this pod and image, and the container shows
/// <c>ImagePullBackOff</c> when it is looked at in between. A kubelet that pulls several at a time
/// asks for five a second, and ten at once: the eleventh fails, <c>pull QPS exceeded</c>.</para>
/// Models pkg/kubelet/images/image_manager.go and pkg/kubelet/images/pullmanager.
/// </summary>
public sealed partial class Kubelet
{
    private double? pullsLeft;
    private DateTime pullsCounted;

    // What the kubelet tells the machine's runtime when it begins.
    private SimMachine Take(SimMachine found)
    {
        machine = found;
        var (settings, runtime) = (api.Settings, machine.Runtime);
        var most = settings.Get(KnownFlags.MaxParallelImagePulls);
        runtime.MostPulls = settings.Get(KnownFlags.SerializeImagePulls) ? 1
            : most == 0 ? int.MaxValue : most;
        runtime.Kind = settings.Get(KnownFlags.ContainerRuntimeEndpoint);
        runtime.MostLogBytes = settings.Get(KnownFlags.ContainerLogMaxSize);
        runtime.MostLogFiles = settings.Get(KnownFlags.ContainerLogMaxFiles);
        imagesListed = runtime.Images.HasPulled ? Now + listPeriod : null;
        return machine;
    }

    /// <summary>Sees to the image: there, or being pulled (then the stage says so).</summary>
    private bool Image(PodWorker worker, int i, Container container)
    {
        var (image, pod) = (container.Image ?? "", worker.Pod);
        var path = PathOf(pod, container);
        if (ImageReference.Problem(image) is { } wrong)
        {
            var message = $"Failed to apply default image tag \"{image}\": couldn't parse image "
                + $"name \"{image}\": {wrong}";
            api.EventAt(pod, path, "Warning", "InspectFailed", "{0}", message);
            Refuse(worker, i, container, new("InvalidImageName", message));
            return false;
        }
        if (container.ImagePullPolicy != "Always"
            && machine.Runtime.ImageStatus(image).Value is not null && MayUse(pod, image))
        {
            api.EventAt(pod, path, "Normal", "Pulled",
                "Container image \"{0}\" already present on machine and can be accessed by the pod",
                image);
            return true;
        }
        if (container.ImagePullPolicy == "Never")
        {
            var message = $"Container image \"{image}\" is not present with pull policy of Never";
            api.EventAt(pod, path, "Warning", "ErrImageNeverPull", "{0}", message);
            Refuse(worker, i, container, new("ErrImageNeverPull", message));
            return false;
        }
        if (worker.Pulls?.GetValueOrDefault(image) is { Delay: { } delay } failed
            && Now - delay.Since < delay.Span)
        {
            api.EventAt(pod, path, "Normal", "BackOff", "Back-off pulling image \"{0}\"", image);
            Refuse(worker, i, container, new("ImagePullBackOff",
                $"Back-off pulling image \"{image}\": ErrImagePull: {failed.Error}"));
            return false;
        }
        api.EventAt(pod, path, "Normal", "Pulling", "Pulling image \"{0}\"", image);
        worker.Pull = BeginPull(pod, image);
        api.Did("began to pull image {0}", image);
        (worker.Stage, worker.Due) = (Stage.Pulling, worker.Pull.Last.EndsAt);
        return true;
    }

    // With each user that the pod's secrets name, until one may; without any, as nobody.
    private PodPull BeginPull(Pod pod, string image)
    {
        if (machine.Runtime.MostPulls > 1 && !TakesPull())
        {
            return new(Now, Now, new(Now, Now), null, "pull QPS exceeded");
        }
        var users = UsersFor(pod, image);
        if (users.Count == 0)
        {
            var pull = machine.Runtime.BeginPull(image);
            return new(Now, pull.BeginsAt, pull, null, pull.Error);
        }
        var (errors, begins) = (new List<string>(), default(DateTime?));
        PodPull made = null!;
        foreach (var user in users)
        {
            var pull = machine.Runtime.BeginPull(image, user.Auth);
            begins ??= pull.BeginsAt;
            made = new(Now, begins.Value, pull, user, null);
            if (pull.Error is null)
            {
                return made;
            }
            errors.AddRange(errors.Contains(pull.Error) ? [] : [pull.Error]);
        }
        return made with
        {
            Error = errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]",
        };
    }

    // A bucket that fills up again; pulls one by one come too slowly to empty it.
    private bool TakesPull()
    {
        var (rate, most) = (api.Settings.Get(KnownFlags.RegistryQps),
            api.Settings.Get(KnownFlags.RegistryBurst));
        pullsLeft = Math.Min(most,
            (pullsLeft ?? most) + (Now - pullsCounted).TotalSeconds * rate);
        pullsCounted = Now;
        if (rate > 0 && pullsLeft < 1)
        {
            return false;
        }
        pullsLeft -= 1;
        return true;
    }

    /// <summary>A pull is over, well or not.</summary>
    private void Pulled(PodWorker worker)
    {
        var i = worker.ToStart.Peek();
        var (pod, container, pull) = (worker.Pod, worker.Pod.Spec.ContainerAt(i), worker.Pull!);
        var image = container.Image ?? "";
        if (pull.Last.EndsAt > Now)
        {
            // Others came and took their share of the wire.
            (worker.Stage, worker.Due) = (Stage.Pulling, pull.Last.EndsAt);
            return;
        }
        worker.Pull = null;
        if (pull.Error is null && machine.Runtime.Images.Find(image) is { } there
            && there.IsThere(Now))
        {
            there.Open(pull.With?.Secret, pull.With?.Auth);
            if (!there.IsTold)
            {
                there.IsTold = true;
                ImagesChanged();
            }
            api.EventAt(pod, PathOf(pod, container), "Normal", "Pulled", "Successfully pulled "
                + "image \"{0}\" in {1} ({2} including waiting). Image size: {3} bytes.", image,
                Rounded(Now - pull.Begins), Rounded(Now - pull.Asked),
                there.Image.SizeBytes.ToString(CultureInfo.InvariantCulture));
            if (Create(worker, i, container))
            {
                if (worker.Stage == Stage.Idle)
                {
                    worker.ToStart.Dequeue();
                    StartNext(worker);
                }
                return;
            }
        }
        else
        {
            var error = pull.Error ?? "rpc error: code = Canceled desc = context canceled";
            var before = worker.Pulls?.GetValueOrDefault(image).Delay;
            (worker.Pulls ??= new(StringComparer.Ordinal))[image] =
                (Delay.After(before, Now, Now), error);
            api.EventAt(pod, PathOf(pod, container), "Warning", "Failed",
                "Failed to pull image \"{0}\": {1}", image, error);
            Refuse(worker, i, container, new("ErrImagePull", error));
        }
        worker.Failed = true;
        Skip(worker, i);
        StartNext(worker);
    }

    private static string Rounded(TimeSpan span) =>
        GoDuration.Format(TimeSpan.FromMilliseconds(Math.Round(span.TotalMilliseconds)));

    // Whether a pod may have an image that is there without asking its registry.
    private bool MayUse(Pod pod, string image)
    {
        var policy = api.Settings.Get(KnownFlags.ImagePullCredentialsVerification);
        var there = machine.Runtime.Images.Find(image)!;
        return policy == "NeverVerify" || there.IsOpen
            || (there.OpenedBy is null ? policy != "AlwaysVerify"
                : UsersFor(pod, image).Exists(u => there.OpenedBy.Any(
                    o => o.Secret == u.Secret || o.Auth == u.Auth)));
    }

    private List<PullCredential> UsersFor(Pod pod, string image) =>
        pod.Spec.ImagePullSecrets.IsEmpty ? []
            : PullSecrets.For(ImageReference.Parse(image), SecretsOf(pod).Select(s => s.Found)
                .OfType<Secret>());

    private IEnumerable<(string Name, Secret? Found)> SecretsOf(Pod pod) =>
        pod.Spec.ImagePullSecrets.Where(s => s.Name is { Length: > 0 })
            .Select(s => (s.Name!, api.Get<Secret>(pod.Metadata.Namespace, s.Name!)));

    private void TellMissingSecrets(Pod pod)
    {
        if (pod.Spec.ImagePullSecrets.IsEmpty)
        {
            return;
        }
        var missing = SecretsOf(pod).Where(s => s.Found is null).Select(s => s.Name).ToList();
        if (missing.Count > 0)
        {
            api.Event(pod, "Warning", "FailedToRetrieveImagePullSecret", "Unable to retrieve some "
                + "image pull secrets ({0}); attempting to pull the image may not succeed.",
                string.Join(", ", missing));
        }
    }
}
