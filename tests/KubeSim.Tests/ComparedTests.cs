using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Of every recording and every table of cases it is known which test holds the simulator
/// against it, or why none does.</summary>
public sealed class ComparedTests
{
    private static IEnumerable<string[]> Rows => TestData.Rows("compared.tsv");

    [Test]
    public void What_is_named_as_a_test_is_one() => Assert.Multiple(() =>
    {
        foreach (var row in Rows)
        {
            var name = row[1].Split('.');
            var fixture = typeof(ComparedTests).Assembly.GetType($"KubeSim.Tests.{name[0]}");
            var tests = fixture?.GetMethods().Select(m => m.Name) ?? [];
            Assert.That(name[0] == "-" ? row.Length == 3
                : fixture is not null && (name.Length == 1 || tests.Contains(name[1])),
                Is.True, string.Join(' ', row));
        }
    });

    [Test]
    public void Whatever_lies_beside_the_project_is_named()
    {
        var tables = SchedulerGoldenTests.SharedFolder("tables");
        Assume.That(tables, Is.Not.Null, "nothing lies beside the project");
        var golden = SchedulerGoldenTests.SharedFolder("golden")!;
        var there = Directory.GetFiles(tables!, "*.json").Select(
            f => $"tables/{Path.GetFileNameWithoutExtension(f)}").Concat(
            Directory.GetDirectories(golden).SelectMany(d => Path.GetFileName(d) is "workloads"
                or "nodes" ? Directory.GetDirectories(d) : [d])
            .Select(d => $"golden/{Path.GetRelativePath(golden, d)}"));

        Assert.That(there, Is.SubsetOf(Rows.Select(row => row[0])));
    }
}
