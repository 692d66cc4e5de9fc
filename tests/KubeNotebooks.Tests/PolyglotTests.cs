using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What can be known of Polyglot Notebooks and Verso without them: that the cells are
/// legal there and call nothing of one host alone, and that the extra project fits the shapes of
/// the APIs that it calls. That those behave as documented is not shown here.</summary>
public sealed class PolyglotTests
{
    private static readonly string Notebooks = Path.Combine(CommandLineFixture.Root, "notebooks");

    // Of this engine, of .NET Interactive, of Verso.
    private static readonly string[] HostsOwn = ["display", "DisplayAs", "Kernel",
        "KernelInvocationContext", "HTML", "CSS", "Javascript", "InteractiveDocument", "Formatter",
        "PocketViewTags", "Verso"];

    // .NET Interactive's compiler is that of .NET 9.
    private static readonly CSharpParseOptions Oldest = CSharpMarkup.Script
        .WithLanguageVersion(LanguageVersion.CSharp13);

    private static IEnumerable<string> Names() => Directory.GetFiles(Notebooks, "*.ipynb")
        .Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Names))]
    public void Each_cell_is_legal_in_every_host_and_calls_nothing_of_one_alone(string name)
    {
        var cells = NotebookFile.Read(Path.Combine(Notebooks, name)).Cells
            .Where(c => c.Kind == CellKind.Code).ToList();
        Assert.That(cells, Is.Not.Empty);
        Assert.That(cells.SelectMany(c => Complaints(c.Source).Select(p => $"{c.Id}: {p}")),
            Is.Empty);
    }

    [TestCase("using var file = File.OpenRead(\"x\");", "CS1002")]
    [TestCase("namespace A { }", "namespace A")]
    [TestCase("static class E { extension(string s) { public int Twice => 2; } }", "CS")]
    [TestCase("Span<int> some = stackalloc int[3];", "Span<int>")]
    [TestCase("var some = \"a\".AsSpan();", "AsSpan")]
    [TestCase("display(1)", "display")]
    [TestCase("#!kubectl \"get pods\"", "#!kubectl")]
    [TestCase("void F() { using var file = File.OpenRead(\"x\"); }", null)]
    public void What_would_not_be_is_found(string code, string? said) => Assert.That(
        string.Join('\n', Complaints(code)), said is null ? Is.Empty : Does.Contain(said));

    [Test]
    public void The_extra_project_fits_the_shapes_of_the_apis_that_it_calls()
    {
        var sources = Directory.GetFiles(Path.Combine(CommandLineFixture.Root, "KubeNotebooks",
            "Polyglot"), "*.cs").Append(Path.Combine(AppContext.BaseDirectory, "Data",
            "polyglot-shapes.txt")).Select(File.ReadAllText).ToList();
        Assert.That(sources.SkipLast(1).Sum(s => s.Split('\n').Length), Is.LessThan(200));
        var usings = string.Concat(((string[])["System", "System.Linq", "System.Threading",
            "System.Threading.Tasks", "System.Collections.Generic"])
            .Select(u => $"global using {u};\n"));
        var compiled = CSharpCompilation.Create("polyglot",
            sources.Append(usings).Select(s => CSharpSyntaxTree.ParseText(s,
                new(LanguageVersion.CSharp14))),
            CellReferences.Always.Append(MetadataReference.CreateFromFile(
                typeof(SymbolDisplay).Assembly.Location))
                .Append(MetadataReference.CreateFromFile(typeof(SyntaxTree).Assembly.Location)),
            new(Microsoft.CodeAnalysis.OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));
        Assert.That(compiled.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning),
            Is.Empty);
    }

    private static IEnumerable<string> Complaints(string code)
    {
        var root = CSharpSyntaxTree.ParseText(code, Oldest).GetRoot();
        foreach (var mistake in root.GetDiagnostics())
        {
            yield return mistake.ToString();
        }
        foreach (var magic in root.DescendantTrivia().Where(t =>
            t.IsKind(SyntaxKind.ShebangDirectiveTrivia)))
        {
            yield return magic.ToString();
        }
        foreach (var node in root.DescendantNodes().Where(n => IsForeign(n)
            || (n.Parent is GlobalStatementSyntax or CompilationUnitSyntax && IsBadAtTop(n))))
        {
            yield return node.ToString();
        }
    }

    private static bool IsForeign(SyntaxNode node) => node is BaseNamespaceDeclarationSyntax
        || (node is SimpleNameSyntax name && HostsOwn.Contains(name.Identifier.Text)
            && !(node.Parent is MemberAccessExpressionSyntax access && access.Name == node));

    // What stands at the top of a cell becomes a field: a span cannot.
    private static bool IsBadAtTop(SyntaxNode node) =>
        node is FieldDeclarationSyntax or LocalDeclarationStatementSyntax
            && node.DescendantNodes().OfType<SimpleNameSyntax>().Any(n =>
                n.Identifier.Text is "Span" or "ReadOnlySpan" or "AsSpan");
}
