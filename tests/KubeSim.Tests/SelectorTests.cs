using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using LawAttribute = FsCheck.NUnit.PropertyAttribute;

#pragma warning disable NUnit1027 // FsCheck supplies the arguments of a law.

namespace KubeSim.Tests;

public sealed class SelectorTests
{
    private static readonly Dictionary<string, SelectorOperator> operators = new()
    {
        ["in"] = SelectorOperator.In,
        ["notin"] = SelectorOperator.NotIn,
        ["="] = SelectorOperator.Equals,
        ["=="] = SelectorOperator.DoubleEquals,
        ["!="] = SelectorOperator.NotEquals,
        ["gt"] = SelectorOperator.GreaterThan,
        ["lt"] = SelectorOperator.LessThan,
        ["exists"] = SelectorOperator.Exists,
        ["!"] = SelectorOperator.DoesNotExist,
    };

    private const SelectorOperator Unknown = (SelectorOperator)(-1);

    private static IEnumerable<object[]> Cases(string claim) => TestData.Of("selector.tsv", claim);

    [TestCaseSource(nameof(Cases), new object[] { "parse" })]
    public void Text_is_read_as_Kubernetes_reads_it(string text, string canonical)
    {
        var valid = Selector.TryParse(text, out var selector, out var problem);
        Assert.That(valid, Is.EqualTo(canonical != "error"), problem);
        if (valid && canonical != "*")
        {
            Assert.That(selector.ToString(), Is.EqualTo(canonical));
        }
    }

