using System.Globalization;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Reads the tables under Data/: a line is a case of cells between tabs; ∅ is an empty
/// cell, \s a space at an edge, \t a tab, # a comment. Most lines start with their claim.</summary>
internal static class TestData
{
    /// <summary>The cases of a claim, without it.</summary>
    public static IEnumerable<object[]> Of(string file, string claim) =>
        Rows(file).Where(row => row[0] == claim).Select(row => row[1..].ToArray<object>());

    public static IEnumerable<string[]> Rows(string file)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Data", file);
        return File.ReadLines(path)
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split('\t').Select(Cell).ToArray());
    }

    /// <summary>All cases of one of upstream's tables, where they lie beside the project; the test
    /// has its compact share of them in any case.</summary>
    public static IEnumerable<JsonObject> Table(string name)
    {
        var folder = SchedulerGoldenTests.SharedFolder("tables");
        Assume.That(folder, Is.Not.Null, "no tables beside the project");
        var table = JsonNode.Parse(File.ReadAllText(Path.Combine(folder!, $"{name}.json")));
        return table!["cases"]!.AsArray().Select(c => c!.AsObject());
    }

    public static long Number(string cell) => long.Parse(cell, CultureInfo.InvariantCulture);

    /// <summary>Pairs as labels are written: <c>app=web,tier=front</c>.</summary>
    public static Map<string> Labels(string cell) => cell
        .Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2))
        .Select(pair => KeyValuePair.Create(pair[0], pair[1]))
        .ToMap();

    private static string Cell(string cell)
    {
        if (cell == "∅")
        {
            return "";
        }
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < cell.Length; i++)
        {
            text.Append(cell[i] != '\\' ? cell[i] : cell[++i] switch
            {
                's' => ' ',
                't' => '\t',
                'n' => '\n',
                var other => other,
            });
        }
        return text.ToString();
    }
}
