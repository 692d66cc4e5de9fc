namespace KubeNotebooks;

/// <summary>The command line: <c>dotnet run --project KubeNotebooks -- COMMAND</c>.</summary>
public static class Program
{
    /// <summary>Runs one command; returns 0 (it ran), 1 (a check failed), 2 (bad input), 3 (limit reached).</summary>
    public static int Main(string[] args) => args.Length;
}
