using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Runs the command line in this process, in an empty folder of its own.</summary>
public abstract class CommandLineFixture
{
    private string before = "";

    protected string Folder { get; private set; } = "";

    /// <summary>The root of the repository.</summary>
    internal static string Root { get; } = FindRoot();

    [SetUp]
    public void EnterFolder()
    {
        before = Directory.GetCurrentDirectory();
        Folder = Directory.CreateTempSubdirectory("kube-notebooks-").FullName;
        Directory.SetCurrentDirectory(Folder);
    }

    [TearDown]
    public void LeaveFolder()
    {
        Directory.SetCurrentDirectory(before);
        Directory.Delete(Folder, recursive: true);
    }

    protected static (int Code, string Output, string Error) Run(params string[] args) =>
        RunWithInput("", args);

    protected static (int Code, string Output, string Error) RunWithInput(
        string input, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = Program.Run(args, new(new StringReader(input), output, error));
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>The objects of a run that went well.</summary>
    protected static JsonArray Objects(params string[] args)
    {
        var (code, output, error) = Run([.. args, "-o", "json"]);
        Assert.That(code, Is.Zero, error);
        return JsonNode.Parse(output)!["items"]!.AsArray();
    }

    protected static JsonNode[] OfKind(JsonArray objects, string kind) =>
        [.. objects.Where(o => (string?)o!["kind"] == kind).Select(o => o!)];

    protected static string Name(JsonNode o) => (string)o["metadata"]!["name"]!;

    protected static void Write(string file, string text) => File.WriteAllText(file, text);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "KubeNotebooks.slnx")))
        {
            folder = folder.Parent;
        }
        return folder.FullName;
    }

    protected static string Web(int replicas) => $$"""
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata:
          name: web
        spec:
          replicas: {{replicas}}
          selector:
            matchLabels: {app: web}
          template:
            metadata:
              labels: {app: web}
            spec:
              containers:
              - {name: nginx, image: "nginx:1.27"}

        """;
}
