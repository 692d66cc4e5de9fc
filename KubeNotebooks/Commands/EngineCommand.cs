using System.CommandLine;

namespace KubeNotebooks;

/// <summary><c>engine</c>: one session for a program that shows a notebook; hidden, since people
/// do not speak its protocol (<see cref="EngineLoop"/>).</summary>
internal static class EngineCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "engine";

    public static Command Create()
    {
        var path = new Argument<string>("NOTEBOOK")
        {
            Description = "A notebook, or the folder in which cells run",
        };
        var command = new Command(Name, "Run cells, asked for by JSON lines.") { path };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var (input, output) = StandardStreams.Take();
            EngineLoop.Run(Open(parsed.GetRequiredValue(path)), input, output);
            // Threads that a cell began must not hold the process.
            Environment.Exit(ExitCode.Success);
        });
        return command;
    }

    // A folder stands for a notebook without a name in it.
    private static NotebookFile Open(string path) => Directory.Exists(path)
        ? new()
        {
            Path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))
                + Path.DirectorySeparatorChar,
            Cells = [],
        }
        : NotebookFile.Read(path);
}
