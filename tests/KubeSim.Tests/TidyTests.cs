using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The house rules over the repository's own sources; and, rule by rule, that each catches
/// what it should.</summary>
public sealed class TidyTests
{
    private static readonly string Root = FindRoot();

    private static readonly Lazy<SourceText[]> All = new(() =>
        [.. Sources("lib"), .. Sources("KubeNotebooks"), .. Sources("tests")]);

    private static IEnumerable<SourceText> Lib => All.Value.Where(s => s.Path.StartsWith("lib/",
        StringComparison.Ordinal));

    [Test]
    public void Lines_fit_in_100_columns() => AssertNone(All.Value.SelectMany(Tidy.LongLines));

    [Test]
    public void Functions_fit_on_a_page() => AssertNone(All.Value.SelectMany(Tidy.LongFunctions));

    [Test]
    public void Components_stay_small() => AssertNone(Lib.SelectMany(Tidy.LongComponents));

    [Test]
    public void No_static_in_lib_changes() => AssertNone(Lib.SelectMany(Tidy.ChangingStatics));

    [Test]
    public void Each_floor_uses_only_lower_ones() => AssertNone(Tidy.FloorsBroken([.. Lib]));

    [Test]
    public void No_path_of_one_machine_is_written_down() => AssertNone(
        Files(".", "*.cs", "*.csproj", "*.props", "*.slnx", "*.md", "*.ipynb", "run")
            .SelectMany(f => Tidy.MachinePaths(f, Read(f))));

    [Test]
    public void The_analyzer_keeps_clocks_and_chance_out_of_lib()
    {
        var project = Read("lib/KubeSim.csproj");
        var banned = Read("lib/BannedSymbols.txt");
        Assert.Multiple(() =>
        {
            Assert.That(project, Does.Contain(
                "Include=\"Microsoft.CodeAnalysis.BannedApiAnalyzers\""));
            Assert.That(project, Does.Contain("<AdditionalFiles Include=\"BannedSymbols.txt\" />"));
            Assert.That(project, Does.Not.Contain("NoWarn"));
            Assert.That(Read("Directory.Build.props"),
                Does.Contain("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>"));
            Assert.That(Read("Directory.Build.props"), Does.Not.Contain("RS0030"));
            Assert.That(Read(".editorconfig"), Does.Not.Contain("RS0030"));
            foreach (var symbol in (string[])["P:System.DateTime.Now;", "P:System.DateTime.UtcNow;",
                "M:System.Guid.NewGuid;", "T:System.Random;", "T:System.Threading.Tasks.Task;",
                "T:System.Threading.Thread;", "T:System.Diagnostics.Stopwatch;",
                "T:System.IO.File;"])
            {
                Assert.That(banned, Does.Contain("\n" + symbol).Or.StartsWith(symbol));
            }
        });
        AssertNone(Lib.Where(s => s.Lines.Any(l => l.Contains("RS0030", StringComparison.Ordinal)))
            .Select(s => $"{s.Path}: switches the ban off"));
    }

    [Test]
    public void The_scanner_finds_every_type_of_the_library()
    {
        var declared = Lib.SelectMany(s => s.Types).ToHashSet(StringComparer.Ordinal);
        var compiled = typeof(Seq<>).Assembly.GetTypes()
            .Where(t => !t.IsNested && t.Namespace == "KubeSim" && !t.Name.Contains('<')
                && !t.Name.StartsWith("__", StringComparison.Ordinal))
            .Select(t => t.Name.Split('`')[0]);
        Assert.That(compiled.Except(declared), Is.Empty);
    }

    [Test]
    public void A_line_too_long_is_found()
    {
        var line = "// " + new string('x', 98);
        Assert.That(Tidy.LongLines(Source("a();\n" + line + "\n")),
            Is.EqualTo(new[] { "lib/Api/A.cs:2: 101 columns, 100 allowed" }));
        Assert.That(Tidy.LongLines(Source(line[..100])), Is.Empty);
    }

    [TestCase("void F()\n{", "}", 67, 0)]
    [TestCase("void F()\n{", "}", 68, 1)]
    [TestCase("int F() =>\n", "1;", 69, 1)]
    [TestCase("int F(int a = 1)\n    => a switch {", "};", 69, 1)]
    [TestCase("int[] f = new int[] {", "};", 200, 0)]
    [TestCase("Foo F()\n    where T : class\n{", "}", 69, 1)]
    [TestCase("int P { get; } = new() {", "};", 60, 0)]
    [TestCase("class Nested { void G() {", "} }", 70, 1)]
    public void A_function_too_long_is_found(string start, string end, int lines, int found)
    {
        var inside = string.Concat(Enumerable.Repeat("    // } \" and so on\n", lines));
        var source = Source(
            $"namespace N;\nclass C\n{{\n{start}\n{inside}{end}\nvoid Other() {{ }}\n}}\n");
        Assert.That(Tidy.LongFunctions(source).Count(), Is.EqualTo(found));
    }

