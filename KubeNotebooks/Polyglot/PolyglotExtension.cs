using Microsoft.CodeAnalysis.CSharp;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Directives;

namespace KubeNotebooks.Polyglot;

/// <summary>What Polyglot Notebooks gets besides: shown values, which every host has, and the magic
/// command <c>#!kubectl "get pods"</c>, which is <c>cluster.Kubectl("get pods")</c>.</summary>
/// <remarks>Not part of the default build, and not run by its tests: the packages that it needs are
/// not everywhere. It is written against their documented API and kept so thin that there is
/// nothing in it to go wrong unseen.</remarks>
/// <example><code>
/// #r "../artifacts/notebook/KubeNotebooks.Polyglot.dll"
/// KubeNotebooks.Polyglot.PolyglotExtension.Load(Microsoft.DotNet.Interactive.Kernel.Root);
/// </code></example>
public static class PolyglotExtension
{
    /// <summary>Adds them to a kernel; hosts do so by name.</summary>
    public static void Load(Kernel kernel)
    {
        Shown.Register();
        var directive = new KernelActionDirective("#!kubectl")
        {
            Description = "Runs a kubectl command against the cluster of this notebook.",
            Parameters =
            {
                new("--line", "The command, in quotes: \"get pods -o wide\"")
                {
                    AllowImplicitName = true, Required = true,
                },
                new("--cluster", "The variable that holds the cluster; cluster when not said"),
            },
        };
        kernel.AddDirective<KubectlLine>(directive, (command, context) =>
            context.HandlingKernel.RootKernel.SendAsync(
                new SubmitCode(command.Code, "csharp"), CancellationToken.None));
    }
}

/// <summary>A line for kubectl, as Polyglot Notebooks reads it.</summary>
public sealed class KubectlLine : KernelDirectiveCommand
{
    /// <summary>The command line, without <c>kubectl</c>.</summary>
    public string Line { get; set; } = "";

    /// <summary>The variable that holds the cluster.</summary>
    public string Cluster { get; set; } = "cluster";

    internal string Code =>
        $"{Cluster}.Kubectl({SymbolDisplay.FormatLiteral(Line, quote: true)})";
}
