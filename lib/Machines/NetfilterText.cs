using System.Globalization;

namespace KubeSim;

// Reads what iptables-save prints: the forms that kube-proxy writes in any of its modes, and that
// this packet filter can act on. What it cannot act on it refuses rather than passes over, since a
// rule without one of its conditions is another rule.
public sealed partial class Netfilter
{
    /// <summary>A packet filter with the tables of a text.</summary>
    /// <param name="text">As <c>iptables-save</c> prints it: one table or several.</param>
    /// <exception cref="FormatException">A line is none of <c>iptables-save</c>, or asks for
    /// something that is not simulated; the message has the line.</exception>
    /// <example><code>
    /// Netfilter.Parse(File.ReadAllText("nat.txt")).Table("nat").Chains.Count()
    /// </code></example>
    public static Netfilter Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var kernel = new Netfilter();
        var (table, chains) = ("", new Dictionary<string, List<NetfilterRule>>());
        var builtIn = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n').Select(l => l.TrimEnd('\r')))
        {
            var words = new RuleWords(line);
            switch (line.Length == 0 ? '#' : line[0])
            {
                case '#':
                    break;
                case '*':
                    (table, chains) = (line[1..], new(StringComparer.Ordinal));
                    break;
                case ':':
                    var (chain, policy) = (words.Next()[1..], words.Next());
                    chains.Add(chain, []);
                    _ = policy == "-" || builtIn.Add(chain);
                    break;
                case 'C':
                    kernel.Restore(new(table, chains.Select(c => new NetfilterChain(c.Key,
                        [.. c.Value], builtIn.Contains(c.Key)))));
                    break;
                case '-' when words.Next() == "-A" && chains.TryGetValue(words.Next(), out var of):
                    of.Add(words.Rule());
                    break;
                default:
                    throw words.Wrong("no chain, rule or table");
            }
        }
        return kernel;
    }
}

/// <summary>The words of one line of <c>iptables-save</c>.</summary>
internal sealed class RuleWords(string line)
{
    private int at;

    public FormatException Wrong(string why) => new($"{why}: \"{line}\"");

    /// <summary>The next word, without its quotes; empty at the end.</summary>
    public string Next()
    {
        while (at < line.Length && line[at] == ' ')
        {
            at++;
        }
        var quoted = at < line.Length && line[at] == '"';
        var start = quoted ? at + 1 : at;
        var end = start;
        while (end < line.Length && line[end] != (quoted ? '"' : ' '))
        {
            end += quoted && line[end] == '\\' ? 2 : 1;
        }
        end = Math.Min(line.Length, end);
        at = Math.Min(line.Length, end + 1);
        var word = line[Math.Min(start, end)..end];
        return quoted ? word.Replace("\\\"", "\"", StringComparison.Ordinal) : word;
    }

    public NetfilterRule Rule()
    {
        var (rule, matches) = (new NetfilterRule(), new List<RuleMatch>());
        for (var not = false; Next() is { Length: > 0 } word; not = word == "!")
        {
            switch (word)
            {
                case "!":
                    break;
                case "-s":
                    rule = rule with { Source = Range(not) };
                    break;
                case "-d":
                    rule = rule with { Destination = Range(not) };
                    break;
                case "-p":
                    rule = rule with { Protocol = Next() };
                    break;
                case "--dport" when rule.Protocol is { } protocol:
                    matches.Add(new RuleMatch.Port(protocol, Number()));
                    break;
                case "-m":
                    matches.Add(Match(Next()));
                    break;
                case "-j":
                    rule = rule with { Target = Target(Next()) };
                    break;
                default:
                    throw Wrong($"{word} is not simulated");
            }
        }
        return rule with { Matches = [.. matches] };
    }

