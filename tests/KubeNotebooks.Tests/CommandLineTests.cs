using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

public sealed class CommandLineTests : CommandLineFixture
{
    [Test]
    public void Help_names_the_commands()
    {
        var (code, output, error) = Run("--help");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("simulate").And.Contain("course"));
            Assert.That(error, Is.Empty);
        });
    }

    [Test]
    public void A_course_needs_notebooks_and_a_port()
    {
        var (code, _, error) = Run("course", Folder, "--no-open");
        Assert.That((code, error), Is.EqualTo((2, $"{Folder}: no notebooks in it\n")));
        Assert.That(Run("course", Folder, "--port", "70000").Error,
            Does.Contain("--port: must be from 0 to 65535"));
    }

    [Test]
    public void Help_names_every_option_of_simulate()
    {
        var (code, output, _) = Run("simulate", "--help");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            foreach (var option in (string[])["--filename", "--nodes", "--seed",
                "--until-converged", "--for", "--limit", "--start", "--latency", "--journal",
                "--save-journal", "--trace", "-o,"])
            {
                Assert.That(output, Does.Contain(option));
            }
        });
    }

    [Test]
    public void The_version_is_one_line()
    {
        var (code, output, _) = Run("--version");
        Assert.That(code, Is.Zero);
        Assert.That(output.Trim(), Does.Match(@"^\d+\.\d+\.\d+$"));
    }

    [TestCase("", "simulat")]
    [TestCase("--nope", "simulate", "-f", "web.yaml", "--nope")]
    [TestCase("-f", "simulate")]
    [TestCase("--nodes", "simulate", "-f", "web.yaml", "--nodes", "-1")]
    [TestCase("--seed", "simulate", "-f", "web.yaml", "--seed", "-1")]
    [TestCase("--for: \"60x\" is no duration", "simulate", "-f", "web.yaml", "--for", "60x")]
    [TestCase("--limit", "simulate", "-f", "web.yaml", "--limit", "-5s")]
    [TestCase("--for", "simulate", "-f", "web.yaml", "--for", "5s", "--limit", "5s")]
    [TestCase("--start: \"soon\" is no time", "simulate", "-f", "web.yaml", "--start", "soon")]
    [TestCase("--latency: must be typical or none", "simulate", "-f", "web.yaml", "--latency",
        "low")]
    [TestCase("--output: must be wide or json or yaml", "simulate", "-f", "web.yaml", "-o", "xml")]
    public void A_wrong_word_is_told_and_nothing_runs(string told, params string[] args)
    {
        Write("web.yaml", Web(3));
        var (code, output, error) = Run(args);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.Contain(told));
            Assert.That(error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
                Has.Length.EqualTo(2),
                "one line that says what, one that says what to try");
        });
    }

    [TestCase(0, "0s")]
    [TestCase(119, "119s")]
    [TestCase(120, "2m")]
    [TestCase(330, "5m30s")]
    [TestCase(3600, "60m")]
    [TestCase(4 * 3600 + 300, "4h5m")]
    [TestCase(24 * 3600, "24h")]
    [TestCase(50 * 3600, "2d2h")]
    [TestCase(400 * 86400, "400d")]
    public void Ages_are_shown_as_kubectl_shows_them(int seconds, string shown) =>
        Assert.That(HumanDuration.Of(TimeSpan.FromSeconds(seconds)), Is.EqualTo(shown));
}
