using KubeSim;

namespace KubeNotebooks;

/// <summary>Who may connect to whom: a row for each pod that connects, a column for each that it
/// connects to, a cross where the NetworkPolicies shut the way. In letters it is the same
/// grid.</summary>
internal static class PolicyPicture
{
    private const int MostPods = 12;
    private const int Left = 184;
    private const int Top = 84;
    private const int Widest = 44;
    private const int Height = 26;

    public static Picture Of(PolicyMatrix matrix)
    {
        var count = matrix.Pods.Count;
        var shut = matrix.Allowed.Count(allowed => !allowed);
        var note = count == 0 ? "There are no pods." : $"Of {count * count} ways {shut} are shut."
            + (count > MostPods ? $" {count - MostPods} pods are not drawn." : "");
        var alt = Markup.Brief($"Who may connect to whom on {matrix.Port}/{matrix.Protocol}. "
            + $"{note} {matrix}", 1400);
        var height = Top + (Math.Min(count, MostPods) * Height) + 36;
        return new(Picture.Document(MapLayout.Width, height, alt,
            ClusterMap.Drawn(canvas => Draw(canvas, matrix, note))), alt, $"{matrix}\n{note}");
    }

    private static void Draw(Canvas canvas, PolicyMatrix matrix, string note)
    {
        var pods = matrix.Pods.Take(MostPods).ToArray();
        var width = Math.Min(Widest, (MapLayout.Width - Left - 8.0) / Math.Max(1, pods.Length));
        canvas.Fitted(8, 24, $"Who may connect to whom on {matrix.Port}/{matrix.Protocol}", 584, 15,
            "h");
        canvas.Text(8, 50, "from", "m");
        canvas.Text(Left, 50, "to", "m");
        // By number where a name is wider than its column.
        var named = Array.TrueForAll(pods, p => Markup.Width(p, 12) < (width - 4) * 0.85);
        for (var i = 0; i < pods.Length; i++)
        {
            canvas.Fitted(Left + (i * width), Top - 10, named ? pods[i] : $"{i + 1}", width - 4);
            canvas.Fitted(8, Top + (i * Height) + 17, named ? pods[i] : $"{i + 1}  {pods[i]}",
                Left - 16);
        }
        for (var at = 0; at < pods.Length * pods.Length; at++)
        {
            var (row, column) = (at / pods.Length, at % pods.Length);
            var allowed = matrix.Allowed[(row * matrix.Pods.Count) + column];
            var (x, y) = (Left + (column * width), Top + (row * Height));
            canvas.Titled($"{pods[row]} → {pods[column]}: {(allowed ? "open" : "shut")}", () =>
            {
                canvas.Box(x, y, width - 3, Height - 4, allowed ? "hd" : "nd off");
                if (!allowed)
                {
                    canvas.Path($"M{Markup.N(x + (width / 2) - 7)} {Markup.N(y + 5)}"
                        + "l12 12m0 -12l-12 12", "x");
                }
            });
        }
        canvas.Text(8, Top + (pods.Length * Height) + 18, $"filled: open · ✕ shut. {note}", "m");
    }
}
