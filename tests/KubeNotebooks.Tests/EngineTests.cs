using System.Diagnostics;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What a cell may do, and what becomes of it.</summary>
public sealed class EngineTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);

    private string folder = "";
    private string written = "";
    private ScriptSession session = null!;

    [OneTimeSetUp]
    public void Open()
    {
        folder = Directory.CreateTempSubdirectory("kube-cells-").FullName;
        session = new(folder) { Written = (stream, text) => written += $"[{stream}]{text}" };
    }

    [OneTimeTearDown]
    public void Close()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [SetUp]
    public void Forget() => written = "";

    [Test]
    public void What_one_cell_declares_the_next_ones_see()
    {
        Run("using System.Net; int Twice(int n) => 2 * n; class Box { public int Size = 3; }");
        Run("var box = new Box(); var any = IPAddress.Any;");
        Assert.That(Run("Twice(box.Size)").Value, Is.EqualTo(6));
    }

    [TestCase("1 + 1", true, 2)]
    [TestCase("Math.Abs(-1);", false, null)]
    [TestCase("(string)null", true, null)]
    [TestCase("var x = 5; x", true, 5)]
    [TestCase("Console.Write(\"\")", false, null)]
    [TestCase("", false, null)]
    [TestCase("// nothing", false, null)]
    [TestCase("await Task.FromResult(7)", true, 7)]
    [TestCase("await Task.Yield()", false, null)]
    public void The_value_of_a_cell_is_that_of_its_last_expression(string code, bool has,
        object? value)
    {
        var result = Run(code);
        Assert.That((result.HasValue, result.Value), Is.EqualTo((has, value)));
    }

    [Test]
    public void A_mistake_is_told_at_its_line_with_a_caret()
    {
        var result = session.Execute("var a = 1;\nvar b =\n  nothing + a;");
        Assert.That(result.Error, Is.EqualTo($"""
            Cell {session.Count}(3,3): CS0103: {"The name 'nothing' does not exist"
                + " in the current context"}
                  nothing + a;
                  ^
            """));
        Assert.That((result.End, result.Line), Is.EqualTo((CellEnd.CompileError, 3)));
        Assert.That(session.Execute("a").End, Is.EqualTo(CellEnd.CompileError),
            "nothing of it ran");
    }

    [Test]
    public void An_exception_is_told_with_the_lines_of_cells_only()
    {
        Run("int Half(int n)\n{\n    return n % 2 == 0 ? n / 2\n"
            + "        : throw new ArgumentException(\"odd\");\n}");
        var first = session.Count;
        var result = session.Execute("var kept = 4;\n\nnew[] { 3 }.Select(Half).ToList();");
        Assert.That(result.Error, Is.EqualTo($"""
            System.ArgumentException: odd
               at Half, Cell {first}, line 3
               at Cell {first + 1}, line 3
            """));
        Assert.That((result.End, result.Line), Is.EqualTo((CellEnd.Exception, 3)));
        Assert.That(result.Thrown, Is.InstanceOf<ArgumentException>());
        Assert.That(Run("kept").Value, Is.EqualTo(4), "what ran before the exception stays");
    }

    [Test]
    public void An_exception_after_await_and_one_of_a_cells_own_type_are_told_as_well()
    {
        var result = session.Execute("class Odd : Exception { }\nasync Task Fail()\n{\n"
            + "    await Task.Delay(1);\n    throw new Odd();\n}\nawait Fail();");
        Assert.That(result.Error, Does.StartWith("Odd: Exception of type 'Odd'").And.EndWith(
            $"   at Fail, Cell {session.Count}, line 5\n   at Cell {session.Count}, line 7"));
        Assert.That(session.Execute("async void Lost() { await Task.Yield(); throw new Odd(); }\n"
            + "Lost(); await Task.Delay(20);").End, Is.EqualTo(CellEnd.Exception));
    }

    [TestCase("while (true) { }")]
    [TestCase("for (var i = 0L; ; i++) try { while (true) i++; } catch (Exception) { }")]
    [TestCase("Thread.Sleep(60_000)")]
    [TestCase("while (true) try { Thread.Sleep(60_000); } catch (Exception) { }")]
    [TestCase("await Task.Delay(60_000)")]
    [TestCase("await Task.Delay(1); while (true) { }")]
    [TestCase("new ManualResetEvent(false).WaitOne()")]
    [TestCase("Task.Delay(60_000).Wait()")]
    [TestCase("while (true) Console.Write('x');")]
    [TestCase("Enumerable.Range(0, 10).Select(n => { while (true) { } return n; })")]
    public void A_cell_that_does_not_end_is_stopped_and_the_next_one_works(string code)
    {
        session.Returned = value => (value as IEnumerable<int>)?.ToList();
        Run("var before = 1;");
        var clock = Stopwatch.StartNew();
        var result = session.Execute(code, Short);
        session.Returned = null;
        Assert.That(result.End, Is.EqualTo(CellEnd.Timeout));
        Assert.That(result.Error, Is.EqualTo(
            $"Cell {session.Count} was stopped: it took longer than 0.15 s"));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)));
        Assert.That(Run("before + 1").Value, Is.EqualTo(2));
    }

    [Test]
    public void A_cell_is_interrupted_from_outside()
    {
        using var interrupt = new CancellationTokenSource(Short);
        var result = session.Execute("while (true) { }", null, interrupt.Token);
        Assert.That(result.End, Is.EqualTo(CellEnd.Interrupted));
        Assert.That(Run("1").Value, Is.EqualTo(1));
    }

    [Test]
    public void What_a_cell_prints_comes_as_it_is_printed()
    {
        var console = Console.Out;
        Run("Console.WriteLine(\"a {0}\", 1); Console.Error.Write('b');");
        Assert.That(written.Replace("[stdout]", "", StringComparison.Ordinal),
            Is.EqualTo("a 1\n[stderr]b"));
        Assert.That(Console.Out, Is.SameAs(console));
    }

    [Test]
    public void Too_much_output_is_cut_with_a_note()
    {
        Run("for (var i = 0; i < 300; i++) Console.Write(new string('x', 10_000));");
        Assert.That(written, Has.Length.LessThan(CellConsole.Limit + 10_000));
        Assert.That(written, Does.EndWith(
            "[stderr]\n… cut here: a cell's output ends after 1,048,576 characters\n"));
    }

    [Test]
    public void The_types_of_a_cell_are_those_of_the_engine()
    {
        var path = typeof(ScriptSession).Assembly.Location;
        Run($"#r \"{path}\"\nusing KubeNotebooks;\nusing KubeSim;");
        Assert.That(Run("new Cluster(nodes: 1)").Value, Is.InstanceOf<Cluster>());
        Assert.That(Run("new Picture(\"\", \"\", \"\")").Value, Is.InstanceOf<Picture>());
        Run("using static KubeNotebooks.Lesson;");
        Assert.That(Run("(Func<object, IShownValue>)Show").Value, Is.Not.Null);
    }

    [Test]
    public void A_missing_reference_is_one_clear_error()
    {
        var result = session.Execute("#r \"nuget: Some.Package, 1.0\"\nusing Some.Package;");
        Assert.That(result.Error, Does.StartWith(
            $"Cell {session.Count}(1,1): CS0006: the package Some.Package is not here").And
            .Not.Contain("CS0246"));
        Assert.That(session.Execute("#r \"lib/none.dll\"").Error, Does.Contain(
            "there is no assembly \"lib/none.dll\", looked for as "
            + Path.Combine(folder, "lib/none.dll")));
        Assert.That(Run("#r \"nuget: YamlDotNet\"\ntypeof(YamlDotNet.Core.Parser).Name").Value,
            Is.EqualTo("Parser"), "what is here already needs no download");
    }

    [Test]
    public void Paths_start_at_the_notebook()
    {
        Directory.CreateDirectory(Path.Combine(folder, "parts"));
        File.WriteAllText(Path.Combine(folder, "parts/more.csx"), "int Loaded() => 42;");
        Assert.That(Run("#load \"parts/more.csx\"\nLoaded()").Value, Is.EqualTo(42));
        CompileLibrary("parts/Small.dll", "public class Small { public int One => 1; }");
        Assert.That(Run("#r \"parts/Small.dll\"\nnew Small().One").Value, Is.EqualTo(1));
        Assert.That(Run("new Small()").Value!.GetType().Assembly, Is.SameAs(
            System.Runtime.Loader.AssemblyLoadContext.Default.Assemblies.Single(
                a => a.GetName().Name == "Small")), "loaded once, where all is");
    }

    private void CompileLibrary(string path, string code)
    {
        var compiled = Microsoft.CodeAnalysis.CSharp.CSharpCompilation.Create(
            Path.GetFileNameWithoutExtension(path),
            [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree.ParseText(code)],
            CellReferences.Always, new(Microsoft.CodeAnalysis.OutputKind.DynamicallyLinkedLibrary));
        using var file = File.Create(Path.Combine(folder, path));
        Assert.That(compiled.Emit(file).Success);
    }

    private CellResult Run(string code)
    {
        var result = session.Execute(code, TimeSpan.FromSeconds(20));
        Assert.That(result.End, Is.EqualTo(CellEnd.Ok), result.Error);
        return result;
    }
}
