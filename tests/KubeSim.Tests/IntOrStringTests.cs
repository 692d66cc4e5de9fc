using System.Text.Json;
using NUnit.Framework;
using LawAttribute = FsCheck.NUnit.PropertyAttribute;

#pragma warning disable NUnit1027 // FsCheck supplies the arguments of a law.

namespace KubeSim.Tests;

public sealed class IntOrStringTests
{
    private static IEnumerable<string[]> Cases() => TestData.Rows("intstr.tsv");

    [TestCaseSource(nameof(Cases))]
    public void Percentages_scale(string json, string total, string roundUp, string expected)
    {
        var value = JsonSerializer.Deserialize<IntOrString>(json);
        var found = value.TryScaled(
            (int)TestData.Number(total), bool.Parse(roundUp), out var scaled, out var problem);
        Assert.Multiple(() =>
        {
            Assert.That(found ? $"{scaled}" : "error", Is.EqualTo(expected));
            Assert.That(problem is null, Is.EqualTo(found));
        });
    }

    [TestCase("90", "invalid value for IntOrString: invalid type: string is not a percentage")]
    [TestCase("#%", "invalid value for IntOrString: invalid value \"#%\": "
        + "strconv.Atoi: parsing \"#\": invalid syntax")]
    public void What_is_no_percentage_says_why(string text, string message) => Assert.That(
        () => new IntOrString(text).Scaled(10, roundUp: true),
        Throws.TypeOf<FormatException>().With.Message.EqualTo(message));

    [Test]
    public void Numbers_stay_numbers_and_texts_texts_in_json()
    {
        var read = JsonSerializer.Deserialize<IntOrString[]>("""[80,"80","http","25%"]""")!;
        Assert.That(JsonSerializer.Serialize(read), Is.EqualTo("""[80,"80","http","25%"]"""));
        Assert.That(read[0], Is.Not.EqualTo(read[1]));
    }

    [Test]
    public void A_flag_is_a_number_if_it_can_be() => Assert.Multiple(() =>
    {
        Assert.That(IntOrString.Parse("8080"), Is.EqualTo((IntOrString)8080));
        Assert.That(IntOrString.Parse("10%"), Is.EqualTo((IntOrString)"10%"));
    });

    [Law]
    public bool Rounding_up_and_down_differ_by_one_at_most(byte percent, ushort total)
    {
        var value = new IntOrString($"{percent}%");
        var (up, down) = (value.Scaled(total, true), value.Scaled(total, false));
        return up - down == (percent * total % 100 == 0 ? 0 : 1) && down == percent * total / 100;
    }
}