    private RuleMatch Match(string name)
    {
        switch (name)
        {
            case "tcp" or "udp" or "sctp":
                return new RuleMatch.Port(name, Peek("--dport") ? Number() : null);
            case "comment":
                return new RuleMatch.Comment(Value("--comment"));
            case "multiport" when Value("--dports") is var ports && !ports.Contains(':'):
                return new RuleMatch.PortList(ports.Split(',')
                    .Select(p => int.Parse(p, CultureInfo.InvariantCulture)).ToSeq());
            case "addrtype":
                var foreign = Peek("!");
                var ofSource = Peek("--src-type");
                return (ofSource ? Next() : Value("--dst-type")) == "LOCAL"
                    ? new RuleMatch.Local(ofSource, foreign)
                    : throw Wrong("only LOCAL is simulated");
            case "physdev" when Peek("!") && Peek("--physdev-is-in"):
                return new RuleMatch.NotByBridge();
            case "mark":
                var unmarked = Peek("!");
                return new RuleMatch.Marked(Hex(Value("--mark").Split('/')[0]), unmarked);
            case "conntrack":
                var noState = Peek("!");
                return new RuleMatch.State([.. Value("--ctstate").Split(',')], noState);
            case "statistic" when Value("--mode") == "random":
                return new RuleMatch.Chance(double.Parse(Value("--probability"),
                    CultureInfo.InvariantCulture));
            case "recent":
                return Recent();
            case "set":
                var outside = Peek("!");
                return new RuleMatch.Set(Value("--match-set"), Next(), outside);
            case "nfacct":
                return new RuleMatch.Counted(Value("--nfacct-name"));
            case "ipvs":
                var number = Value("--vproto");
                return new RuleMatch.Virtual(Value("--vaddr"),
                    number == "6" ? "tcp" : number == "17" ? "udp" : "sctp", Number("--vport"));
            default:
                throw Wrong($"-m {name} is not simulated");
        }
    }

    private RuleMatch.Recent Recent()
    {
        int? seconds = Peek("--set") ? null
            : Peek("--rcheck") ? Number("--seconds") : throw Wrong("only --rcheck is simulated");
        _ = Peek("--reap");
        var name = Value("--name");
        _ = Value("--mask");
        return Peek("--rsource") ? new(name, seconds) : throw Wrong("only --rsource is simulated");
    }

    private RuleTarget Target(string name)
    {
        switch (name)
        {
            case "ACCEPT" or "DROP" or "RETURN":
                return new RuleTarget.Decide(Enum.Parse<Verdict>(name, ignoreCase: true));
            case "REJECT":
                _ = Value("--reject-with");
                return new RuleTarget.Reject();
            case "DNAT":
                var to = Value("--to-destination");
                return to.Contains(':', StringComparison.Ordinal) ? new RuleTarget.Dnat(to)
                    : throw Wrong("only ADDRESS:PORT is simulated");
            case "REDIRECT":
                return new RuleTarget.Redirect(Number("--to-ports"));
            case "MASQUERADE":
                return new RuleTarget.Masquerade(Peek("--random-fully"));
            case "MARK":
                var parts = Value("--set-xmark").Split('/');
                return new RuleTarget.Mark(
                    Hex(parts[0]), parts.Length == 2 ? Hex(parts[1]) : uint.MaxValue);
            default:
                return new RuleTarget.Jump(name);
        }
    }

    // By hand people leave the length of an address alone out.
    private RuleRange Range(bool not)
    {
        var text = Next();
        return text.Contains('/', StringComparison.Ordinal) ? new(text, not)
            : RuleRange.Of(text) with { Not = not };
    }

    /// <summary>The next word when it is a number; null, and it stays, when not.</summary>
    public int? TryNumber()
    {
        var back = at;
        if (int.TryParse(Next(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }
        at = back;
        return null;
    }

    /// <summary>Takes the next word when it is this one.</summary>
    private bool Peek(string word)
    {
        var back = at;
        if (Next() == word)
        {
            return true;
        }
        at = back;
        return false;
    }

    private string Value(string option) => Peek(option) ? Next() : throw Wrong($"no {option}");

    private int Number(string? option = null) =>
        int.Parse(option is null ? Next() : Value(option), CultureInfo.InvariantCulture);

    private static uint Hex(string text) => Convert.ToUInt32(text, 16);
}
