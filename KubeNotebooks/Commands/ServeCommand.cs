using System.CommandLine;
using System.Net;
using static KubeNotebooks.CommandOptions;

namespace KubeNotebooks;

/// <summary><c>serve</c>: a cluster behind the Kubernetes API, for kubectl and other
/// clients.</summary>
internal static class ServeCommand
{
    public static Command Create(Terminal terminal)
    {
        var inputs = new ClusterInputs("the time of now");
        var port = new Option<int>("--port")
        {
            Description = "The port; 0 takes a free one", HelpName = "N",
            DefaultValueFactory = _ => 6443,
        };
        port.Validators.Add(r => Check(r, r.GetValueOrDefault<int>() is >= 0 and <= 65535,
            "must be from 0 to 65535"));
        var speed = new Option<string>("--speed")
        {
            Description = "How virtual time goes on; max does not wait while there is work",
            HelpName = "paused|1x|10x|max", DefaultValueFactory = _ => "1x",
        };
        var kubeconfig = ClusterInputs.Path("--kubeconfig",
            "Where to write it; .kubenotebooks/kubeconfig by default", "FILE");
        var force = new Option<bool>("--force")
        {
            Description = "Write over a kubeconfig that is not from here",
        };
        var listen = new Option<string>("--listen")
        {
            Description = "The address to listen on; others than this machine's open it to all",
            HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1",
        };
        var token = new Option<string>("--token")
        {
            Description = "A bearer token that counts as the administrator", HelpName = "TOKEN",
        };
        var log = ClusterInputs.Path(
            "--access-log", "A line for each request; - for standard error", "FILE|-");
        var command = new Command("serve",
            "Serve the Kubernetes API of a simulated cluster until Ctrl+C.\n"
            + "Exit code 0: it was stopped; 2: bad input, nothing was served.");
        foreach (var option in (Option[])
            [port, speed, kubeconfig, force, listen, token, log, .. inputs.All])
        {
            command.Options.Add(option);
        }
        command.SetAction(parsed =>
        {
            // Objects as old as kubectl thinks they are: it looks at its own clock.
            var now = DateTime.UtcNow;
            var cluster = inputs.Read(parsed, now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)));
            using var file = parsed.GetValue(log) is { } path and not "-"
                ? new StreamWriter(CommandFiles.Create(path)) : null;
            return Serve(terminal, cluster, new()
            {
                Port = parsed.GetValue(port),
                Speed = parsed.GetValue(speed)!,
                Kubeconfig = parsed.GetValue(kubeconfig),
                Force = parsed.GetValue(force),
                Listen = parsed.GetValue(listen)!,
                Token = parsed.GetValue(token),
                AccessLog = file ?? (parsed.GetValue(log) == "-" ? terminal.Error : null),
            });
        });
        return command;
    }

    private static int Serve(Terminal terminal, SimulateOptions inputs, ServeOptions options)
    {
        using var saved = inputs.SaveJournal is null ? null
            : new StreamWriter(CommandFiles.Create(inputs.SaveJournal));
        var cluster = new SimulateRun(terminal, inputs).Begin();
        using var stop = new StopSignal();
        try
        {
            using var server = ClusterServer.Start(cluster, options);
            if (!IPAddress.IsLoopback(IPAddress.Parse(options.Listen)))
            {
                terminal.Error.WriteLine($"warning: {options.Listen} is open to other machines; "
                    + "whoever has the kubeconfig or the token is the administrator");
            }
            terminal.Out.WriteLine(server);
            terminal.Out.Flush();
            stop.Wait();
        }
        catch (ArgumentException e)
        {
            throw new BadInputException(e.Message);
        }
        saved?.Write(cluster.SaveJournal());
        return ExitCode.Success;
    }
}
