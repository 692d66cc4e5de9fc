using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Jupyter runs the notebooks with this project's engine. What needs a real Jupyter is
/// skipped where there is none: KUBENOTEBOOKS_JUPYTER_PYTHON names its Python, else
/// <c>python3</c> is asked; <c>.ci/run</c> installs it.</summary>
public sealed class JupyterTests : CommandLineFixture
{
    private static readonly string? Python = new[]
    {
        Environment.GetEnvironmentVariable("KUBENOTEBOOKS_JUPYTER_PYTHON"), "/usr/bin/python3",
        "python3",
    }.FirstOrDefault(HasJupyter);

    private static IEnumerable<TestCaseData> Notebooks() =>
        Directory.GetFiles(Path.Combine(Root, "notebooks"), "*.ipynb")
            .Order(StringComparer.Ordinal).Select((path, i) =>
            {
                var one = new TestCaseData(Path.GetFileName(path));
                return i == 0 ? one : one.SetCategory("Long").Explicit("minutes");
            });

    [TestCaseSource(nameof(Notebooks))]
    public void Jupyter_shows_what_run_shows(string notebook)
    {
        Install();
        foreach (var folder in (string[])["run", "jupyter"])
        {
            Directory.CreateDirectory(folder);
            foreach (var file in Directory.GetFiles(Path.Combine(Root, "notebooks"), "*.ipynb"))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }
            Directory.CreateSymbolicLink(Path.Combine(folder, "manifests"),
                Path.Combine(Root, "notebooks", "manifests"));
        }
        Assert.That(Run("run", Path.Combine("run", notebook), "--out", "out").Code, Is.Zero);
        Python3("-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", "executed",
            Path.Combine("jupyter", notebook));
        var (ours, theirs) = (Cells("out"), Cells("executed"));
        Assert.That(ours.Count(c => c["outputs"] is JsonArray { Count: > 0 }),
            Is.GreaterThan(0));
        foreach (var (one, other) in ours.Zip(theirs))
        {
            Assert.That(other["outputs"]?.ToJsonString(), Is.EqualTo(
                one["outputs"]?.ToJsonString()), (string?)one["id"]);
            Assert.That((int?)other["execution_count"], Is.EqualTo((int?)one["execution_count"]));
        }

