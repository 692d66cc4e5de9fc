using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Scripting;

namespace KubeNotebooks;

/// <summary>How a cell ended.</summary>
public enum CellEnd
{
    /// <summary>It ran to its end.</summary>
    Ok,

    /// <summary>It does not compile.</summary>
    CompileError,

    /// <summary>It threw.</summary>
    Exception,

    /// <summary>It took longer than it may.</summary>
    Timeout,

    /// <summary>Somebody interrupted it.</summary>
    Interrupted,
}

/// <summary>What running a cell came to.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Value">The value of its last expression; null when it has none.</param>
/// <param name="Error">The error in words, with the cell's line; empty when it ran.</param>
public sealed record CellResult(CellEnd End, object? Value, string Error)
{
    /// <summary>True when the cell ends in an expression with a value.</summary>
    public bool HasValue { get; init; }

    /// <summary>What went wrong, and where; null when it ran.</summary>
    public CellFailure? Failure { get; init; }

    /// <summary>The line of the cell where it went wrong, from 1; 0 when unknown.</summary>
    public int Line => Failure?.Place.Line ?? 0;

    /// <summary>What it threw; null when it threw nothing.</summary>
    public Exception? Thrown { get; init; }
}

/// <summary>What went wrong in a cell.</summary>
/// <param name="Name">The compiler's code, the exception's type, <c>Timeout</c> or
/// <c>Interrupted</c>.</param>
/// <param name="Message">The first line of what it says.</param>
/// <param name="Place">Where.</param>
public sealed record CellFailure(string Name, string Message, CellPlace Place = default);

/// <summary>A place in a cell; lines and columns count from 1, and are 0 where unknown.</summary>
/// <param name="Line">The first line.</param>
/// <param name="Column">The first character.</param>
/// <param name="EndLine">The last line.</param>
/// <param name="EndColumn">One past the last character.</param>
public readonly record struct CellPlace(int Line, int Column, int EndLine, int EndColumn);

