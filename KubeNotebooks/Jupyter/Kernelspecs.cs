using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeNotebooks;

/// <summary>Where a Python keeps its Jupyter kernels.</summary>
/// <param name="Python">The program, as a full path.</param>
/// <param name="User">The data folder of this person.</param>
/// <param name="System">The data folder of that Python.</param>
/// <param name="Path">All data folders that are looked through.</param>
internal sealed record JupyterFolders(string Python, string User, string System, string[] Path)
{
    private const string Question = "import ipykernel, json, sys; from jupyter_core import paths; "
        + "print(json.dumps({'Python': sys.executable, 'User': paths.jupyter_data_dir(), "
        + "'System': sys.prefix + '/share/jupyter', 'Path': paths.jupyter_path()}))";

    /// <summary>Asks a Python.</summary>
    /// <exception cref="BadInputException">It is not there, or without ipykernel.</exception>
    public static JupyterFolders Ask(string python)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", Question])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            var error = process.StandardError.ReadToEndAsync();
            var answer = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? JsonSerializer.Deserialize<JupyterFolders>(answer)!
                : throw new BadInputException([
                    $"{python}: {error.Result.Trim().Split('\n')[^1]}: a kernel needs ipykernel "
                    + "(pip install ipykernel notebook, or apt install python3-ipykernel)"]);
        }
        catch (Win32Exception e)
        {
            throw new BadInputException([
                $"{python}: cannot be started: {e.Message}; name another with --python"]);
        }
    }
}

/// <summary>Lays this project's engine where Jupyter finds its kernels, and takes it away again.
/// A kernel of the same name that somebody else has laid is never touched.</summary>
internal sealed class Kernelspecs(string data, JupyterFolders jupyter)
{
    /// <summary>The kernel that the notebooks of the course name: that of .NET Interactive, which
    /// this one stands in for where there is none.</summary>
    public const string Common = ".net-csharp";

    private const string Script = "kubenotebooks_kernel.py";

    /// <summary>Lays a kernel under a name.</summary>
    /// <returns>Its folder; null when another one has the name.</returns>
    public string? Install(string name)
    {
        if (Foreign(name) is not null)
        {
            return null;
        }
        var folder = Folder(name);
        Directory.CreateDirectory(folder);
        using (var source = typeof(Kernelspecs).Assembly.GetManifestResourceStream(Script)!)
        using (var file = File.Create(Path.Combine(folder, Script)))
        {
            source.CopyTo(file);
        }
        File.WriteAllText(Path.Combine(folder, "kernel.json"), NotebookJson.Text(new JsonObject
        {
            ["argv"] = new JsonArray(jupyter.Python, Path.Combine(folder, Script), "-f",
                "{connection_file}"),
            ["display_name"] = name == Common ? ".NET (C#)" : "KubeNotebooks (C#)",
            ["language"] = "C#",
            ["interrupt_mode"] = "signal",
            ["env"] = new JsonObject
            {
                ["KUBENOTEBOOKS_ENGINE"] = JsonSerializer.Serialize(
                    (string[])[OwnProcess.Host(), "exec", OwnProcess.Laid(), EngineCommand.Name]),
                // Python's debugger, which nobody uses here, warns of itself.
                ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1",
            },
        }));
        return folder;
    }

    /// <summary>Takes a kernel away.</summary>
    /// <returns>Its folder; null when there is none of ours.</returns>
    public string? Remove(string name)
    {
        if (!IsOurs(Folder(name)))
        {
            return null;
        }
        Directory.Delete(Folder(name), recursive: true);
        return Folder(name);
    }

    /// <summary>The folder in which somebody else has laid a kernel of the name.</summary>
    public string? Foreign(string name) => jupyter.Path.Append(data)
        .Select(p => Path.Combine(p, "kernels", name))
        .FirstOrDefault(f => Directory.Exists(f) && !IsOurs(f));

    private string Folder(string name) => Path.Combine(data, "kernels", name);

    private static bool IsOurs(string folder) => File.Exists(Path.Combine(folder, Script));
}
