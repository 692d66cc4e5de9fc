using System.Globalization;
using System.Text;

namespace KubeNotebooks;

// How a result reads: points first, then the first failure alone (a learner mends one thing at a
// time), what was wanted beside what came, and the test folded. No style sheet: untrusted
// notebooks strip it.
public sealed partial record CheckResult
{
    /// <summary>The result in a line: <c>2/3 points · visible tests</c>.</summary>
    /// <param name="tests">What tests these were.</param>
    public string Headline(string tests = "visible tests") => Status switch
    {
        CheckStatus.NotAttempted => $"{Exercise}: not attempted yet · {MaxPoints} points",
        CheckStatus.CompileError => $"{Exercise}: does not compile",
        CheckStatus.Crashed => $"{Exercise}: the answer ended the process it was graded in",
        _ => string.Create(CultureInfo.InvariantCulture,
            $"{Exercise}: {Points}/{MaxPoints} points · {tests}"),
    };

    /// <summary>The result in plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Headline());
        foreach (var test in Tests.Where(_ => Status != CheckStatus.NotAttempted))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"\n  {(test.Passed ? "✓" : "✗")} {test.Task} ({test.Points})");
        }
        if (Error.Length > 0)
        {
            Append("", Error);
        }
        if (Status != CheckStatus.NotAttempted && FirstFailed is { } failed)
        {
            Append("", failed.Message);
            Append("Tried: ", Failure?.Scenario);
            Append("Wanted: ", Failure?.Wanted?.Text);
            Append("Came: ", Failure?.Actual?.Text);
            Append("Printed: ", Failure?.Output);
        }
        Append("Another solution:\n", Solution);
        return text.ToString();

        void Append(string label, string? what)
        {
            if (!string.IsNullOrEmpty(what))
            {
                text.Append('\n').Append(label).Append(what.TrimEnd());
            }
        }
    }

    /// <summary>The result as a notebook shows it.</summary>
    public string ToHtml() => ToHtml(feedback: false);

    /// <summary>The result as a page shows it. Feedback on hidden tests leaves their source and
    /// the solution out.</summary>
    internal string ToHtml(bool feedback)
    {
        var html = new StringBuilder("<div>");
        Element("p", "<b>" + Markup.Escape(Headline(feedback ? "tests" : "visible tests"))
            + "</b>");
        if (Status != CheckStatus.NotAttempted && Tests.Count > 0)
        {
            Element("ul", string.Concat(Tests.Select(t => "<li>" + (t.Passed ? "✓ " : "✗ ")
                + Markup.Escape($"{t.Task} ({t.Points})") + "</li>")));
        }
        Pre(Error);
        if (Status != CheckStatus.NotAttempted && FirstFailed is { } failed)
        {
            Element("p", "<b>First failure.</b> " + Lines(failed.Message));
            Describe();
        }
        if (Solution.Length > 0 && !feedback)
        {
            Folded("Another solution, and why", Solution);
        }
        return html.Append("</div>").ToString();

        void Element(string tag, string inner) => html.Append($"<{tag}>{inner}</{tag}>");

        void Pre(string text)
        {
            if (text.Length > 0)
            {
                Element("pre", Markup.Escape(text));
            }
        }

        void Folded(string title, string text) => Element("details",
            $"<summary>{title}</summary><pre><code>{Markup.Escape(text)}</code></pre>");

        void Describe()
        {
            if (Failure is not { } failure)
            {
                return;
            }
            if (failure.Scenario.Length > 0)
            {
                Element("p", "<i>Tried:</i> " + Lines(failure.Scenario));
            }
            if (failure.Wanted is not null || failure.Actual is not null)
            {
                html.Append("<table><tr><th>wanted</th><th>came</th></tr><tr>");
                Element("td", failure.Wanted?.Html ?? "");
                Element("td", failure.Actual?.Html ?? "");
                html.Append("</tr></table>");
            }
            if (failure.Output.Length > 0)
            {
                Folded("What your code printed", failure.Output);
            }
            if (!feedback && failure.Source.Length > 0)
            {
                Folded("The test", failure.Source);
            }
        }
    }

    private static string Lines(string text) =>
        Markup.Escape(text).Replace("\n", "<br>", StringComparison.Ordinal);
}
