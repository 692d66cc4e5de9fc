using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using KubeSim;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace KubeNotebooks;

/// <summary>An exercise as its fixture tells it.</summary>
internal sealed record ExerciseInfo(
    ExerciseCatalog Catalog, Type Fixture, ExerciseAttribute Attribute)
{
    /// <summary>The notebook and a number.</summary>
    public string Id => Attribute.Id;

    /// <summary>The notebook: the id up to the slash.</summary>
    public string Notebook => Id.Split('/')[0];

    /// <summary>The hints in order.</summary>
    public Seq<string> Hints { get; } = Fixture.GetCustomAttributes<HintAttribute>()
        .OrderBy(h => h.Number).Select(h => h.Text).ToSeq();

    /// <summary>The cell of a kind: <c>stub</c>, <c>solution</c>; null when there is
    /// none.</summary>
    public string? Cell(string kind) => Catalog.Text($"Cells/{Id}.{kind}.csx");

    /// <summary>The wrong answers that are known, by name.</summary>
    public IEnumerable<(string Name, string Cell)> Wrong() => Catalog.TextsOf($"Cells/{Id}.wrong-");

    /// <summary>A session for its cell alone: reference answers stand for what it needs.</summary>
    public ScriptSession NewSession()
    {
        var session = Catalog.NewSession(Notebook);
        foreach (var id in Attribute.Needs)
        {
            Catalog.Find(id).Substitute(session);
        }
        return session;
    }

    /// <summary>Puts the reference answer in the place of an answer in a session.</summary>
    public void Substitute(ScriptSession session)
    {
        if (Cell("solution") is { } solution)
        {
            AnswerRecorder.Run(session, solution, ExerciseRunner.Limit);
        }
    }

    /// <summary>A result before anything was graded.</summary>
    public CheckResult Result(CheckStatus status) => new()
    {
        Exercise = Id, Status = status, MaxPoints = ExerciseRunner.MaxPoints(this),
    };
}

/// <summary>The exercises of an assembly: fixtures marked with <see cref="ExerciseAttribute"/>,
/// and, embedded, the cells (<c>Cells/NOTEBOOK/N.stub.csx</c>, <c>N.solution.csx</c>,
/// <c>N.wrong-NAME.csx</c>) and the sources of the tests.</summary>
internal sealed class ExerciseCatalog
{
    /// <summary>Names another assembly of fixtures than the built one.</summary>
    public const string PathVariable = "KUBENOTEBOOKS_EXERCISES";

    private const string FileName = "Exercises.dll";

    private static readonly ConditionalWeakTable<Assembly, ExerciseCatalog> Known = [];

    private readonly Assembly assembly;
    private readonly Dictionary<string, ExerciseInfo> exercises;
    private readonly Dictionary<Type, Func<object?>> references = [];

    private ExerciseCatalog(Assembly assembly)
    {
        this.assembly = assembly;
        exercises = assembly.GetTypes()
            .Select(t => (Type: t, Exercise: t.GetCustomAttribute<ExerciseAttribute>()))
            .Where(t => t.Exercise is not null)
            .Select(t => new ExerciseInfo(this, t.Type, t.Exercise!))
            .ToDictionary(e => e.Id, StringComparer.Ordinal);
    }

    /// <summary>The file.</summary>
    public string Location => assembly.Location;

    /// <summary>The exercises in the order of their ids.</summary>
    public IEnumerable<ExerciseInfo> All => exercises.Values.OrderBy(e => e.Notebook,
        StringComparer.Ordinal).ThenBy(e => e.Id.Length).ThenBy(e => e.Id, StringComparer.Ordinal);

    public static ExerciseCatalog Of(Assembly assembly) =>
        Known.GetValue(assembly, a => new(a));

    /// <summary>The exercises that came with the course.</summary>
    /// <exception cref="FileNotFoundException">They are not built.</exception>
    public static ExerciseCatalog Installed() => Open(Find() ?? throw new FileNotFoundException(
        $"{FileName} is not there: run `dotnet build` in the folder of KubeNotebooks.slnx"));

    /// <summary>The exercises of a file. The course's own are loaded beside this assembly;
    /// an instructor's in a context of their own, where they share every library with it.</summary>
    public static ExerciseCatalog Open(string path)
    {
        var full = Path.GetFullPath(path);
        var name = Path.GetFileNameWithoutExtension(full);
        var ours = AssemblyLoadContext.GetLoadContext(typeof(ExerciseCatalog).Assembly)
            ?? AssemblyLoadContext.Default;
        if (ours.Assemblies.FirstOrDefault(a => a.GetName().Name == name) is { } loaded
            && (loaded.Location == full || Path.GetFileName(full) == FileName))
        {
            return Of(loaded);
        }
        var context = Path.GetFileName(full) == FileName ? ours : new AssemblyLoadContext(name);
        context.Resolving += (into, wanted) =>
        {
            var beside = Path.Combine(Path.GetDirectoryName(full)!, wanted.Name + ".dll");
            return File.Exists(beside) ? into.LoadFromAssemblyPath(beside) : null;
        };
        return Of(context.LoadFromAssemblyPath(full));
    }

