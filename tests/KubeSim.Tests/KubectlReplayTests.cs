using System.Globalization;
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
        var (_, expected, actual) = session.Value[index];
        Assert.Multiple(() =>
        {
            Assert.That(Plain(actual.Out), Is.EqualTo(Plain(expected.Out)));
            Assert.That(actual.Error, Is.EqualTo(expected.Error));
            Assert.That(actual.ExitCode, Is.EqualTo(expected.ExitCode));
        });
    }

    [Test]
    public void The_whole_session_is_played() => Assert.That(session.Value, Has.Count.EqualTo(87));

    // What no two clusters share: versions, UIDs, the server's port.
    private static string Plain(string text) => Chance().Replace(text, "#");

    [GeneratedRegex("(?<=resourceVersion: )\"\\d+\"|(?<= uid: ).*|(?<=127.0.0.1:)\\d+")]
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
            var words = lines[i++].Split(' ', 3);
            cluster.Now = start.AddSeconds(double.Parse(words[1], CultureInfo.InvariantCulture));
            var input = Block(lines, ref i, '<');
            if (input.StartsWith("%same", StringComparison.Ordinal))
            {
                var change = input[5..].Trim().Split(" => ");
                input = change.Length == 2 ? manifest.Replace(change[0], change[1],
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
