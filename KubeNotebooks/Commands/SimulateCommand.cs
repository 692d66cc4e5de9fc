using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KubeSim;
using static KubeNotebooks.CommandOptions;

namespace KubeNotebooks;

/// <summary><c>simulate</c>: applies manifests to a fresh cluster, runs it in virtual time, and
/// prints what became of it.</summary>
internal static class SimulateCommand
{
    public static Command Create(Terminal terminal)
    {
        var files = new Option<string[]>("--filename", "-f")
        {
            Description = "A manifest, a folder of manifests, or - for standard input; repeatable",
            HelpName = "FILE|DIR|-",
        };
        var nodes = Nodes();
        var seed = new Option<ulong>("--seed")
        {
            Description = "Decides all chance: the same seed and input give the same run",
            HelpName = "N", DefaultValueFactory = _ => 0,
        };
        var untilConverged = new Option<bool>("--until-converged")
        {
            Description = "Run until only periodic work is left (this is the default)",
        };
        var span = Duration("--for", "Run for this much virtual time instead, such as 60s");
        var limit = Duration("--limit", "The most virtual time until converged, 10m by default");
        var start = new Option<DateTime?>("--start")
        {
            Description = "The virtual time at the start, 2025-01-01T00:00:00Z by default",
            HelpName = "TIME", CustomParser = ParseTime,
        };
        var latency = Choice("--latency", "How long requests and watches take", "typical", "none");
        var journal = Path("--journal", "What happens when: one JSON object a line");
        var saveJournal = Path("--save-journal", "Write down what happened when, to play it again");
        var trace = Path("--trace", "Write what components do to this file, a JSON object a line");
        var html = Path("--html", "Write a page that plays the run step by step", "FILE.html");
        var addOns = AddOns();
        var settings = Flags();
        var format = Choice("--output", "How to print the objects", "wide", "json", "yaml");
        format.Aliases.Add("-o");
        var command = new Command("simulate",
            "Apply manifests to a fresh cluster, run it in virtual time, print the final objects.\n"
            + "Exit code 0: it ran; 2: bad input, nothing was run; 3: the limit was reached.")
        {
            files, nodes, seed, untilConverged, span, limit, start, latency, journal,
            saveJournal, trace, html, addOns, settings, format,
        };
        // Only whether an option is there: its value may be what is wrong.
        bool Given(CommandResult r, Option option) => r.GetResult(option) is { Implicit: false };
        command.Validators.Add(r => Check(r, Given(r, files) || Given(r, journal),
            "nothing to simulate: name manifests with -f, or a journal with --journal"));
        command.Validators.Add(r => Check(r, !Given(r, span)
            || !(Given(r, limit) || Given(r, untilConverged)),
            "--for runs for a fixed time: leave out --until-converged and --limit"));
        command.SetAction(parsed => new SimulateRun(terminal, new()
        {
            Files = parsed.GetValue(files) ?? [],
            Nodes = parsed.GetValue(nodes),
            Seed = parsed.GetValue(seed),
            For = parsed.GetValue(span),
            Limit = parsed.GetValue(limit) ?? TimeSpan.FromMinutes(10),
            Start = parsed.GetValue(start) ?? new SimulationOptions().Start,
            Latency = parsed.GetValue(latency) == "none" ? Latency.None : Latency.Typical,
            Journal = parsed.GetValue(journal),
            SaveJournal = parsed.GetValue(saveJournal),
            Trace = parsed.GetValue(trace),
            Html = parsed.GetValue(html),
            AddOns = parsed.GetValue(addOns) ?? [],
            Settings = parsed.GetValue(settings) ?? Settings.Default,
            Format = parsed.GetValue(format)!,
        }).Execute());
        return command;
    }

    private static Option<string> Path(string name, string description,
        string file = "FILE.jsonl") => new(name) { Description = description, HelpName = file };

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name)
        {
            Description = description, HelpName = string.Join('|', values),
            DefaultValueFactory = _ => values[0],
        };
        option.Validators.Add(r => Check(r, values.Contains(r.GetValueOrDefault<string>()),
            $"must be {string.Join(" or ", values)}"));
        return option;
    }

    private static Option<int> Nodes()
    {
        var nodes = new Option<int>("--nodes")
        {
            Description = "Nodes of 4 CPUs, 16 GiB and 110 pods; a Node manifest replaces them",
            HelpName = "N", DefaultValueFactory = _ => 3,
        };
        nodes.Validators.Add(r => Check(r, r.GetValueOrDefault<int>() >= 0,
            "must not be negative"));
        return nodes;
    }

    private static Option<Settings?> Flags() => new("--set")
    {
        Description = "A flag of a component: kube-proxy.masquerade-all=true; repeatable",
        HelpName = "COMPONENT.FLAG=VALUE", CustomParser = ReadSettings,
        Arity = ArgumentArity.OneOrMore,
    };

    private static Option<string[]> AddOns()
    {
        var known = string.Join(", ", Cluster.AddOns);
        var option = new Option<string[]>("--addons")
        {
            Description = $"What the cluster is given first: {known}",
            HelpName = "NAME,…", CustomParser = r => [.. Words(r)],
        };
        option.Validators.Add(r =>
        {
            foreach (var name in Words(r).Except(Cluster.AddOns))
            {
                Check(r, false, $"there is no add-on \"{name}\"; there are {known}");
            }
        });
        return option;
    }

    private static IEnumerable<string> Words(SymbolResult result) =>
        result.Tokens.SelectMany(t => t.Value.Split(',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static Settings? ReadSettings(ArgumentResult result)
    {
        var settings = Settings.Default;
        foreach (var token in result.Tokens)
        {
            var equals = token.Value.IndexOf('=', StringComparison.Ordinal);
            try
            {
                settings = equals < 0 ? throw new ArgumentException(
                    $"\"{token.Value}\" has no value; write COMPONENT.FLAG=VALUE")
                    : settings.With(token.Value[..equals], token.Value[(equals + 1)..]);
            }
            catch (ArgumentException e)
            {
                Check(result, false, e.Message);
            }
        }
        return settings;
    }

    private static DateTime? ParseTime(ArgumentResult result)
    {
        var good = DateTimeOffset.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var time);
        Check(result, good,
            $"\"{result.Tokens[0].Value}\" is no time; write 2025-01-01T00:00:00Z");
        return time.UtcDateTime;
    }
}