    /// <summary>An exercise, or a mistake that names the ones there are.</summary>
    /// <exception cref="ArgumentException">There is no such exercise.</exception>
    public ExerciseInfo Find(string id) => exercises.GetValueOrDefault(id)
        ?? throw new ArgumentException($"there is no exercise {id}; there are "
            + string.Join(", ", All.Select(e => e.Id).DefaultIfEmpty("none")));

    /// <summary>The exercise, or null.</summary>
    public ExerciseInfo? TryFind(string id) => exercises.GetValueOrDefault(id);

    /// <summary>An embedded text, or null.</summary>
    public string? Text(string name)
    {
        var found = assembly.GetManifestResourceNames().FirstOrDefault(n => Slashed(n) == name);
        if (found is null)
        {
            return null;
        }
        using var reader = new StreamReader(assembly.GetManifestResourceStream(found)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>The embedded texts with a prefix, by the rest of their name.</summary>
    public IEnumerable<(string Name, string Text)> TextsOf(string prefix) =>
        assembly.GetManifestResourceNames().Select(Slashed)
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n => (Path.GetFileNameWithoutExtension(n[prefix.Length..]), Text(n)!));

    /// <summary>The source of a test, cut out of the embedded sources; empty when it is not
    /// among them.</summary>
    public string SourceOf(string fixture, string test)
    {
        foreach (var (_, text) in TextsOf("Sources/"))
        {
            var method = CSharpSyntaxTree.ParseText(text).GetRoot().DescendantNodes()
                .OfType<MethodDeclarationSyntax>().FirstOrDefault(m =>
                    m.Identifier.Text == test && m.Parent is ClassDeclarationSyntax type
                    && type.Identifier.Text == fixture);
            if (method is not null)
            {
                var lines = method.WithoutTrivia().ToFullString().Split('\n');
                var indent = method.GetLeadingTrivia().ToFullString().Split('\n')[^1].Length;
                return string.Join('\n', lines.Select(l => l.TrimStart().Length + indent >= l.Length
                    ? l.TrimStart() : l[indent..]));
            }
        }
        return "";
    }

    /// <summary>What makes the answer of a fixture's reference solution.</summary>
    public Func<object?> ReferenceAnswer(Type fixture)
    {
        if (!references.TryGetValue(fixture, out var answer))
        {
            var exercise = exercises.Values.First(e => e.Fixture == fixture);
            using var session = exercise.NewSession();
            var run = AnswerRecorder.Run(session, exercise.Cell("solution")
                ?? throw new InvalidOperationException($"{exercise.Id} has no solution cell"),
                ExerciseRunner.Limit);
            references.Add(fixture, answer = run.AnswerOf(exercise.Id)
                ?? throw new InvalidOperationException(
                    $"the solution of {exercise.Id} makes no answer: {run.Cell!.Error}"));
        }
        return answer;
    }

    /// <summary>A session in which cells of a notebook compile: the set-up of every notebook has
    /// run, and the catalogue's <c>Cells/NOTEBOOK/setup.csx</c>, if there is one.</summary>
    public ScriptSession NewSession(string notebook, string? folder = null)
    {
        var session = new ScriptSession(folder ?? Path.GetTempPath());
        var setup = $"#r \"{typeof(Exercise).Assembly.Location}\"\nusing KubeSim;\n"
            + "using KubeNotebooks;\nusing static KubeNotebooks.Lesson;\n"
            + Text($"Cells/{notebook}/setup.csx");
        if (session.Execute(setup, ExerciseRunner.Limit) is { End: not CellEnd.Ok } failed)
        {
            throw new InvalidOperationException($"the set-up of {notebook} fails: {failed.Error}");
        }
        return session;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } named)
        {
            return named;
        }
        var here = Path.GetDirectoryName(typeof(ExerciseCatalog).Assembly.Location)!;
        // Beside this assembly in the folder of the notebooks; from elsewhere in the build output,
        // that folder is found upwards.
        for (var up = here; up is not null; up = Path.GetDirectoryName(up))
        {
            foreach (var path in (string[])[Path.Combine(here, FileName),
                Path.Combine(up, "notebook", FileName)])
            {
                if (File.Exists(path))
                {
                    return path;
                }
            }
        }
        return null;
    }

    private static string Slashed(string name) => name.Replace('\\', '/');
}
