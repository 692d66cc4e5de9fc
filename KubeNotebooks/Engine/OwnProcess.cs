using System.Diagnostics;

namespace KubeNotebooks;

/// <summary>Starts this program anew, as a process that may die.</summary>
internal static class OwnProcess
{
    private const int MostComplaint = 2000;

    /// <summary>How to start a command of this program, its streams redirected.</summary>
    public static ProcessStartInfo Command(string folder, params IEnumerable<string> arguments) =>
        new(Host(), ["exec", typeof(OwnProcess).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = true, WorkingDirectory = folder,
        };

    /// <summary>The program that runs .NET assemblies.</summary>
    public static string Host() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? Environment.ProcessPath!
            : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>Ends a process and what it started.</summary>
    public static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It was over already.
        }
        process.WaitForExit();
    }

    /// <summary>The beginning of what a process writes to its standard error; the rest is read,
    /// and dropped.</summary>
    public static string Complaint(StreamReader error)
    {
        var buffer = new char[MostComplaint];
        var length = error.ReadBlock(buffer, 0, buffer.Length);
        _ = error.BaseStream.CopyToAsync(Stream.Null);
        return new string(buffer, 0, length).Trim();
    }
}
