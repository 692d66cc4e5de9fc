using System.CommandLine;

namespace KubeNotebooks;

/// <summary><c>install-kernel</c>: makes Jupyter run the notebooks with this project's
/// engine.</summary>
internal static class InstallKernelCommand
{
    public static Command Create(Terminal terminal)
    {
        var user = new Option<bool>("--user")
        {
            Description = "Install for this person; the default",
        };
        var system = new Option<bool>("--sys-prefix")
        {
            Description = "Install into that Python, such as a virtual environment",
        };
        var prefix = new Option<string>("--prefix")
        {
            Description = "Install to DIR/share/jupyter/kernels", HelpName = "DIR",
        };
        var name = new Option<string>("--name")
        {
            Description = "The kernel's name", HelpName = "NAME",
            DefaultValueFactory = _ => "kubenotebooks",
        };
        var python = new Option<string>("--python")
        {
            Description = "The Python that Jupyter runs in", HelpName = "PROGRAM",
            DefaultValueFactory = _ => "python3",
        };
        var remove = new Option<bool>("--remove") { Description = "Take it away again" };
        var command = new Command("install-kernel", "Install a Jupyter kernel for the notebooks, "
            + $"as NAME and as {Kernelspecs.Common} where nobody has that.\nJupyter Notebook, "
            + "JupyterLab, nbconvert and VS Code then run them. Needs Python with ipykernel.")
        {
            user, system, prefix, name, python, remove,
        };
        command.SetAction(parsed =>
        {
            if ((bool[])[parsed.GetValue(user), parsed.GetValue(system),
                parsed.GetValue(prefix) is not null] is var places
                && places.Count(p => p) > 1)
            {
                throw new BadInputException([
                    "--user, --sys-prefix, --prefix: only one place can be named"]);
            }
            var jupyter = JupyterFolders.Ask(parsed.GetRequiredValue(python));
            var specs = new Kernelspecs(parsed.GetValue(prefix) is { } folder
                ? Path.Combine(Path.GetFullPath(folder), "share", "jupyter")
                : parsed.GetValue(system) ? jupyter.System : jupyter.User, jupyter);
            return parsed.GetValue(remove) ? Remove(terminal, specs, parsed.GetRequiredValue(name))
                : Install(terminal, specs, parsed.GetRequiredValue(name));
        });
        return command;
    }

    private static int Install(Terminal terminal, Kernelspecs specs, string name)
    {
        if (specs.Install(name) is not { } folder)
        {
            throw new BadInputException([
                $"--name {name}: another kernel has this name: {specs.Foreign(name)}"]);
        }
        terminal.Out.WriteLine($"{name}: {folder}");
        if (name != Kernelspecs.Common)
        {
            terminal.Out.WriteLine($"{Kernelspecs.Common}: "
                + (specs.Install(Kernelspecs.Common) ?? "left to the one that is there, "
                    + specs.Foreign(Kernelspecs.Common)));
        }
        return ExitCode.Success;
    }

    private static int Remove(Terminal terminal, Kernelspecs specs, string name)
    {
        var gone = new[] { name, Kernelspecs.Common }.Distinct().Select(specs.Remove)
            .OfType<string>().ToList();
        gone.ForEach(f => terminal.Out.WriteLine($"removed: {f}"));
        return gone.Count > 0 ? ExitCode.Success
            : throw new BadInputException([$"{name}: no kernel of ours is there"]);
    }
}
