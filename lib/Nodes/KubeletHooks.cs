using System.Globalization;

namespace KubeSim;

/// <summary>A postStart hook on its way.</summary>
/// <param name="Number">Which of the pod's containers.</param>
/// <param name="ContainerId">The container as the runtime knows it.</param>
/// <param name="Ran">True: it ran; what is waited for is its end.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
/// <param name="Killed">True: its container has got the stop signal since.</param>
internal sealed record PostStartHook(int Number, string ContainerId, bool Ran = false,
    string? Error = null, bool Killed = false);

/// <summary>
/// The hooks of a container's life. postStart runs once the container does, and the pod's sync
/// waits for it: meanwhile the container is shown as not yet created. If it fails, the container is
/// killed and starts again as one that crashed. preStop runs before the stop signal, on the same
/// seconds of grace; that it failed is told and has no other effect.
/// <para>A hook is a command in the container (it fails with an exit code other than 0), a request
/// to it (it fails when nobody takes the connection; any status will do), or a sleep. Its output is
/// in no event, since there may be secrets in it; the status of the container tells it.</para>
/// <para>Worked: grace 30 s, a preStop of <c>sleep 10</c>, a server that ignores SIGTERM: signal at
/// 10 s, kill at 30 s. A preStop of <c>sleep 60</c>: signal at 30 s, kill at 32 s.</para>
/// Models pkg/kubelet/lifecycle/handlers.go and kuberuntime/kuberuntime_container.go
/// (executePreStopHook).
/// </summary>
public sealed partial class Kubelet
{
    private void PostStart(PodWorker worker, PostStartHook hook)
    {
        var (pod, number) = (worker.Pod, hook.Number);
        var container = pod.Spec.ContainerAt(number);
        if (!hook.Ran)
        {
            var (takes, error) = Run(pod, container, hook.ContainerId,
                container.Lifecycle!.PostStart!, TimeSpan.FromHours(1));
            worker.Hook = hook = hook with { Ran = true, Error = error };
            if (takes > TimeSpan.Zero)
            {
                (worker.Stage, worker.Due) = (Stage.PostStart, Now + takes);
                return;
            }
        }
        if (hook is { Error: not null, Killed: false })
        {
            api.EventAt(pod, PathOf(pod, container), "Warning", "FailedPostStartHook",
                "PostStartHook failed");
            var status = ViewOf(worker).Find(container.Name)!;
            var gone = Kill(worker, status, "FailedPostStartHook", KillReason.Other, null);
            worker.Hook = hook with { Killed = true };
            (worker.Stage, worker.Due) = (Stage.PostStart, gone);
            return;
        }
        // That the container runs was noticed long ago, and waits for the next sync.
        (worker.Hook, worker.Dirty) = (null, true);
        if (hook.Error is { } why)
        {
            worker.SetReason(number, new("PostStartHookError", why));
            worker.Failed = true;
        }
        StartNext(worker);
    }

    /// <summary>How long a preStop hook takes, at most so long.</summary>
    private TimeSpan PreStop(
        Pod pod, Container container, string id, LifecycleHandler hook, TimeSpan most)
    {
        var (takes, error) = Run(pod, container, id, hook, most);
        if (error is not null && takes < most)
        {
            api.EventAt(pod, PathOf(pod, container), "Warning", "FailedPreStopHook",
                "PreStopHook failed");
        }
        return takes;
    }

    private (TimeSpan Takes, string? Error) Run(
        Pod pod, Container container, string id, LifecycleHandler hook, TimeSpan most)
    {
        var of = $"for Container \"{container.Name}\" in Pod \"{KubeletEvents.NameOf(pod)}\" "
            + "failed - error: ";
        if (hook.Sleep is { } sleep)
        {
            var takes = TimeSpan.FromSeconds(sleep.Seconds);
            return (takes < most ? takes : most, null);
        }
        if (hook.Exec is { } exec)
        {
            var line = string.Join(' ', exec.Command);
            var answer = machine.Runtime.ExecSync(id, exec.Command, most);
            var error = answer.Value is not { } done ? answer.Error
                : done.ExitCode == 0 ? null : string.Create(CultureInfo.InvariantCulture,
                    $"command '{line}' exited with {done.ExitCode}: {done.Stderr}");
            return (answer.Takes < most ? answer.Takes : most, error is null ? null
                : $"Exec lifecycle hook ([{line}]) {of}{error}, message: "
                    + FieldErrors.Quote($"{answer.Value?.Stdout}{answer.Value?.Stderr}"));
        }
        if (hook.HttpGet is { } get)
        {
            var answer = machine.Runtime.Probe(id, new() { HttpGet = get });
            return (TimeSpan.Zero, answer.Passes || answer.IsAnswered ? null
                : $"HTTP lifecycle hook ({get.Path}) {of}{answer.Output}");
        }
        return (TimeSpan.Zero, null);
    }
}
