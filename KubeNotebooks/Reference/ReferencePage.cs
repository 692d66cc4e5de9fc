using System.Globalization;
using System.Reflection;
using System.Text;
using KubeSim;
using Microsoft.CodeAnalysis;

namespace KubeNotebooks;

/// <summary>
/// The reference of all that a notebook can call, as one page without anything beside it: from the
/// XML documentation, in the order in which a notebook needs it. The course serves the same page,
/// its style and scripts from their own addresses, as its guard wants it.
/// </summary>
internal sealed class ReferencePage
{
    private static readonly SymbolDisplayFormat Format = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters
            | SymbolDisplayGenericsOptions.IncludeTypeConstraints,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters
            | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeRef
            | SymbolDisplayMemberOptions.IncludeModifiers
            | SymbolDisplayMemberOptions.IncludeConstantValue,
        delegateStyle: SymbolDisplayDelegateStyle.NameAndSignature,
        extensionMethodStyle: SymbolDisplayExtensionMethodStyle.StaticMethod,
        parameterOptions: SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeType
            | SymbolDisplayParameterOptions.IncludeParamsRefOut
            | SymbolDisplayParameterOptions.IncludeExtensionThis
            | SymbolDisplayParameterOptions.IncludeDefaultValue,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes
            | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers
            | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private static readonly Seq<string> Companions = ["ReconcileContext", "Result", "Watched",
        "CycleState", "NodeInfo", "PodInfo", "PluginStatus", "FilterVerdict",
        "SchedulingAlgorithm", "AdmissionRequest", "AdmissionReview", "WebhookAnswer"];

    // The first that takes a type has it.
    private static readonly Seq<(string Title, string Words, Func<ApiType, bool> Takes)> Groups =
    [
        ("What a notebook holds", "A cluster; what can be done to it and asked of it.",
            t => Folder(t) == "lib"),
        ("Pictures, charts, predictions", "What a cell ends in.",
            t => Folder(t) is "KubeNotebooks/Rendering" or "KubeNotebooks/Lessons"),
        ("Contracts", "What you can write yourself, and put into a cluster: controllers, plugins, "
            + "machines, networks; and what they are handed.", IsContract),
        ("Exercises", "What a cell and a grader call.", t => Folder(t) ==
            "KubeNotebooks/Exercises"),
        ("Steps and their causes", "Time, queues, faults, replay.", t => Folder(t) ==
            "lib/Engine"),
        ("The scheduler", "Its queue, its framework, its plugins and their configuration.",
            t => Folder(t) is "lib/Scheduling" or "lib/Scheduling/Plugins"),
        ("Controllers", "Those of a cluster; each can be taken out, and replaced by yours.",
            t => Folder(t) == "lib/Controllers"),
        ("Kubernetes objects", "What the API server stores.", IsObject),
        ("Parts of objects, and facts", "What objects are made of; schema, selectors, patches.",
            t => Folder(t).StartsWith("lib/Api", StringComparison.Ordinal)
                && !Folder(t).StartsWith("lib/ApiServer", StringComparison.Ordinal)),
        ("The API server", "Requests, answers, who may do what, admission.",
            t => Folder(t).StartsWith("lib/ApiServer", StringComparison.Ordinal)),
        ("etcd and Raft", "The store.", t => Folder(t) == "lib/Etcd"),
        ("Nodes and the network", "Kubelets, machines, packets, names, proxies, a cloud.",
            t => Folder(t) is "lib/Nodes" or "lib/Machines" or "lib/Network" or "lib/Cloud"),
        ("kubectl", "A client that prints what the real one prints.",
            t => Folder(t) == "lib/Kubectl"),
        ("Values", "Lists and maps that compare by value, durations, chance.",
            t => Folder(t) == "lib/Base"),
        ("The notebook engine", "Running notebooks, and serving a cluster.", _ => true),
    ];

    private readonly ApiSurface surface = ApiSurface.Read();
    private readonly ApiDocs docs;
    private readonly StringBuilder html = new();

    public ReferencePage() => docs = new(surface);