/// <summary>Runs C# cells one after another; what one declares, the next ones see.</summary>
/// <remarks>Each cell is a submission of Roslyn's script compiler, in a chain. It is compiled here
/// and run on a thread that can be stopped (<see cref="CellThread"/>). A cell that throws keeps
/// what it declared before; one that was stopped mostly leaves nothing, and the next one goes on
/// from the cell before it.</remarks>
/// <example><code>
/// using var session = new ScriptSession(folder);
/// session.Execute("var x = 20;");
/// session.Execute("x + 1").Value               // 21
/// </code></example>
/// <param name="folder">Where <c>#r</c> and <c>#load</c> paths start.</param>
public sealed class ScriptSession(string folder) : IDisposable
{
    private static readonly string[] Imports =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Text",
        "System.Threading", "System.Threading.Tasks", "KubeNotebooks.CellCommands",
    ];

    /// <summary>The name of a cell that is compiled to be looked at.</summary>
    internal const string Looked = "Cell";

    private readonly CellReferences references = new(Path.GetFullPath(folder));

    // Compilers are slow the first time: that is over, or nearly, when the first cell comes.
    private readonly Task<ScriptState<object>> start = Task.Run(() => Begin(folder));
    private readonly CellReferences looking = new(Path.GetFullPath(folder), loads: false);
    private ScriptState<object>? state;

    /// <summary>Where <c>#r</c> and <c>#load</c> paths start.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>How many cells were executed, failed ones too; a cell is called
    /// <c>Cell 3</c> after it.</summary>
    public int Count { get; internal set; }

    /// <summary>Gets what a cell writes as it comes: <c>stdout</c> or <c>stderr</c>, and the text.
    /// The console stays as it is when null.</summary>
    public Action<string, string>? Written { get; set; }

    /// <summary>Gets the value of a cell, while the cell can still be stopped: to show a value may
    /// run code of the learner.</summary>
    public Action<object?>? Returned { get; set; }

    /// <summary>Runs a cell on an abortable thread of its own.</summary>
    /// <param name="code">The cell.</param>
    /// <param name="limit">The most wall time it may take; no limit when null.</param>
    /// <param name="interrupt">Interrupts it.</param>
    public CellResult Execute(string code, TimeSpan? limit = null,
        CancellationToken interrupt = default)
    {
        var cell = string.Create(CultureInfo.InvariantCulture, $"Cell {++Count}");
        var script = Next(code, cell, references);
        var diagnostics = script.Compile(CancellationToken.None);
        if (diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error))
        {
            var (text, failure) = CellErrors.OfCompiler(diagnostics, cell, references);
            return new(CellEnd.CompileError, null, text) { Failure = failure };
        }
        var hasValue = EndsInValue(script.GetCompilation());
        ScriptState<object>? after = null;
        var (end, exception, gone) = Captured(() => CellThread.Run(cell, async () =>
        {
            after = await script.RunFromAsync(State, _ => true, CancellationToken.None);
            if (hasValue && after.Exception is null)
            {
                Returned?.Invoke(after.ReturnValue);
            }
        }, limit, interrupt));
        state = gone && after is not null ? after : state;
        if (end is CellEnd.Timeout or CellEnd.Interrupted)
        {
            var text = Stopped(cell, end, limit, gone);
            return new(end, null, text) { Failure = new($"{end}", text) };
        }
        if ((exception ?? after?.Exception) is { } thrown)
        {
            var (text, failure) = CellErrors.OfException(thrown, cell, Folder);
            return new(CellEnd.Exception, null, text) { Failure = failure, Thrown = thrown };
        }
        return new(CellEnd.Ok, hasValue ? after!.ReturnValue : null, "") { HasValue = hasValue };
    }

    /// <summary>Compiles what might be the next cell, and neither runs it nor loads what it
    /// references. It may be asked while a cell runs: it sees the state before that one.</summary>
    internal Compilation Look(string code) => Next(code, Looked, looking).GetCompilation();

    /// <summary>Ends the session.</summary>
    public void Dispose() => references.Dispose();

    private ScriptState<object> State => state ?? start.GetAwaiter().GetResult();

    private Script<object> Next(string code, string name, CellReferences resolver) =>
        State.Script.ContinueWith<object>(code, Options().WithFilePath(name)
            .WithMetadataResolver(resolver)
            .WithSourceResolver(new SourceFileResolver([], Folder)));

    private static ScriptOptions Options() => ScriptOptions.Default
        .WithReferences(Array.Empty<MetadataReference>()).WithImports()
        .WithLanguageVersion(LanguageVersion.CSharp14)
        .WithEmitDebugInformation(true).WithFileEncoding(Encoding.UTF8);

    // A cell like many, so that most of the compiler's code is compiled itself.
    private static Task<ScriptState<object>> Begin(string folder) =>
        CSharpScript.Create<object>("""
            foreach (var n in new[] { 1, 2 }.Where(n => n > 1)) { _ = $"{n}".Length; }
            """, Options().WithReferences(CellReferences.Always).WithImports(Imports)
            .WithFilePath("Start")).RunAsync();

    // Like a method, a cell has a value when its last statement is an expression without an end.
    private static bool EndsInValue(Compilation compilation)
    {
        var tree = compilation.SyntaxTrees.Last();
        return ((CompilationUnitSyntax)tree.GetRoot()).Members.LastOrDefault()
            is GlobalStatementSyntax
            {
                Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last,
            }
            && compilation.GetSemanticModel(tree).GetTypeInfo(last.Expression).Type
                is not { SpecialType: SpecialType.System_Void };
    }

    private T Captured<T>(Func<T> run)
    {
        if (Written is null)
        {
            return run();
        }
        using (new CellConsole(Written))
        {
            return run();
        }
    }

    private static string Stopped(string cell, CellEnd end, TimeSpan? limit, bool gone)
    {
        var why = end == CellEnd.Interrupted ? "it was interrupted" : string.Create(
            CultureInfo.InvariantCulture,
            $"it took longer than {limit!.Value.TotalSeconds:0.###} s");
        return $"{cell} was stopped: {why}"
            + (gone ? "" : "; but a finally block of it does not end, and goes on");
    }
}
