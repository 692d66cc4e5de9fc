using System.Buffers;
using System.Globalization;

namespace KubeSim;

/// <summary>What may be a name, a label or a port. Each rule returns the problems in
/// the API server's words; none (and no allocation) when the text is fine.</summary>
/// <remarks>A message shows a regular expression because Kubernetes' does; the checks themselves
/// walk the text once. Models staging/src/k8s.io/apimachinery/pkg/util/validation/.</remarks>
/// <example><c>Names.Dns1123Label("a.b")  // [must not contain dots]</c></example>
public static class Names
{
    private const string Label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string Subdomain = Label + "(\\." + Label + ")*";
    private const string KeyName = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

    private const string KeyRule = "must consist of alphanumeric characters, '-', '_' or '.', "
        + "and must start and end with an alphanumeric character";

    private static readonly SearchValues<char> labelCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    private static readonly SearchValues<char> keyCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    private static readonly SearchValues<char> identifierCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private static readonly SearchValues<char> headerCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    private static readonly SearchValues<char> pathCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~%!$&'()*+,;=:");

    /// <summary>A name of one part, such as a Namespace's or a container's: at most 63
    /// characters.</summary>
    public static Seq<string> Dns1123Label(string value)
    {
        Seq<string> problems = TooLong(value, 63);
        return IsLabel(value) ? problems
            : IsSubdomain(value) ? problems.Add("must not contain dots")
            : problems.Add(Pattern("a lowercase RFC 1123 label must consist of lower case "
                + "alphanumeric characters or '-', and must start and end with an alphanumeric "
                + "character", Label, "my-name", "123-abc"));
    }

    /// <summary>A name with dots, such as a Pod's or a Node's: at most 253 characters.</summary>
    public static Seq<string> Dns1123Subdomain(string value)
    {
        Seq<string> problems = TooLong(value, 253);
        return IsSubdomain(value) ? problems : problems.Add(Pattern(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            + "'-' or '.', and must start and end with an alphanumeric character",
            Subdomain, "example.com"));
    }

    /// <summary>A name that starts with a letter, as a Service's once had to.</summary>
    public static Seq<string> Dns1035Label(string value)
    {
        Seq<string> problems = TooLong(value, 63);
        return IsLabel(value) && !char.IsAsciiDigit(value[0]) ? problems : problems.Add(Pattern(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
            + "with an alphabetic character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"));
    }

    /// <summary>A DNS name that may stand for many, such as <c>*.example.com</c>.</summary>
    public static Seq<string> WildcardDns1123Subdomain(string value)
    {
        Seq<string> problems = TooLong(value, 253);
        var fits = value.StartsWith("*.", StringComparison.Ordinal) && IsSubdomain(value.AsSpan(2));
        return fits ? problems : problems.Add(Pattern(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS "
            + "subdomain, which must consist of lower case alphanumeric characters, '-' or '.' "
            + "and end with an alphanumeric character", "\\*\\." + Subdomain, "*.example.com"));
    }

    /// <summary>A key of a label, annotation or resource: a name, perhaps after a DNS prefix and a
    /// slash. Upstream calls it a qualified name too.</summary>
    public static Seq<string> LabelKey(string value)
    {
        Seq<string> problems = default;
        ReadOnlySpan<char> name = value;
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            name = name[(slash + 1)..];
            if (name.Contains('/'))
            {
                return ["a valid label key " + KeyPattern(KeyRule)
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
            }
            if (slash == 0)
            {
                problems = ["prefix part must be non-empty"];
            }
            else if (slash > 253 || !IsSubdomain(value.AsSpan(0, slash)))
            {
                problems = Dns1123Subdomain(value[..slash])
                    .Select(problem => "prefix part " + problem).ToSeq();
            }
        }
        problems = name.IsEmpty ? problems.Add("name part must be non-empty")
            : name.Length > 63 ? problems.Add("name part must be no more than 63 characters")
            : problems;
        return IsKeyName(name) ? problems : problems.Add("name part " + KeyPattern(KeyRule));
    }

    /// <summary>The value of a label: empty, or at most 63 letters, digits, '-', '_' and
    /// '.'.</summary>
    public static Seq<string> LabelValue(string value)
    {
        Seq<string> problems = TooLong(value, 63);
        return value.Length == 0 || IsKeyName(value) ? problems : problems.Add(Pattern(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', "
            + "'_' or '.', and must start and end with an alphanumeric character",
            "(" + KeyName + ")?", "MyValue", "my_value", "12345"));
    }

    /// <summary>A key of a ConfigMap or Secret: it becomes the name of a file.</summary>
    public static Seq<string> ConfigMapKey(string value)
    {
        Seq<string> problems = TooLong(value, 253);
        if (value.Length == 0 || value.AsSpan().ContainsAnyExcept(keyCharacters))
        {
            problems = problems.Add(Pattern("a valid config key must consist of alphanumeric "
                + "characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+",
                "key.name", "KEY_NAME", "key-name"));
        }
        return value == "." ? problems.Add("must not be '.'")
            : value == ".." ? problems.Add("must not be '..'")
            : value.StartsWith("..", StringComparison.Ordinal)
                ? problems.Add("must not start with '..'") : problems;
    }

    /// <summary>The name of an environment variable: any printable ASCII but '='.</summary>
    public static Seq<string> EnvVarName(string value) =>
        value.Length == 0 ? ["environment variable name must be non-empty"]
        : value.AsSpan().ContainsAnyExceptInRange(' ', '~') || value.AsSpan().Contains('=')
            ? ["a valid environment variable name must consist only of printable ASCII characters "
                + "other than '='"]
            : default;

