using System.Globalization;

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
