using System.CommandLine;
using System.CommandLine.Parsing;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What options of several commands have in common.</summary>
internal static class CommandOptions
{
    /// <summary>A span of time as Go writes it.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description, HelpName = "DURATION",
        CustomParser = result =>
        {
            var good = GoDuration.TryParse(result.Tokens[0].Value, out var duration)
                && duration >= TimeSpan.Zero;
            Check(result, good,
                $"\"{result.Tokens[0].Value}\" is no duration; write 250ms, 5s or 1h30m");
            return good ? duration : null;
        },
    };

    /// <summary>Adds an error that names the option, unless the claim holds.</summary>
    public static void Check(SymbolResult result, bool holds, string message)
    {
        if (!holds)
        {
            var option = result as OptionResult ?? result.Parent as OptionResult;
            result.AddError(option is null ? message : $"{option.Option.Name}: {message}");
        }
    }
}
