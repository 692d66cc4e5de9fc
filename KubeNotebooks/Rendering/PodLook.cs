using KubeSim;

namespace KubeNotebooks;

/// <summary>How a pod looks on a map: each state has its own colour and its own shape, so that
/// neither alone carries it.</summary>
internal enum PodLook
{
    Pending,
    Creating,
    NotReady,
    Ready,
    Terminating,
    Succeeded,
    Failed,
}

/// <summary>The looks of pods.</summary>
internal static class PodLooks
{
    public static IReadOnlyList<PodLook> All { get; } = Enum.GetValues<PodLook>();

    public static PodLook Of(Pod pod) => pod switch
    {
        { Status.Phase: "Succeeded" } => PodLook.Succeeded,
        { Status.Phase: "Failed" } => PodLook.Failed,
        { IsTerminating: true } => PodLook.Terminating,
        { IsScheduled: false } => PodLook.Pending,
        { IsReady: true } => PodLook.Ready,
        { Status.Phase: "Running" or "Unknown" } => PodLook.NotReady,
        _ => PodLook.Creating,
    };

    /// <summary>The word that kubectl would use where there is one: the reason why a container
    /// waits says more than a phase.</summary>
    public static string Reason(Pod pod)
    {
        foreach (var status in pod.Status.ContainerStatuses)
        {
            if (status.State.Waiting?.Reason is { } waiting)
            {
                return waiting;
            }
        }
        return pod.Status.Reason ?? Name(Of(pod));
    }

    /// <summary>True for a reason that says that something is amiss.</summary>
    public static bool IsTrouble(string reason) =>
        reason.EndsWith("BackOff", StringComparison.Ordinal)
        || reason.StartsWith("Err", StringComparison.Ordinal)
        || reason.EndsWith("Error", StringComparison.Ordinal);

    public static string Name(PodLook look) => look switch
    {
        PodLook.Creating => "ContainerCreating",
        PodLook.NotReady => "Running, not ready",
        PodLook.Ready => "Running, ready",
        _ => look.ToString(),
    };

    public static char Sign(PodLook look) => look switch
    {
        PodLook.Pending => '○',
        PodLook.Creating => '◇',
        PodLook.NotReady => '△',
        PodLook.Ready => '■',
        PodLook.Terminating => '▽',
        PodLook.Succeeded => '✓',
        _ => '✗',
    };

    /// <summary>Draws a pod around a centre, 12 pixels wide and high.</summary>
    public static void Draw(Canvas canvas, PodLook look, double x, double y) => canvas.Raw(
        $"<use href=\"#p{(int)look}\" x=\"{Markup.N(x)}\" y=\"{Markup.N(y)}\"/>");

    /// <summary>The shapes, once for a whole map: there may be thousands of pods.</summary>
    public static void Define(Canvas canvas)
    {
        canvas.Raw("<defs>");
        foreach (var look in All)
        {
            canvas.Raw($"<g id=\"p{(int)look}\">");
            Shape(canvas, look);
            canvas.Raw("</g>");
        }
        canvas.Raw("</defs>");
    }

    /// <summary>The shape of a look, around 0.</summary>
    public static void Shape(Canvas canvas, PodLook look)
    {
        static string P(double x, double y) => $"{Markup.N(x)} {Markup.N(y)}";
        var style = $"kp kp{(int)look}";
        switch (look)
        {
            case PodLook.Pending:
                Circle(5);
                break;
            case PodLook.Creating:
                canvas.Path($"M{P(0, -6.2)}L{P(6.2, 0)}L{P(0, 6.2)}L{P(-6.2, 0)}Z", style);
                break;
            case PodLook.NotReady:
                canvas.Path($"M{P(0, -5.6)}L{P(6, 5)}L{P(-6, 5)}Z", style);
                break;
            case PodLook.Ready:
                canvas.Box(-5, -5, 10, 10, style, 1.5);
                break;
            case PodLook.Terminating:
                canvas.Path($"M{P(-6, -5)}L{P(6, -5)}L{P(0, 5.6)}Z", style);
                break;
            case PodLook.Succeeded:
                Circle(6);
                canvas.Path($"M{P(-3, 0)}L{P(-0.8, 2.6)}L{P(3.2, -2.6)}", "kptick");
                break;
            default:
                canvas.Path($"M{P(-6, -3.5)}L{P(-3.5, -6)}L{P(0, -2.5)}L{P(3.5, -6)}L{P(6, -3.5)}"
                    + $"L{P(2.5, 0)}L{P(6, 3.5)}L{P(3.5, 6)}L{P(0, 2.5)}L{P(-3.5, 6)}L{P(-6, 3.5)}"
                    + $"L{P(-2.5, 0)}Z", style);
                break;
        }

        void Circle(double r) => canvas.Raw(
            $"<circle class=\"{style}\" r=\"{Markup.N(r)}\"/>");
    }
}
