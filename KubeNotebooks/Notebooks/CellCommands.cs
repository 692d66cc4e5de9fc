namespace KubeNotebooks;

/// <summary>What a cell can call by name alone in this engine, as in other hosts.</summary>
public static class CellCommands
{
#pragma warning disable IDE1006 // Its name is known from other notebooks.
    /// <summary>Shows a value below the cell.</summary>
    /// <returns>A handle: <c>Update</c> shows another value in the same place.</returns>
    public static IShownValue display(object? value) => NotebookHost.Current.Show(value);
#pragma warning restore IDE1006
}
