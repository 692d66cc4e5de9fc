using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace KubeNotebooks;

/// <summary>One word that could stand at the cursor.</summary>
/// <param name="Text">The word.</param>
/// <param name="Kind"><c>method</c>, <c>property</c>, <c>variable</c>, <c>class</c>,
/// <c>keyword</c>…</param>
/// <param name="Detail">Its signature.</param>
internal sealed record CompletionItem(string Text, string Kind, string Detail);

/// <summary>What could stand at the cursor, best first.</summary>
/// <param name="Start">Where the word at the cursor starts.</param>
/// <param name="End">Where it ends: what is chosen takes the place in between.</param>
/// <param name="Items">The words.</param>
internal sealed record Completions(int Start, int End, CompletionItem[] Items);

/// <summary>Completes C# by what the compiler knows: after a dot the members of what stands before
/// it, extensions too; in an initializer what can be set; in an argument list the parameters by
/// name; elsewhere all that is in scope, and keywords. Nothing is run for it.</summary>
internal sealed class CodeCompletion
{
    private const int Most = 300;

    private static readonly string[] Keywords =
    [
        .. SyntaxFacts.GetReservedKeywordKinds().Select(SyntaxFacts.GetText)
            .Where(k => !k.StartsWith("__", StringComparison.Ordinal)),
        "async", "await", "nameof", "record", "select", "var", "when", "where", "with", "yield",
    ];

    private readonly int start;
    private readonly SemanticModel model;
    private readonly SyntaxToken left;

    private CodeCompletion(Compilation compilation, int start)
    {
        this.start = start;
        var tree = compilation.SyntaxTrees.Last();
        model = compilation.GetSemanticModel(tree);
        left = LeftOf(tree.GetRoot(), start);
    }

