namespace KubeSim;

/// <summary>Objects to read: the cluster as a component sees it, or as it was once.</summary>
public interface IObjectReader
{
    /// <summary>The object of a type, namespace (empty for cluster-scoped kinds) and name, or
    /// null.</summary>
    T? Get<T>(string ns, string name)
        where T : ApiObject;

    /// <summary>The objects of a type in a namespace (null for all), by namespace and
    /// name.</summary>
    IEnumerable<T> List<T>(string? ns = null)
        where T : ApiObject;
}
