using System.Globalization;

namespace KubeSim;

/// <summary>What a client would like to be sent: the first of what it accepts that the server can
/// make. <c>application/json;as=Table;g=meta.k8s.io;v=v1,application/json</c> asks for a table, or
/// else for the objects. A clause with <c>q=0.5</c> stands behind one without.</summary>
/// <remarks>Protocol buffers are for those who take nothing else, and neither for watches nor for
/// custom kinds. Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation.</remarks>
internal sealed record HttpAccept
{
    private const string Discovery = "apidiscovery.k8s.io";

    private static readonly Seq<string> transforms =
        ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"];

    /// <summary>The media type of the answer.</summary>
    public string Media { get; private init; } = "application/json";

    /// <summary>What objects are turned into, such as <c>Table</c>; empty for nothing.</summary>
    public string As { get; private init; } = "";

    /// <summary>The version of what they are turned into.</summary>
    public string Version { get; private init; } = "";

    /// <summary>How a watch words its changes.</summary>
    public WatchForm Form => As switch
    {
        "Table" => WatchForm.Table, "" => WatchForm.Whole, _ => WatchForm.Metadata,
    };

    /// <summary>The whole media type of an answer in the form of
    /// <see cref="As"/>.</summary>
    public string Full => $"{Media};g={Discovery};v={Version};as={As}";

    /// <summary>Reads the header; the answer is null, or the refusal.</summary>
    /// <param name="header">The header, empty for none.</param>
    /// <param name="discovers">True where groups can be had in one list.</param>
    /// <param name="accept">What was chosen.</param>
    /// <param name="protobuf">True for what can be had in protocol buffers.</param>
    public static Status? Read(
        string header, bool discovers, out HttpAccept accept, bool protobuf = false)
    {
        accept = new();
        if (header.Length == 0)
        {
            return null;
        }
        foreach (var clause in header.Split(',').Select(Clause.Read)
            .OrderByDescending(c => c.Weight).ThenBy(c => c.Media.Count(letter => letter == '*')))
        {
            if (MediaOf(clause.Media) is { } media && Allows(clause, discovers))
            {
                accept = new()
                {
                    Media = media, As = clause["as"], Version = clause["v"],
                };
                return null;
            }
        }
        accept = new() { Media = Protobuf.Media };
        return protobuf && header.Split(',').Select(Clause.Read).Any(
            c => c.Media == Protobuf.Media && c["as"].Length == 0) ? null
            : header.Contains("protobuf", StringComparison.Ordinal)
            ? Refusals.NoProtobuf : Refusals.NotAcceptable;
    }

    private static string? MediaOf(string media) => media switch
    {
        "*/*" or "application/*" or "application/json" => "application/json",
        "application/yaml" => media,
        _ => null,
    };

    private static bool Allows(Clause clause, bool discovers) => clause["as"] switch
    {
        "" => true,
        "APIGroupDiscoveryList" => discovers && clause["g"] == Discovery
            && clause["v"] is ("v2" or "v2beta1"),
        var form => !discovers && transforms.Contains(form) && clause["g"] == "meta.k8s.io"
            && clause["v"] is ("v1" or "v1beta1"),
    };

    private sealed record Clause(string Media, Dictionary<string, string> Words)
    {
        public string this[string name] => Words.GetValueOrDefault(name, "");

        public double Weight => Words.TryGetValue("q", out var q) && double.TryParse(q,
            NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? weight : 1;

        public static Clause Read(string text)
        {
            var parts = text.Split(';');
            var words = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var part in parts.AsSpan(1))
            {
                var pair = part.Split('=', 2);
                words[pair[0].Trim()] = pair.Length > 1 ? pair[1].Trim() : "";
            }
            return new(parts[0].Trim().ToLowerInvariant(), words);
        }
    }
}
