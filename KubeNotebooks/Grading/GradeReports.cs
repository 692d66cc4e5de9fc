using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What a teacher gets of a class: tables, a page for each student without hidden code,
/// and the form that Gradescope reads.</summary>
internal sealed class GradeReports(IReadOnlyList<StudentGrade> grades, Seq<ExerciseInfo> exercises)
{
    private static readonly JsonSerializerOptions Look = new()
    {
        WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The points of all exercises; the optional ones come on top.</summary>
    private int Max => exercises.Where(e => !e.Attribute.Optional).Sum(ExerciseRunner.MaxPoints);

    /// <summary>Writes everything.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "grades.csv"), Grades());
        File.WriteAllText(Path.Combine(folder, "items.csv"), Items());
        File.WriteAllText(Path.Combine(folder, "similarity.csv"), Csv(
            from e in exercises
            from pair in Similarity.Of(e, grades)
            select (IEnumerable<object?>)[e.Id, pair.One, pair.Other, pair.Overlap],
            ["exercise", "student", "other", "overlap"]));
        foreach (var grade in grades)
        {
            var own = Directory.CreateDirectory(Path.Combine(folder, grade.Student)).FullName;
            File.WriteAllText(Path.Combine(own, "feedback.html"), Feedback(grade));
            File.WriteAllText(Path.Combine(own, "results.json"), Gradescope(grade));
        }
    }

    private string Grades() => Csv(grades.Select(g => (IEnumerable<object?>)
        [
            g.Student, .. exercises.Select(e => (object)g.Of(e).Points), Total(g), Max,
            g.Status(exercises), g.Hints, string.Join(" ", Notes(g)),
        ]),
        ["student", .. exercises.Select(e => e.Id), "total", "max", "status", "hints", "notes"]);

    // How often a test fails, over those who tried its exercise: a test that fails for all tells
    // of the lesson, or of the test.
    private string Items() => Csv(
        from e in exercises
        let tried = grades.Select(g => g.Of(e)).Where(r => r.Tests.Count > 0
            && r.Status != CheckStatus.NotAttempted).ToList()
        where tried.Count > 0
        from test in tried[0].Tests
        let failed = tried.Count(r => r.Tests.Any(t => t.Name == test.Name && !t.Passed))
        select (IEnumerable<object?>)[e.Id, test.Name, test.Task, test.Points, tried.Count, failed,
            Math.Round((double)failed / tried.Count, 3)],
        ["exercise", "test", "task", "points", "tried", "failed", "rate"]);

    private string Feedback(StudentGrade grade)
    {
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\"><head>"
            + "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            + $"<title>{Markup.Escape(grade.Student)}</title><style>"
            + ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;"
            + "max-width:50rem;margin:2rem auto;padding:0 1rem}pre{overflow:auto;padding:.5rem;"
            + "border:1px solid}td,th{padding:.2rem .6rem;vertical-align:top;text-align:left}"
            + "img{max-width:100%}</style></head>\n<body>");
        html.Append(CultureInfo.InvariantCulture,
            $"<h1>{Markup.Escape(grade.Student)}: {Total(grade)} of {Max} points</h1>\n");
        foreach (var note in Notes(grade))
        {
            html.Append($"<p>{Markup.Escape(note)}</p>\n");
        }
        foreach (var e in exercises)
        {
            html.Append($"<h2>{Markup.Escape(e.Attribute.Title)}"
                + (e.Attribute.Optional ? " (optional)" : "") + "</h2>\n")
                .Append(grade.Of(e).ToHtml(feedback: true)).Append('\n');
        }
        return html.Append("</body></html>\n").ToString();
    }

    private string Gradescope(StudentGrade grade)
    {
        // An exercise without outcomes, such as one that does not compile, is one line.
        IEnumerable<JsonObject> Lines(CheckResult r) => r.Tests.IsEmpty
            || r.Status == CheckStatus.NotAttempted
            ? [Line(r.Exercise, 0, r.MaxPoints, $"{r.Headline()}\n{r.Error}")]
            : r.Tests.Select(t => Line($"{r.Exercise} {t.Task}", t.Passed ? t.Points : 0, t.Points,
                t == r.FirstFailed ? t.Message : ""));
        return new JsonObject
        {
            ["score"] = Total(grade),
            ["output"] = string.Join('\n', Notes(grade)),
            ["tests"] = new JsonArray([.. exercises.Select(grade.Of).SelectMany(Lines)]),
        }.ToJsonString(Look) + "\n";
    }

    private static JsonObject Line(string name, int score, int max, string output) => new()
    {
        ["name"] = name, ["score"] = score, ["max_score"] = max,
        ["status"] = score == max ? "passed" : "failed", ["output"] = output.Trim(),
        ["visibility"] = "visible",
    };

    private int Total(StudentGrade grade) => exercises.Sum(e => grade.Of(e).Points);

    private static List<string> Notes(StudentGrade grade) =>
        grade.Grade.Unreadable is { } why ? [why] : grade.Grade.Warnings;

    private static string Csv(IEnumerable<IEnumerable<object?>> rows, IEnumerable<object?> head)
    {
        var csv = new StringBuilder();
        foreach (var row in rows.Prepend(head))
        {
            csv.AppendJoin(',', row.Select(Quoted)).Append('\n');
        }
        return csv.ToString();
    }

    private static string Quoted(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.AsSpan().IndexOfAny("\",\n\r") < 0 ? text
            : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