    /// <summary>The name of a port: at most 15 characters, a letter among them.</summary>
    public static Seq<string> PortName(string value)
    {
        Seq<string> problems = TooLong(value, 15);
        if (value.Length == 0 || value.AsSpan().ContainsAnyExcept(labelCharacters))
        {
            problems = problems.Add(
                "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        }
        if (!value.AsSpan().ContainsAnyInRange('a', 'z'))
        {
            problems = problems.Add("must contain at least one letter (a-z)");
        }
        if (value.Contains("--", StringComparison.Ordinal))
        {
            problems = problems.Add("must not contain consecutive hyphens");
        }
        return value is ['-', ..] or [.., '-']
            ? problems.Add("must not begin or end with a hyphen")
            : problems;
    }

    /// <summary>A name as C has it, such as an attribute's of a device: letters, digits and
    /// '_', no digit first.</summary>
    public static Seq<string> CIdentifier(string value) =>
        value.Length > 0 && !char.IsAsciiDigit(value[0])
            && !value.AsSpan().ContainsAnyExcept(identifierCharacters)
            ? default
            : [Pattern("a valid C identifier must start with alphabetic character or '_', followed "
                + "by a string of alphanumeric characters or '_'", "[A-Za-z_][A-Za-z0-9_]*",
                "my_name", "MY_NAME", "MyName")];

    /// <summary>A name of three parts or more, such as a webhook's
    /// <c>policy.example.com</c>.</summary>
    public static Seq<string> FullyQualifiedName(string value) =>
        Dns1123Subdomain(value) is { IsEmpty: false } problems ? problems
        : value.Count('.') >= 2 ? default
        : ["should be a domain with at least three segments separated by dots"];

    /// <summary>A domain of two parts or more, perhaps with a dot at its end, such as an external
    /// endpoint's.</summary>
    public static Seq<string> FullyQualifiedDomainName(string value)
    {
        value = value.EndsWith('.') ? value[..^1] : value;
        return Dns1123Subdomain(value) is { IsEmpty: false } problems ? problems
            : !value.Contains('.')
                ? ["should be a domain with at least two segments separated by dots"]
            : value.Split('.').Select(Dns1123Label).FirstOrDefault(p => !p.IsEmpty);
    }

    /// <summary>The number of a port, 1 to 65535.</summary>
    public static Seq<string> PortNumber(long value) => InRange(value, 1, 65535);

    /// <summary>The number of a user or group, 0 to 2³¹-1.</summary>
    public static Seq<string> UserId(long value) => InRange(value, 0, int.MaxValue);

    /// <summary>A number between two bounds, both in it.</summary>
    public static Seq<string> InRange(long value, long low, long high) =>
        value >= low && value <= high
            ? default
            : [string.Create(CultureInfo.InvariantCulture,
                $"must be between {low} and {high}, inclusive")];

    /// <summary>A percentage in digits, such as <c>25%</c>.</summary>
    public static Seq<string> Percent(string value) =>
        value is [_, .., '%'] && !value.AsSpan(..^1).ContainsAnyExceptInRange('0', '9')
            ? default
            : [Pattern("a valid percent string must be a numeric string followed by an ending '%'",
                "[0-9]+%", "1%", "93%")];

    /// <summary>The name of an HTTP header.</summary>
    public static Seq<string> HttpHeaderName(string value) =>
        value.Length > 0 && !value.AsSpan().ContainsAnyExcept(headerCharacters)
            ? default
            : [Pattern("a valid HTTP header must consist of alphanumeric characters or '-'",
                "[-A-Za-z0-9]+", "X-Header-Name")];

    /// <summary>A path under a domain, such as an ingress controller's
    /// <c>acme.io/foo</c>.</summary>
    public static Seq<string> DomainPrefixedPath(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == value.Length - 1)
        {
            return ["must be a domain-prefixed path (such as \"acme.io/foo\")"];
        }
        var problems = Dns1123Subdomain(value[..slash]);
        return value.AsSpan(slash + 1).ContainsAnyExcept(pathCharacters)
            ? problems.Add(Pattern("Invalid path", @"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"))
            : problems;
    }

    private static bool IsLabel(ReadOnlySpan<char> value) =>
        !value.IsEmpty && value[0] != '-' && value[^1] != '-'
        && !value.ContainsAnyExcept(labelCharacters);

    private static bool IsSubdomain(ReadOnlySpan<char> value)
    {
        while (value.IndexOf('.') is >= 0 and var dot)
        {
            if (!IsLabel(value[..dot]))
            {
                return false;
            }
            value = value[(dot + 1)..];
        }
        return IsLabel(value);
    }

    private static bool IsKeyName(ReadOnlySpan<char> value) =>
        !value.IsEmpty && char.IsAsciiLetterOrDigit(value[0])
        && char.IsAsciiLetterOrDigit(value[^1]) && !value.ContainsAnyExcept(keyCharacters);

    private static string KeyPattern(string rule) =>
        Pattern(rule, KeyName, "MyName", "my.name", "123-abc");

    // The comma before "or" and the two spaces are the real server's.
    private static string Pattern(
        string rule, string regex, params ReadOnlySpan<string> examples)
    {
        var shown = examples.IsEmpty ? "" : $"e.g. '{string.Join("',  or '", examples)}', ";
        return $"{rule} ({shown}regex used for validation is '{regex}')";
    }

    private static Seq<string> TooLong(string value, int limit) => value.Length <= limit
        ? default
        : [string.Create(CultureInfo.InvariantCulture, $"must be no more than {limit} characters")];
}
