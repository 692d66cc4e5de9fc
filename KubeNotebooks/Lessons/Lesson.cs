namespace KubeNotebooks;

/// <summary>What a cell calls by name alone: <c>using static KubeNotebooks.Lesson;</c>.</summary>
public static class Lesson
{
    private static string Notebook =>
        Path.GetFileNameWithoutExtension(NotebookHost.Current.NotebookPath) ?? "";

    /// <summary>Shows a value below the cell, in any notebook.</summary>
    /// <returns>A handle: <c>Update</c> shows another value in the same place.</returns>
    public static IShownValue Show(object? value) => NotebookHost.Current.Show(value);

    /// <summary>Keeps a prediction, made before the run.</summary>
    /// <param name="id">Its name in the notebook, such as <c>p1</c>.</param>
    /// <param name="text">What will happen.</param>
    public static string Predict(string id, string text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Trim('…', '.', ' ').Length == 0)
        {
            return "Write down what you expect first: a guess that can be wrong teaches most.";
        }
        ProgressFile.Here().Change(p =>
        {
            p.Predictions[$"{Notebook}/{id}"] = text;
            return p;
        });
        return $"Kept: {text}";
    }

    /// <summary>Shows what came beside what was predicted.</summary>
    /// <param name="id">The prediction's name.</param>
    /// <param name="shown">What came: a text, or anything that a notebook shows.</param>
    public static Revealed Reveal(string id, object? shown) => new(
        ProgressFile.Here().Read().Predictions.GetValueOrDefault($"{Notebook}/{id}"), shown);

    /// <summary>How far you are: points, hints and predictions of this notebook, or of the course
    /// where the notebook's name is not known.</summary>
    public static ProgressReport Progress() =>
        ProgressReport.Of(null, Notebook.Length > 0 ? Notebook : null);
}
