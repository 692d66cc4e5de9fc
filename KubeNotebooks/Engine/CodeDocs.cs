using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace KubeNotebooks;

/// <summary>The summaries of XML documentation: of this project beside its assemblies, of .NET in
/// its reference packs, where the SDK is installed.</summary>
internal static partial class CodeDocs
{
    // Where the parts of System.Private.CoreLib are documented.
    private static readonly string[] Core = ["System.Runtime", "System.Collections",
        "System.Threading", "System.Console", "System.Linq"];

    /// <summary>What a symbol is for; null where nobody says.</summary>
    public static string? Summary(Compilation compilation, ISymbol symbol)
    {
        var original = (symbol as IMethodSymbol)?.ReducedFrom ?? symbol.OriginalDefinition;
        if (original.GetDocumentationCommentId() is not { } id
            || original.ContainingAssembly is not { } assembly
            || (compilation.GetMetadataReference(assembly) as PortableExecutableReference)
                ?.FilePath is not { } path)
        {
            return null;
        }
        return Files(path).Where(File.Exists).Select(f => Find(f, id)).FirstOrDefault(
            text => text is not null);
    }

    private static IEnumerable<string> Files(string assembly)
    {
        yield return Path.ChangeExtension(assembly, ".xml");
        // shared/Microsoft.NETCore.App/10.0.1/System.Linq.dll stands beside packs.
        var packs = Path.GetFullPath("../../../packs/Microsoft.NETCore.App.Ref",
            Path.GetDirectoryName(assembly)!);
        var newest = Directory.Exists(packs) ? Directory.GetDirectories(packs).Order(
            StringComparer.Ordinal).LastOrDefault() : null;
        var name = Path.GetFileNameWithoutExtension(assembly);
        foreach (var folder in newest is null ? [] : Directory.GetDirectories($"{newest}/ref"))
        {
            foreach (var file in Core.Prepend(name).Distinct())
            {
                yield return Path.Combine(folder, $"{file}.xml");
            }
        }
    }

    private static string? Find(string file, string id)
    {
        using var reader = XmlReader.Create(file);
        while (reader.ReadToFollowing("member"))
        {
            if (reader.GetAttribute("name") == id)
            {
                return XNode.ReadFrom(reader) is XElement member
                    && member.Element("summary") is { } summary ? Text(summary) : null;
            }
        }
        return null;
    }

    private static string Text(XElement summary)
    {
        var text = new StringBuilder();
        foreach (var node in summary.DescendantNodes())
        {
            text.Append(node switch
            {
                XText words => words.Value,
                XElement { IsEmpty: true } link => Name(link),
                _ => "",
            });
        }
        return Spaces().Replace(text.ToString(), " ").Trim();
    }

    private static string Name(XElement link)
    {
        var name = ((string?)link.Attribute("cref") ?? (string?)link.Attribute("name")
            ?? (string?)link.Attribute("langword") ?? "").Split('(')[0];
        return name[(name.LastIndexOf('.') + 1)..].Split(':')[^1].Split('`')[0];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
