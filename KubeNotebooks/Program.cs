using System.CommandLine;
using System.Text;

namespace KubeNotebooks;

/// <summary>The command line: <c>dotnet run --project KubeNotebooks -- COMMAND</c>.</summary>
public static class Program
{
    /// <summary>Runs one command.</summary>
    /// <returns>0: it ran; 1: a check failed; 2: bad input; 3: a limit was reached.</returns>
    public static int Main(string[] args)
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        using var output = new StreamWriter(Console.OpenStandardOutput(), utf8, 1 << 16);
        using var error = new StreamWriter(Console.OpenStandardError(), utf8);
        output.NewLine = error.NewLine = "\n";
        return Run(args, new(Console.In, output, error));
    }

    internal static int Run(string[] args, Terminal terminal)
    {
        var root = Root(terminal);
        var parsed = root.Parse(args.Length == 0 ? [CourseCommand.Name] : args);
        // Never guess at a mistyped command, and never print help where data is expected.
        if (parsed.Errors.Count > 0)
        {
            ReportUsage(terminal, parsed);
            return ExitCode.BadInput;
        }
        try
        {
            return parsed.Invoke(new()
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception e) when (e is BadInputException or NotebookException)
        {
            terminal.Error.WriteLine(e.Message);
            return ExitCode.BadInput;
        }
    }

    /// <summary>All commands.</summary>
    internal static RootCommand Root(Terminal terminal)
    {
        var root = new RootCommand("A whole Kubernetes cluster in one process, one observable "
            + "step at a time.\nNothing real runs: time is virtual, and the "
            + "same seed gives the same run.")
        {
            CourseCommand.Create(terminal),
            SimulateCommand.Create(terminal),
            ServeCommand.Create(terminal),
            RunCommand.Create(terminal),
            FormatCommand.Create(terminal),
            InstallKernelCommand.Create(terminal),
            ReferenceCommand.Create(terminal),
            GradeCommand.Create(terminal),
            GradeCommand.CreateWorker(),
            EngineCommand.Create(),
        };
        foreach (var command in CheckCommand.Create(terminal))
        {
            root.Subcommands.Add(command);
        }
        return root;
    }

    private static void ReportUsage(Terminal terminal, ParseResult parsed)
    {
        // "Required command was not provided" says nothing beside the word that is none.
        foreach (var error in parsed.Errors.Skip(parsed.UnmatchedTokens.Count > 0
            && parsed.CommandResult.Command is RootCommand ? 1 : 0))
        {
            terminal.Error.WriteLine(error.Message);
        }
        var command = parsed.CommandResult.Command is RootCommand
            ? "" : $"{parsed.CommandResult.Command.Name} ";
        terminal.Error.WriteLine($"Try: KubeNotebooks {command}--help");
    }
}

/// <summary>What a command reads and writes: data on the output, all else on the error.</summary>
internal sealed record Terminal(TextReader In, TextWriter Out, TextWriter Error);

/// <summary>What a command comes to.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int CheckFailed = 1;
    public const int BadInput = 2;
    public const int LimitReached = 3;
}