    [TestCase("x,,y", "found ',', expected: identifier after ','")]
    [TestCase("x=a||y=b", "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": "
        + "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
        + "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
        + "'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")]
    [TestCase("x==a==b", "found '==', expected: ',' or 'end of string'")]
    [TestCase("!x=a", "found '=', expected: ',' or 'end of string'")]
    [TestCase("x nott in (y)", "unable to parse requirement: found 'nott', expected: "
        + "in, notin, =, ==, !=, gt, lt")]
    [TestCase("a in x", "unable to parse requirement: found 'x' expected: '('")]
    [TestCase("a in (x", "unable to parse requirement: found '', expected: ',' or ')'")]
    [TestCase("(", "found '(', expected: !, identifier, or 'end of string'")]
    [TestCase("x<a", "unable to parse requirement: values[0]: Invalid value: \"a\": "
        + "for 'Gt', 'Lt' operators, the value must be an integer")]
    [TestCase("a%b=c", "unable to parse requirement: <nil>: Invalid value: \"a%b\": name part must "
        + "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
        + "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    public void The_refusal_is_the_API_servers(string text, string message)
    {
        var refusal = Assert.Throws<ApiException>(() => Selector.Parse(text))!;
        Assert.That((refusal.Status.Code, refusal.Message), Is.EqualTo((400, message)));
    }

    [TestCaseSource(nameof(Cases), new object[] { "requirement" })]
    public void Requirements_check_their_values(string key, string how, string values, string place)
    {
        var problem = new SelectorRequirement(key, operators[how], Values(values)).Problem();
        Assert.That(problem?.Split(':')[0] ?? "", Is.EqualTo(place), problem);
    }

    [TestCaseSource(nameof(Cases), new object[] { "match" })]
    public void All_requirements_must_hold(string requirements, string labels, string expected) =>
        Assert.That(
            Of(requirements).Matches(TestData.Labels(labels)), Is.EqualTo(bool.Parse(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "text" })]
    public void Requirements_are_written_as_they_are_read(string requirements, string text) =>
        Assert.That(Of(requirements).ToString(), Is.EqualTo(text));

    [Test]
    public void No_selector_selects_nothing_and_an_empty_one_everything()
    {
        var labels = Map.Of(("app", "web"));
        LabelSelector? none = null;
        Assert.Multiple(() =>
        {
            Assert.That(none.Matches(labels), Is.False);
            Assert.That(Selector.From(none).Matches(labels), Is.False);
            Assert.That(Selector.From(none), Is.EqualTo(Selector.Nothing));
            Assert.That(new LabelSelector().Matches(labels));
            Assert.That(Selector.From(new()).Matches(labels));
            Assert.That(Selector.Everything, Is.Not.EqualTo(Selector.Nothing));
        });
    }

    [Test]
    public void An_objects_selector_reads_like_the_command_lines() => Assert.Multiple(() =>
    {
        Assert.That(new LabelSelector().ToString(), Is.EqualTo("<none>"));
        Assert.That(
            new LabelSelector
            {
                MatchLabels = Map.Of(("foo", "bar")),
                MatchExpressions =
                    [new() { Key = "baz", Operator = "In", Values = ["qux", "norf"] }],
            }.ToString(),
            Is.EqualTo("baz in (norf,qux),foo=bar"));
    });

    [TestCaseSource(nameof(Cases), new object[] { "as-labels" })]
    public void A_selector_is_a_set_of_labels_if_it_asks_for_nothing_else(
        string terms, string labels)
    {
        var parts = terms.Split(" & ").ToLookup(t => t.Contains('='));
        var selector = new LabelSelector
        {
            MatchLabels = TestData.Labels(string.Join(',', parts[true])),
            MatchExpressions = parts[false].Select(t => t.Split(' ')).Select(t =>
                new LabelSelectorRequirement
                {
                    Key = t[0], Operator = t[1], Values = Values(t[2].Trim('∅')),
                }).ToSeq(),
        };
        Assert.That(selector.AsLabels() is { } found
            ? string.Join(',', found.Select(l => $"{l.Key}={l.Value}")) : "none",
            Is.EqualTo(labels));
    }

    [Test]
    public void All_of_upstreams_selectors_read_alike()
    {
        foreach (var c in TestData.Table("label_selector_parse"))
        {
            var (text, expected) = ($"{c["input"]!["selector"]}", c["expected"]!);
            var valid = Selector.TryParse(text, out var selector, out _);
            if (expected["labels"] is { } labels)
            {
                // Upstream's other reader, of nothing but labels: KEY=VALUE.
                valid &= selector.Requirements.All(r => r.Operator == SelectorOperator.Equals);
                Assert.That(valid ? selector.Requirements.Select(r => (r.Key, r.Values[0])) : [],
                    Is.EqualTo(labels.AsObject().Select(l => (l.Key, $"{l.Value}"))), text);
            }
            Assert.That(valid, Is.EqualTo((bool)expected["valid"]!), text);
            Assert.That(valid && expected["canonical"] is { } canonical ? $"{canonical}"
                : $"{selector}", Is.EqualTo($"{selector}"), text);
        }
        foreach (var c in TestData.Table("field_selector_split"))
        {
            var (text, expected) = ($"{c["input"]}", c["expected"]!);
            var found = FieldSelector.SplitTerm(text, out var left, out var sign, out var right);
            Assert.That(expected["terms"] is JsonArray terms
                ? FieldSelector.SplitTerms(text).SequenceEqual(terms.Select(t => $"{t}"))
                : (found, left, sign, right) == ((bool)expected["ok"]!, $"{expected["lhs"]}",
                    $"{expected["op"]}", $"{expected["rhs"]}"), text);
        }
    }

    [Test]
    public void All_of_upstreams_requirements_are_met_and_written_alike()
    {
        foreach (var c in TestData.Table("label_requirement_matching"))
        {
            var (input, expected) = (c["input"]!, c["expected"]!);
            var sent = (input["Sel"] ?? input["In"])!.AsArray();
            var terms = sent.Select(t => new SelectorRequirement(
                $"{t!["key"]}", operators.GetValueOrDefault($"{t["operator"]}", Unknown),
                (t["strValues"] as JsonArray ?? []).Select(v => $"{v}").ToSeq())).ToSeq();
            Assert.That(expected["Match"] is { } match
                ? new Selector(terms).Matches(input["Set"]!.AsObject()
                    .Select(l => KeyValuePair.Create(l.Key, $"{l.Value}")).ToMap()) == (bool)match
                : new Selector(terms).ToString() == $"{expected["Out"]}"
                    && terms.All(t => t.Problem() is null) == (bool)expected["Valid"]!, $"{input}");
        }
        foreach (var c in TestData.Table("label_selector_as_selector"))
        {
            var spec = new JsonObject { ["selector"] = c["input"]!["in"]?.DeepClone() };
            var selector = ((ReplicaSet)Json.Decode(
                new JsonObject { ["spec"] = spec }, Kinds.ReplicaSet)).Spec.Selector;
            var expected = c["expected"]!;
            var asMap = $"{c["test"]}".EndsWith("AsMap", StringComparison.Ordinal);
            var shown = asMap ? selector.AsLabels()?.Select(l => $"{l.Key}:{l.Value}")
                : Selector.TryFrom(selector, out var found, out _) ? [$"{found}"] : null;
            Assert.That(shown, Is.EqualTo(asMap
                ? $"{expected["errString"]}".Length > 0 ? null
                    : (expected["out"] as JsonObject ?? []).Select(l => $"{l.Key}:{l.Value}")
                : (bool)expected["expectErr"]! ? null : [$"{expected["out"]}"]), $"{c["input"]}");
        }
    }

    [TestCase("Exists", "a", "values: Invalid value: [\"a\"]: "
        + "values set must be empty for exists and does not exist")]
    [TestCase("In", "", "values: Invalid value: null: "
        + "for 'in', 'notin' operators, values set can't be empty")]
    [TestCase("Near", "a", "\"Near\" is not a valid label selector operator")]
    public void A_contradictory_selector_is_refused(string how, string values, string message)
    {
        var selector = new LabelSelector
        {
            MatchExpressions = [new() { Key = "x", Operator = how, Values = Values(values) }],
        };
        Assert.That(() => Selector.From(selector), Throws.TypeOf<ApiException>()
            .With.Message.EqualTo(message));
        Assert.That(selector.ToString(), Is.EqualTo("<error>"));
    }

    [Test]
    public void A_selector_tells_the_one_value_it_needs() => Assert.Multiple(() =>
    {
        var selector = Selector.Parse("a=1,b in (2),c in (3,4),d!=5");
        Assert.That(selector.TryGetExact("a", out var one) ? one : null, Is.EqualTo("1"));
        Assert.That(selector.TryGetExact("b", out var two) ? two : null, Is.EqualTo("2"));
        Assert.That(selector.TryGetExact("c", out _), Is.False);
        Assert.That(selector.TryGetExact("d", out _), Is.False);
    });

    [Test]
    public void Matching_costs_no_memory()
    {
        var labels = Map.Of(("app", "web"), ("tier", "front"));
        LabelSelector? selector = new() { MatchLabels = Map.Of(("app", "web")) };
        var parsed = Selector.Parse("app=web,tier in (front,back),!x");
        var matches = selector.Matches(labels) && parsed.Matches(labels);
        var before = GC.GetAllocatedBytesForCurrentThread();
        matches &= selector.Matches(labels) && parsed.Matches(labels);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That((matches, allocated), Is.EqualTo((true, 0L)));
    }

    [Law(Arbitrary = new[] { typeof(Selectors) })]
    public bool Every_selector_survives_its_text(Selector selector) =>
        Selector.Parse(selector.ToString()).ToString() == selector.ToString();

    [Law(Arbitrary = new[] { typeof(Selectors) })]
    public bool The_text_of_a_selector_selects_the_same(Selector selector, Map<string> labels) =>
        Selector.Parse(selector.ToString()).Matches(labels) == selector.Matches(labels);

    [Law(Arbitrary = new[] { typeof(Selectors) })]
    public bool A_requirement_or_its_opposite_holds(SelectorRequirement one, Map<string> labels)
    {
        SelectorOperator? opposite = one.Operator switch
        {
            SelectorOperator.In => SelectorOperator.NotIn,
            SelectorOperator.Equals => SelectorOperator.NotEquals,
            SelectorOperator.Exists => SelectorOperator.DoesNotExist,
            _ => null,
        };
        return opposite is null
            || one.Matches(labels) != (one with { Operator = opposite.Value }).Matches(labels);
    }

    [TestCaseSource(nameof(Cases), new object[] { "field-terms" })]
    public void Field_selectors_are_cut_at_their_commas(string text, string terms) =>
        Assert.That(string.Join(' ', FieldSelector.SplitTerms(text)), Is.EqualTo(terms));

    [TestCaseSource(nameof(Cases), new object[] { "field-term" })]
    public void A_field_term_is_cut_at_its_sign(
        string text, string field, string sign, string value, string valid)
    {
        var found = FieldSelector.SplitTerm(text, out var left, out var middle, out var right);
        Assert.That((left, middle, right, found),
            Is.EqualTo((field, sign, value, bool.Parse(valid))));
    }

    [TestCase("a", "invalid selector: 'a'; can't understand 'a'")]
    [TestCase("a=b=c", "invalid field selector: unescaped character in value: 61")]
    [TestCase(@"a=b\c", @"invalid field selector: invalid escape sequence: \c")]
    [TestCase(@"a=b\", @"invalid field selector: invalid escape sequence: \")]
    public void A_field_selectors_refusal_is_the_API_servers(string text, string message) =>
        Assert.That(() => FieldSelector.Parse(text), Throws.TypeOf<ApiException>()
            .With.Message.EqualTo(message));

    [Test]
    public void A_field_selector_asks_for_values_and_their_absence()
    {
        var selector = FieldSelector.Parse("spec.nodeName==node-1,status.phase!=Failed,");
        string? Pending(string field) => field == "spec.nodeName" ? "node-1" : null;
        Assert.Multiple(() =>
        {
            Assert.That(selector.ToString(),
                Is.EqualTo("spec.nodeName=node-1,status.phase!=Failed"));
            Assert.That(selector.Matches(Pending));
            Assert.That(selector.Matches(_ => "Failed"), Is.False);
            Assert.That(selector.TryGetExact("spec.nodeName", out var node) ? node : null,
                Is.EqualTo("node-1"));
            Assert.That(selector.TryGetExact("status.phase", out _), Is.False);
        });
    }

    [Law]
    public bool Every_value_survives_a_field_selector(NonNull<string> value)
    {
        var text = new FieldTerm("f", true, value.Get).ToString();
        return FieldSelector.Parse(text).Terms is [var term] && term.Value == value.Get;
    }

    private static Selector Of(string requirements) => new(requirements.Split(" & ")
        .Select(requirement => requirement.Split(' ', 3))
        .Select(p => new SelectorRequirement(
            p[0], operators[p[1]], p[1] is "exists" or "!" ? default : [.. p[2].Split(',')]))
        .ToSeq());

    private static Seq<string> Values(string cell) =>
        cell.Length == 0 ? default : cell.Split(',').ToSeq();

    private static class Selectors
    {
        private static readonly Gen<string> keys = Gen.Elements("app", "tier", "x.io/y", "in");
        private static readonly Gen<string> values = Gen.Elements("a", "b", "notin", "3", "7", "");

        public static Arbitrary<SelectorRequirement> Requirement() => Requirements.ToArbitrary();

        public static Arbitrary<Selector> Selector() => Requirements.ListOf()
            .Select(r => KubeSim.Selector.Parse(string.Join(",", r))).ToArbitrary();

        public static Arbitrary<Map<string>> Labels() =>
            keys.Zip(values).ListOf().Select(pairs => pairs
                .Select(pair => KeyValuePair.Create(pair.Item1, pair.Item2)).ToMap()).ToArbitrary();

        private static Gen<SelectorRequirement> Requirements =>
            from key in keys
            from how in Gen.Elements(Enum.GetValues<SelectorOperator>())
            from some in values.NonEmptyListOf()
            from number in Gen.Choose(0, 9)
            select new SelectorRequirement(key, how, how switch
            {
                SelectorOperator.In or SelectorOperator.NotIn => some.Distinct().ToSeq(),
                SelectorOperator.Exists or SelectorOperator.DoesNotExist => default,
                SelectorOperator.GreaterThan or SelectorOperator.LessThan => [$"{number}"],
                _ => [some[0]],
            });
    }
}
