namespace KubeSim;

/// <summary>A file that somebody writes on a machine, or removes, as a journal keeps it.</summary>
/// <param name="Node">The machine.</param>
/// <param name="Path">The full path.</param>
/// <param name="Content">What it holds; null: the file goes.</param>
public sealed record NodeFileInput(string Node, string Path, string? Content) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"{Node}# {(Content is null ? "rm" : "write")} {Path}";

    internal override bool Execute(Simulation simulation)
    {
        var files = simulation.World.Machine(Node).Files;
        if (Content is null && !files.Remove(Path))
        {
            return false;
        }
        if (Content is not null)
        {
            files.Write(Path, new(Content, Content.Length, simulation.Now));
        }
        // The kubelet is told of changes below /etc/kubernetes/manifests by inotify.
        simulation.Wake("kubelet", Node, new(Kinds.Node, "", Node), TimeSpan.Zero, Pace.Progress);
        return true;
    }
}

/// <summary>The files of machines.</summary>
public sealed partial class Cluster
{
    /// <summary>Writes a file on a machine, as somebody who is logged in there. A manifest of a pod
    /// in <c>/etc/kubernetes/manifests</c> is a static pod: its kubelet runs it without asking the
    /// API server.</summary>
    /// <example><code>cluster.WriteFile("node-1", "/etc/kubernetes/manifests/web.yaml",
    /// manifest)</code></example>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    public void WriteFile(string node, string path, string content) =>
        Submit(new NodeFileInput(node, path, content));

    /// <summary>Removes a file from a machine, or a directory with all in it; nothing when it is
    /// not there.</summary>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    public void RemoveFile(string node, string path) =>
        Submit(new NodeFileInput(node, path, null));

    private void Submit(NodeFileInput input)
    {
        using var own = Own();
        if (Find<Node>("", input.Node) is null)
        {
            throw new ArgumentException($"there is no node {input.Node}");
        }
        simulation.Submit(input);
    }
}
