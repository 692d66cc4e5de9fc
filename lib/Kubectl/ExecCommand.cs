namespace KubeSim;

/// <summary><c>kubectl exec</c>: runs a command in a container. The small tools of shells are
/// known, other programs succeed and print nothing; no terminal is opened.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/exec/exec.go.</remarks>
internal static class ExecCommand
{
    public static readonly KubectlCommand Command = new("exec",
        "container/c stdin/i! tty/t! quiet/q! pod-running-timeout ~filename/f", Run);

    private static void Run(Invocation call)
    {
        if (call.Args.Count == 0)
        {
            throw new KubectlException("pod, type/name or --filename must be specified");
        }
        if (call.Flags.AfterDash is not { Count: > 0 } command)
        {
            throw call.UsageError(call.Args.Count > 1
                ? "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] "
                    + "instead"
                : "you must specify at least one command for the container");
        }
        // What programs print here does not depend on what they could read.
        if (call.Flags.On("stdin") && call.Flags.On("tty"))
        {
            call.ErrorLine("Unable to use a TTY - input is not a terminal or the right kind of "
                + "file");
        }
        var pod = LogsCommand.Pods(call, "exec").First();
        var container = LogsCommand.Containers(call, pod).First();
        if (pod.IsFinished)
        {
            throw new KubectlException("cannot exec into a container in a completed pod; current "
                + $"phase is {pod.Status.Phase}");
        }
        if (call.Server.Logs is not { } machines || !pod.IsScheduled)
        {
            throw ApiErrors.BadRequest($"pod {pod.Metadata.Name} does not have a host assigned");
        }
        if (!machines.Reaches(pod))
        {
            throw ApiErrors.Of(500, "", "error dialing backend: dial tcp "
                + $"{pod.Status.HostIP}:10250: connect: connection refused");
        }
        if (pod.StatusOf(container) is not { State.Running: not null, ContainerID: { } id })
        {
            throw new KubectlException("Internal error occurred: unable to upgrade connection: "
                + $"container not found (\"{container}\")");
        }
        if (!ShellRun.IsShell(command[0]) && !ShellTools.Knows(command[0]))
        {
            throw new KubectlException($"the program \"{command[0]}\" is none that this "
                + "simulator can run in a container: it knows shells and their small tools, curl, "
                + "wget, nslookup and dig");
        }
        var result = machines.Exec(pod, container, id, [.. command])
            ?? throw new KubectlException($"{command[0]} would run for more than an hour");
        call.Print(result.Stdout);
        if (result.Stderr.Length > 0)
        {
            call.ErrorLine(result.Stderr.TrimEnd('\n'));
        }
        if (result.ExitCode != 0)
        {
            call.ErrorLine("command terminated with exit code "
                + DescribeText.Number(result.ExitCode));
            call.Exit(result.ExitCode);
        }
    }
}
