namespace KubeSim.Tests;

/// <summary>The files of the folder Data.</summary>
internal static class Data
{
    public static string Text(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", name));

    /// <summary>The lines of a file without empty ones and comments.</summary>
    public static IEnumerable<string> Lines(string name) =>
        Text(name).Split('\n').Where(line => line.Length > 0 && line[0] != '#');
}
