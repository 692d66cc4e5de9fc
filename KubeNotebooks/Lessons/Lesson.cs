namespace KubeNotebooks;

/// <summary>What a cell calls by name alone: <c>using static KubeNotebooks.Lesson;</c>.</summary>
public static class Lesson
{
    /// <summary>Shows a value below the cell, in any notebook.</summary>
    /// <returns>A handle: <c>Update</c> shows another value in the same place.</returns>
    public static IShownValue Show(object? value) => NotebookHost.Current.Show(value);
}
