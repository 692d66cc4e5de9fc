using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What was done of an exercise.</summary>
/// <param name="Id">The exercise.</param>
/// <param name="Title">What it is about.</param>
/// <param name="Points">The most points that a check gave.</param>
/// <param name="MaxPoints">The most points one can get.</param>
/// <param name="Hints">The hints taken.</param>
public sealed record ProgressRow(string Id, string Title, int Points, int MaxPoints, int Hints);

/// <summary>How far a learner has come. It shows itself in a notebook.</summary>
public sealed record ProgressReport
{
    /// <summary>A row an exercise.</summary>
    public required Seq<ProgressRow> Exercises { get; init; }

    /// <summary>The predictions that were made.</summary>
    public int Predictions { get; init; }

    /// <summary>The report of a folder.</summary>
    /// <param name="folder">Where the notebooks are; null: where the running one is.</param>
    /// <param name="notebook">One notebook, by its name without ending; null for all.</param>
    internal static ProgressReport Of(string? folder, string? notebook)
    {
        var file = folder is null ? ProgressFile.Here() : new ProgressFile(folder);
        var state = file.Read();
        return new()
        {
            Exercises = ExerciseCatalog.Installed().All
                .Where(e => notebook is null || e.Notebook == notebook)
                .Select(e => (Exercise: e, Done: state.Of(e.Id)))
                .Select(e => new ProgressRow(e.Exercise.Id,
                    e.Exercise.Attribute.Title
                        + (e.Exercise.Attribute.Optional ? " (optional)" : ""),
                    e.Done.Points, ExerciseRunner.MaxPoints(e.Exercise), e.Done.Hints))
                .ToSeq(),
            Predictions = state.Predictions.Keys.Count(k => notebook is null
                || k.StartsWith(notebook + "/", StringComparison.Ordinal)),
        };
    }

    /// <summary>The report in plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var width = Exercises.Select(e => e.Id.Length).DefaultIfEmpty().Max();
        foreach (var e in Exercises)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{e.Id.PadRight(width)}  {e.Points}/{e.MaxPoints}  {Hinted(e),-8}  {e.Title}\n");
        }
        return text.Append(Sum()).ToString();
    }

    /// <summary>The report as a notebook shows it.</summary>
    public string ToHtml() => "<table><tr><th>exercise</th><th></th><th>points</th><th>hints</th>"
        + "</tr>" + string.Concat(Exercises.Select(e => "<tr>" + string.Concat(
            ((string[])[e.Id, e.Title, $"{e.Points}/{e.MaxPoints}", $"{e.Hints}"])
                .Select(c => $"<td>{Markup.Escape(c)}</td>")) + "</tr>"))
        + $"</table><p>{Markup.Escape(Sum())}</p>";

    private string Sum() => string.Create(CultureInfo.InvariantCulture,
        $"{Exercises.Sum(e => e.Points)} of {Exercises.Sum(e => e.MaxPoints)} points, "
        + $"{Predictions} {(Predictions == 1 ? "prediction" : "predictions")}");

    private static string Hinted(ProgressRow row) => row.Hints == 1 ? "1 hint"
        : string.Create(CultureInfo.InvariantCulture, $"{row.Hints} hints");
}
