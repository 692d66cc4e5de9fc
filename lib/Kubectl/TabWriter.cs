using System.Text;

namespace KubeSim;

/// <summary>Aligns text in columns as Go's text/tabwriter does, which prints all of kubectl's
/// tables. A cell ends with a tab; a column is a run of lines that all have a cell there, and is as
/// wide as its widest cell. So one text may hold many tables, and a line without the cell ends a
/// table:
/// <code>
/// Name:⇥web              Name:    web Labels:⇥app=web   →    Labels:  app=web
/// ⇥tier=front                     tier=front
/// </code></summary>
internal static class TabWriter
{
    /// <summary>The text with its columns aligned.</summary>
    /// <param name="text">Lines, with tabs between their cells.</param>
    /// <param name="padding">The blanks after the widest cell of a column.</param>
    /// <param name="minWidth">The least width of a column.</param>
    public static string Align(string text, int padding, int minWidth = 0)
    {
        var lines = text.Split('\n').Select(line => line.Split('\t')).ToArray();
        var layout = new Layout(lines, padding, minWidth);
        layout.Format(0, lines.Length);
        return layout.Text;
    }

    private sealed class Layout(string[][] lines, int padding, int minWidth)
    {
        private readonly List<int> widths = [];
        private readonly StringBuilder text = new();

        public string Text => text.ToString();

        public void Format(int start, int end)
        {
            var column = widths.Count;
            for (var at = start; at < end; at++)
            {
                if (!HasCell(at, column))
                {
                    continue;
                }
                Write(start, at);
                start = at;
                var width = minWidth;
                for (; at < end && HasCell(at, column); at++)
                {
                    width = Math.Max(width, Length(lines[at][column]) + padding);
                }
                widths.Add(width);
                Format(start, at);
                widths.RemoveAt(column);
                start = at;
            }
            Write(start, end);
        }

        // What follows the last tab of a line is no cell: it may be as long as it likes.
        private bool HasCell(int line, int column) => column < lines[line].Length - 1;

        private void Write(int start, int end)
        {
            for (var i = start; i < end; i++)
            {
                var cells = lines[i];
                for (var j = 0; j < cells.Length; j++)
                {
                    text.Append(cells[j]);
                    if (j < widths.Count && j < cells.Length - 1)
                    {
                        text.Append(' ', widths[j] - Length(cells[j]));
                    }
                }
                if (i < lines.Length - 1)
                {
                    text.Append('\n');
                }
            }
        }

        private static int Length(string cell) => cell.EnumerateRunes().Count();
    }
}
