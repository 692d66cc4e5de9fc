namespace KubeSim;

/// <summary>Where a URL leads: a resource, for a proxy the path behind it, and whether it is one of
/// the old paths that watch: <c>/api/v1/watch/pods</c>.</summary>
/// <param name="Path">The resource.</param>
/// <param name="Rest">What stands behind <c>proxy</c>, with its slash; mostly empty.</param>
/// <param name="Watches">True for a path that watches.</param>
/// <param name="ApiVersion">The version of the API that the client speaks:
/// <c>autoscaling/v1</c>.</param>
internal readonly record struct ResourceUrl(
    ResourcePath Path, string Rest, bool Watches, string ApiVersion)
{
    /// <summary>True for the path of a resource, which has a group, a version and more.</summary>
    public static bool IsResource(string path) => path.Trim('/').Split('/') switch
    {
        ["api", _, _, ..] or ["apis", _, _, _, ..] => true,
        _ => false,
    };

    /// <summary>True for what is no object, but leads to a pod or a kubelet.</summary>
    public static bool Connects(in ResourcePath path) => path.Subresource switch
    {
        "log" or "exec" or "attach" or "portforward" => path.Kind.Equals(Kinds.Pod),
        "proxy" => path.Kind.Subresources.Contains("proxy"),
        _ => false,
    };

    /// <summary>Reads a path; the answer is null, or the refusal.</summary>
    public static Status? Read(string path, KindRegistry kinds, out ResourceUrl url)
    {
        url = default;
        var parts = path.Trim('/').Split('/').ToList();
        var at = parts[0] == "api" ? 2 : 3;
        var watches = parts[at] == "watch";
        if (watches)
        {
            parts.RemoveAt(at);
        }
        // KIND/NAME/proxy[/REST], in a namespace or not.
        var proxy = parts.FindIndex(at, part => part == "proxy") is var found
            && (found == at + 2 || (found == at + 4 && parts[at] == "namespaces")) ? found : -1;
        var rest = proxy < 0 ? "" : string.Concat(parts.Skip(proxy + 1).Select(p => $"/{p}"));
        var own = proxy < 0 ? parts : parts[..(proxy + 1)];
        if (ResourcePath.TryParse(own.Contains("") ? "" : string.Join('/', own), kinds,
            out var resource) is { } nowhere)
        {
            return nowhere;
        }
        url = new(resource, path.EndsWith('/') ? rest + "/" : rest, watches,
            string.Join('/', parts[1..at]));
        var wrong = resource.Name switch
        {
            "." or ".." => $"may not be '{resource.Name}'",
            var name when name.Contains('%', StringComparison.Ordinal) => "may not contain '%'",
            _ => null,
        };
        return wrong is null ? null : ApiErrors.BadRequest("Name parameter invalid: "
            + $"{FieldErrors.Quote(resource.Name)}: {wrong}").Status;
    }
}

/// <summary>Those behind the API server that it passes requests on to: kubelets and pods, and
/// extension API servers such as the metrics server.</summary>
internal interface IHttpBackend
{
    /// <summary>The kinds of extension servers that an APIService names.</summary>
    Seq<Kind> Extensions { get; }

    /// <summary>True when the server behind such a kind answers.</summary>
    bool IsAvailable(Kind kind);

    /// <summary>What an extension server answers.</summary>
    ApiResponse Read(ApiRequest request);

    /// <summary>Leads to a pod, a Service or a kubelet: <c>log</c>, <c>exec</c>,
    /// <c>proxy</c>.</summary>
    HttpAnswer Connect(ApiRequest request, string rest, HttpOptions options);
}
