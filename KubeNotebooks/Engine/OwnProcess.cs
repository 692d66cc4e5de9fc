using System.Diagnostics;

namespace KubeNotebooks;

/// <summary>Starts this program anew, as a process that may die.</summary>
internal static class OwnProcess
{
    private const int MostComplaint = 2000;

    /// <summary>How to start a command of this program, its streams redirected.</summary>
    public static ProcessStartInfo Command(string folder, params IEnumerable<string> arguments) =>
        Start(folder, typeof(OwnProcess).Assembly.Location, arguments);

    /// <summary>How to start an assembly, its streams redirected.</summary>
    public static ProcessStartInfo Start(string folder, string assembly,
        IEnumerable<string> arguments) => new(Host(), ["exec", assembly, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = true, WorkingDirectory = folder,
        };

    /// <summary>The program that runs .NET assemblies: it stands above the class library, in
    /// shared/Microsoft.NETCore.App/VERSION.</summary>
    public static string Host()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var own = Path.GetFullPath($"../../../{name}",
            Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        return File.Exists(own) ? own : name;
    }

    /// <summary>The assembly that every build lays in one place, where it may be compiled ahead;
    /// the one that runs now where there is no such place.</summary>
    public static string Laid()
    {
        var own = typeof(OwnProcess).Assembly.Location;
        for (var folder = Path.GetDirectoryName(own); folder is not null;
            folder = Path.GetDirectoryName(folder))
        {
            var laid = Path.Combine(folder, "notebook", Path.GetFileName(own));
            if (Path.GetFileName(folder) == "artifacts" && File.Exists(laid))
            {
                return laid;
            }
        }
        return own;
    }

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
