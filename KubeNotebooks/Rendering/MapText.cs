using System.Globalization;
using System.Text;

namespace KubeNotebooks;

/// <summary>A map in plain text, and in a few sentences.</summary>
internal static class MapText
{
    private const int MostNodes = 24;
    private const int MostPods = 12;

    /// <summary>What one sees, for those who do not: as long as it needs to be.</summary>
    public static string Alt(MapScene scene)
    {
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"Map of a cluster. {scene.Title.Replace("  ·  ", ", ",
            StringComparison.Ordinal)}: {Markup.Brief(scene.Headline, 200)}. ");
        if (scene.Refused.Length > 0)
        {
            text.Append(culture, $"The API server refused a write: {scene.Refused}. ");
        }
        foreach (var workload in scene.Workloads.Take(4))
        {
            text.Append(culture, $"{Words.Name(workload.Key)} has {workload.Ready} of "
                + $"{workload.Desired} ready. ");
        }
        var waiting = scene.Pods.Count(p => p.Node.Length == 0);
        text.Append(waiting == 0 ? "" : waiting == 1 ? "1 pod waits for a node. "
            : string.Create(culture, $"{waiting} pods wait for a node. "));
        text.Append(scene.Nodes.Count == 0 ? "There are no nodes." : string.Create(culture,
            $"{scene.Nodes.Count} {(scene.Nodes.Count == 1 ? "node" : "nodes")}"));
        var byNode = scene.Pods.ToLookup(p => p.Node, StringComparer.Ordinal);
        var separator = ": ";
        foreach (var node in scene.Nodes.Take(6))
        {
            var state = node.IsReady ? "" : " (NotReady)";
            text.Append(culture, $"{separator}{node.Name}{state} has {Counted(byNode[node.Name])}");
            separator = "; ";
        }
        return text.Append(scene.Nodes.Count == 0 ? "" : scene.Nodes.Count > 6 ? "; and more."
            : ".").ToString();
    }

    /// <summary>The whole map: a line for each thing, ◄ at what the step changed.</summary>
    public static string Text(MapScene scene)
    {
        var text = new StringBuilder();
        text.Append(scene.Title.Replace("  ·  ", "  ", StringComparison.Ordinal)).Append('\n');
        text.Append(scene.Headline).Append('\n');
        text.Append(CultureInfo.InvariantCulture,
            $"API server, etcd at revision {scene.Revision}\n");
        foreach (var workload in scene.Workloads.Take(MostNodes))
        {
            Workload(text, workload, "  ");
        }
        foreach (var other in scene.Others)
        {
            text.Append("  also: ").Append(other).Append(" ◄\n");
        }
        var byNode = scene.Pods.ToLookup(p => p.Node, StringComparer.Ordinal);
        if (byNode[""].Any())
        {
            text.Append("without a node\n");
            Pods(text, byNode[""]);
        }
        foreach (var node in scene.Nodes.Take(MostNodes))
        {
            var state = !node.IsReady ? "NotReady" : node.IsCordoned ? "Ready, cordoned" : "Ready";
            text.Append(CultureInfo.InvariantCulture, $"{node.Name}  {state}{Sign(node.Mark)}\n");
            Pods(text, byNode[node.Name]);
        }
        if (scene.Nodes.Count > MostNodes)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"and {scene.Nodes.Count - MostNodes} more nodes\n");
        }
        return text.ToString().TrimEnd('\n');
    }

    private static void Workload(StringBuilder text, SceneWorkload workload, string indent)
    {
        text.Append(CultureInfo.InvariantCulture, $"{indent}{Words.Name(workload.Key)}  "
            + $"{workload.Ready}/{workload.Desired}  ");
        foreach (var pod in workload.Pods.Take(40))
        {
            text.Append(PodLooks.Sign(pod.Look));
        }
        while (text[^1] == ' ')
        {
            text.Length--;
        }
        text.Append(Sign(workload.Mark)).Append('\n');
        foreach (var part in workload.Parts)
        {
            Workload(text, part, indent + "  ");
        }
    }

    private static void Pods(StringBuilder text, IEnumerable<ScenePod> pods)
    {
        var all = pods.OrderBy(p => p.Mark == Mark.None ? 1 : 0).ThenBy(p => p.Key).ToList();
        foreach (var pod in all.Take(MostPods))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  {PodLooks.Sign(pod.Look)} {pod.Name}  {pod.Reason}{Sign(pod.Mark)}\n");
        }
        if (all.Count > MostPods)
        {
            text.Append(CultureInfo.InvariantCulture, $"  and {Counted(all.Skip(MostPods))}\n");
        }
    }

    private static string Sign(Mark mark) =>
        mark == Mark.None ? "" : mark == Mark.Gone ? "  ◄ gone" : "  ◄";

    private static string Counted(IEnumerable<ScenePod> pods)
    {
        var parts = pods.GroupBy(p => p.Look).OrderBy(g => g.Key).Select(g => string.Create(
            CultureInfo.InvariantCulture, $"{g.Count()} {PodLooks.Name(g.Key)}"));
        var text = string.Join(", ", parts);
        return text.Length == 0 ? "no pods" : $"pods: {text}";
    }
}
