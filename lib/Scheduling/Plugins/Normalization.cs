namespace KubeSim;

/// <summary>The usual way of plugins to bring their scores to 0…100.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/helper/normalize_score.go.</remarks>
public static class Normalization
{
    /// <summary>The highest becomes 100, the others in proportion, rounded down; in reverse, what
    /// is missing to 100. All zero: all 0, in reverse all 100.</summary>
    public static void ToHundred(Span<long> scores, bool reverse)
    {
        var max = 0L;
        foreach (var score in scores)
        {
            max = Math.Max(max, score);
        }
        if (max == 0)
        {
            scores.Fill(reverse ? IScorePlugin.MaxScore : 0);
            return;
        }
        foreach (ref var score in scores)
        {
            var share = IScorePlugin.MaxScore * score / max;
            score = reverse ? IScorePlugin.MaxScore - share : share;
        }
    }
}
