using System.ComponentModel;
using System.Diagnostics;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Real clients, where they are installed: <c>.ci/run</c> gets them and says where they
/// are.</summary>
internal static class RealClient
{
    /// <summary>Where kubectl is: those that KUBENOTEBOOKS_KUBECTL names, and the one of the
    /// PATH.</summary>
    public static IEnumerable<string> Kubectls() =>
        (Environment.GetEnvironmentVariable("KUBENOTEBOOKS_KUBECTL") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append("kubectl").Where(k => Runs(k, "version", "--client")).DefaultIfEmpty("");

    /// <summary>A folder whose node_modules hold @kubernetes/client-node.</summary>
    public static string NodeModules()
    {
        var folder = Environment.GetEnvironmentVariable("KUBENOTEBOOKS_NODE_CLIENT");
        Assume.That(folder, Is.Not.Null.And.Not.Empty,
            "KUBENOTEBOOKS_NODE_CLIENT names no folder with @kubernetes/client-node");
        return folder!;
    }

    /// <summary>Starts a program with its own home.</summary>
    public static Process Start(string program, string home, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = true, WorkingDirectory = home,
        };
        start.Environment["HOME"] = home;
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("KUBECONFIG");
        return Process.Start(start)!;
    }

    /// <summary>Runs a program to its end, a minute at most.</summary>
    public static (string Out, string Error, int Code) Run(string program, string home,
        IEnumerable<string> arguments, string input = "", Action? meanwhile = null)
    {
        using var process = Start(program, home, arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(),
            process.StandardError.ReadToEndAsync());
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        meanwhile?.Invoke();
        if (!process.WaitForExit(60_000))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} does not end: {output.Result} {error.Result}");
        }
        return (output.Result, error.Result, process.ExitCode);
    }

    /// <summary>Whether a program is there, and does that.</summary>
    public static bool Runs(string program, params string[] arguments)
    {
        try
        {
            return Run(program, Path.GetTempPath(), arguments).Code == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
