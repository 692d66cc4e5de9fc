using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeSim;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What the pages for teachers and contributors say can be done: their commands are
/// commands, their links lead somewhere, their code is this code and works.</summary>
public sealed partial class PagesTests : CommandLineFixture
{
    private static readonly string[] Pages =
        ["README.md", "lib/STATUS.md", "notebooks/TEACHING.md", ".github/CONTRIBUTING.md"];

    [TestCaseSource(nameof(Pages))]
    public void Every_command_is_one(string page)
    {
        var commands = Fence().Matches(Text(page)).SelectMany(m => m.Groups[1].Value.Split('\n'))
            .Select(l => Command().Match(l)).Where(m => m.Success)
            .Select(m => m.Groups[1].Value.Trim()).ToList();
        var root = Program.Root(new(TextReader.Null, TextWriter.Null, TextWriter.Null));
        Assert.That(commands.Where(c => root.Parse(c).Errors.Count > 0), Is.Empty);
        Assert.That(commands, page == "lib/STATUS.md" ? Is.Empty : Is.Not.Empty);
    }

    [TestCaseSource(nameof(Pages))]
    public void Every_link_leads_somewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
        var links = Link().Matches(Text(page)).Select(m => m.Groups[1].Value)
            .Where(l => !l.StartsWith("http", StringComparison.Ordinal)).ToList();
        Assert.That(links.Where(l => l.StartsWith('#')
            ? !Text(page).Contains($"\n## {l[1..].Replace('-', ' ')}",
                StringComparison.OrdinalIgnoreCase)
            : !Path.Exists(Path.Combine(folder, l.Split('#')[0]))), Is.Empty);
    }

    [Test]
    public void The_dev_container_runs_commands_that_there_are()
    {
        var container = JsonNode.Parse(Text(".devcontainer/devcontainer.json"))!;
        var steps = new[] { "postCreateCommand", "postAttachCommand" }
            .SelectMany(k => ((string)container[k]!).Split(" && ")).ToList();
        var root = Program.Root(new(TextReader.Null, TextWriter.Null, TextWriter.Null));
        var ours = steps.Where(s => s.Contains(" -- ", StringComparison.Ordinal))
            .Select(s => s.Split(" -- ")[1]).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(ours, Has.Count.EqualTo(2));
            Assert.That(ours.Where(c => root.Parse(c).Errors.Count > 0), Is.Empty);
            Assert.That(ours[1], Does.Contain($"--port {(int)container["forwardPorts"]![0]!} "));
            Assert.That((string)container["image"]!, Does.Contain("dotnet:2-"
                + Text("global.json").Split("\"version\": \"")[1][..4]), "the SDK of global.json");
        });
    }

    [TestCase("controller")]
    [TestCase("plugin")]
    public void The_code_of_the_page_is_this_code(string name)
    {
        var source = Text("tests/KubeNotebooks.Tests/PagesTests.cs");
        var code = source.Split($"// <{name}>\n")[1].Split($"// </{name}>")[0];
        Assert.That(Text(".github/CONTRIBUTING.md"), Does.Contain($"```csharp\n{code}```\n"));
    }

    [Test]
    public void The_controller_of_the_page_keeps_its_promise()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Controllers.Add("welcome-controller", () => new WelcomeController());
        cluster.Kubectl("create namespace shop");
        cluster.Converge();
        cluster.Kubectl("delete configmap welcome -n shop");
        cluster.Converge();
        Assert.That(cluster.Get<ConfigMap>("shop", "welcome").Data["text"],
            Is.EqualTo("Welcome to shop"), "it came back");

        cluster.Kubectl("delete namespace shop");
        cluster.Converge();
        Assert.That(cluster.List<ConfigMap>("shop"), Is.Empty, "and lets a namespace end");
    }

    [Test]
    public void The_plugin_of_the_page_has_its_say()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Scheduler.Add(() => new GoldOnly());
        cluster.Kubectl("run plain --image=nginx:1.27");
        cluster.Kubectl("run ring --image=nginx:1.27 --labels=tier=gold");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("plain").IsReady);
        Assert.That(cluster.Kubectl("describe pod ring").Out, Does.Contain(
            "0/2 nodes are available: 2 node(s) were not gold."));
        cluster.Kubectl("label node node-2 tier=gold");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("ring").Spec.NodeName, Is.EqualTo("node-2"));
    }

    // As the page has it, compiled without its project: a build takes too long for a test.
    [Test]
    public void The_hidden_tests_of_the_page_grade()
    {
        const string id = "00-first-deployment/1";
        var exercise = ExerciseCatalog.Installed().Find(id);
        var code = Text("notebooks/TEACHING.md").Split("```cs\n")[1].Split("```")[0];
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator).Select(f => MetadataReference.CreateFromFile(f));
        var made = CSharpCompilation.Create("Hidden",
            [
                CSharpSyntaxTree.ParseText("global using System; global using System.Linq;"),
                CSharpSyntaxTree.ParseText(code),
            ], references, new(Microsoft.CodeAnalysis.OutputKind
                .DynamicallyLinkedLibrary)).Emit("Hidden.dll",
                manifestResources: [new ResourceDescription($"Cells/{id}.stub.csx", () =>
                    new MemoryStream(Encoding.UTF8.GetBytes(exercise.Cell("stub")!)), true)]);
        Assert.That(made.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error), Is.Empty);
        Directory.CreateDirectory("submissions");
        var pods = string.Join("\n---\n", Enumerable.Range(0, 4).Select(i => "{apiVersion: v1, "
            + $"kind: Pod, metadata: {{name: shop-{i}}}, "
            + "spec: {containers: [{name: nginx, image: nginx}]}}"));
        foreach (var (name, cell) in ((string, string)[])[("best", exercise.Cell("solution")!),
            ("bare", $"// exercise: {id}\nExercise.Check(\"{id}\", \"\"\"\n{pods}\n\"\"\")"),
            ("stub", exercise.Cell("stub")!)])
        {
            Write($"submissions/{name}.ipynb", ClassOfSubmissions.Text([cell]));
        }
        var (exit, _, error) = Run("grade", "submissions", "--hidden", "Hidden.dll", "--out",
            "graded", "--jobs", "2");
        Assert.That((exit, File.ReadAllText("graded/grades.csv")), Is.EqualTo((0, $"""
            student,{id},total,max,status,hints,notes
            bare,2,2,5,ok,,
            best,5,5,5,ok,,
            stub,0,0,5,not-attempted,,

            """.ReplaceLineEndings("\n"))), error);
    }

    private static string Text(string file) =>
        File.ReadAllText(Path.Combine(Root, file)).ReplaceLineEndings("\n");

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("(?:^kn|--project KubeNotebooks(?: -c Release)? --) ([^#&|]+)")]
    private static partial Regex Command();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}

