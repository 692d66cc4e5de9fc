using System.Globalization;

namespace KubeSim;

/// <summary>A flag of a command.</summary>
/// <param name="Name">The long name, such as <c>output</c>.</param>
/// <param name="Short">The letter, such as <c>o</c>; empty for none.</param>
/// <param name="Bare">What it means without a value; null when it needs one.</param>
/// <param name="Refused">True for one that the real command has and this one has not.</param>
internal sealed record Flag(string Name, string Short, string? Bare, bool Refused);

/// <summary>The flags and arguments of one command line, in the rules and words of kubectl's own
/// parser. A command declares its flags in one line: <c>output/o all-namespaces/A! dry-run?all</c>
/// is a flag with a value, a switch, and one whose value may be left out; <c>~raw</c> is refused,
/// since nothing is ignored in silence.</summary>
/// <remarks>Models github.com/spf13/pflag.</remarks>
internal sealed class CommandFlags
{
    /// <summary>The flags of all commands.</summary>
    public const string Global = "namespace/n help/h! context cluster user request-timeout as "
        + "as-group warnings-as-errors! ~kubeconfig ~server/s ~token ~v/v ~cache-dir ~as-uid "
        + "~insecure-skip-tls-verify! ~certificate-authority ~client-certificate ~client-key";

    /// <summary>The flags of commands that read manifests.</summary>
    public const string Files = "filename/f ~kustomize/k ~recursive/R! ";

    /// <summary>The flags of commands that write.</summary>
    public const string Writes = "output/o template dry-run?unchanged field-manager ";

    private readonly Dictionary<string, List<string>> values = new(StringComparer.Ordinal);
    private readonly string command;

    private CommandFlags(string command) => this.command = command;

    /// <summary>The flags that the command has asked for so far.</summary>
    public HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

    /// <summary>What is no flag, in order.</summary>
    public List<string> Args { get; } = [];

    /// <summary>What follows <c>--</c>; null when there is none.</summary>
    public List<string>? AfterDash { get; private set; }

    public string? this[string name] => All(name) is [.., var last] ? last : null;

    /// <summary>All values of a flag that may be repeated or hold several, in order.</summary>
    public IReadOnlyList<string> All(string name)
    {
        Asked.Add(name);
        return values.GetValueOrDefault(name) ?? [];
    }

    /// <summary>All words of a flag that takes several, with commas between them.</summary>
    public List<string> Words(string name) => [.. All(name).SelectMany(v => v.Split(','))];

    /// <summary>True when a switch is on.</summary>
    public bool On(string name, bool otherwise = false) => this[name] switch
    {
        null => otherwise,
        "true" or "1" or "t" or "T" or "TRUE" or "True" => true,
        "false" or "0" or "f" or "F" or "FALSE" or "False" => false,
        var text => throw Invalid(name, text, "strconv.ParseBool"),
    };

    /// <summary>The number of a flag; null when it is not given.</summary>
    public int? Number(string name) => this[name] is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var number)
            ? number : throw Invalid(name, text, "strconv.ParseInt");

    /// <summary>Takes a command line apart.</summary>
    /// <param name="command">The words before the flags: <c>kubectl get</c>.</param>
    /// <param name="declared">The flags of the command.</param>
    /// <param name="words">What follows the command's name.</param>
    public static CommandFlags Parse(string command, string declared, IReadOnlyList<string> words)
    {
        var known = Declared($"{declared} {Global}").ToList();
        var flags = new CommandFlags(command);
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (word == "--")
            {
                flags.AfterDash = [.. words.Skip(i + 1)];
                break;
            }
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                i = flags.Long(known, words, i);
            }
            else if (word.Length > 1 && word[0] == '-')
            {
                i = flags.Shorts(known, words, i);
            }
            else
            {
                flags.Args.Add(word);
            }
        }
        return flags;
    }

    /// <summary>What a line of flags declares.</summary>
    public static IEnumerable<Flag> Declared(string text) => text
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word =>
        {
            var end = word.AsSpan().IndexOfAny('!', '?');
            var bare = end < 0 ? null : word[end] == '!' ? "true" : word[(end + 1)..];
            var names = (end < 0 ? word : word[..end]).TrimStart('~').Split('/');
            return new Flag(names[0], names.Length > 1 ? names[1] : "", bare, word[0] == '~');
        });

    /// <summary>The error for a flag of the real command that this one has not.</summary>
    public static KubectlException Refused(string name) =>
        new($"--{name} is not supported here");

    private int Long(List<Flag> known, IReadOnlyList<string> words, int at)
    {
        var word = words[at][2..];
        var equals = word.IndexOf('=');
        var name = equals < 0 ? word : word[..equals];
        var flag = known.Find(f => f.Name == name) ?? throw Usage($"unknown flag: --{name}");
        if (equals >= 0)
        {
            Set(flag, word[(equals + 1)..]);
        }
        else if (flag.Bare is { } bare)
        {
            Set(flag, bare);
        }
        else if (++at < words.Count)
        {
            Set(flag, words[at]);
        }
        else
        {
            throw Usage($"flag needs an argument: --{name}");
        }
        return at;
    }

    // -Aw is -A -w; -nshop, -n=shop and -n shop are one.
    private int Shorts(List<Flag> known, IReadOnlyList<string> words, int at)
    {
        var word = words[at];
        for (var i = 1; i < word.Length; i++)
        {
            var letter = word[i].ToString();
            var flag = known.Find(f => f.Short == letter)
                ?? throw Usage($"unknown shorthand flag: '{letter}' in -{word[i..]}");
            if (i + 1 < word.Length && word[i + 1] == '=')
            {
                Set(flag, word[(i + 2)..]);
                return at;
            }
            if (flag.Bare is { } bare)
            {
                Set(flag, bare);
                continue;
            }
            if (i + 1 < word.Length)
            {
                Set(flag, word[(i + 1)..]);
                return at;
            }
            if (at + 1 == words.Count)
            {
                throw Usage($"flag needs an argument: '{letter}' in -{letter}");
            }
            Set(flag, words[at + 1]);
            return at + 1;
        }
        return at;
    }

    private void Set(Flag flag, string value)
    {
        if (flag.Refused)
        {
            throw Refused(flag.Name);
        }
        if (!values.TryGetValue(flag.Name, out var all))
        {
            values[flag.Name] = all = [];
        }
        all.Add(value);
    }

    private KubectlException Usage(string message) =>
        new($"{message}\nSee '{command} --help' for usage.");

    private KubectlException Invalid(string name, string text, string parser) => Usage(
        $"invalid argument \"{text}\" for \"--{name}\" flag: {parser}: parsing \"{text}\": "
        + "invalid syntax");
}
