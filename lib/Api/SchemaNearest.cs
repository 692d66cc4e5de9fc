namespace KubeSim;

/// <summary>Finds the word that somebody meant: "did you mean".</summary>
internal static class Nearest
{
    /// <summary>The candidate with the fewest edits from a word, the first of equals; null when
    /// none is near: at most one edit for three letters, and never more than three.</summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        var limit = Math.Min(3, Math.Max(1, word.Length * 2 / 5)) + 1;
        foreach (var candidate in candidates)
        {
            if (Math.Abs(candidate.Length - word.Length) < limit
                && Edits(word, candidate) is var edits && edits < limit)
            {
                (best, limit) = (candidate, edits);
            }
        }
        return best;
    }

    /// <summary>The letters to insert, delete, replace or swap with their neighbour; a letter in
    /// the wrong case is no edit.</summary>
    private static int Edits(string left, string right)
    {
        var width = right.Length + 1;
        Span<int> table = stackalloc int[3 * width];
        var before = table[..width];
        var above = table.Slice(width, width);
        var row = table[(2 * width)..];
        for (var j = 0; j < width; j++)
        {
            row[j] = j;
        }
        for (var i = 1; i <= left.Length; i++)
        {
            var oldest = before;
            before = above;
            above = row;
            row = oldest;
            row[0] = i;
            for (var j = 1; j < width; j++)
            {
                var cost = Same(left[i - 1], right[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(above[j], row[j - 1]) + 1, above[j - 1] + cost);
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2])
                    && Same(left[i - 2], right[j - 1]))
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }
        }
        return row[right.Length];
    }

    private static bool Same(char left, char right) =>
        char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
