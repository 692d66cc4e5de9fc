using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using KubeSim;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace KubeNotebooks;

/// <summary>A public type, and what of it can be named.</summary>
/// <param name="Symbol">As the compiler reads it from the assembly.</param>
/// <param name="Anchor">What links to it name.</param>
/// <param name="File">Where it is written, from the root of the project; empty when nobody
/// knows.</param>
/// <param name="Members">Its public members and their anchors, extensions among them.</param>
internal sealed record ApiType(INamedTypeSymbol Symbol, string Anchor, string File,
    Seq<(ISymbol Symbol, string Anchor)> Members);

/// <summary>All that is public in the library and the notebook engine. The compiler reads it, as it
/// does for a cell: so signatures are C#'s own, with what may be null and what is left out. Which
/// file a type is from is in the symbols beside the assembly.</summary>
internal sealed class ApiSurface
{
    // A type without a method that has lines: an interface, an enum.
    private static readonly Guid TypeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private readonly Dictionary<string, string> anchors = new(StringComparer.Ordinal);
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);

    private ApiSurface(IEnumerable<(IAssemblySymbol Symbol, string File)> assemblies)
    {
        Types = [.. assemblies.SelectMany(a => Read(a.Symbol, a.File))];
    }

    /// <summary>The assemblies, the library first.</summary>
    public static Seq<string> Assemblies { get; } =
        [typeof(Cluster).Assembly.Location, typeof(Draw).Assembly.Location];

    /// <summary>The types, by name.</summary>
    public Seq<ApiType> Types { get; }

    /// <summary>Reads the assemblies that this program runs on.</summary>
    public static ApiSurface Read()
    {
        var platform = (string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "";
        var references = Assemblies.Union(platform.Split(Path.PathSeparator)).Where(File.Exists)
            .ToDictionary(f => f, f => MetadataReference.CreateFromFile(f));
        var compilation = CSharpCompilation.Create("reference", references: references.Values);
        return new(Assemblies.Select(f =>
            ((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(references[f])!, f)));
    }

    /// <summary>What a link to a symbol names; null when it is not one of these.</summary>
    public string? Anchor(ISymbol symbol) => Anchor(Id(symbol.OriginalDefinition));

    /// <summary>The same by the name that documentation has for it.</summary>
    public string? Anchor(string id) => anchors.GetValueOrDefault(id);

    /// <summary>What documentation calls a symbol.</summary>
    public static string Id(ISymbol symbol) => symbol.GetDocumentationCommentId() ?? "";

    private IEnumerable<ApiType> Read(IAssemblySymbol assembly, string file)
    {
        var sources = Sources(file);
        var types = Namespaces(assembly.GlobalNamespace).SelectMany(n => Public(n.GetTypeMembers()))
            .OrderBy(t => t.Name, StringComparer.Ordinal).ThenBy(t => t.Arity).ToList();
        foreach (var type in types)
        {
            var name = type.ContainingType is { } outer ? $"{outer.Name}.{type.Name}" : type.Name;
            var anchor = Take(type, name);
            yield return new(type, anchor, sources.GetValueOrDefault(type.MetadataToken, ""),
                [.. Members(type).Select(m => (m, Take(m, $"{anchor}.{(m is IMethodSymbol {
                    MethodKind: MethodKind.Constructor } ? "new" : m.Name)}")))]);
        }
    }

    private string Take(ISymbol symbol, string name)
    {
        var anchor = name;
        for (var i = 2; !taken.Add(anchor); i++)
        {
            anchor = $"{name}-{i}";
        }
        return anchors[Id(symbol)] = anchor;
    }

    private static IEnumerable<INamespaceSymbol> Namespaces(INamespaceSymbol space) =>
        space.GetNamespaceMembers().SelectMany(Namespaces).Prepend(space);

    // With what is nested in them.
    private static IEnumerable<INamedTypeSymbol> Public(IEnumerable<INamedTypeSymbol> types) =>
        types.Where(t => t.DeclaredAccessibility == Accessibility.Public && !t.IsExtension
            && t.CanBeReferencedByName).SelectMany(t => Public(t.GetTypeMembers()).Prepend(t));

    // As declared, constructors first; of a long list the names in order are easier to find.
    private static List<ISymbol> Members(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Delegate)
        {
            return [];
        }
        var extensions = type.GetTypeMembers().Where(t => t.IsExtension)
            .SelectMany(t => t.GetMembers()).ToList();
        // What an extension is compiled to has a name of its own, which nobody calls.
        var compiled = extensions.OfType<IMethodSymbol>()
            .Select(m => m.AssociatedExtensionImplementation).OfType<ISymbol>()
            .ToHashSet(SymbolEqualityComparer.Default);
        var members = type.GetMembers().Where(m => !compiled.Contains(m)).Concat(extensions)
            .Where(IsShown).OrderBy(m => m is not IMethodSymbol {
                MethodKind: MethodKind.Constructor }).ToList();
        return type.TypeKind == TypeKind.Enum || type.IsRecord || members.Count < 25 ? members
            : [.. members.OrderBy(m => m is not IMethodSymbol {
                MethodKind: MethodKind.Constructor }).ThenBy(m => m.Name, StringComparer.Ordinal)];
    }

    private static bool IsShown(ISymbol member) =>
        member.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected
            or Accessibility.ProtectedOrInternal
        && !member.GetAttributes().Any(a => a.AttributeClass?.Name == "CompilerGeneratedAttribute")
        && member switch
        {
            // Every type compares and prints itself.
            IMethodSymbol { Name: "Equals" or "GetHashCode" or "ToString" } => false,
            IMethodSymbol { MethodKind: MethodKind.Constructor } made =>
                made.Parameters.Length > 0,
            IMethodSymbol method => method.MethodKind is MethodKind.Ordinary
                or MethodKind.UserDefinedOperator or MethodKind.Conversion,
            IFieldSymbol field => field.Name != "value__",
            _ => member is IPropertySymbol or IEventSymbol,
        };

    // By the metadata token of the type.
    private static Dictionary<int, string> Sources(string assembly)
    {
        var files = new Dictionary<int, string>();
        var path = Path.ChangeExtension(assembly, ".pdb");
        if (!File.Exists(path))
        {
            return files;
        }
        using var lines = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(path));
        using var code = new PEReader(File.OpenRead(assembly));
        var (pdb, reader) = (lines.GetMetadataReader(), code.GetMetadataReader());
        var root = Path.GetFileName(assembly) == "KubeSim.dll" ? "/lib/" : "/KubeNotebooks/";
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = reader.GetTypeDefinition(handle);
            var name = reader.GetString(type.Name).Split('`')[0];
            var written = type.GetMethods().Select(m => pdb.GetMethodDebugInformation(m).Document)
                .Concat(Documents(pdb, handle)).Where(d => !d.IsNil).Distinct()
                .Select(d => pdb.GetString(pdb.GetDocument(d).Name).Replace('\\', '/'))
                .Where(f => f.Contains(root, StringComparison.Ordinal))
                .Select(f => f[(f.LastIndexOf(root, StringComparison.Ordinal) + 1)..]).ToList();
            if (written.Count > 0)
            {
                files[MetadataTokens.GetToken(handle)] = written.Find(f =>
                    Path.GetFileNameWithoutExtension(f) == name) ?? written[0];
            }
        }
        return files;
    }

    private static IEnumerable<DocumentHandle> Documents(MetadataReader pdb,
        TypeDefinitionHandle type)
    {
        foreach (var handle in pdb.GetCustomDebugInformation(type))
        {
            var told = pdb.GetCustomDebugInformation(handle);
            if (pdb.GetGuid(told.Kind) == TypeDocuments)
            {
                for (var blob = pdb.GetBlobReader(told.Value); blob.RemainingBytes > 0;)
                {
                    yield return MetadataTokens.DocumentHandle(blob.ReadCompressedInteger());
                }
            }
        }
    }
}
