using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class NodeAffinityTests
{
    private static IEnumerable<TestCaseData> Cases(string claim) => TestData
        .Of("node_affinity.tsv", claim)
        .Select(row => new TestCaseData(row[1..]).SetArgDisplayNames((string)row[0]));

    [TestCaseSource(nameof(Cases), new object[] { "allow" })]
    public void A_node_must_meet_selector_and_affinity(
        string nodeSelector, string required, string labels, string name, string expected)
    {
        var affinity = new NodeAffinity
        {
            RequiredDuringSchedulingIgnoredDuringExecution = required == "-"
                ? null
                : new() { NodeSelectorTerms = Terms(required[1..^1]) },
        };
        Assert.That(
            NodeAffinity.Allows(
                TestData.Labels(nodeSelector), affinity, TestData.Labels(labels), name),
            Is.EqualTo(bool.Parse(expected)));
    }

    [TestCaseSource(nameof(Cases), new object[] { "score" })]
    public void Weights_of_terms_that_match_add_up(
        string terms, string labels, string name, string expected)
    {
        var preferred = terms.Split(" | ").Select(term => term.Split(": ")).Select(parts =>
            new PreferredSchedulingTerm
            {
                Weight = (int)TestData.Number(parts[0]),
                Preference = Term(parts[1]),
            }).ToSeq();
        var affinity = new NodeAffinity
        {
            PreferredDuringSchedulingIgnoredDuringExecution = preferred,
        };
        Assert.That(affinity.Score(TestData.Labels(labels), name),
            Is.EqualTo(TestData.Number(expected)));
    }

    [TestCase("x Exists", true)]
    [TestCase("y Exists", false)]
    [TestCase("y DoesNotExist", true)]
    [TestCase("x DoesNotExist", false)]
    [TestCase("y NotIn 1", true)]
    [TestCase("no key NotIn 1", false)]
    [TestCase("x Lt 6", true)]
    [TestCase("x Gt 6", false)]
    [TestCase("x Gt many", false)]
    [TestCase("x Near 5", false)]
    [TestCase("@metadata.name NotIn n2", true)]
    [TestCase("@metadata.name NotIn n1", false)]
    [TestCase("@metadata.name Exists", false)]
    [TestCase("()", false)]
    public void A_requirement_holds_or_not(string term, bool expected) =>
        Assert.That(Term(term).Matches(Map.Of(("x", "5")), "n1"), Is.EqualTo(expected));

    private static Seq<NodeSelectorTerm> Terms(string cell) =>
        cell.Length == 0 ? [] : cell.Split(" | ").Select(Term).ToSeq();

    private static NodeSelectorTerm Term(string cell)
    {
        var requirements = cell == "()" ? [] : cell.Split(" & ");
        return new()
        {
            MatchExpressions = requirements.Where(r => r[0] != '@').Select(Requirement).ToSeq(),
            MatchFields = requirements.Where(r => r[0] == '@').Select(Requirement).ToSeq(),
        };
    }

    // "key In a,b"; the first word that names an operator is it, since a key may be wrong.
    private static NodeSelectorRequirement Requirement(string cell)
    {
        string[] operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Near"];
        var words = cell.TrimStart('@').Split(' ');
        var at = Array.FindIndex(words, word => operators.Contains(word));
        var values = string.Join(' ', words[(at + 1)..]);
        return new()
        {
            Key = string.Join(' ', words[..at]),
            Operator = words[at],
            Values = values.Length == 0 ? default : values.Split(',').ToSeq(),
        };
    }
}
