using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Grading from the command line: processes of their own, whatever the answers
/// do.</summary>
public sealed class GradingTests : CommandLineFixture
{
    private static readonly string Sample = typeof(GradingTests).Assembly.Location;

    [OneTimeSetUp]
    public void UseTheSample() =>
        Environment.SetEnvironmentVariable(ExerciseCatalog.PathVariable, Sample);

    [OneTimeTearDown]
    public void UseTheCourse() =>
        Environment.SetEnvironmentVariable(ExerciseCatalog.PathVariable, null);

    [Test]
    public void A_class_of_every_kind_is_graded() =>
        GradeClass(ExerciseCatalog.Of(typeof(GradingTests).Assembly), "99-sample", 12);

    [Test, Explicit("two minutes"), Category("Slow")]
    public void Thirty_are_graded_within_three_minutes()
    {
        var clock = Stopwatch.StartNew();
        GradeClass(ExerciseCatalog.Of(typeof(GradingTests).Assembly), "99-sample", 30);
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(3)));
    }

    [Test, Explicit("two minutes"), Category("Slow")]
    public void Thirty_of_each_real_notebook_are_graded()
    {
        var catalog = ExerciseCatalog.Of(Assembly.Load("Exercises"));
        foreach (var notebook in catalog.All.Select(e => e.Notebook).Distinct())
        {
            GradeClass(catalog, notebook, 30);
        }
    }

    [Test]
    public void Check_grades_each_exercise_and_keeps_the_points()
    {
        var catalog = ExerciseCatalog.Installed();
        string Cell(string id, string kind) => catalog.Find(id).Cell(kind)!;
        Write("n.ipynb", ClassOfSubmissions.Text([Cell("99-sample/1", "solution"),
            Cell("99-sample/2", "wrong-two"), Cell("99-sample/3", "stub")]));
        var (code, output, error) = Run("check", "n.ipynb");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1), error);
            Assert.That(output, Does.Contain("99-sample/1: 3/3 points"));
            Assert.That(output, Does.Contain("99-sample/2: 0/2 points"));
            Assert.That(output, Does.Contain("Three pods should be ready."));
            Assert.That(output, Does.Contain("99-sample/3: not attempted yet · 1 points"));
            Assert.That(Run("progress", ".").Output, Does.Contain("99-sample/1  3/3"));
            Assert.That(Run("check", "n.ipynb", "-e", "1").Code, Is.Zero);
        });
    }

    [Test]
    public void Reset_puts_the_stub_back_and_keeps_the_text()
    {
        var stub = ExerciseCatalog.Installed().Find("99-sample/1").Cell("stub")!.TrimEnd();
        var mine = "// exercise: 99-sample/1  (3 points)\nmine();";
        Write("n.ipynb", ClassOfSubmissions.Text([mine, "other()"]));
        var (code, output, error) = Run("reset", "n.ipynb", "-e", "99-sample/1");
        var cells = NotebookFile.Read("n.ipynb").Cells;
        Assert.Multiple(() =>
        {
            Assert.That((code, output), Is.EqualTo((0, "1 cell is a stub again.\n")));
            Assert.That(error, Is.EqualTo("Your text is kept in n.backup-1.csx.\n"));
            Assert.That(File.ReadAllText("n.backup-1.csx"), Is.EqualTo(mine + "\n"));
            Assert.That((cells[0].Source, cells[1].Source), Is.EqualTo((stub, "other()")));
            Assert.That(Run("reset", "n.ipynb").Output, Is.EqualTo("0 cells are stubs again.\n"));
        });
    }

    [Test]
    public void Hint_gives_one_after_the_other()
    {
        Write("n.ipynb", ClassOfSubmissions.Text(["// exercise: 99-sample/1\n"]));
        Assert.That(Run("hint", "n.ipynb", "-e", "1").Output, Does.StartWith("Hint 1 of 2"));
        Assert.That(Run("hint", "n.ipynb", "-e", "1").Output, Does.StartWith("Hint 2 of 2"));
    }

    [TestCase("check", "none.ipynb")]
    [TestCase("check", "bad.ipynb")]
    [TestCase("check", "n.ipynb", "-e", "7")]
    [TestCase("hint", "n.ipynb")]
    [TestCase("grade", "none", "--out", "out")]
    [TestCase("grade", ".")]
    [TestCase("grade", ".", "--out", "out", "--hidden", "none.dll")]
    public void Bad_input_is_told(params string[] args)
    {
        Write("bad.ipynb", "{");
        Write("n.ipynb", ClassOfSubmissions.Text(["// exercise: 99-sample/1\n"]));
        var (code, output, error) = Run(args);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Is.Not.Empty);
    }

    private void GradeClass(ExerciseCatalog catalog, string notebook, int count)
    {
        var (given, output) = (Path.Combine(Folder, notebook), Path.Combine(Folder, "out"));
        Directory.CreateDirectory(given);
        var made = new ClassOfSubmissions(catalog, notebook);
        var students = made.Write(given, count);
        var before = Contents(given);
        var (code, printed, error) = Run("grade", given, "--out", output, "--hidden",
            catalog.Location, "--jobs", "2", "--timeout", "60");
        TestContext.Out.WriteLine(printed + error);
        Assert.That(code, Is.Zero, error);
        var rows = File.ReadAllLines(Path.Combine(output, "grades.csv")).Select(l => l.Split(','))
            .ToList();
        int Column(string name) => Array.IndexOf(rows[0], name);
        Assert.Multiple(() =>
        {
            Assert.That(rows.Skip(1).Select(r => r[0]), Is.EqualTo(students.Keys));
            foreach (var row in rows.Skip(1))
            {
                var kind = students[row[0]];
                var total = int.Parse(row[Column("total")], CultureInfo.InvariantCulture);
                Assert.That(row[Column("status")], Is.EqualTo(kind.Status), row[0]);
                Assert.That(total, kind.AtLeast ? Is.InRange(kind.Total, made.Full - 1)
                    : Is.EqualTo(kind.Total), row[0]);
                var own = Path.Combine(output, row[0]);
                Assert.That(File.ReadAllText(Path.Combine(own, "feedback.html")),
                    Does.Contain($"{total} of").And.Not.Contain("[Test").And.Not.Contain("// why"));
                var gradescope = JsonNode.Parse(File.ReadAllText(Path.Combine(own,
                    "results.json")))!;
                Assert.That((int)gradescope["score"]!, Is.EqualTo(total));
                Assert.That(gradescope["tests"]!.AsArray().Sum(t => (int)t!["score"]!),
                    Is.EqualTo(total));
            }
            // Who did the rest in the same way is told, and who left the stub is not.
            var similar = File.ReadAllText(Path.Combine(output, "similarity.csv"));
            Assert.That(similar, Does.Contain($"{notebook}/1,01-right,07-deletes,1\n"));
            Assert.That(similar, Does.Not.Contain("03-stubs"));
            Assert.That(Contents(given), Is.EqualTo(before), "submissions are not touched");
            Assert.That(File.ReadAllText(Path.Combine(output, "items.csv")),
                Does.StartWith("exercise,test,task,points,tried,failed,rate\n" + notebook));
        });
    }

    private static string[] Contents(string folder) => [.. Directory.GetFiles(folder)
        .Order(StringComparer.Ordinal).Select(f => f + "\n" + File.ReadAllText(f))];
}
