using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeSim.Tests;

/// <summary>One command of the recorded session, the state that comes before it and the state that
/// comes while it waits.</summary>
internal sealed record KubectlCommand(string Line, DateTime Time, string Input,
    (string Out, string Error, int Code) Expected, List<string> Before, List<string> Meanwhile);

/// <summary>The recorded session of the real kubectl, as <c>Data/kubectl.txt</c> has
/// it.</summary>
internal static partial class KubectlSession
{
    private static readonly DateTime start = new(2026, 11, 21, 3, 48, 0, DateTimeKind.Utc);

    public static List<KubectlCommand> Read(string path)
    {
        var commands = new List<KubectlCommand>();
        var lines = File.ReadAllLines(path).Where(line => !line.StartsWith('#')).ToArray();
        var (manifest, before, meanwhile) = ("", new List<string>(), new List<string>());
        for (var i = 0; i < lines.Length;)
        {
            if (lines[i][0] is '=' or '~')
            {
                (lines[i][0] == '=' ? before : meanwhile).Add(lines[i++][2..]);
                continue;
            }
            var words = lines[i++].Split(' ', 3);
            var input = Block(lines, ref i, '<');
            if (input.StartsWith("%same", StringComparison.Ordinal))
            {
                var edit = input[5..].Trim().Split(" => ");
                input = edit.Length == 2 ? manifest.Replace(edit[0], edit[1],
                    StringComparison.Ordinal) : manifest;
            }
            else if (manifest.Length == 0)
            {
                manifest = input;
            }
            var (output, error) = (Block(lines, ref i, '>'), Block(lines, ref i, '!'));
            var code = i < lines.Length && lines[i] == "?" ? lines[i++].Length : 0;
            commands.Add(new(words[2], start.AddSeconds(
                double.Parse(words[1], CultureInfo.InvariantCulture)), input,
                (output, error, code), before, meanwhile));
            (before, meanwhile) = ([], []);
        }
        return commands;
    }

    /// <summary>What no two clusters share left out: versions, UIDs, the server's port, the times
    /// of files.</summary>
    public static string Plain(string text) => Chance().Replace(text, "#");

    /// <summary>An explanation without its sentences: they alone are indented by four.</summary>
    public static string Shape(string text) => string.Join('\n', text.Split('\n')
        .Where(line => !line.StartsWith("    ", StringComparison.Ordinal)));

    [GeneratedRegex("(?<=resourceVersion: )\"\\d+\"|(?<= uid: ).*|(?<=127.0.0.1:)\\d+|"
        + "(?<=MERGED.*\\t|LIVE.*\\t)[\\d-]+ [\\d:.]+")]
    private static partial Regex Chance();

    private static string Block(string[] lines, ref int at, char mark)
    {
        var text = new StringBuilder();
        for (; at < lines.Length && lines[at][0] == mark; at++)
        {
            text.Append(lines[at].Length > 2 ? lines[at][2..] : "").Append('\n');
        }
        return text.ToString();
    }
}
