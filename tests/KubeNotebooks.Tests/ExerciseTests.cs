using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Checks in a notebook: what is graded, what is shown, what is kept.</summary>
public sealed class ExerciseTests : CommandLineFixture
{
    [OneTimeSetUp]
    public void UseTheSample() => Environment.SetEnvironmentVariable(
        ExerciseCatalog.PathVariable, typeof(ExerciseTests).Assembly.Location);

    [OneTimeTearDown]
    public void UseTheCourse() =>
        Environment.SetEnvironmentVariable(ExerciseCatalog.PathVariable, null);

    [Test]
    public void A_right_answer_gets_all_points_and_another_solution()
    {
        var result = Exercise.Check("99-sample/1", (int w, int t) => Math.Max(0, w - t));
        Assert.Multiple(() =>
        {
            Assert.That(result.Passed);
            Assert.That(result.Headline(),
                Is.EqualTo("99-sample/1: 3/3 points · visible tests"));
            Assert.That(result.ToHtml(), Does.Contain("// why: a negative difference"));
            Assert.That(result.Failure, Is.Null);
        });
    }

    [Test]
    public void Only_the_first_failure_is_shown_with_its_scenario_and_its_test()
    {
        var result = Exercise.Check("99-sample/1", (int w, int t) => t - w);
        var html = result.ToHtml();
        Assert.Multiple(() =>
        {
            Assert.That((result.Points, result.MaxPoints), Is.EqualTo((0, 3)));
            Assert.That(html, Does.Contain("You would create -3 pods, and 3 are missing."));
            Assert.That(html, Does.Contain("5 replicas wanted, 2 pods there"));
            Assert.That(html, Does.Contain("<td><pre>3 pods</pre></td>"));
            Assert.That(html, Does.Not.Contain("There are enough"));
            Assert.That(result.Failure!.Source,
                Does.StartWith("[Test, Points(2), Task(").And.Contains("\n    Scenario("));
            Assert.That(result.ToHtml(feedback: true), Does.Not.Contain("Scenario("));
        });
    }

    [Test]
    public void An_answer_that_throws_is_told_so()
    {
        var result = Exercise.Check("99-sample/1",
            (int _, int _) => int.Parse("x", CultureInfo.InvariantCulture));
        Assert.That(result.FirstFailed!.Message,
            Does.StartWith("Your code threw System.FormatException"));
    }

    [Test]
    public void An_endless_answer_is_stopped_and_the_rest_is_not_run()
    {
        var result = ExerciseRunner.Run(ExerciseCatalog.Installed().Find("99-sample/1"),
            () => (Func<int, int, int>)Endless, TimeSpan.FromMilliseconds(500));
        Assert.Multiple(() =>
        {
            Assert.That(result.Status, Is.EqualTo(CheckStatus.Timeout));
            Assert.That(result.Tests[0].Message, Does.StartWith("It did not end within"));
            Assert.That(result.Tests[1].Message, Does.StartWith("Not run"));
        });
    }

    [Test]
    public void What_an_answer_prints_is_kept_apart_and_cut()
    {
        using var console = new StringWriter();
        var before = Console.Out;
        Console.SetOut(console);
        CheckResult result;
        try
        {
            result = Exercise.Check("99-sample/1", Loud);
        }
        finally
        {
            Console.SetOut(before);
        }
        Assert.Multiple(() =>
        {
            Assert.That($"{console}", Is.Empty);
            Assert.That(result.Failure!.Output, Does.StartWith("loud\nloud\n"));
            Assert.That(result.Failure.Output, Has.Length.LessThan(4100));
        });

        static int Loud(int wanted, int there)
        {
            for (var i = 0; i < 10_000; i++)
            {
                Console.Write("loud\n");
            }
            return -1;
        }
    }

    [Test]
    public void A_function_is_taken_in_the_type_that_is_asked_for()
    {
        Delegate factory = () => (IReconciler)new Resting();
        Assert.That(Exercise.Check("99-sample/3", (Delegate)factory).Passed);
    }

    [Test]
    public void An_unknown_exercise_names_the_known_ones() => Assert.That(
        () => Exercise.Check("99-sample/9", "x"), Throws.ArgumentException
            .With.Message.Contains("there are 99-sample/1, 99-sample/2, 99-sample/3"));

    [Test]
    public void Hints_come_in_order_and_are_counted()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Exercise.Hint("99-sample/1"), Is.EqualTo(
                "Hint 1 of 2: Take what is there from what is wanted."));
            Assert.That(Exercise.Hint("99-sample/1"), Does.StartWith("Hint 2 of 2"));
            Assert.That(Exercise.Hint("99-sample/1"), Does.StartWith("Hint 2 of 2"));
            Assert.That(Lesson.Progress().Exercises[0].Hints, Is.EqualTo(2));
        });
    }

    [Test]
    public void A_solution_is_shown_after_a_pass_or_to_one_who_gives_up()
    {
        Assert.That(Exercise.Solution("99-sample/1"), Does.StartWith("Not passed yet"));
        Assert.That(Exercise.Solution("99-sample/1", giveUp: true), Does.Contain("Math.Max"));
        Exercise.Check("99-sample/1", (int w, int t) => Math.Max(0, w - t));
        Assert.That(Exercise.Solution("99-sample/1"), Does.Contain("Math.Max"));
    }

    [Test]
    public void Progress_keeps_the_best_points_and_the_predictions()
    {
        Exercise.Check("99-sample/1", (int w, int t) => Math.Max(0, w - t));
        Exercise.Check("99-sample/1", (int w, int t) => t - w);
        Lesson.Predict("p1", "two pods");
        var progress = Lesson.Progress();
        Assert.Multiple(() =>
        {
            Assert.That(progress.Exercises[0].Points, Is.EqualTo(3));
            Assert.That($"{progress}", Does.EndWith("3 of 6 points, 1 prediction"));
            Assert.That($"{Lesson.Reveal("p1", "three pods")}",
                Is.EqualTo("You predicted: two pods\nIt came: three pods"));
            Assert.That(Lesson.Reveal("p2", "").Prediction, Is.Null);
        });
    }

    [Test]
    public void A_corrupt_progress_file_is_put_aside()
    {
        Directory.CreateDirectory(".kubenotebooks");
        File.WriteAllText(".kubenotebooks/progress.json", "{ \"exercises\": ");
        Lesson.Predict("p1", "two pods");
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(".kubenotebooks/progress.corrupt-1.json"),
                Is.EqualTo("{ \"exercises\": "));
            Assert.That(File.ReadAllText(".kubenotebooks/progress.json"),
                Does.Contain("two pods"));
        });
    }

    [Test]
    public void Two_processes_lose_none_of_each_others_progress()
    {
        Parallel.For(0, 20, i => new ProgressFile(Folder).Change(p =>
        {
            p.Predictions.Add($"n/{i}", "x");
            return p;
        }));
        Assert.That(new ProgressFile(Folder).Read().Predictions, Has.Count.EqualTo(20));
    }

    private static int Endless(int wanted, int there)
    {
        while (true)
        {
        }
    }

    private sealed class Resting : IReconciler
    {
        public string Name => "mine";

        public Seq<Watched> Watches => [new(Kinds.Node)];

        public Result Reconcile(ObjectKey key, ReconcileContext api) => Result.Done;
    }
}
