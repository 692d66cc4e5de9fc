using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace KubeNotebooks;

/// <summary>What went wrong in a cell, in words and with its line.</summary>
internal static partial class CellErrors
{
    // Past these, mistakes follow from mistakes.
    private const int MostErrors = 10;
    private const string MissingReference = "CS0006";

    /// <summary>Errors as <c>Cell 2(3,9): CS0103: message</c>, each with its line and a caret
    /// below.</summary>
    public static (string Text, CellFailure Failure) OfCompiler(IEnumerable<Diagnostic> diagnostics,
        string cell, CellReferences references)
    {
        var errors = diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)
            .OrderBy(d => d.Location.SourceSpan.Start).ToList();
        // All that needs a missing reference is wrong too: say the one thing.
        var missing = errors.Where(e => e.Id == MissingReference).ToList();
        errors = missing.Count > 0 ? missing : errors;
        var text = new StringBuilder();
        foreach (var error in errors.Take(MostErrors))
        {
            Say(text, error, references);
        }
        if (errors.Count > MostErrors)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"and {errors.Count - MostErrors} more errors\n");
        }
        return (text.ToString().TrimEnd('\n'), new(errors[0].Id, Message(errors[0], references),
            errors.Select(e => PlaceOf(e, cell)).FirstOrDefault(p => p.Line > 0)));
    }

    /// <summary>Where a diagnostic stands in a cell; nowhere when in another file.</summary>
    public static CellPlace PlaceOf(Diagnostic diagnostic, string cell)
    {
        var place = diagnostic.Location.GetMappedLineSpan();
        var (from, to) = (place.StartLinePosition, place.EndLinePosition);
        return place.Path != cell ? default
            : new(from.Line + 1, from.Character + 1, to.Line + 1, to.Character + 1);
    }

    /// <summary>What a diagnostic says.</summary>
    public static string Message(Diagnostic diagnostic, CellReferences references)
    {
        var message = diagnostic.GetMessage(CultureInfo.InvariantCulture);
        // The message quotes the reference.
        return diagnostic.Id == MissingReference ? references.Explain(message.Split('\'')[1])
            : message;
    }

    private static void Say(StringBuilder text, Diagnostic error, CellReferences references)
    {
        var place = error.Location.GetLineSpan();
        var (line, column) = (place.StartLinePosition.Line, place.StartLinePosition.Character);
        if (place.Path is { Length: > 0 } path)
        {
            text.Append(CultureInfo.InvariantCulture, $"{path}({line + 1},{column + 1}): ");
        }
        text.Append(CultureInfo.InvariantCulture, $"{error.Id}: {Message(error, references)}\n");
        if (error.Location.SourceTree?.GetText().Lines is { } lines && line < lines.Count)
        {
            // Tabs stay, so that the caret stands where its line puts it.
            var source = lines[line].ToString();
            var indent = string.Concat(source.Take(column).Select(c => c == '\t' ? '\t' : ' '));
            text.Append(CultureInfo.InvariantCulture, $"    {source}\n    {indent}^\n");
        }
    }

    /// <summary>An exception with the frames of cells only, innermost first.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="cell">The cell that ran.</param>
    /// <param name="folder">Where the names of files start.</param>
    public static (string Text, CellFailure Failure) OfException(Exception exception, string cell,
        string folder)
    {
        var text = new StringBuilder();
        for (var (e, before) = (exception, ""); e is not null; e = e.InnerException)
        {
            text.Append(before).Append(NameOf(e)).Append(": ")
                .Append(Submission().Replace(e.Message, "")).Append('\n');
            before = "because of ";
        }
        // The place is where the innermost exception left the cells' code.
        var frames = Chain(exception).Select(e => Frames(e, folder))
            .LastOrDefault(f => f.Count > 0) ?? [];
        foreach (var (name, file, line) in frames)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"   at {(name.Length > 0 ? name + ", " : "")}{file}, line {line}\n");
        }
        var at = frames.FirstOrDefault(f => f.File == cell).Line;
        var said = text.ToString().TrimEnd('\n');
        return (said, new(NameOf(exception), said.Split('\n')[0].Split(": ", 2)[1],
            new(at, 0, at, 0)));
    }

    /// <summary>The exception's name as a learner knows it.</summary>
    public static string NameOf(Exception e) =>
        IsCell(e.GetType().Assembly) ? e.GetType().Name : e.GetType().FullName!;

    private static IEnumerable<Exception> Chain(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            yield return e;
        }
    }

    // Cells are compiled to memory; all else was loaded from somewhere.
    private static bool IsCell(System.Reflection.Assembly assembly) =>
        assembly.IsDynamic || assembly.Location.Length == 0;

    private static List<(string Name, string File, int Line)> Frames(Exception e,
        string folder) =>
    [
        .. new StackTrace(e, fNeedFileInfo: true).GetFrames()
            .Where(f => f.GetFileName() is { Length: > 0 } && f.GetMethod() is { } method
                && IsCell(method.Module.Assembly))
            .Select(f => (Function(f.GetMethod()!),
                Path.GetRelativePath(folder, f.GetFileName()!), f.GetFileLineNumber())),
    ];

    private static string Function(System.Reflection.MethodBase method)
    {
        var type = method.DeclaringType?.Name ?? "";
        var made = LocalFunction().Match(method.Name) is { Success: true } local ? local
            : StateMachine().Match(type) is { Success: true } machine ? machine : null;
        if (made?.Groups[1].Value is { } name)
        {
            return name.StartsWith('<') ? "" : name;
        }
        return method.Name.Contains('<') ? ""
            : type.StartsWith("Submission#", StringComparison.Ordinal) ? method.Name
            : $"{type}.{method.Name}";
    }

    [GeneratedRegex(@"Submission#\d+\+")]
    private static partial Regex Submission();

    [GeneratedRegex(@"g__(\w+)\|")]
    private static partial Regex LocalFunction();

    [GeneratedRegex(@"^<(.+)>d__")]
    private static partial Regex StateMachine();
}
