namespace KubeSim;

/// <summary>How the kubelet words what it reports about containers.</summary>
internal static class KubeletEvents
{
    /// <summary>The part of the pod that a container is, such as
    /// <c>spec.containers{web}</c>.</summary>
    public static string PathOf(Pod pod, string container)
    {
        if (pod.Spec.EphemeralContainers.Any(c => c.Name == container))
        {
            return $"spec.ephemeralContainers{{{container}}}";
        }
        foreach (var init in pod.Spec.InitContainers)
        {
            if (init.Name == container)
            {
                return $"spec.initContainers{{{container}}}";
            }
        }
        return $"spec.containers{{{container}}}";
    }

    /// <summary>A pod in messages: <c>web_default(8f1c…)</c>.</summary>
    public static string NameOf(Pod pod) =>
        $"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.Uid})";
}
