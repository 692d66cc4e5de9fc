using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A recorded session of the real kubectl, command by command. The state that controllers
/// and nodes had made by then is put there from the recording; what kubectl itself writes is
/// written by it.</summary>
public sealed partial class KubectlReplayTests
{
    private static readonly DateTime start =
        new(2026, 11, 21, 3, 48, 0, DateTimeKind.Utc);

    private static readonly Lazy<List<Played>> session = new(Play);

    private sealed record Played(string Command, KubectlResult Expected, KubectlResult Actual);

    private static IEnumerable<TestCaseData> Commands() => session.Value.Select((p, i) =>
        new TestCaseData(i).SetArgDisplayNames(p.Command));

    [TestCaseSource(nameof(Commands))]
    public void A_recorded_command_prints_what_it_printed(int index)
    {
        var (command, expected, actual) = session.Value[index];
        var recorded = Recorded(command);
        if (expected.Out == "%golden\n")
        {
            Assume.That(recorded, Is.Not.Null, "too long for here, and the recording is away");
            expected = expected with { Out = recorded! };
        }
        if (expected.Out.StartsWith("%shape\n", StringComparison.Ordinal))
        {
            Assert.That(Shape(recorded ?? expected.Out[7..]), Is.EqualTo(expected.Out[7..]));
            Assert.That(actual.Out, Does.Contain("DESCRIPTION:\n    ")
                .And.Not.Contain("<empty>").And.Not.Contain("<no description>"));
            (expected, actual) = (expected with { Out = expected.Out[7..] },
                actual with { Out = Shape(actual.Out) });
        }
        Assert.Multiple(() =>
        {
            Assert.That(Plain(actual.Out), Is.EqualTo(Plain(expected.Out)));
            Assert.That(actual.Error, Is.EqualTo(expected.Error));
            Assert.That(actual.ExitCode, Is.EqualTo(expected.ExitCode));
        });
    }

    [Test]
    public void The_whole_session_is_played() => Assert.That(session.Value, Has.Count.EqualTo(94));

    // What the recording says, where it is; null where it is not.
    private static string? Recorded(string command) =>
        ProxyData.Recordings("golden/kubectl/commands.json") is { } file
            ? (string?)JsonNode.Parse(File.ReadAllText(file))!.AsArray()
                .First(c => (string)c!["cmd"]! == command)!["stdout"] : null;

    // An explanation without its sentences: they alone are indented by four.
    private static string Shape(string text) => string.Join('\n', text.Split('\n')
        .Where(line => !line.StartsWith("    ", StringComparison.Ordinal)));

    // What no two clusters share: versions, UIDs, the server's port, the times of files.
    private static string Plain(string text) => Chance().Replace(text, "#");

    [GeneratedRegex("(?<=resourceVersion: )\"\\d+\"|(?<= uid: ).*|(?<=127.0.0.1:)\\d+|"
        + "(?<=MERGED.*\\t|LIVE.*\\t)[\\d-]+ [\\d:.]+")]
    private static partial Regex Chance();

    private static List<Played> Play()
    {
        var cluster = new KubectlFixture();
        var played = new List<Played>();
        var path = Path.Combine(AppContext.BaseDirectory, "Data", "kubectl.txt");
        var lines = File.ReadAllLines(path).Where(line => !line.StartsWith('#')).ToArray();
        var manifest = "";
        for (var i = 0; i < lines.Length;)
        {
            if (lines[i][0] == '=')
            {
                cluster.Put(lines[i++][2..]);
                continue;
            }
            if (lines[i][0] == '~')
            {
                var change = lines[i++][2..];
                cluster.Meanwhile.Enqueue(() => cluster.Put(change));
                continue;
            }
            var words = lines[i++].Split(' ', 3);
            cluster.Now = start.AddSeconds(double.Parse(words[1], CultureInfo.InvariantCulture));
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
            var expected = (Out: Block(lines, ref i, '>'), Error: Block(lines, ref i, '!'));
            var code = i < lines.Length && lines[i] == "?" ? lines[i++].Length : 0;
            // The recording's shell has taken the quotes off.
            var command = words[2].Contains("-o jsonpath=", StringComparison.Ordinal)
                || words[2].Contains(" -p {", StringComparison.Ordinal)
                ? Quotable().Replace(words[2], "'$0'") : words[2];
            played.Add(new(words[2], new(code, expected.Out, expected.Error),
                cluster.Run(command, input)));
        }
        return played;
    }

    [GeneratedRegex("(?<= )(jsonpath=.*|\\{\"spec.*)$")]
    private static partial Regex Quotable();

    private static string Block(string[] lines, ref int at, char mark)
    {
        var text = new System.Text.StringBuilder();
        for (; at < lines.Length && lines[at][0] == mark; at++)
        {
            text.Append(lines[at].Length > 2 ? lines[at][2..] : "").Append('\n');
        }
        return text.ToString();
    }
}
