namespace KubeSim;

/// <summary>What a request is about: a list (no name), an object, or a part of an object that has
/// an address of its own, its subresource.</summary>
/// <example><c>/apis/apps/v1/namespaces/x/deployments/web/scale</c> has the kind Deployment, the
/// namespace x, the name web and the subresource scale.</example>
public readonly record struct ResourcePath(
    Kind Kind, string Namespace, string Name, string Subresource = "")
{
    /// <summary>The address of an object.</summary>
    public static ResourcePath Of(in ObjectKey key, string subresource = "") =>
        new(key.Kind, key.Namespace, key.Name, subresource);

    /// <summary>The key of the object.</summary>
    public ObjectKey Key => new(Kind, Namespace, Name);

    /// <summary>Reads a path as HTTP clients write it, without its query.</summary>
    /// <exception cref="ApiException">404: the server knows no such group or resource.</exception>
    public static ResourcePath Parse(string path, KindRegistry kinds) =>
        TryParse(path, kinds, out var result) is { } refusal
            ? throw new ApiException(refusal)
            : result;

    /// <summary>Reads a path; the answer is null, or the refusal of a path that leads
    /// nowhere.</summary>
    public static Status? TryParse(string path, KindRegistry kinds, out ResourcePath result)
    {
        result = default;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).AsSpan();
        var core = parts.Length > 0 && parts[0] == "api";
        var skip = core ? 2 : 3;
        if (parts.Length <= skip || (!core && parts[0] != "apis"))
        {
            return PageNotFound;
        }
        var (group, version) = core ? ("", parts[1]) : (parts[1], parts[2]);
        if (!Serves(kinds, group, version))
        {
            return PageNotFound;
        }
        parts = parts[skip..];
        var ns = "";
        if (parts.Length > 2 && parts[0] == "namespaces"
            && parts[2] is not ("status" or "finalize"))
        {
            ns = parts[1];
            parts = parts[2..];
        }
        if (parts.Length > 3 || kinds.FindResource(group, version, parts[0]) is not { } kind
            || (ns.Length > 0 && !kind.Namespaced))
        {
            return Refusals.NoSuchResource;
        }
        result = new(kind, ns, parts.Length > 1 ? parts[1] : "", parts.Length > 2 ? parts[2] : "");
        return null;
    }

    /// <summary>The path as HTTP clients write it.</summary>
    public override string ToString()
    {
        if (Kind is null)
        {
            return "/";
        }
        var start = Kind.Group.Length == 0 ? "/api/" : "/apis/";
        var space = Namespace is null or "" ? "" : $"/namespaces/{Namespace}";
        var name = Name is null or "" ? "" : $"/{Name}";
        var sub = Subresource is null or "" ? "" : $"/{Subresource}";
        return $"{start}{Kind.ApiVersion}{space}/{Kind.Plural}{name}{sub}";
    }

    private static bool Serves(KindRegistry kinds, string group, string version)
    {
        foreach (var kind in kinds.All)
        {
            if (kind.Group == group && kind.Versions.AsSpan().Contains(version))
            {
                return true;
            }
        }
        return false;
    }

    // The real server answers an unknown group before any API code runs, in plain text.
    private static Status PageNotFound { get; } =
        ApiErrors.Of(404, "NotFound", "404 page not found").Status;
}
