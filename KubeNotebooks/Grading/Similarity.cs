namespace KubeNotebooks;

/// <summary>How much of an answer stands in another student's: runs of five tokens, without the
/// stub's and without comments, over the shorter one's. Short answers are alike by nature: it is
/// a reason to look, not a verdict.</summary>
internal static class Similarity
{
    private const int Run = 5;
    private const double Least = 0.6;

    /// <summary>The pairs that have at least 60 % in common, the most alike first.</summary>
    public static IEnumerable<(string One, string Other, double Overlap)> Of(
        ExerciseInfo exercise, IReadOnlyList<StudentGrade> grades)
    {
        var stub = Runs(exercise.Cell("stub") ?? "");
        var answers = new List<(string Student, HashSet<string> Runs)>();
        foreach (var grade in grades.Where(g => g.Grade.Unreadable is null))
        {
            var cell = NotebookFile.Read(grade.Notebook).Cells.LastOrDefault(c =>
                c.Kind == CellKind.Code && ExerciseCell.IdOf(c.Source) == exercise.Id);
            var runs = Runs(cell?.Source ?? "");
            runs.ExceptWith(stub);
            if (runs.Count > 0)
            {
                answers.Add((grade.Student, runs));
            }
        }
        return from i in Enumerable.Range(0, answers.Count)
               from j in Enumerable.Range(i + 1, answers.Count - i - 1)
               let both = answers[i].Runs.Count(answers[j].Runs.Contains)
               let overlap = (double)both
                   / Math.Min(answers[i].Runs.Count, answers[j].Runs.Count)
               where overlap >= Least
               orderby overlap descending
               select (answers[i].Student, answers[j].Student, Math.Round(overlap, 2));
    }

    private static HashSet<string> Runs(string source)
    {
        var tokens = ExerciseCell.Tokens(source).ToArray();
        return [.. Enumerable.Range(0, Math.Max(0, tokens.Length - Run + 1))
            .Select(i => string.Join(' ', tokens[i..(i + Run)]))];
    }
}
