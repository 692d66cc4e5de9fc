using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What the README shows is what happens.</summary>
public sealed class ReadmeTests : CommandLineFixture
{
    [Test]
    public void The_command_prints_what_the_readme_shows()
    {
        var manifest = File.ReadAllText(Path.Combine(Root, "notebooks/manifests/web.yaml"));
        var (code, output, error) = RunWithInput(manifest, "simulate", "-f", "-");
        Assert.That(code, Is.Zero, error);
        Assert.That(Readme(), Does.Contain("```text\n" + output + "```\n"));
    }

    [Test]
    public void The_example_is_this_code()
    {
        var path = Path.Combine(Root, "tests/KubeNotebooks.Tests/ReadmeTests.cs");
        var source = File.ReadAllText(path).ReplaceLineEndings("\n");
        var lines = source.Split("// <example>\n")[1].Split("        // </example>")[0].Split('\n');
        var example = string.Join('\n', lines.Select(l => l.Length > 8 ? l[8..] : ""));
        Assert.That(Readme(), Does.Contain("```csharp\nusing KubeSim;\n\n" + example + "```\n"));
    }

    [Test]
    public void The_example_does_what_it_says()
    {
        var console = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            Example(File.ReadAllText(Path.Combine(Root, "notebooks/manifests/web.yaml")));
        }
        finally
        {
            Console.SetOut(console);
        }
        Assert.That(output.ToString().ReplaceLineEndings("\n"),
            Does.Match(@"(?s)^step 1 .*deployment-controller.*\n3\n2\n.+"));
    }

    private static void Example(string manifest)
    {
        // <example>
        var cluster = new Cluster(nodes: 3, seed: 7);
        cluster.Apply(manifest);                                // the text of web.yaml

        Console.WriteLine(cluster.Step());                      // one thing happens: who, what, why
        cluster.RunUntil(c => c.List<Pod>().Count(p => p.IsReady) == 3);

        var pod = cluster.List<Pod>()[0];
        Console.WriteLine(cluster.Why(pod));                    // back to the person who applied it

        var other = cluster.Fork();                             // a second cluster, the same past
        other.Faults.Crash("replicaset-controller");
        foreach (var c in (Cluster[])[cluster, other])
        {
            c.Delete(c.List<Pod>()[0]);
            c.Converge();
            Console.WriteLine(c.List<Pod>().Count);             // 3: replaced; 2: not replaced
        }
        Console.WriteLine(Cluster.Compare(cluster, other));     // the first step where they part

        cluster.Rewind(steps: 5);                               // and the cluster is as it was then
        // </example>
    }

    private static string Readme() =>
        File.ReadAllText(Path.Combine(Root, "README.md")).ReplaceLineEndings("\n");
}
