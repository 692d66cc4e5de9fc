namespace KubeSim;

/// <summary>
/// Prefers nodes that have the pod's images already. An image counts by its size times the share of
/// the nodes that have it, so that one node with a rare image does not draw all pods to itself:
/// 250 MiB on one of two nodes count as 125 MiB.
/// <para>The sum over the containers lies between 23 MiB (0) and 1,000 MiB for each container
/// (100): for two containers and 125 MiB, 100 × (125 − 23) / (2000 − 23) = 5. Most images are small
/// enough to score 0 everywhere.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/imagelocality/image_locality.go.</remarks>
public sealed class ImageLocality : IPreScorePlugin, ISilentPlugin
{
    private const long Mebibyte = 1024 * 1024;
    private const long Least = 23 * Mebibyte;
    private const long MostForOne = 1000 * Mebibyte;

    /// <inheritdoc/>
    public string Name => "ImageLocality";

    /// <inheritdoc/>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var index = PodIndex.Of(state, nodes);
        var wanted = new Wanted(index, index.Images.Of(pod));
        state.Set(this, wanted);
        return PluginStatus.Success;
    }

    bool ISilentPlugin.HasNothingToSay(CycleState state) =>
        state.Get<Wanted>(this) is not { Images.Count: > 0 };

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        if (state.Get<Wanted>(this) is not { Images.Count: > 0 } wanted)
        {
            return 0;
        }
        var (sum, slot) = (0L, wanted.Index.SlotOf(node));
        foreach (var image in wanted.Images)
        {
            if (image.Nodes.Contains(slot))
            {
                var spread = (double)image.Nodes.Count / wanted.Index.Images.Nodes;
                sum += (long)(image.SizeBytes * spread);
            }
        }
        var count = pod.Spec.Containers.Count + pod.Spec.InitContainers.Count;
        var most = MostForOne * count;
        return IScorePlugin.MaxScore * (Math.Clamp(sum, Least, Math.Max(Least, most)) - Least)
            / (most - Least);
    }

    /// <summary>The name with which a node lists an image: <c>nginx</c> is
    /// <c>nginx:latest</c>; a digest stays.</summary>
    internal static string Normalize(string image) =>
        image.LastIndexOf(':') <= image.LastIndexOf('/') ? image + ":latest" : image;

    private sealed record Wanted(PodIndex Index, List<ImageState> Images);
}

/// <summary>An image, its size as the first node told it, and the nodes that have it.</summary>
internal sealed class ImageState(long sizeBytes)
{
    public long SizeBytes => sizeBytes;

    public HashSet<int> Nodes { get; } = [];
}

/// <summary>Which images are on which nodes, by each of their names.</summary>
internal sealed class ImageStates
{
    private readonly Dictionary<string, ImageState> states = new(StringComparer.Ordinal);

    /// <summary>The number of nodes.</summary>
    public int Nodes { get; private set; }

    /// <summary>A node came, changed or went.</summary>
    public void Change(int slot, Node? old, Node? now)
    {
        Nodes += (now is null ? 0 : 1) - (old is null ? 0 : 1);
        var (before, after) = (old?.Status.Images ?? default, now?.Status.Images ?? default);
        if (before.Equals(after))
        {
            return;
        }
        foreach (var name in before.SelectMany(i => i.Names))
        {
            if (states.TryGetValue(name, out var state) && state.Nodes.Remove(slot)
                && state.Nodes.Count == 0)
            {
                states.Remove(name);
            }
        }
        foreach (var image in after)
        {
            foreach (var name in image.Names)
            {
                if (!states.TryGetValue(name, out var state))
                {
                    states.Add(name, state = new(image.SizeBytes ?? 0));
                }
                state.Nodes.Add(slot);
            }
        }
    }

    /// <summary>The images of a pod that some node has, one for each container.</summary>
    public List<ImageState> Of(Pod pod)
    {
        var found = new List<ImageState>();
        if (states.Count > 0)
        {
            Add(pod.Spec.InitContainers, found);
            Add(pod.Spec.Containers, found);
        }
        return found;
    }

    private void Add(Seq<Container> containers, List<ImageState> found)
    {
        foreach (var container in containers.AsSpan())
        {
            if (container.Image is { } image
                && states.TryGetValue(ImageLocality.Normalize(image), out var state))
            {
                found.Add(state);
            }
        }
    }
}
