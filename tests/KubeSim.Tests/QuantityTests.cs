using System.Globalization;
using System.Numerics;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using LawAttribute = FsCheck.NUnit.PropertyAttribute;

#pragma warning disable NUnit1027 // FsCheck supplies the arguments of a law.

namespace KubeSim.Tests;

public sealed class QuantityTests
{
    private static IEnumerable<object[]> Cases(string claim) => TestData.Of("quantity.tsv", claim);

    [TestCaseSource(nameof(Cases), new object[] { "parse" })]
    public void Text_is_read_as_Kubernetes_reads_it(
        string text, string canonical, string format, string value, string milli)
    {
        var quantity = Quantity.Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(quantity.ToString(), Is.EqualTo(canonical));
            Assert.That(quantity.Format.ToString(), Is.EqualTo(format));
            Assert.That(quantity.Value, Is.EqualTo(TestData.Number(value)));
            Assert.That(quantity.MilliValue, Is.EqualTo(TestData.Number(milli)));
        });
    }

    [TestCaseSource(nameof(Cases), new object[] { "bad" })]
    public void Text_that_is_no_quantity_is_refused(string text) =>
        Assert.That(() => Quantity.Parse(text), Throws.TypeOf<FormatException>());

    [TestCase("1 ", "quantities must match the regular expression "
        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [TestCase("1i", "unable to parse quantity's suffix")]
    public void The_refusal_is_the_API_servers(string text, string message) => Assert.That(
        () => Quantity.Parse(text), Throws.TypeOf<FormatException>().With.Message.EqualTo(message));

    [TestCaseSource(nameof(Cases), new object[] { "text" })]
    public void Text_becomes_canonical(string text, string canonical) =>
        Assert.That(Quantity.Parse(text).ToString(), Is.EqualTo(canonical));

    [TestCaseSource(nameof(Cases), new object[] { "scaled" })]
    public void One_of_a_scale_counts_in_another(string from, string to, string expected) =>
        Assert.That(
            Quantity.Scaled(1, (int)TestData.Number(from)).ScaledValue((int)TestData.Number(to)),
            Is.EqualTo(TestData.Number(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "round" })]
    public void Rounding_goes_away_from_zero(
        string text, string power, string canonical, string same)
    {
        var rounded = Quantity.Parse(text).RoundUp((int)TestData.Number(power), out var exact);
        Assert.That((rounded.ToString(), exact), Is.EqualTo((canonical, bool.Parse(same))));
    }

    [TestCaseSource(nameof(Cases), new object[] { "float" })]
    public void The_floating_point_number_is_near(string text, string expected)
    {
        var number = double.Parse(expected, CultureInfo.InvariantCulture);
        var exact = double.IsInfinity(number) ? number : number * (1 + 1e-15);
        Assert.That(Quantity.Parse(text).ToDouble(), Is.EqualTo(number).Or.EqualTo(exact));
    }

    [TestCaseSource(nameof(Cases), new object[] { "compare" })]
    public void Quantities_compare_as_numbers(string left, string right, string expected) =>
        Assert.That(
            Math.Sign(Exact(left).CompareTo(Exact(right))),
            Is.EqualTo((int)TestData.Number(expected)));

    [TestCaseSource(nameof(Cases), new object[] { "add" })]
    public void Sums_are_exact(string left, string right, string expected) =>
        Assert.That(Show(Formatted(left) + Formatted(right)), Is.EqualTo(expected));

    [TestCaseSource(nameof(Cases), new object[] { "subtract" })]
    public void Differences_are_exact(string left, string right, string expected) =>
        Assert.That(Show(Formatted(left) - Formatted(right)), Is.EqualTo(expected));

    [TestCaseSource(nameof(Cases), new object[] { "negate" })]
    public void Negatives_keep_their_form(string text, string none, string expected) =>
        Assert.That(Show(-Formatted(text)) + none, Is.EqualTo(expected));

    [TestCase("0", 0)]
    [TestCase("9.223372036854775807Ei", long.MaxValue)]
    [TestCase("100E", long.MaxValue)]
    [TestCase("-100E", long.MinValue)]
    public void Values_are_capped_at_64_bits(string text, long expected) =>
        Assert.That(Quantity.Parse(text).Value, Is.EqualTo(expected));

    [Test]
    public void The_unset_quantity_is_zero() => Assert.Multiple(() =>
    {
        Assert.That(default(Quantity).ToString(), Is.EqualTo("0"));
        Assert.That(default(Quantity), Is.EqualTo(Quantity.Parse("0Ki")));
        Assert.That(default(Quantity).IsZero);
    });

    [Test]
    public void The_same_number_is_equal_however_written() => Assert.Multiple(() =>
    {
        Assert.That(Quantity.Parse("1"), Is.EqualTo(Quantity.Parse("1000m")));
        Assert.That(Quantity.Parse("1Gi"), Is.EqualTo(Quantity.Parse("1073741824")));
        Assert.That(Quantity.Parse("1e100"), Is.EqualTo(Quantity.Parse("10e99")));
        Assert.That(Quantity.Parse("1Gi").GetHashCode(),
            Is.EqualTo(Quantity.Parse("1073741824000m").GetHashCode()));
    });

    [Test]
    public void Json_takes_strings_and_numbers_and_gives_canonical_strings()
    {
        var read = JsonSerializer.Deserialize<Quantity[]>(
            """["1024Mi", 1.5, 2, " 3 ", 1e3, null]""")!;
        Assert.That(
            JsonSerializer.Serialize(read), Is.EqualTo("""["1Gi","1500m","2","3","1e3","0"]"""));
    }

    [Test]
    public void Json_that_is_no_quantity_is_refused_with_the_reason() => Assert.That(
        () => JsonSerializer.Deserialize<Quantity>("\"many\""),
        Throws.TypeOf<JsonException>().With.Message.StartsWith("quantities must match"));

    [Test]
    public void A_quantity_is_three_words_long() =>
        Assert.That(System.Runtime.CompilerServices.Unsafe.SizeOf<Quantity>(), Is.EqualTo(24));

    [Test]
    public void Sums_on_the_usual_range_allocate_nothing()
    {
        var (total, part) = (Quantity.Parse("1Gi"), Quantity.Parse("250m"));
        total += part;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            total += part;
        }
        var less = total < part;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That((less, allocated), Is.EqualTo((false, 0L)));
    }

    [Law(Arbitrary = new[] { typeof(Quantities) })]
    public bool Every_quantity_survives_its_text(Quantity quantity)
    {
        // A binary amount without a suffix does not tell that it is one: hence the format.
        var read = Quantity.Parse(quantity.ToString());
        return read == quantity
            && read.WithFormat(quantity.Format).ToString() == quantity.ToString();
    }

    [Law(Arbitrary = new[] { typeof(Quantities) })]
    public bool Every_quantity_survives_json(Quantity quantity) =>
        JsonSerializer.Deserialize<Quantity>(JsonSerializer.Serialize(quantity)) == quantity;

    [Law(Arbitrary = new[] { typeof(Quantities) })]
    public bool Sums_do_not_depend_on_order(Quantity a, Quantity b, Quantity c) =>
        a + b == b + a && a + (b + c) == a + b + c;

    [Law(Arbitrary = new[] { typeof(Quantities) })]
    public bool Subtracting_undoes_adding(Quantity a, Quantity b) =>
        a + b - b == a && (a - a).IsZero && -(-a) == a;

    [Law(Arbitrary = new[] { typeof(Quantities) })]
    public bool Order_follows_the_difference(Quantity a, Quantity b) =>
        Math.Sign(a.CompareTo(b)) == (a - b).Sign && a.CompareTo(b) == -b.CompareTo(a);

    [Law(MaxTest = 1000)]
    public bool Any_scale_counts_exactly_and_rounds_away_from_zero(long value, int from, int to)
    {
        // Bounded to what billionths and exabytes need; the oracle is arithmetic of any size.
        (from, to) = (from % 19, to % 19);
        var number = value * BigInteger.Pow(10, Math.Max(from - to, 0));
        var divisor = BigInteger.Pow(10, Math.Max(to - from, 0));
        var whole = BigInteger.DivRem(number, divisor, out var rest);
        whole += rest.IsZero ? 0 : number.Sign;
        var expected = BigInteger.Min(BigInteger.Max(whole, long.MinValue), long.MaxValue);
        return Quantity.Scaled(value, from).ScaledValue(to) == expected;
    }

    [Test]
    public void Sums_beyond_38_digits_round_away_from_zero() => Assert.Multiple(() =>
    {
        var large = Quantity.Scaled(1, 60);
        Assert.That(large + Quantity.Scaled(1, 0), Is.GreaterThan(large));
        Assert.That(large - Quantity.Scaled(1, 0), Is.EqualTo(large));
        Assert.That(Quantity.Scaled(1, 100) + Quantity.Scaled(1, 0),
            Is.EqualTo(Quantity.Scaled(1, 100)));
        Assert.That(Quantity.Parse("123456789012345678901234567890123456789.5").ToString(),
            Is.EqualTo("123456789012345678901234567890123456790"));
    });

    [Law(Arbitrary = new[] { typeof(Quantities) })]
    public bool Equal_quantities_hash_alike(Quantity a, Quantity b) =>
        (a + b).GetHashCode() == (b + a).GetHashCode();

    // A text like "12e-18": numbers finer than any text can be, as arithmetic may make them.
    private static Quantity Exact(string text)
    {
        var at = text.IndexOf("e-", StringComparison.Ordinal);
        return at < 0 ? Quantity.Parse(text) : Quantity.Scaled(
            TestData.Number(text[..at]), (int)TestData.Number(text[(at + 1)..]));
    }

    private static Quantity Formatted(string cell)
    {
        var parts = cell.Split(':');
        return Quantity.Parse(parts[0]).WithFormat(Enum.Parse<QuantityFormat>(parts[1]));
    }

    private static string Show(Quantity quantity) => $"{quantity}:{quantity.Format}";

    private static class Quantities
    {
        public static Arbitrary<Quantity> Quantity() => (
            from value in Gen.OneOf(
                Gen.Choose(-5000, 5000).Select(n => (long)n),
                ArbMap.Default.GeneratorFor<long>(),
                ArbMap.Default.GeneratorFor<int>().Select(n => n * 1024L * 1024))
            from scale in Gen.Choose(-9, 9)
            from format in Gen.Elements(Enum.GetValues<QuantityFormat>())
            let quantity = KubeSim.Quantity.Scaled(value, scale, format)
            // Texts of binary quantities stop at 2^63-1.
            where format != QuantityFormat.BinarySI || Math.Abs(quantity.ToDouble()) < 9e18
            select quantity).ToArbitrary();
    }
}
