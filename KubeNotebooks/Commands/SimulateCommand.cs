using System.CommandLine;
using System.CommandLine.Parsing;
using KubeSim;
using static KubeNotebooks.CommandOptions;

namespace KubeNotebooks;

/// <summary><c>simulate</c>: applies manifests to a fresh cluster, runs it in virtual time, and
/// prints what became of it.</summary>
internal static class SimulateCommand
{
    public static Command Create(Terminal terminal)
    {
        var inputs = new ClusterInputs("2025-01-01T00:00:00Z");
        var untilConverged = new Option<bool>("--until-converged")
        {
            Description = "Run until only periodic work is left (this is the default)",
        };
        var span = Duration("--for", "Run for this much virtual time instead, such as 60s");
        var limit = Duration("--limit", "The most virtual time until converged, 10m by default");
        var trace = ClusterInputs.Path("--trace",
            "Write what components do to this file, a JSON object a line");
        var html = ClusterInputs.Path(
            "--html", "Write a page that plays the run step by step", "FILE.html");
        var format = ClusterInputs.Choice(
            "--output", "How to print the objects", "wide", "json", "yaml");
        format.Aliases.Add("-o");
        var command = new Command("simulate",
            "Apply manifests to a fresh cluster, run it in virtual time, print the final objects.\n"
            + "Exit code 0: it ran; 2: bad input, nothing was run; 3: the limit was reached.");
        foreach (var option in (Option[])
            [.. inputs.All, untilConverged, span, limit, trace, html, format])
        {
            command.Options.Add(option);
        }
        // Only whether an option is there: its value may be what is wrong.
        bool Given(CommandResult r, Option option) => r.GetResult(option) is { Implicit: false };
        command.Validators.Add(r => Check(r, Given(r, inputs.Files) || Given(r, inputs.Journal),
            "nothing to simulate: name manifests with -f, or a journal with --journal"));
        command.Validators.Add(r => Check(r, !Given(r, span)
            || !(Given(r, limit) || Given(r, untilConverged)),
            "--for runs for a fixed time: leave out --until-converged and --limit"));
        command.SetAction(parsed => new SimulateRun(terminal,
            inputs.Read(parsed, new SimulationOptions().Start) with
            {
                For = parsed.GetValue(span),
                Limit = parsed.GetValue(limit) ?? TimeSpan.FromMinutes(10),
                Trace = parsed.GetValue(trace),
                Html = parsed.GetValue(html),
                Format = parsed.GetValue(format)!,
            }).Execute());
        return command;
    }
}
