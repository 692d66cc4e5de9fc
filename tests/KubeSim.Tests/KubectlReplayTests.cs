using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A recorded session of the real kubectl, command by command. The state that controllers
/// and nodes had made by then is put there from the recording; what kubectl itself writes is
/// written by it.</summary>
public sealed partial class KubectlReplayTests
{
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
            Assert.That(KubectlSession.Shape(recorded ?? expected.Out[7..]), Is.EqualTo(expected.Out[7..]));
            Assert.That(actual.Out, Does.Contain("DESCRIPTION:\n    ")
                .And.Not.Contain("<empty>").And.Not.Contain("<no description>"));
            (expected, actual) = (expected with { Out = expected.Out[7..] },
                actual with { Out = KubectlSession.Shape(actual.Out) });
        }
        Assert.Multiple(() =>
        {
            Assert.That(KubectlSession.Plain(actual.Out),
                Is.EqualTo(KubectlSession.Plain(expected.Out)));
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

    private static List<Played> Play()
    {
        var cluster = new KubectlFixture();
        var path = Path.Combine(AppContext.BaseDirectory, "Data", "kubectl.txt");
        return [.. KubectlSession.Read(path).Select(command =>
        {
            command.Before.ForEach(cluster.Put);
            command.Meanwhile.ForEach(change => cluster.Meanwhile.Enqueue(
                () => cluster.Put(change)));
            cluster.Now = command.Time;
            // The recording's shell has taken the quotes off.
            var line = command.Line.Contains("-o jsonpath=", StringComparison.Ordinal)
                || command.Line.Contains(" -p {", StringComparison.Ordinal)
                ? Quotable().Replace(command.Line, "'$0'") : command.Line;
            var (output, error, code) = command.Expected;
            return new Played(command.Line, new(code, output, error),
                cluster.Run(line, command.Input));
        })];
    }

    [GeneratedRegex("(?<= )(jsonpath=.*|\\{\"spec.*)$")]
    private static partial Regex Quotable();
}
