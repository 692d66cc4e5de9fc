namespace KubeSim;

// Rules that somebody writes by hand. They lie over what programs wrote, and a program that writes
// its chains anew does not know of them: in its own chains they are gone, in those of the kernel
// they stay, and a jump of its own that somebody deleted is there again.
public sealed partial class Netfilter
{
    private sealed record Edit(
        DateTime At, string Table, string Chain, string Op, int Place, NetfilterRule Rule);

    private readonly List<Edit> edits = [];

    /// <summary>Carries out <c>iptables -A</c>, <c>-I</c>, <c>-D</c> or <c>-F</c>; returns what it
    /// prints, which is nothing when all went well.</summary>
    /// <param name="command">The whole line: <c>iptables -t nat -I PREROUTING 1 -p tcp --dport 80
    /// -j DROP</c>.</param>
    /// <param name="now">The virtual time (UTC).</param>
    public string Iptables(string command, DateTime now)
    {
        var words = new RuleWords(command);
        words.Next();
        var (name, op) = ("filter", words.Next());
        if (op == "-t")
        {
            (name, op) = (words.Next(), words.Next());
        }
        if (!tables.ContainsKey(name))
        {
            return $"iptables: can't initialize iptables table `{name}': Table does not exist";
        }
        if (op is not ("-A" or "-I" or "-D" or "-F"))
        {
            return $"iptables: {op} is not simulated; -A, -I, -D and -F are";
        }
        try
        {
            return Change(name, op, words, now);
        }
        catch (FormatException wrong)
        {
            return $"iptables: {wrong.Message}";
        }
    }

    /// <summary>True when somebody changed by hand, before a time, what a program has written: what
    /// one would find that puts its rules right from time to time.</summary>
    /// <param name="written">The program's chains.</param>
    /// <param name="before">The time (UTC).</param>
    public bool WasEdited(NetfilterTable written, DateTime before) =>
        edits.Exists(e => e.At <= before && Concerns(written, e));

    private string Change(string name, string op, RuleWords words, DateTime now)
    {
        var (table, chain) = (tables[name], words.Next());
        var place = op == "-I" ? words.TryNumber() ?? 1 : 0;
        if (op == "-F")
        {
            foreach (var of in table.Chains.Where(c => chain.Length == 0 || c.Name == chain))
            {
                edits.AddRange(of.Rules.Select(r => new Edit(now, name, of.Name, "-D", 0, r)));
            }
            Join(name);
            return chain.Length == 0 || table.Chain(chain) is not null ? "" : NoChain;
        }
        var rule = words.Rule();
        if (table.Chain(chain) is not { } into
            || (rule.Target is RuleTarget.Jump jump && table.Chain(jump.Chain) is null))
        {
            return NoChain;
        }
        if (op == "-D" && !into.Rules.Any(r => $"{r}" == $"{rule}"))
        {
            return "iptables: Bad rule (does a matching rule exist in that chain?).";
        }
        if (op == "-I" && place < 1)
        {
            return $"iptables: Invalid rule number `{place}'";
        }
        if (place > into.Rules.Count + 1)
        {
            return "iptables: Index of insertion too big.";
        }
        edits.Add(new(now, name, chain, op, place, rule));
        Join(name);
        return "";
    }

    private const string NoChain = "iptables: No chain/target/match by that name.";

    private NetfilterTable Edited(NetfilterTable table)
    {
        if (!edits.Exists(e => e.Table == table.Name))
        {
            return table;
        }
        return new(table.Name, table.Chains.Select(chain =>
        {
            var rules = chain.Rules.ToList();
            foreach (var edit in edits.Where(e => e.Table == table.Name && e.Chain == chain.Name))
            {
                switch (edit.Op)
                {
                    case "-A":
                        rules.Add(edit.Rule);
                        break;
                    case "-I":
                        rules.Insert(Math.Min(edit.Place - 1, rules.Count), edit.Rule);
                        break;
                    default:
                        var at = rules.FindIndex(r => $"{r}" == $"{edit.Rule}");
                        rules.RemoveRange(Math.Max(at, 0), at < 0 ? 0 : 1);
                        break;
                }
            }
            return chain with { Rules = [.. rules] };
        }));
    }

    // A program writes its chains.
    private void Overwrite(NetfilterTable written) => edits.RemoveAll(e => Concerns(written, e));

    private static bool Concerns(NetfilterTable written, Edit edit) => edit.Table == written.Name
        && (written.Chain(edit.Chain) is { IsBuiltIn: false }
            || (edit is { Op: "-D", Rule.Target: RuleTarget.Jump jump }
                && written.Chain(jump.Chain) is not null));
}
