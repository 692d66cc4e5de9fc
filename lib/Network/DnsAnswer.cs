using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>A record of the DNS.</summary>
/// <param name="Name">What it is about, with the dot at its end.</param>
/// <param name="Ttl">For how many seconds it may be kept.</param>
/// <param name="Type"><c>A</c>, <c>AAAA</c>, <c>SRV</c>, <c>PTR</c>, <c>CNAME</c>, <c>TXT</c> or
/// <c>SOA</c>.</param>
/// <param name="Data">What it says, such as <c>10.96.0.7</c>.</param>
public sealed record DnsRecord(string Name, int Ttl, string Type, string Data)
{
    /// <summary>The line that <c>dig</c> prints.</summary>
    public override string ToString() => DnsText.Columns(
        (Name, 24), (Ttl.ToString(CultureInfo.InvariantCulture), 32), ("IN", 40), (Type, 48))
        + Data;
}

/// <summary>What a DNS server answers to one question.</summary>
/// <param name="Name">The full name asked for, without the dot at its end.</param>
/// <param name="Type">The type asked for.</param>
/// <param name="Status"><c>NOERROR</c>, <c>NXDOMAIN</c> (nothing has this name) or
/// <c>SERVFAIL</c>.</param>
/// <param name="Why">Where the answer comes from.</param>
public sealed record DnsAnswer(string Name, string Type, string Status, string Why)
{
    /// <summary>The answers; none with NOERROR means that the name has other types alone
    /// (NODATA).</summary>
    public Seq<DnsRecord> Records { get; init; }

    /// <summary>What the server adds unasked: the addresses of an SRV's targets.</summary>
    public Seq<DnsRecord> Additional { get; init; }

    /// <summary>With no answer: who says so, and for how long (SOA).</summary>
    public Seq<DnsRecord> Authority { get; init; }

    /// <summary>True when the server is the master of these names itself, and has not asked
    /// another.</summary>
    public bool IsAuthoritative { get; init; }

    /// <summary>The addresses among the answers.</summary>
    public Seq<string> Addresses =>
        Records.Where(r => r.Type is "A" or "AAAA").Select(r => r.Data).ToSeq();

    /// <summary>Such as <c>web.default.svc.cluster.local: 10.96.0.7, the cluster IP of Service
    /// default/web</c>.</summary>
    public override string ToString() => $"{Name}: " + (Status != "NOERROR" ? Status
        : Records.IsEmpty ? $"NODATA, {Why}"
        : $"{string.Join(", ", Records.Select(r => r.Data))}, {Why}");

    // Names are not shortened unless the answer would not fit, so lengths add up.
    internal int WireBytes => 12 + Name.Length + 2 + 4 + 11
        + Records.Concat(Additional).Concat(Authority).Sum(r => r.Name.Length + 1 + 10 + r.Type
            switch
            {
                "A" => 4,
                "AAAA" => 16,
                "SRV" => 6 + r.Data[(r.Data.LastIndexOf(' ') + 1)..].Length + 1,
                "SOA" => 20 + r.Data.Split(' ').Take(2).Sum(n => n.Length + 1),
                _ => r.Data.Length + 1,
            });
}

/// <summary>A name looked up from somewhere: every question that its resolver asked.</summary>
public sealed record DnsLookup
{
    /// <summary>Who asked.</summary>
    public required string From { get; init; }

    /// <summary>The name as it was given.</summary>
    public required string Name { get; init; }

    /// <summary>The type of record that was wanted.</summary>
    public required string Type { get; init; }

    /// <summary>The address that was asked.</summary>
    public required string Server { get; init; }

    /// <summary>The questions in order, the last one answered unless none was.</summary>
    public Seq<DnsAnswer> Questions { get; init; }

    /// <summary>The way of the first question to its server; the others go the same.</summary>
    public Seq<Hop> Hops { get; init; }

    /// <summary>Why no server answered; null when one did.</summary>
    public string? Silence { get; init; }

    /// <summary>The answer; null when there is none.</summary>
    public DnsAnswer? Answer =>
        Questions.IsEmpty || Questions[^1].Records.IsEmpty ? null : Questions[^1];

    /// <summary>What <c>getaddrinfo</c> returns: null for success, else its number's name and
    /// words.</summary>
    public string? Error => Silence is not null || Questions.IsEmpty
        || Questions[^1].Status == "SERVFAIL" ? "EAI_AGAIN: Temporary failure in name resolution"
        : !Questions[^1].Addresses.IsEmpty ? null
        : Questions.Any(q => q.Status == "NOERROR")
            ? "EAI_NODATA: No address associated with hostname"
            : "EAI_NONAME: Name or service not known";

    /// <summary>The lookup as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>A line for each question and its answer.</summary>
    public override string ToString() => $"{From} asks {Server} for {Name} ({Type})\n"
        + string.Concat(Questions.Select((q, i) => string.Create(CultureInfo.InvariantCulture,
            $"{i + 1,4}  {q}\n")))
        + (Silence is { } why ? $"no answer: {why}" : Error is { } error && Type is "A" or "AAAA"
            ? Error : "").TrimEnd();
}