    /// <summary>What could stand at an offset of the code.</summary>
    public static Completions At(ScriptSession session, string code, int cursor)
    {
        var (start, end) = (cursor, cursor);
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1]))
        {
            start--;
        }
        while (end < code.Length && SyntaxFacts.IsIdentifierPartCharacter(code[end]))
        {
            end++;
        }
        var typed = code[start..cursor];
        if (typed.Length > 0 && char.IsDigit(typed[0]))
        {
            return new(start, end, []);
        }
        // "cluster." before a line "var x" is no declaration of something of type "cluster.var".
        var rest = code[end..];
        var next = rest.TrimStart();
        var cut = next.Length > 0 && SyntaxFacts.IsIdentifierStartCharacter(next[0])
            && rest[..^next.Length].Contains('\n');
        var at = new CodeCompletion(
            session.Look(code[..end] + (cut ? ";" : "") + rest), start);
        return new(start, end, at.InText(cursor) ? [] : at.Items(typed));
    }

    // The token that ends before the position.
    internal static SyntaxToken LeftOf(SyntaxNode root, int position)
    {
        var token = root.FindToken(Math.Max(0, position - 1));
        return token.SpanStart >= position ? token.GetPreviousToken() : token;
    }

    // In a text, a comment or a directive no name is meant.
    private bool InText(int cursor)
    {
        var root = model.SyntaxTree.GetRoot();
        var before = root.FindTrivia(Math.Max(0, cursor - 1), findInsideTrivia: false);
        if (before.IsDirective || (cursor > 0 && before.Kind() is
            SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia))
        {
            return true;
        }
        var token = root.FindToken(Math.Max(0, cursor - 1));
        return token.SpanStart < cursor && token.Kind() switch
        {
            SyntaxKind.NumericLiteralToken or SyntaxKind.InterpolatedStringTextToken => true,
            SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken
                or SyntaxKind.SingleLineRawStringLiteralToken
                or SyntaxKind.MultiLineRawStringLiteralToken =>
                cursor < token.Span.End || token.ContainsDiagnostics,
            _ => false,
        };
    }

    private CompletionItem[] Items(string typed)
    {
        var symbols = Symbols().Where(IsForPeople).GroupBy(s => s.Name).Select(g =>
            (Text: g.Key, Rank: Rank(g.First()), Symbols: g.ToList()));
        var named = Parameters().Select(p => p.Name).Distinct().Select(n =>
            (Text: $"{n}:", Rank: 0, Symbols: new List<ISymbol>()));
        var keywords = IsFree ? Keywords.Select(k =>
            (Text: k, Rank: 2, Symbols: new List<ISymbol>())) : [];
        return [.. named.Concat(symbols).Concat(keywords)
            .Select(c => (c, Match: Match(c.Text, typed))).Where(m => m.Match >= 0)
            .OrderBy(m => m.Match).ThenBy(m => m.c.Rank)
            .ThenBy(m => m.c.Text, StringComparer.OrdinalIgnoreCase).Take(Most)
            .Select(m => m.c.Symbols.Count > 0
                ? new CompletionItem(m.c.Text, KindOf(m.c.Symbols[0]), Detail(m.c.Symbols))
                : new(m.c.Text, m.c.Text.EndsWith(':') ? "parameter" : "keyword", ""))];
    }

    // How well a name goes with what was typed; -1: not at all.
    private static int Match(string name, string typed) =>
        name.StartsWith(typed, StringComparison.Ordinal) ? 0
        : name.StartsWith(typed, StringComparison.OrdinalIgnoreCase) ? 1
        : typed.Length > 1 && name.Contains(typed, StringComparison.OrdinalIgnoreCase) ? 2 : -1;

    private bool IsFree => !left.IsKind(SyntaxKind.DotToken) && Initialized is null
        && !left.IsKind(SyntaxKind.NewKeyword);

    // The object that an initializer around the cursor is for.
    private ITypeSymbol? Initialized =>
        left.Parent is InitializerExpressionSyntax { Parent: ExpressionSyntax made } braces
        && left.Kind() is SyntaxKind.OpenBraceToken or SyntaxKind.CommaToken
        && model.GetTypeInfo(made).Type is { } type
        // With one name and no "=" yet it reads as the list of a collection.
        && (!braces.IsKind(SyntaxKind.CollectionInitializerExpression)
            || type.AllInterfaces.All(i => i.Name != "IEnumerable")) ? type : null;

    private IEnumerable<ISymbol> Symbols()
    {
        if (left.IsKind(SyntaxKind.DotToken))
        {
            return Members();
        }
        if (Initialized is { } type)
        {
            return model.LookupSymbols(start, type).Where(s => !s.IsStatic
                && s is IPropertySymbol { SetMethod: not null } or IFieldSymbol);
        }
        // A name of the learner's own comes here.
        if (left is { Text: "var", Parent.Parent: VariableDeclarationSyntax })
        {
            return [];
        }
        var all = model.LookupSymbols(start);
        return left.IsKind(SyntaxKind.NewKeyword)
            ? all.Where(s => s is INamespaceOrTypeSymbol) : all;
    }

    private IEnumerable<ISymbol> Members()
    {
        var (symbol, type) = left.Parent switch
        {
            MemberAccessExpressionSyntax access => Meaning(access.Expression),
            MemberBindingExpressionSyntax binding => Meaning(binding.Ancestors()
                .OfType<ConditionalAccessExpressionSyntax>().First().Expression),
            QualifiedNameSyntax name => Meaning(name.Left),
            _ => default,
        };
        return symbol switch
        {
            INamespaceSymbol space => model.LookupNamespacesAndTypes(start, space),
            ITypeSymbol named => model.LookupStaticMembers(start, named),
            _ => type is null or { TypeKind: TypeKind.Error } ? []
                : model.LookupSymbols(start, type, includeReducedExtensionMethods: true)
                    .Where(s => !s.IsStatic && s is not ITypeSymbol),
        };
    }

    // What stands before a dot. Half-written code may have been read as a type's name.
    private (ISymbol?, ITypeSymbol?) Meaning(ExpressionSyntax before)
    {
        var symbol = model.GetSymbolInfo(before).Symbol;
        var type = model.GetTypeInfo(before).Type;
        if (symbol is not null || type is not null and not IErrorTypeSymbol)
        {
            return (symbol, UnderNull(type));
        }
        var again = SyntaxFactory.ParseExpression(before.ToString());
        const SpeculativeBindingOption AsExpression = SpeculativeBindingOption.BindAsExpression;
        return (model.GetSpeculativeSymbolInfo(before.SpanStart, again, AsExpression).Symbol,
            UnderNull(model.GetSpeculativeTypeInfo(before.SpanStart, again, AsExpression).Type));
    }

    private ITypeSymbol? UnderNull(ITypeSymbol? type) =>
        left.Parent is MemberBindingExpressionSyntax && type is INamedTypeSymbol
        {
            OriginalDefinition.SpecialType: SpecialType.System_Nullable_T,
        } maybe ? maybe.TypeArguments[0] : type;

    private IEnumerable<IParameterSymbol> Parameters() =>
        left.Parent is ArgumentListSyntax { Parent: { } call }
        && left.Kind() is SyntaxKind.OpenParenToken or SyntaxKind.CommaToken
            ? CodeInspection.Meant(model, call).SelectMany(s => s switch
            {
                IMethodSymbol method => method.Parameters.AsEnumerable(),
                _ => [],
            }) : [];

    private static bool IsForPeople(ISymbol symbol) => symbol.CanBeReferencedByName
        && !symbol.GetAttributes().Any(a => a.AttributeClass?.Name == "ObsoleteAttribute"
            || (a.AttributeClass?.Name == "EditorBrowsableAttribute"
                && a.ConstructorArguments is [{ Value: 1 }]));

    // What is near comes first; what every object has comes last.
    private static int Rank(ISymbol symbol) => symbol switch
    {
        ILocalSymbol or IParameterSymbol or IRangeVariableSymbol => 0,
        { ContainingType.IsScriptClass: true } => 0,
        { ContainingType.SpecialType: SpecialType.System_Object } => 5,
        ITypeSymbol => symbol.ContainingNamespace?.Name.StartsWith("Kube",
            StringComparison.Ordinal) == true ? 1 : 3,
        INamespaceSymbol => 4,
        _ => 1,
    };

    private static string KindOf(ISymbol symbol) => symbol switch
    {
        ILocalSymbol or IRangeVariableSymbol => "variable",
        IFieldSymbol { ContainingType.IsScriptClass: true } => "variable",
        IFieldSymbol { IsConst: true } => "constant",
        INamedTypeSymbol type => type.TypeKind.ToString().ToLowerInvariant(),
        ITypeParameterSymbol => "type",
        _ => symbol.Kind.ToString().ToLowerInvariant(),
    };

    private static string Detail(List<ISymbol> symbols) => CodeInspection.Signature(symbols[0])
        + (symbols.Count > 1 ? $" (+ {symbols.Count - 1})" : "");
}
