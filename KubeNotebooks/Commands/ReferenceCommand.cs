using System.CommandLine;

namespace KubeNotebooks;

/// <summary><c>reference</c>: all that a notebook can call, as one page.</summary>
internal static class ReferenceCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Option<string>("--out")
        {
            Description = "The page; it needs nothing beside it", HelpName = "FILE.html",
            Required = true,
        };
        var command = new Command("reference",
            "Write the reference of all that a notebook can call, as one page with a search.")
        {
            file,
        };
        command.SetAction(parsed => CheckCommand.Guarded(terminal, () =>
        {
            File.WriteAllText(parsed.GetRequiredValue(file), new ReferencePage().Html());
            return ExitCode.Success;
        }));
        return command;
    }
}
