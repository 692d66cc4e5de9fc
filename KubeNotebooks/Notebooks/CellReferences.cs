using System.Collections.Immutable;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;

namespace KubeNotebooks;

/// <summary>Finds what <c>#r</c> names. An assembly that this process has, or would load by
/// itself, is referenced where it is; another is loaded beside it. So a type is one type, in a
/// cell and in the engine.</summary>
/// <param name="folder">Where relative paths start.</param>
/// <param name="loads">Loads them; else they are found to be looked at, no more.</param>
internal sealed class CellReferences(string folder, bool loads = true)
    : MetadataReferenceResolver, IDisposable
{
    private static readonly Dictionary<string, string> Platform =
        ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .GroupBy(p => Path.GetFileNameWithoutExtension(p), StringComparer.OrdinalIgnoreCase)
        .ToDictionary(g => g.Key, g => g.First(), StringComparer.OrdinalIgnoreCase);

    // Where the neighbours of a loaded assembly are looked for.
    private readonly List<string> folders = [];
    private bool listens;

    /// <summary>What every cell sees: the class library of .NET, and what the imports
    /// name.</summary>
    public static IEnumerable<MetadataReference> Always { get; } =
    [
        .. Platform.Where(p => p.Key.StartsWith("System", StringComparison.Ordinal)
            || p.Key is "Microsoft.CSharp" or "netstandard" or "mscorlib")
            .Select(p => MetadataReference.CreateFromFile(p.Value)),
        MetadataReference.CreateFromFile(typeof(CellReferences).Assembly.Location),
    ];

    public override bool ResolveMissingAssemblies => true;

    public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference,
        string? baseFilePath, MetadataReferenceProperties properties) => Find(reference) is { } path
            ? [MetadataReference.CreateFromFile(path, properties)] : [];

    public override PortableExecutableReference? ResolveMissingAssembly(
        MetadataReference definition, AssemblyIdentity referenceIdentity) =>
        (Present(referenceIdentity.Name) ?? Beside(referenceIdentity.Name)) is { } path
            ? MetadataReference.CreateFromFile(path) : null;

    /// <summary>Why a reference was not found, and what would be.</summary>
    public string Explain(string reference) => Package(reference) is { } package
        ? $"the package {package} is not here, and packages are not fetched: put its assembly "
            + "beside the notebook and reference it by a relative path, #r \"name.dll\""
        : $"there is no assembly \"{reference}\", looked for as "
            + Path.GetFullPath(reference, folder);

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(folder);

    public void Dispose() => AssemblyLoadContext.Default.Resolving -= LoadBeside;

    private static string? Package(string reference) =>
        reference.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase)
            ? reference["nuget:".Length..].Split(',')[0].Trim() : null;

    private string? Find(string reference)
    {
        if (Package(reference) is { } package)
        {
            return Present(package);
        }
        var name = reference.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            || reference.EndsWith(".exe", StringComparison.OrdinalIgnoreCase)
            ? Path.GetFileNameWithoutExtension(reference) : reference;
        return Present(name) ?? Load(Path.GetFullPath(reference, folder));
    }

    private static string? Present(string name) =>
        AssemblyLoadContext.Default.Assemblies.FirstOrDefault(a => a.Location.Length > 0
            && string.Equals(a.GetName().Name, name, StringComparison.OrdinalIgnoreCase))?.Location
        ?? Platform.GetValueOrDefault(name);

    private string? Load(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        if (!loads)
        {
            folders.Add(Path.GetDirectoryName(path)!);
            return path;
        }
        if (!listens)
        {
            AssemblyLoadContext.Default.Resolving += LoadBeside;
            listens = true;
        }
        folders.Add(Path.GetDirectoryName(path)!);
        try
        {
            return AssemblyLoadContext.Default.LoadFromAssemblyPath(path).Location;
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException)
        {
            return null;
        }
    }

    private string? Beside(string? name) => folders.Select(f => Path.Combine(f, $"{name}.dll"))
        .FirstOrDefault(File.Exists);

    private System.Reflection.Assembly? LoadBeside(AssemblyLoadContext context,
        System.Reflection.AssemblyName name) =>
        Beside(name.Name) is { } path ? context.LoadFromAssemblyPath(path) : null;
}