/// <summary>Answers in the words of <c>dig</c> and <c>nslookup</c>.</summary>
/// <remarks>Models gitlab.isc.org/isc-projects/bind9/-/tree/main/bin/dig.</remarks>
internal static class DnsText
{
    public static string Dig(DnsLookup lookup, DateTime now)
    {
        var asked = $"{lookup.Name}{(lookup.Type == "A" ? "" : $" {lookup.Type}")}";
        var head = $"\n; <<>> DiG 9.20 <<>> {asked}\n;; global options: +cmd\n";
        if (lookup.Silence is not null || lookup.Questions.IsEmpty)
        {
            return $"{Unreached(lookup)}{head};; no servers could be reached\n";
        }
        var answer = lookup.Questions[^1];
        var text = new StringBuilder(head);
        text.Append(CultureInfo.InvariantCulture,
            $";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {answer.Status}, id: "
            + $"{Digest.Mix(Digest.Mix(Digest.Start, answer.Name), now.Ticks) & 0xffff}\n");
        text.Append($";; flags: qr {(answer.IsAuthoritative ? "aa rd" : "rd ra")}; QUERY: 1, ")
            .Append(CultureInfo.InvariantCulture, $"ANSWER: {answer.Records.Count}, AUTHORITY: "
            + $"{answer.Authority.Count}, ADDITIONAL: {answer.Additional.Count + 1}\n");
        text.Append(answer.IsAuthoritative
            ? ";; WARNING: recursion requested but not available\n" : "");
        text.Append("\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n")
            .Append($";; QUESTION SECTION:\n{Columns(($";{answer.Name}.", 32), ("IN", 40))}")
            .Append($"{answer.Type}\n\n");
        foreach (var (title, records) in (ReadOnlySpan<(string, Seq<DnsRecord>)>)
            [("ANSWER", answer.Records), ("AUTHORITY", answer.Authority),
                ("ADDITIONAL", answer.Additional)])
        {
            text.Append(records.IsEmpty ? ""
                : $";; {title} SECTION:\n{string.Concat(records.Select(r => $"{r}\n"))}\n");
        }
        return text.Append(CultureInfo.InvariantCulture,
            $";; Query time: 0 msec\n;; SERVER: {lookup.Server}#53({lookup.Server}) (UDP)\n"
            + $";; WHEN: {now:ddd MMM dd HH:mm:ss} UTC {now:yyyy}\n"
            + $";; MSG SIZE  rcvd: {answer.WireBytes}\n").ToString();
    }

    public static string Nslookup(DnsLookup lookup)
    {
        if (lookup.Silence is not null || lookup.Questions.IsEmpty)
        {
            return $"{Unreached(lookup)};; no servers could be reached\n\n";
        }
        var head = $"Server:\t\t{lookup.Server}\nAddress:\t{lookup.Server}#53\n\n";
        if (lookup.Answer is not { } answer)
        {
            return lookup.Questions.Any(q => q.Status == "NOERROR")
                ? $"{head}*** Can't find {lookup.Name}: No answer\n\n"
                : $"{head}** server can't find {lookup.Name}: {lookup.Questions[^1].Status}\n\n";
        }
        return head + (answer.IsAuthoritative ? "" : "Non-authoritative answer:\n")
            + string.Concat(answer.Records.Select(r => r.Type switch
            {
                "A" or "AAAA" => $"Name:\t{r.Name.TrimEnd('.')}\nAddress: {r.Data}\n",
                "CNAME" => $"{r.Name.TrimEnd('.')}\tcanonical name = {r.Data}\n",
                "PTR" => $"{r.Name.TrimEnd('.')}\tname = {r.Data}\n",
                "SRV" => $"{r.Name.TrimEnd('.')}\tservice = {r.Data}\n",
                _ => $"{r.Name.TrimEnd('.')}\ttext = {r.Data}\n",
            })) + "\n";
    }

    /// <summary>Words, each followed by tabs (eight wide) up to its column, or one blank where it
    /// is past it.</summary>
    public static string Columns(params ReadOnlySpan<(string Word, int Column)> words)
    {
        var (text, at) = (new StringBuilder(), 0);
        foreach (var (word, column) in words)
        {
            text.Append(word);
            at += word.Length;
            if (at >= column)
            {
                text.Append(' ');
                at++;
            }
            for (; at < column; at = (at | 7) + 1)
            {
                text.Append('\t');
            }
        }
        return text.ToString();
    }

    // They try three times.
    private static string Unreached(DnsLookup lookup) => string.Concat(Enumerable.Repeat(
        $";; communications error to {lookup.Server}#53: "
        + (lookup.Silence ?? "").Split(": ")[^1].Replace("connection timed out", "timed out",
            StringComparison.Ordinal) + "\n", 3));
}
