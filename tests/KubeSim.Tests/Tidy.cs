using System.Text.RegularExpressions;

namespace KubeSim.Tests;

/// <summary>The rules of the house. Each takes sources and answers with the violations, a line
/// each.</summary>
internal static partial class Tidy
{
    public const int MaxColumns = 100;
    public const int MaxFunctionLines = 70;
    public const int MaxComponentLines = 600;

    /// <summary>The floors of <c>lib/</c>, lowest first: a file uses its own floor and lower
    /// ones.</summary>
    public static readonly Dictionary<string, int> Floors = new(StringComparer.Ordinal)
    {
        ["Base"] = 10, ["Api"] = 20, ["Etcd"] = 30, ["ApiServer"] = 40, ["Engine"] = 50,
        ["Machines"] = 55, ["Stubs"] = Components, ["Controllers"] = Components,
        ["Scheduling"] = Components, ["Nodes"] = Components, ["Network"] = Components,
        ["Cloud"] = Components, ["Kubectl"] = 70, [""] = 80,
    };

    private const int Components = 60;

    public static IEnumerable<string> LongLines(SourceText source) => source.Lines
        .Select((line, i) => (Length: line.TrimEnd('\r').EnumerateRunes().Count(), Number: i + 1))
        .Where(line => line.Length > MaxColumns)
        .Select(line => 
            $"{source.Path}:{line.Number}: {line.Length} columns, {MaxColumns} allowed");

    public static IEnumerable<string> LongFunctions(SourceText source) => source.Members
        .Where(m => m.HasBody && m.LineCount > MaxFunctionLines)
        .Select(m => $"{source.Path}:{m.FirstLine}: {m.LineCount} lines, "
            + $"{MaxFunctionLines} allowed: " + m.Code.Split('\n')[0].Trim());

    public static IEnumerable<string> LongComponents(SourceText source) =>
        IsComponent().IsMatch(source.Code) && source.Lines.Length - 1 >= MaxComponentLines
            ? [$"{source.Path}: a component of {source.Lines.Length - 1} lines, fewer than "
                + $"{MaxComponentLines} allowed"]
            : [];

    /// <summary>Statics that can change would let one run see another.</summary>
    public static IEnumerable<string> ChangingStatics(SourceText source) => source.Members
        .Where(m => (m.IsField && StaticField().IsMatch(m.Code)) || StaticSetter().IsMatch(m.Code))
        .Select(m => $"{source.Path}:{m.FirstLine}: a static that can change: "
            + m.Code.Split('\n')[0].Trim());

    /// <summary>Uses of types of a higher floor, and of components of one another. A word counts as
    /// a type where one may stand; facts reached through a dot (extension members) are not
    /// seen.</summary>
    public static List<string> FloorsBroken(IReadOnlyCollection<SourceText> sources)
    {
        var violations = sources.Where(s => !Floors.ContainsKey(FolderOf(s))).Select(s =>
            $"{s.Path}: lib/{FolderOf(s)} has no floor; give it one in {nameof(Tidy)}.cs").ToList();
        var known = sources.Where(s => Floors.ContainsKey(FolderOf(s))).ToList();
        var home = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in known.OrderBy(s => Floors[FolderOf(s)]))
        {
            foreach (var type in source.Types)
            {
                home.TryAdd(type, FolderOf(source));
            }
        }
        foreach (var folder in known.GroupBy(FolderOf, StringComparer.Ordinal))
        {
            var members = folder.SelectMany(MemberNames).ToHashSet(StringComparer.Ordinal);
            violations.AddRange(folder.SelectMany(source => Uses(source)
                .Where(use => home.ContainsKey(use.Name) && !members.Contains(use.Name)
                    && !MayUse(folder.Key, home[use.Name]))
                .Select(use => $"{source.Path}:{source.LineOf(use.Position)}: {use.Name} "
                    + $"belongs to {FloorName(home[use.Name])}, which "
                    + $"{FloorName(folder.Key)} must not use")));
        }
        return violations;
    }

    public static IEnumerable<string> MachinePaths(string path, string text) => MachinePath()
        .Matches(text).Select(m =>
            $"{path}:{text.AsSpan(0, m.Index).Count('\n') + 1}: a path of one machine: {m.Value}");

    private static string FloorName(string folder) => folder.Length == 0 ? "lib/*.cs"
        : $"lib/{folder}";

    private static string FolderOf(SourceText source)
    {
        var parts = source.Path.Split('/');
        return parts.Length > 2 ? parts[1] : "";
    }

    private static bool MayUse(string from, string to) => from == to
        || (Floors[to] <= Floors[from] && !(Floors[to] == Components && Floors[from] ==
            Components));

    private static IEnumerable<string> MemberNames(SourceText source) =>
        MemberName().Matches(source.Code).Select(m => m.Groups["name"].Value)
            .Concat(source.NestedTypes);

    private static IEnumerable<(string Name, int Position)> Uses(SourceText source) => TypeUse()
        .Matches(source.Code)
        .Where(m => !source.Enums.Exists(e => e.From < m.Index && m.Index < e.To))
        .Select(m => (m.Value, m.Index));

    [GeneratedRegex(@"\bclass\s+\w+[^{;]*:[^{;]*\bIReconciler\b")]
    private static partial Regex IsComponent();

    [GeneratedRegex(@"^(?![^=;{(]*\b(const|readonly|delegate|operator)\b)[^=;{(]*\bstatic\s")]
    private static partial Regex StaticField();

    [GeneratedRegex(@"^[^=;{(]*\bstatic\s[^=;{(]*\{[^}]*\bset;")]
    private static partial Regex StaticSetter();

    // A word with a capital letter that follows no dot and is not being set.
    [GeneratedRegex(@"(?<![\w.@]|\.\s+)[A-Z]\w*(?!\w|\s*=[^=>])")]
    private static partial Regex TypeUse();

    // A name after its type: `Revision Head {`, `Seq<Cause> Causes =>`, `Watch? Watch;`.
    [GeneratedRegex(@"(?<!\b(?:new|return|is|as|in|case|not|or|and|throw|await|public|internal"
        + @"|private|protected|static|sealed|override|readonly|abstract|partial|required|virtual"
        + @"|class|record|struct|interface|enum|out|ref|this|params|where|else|var|using|namespace"
        + @"|yield|const))"
        + @"(?<=[\w>?\])])\s+(?<name>[A-Z]\w*)\s*(?:[{;,)(]|=[^=])")]
    private static partial Regex MemberName();

    [GeneratedRegex(@"(?<![\w/.:-])/(home|root|Users|work)/\w+|\b[A-Z]:\\+Users\\+\w+")]
    private static partial Regex MachinePath();
}
