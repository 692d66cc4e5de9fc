using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class NamesTests
{
    private static readonly Dictionary<string, Func<string, Seq<string>>> rules = new()
    {
        ["DNS1123Label"] = Names.Dns1123Label,
        ["DNS1123Subdomain"] = Names.Dns1123Subdomain,
        ["DNS1035Label"] = Names.Dns1035Label,
        ["WildcardDNS1123Subdomain"] = Names.WildcardDns1123Subdomain,
        ["QualifiedName"] = Names.LabelKey,
        ["ValidLabelValue"] = Names.LabelValue,
        ["ConfigMapKey"] = Names.ConfigMapKey,
        ["ValidPortName"] = Names.PortName,
        ["ValidPortNum"] = text => Names.PortNumber(TestData.Number(text)),
        ["ValidUserID"] = text => Names.UserId(TestData.Number(text)),
        ["ValidGroupID"] = text => Names.UserId(TestData.Number(text)),
        ["InRange"] = text =>
        {
            var numbers = text.Split(' ').Select(TestData.Number).ToArray();
            return Names.InRange(numbers[0], numbers[1], numbers[2]);
        },
        ["ValidPercent"] = Names.Percent,
        ["HTTPHeaderName"] = Names.HttpHeaderName,
        ["CIdentifier"] = Names.CIdentifier,
        ["FullyQualifiedName"] = Names.FullyQualifiedName,
        ["FullyQualifiedDomainName"] = Names.FullyQualifiedDomainName,
        ["ValidSocketAddr"] = Addresses.Socket,
        ["DomainPrefixedPath"] = Names.DomainPrefixedPath,
        ["ValidIP"] = Addresses.Ip,
        ["ValidIPv4Address"] = Addresses.Ipv4,
        ["ValidIPv6Address"] = Addresses.Ipv6,
    };

    private static IEnumerable<string[]> Cases() => TestData.Rows("names.tsv");

    // 1.36 refuses what 1.28 still read: 1.1.1.01, whose last part may be 1 or octal.
    [Test]
    public void All_of_upstreams_names_are_judged_alike() => Assert.That(
        TestData.Table("validation_names")
            .Where(c => rules[$"{c["rule"]}"](Cell(c["value"]!)).IsEmpty != (bool)c["valid"]!)
            .Select(c => $"{c["rule"]} {c["value"]}"),
        Is.SubsetOf(new[] { "ValidIP 1.1.1.01", "ValidIPv4Address 1.1.1.01" }));

    private static string Cell(JsonNode value) => value is JsonObject range
        ? $"{range["value"]} {range["min"]} {range["max"]}" : $"{value}";

    [TestCaseSource(nameof(Cases))]
    public void A_rule_agrees_with_Kubernetes(string rule, string value, string valid) =>
        Assert.That(rules[rule](value).IsEmpty, Is.EqualTo(bool.Parse(valid)));

    [Test]
    public void The_messages_are_the_API_servers() => Assert.Multiple(() =>
    {
        Assert.That(Names.Dns1123Label("C"), Is.EqualTo((Seq<string>)[
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
            + "and must start and end with an alphanumeric character (e.g. 'my-name',  or "
            + "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]));
        Assert.That(Names.Dns1123Label("a.b"), Is.EqualTo((Seq<string>)["must not contain dots"]));
        Assert.That(Names.Dns1123Subdomain("Bad"), Is.EqualTo((Seq<string>)[
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            + "'-' or '.', and must start and end with an alphanumeric character (e.g. "
            + "'example.com', regex used for validation is "
            + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]));
        Assert.That(Names.LabelKey("a b"), Is.EqualTo((Seq<string>)[
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start "
            + "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
            + "'123-abc', regex used for validation is "
            + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]));
        Assert.That(Names.PortNumber(70000),
            Is.EqualTo((Seq<string>)["must be between 1 and 65535, inclusive"]));
    });

    [Test]
    public void Every_problem_is_told()
    {
        Assert.That(Names.LabelKey("/" + new string('-', 64)), Has.Count.EqualTo(3));
        Assert.That(Names.PortName("-" + new string('_', 20)), Is.EqualTo((Seq<string>)[
            "must be no more than 15 characters",
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "must contain at least one letter (a-z)",
            "must not begin or end with a hyphen"]));
    }

    [TestCase("10.9.8.7", "")]
    [TestCase("2001:DB8::1", "")]
    [TestCase("010.9.8.7", "must not have leading 0s")]
    [TestCase("::ffff:10.9.8.7", "must not be an IPv4-mapped IPv6 address")]
    [TestCase("fe80::1%eth0", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [TestCase("10.9.8", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    public void An_address_is_written_in_one_way(string value, string problem) =>
        Assert.That(string.Join(";", Addresses.Ip(value)), Is.EqualTo(problem));

    [TestCase("10.9.8.0/24", "")]
    [TestCase("0.0.0.0/0", "")]
    [TestCase("::/0", "")]
    [TestCase("::1/0", "must not have bits set beyond the prefix length")]
    [TestCase("10.9.8.7/32", "")]
    [TestCase("2001:db8::/64", "")]
    [TestCase("10.9.8.7/24", "must not have bits set beyond the prefix length")]
    [TestCase("2001:db8::1/64", "must not have bits set beyond the prefix length")]
    [TestCase("10.9.08.0/24", "must not have leading 0s in IP or prefix length")]
    [TestCase("10.9.8.0/024", "must not have leading 0s in IP or prefix length")]
    [TestCase("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address")]
    [TestCase("10.9.8.0", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [TestCase("10.9.8.0/33", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [TestCase("10.9.8/24", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    public void A_range_has_a_prefix_and_zeros_after_it(string value, string problem) =>
        Assert.That(string.Join(";", Addresses.Cidr(value)), Is.EqualTo(problem));

    [TestCase("PATH", true)]
    [TestCase("1-my.var", true)]
    [TestCase("a=b", false)]
    [TestCase("", false)]
    [TestCase("tab\t", false)]
    public void A_variable_may_be_called_almost_anything(string value, bool valid) =>
        Assert.That(Names.EnvVarName(value).IsEmpty, Is.EqualTo(valid));

    [Test]
    public void A_good_name_costs_no_memory()
    {
        _ = Names.LabelKey("app.kubernetes.io/name").IsEmpty
            && Names.Dns1123Subdomain("web-1").IsEmpty && Names.LabelValue("web").IsEmpty;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fine = Names.LabelKey("app.kubernetes.io/name").IsEmpty
            && Names.Dns1123Subdomain("web-1").IsEmpty && Names.LabelValue("web").IsEmpty;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That((fine, allocated), Is.EqualTo((true, 0L)));
    }
}
