using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KubeSim;
using static KubeNotebooks.CommandOptions;

namespace KubeNotebooks;

/// <summary>The options that say what cluster there is to begin with, and what happens to it: the
/// inputs of <c>simulate</c> and of <c>serve</c>.</summary>
internal sealed class ClusterInputs
{
    private readonly Option<int> nodes = NodeCount();
    private readonly Option<ulong> seed = new("--seed")
    {
        Description = "Decides all chance: the same seed and input give the same run",
        HelpName = "N", DefaultValueFactory = _ => 0,
    };
    private readonly Option<DateTime?> start;
    private readonly Option<string> latency =
        Choice("--latency", "How long requests and watches take", "typical", "none");
    private readonly Option<string> saveJournal =
        Path("--save-journal", "Write down what happened when, to play it again");
    private readonly Option<string[]> addOns = KnownAddOns();
    private readonly Option<Settings?> settings = Flags();

    /// <param name="usualStart">The start by default, in words.</param>
    public ClusterInputs(string usualStart) => start = new("--start")
    {
        Description = $"The virtual time at the start, {usualStart} by default",
        HelpName = "TIME", CustomParser = ParseTime,
    };

    public Option<string[]> Files { get; } = new("--filename", "-f")
    {
        Description = "A manifest, a folder of manifests, or - for standard input; repeatable",
        HelpName = "FILE|DIR|-",
    };

    public Option<string> Journal { get; } =
        Path("--journal", "What happens when: one JSON object a line");

    public IEnumerable<Option> All =>
        [Files, nodes, seed, start, latency, Journal, saveJournal, addOns, settings];

    /// <summary>What was said.</summary>
    public SimulateOptions Read(ParseResult parsed, DateTime usualStart) => new()
    {
        Files = parsed.GetValue(Files) ?? [],
        Nodes = parsed.GetValue(nodes),
        Seed = parsed.GetValue(seed),
        Start = parsed.GetValue(start) ?? usualStart,
        Latency = parsed.GetValue(latency) == "none" ? Latency.None : Latency.Typical,
        Journal = parsed.GetValue(Journal),
        SaveJournal = parsed.GetValue(saveJournal),
        AddOns = parsed.GetValue(addOns) ?? [],
        Settings = parsed.GetValue(settings) ?? Settings.Default,
    };

    public static Option<string> Path(string name, string description,
        string file = "FILE.jsonl") => new(name) { Description = description, HelpName = file };

    public static Option<string> Choice(string name, string description, params string[] values)
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

    private static Option<int> NodeCount()
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

    private static Option<string[]> KnownAddOns()
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
        try
        {
            _ = settings.Thresholds;
        }
        catch (ArgumentException e)
        {
            Check(result, false, e.Message);
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
