using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class TaintTests
{
    private static IEnumerable<object[]> Cases(string claim) => TestData.Of("taints.tsv", claim);

    [TestCaseSource(nameof(Cases), new object[] { "same" })]
    public void Key_and_effect_make_a_taint(string one, string other, string expected) =>
        Assert.That(TaintOf(one).IsSameAs(TaintOf(other)), Is.EqualTo(bool.Parse(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "text" })]
    public void A_taint_reads_as_kubectl_writes_it(string taint, string expected) =>
        Assert.That(TaintOf(taint).ToString(), Is.EqualTo(expected));

    [TestCaseSource(nameof(Cases), new object[] { "tolerates" })]
    public void A_toleration_bears_what_fits(string toleration, string taint, string expected) =>
        Assert.That(
            TolerationOf(toleration).Tolerates(TaintOf(taint)), Is.EqualTo(bool.Parse(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "borne" })]
    public void Every_taint_of_the_effects_must_be_borne(
        string taints, string tolerations, string effects, string expected)
    {
        var worn = List(taints, TaintOf);
        var untolerated = worn.FirstUntolerated(
            List(tolerations, TolerationOf), Enum.Parse<TaintEffects>(effects));
        Assert.That(untolerated is null, Is.EqualTo(bool.Parse(expected)));
    }

    [Test]
    public void The_first_taint_that_is_not_borne_is_told()
    {
        Seq<Taint> taints = List("a//PreferNoSchedule b//NoSchedule c//NoExecute", TaintOf);
        var first = taints.FirstUntolerated(default, TaintEffects.Forbidding);
        Assert.That(first?.Key, Is.EqualTo("b"));
    }

    [TestCase("Gt", "5", "6", true)]
    [TestCase("Gt", "6", "6", false)]
    [TestCase("Lt", "5", "-1", true)]
    [TestCase("Lt", "5", "many", false)]
    [TestCase("Lt", "many", "1", false)]
    [TestCase("Near", "1", "1", false)]
    [TestCase(null, "1", "1", true)]
    public void Numbers_compare_and_unknown_operators_bear_nothing(
        string? how, string own, string theirs, bool expected) =>
        Assert.That(
            new Toleration { Key = "a", Operator = how, Value = own }
                .Tolerates(new() { Key = "a", Value = theirs, Effect = "NoSchedule" }),
            Is.EqualTo(expected));

    private static Seq<T> List<T>(string cell, Func<string, T> one) =>
        cell.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one).ToSeq();

    private static Taint TaintOf(string cell) => cell.Split('/') is [var key, var value, var effect]
        ? new() { Key = key, Value = value, Effect = effect }
        : throw new FormatException(cell);

    private static Toleration TolerationOf(string cell) =>
        cell.Split('/') is [var key, var how, var value, var effect]
            ? new() { Key = key, Operator = how, Value = value, Effect = effect }
            : throw new FormatException(cell);
}
