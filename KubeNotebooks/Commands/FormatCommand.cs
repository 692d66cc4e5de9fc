using System.CommandLine;

namespace KubeNotebooks;

/// <summary><c>format</c>: brings notebooks into the form that they have in git.</summary>
internal static class FormatCommand
{
    public static Command Create(Terminal terminal)
    {
        var notebooks = NotebookPaths.Argument();
        var check = new Option<bool>("--check")
        {
            Description = "Write nothing: name the notebooks that are in another form, and exit "
                + "with 1 if there are any",
        };
        var command = new Command("format",
            "Bring notebooks into canonical form: no outputs, fixed ids, keys in order.")
        {
            notebooks, check,
        };
        command.SetAction(parsed =>
        {
            var others = NotebookPaths.Read(parsed.GetValue(notebooks)!)
                .Where(b => File.ReadAllText(b.Path) != b.ToText()).ToList();
            foreach (var book in others)
            {
                terminal.Out.WriteLine(book.Path);
                if (!parsed.GetValue(check))
                {
                    book.Write();
                }
            }
            return parsed.GetValue(check) && others.Count > 0
                ? ExitCode.CheckFailed : ExitCode.Success;
        });
        return command;
    }
}
