using System.Globalization;

namespace KubeSim;

/// <summary>What stands after the question mark of a URL. Of a name that stands there twice the
/// first counts; a pair with a bad escape is passed over.</summary>
/// <remarks>Models net/url and staging/src/k8s.io/apimachinery/pkg/runtime/converter.go.</remarks>
internal sealed class HttpOptions
{
    private readonly Dictionary<string, string> first = new(StringComparer.Ordinal);

    public HttpOptions(string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (!pair.Contains(';', StringComparison.Ordinal)
                && Unescape(at < 0 ? pair : pair[..at], plus: true) is { } name
                && Unescape(at < 0 ? "" : pair[(at + 1)..], plus: true) is { } value)
            {
                first.TryAdd(name, value);
            }
        }
    }

    /// <summary>The value of a name; null when it is not there.</summary>
    public string? this[string name] => first.GetValueOrDefault(name);

    /// <summary>True when a name is there and does not say no.</summary>
    public bool Is(string name) => this[name] is { } value && Truth(value);

    /// <summary>The text without its escapes; null when one of them is none.</summary>
    public static string? Unescape(string text, bool plus = false)
    {
        for (var at = text.IndexOf('%'); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1])
                || !char.IsAsciiHexDigit(text[at + 2]))
            {
                return null;
            }
        }
        return Uri.UnescapeDataString(plus ? text.Replace('+', ' ') : text);
    }

    /// <summary>A number, null when the name is not there; the answer is null, or the
    /// refusal.</summary>
    public Status? Number(string name, out long? number)
    {
        number = null;
        if (this[name] is not { } text)
        {
            return null;
        }
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var value))
        {
            number = value;
            return null;
        }
        var digits = text.AsSpan().TrimStart("+-");
        var why = digits.Length > 0 && digits.IndexOfAnyExceptInRange('0', '9') < 0
            ? "value out of range" : "invalid syntax";
        return ApiErrors.BadRequest(
            $"strconv.ParseInt: parsing {FieldErrors.Quote(text)}: {why}").Status;
    }

    /// <summary>The options of a request; the answer is null, or the refusal.</summary>
    public Status? Read(bool lists, out Query query, out long? timeoutSeconds)
    {
        (query, timeoutSeconds) = (Query.None, null);
        long? limit = null;
        if (lists && (Number("limit", out limit) ?? Number("timeoutSeconds", out timeoutSeconds))
            is { } wrong)
        {
            return wrong;
        }
        foreach (var (name, value) in first)
        {
            query = With(query, name, value);
        }
        query = limit is { } most ? query with { Limit = most } : query;
        return null;
    }

    private static Query With(Query query, string name, string value) => name switch
    {
        "labelSelector" => query with { LabelSelector = value },
        "fieldSelector" => query with { FieldSelector = value },
        "continue" => query with { Continue = value },
        "resourceVersion" => query with { ResourceVersion = value },
        "resourceVersionMatch" => query with { ResourceVersionMatch = value },
        "allowWatchBookmarks" => query with { AllowWatchBookmarks = Truth(value) },
        "sendInitialEvents" => query with { SendInitialEvents = Truth(value) },
        "dryRun" => query with { DryRun = value },
        "fieldManager" => query with { FieldManager = value },
        "fieldValidation" => query with { FieldValidation = value },
        "force" => query with { Force = Truth(value) },
        _ => query,
    };

    private static bool Truth(string value) =>
        value != "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase);
}
