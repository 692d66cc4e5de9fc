using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using static KubeNotebooks.CommandOptions;

namespace KubeNotebooks;

/// <summary><c>course</c>: the notebooks as pages in the browser; what no command at all
/// means.</summary>
internal static class CourseCommand
{
    public const string Name = "course";

    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "The folder of the notebooks",
            DefaultValueFactory = _ => Find(),
        };
        var port = new Option<int>("--port")
        {
            Description = "The port; a free one by default", HelpName = "N",
        };
        port.Validators.Add(r => Check(r, r.GetValueOrDefault<int>() is >= 0 and <= 65535,
            "must be from 0 to 65535"));
        var quiet = new Option<bool>("--no-open")
        {
            Description = "Only print the address, open no browser",
        };
        var command = new Command(Name, "Open the course in the browser until Ctrl+C; the "
            + "command when none is named.\nOnly this machine can reach it, and only with the "
            + "address that is printed.")
        {
            folder, port, quiet,
        };
        command.SetAction(parsed => CheckCommand.Guarded(terminal, () =>
        {
            using var stop = new StopSignal();
            using var server = CourseServer.Start(parsed.GetRequiredValue(folder),
                parsed.GetValue(port));
            terminal.Out.WriteLine($"The course is open at {server.Address}\n"
                + "Ctrl+C ends it; what you wrote is kept.");
            terminal.Out.Flush();
            if (!parsed.GetValue(quiet))
            {
                Open(server.Address);
            }
            stop.Wait();
            return ExitCode.Success;
        }));
        return command;
    }

    // Here, or above this program: it is built inside the folder of the project.
    private static string Find()
    {
        for (var up = AppContext.BaseDirectory; !Directory.Exists("notebooks") && up is not null;
            up = Path.GetDirectoryName(up))
        {
            if (File.Exists(Path.Combine(up, "notebooks", "index.ipynb")))
            {
                return Path.Combine(up, "notebooks");
            }
        }
        return Directory.Exists("notebooks") ? "notebooks" : ".";
    }

    // Where there is no screen the printed address is all; a browser that fails is no failure.
    private static void Open(Uri address)
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("DISPLAY") is null
            && Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is null)
        {
            return;
        }
        try
        {
            using var opened = Process.Start(new ProcessStartInfo(address.AbsoluteUri)
            {
                UseShellExecute = true,
            });
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            return;
        }
    }
}