    /// <summary>The page.</summary>
    /// <param name="isServed">With style and scripts from the course's server.</param>
    public string Html(bool isServed = false)
    {
        html.Clear();
        var groups = Groups.Select(g => (g.Title, g.Words, Types: surface.Types.Where(t =>
            Groups.First(other => other.Takes(t)).Title == g.Title)
            .OrderBy(t => t.Symbol.Name != nameof(Cluster)).ToList())).ToList();
        html.Append(Head(isServed));
        html.Append("<nav id=\"index\" aria-label=\"Types\"><input id=\"find\" type=\"search\" "
            + "placeholder=\"Find a name (press /)\" aria-label=\"Find a name\" hidden>\n"
            + "<ul id=\"found\"></ul>\n<div id=\"groups\">\n");
        foreach (var (title, _, types) in groups)
        {
            html.Append(CultureInfo.InvariantCulture,
                $"<details{(title == groups[0].Title ? " open" : "")}><summary>{title}</summary>"
                + $"<ul>\n");
            types.ForEach(t => html.Append(CultureInfo.InvariantCulture,
                $"<li><a href=\"#{t.Anchor}\">{Markup.Escape(Name(t))}</a></li>\n"));
            html.Append("</ul></details>\n");
        }
        html.Append("</div></nav>\n<main id=\"main\" tabindex=\"-1\">\n<h1>Reference</h1>\n")
            .Append(CultureInfo.InvariantCulture, $"<p class=\"lead\">All that a notebook can "
                + $"call: {surface.Types.Count} types, made from the documentation in the code.")
            .Append("</p>\n");
        foreach (var (title, words, types) in groups)
        {
            html.Append(CultureInfo.InvariantCulture,
                $"<h2 id=\"{title.Replace(' ', '-').Replace(",", "", StringComparison.Ordinal)}\">"
                + $"{title}</h2>\n<p class=\"soft\">{words}</p>\n");
            types.ForEach(Type);
        }
        html.Append("</main>\n").Append(isServed
            ? "<script src=\"/web/reference.js\"></script>\n"
            : $"<script>\n{Web("reference.js")}</script>\n");
        return html.Append("</body>\n</html>\n").ToString();
    }

    private static string Head(bool isServed)
    {
        var own = isServed ? """
            <link rel="icon" href="/web/icon.svg">
            <link rel="stylesheet" href="/web/course.css">
            <link rel="stylesheet" href="/web/reference.css">
            <script src="/web/theme.js"></script>
            """ : $"""
            <style>
            {Web("course.css")}
            {Web("reference.css")}</style>
            <script>
            {Web("theme.js")}</script>
            """;
        var home = isServed ? "<a class=\"home\" href=\"/\">KubeNotebooks</a>"
            : "<span class=\"home\">KubeNotebooks</span>";
        return SitePage.Open("Reference · KubeNotebooks", own, "reference", home);
    }

    private void Type(ApiType type)
    {
        var said = docs.Of(type.Symbol);
        var isDelegate = type.Symbol.TypeKind == TypeKind.Delegate;
        html.Append(CultureInfo.InvariantCulture, $"<section class=\"type\" id=\"{type.Anchor}\">\n"
            + $"<h3><span class=\"k\">{Keyword(type.Symbol)}</span> "
            + $"<a href=\"#{type.Anchor}\">{Markup.Escape(Name(type))}</a></h3>\n");
        var facts = new List<string>();
        var bases = type.Symbol.Interfaces.Where(i => i.Name != "IEquatable")
            .Prepend(type.Symbol.BaseType).OfType<INamedTypeSymbol>().Where(b => b.Name is not
                ("Object" or "ValueType" or "Enum" or "MulticastDelegate")).Select(Parts).ToList();
        if (bases.Count > 0)
        {
            facts.Add("is " + string.Join(", ", bases));
        }
        var makers = type.Symbol.TypeKind != TypeKind.Interface ? [] : surface.Types.Where(t =>
            t.Symbol.AllInterfaces.Any(i => SymbolEqualityComparer.Default.Equals(
                i.OriginalDefinition, type.Symbol))).ToList();
        if (makers.Count is > 0 and < 40)
        {
            facts.Add("implemented by " + string.Join(", ",
                makers.Select(t => $"<a href=\"#{t.Anchor}\">{Markup.Escape(Name(t))}</a>")));
        }
        if (type.File.Length > 0)
        {
            facts.Add($"<span class=\"file\">{type.File}</span>");
        }
        html.Append("<p class=\"soft\">").AppendJoin(" · ", facts).Append("</p>\n");
        if (isDelegate)
        {
            html.Append("<p><code>").Append(Parts(type.Symbol)).Append("</code></p>\n");
        }
        html.Append(docs.Html(said, isDelegate));
        if (type.Members.Count > 0)
        {
            html.Append("<dl>\n");
            foreach (var (member, anchor) in type.Members)
            {
                Member(member, anchor, docs.Summary(said));
            }
            html.Append("</dl>\n");
        }
        html.Append("</section>\n");
    }

