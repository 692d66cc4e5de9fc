using System.Reflection;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Every exercise, of the course and of the sample, is graded as its author meant: the
/// stub is no attempt, the solution gets everything, and each known wrong answer gets the message
/// that it was written to provoke.</summary>
public sealed partial class ExerciseProofTests
{
    private static IEnumerable<ExerciseInfo> Exercises() =>
    [
        .. ExerciseCatalog.Of(typeof(ExerciseProofTests).Assembly).All,
        .. ExerciseCatalog.Of(Assembly.Load("Exercises")).All,
    ];

    private static IEnumerable<TestCaseData> Cells() =>
        from e in Exercises()
        from cell in e.Wrong().Select(w => ("wrong-" + w.Name, w.Cell))
            .Prepend(("solution", e.Cell("solution") ?? ""))
            .Prepend(("stub", e.Cell("stub") ?? ""))
        select new TestCaseData(e.Id, cell.Item1).SetArgDisplayNames(e.Id, cell.Item1);

    [TestCaseSource(nameof(Cells))]
    public void An_exercise_is_graded_as_meant(string id, string kind)
    {
        var exercise = Exercises().First(e => e.Id == id);
        var cell = exercise.Cell(kind);
        Assert.That(cell, Is.Not.Null, $"there is no cell {id}.{kind}.csx");
        using var session = exercise.NewSession();
        var run = AnswerRecorder.Run(session, cell!, ExerciseRunner.Limit);
        var result = run.Grade(exercise);
        Assert.Multiple(() =>
        {
            Assert.That(ExerciseCell.IdOf(cell!), Is.EqualTo(id), "the first line names it");
            Assert.That(cell, Does.Contain($"({result.MaxPoints} point"), "and tells its points");
            Assert.That(cell!.TrimEnd(), Does.Not.EndWith(";"),
                "a cell that ends in ; shows no result");
            switch (kind)
            {
                case "stub":
                    Assert.That(result.Status, Is.EqualTo(CheckStatus.NotAttempted), $"{result}");
                    break;
                case "solution":
                    Assert.That(result.Passed, $"{result}{run.Cell!.Error}");
                    Assert.That(cell, Does.StartWith("// why: "), "it says why it is one");
                    break;
                default:
                    Assert.That(result.Status, Is.Not.EqualTo(CheckStatus.NotAttempted));
                    Assert.That(result.Points, Is.LessThan(result.MaxPoints));
                    Assert.That($"{result}", Does.Contain(Says().Match(cell).Groups[1].Value));
                    Assert.That(Says().IsMatch(cell), "a line says what the message contains");
                    break;
            }
        });
    }

    [Test]
    public void Every_exercise_has_two_wrong_answers_or_is_the_samples() => Assert.That(
        Exercises().Where(e => e.Notebook != "99-sample" && e.Wrong().Count() < 2)
            .Select(e => e.Id), Is.Empty);

    [Test]
    public void A_notebooks_cell_is_its_stub()
    {
        var notebooks = Directory.GetFiles(
            Path.Combine(CommandLineFixture.Root, "notebooks"), "*.ipynb");
        var seen = notebooks.SelectMany(n => NotebookFile.Read(n).Cells)
            .Where(c => ExerciseCell.IdOf(c.Source) is not null).ToList();
        Assert.Multiple(() =>
        {
            foreach (var cell in seen)
            {
                var id = ExerciseCell.IdOf(cell.Source)!;
                var exercise = Exercises().FirstOrDefault(e => e.Id == id);
                Assert.That(exercise, Is.Not.Null, $"{id} has no fixture");
                Assert.That(cell.Source, Is.EqualTo(exercise?.Cell("stub")?.TrimEnd('\n')), id);
                Assert.That(cell.Tags, Does.Contain("exercise"), id);
            }
            Assert.That(seen.Select(c => ExerciseCell.IdOf(c.Source)), Is.SupersetOf(
                Exercises().Select(e => e.Id).Where(i => notebooks.Any(n =>
                    Path.GetFileNameWithoutExtension(n) == i.Split('/')[0]))));
        });
    }

    [GeneratedRegex("^// says: (.+?)\\s*$", RegexOptions.Multiline)]
    private static partial Regex Says();
}
