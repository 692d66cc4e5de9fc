using System.Text;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace KubeNotebooks;

/// <summary>The XML documentation beside the assemblies as HTML.</summary>
/// <param name="surface">What links can lead to.</param>
internal sealed class ApiDocs(ApiSurface surface)
{
    private readonly Dictionary<string, XElement> members = ApiSurface.Assemblies
        .Select(f => Path.ChangeExtension(f, ".xml")).Where(File.Exists)
        .SelectMany(f => XDocument.Load(f, LoadOptions.PreserveWhitespace).Descendants("member"))
        .DistinctBy(m => (string)m.Attribute("name")!, StringComparer.Ordinal)
        .ToDictionary(m => (string)m.Attribute("name")!, StringComparer.Ordinal);

    /// <summary>What is said of a symbol, or of what it inherits from; null when nothing
    /// is.</summary>
    public XElement? Of(ISymbol symbol)
    {
        var said = members.GetValueOrDefault(ApiSurface.Id(symbol));
        return said?.Element("inheritdoc") is not { } inherited ? said
            : (string?)inherited.Attribute("cref") is { } from ? members.GetValueOrDefault(from)
            : Above(symbol).Select(Of).FirstOrDefault(e => e is not null);
    }

    /// <summary>The first sentences: what it is for.</summary>
    public string Summary(XElement? said) =>
        said?.Element("summary") is { } summary ? Inner(summary) : "";

    /// <summary>All that is said.</summary>
    /// <param name="said">The element of the member.</param>
    /// <param name="withParameters">Parameters, too: those of a record are its
    /// properties.</param>
    public string Html(XElement? said, bool withParameters)
    {
        if (said is null)
        {
            return "";
        }
        var html = new StringBuilder();
        void Block(string name, string before, int from = 0)
        {
            foreach (var part in said.Elements(name).Skip(from))
            {
                html.Append("<div>").Append(before).Append(Inner(part)).Append("</div>\n");
            }
        }
        html.Append("<div>").Append(Summary(said)).Append("</div>\n");
        // Each file of a partial class has a summary: the first is that of the class.
        if (said.Elements("summary").Count() > 1)
        {
            html.Append("<details><summary>Its parts</summary>\n");
            Block("summary", "", from: 1);
            html.Append("</details>\n");
        }
        if (withParameters)
        {
            foreach (var part in said.Elements("param").Concat(said.Elements("typeparam")))
            {
                html.Append("<div class=param><code>").Append(Markup.Escape(
                    (string?)part.Attribute("name"))).Append("</code> ").Append(Inner(part))
                    .Append("</div>\n");
            }
        }
        Block("returns", "<b>Returns</b> ");
        Block("value", "");
        foreach (var part in said.Elements("exception"))
        {
            html.Append("<div><b>Throws</b> ").Append(Link(part)).Append(": ").Append(Inner(part))
                .Append("</div>\n");
        }
        Block("remarks", "");
        Block("example", "<b>Example</b> ");
        return html.ToString();
    }

    private string Inner(XElement part) => string.Concat(part.Nodes().Select(Html)).Trim();

    private string Html(XNode node) => node switch
    {
        XText text => Markup.Escape(text.Value.Replace("\n            ", "\n",
            StringComparison.Ordinal)),
        XElement { Name.LocalName: "code" } code =>
            $"<pre class=code>{CSharpMarkup.Html(Code(code.Value))}</pre>",
        XElement { Name.LocalName: "c" } code => $"<code>{Inner(code)}</code>",
        XElement { Name.LocalName: "paramref" or "typeparamref" } name =>
            $"<code>{Markup.Escape((string?)name.Attribute("name"))}</code>",
        XElement { Name.LocalName: "see" or "seealso" } see => Link(see),
        XElement { Name.LocalName: "para" } text => $"<p>{Inner(text)}</p>",
        XElement { Name.LocalName: "list" } list =>
            $"<ul>{string.Concat(list.Elements("item").Select(Html))}</ul>",
        XElement { Name.LocalName: "item" } item => $"<li>{Inner(item)}</li>",
        XElement { Name.LocalName: "term" } term => $"<b>{Inner(term)}</b> ",
        XElement { Name.LocalName: "br" } => "<br>",
        XElement { Name.LocalName: "b" or "i" } strong =>
            $"<{strong.Name.LocalName}>{Inner(strong)}</{strong.Name.LocalName}>",
        XElement other => Inner(other),
        _ => "",
    };

    private string Link(XElement see)
    {
        var id = (string?)see.Attribute("cref") ?? "";
        var words = see.IsEmpty || see.Name.LocalName == "exception"
            ? Markup.Escape(Name(id.Length > 0 ? id : (string?)see.Attribute("langword") ?? ""))
            : Inner(see);
        if ((string?)see.Attribute("href") is { } address)
        {
            return $"<a href=\"{Markup.Escape(address)}\">{(words.Length > 0 ? words
                : Markup.Escape(address))}</a>";
        }
        return surface.Anchor(id) is { } anchor ? $"<a href=\"#{anchor}\"><code>{words}</code></a>"
            : $"<code>{words}</code>";
    }

    // M:KubeSim.Cluster.Apply(System.String): Cluster.Apply; T:KubeSim.Seq`1: Seq.
    private static string Name(string id)
    {
        var parts = id.Split('(')[0].Split(':')[^1].Split('.')
            .Where(p => !p.StartsWith("<G>", StringComparison.Ordinal)).Select(p =>
                p.Split('`')[0]).ToArray();
        return id.StartsWith('T') || parts.Length < 2 ? parts[^1]
            : $"{parts[^2]}.{parts[^1]}".Replace(".#ctor", "", StringComparison.Ordinal);
    }

    // Without the margin that its lines have in common.
    private static string Code(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Trim('\n').TrimEnd().Split('\n');
        var margin = lines.Where(l => l.Trim().Length > 0)
            .Min(l => (int?)(l.Length - l.TrimStart().Length)) ?? 0;
        return string.Join('\n', lines.Select(l => l.Length < margin ? "" : l[margin..]));
    }

    private static IEnumerable<ISymbol> Above(ISymbol symbol) => symbol switch
    {
        INamedTypeSymbol type => type.Interfaces.Prepend(type.BaseType).OfType<ISymbol>(),
        IMethodSymbol { OverriddenMethod: { } method } => [method.OriginalDefinition],
        IPropertySymbol { OverriddenProperty: { } property } => [property.OriginalDefinition],
        { ContainingType: { } type } => type.AllInterfaces.SelectMany(i => i.GetMembers())
            .Where(m => SymbolEqualityComparer.Default.Equals(
                type.FindImplementationForInterfaceMember(m), symbol))
            .Select(m => m.OriginalDefinition),
        _ => [],
    };
}
