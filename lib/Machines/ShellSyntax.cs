namespace KubeSim;

/// <summary>A piece of a shell script.</summary>
internal abstract record ShellNode
{
    /// <summary>One after the other.</summary>
    public sealed record Sequence(IReadOnlyList<ShellNode> Parts) : ShellNode;

    /// <summary><c>A &amp;&amp; B</c>, or <c>A || B</c>.</summary>
    public sealed record Both(ShellNode First, ShellNode Second, bool IfOk) : ShellNode;

    /// <summary><c>A | B</c>.</summary>
    public sealed record Pipe(ShellNode From, ShellNode To) : ShellNode;

    /// <summary><c>! A</c>.</summary>
    public sealed record Not(ShellNode Of) : ShellNode;

    /// <summary><c>if A; then B; else C; fi</c>.</summary>
    public sealed record If(ShellNode Condition, ShellNode Then, ShellNode? Else) : ShellNode;

    /// <summary><c>while A; do B; done</c>, or <c>until</c>.</summary>
    public sealed record Loop(ShellNode Condition, ShellNode Body, bool Until) : ShellNode;

    /// <summary><c>for NAME in WORDS; do B; done</c>.</summary>
    public sealed record For(string Name, IReadOnlyList<ShellWord> Values, ShellNode Body)
        : ShellNode;

    /// <summary><c>case WORD in A|B) C;; esac</c>.</summary>
    public sealed record Case(ShellWord Of,
        IReadOnlyList<(IReadOnlyList<ShellWord> Patterns, ShellNode Body)> Arms) : ShellNode;

    /// <summary><c>( A )</c>, or <c>NAME() { A; }</c>.</summary>
    public sealed record Group(ShellNode Body, string? Function = null) : ShellNode;

    /// <summary><c>A &amp;</c>.</summary>
    public sealed record Background(ShellNode Of) : ShellNode;

    /// <summary><c>A &gt; FILE</c> behind anything but a simple command.</summary>
    public sealed record Redirected(ShellNode Of, IReadOnlyList<ShellRedirect> To) : ShellNode;

    /// <summary><c>NAME=VALUE COMMAND WORDS &gt; FILE</c>.</summary>
    public sealed record Simple(IReadOnlyList<(string Name, ShellWord Value)> Assigned,
        IReadOnlyList<ShellWord> Words, IReadOnlyList<ShellRedirect> To) : ShellNode;
}

/// <summary><c>2&gt;&gt;FILE</c>: which stream goes where, and how.</summary>
/// <param name="Stream">0, 1, 2, or 3 for both outputs.</param>
/// <param name="How"><c>&gt;</c>, <c>&gt;&gt;</c>, <c>&lt;</c>, <c>&amp;</c> for another stream,
/// <c>&lt;&lt;</c> for the text itself.</param>
/// <param name="Target">The file, the stream or the text.</param>
internal sealed record ShellRedirect(int Stream, string How, ShellWord Target);

/// <summary>A word of parts that are written without a blank between them.</summary>
internal sealed record ShellWord(IReadOnlyList<ShellPart> Parts)
{
    /// <summary>Its text when nothing in it is replaced; null otherwise.</summary>
    public string? Literal => Parts.All(p => p.Kind == ShellPart.Text)
        ? string.Concat(Parts.Select(p => p.Content)) : null;
}

/// <summary>A part of a word.</summary>
/// <param name="Kind">Text, variable, command or sum.</param>
/// <param name="Content">The text, the variable with what follows its name, the sum.</param>
/// <param name="Quoted">True: blanks in it do not part words.</param>
/// <param name="Command">What is run for its output.</param>
internal sealed record ShellPart(char Kind, string Content, bool Quoted, ShellNode? Command = null)
{
    public const char Text = 't';
    public const char Variable = '$';
    public const char Output = '(';
    public const char Sum = '+';
}