        List<JsonNode> Cells(string folder) => [.. JsonNode.Parse(File.ReadAllText(
            Path.Combine(folder, notebook)))!["cells"]!.AsArray().Select(c => c!)];
    }

    [Test]
    public void A_front_end_gets_streams_displays_errors_completions_and_interrupts()
    {
        Install();
        Assert.That(Python3(Script("jupyter_session.py"), ".net-csharp").Trim(), Is.EqualTo("""
            KubeNotebooks C# .cs
            stdout out | ok
            stderr err | execute_result  21 | ok
            display_data d1 1 | update_display_data d1 2 | ok
            update_display_data d1 3 | ok
            error CS0103: The name 'nothing' does not exist in the current context | error
            error System.InvalidOperationException: no: way | error
            stderr not attempted: write your code in place of Todo | ok
            error Interrupted: Cell 8 was stopped: it was interrupted | error
            soon
            execute_result  20 | ok
            Max 19 21
            int Math.Abs(int value)
            incomplete complete
            error EngineEnded: the engine ended with exit code 3: run the cells again | error
            execute_result  2 | ok
            error CS0103: The name 'x' does not exist in the current context | error
            """));
    }

    [Test, Explicit("a browser"), Category("Long")]
    public void The_notebook_page_runs_a_whole_notebook_in_a_browser()
    {
        Install();
        const string Book = "00-first-deployment.ipynb";
        File.Copy(Path.Combine(Root, "notebooks", Book), Book);
        Assert.That(Python3(Script("jupyter_page.py"), Book, "page.png").Trim(),
            Does.Match(@"^[1-9]\d+ cells ran, 0 errors, [1-9]\d* pictures, 0 broken$"));
        Assert.That(new FileInfo("page.png").Length, Is.GreaterThan(10_000));
    }

    [Test]
    public void Nobody_elses_kernel_is_overwritten_and_only_ours_is_removed()
    {
        var python = StandIn();
        Assert.That(Run("install-kernel", "--python", python).Output, Is.EqualTo(
            $"kubenotebooks: {Kernel("kubenotebooks")}\n.net-csharp: {Kernel(".net-csharp")}\n"));
        Assert.That(Run("install-kernel", "--python", python).Code, Is.Zero, "again, over ours");
        var spec = JsonNode.Parse(File.ReadAllText(Path.Combine(Kernel(".net-csharp"),
            "kernel.json")))!;
        Assert.That((string?)spec["argv"]![0], Is.EqualTo("/a/python"));
        Assert.That(File.Exists((string?)spec["argv"]![1]));
        var engine = JsonNode.Parse((string)spec["env"]!["KUBENOTEBOOKS_ENGINE"]!)!.AsArray();
        Assert.That((string?)engine[2], Does.EndWith(
            Path.Combine("artifacts", "notebook", "KubeNotebooks.dll")), "builds do not move it");
        Assert.That(Run("install-kernel", "--python", python, "--remove").Output, Is.EqualTo(
            $"removed: {Kernel("kubenotebooks")}\nremoved: {Kernel(".net-csharp")}\n"));
        Assert.That(Directory.Exists(Kernel("kubenotebooks")), Is.False);

        Directory.CreateDirectory(Kernel(".net-csharp"));
        Write(Path.Combine(Kernel(".net-csharp"), "kernel.json"), "{}");
        Assert.That(Run("install-kernel", "--python", python, "--prefix", "else").Output,
            Does.EndWith($".net-csharp: left to the one that is there, {Kernel(".net-csharp")}\n"));
        Assert.That(File.Exists(
            "else/share/jupyter/kernels/kubenotebooks/kubenotebooks_kernel.py"));
        Run("install-kernel", "--python", python, "--remove");
        Assert.That(File.ReadAllText(Path.Combine(Kernel(".net-csharp"), "kernel.json")),
            Is.EqualTo("{}"));
    }

    [Test]
    public void What_keeps_a_kernel_from_being_installed_is_said()
    {
        var (code, _, error) = Run("install-kernel", "--python", "/no/python");
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.Contain("name another with --python"));
        Write("bare", "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'ipykernel'\" >&2\n"
            + "exit 1\n");
        Executable("bare");
        Assert.That(Run("install-kernel", "--python", Path.GetFullPath("bare")).Error,
            Does.Contain("No module named 'ipykernel'").And.Contain("pip install ipykernel"));
        Assert.That(Run("install-kernel", "--user", "--prefix", "x").Error,
            Does.Contain("only one place can be named"));
    }

    [Test]
    public void A_notebook_is_known_by_its_cells()
    {
        var guess = new NotebookGuess(Path.Combine(Root, "notebooks"));
        var cells = NotebookFile.Read(Path.Combine(Root, "notebooks", "02-etcd.ipynb")).Cells
            .Where(c => c.Kind == CellKind.Code).ToList();
        Assert.That(guess.After(cells[0].Source), Is.Null, "all notebooks start alike");
        Assert.That(guess.After("my own"), Is.Null);
        string? found = null;
        var ran = cells.Skip(1).TakeWhile(c => (found = guess.After(c.Source)) is null).Count();
        Assert.That((Path.GetFileName(found), ran), Is.EqualTo(("02-etcd.ipynb", 0)));
    }

    private static string Script(string name) =>
        Path.Combine(AppContext.BaseDirectory, "Data", name);

    private static bool HasJupyter(string? python) => python is not null
        && RealClient.Runs(python, "-c", "import ipykernel, nbconvert, jupyter_client");

    private void Install()
    {
        Assume.That(Python, Is.Not.Null, "no Python with ipykernel and nbconvert is here");
        // Where a Python whose home is this folder looks.
        Assert.That(Run("install-kernel", "--prefix", ".local", "--python", Python!).Error,
            Is.Empty);
    }

    private string Python3(params string[] arguments)
    {
        var (output, error, code) = RealClient.Run(Python!, Folder, arguments);
        Assert.That(code, Is.Zero, error);
        return output;
    }

    private string Kernel(string name) => Path.Combine(Folder, "data", "kernels", name);

    // A Python that answers what it is asked about Jupyter, and no more.
    private string StandIn()
    {
        Write("python", "#!/bin/sh\ncat <<'END'\n" + new JsonObject
        {
            ["Python"] = "/a/python", ["User"] = Path.Combine(Folder, "data"),
            ["System"] = Path.Combine(Folder, "system"),
            ["Path"] = new JsonArray(Path.Combine(Folder, "data")),
        }.ToJsonString() + "\nEND\n");
        return Executable("python");
    }

    private static string Executable(string path)
    {
        Assume.That(OperatingSystem.IsWindows(), Is.False, "scripts of a shell");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        }
        return Path.GetFullPath(path);
    }
}
