namespace KubeSim;

/// <summary>
/// Starting containers: back-off, image, create, start, postStart, one container after the other
/// (the hooks: KubeletHooks.cs). What goes wrong is kept as the reason why the container waits,
/// told as an event, and tried again by the next sync.
/// <para>Worked, for a container that ends with an error after 2 s, again and again: it starts at
/// 0 s, again at once at 2 s, and after the ends at 4, 16, 38 s not before 10, 20, 40 s have
/// passed. After ten minutes that went well the first delay is 10 s again.</para>
/// Models pkg/kubelet/kuberuntime/kuberuntime_container.go.
/// </summary>
public sealed partial class Kubelet
{
    private void StartNext(PodWorker worker)
    {
        while (worker.ToStart.Count > 0)
        {
            var i = worker.ToStart.Peek();
            if (!TryStart(worker, i))
            {
                worker.Failed = true;
                Skip(worker, i);
            }
            else if (worker.Stage == Stage.Idle)
            {
                worker.ToStart.Dequeue();
            }
            if (worker.Stage != Stage.Idle)
            {
                return;
            }
        }
        EndSync(worker);
    }

    // Behind an init container that cannot start nothing else may; others do not wait.
    private static void Skip(PodWorker worker, int i)
    {
        worker.ToStart.Dequeue();
        if (worker.Pod.Spec.RunsToEnd(i))
        {
            worker.ToStart.Clear();
        }
    }

    /// <summary>Starts a container, or begins to; false when it cannot be started now.</summary>
    private bool TryStart(PodWorker worker, int i)
    {
        var container = worker.Pod.Spec.ContainerAt(i);
        return !BacksOff(worker, i, container) && Image(worker, i, container)
            && (worker.Stage != Stage.Idle || Create(worker, i, container));
    }

    private bool BacksOff(PodWorker worker, int i, Container container)
    {
        if (worker.View.FindExited(container.Name)?.FinishedAt is not { } ended)
        {
            return false;
        }
        var delay = worker.CrashOf(i);
        if (delay is null || ended - delay.Since > Delay.Most * 2 || Now - ended >= delay.Span)
        {
            worker.SetCrash(i, Delay.After(delay, ended, Now));
            return false;
        }
        var name = KubeletEvents.NameOf(worker.Pod);
        api.EventAt(worker.Pod, PathOf(worker.Pod, container), "Warning", "BackOff",
            "Back-off restarting failed container {0} in pod {1}", container.Name, name);
        worker.SetReason(i, new("CrashLoopBackOff", $"back-off {GoDuration.Format(delay.Span)} "
            + $"restarting failed container={container.Name} pod={name}"));
        return true;
    }

    private void Refuse(PodWorker worker, int i, Container container, Waiting why)
    {
        api.EventAt(worker.Pod, PathOf(worker.Pod, container), "Warning", "Failed", "Error: {0}",
            why.Reason is "CreateContainerConfigError" or "CreateContainerError"
                or "RunContainerError" ? why.Message : why.Reason);
        worker.SetReason(i, why);
    }

    private bool Create(PodWorker worker, int i, Container container)
    {
        var pod = worker.Pod;
        if (MissingReference(pod, container) is { } missing)
        {
            Refuse(worker, i, container, new("CreateContainerConfigError", missing));
            return false;
        }
        var before = worker.View.Find(container.Name);
        var older = worker.View.Find(container.Name, 1);
        var attempt = before is not null ? before.Config.Attempt + 1
            : pod.StatusOf(container.Name) is { ContainerID: not null } told
                ? told.RestartCount + 1 : 0;
        var created = machine.Runtime.CreateContainer(worker.SandboxId, new()
        {
            Name = container.Name, Attempt = attempt, Image = container.Image ?? "",
            Command = Expanded(container.Command, pod, container),
            Args = Expanded(container.Args, pod, container),
            Ports = container.Ports, Mounts = container.VolumeMounts,
            RunsToEnd = pod.Spec.RunsToEnd(i), Stdin = container.Stdin == true,
            // Not the pod as it is now: nobody else needs that any more.
            Surroundings = () => SurroundingsOf(
                worker.Pod, worker.Pod.Spec.ContainerAt(i), attempt),
            Linux = CgroupRules.Of(pod, container, machine.Size),
            IsFirst = i == pod.Spec.InitContainers.Count,
        });
        if (created.Error is { } error)
        {
            Refuse(worker, i, container, new("CreateContainerError", error));
            return false;
        }
        var id = created.Value!;
        api.EventAt(pod, PathOf(pod, container), "Normal", "Created", "Container created");
        var runs = machine.Runtime.StartContainer(id).Takes;
        api.EventAt(pod, PathOf(pod, container), "Normal", "Started", "Container started");
        api.Did("started container {0}", container.Name);
        worker.SetReason(i, null);
        worker.Acted = true;
        if (older is not null)
        {
            // Of the dead containers of a name one is kept, for its logs.
            machine.Runtime.RemoveContainer(older.Id);
        }
        if (container.Lifecycle?.PostStart is not null)
        {
            worker.ToStart.Dequeue();
            worker.Hook = new(i, id);
            (worker.Stage, worker.Due) = (Stage.PostStart, Now + runs);
        }
        return true;
    }

    // Words with $(NAME) have it replaced: the kubelet's own way, where no shell is.
    private Seq<string> Expanded(Seq<string> words, Pod pod, Container container)
    {
        if (!words.Any(w => w.Contains("$(", StringComparison.Ordinal)))
        {
            return words;
        }
        var variables = EnvironmentOf(pod, container).ToDictionary(StringComparer.Ordinal);
        return [.. words.Select(w => DownwardApi.Expand(w, variables))];
    }

    private Map<string> EnvironmentOf(Pod pod, Container container)
    {
        var ns = pod.Metadata.Namespace;
        var made = new PodEnvironment(
            Placed(pod), api.Get<Node>("", node)?.Status.Allocatable ?? default)
        {
            Services = api.List<Service>(ns).Concat(ns == "default" ? []
                : api.List<Service>("default").Where(s => s.Metadata.Name == "kubernetes")),
            Map = name => api.Get<ConfigMap>(ns, name), Secret = name => api.Get<Secret>(ns, name),
        };
        var variables = KubeSim.Map.Of(("HOSTNAME", HostNameOf(pod)));
        foreach (var (name, value) in made.Of(container))
        {
            variables = variables.Set(name, value);
        }
        return variables;
    }

    /// <summary>What the environment of a container refers to and is not there.</summary>
    private string? MissingReference(Pod pod, Container container)
    {
        var ns = pod.Metadata.Namespace;
        foreach (var source in container.EnvFrom)
        {
            var missing = source.ConfigMapRef is { Optional: not true } map
                ? MissingMap(ns, map.Name)
                : source.SecretRef is { Optional: not true } secret
                    ? MissingSecret(ns, secret.Name) : null;
            if (missing is not null)
            {
                return missing;
            }
        }
        foreach (var variable in container.Env)
        {
            var missing = variable.ValueFrom?.ConfigMapKeyRef is { Optional: not true } map
                ? MissingMap(ns, map.Name, map.Key)
                : variable.ValueFrom?.SecretKeyRef is { Optional: not true } secret
                    ? MissingSecret(ns, secret.Name, secret.Key) : null;
            if (missing is not null)
            {
                return missing;
            }
        }
        return null;
    }
}
