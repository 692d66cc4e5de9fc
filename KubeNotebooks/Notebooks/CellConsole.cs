using System.Globalization;
using System.Text;

namespace KubeNotebooks;

/// <summary>What a cell writes to the console, handed on as it comes, up to a limit: a cell that
/// prints for ever fills no memory.</summary>
internal sealed class CellConsole : IDisposable
{
    /// <summary>The most characters that a cell's output keeps.</summary>
    public const int Limit = 1 << 20;

    private readonly TextWriter output = Console.Out;
    private readonly TextWriter error = Console.Error;
    private readonly Lock gate = new();
    private Action<string, string>? sink;
    private int left = Limit;

    /// <summary>Takes the console.</summary>
    /// <param name="sink">Gets <c>stdout</c> or <c>stderr</c>, and the text.</param>
    public CellConsole(Action<string, string> sink)
    {
        this.sink = sink;
        Console.SetOut(new Writer(this, "stdout"));
        Console.SetError(new Writer(this, "stderr"));
    }

    /// <summary>Gives the console back; what a cell's leftover threads still write is
    /// dropped.</summary>
    public void Dispose()
    {
        Console.SetOut(output);
        Console.SetError(error);
        lock (gate)
        {
            sink = null;
        }
    }

    private void Take(string stream, ReadOnlySpan<char> text)
    {
        lock (gate)
        {
            if (left < 0 || sink is null || text.IsEmpty)
            {
                return;
            }
            sink(stream, (text.Length <= left ? text : text[..left]).ToString());
            if (text.Length > left)
            {
                sink("stderr", string.Create(CultureInfo.InvariantCulture,
                    $"\n… cut here: a cell's output ends after {Limit:N0} characters\n"));
            }
            left -= text.Length;
        }
    }

    private sealed class Writer : TextWriter
    {
        private readonly CellConsole console;
        private readonly string stream;

        public Writer(CellConsole console, string stream) : base(CultureInfo.InvariantCulture)
        {
            (this.console, this.stream) = (console, stream);
            CoreNewLine = ['\n'];
        }

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => console.Take(stream, [value]);

        public override void Write(char[] buffer, int index, int count) =>
            console.Take(stream, buffer.AsSpan(index, count));

        public override void Write(ReadOnlySpan<char> buffer) => console.Take(stream, buffer);

        public override void Write(string? value) => console.Take(stream, value);

        public override void WriteLine(string? value) => console.Take(stream, value + "\n");
    }
}