// <controller>
/// <summary>Greets whoever comes into a namespace: each has a ConfigMap <c>welcome</c>.</summary>
public sealed class WelcomeController : IReconciler
{
    public string Name => "welcome-controller";

    // Both lead to the same key, so that a greeting that was deleted comes back.
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<Namespace>(),
        Watched.All<ConfigMap>() with
        {
            KeyOf = map => new ObjectKey(Kinds.Namespace, "", map.Metadata.Namespace),
        },
    ];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is Namespace { IsTerminating: false }
            && api.Get<ConfigMap>(key.Name, "welcome") is null)
        {
            // The name cannot be taken twice: a cache that is behind does no harm.
            api.Create(new ConfigMap
            {
                Metadata = new() { Name = "welcome", Namespace = key.Name },
                Data = Map.Of(("text", $"Welcome to {key.Name}")),
            });
        }
        return Result.Done;
    }
}
// </controller>

// <plugin>
/// <summary>Pods of the tier gold run on nodes of the tier gold.</summary>
public sealed class GoldOnly : IFilterPlugin
{
    public string Name => "GoldOnly";

    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        pod.Metadata.Labels.GetValueOrDefault("tier") != "gold"
            || node.Node?.Metadata.Labels.GetValueOrDefault("tier") == "gold"
            ? PluginStatus.Success
            : PluginStatus.Unresolvable(Name, "node(s) were not gold");
}
// </plugin>