    private void Member(ISymbol member, string anchor, string summary)
    {
        var said = docs.Of(member);
        html.Append(CultureInfo.InvariantCulture, $"<dt id=\"{anchor}\"><a href=\"#{anchor}\" "
            + $"aria-label=\"{Markup.Escape(anchor)}\">#</a> <code>{Parts(member)}</code>");
        if (member.ContainingType is { IsExtension: true, ExtensionParameter.Type: var extended })
        {
            html.Append(" <span class=\"soft\">of every <code>").Append(Parts(extended))
                .Append("</code></span>");
        }
        html.Append("</dt>\n");
        // A record's constructor says what the record says.
        if (docs.Summary(said) is { } own && own != summary)
        {
            html.Append("<dd>").Append(docs.Html(said, withParameters: true)).Append("</dd>\n");
        }
    }

    private string Parts(ISymbol symbol) => string.Concat(symbol.ToDisplayParts(Format).Select(
        part => part.Symbol is INamedTypeSymbol type && surface.Anchor(type) is { } anchor
            ? $"<a href=\"#{anchor}\">{Markup.Escape(part.ToString())}</a>"
            : Markup.Escape(part.ToString())));

    private static string Name(ApiType type) => type.Symbol.TypeParameters.Length == 0
        ? type.Anchor.Split('-')[0]
        : $"{type.Anchor.Split('-')[0]}<{string.Join(", ",
            type.Symbol.TypeParameters.Select(p => p.Name))}>";

    private static string Keyword(INamedTypeSymbol type) => type switch
    {
        { TypeKind: TypeKind.Interface } => "interface",
        { TypeKind: TypeKind.Enum } => "enum",
        { TypeKind: TypeKind.Delegate } => "delegate",
        { TypeKind: TypeKind.Struct } => type.IsRecord ? "record struct" : "struct",
        { IsStatic: true } => "static class",
        { IsRecord: true } => type.IsAbstract ? "abstract record" : "record",
        { IsAbstract: true } => "abstract class",
        _ => "class",
    };

    private static string Folder(ApiType type) =>
        (Path.GetDirectoryName(type.File) ?? "").Replace('\\', '/');

    private static bool IsContract(ApiType type) => Folder(type) is var folder
        && folder.StartsWith("lib/", StringComparison.Ordinal) && folder != "lib/Base"
        && (type.Symbol.TypeKind == TypeKind.Interface || Companions.Contains(type.Symbol.Name));

    private static bool IsObject(ApiType type)
    {
        for (var above = type.Symbol.BaseType; above is not null; above = above.BaseType)
        {
            if (above.Name == nameof(ApiObject))
            {
                return true;
            }
        }
        return type.Symbol.Name == nameof(ApiObject);
    }

    /// <summary>A file of the course's pages.</summary>
    internal static string? Web(string file)
    {
        using var stream = Assembly.GetExecutingAssembly()
            .GetManifestResourceStream($"Web/{file}");
        return stream is null ? null : new StreamReader(stream).ReadToEnd();
    }
}