    [Test]
    public void A_component_too_long_is_found()
    {
        var lines = new string('\n', 600);
        Assert.That(Tidy.LongComponents(Source("class C : IReconciler { }" + lines)),
            Has.Exactly(1).Items);
        Assert.That(Tidy.LongComponents(Source("class C : IReconciler { }")), Is.Empty);
        Assert.That(Tidy.LongComponents(Source("class C(IReconciler inner) { }" + lines)),
            Is.Empty);
    }

    [TestCase("private static int count;", 1)]
    [TestCase("static Dictionary<string, int> Cache = [];", 1)]
    [TestCase("public static int Count { get; set; }", 1)]
    [TestCase("private static readonly int[] Table = [1];", 0)]
    [TestCase("public static int Count { get; } = 3;", 0)]
    [TestCase("private const int Count = 3;", 0)]
    [TestCase("private static int Twice(int n) => 2 * n;", 0)]
    public void A_static_that_changes_is_found(string member, int found) => Assert.That(
        Tidy.ChangingStatics(Source($"class C {{ {member} }}")).Count(), Is.EqualTo(found));

    [TestCase("class A { B b; }", 1)]
    [TestCase("class A { object b = new B(1); }", 1)]
    [TestCase("class A { bool F(object o) => o is B; }", 1)]
    [TestCase("class A { Seq<B> b; }", 1)]
    [TestCase("class A { string F() => $\"{B.Name} and {{B}}\"; }", 1)]
    [TestCase("class A { int F(A a) => a.B; } // B, B", 0)]
    [TestCase("class A { string S = \"B\"; /* B */ }", 0)]
    [TestCase("class A { public int B { get; } int F() => B; }", 0)]
    [TestCase("class A { object F() => new A { B = 1 }; }", 0)]
    [TestCase("enum A { One, B, C }", 0)]
    [TestCase("class A { B b; private record struct B(int X); }", 0)]
    [TestCase("class A { Base2 low; }", 0)]
    public void A_use_of_a_higher_floor_is_found(string low, int found)
    {
        SourceText[] sources = [new("lib/Api/A.cs", low), new("lib/Engine/B.cs",
            "sealed class B { A a; }"),
            new("lib/Base/Base2.cs", "readonly record struct Base2(int X);")];
        Assert.That(Tidy.FloorsBroken(sources), Has.Exactly(found).Items);
    }

    [Test]
    public void Components_that_know_each_other_are_found()
    {
        SourceText[] sources = [new("lib/Network/A.cs", "class A { B b; }"),
            new("lib/Nodes/B.cs", "class B { }"), new("lib/Other/C.cs", "class C { }")];
        Assert.That(Tidy.FloorsBroken(sources), Is.EqualTo(new[]
        {
            "lib/Other/C.cs: lib/Other has no floor; give it one in Tidy.cs",
            "lib/Network/A.cs:1: B belongs to lib/Nodes, which lib/Network must not use",
        }));
    }

    [Test]
    public void A_path_of_one_machine_is_found()
    {
        Assert.That(Tidy.MachinePaths("a.md", "see\n(/ho" + "me/ann/x)"),
            Is.EqualTo(new[] { "a.md:2: a path of one machine: /ho" + "me/ann" }));
        Assert.That(Tidy.MachinePaths("a.md", "/api/v1/work/x, https://a.org/ho" + "me/x"),
            Is.Empty);
    }

    [Test]
    public void Texts_are_no_code()
    {
        const string Text = "var a = $\"x{b + $\"{c}\"}y\"; var d = @\"\"\"e\"; var f = '\\'';"
            + " var g = \"\"; var h = \"\"\"i \"j\" \"\"\"; var k = $$\"\"\"{l}{{m}}\"\"\"; n";
        var words = new SourceText("a.cs", Text).Code.Split([' ', '=', '+', ';', '\n'],
            StringSplitOptions.RemoveEmptyEntries);
        Assert.That(string.Join(' ', words.Where(w => w != "var")), Is.EqualTo(
            "a b c d f g h k m n"));
    }

    private static SourceText Source(string text) => new("lib/Api/A.cs", text);

    private static void AssertNone(IEnumerable<string> violations)
    {
        var all = violations.ToList();
        Assert.That(all, Is.Empty, string.Join('\n', all));
    }

    private static IEnumerable<SourceText> Sources(string folder) =>
        Files(folder, "*.cs").Select(f => new SourceText(f, Read(f)));

    private static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static IEnumerable<string> Files(string folder, params string[] patterns) => patterns
        .SelectMany(p => Directory.EnumerateFiles(Path.Combine(Root, folder), p,
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
        .Where(f => !f.Split('/').Any(part => part is "artifacts" or "bin" or "obj" or ".git"))
        .Order(StringComparer.Ordinal);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName,
            "KubeNotebooks.slnx")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException(
            $"no folder above {AppContext.BaseDirectory} holds KubeNotebooks.slnx");
    }
}
