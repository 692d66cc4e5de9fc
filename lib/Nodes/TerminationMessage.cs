using System.Globalization;

namespace KubeSim;

/// <summary>
/// What a container leaves for the status of its pod. It writes to <c>terminationMessagePath</c>,
/// a file of the node that is mounted into it; the kubelet reads the last 4096 bytes when it has
/// ended. With <c>terminationMessagePolicy: FallbackToLogsOnError</c>, an error and an empty file
/// the last 80 lines of its log, at most 2048 bytes, take the file's place. A pod's messages share
/// 12 KiB: with four containers each keeps 3072 bytes.
/// Models pkg/kubelet/kuberuntime/kuberuntime_container.go (getTerminationMessage) and
/// pkg/kubelet/status/status_manager.go (normalizeStatus).
/// </summary>
internal static class TerminationMessage
{
    private const int MostOfFile = 4096, MostOfLog = 2048, MostLines = 80, MostOfPod = 12 << 10;

    public static string PathIn(Container container) =>
        container.TerminationMessagePath ?? "/dev/termination-log";

    public static string PathOf(Pod pod, Container container, int attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"{Kubelet.PodDirectory}{pod.Metadata.Uid}"
            + $"/containers/{container.Name}/{attempt:x8}");

    public static string? Of(
        SimMachine machine, Pod pod, Container container, CriContainerStatus ended)
    {
        var file = machine.Files.Find(PathOf(pod, container, ended.Config.Attempt))?.Content ?? "";
        var text = Last(file, MostOfFile);
        if (text.Length == 0 && ended.ExitCode != 0
            && container.TerminationMessagePolicy == "FallbackToLogsOnError"
            && machine.Runtime.Logs(ended.Id) is { } lines)
        {
            text = Last(string.Concat(lines.TakeLast(MostLines).Select(l => l.Text + "\n")),
                MostOfLog);
        }
        text = text.Length == 0 ? ended.Message : text;
        var share = MostOfPod / pod.Spec.AllCount;
        return text.Length == 0 ? null : text.Length > share ? text[..share] : text;
    }

    private static string Last(string text, int most) =>
        text.Length > most ? text[^most..] : text;
}
