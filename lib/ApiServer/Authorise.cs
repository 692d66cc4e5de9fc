namespace KubeSim;

/// <summary>A question to the authoriser: may this user do this to that?</summary>
public readonly record struct Access
{
    /// <summary>Who asks.</summary>
    public required UserInfo User { get; init; }

    /// <summary>What for: <c>get</c>, <c>list</c>, <c>bind</c>, <c>impersonate</c>…</summary>
    public required string Verb { get; init; }

    /// <summary>The API group of the resource.</summary>
    public string Group { get; init; }

    /// <summary>The resource, such as <c>pods</c>.</summary>
    public string Resource { get; init; }

    /// <summary>The subresource, such as <c>log</c>.</summary>
    public string Subresource { get; init; }

    /// <summary>The namespace; empty for the whole cluster.</summary>
    public string Namespace { get; init; }

    /// <summary>The object; empty for a list or a new one.</summary>
    public string Name { get; init; }

    /// <summary>The path of what is no resource, such as <c>/healthz</c>; null for a
    /// resource.</summary>
    public string? Path { get; init; }

    /// <summary>The question that a request poses.</summary>
    public static Access Of(ApiRequest request) => Of(request.User,
        request.Verb.Name, request.Path.Kind, request.Path.Namespace, request.Path.Name) with
    {
        Subresource = request.Path.Subresource,
    };

    /// <summary>The question about objects of a kind, or one.</summary>
    public static Access Of(
        UserInfo user, string verb, Kind kind, string ns, string name) => new()
        {
            User = user, Verb = verb, Group = kind.Group, Resource = kind.Plural,
            Namespace = ns, Name = name,
        };

    /// <summary>The refusal, in the real server's words.</summary>
    /// <remarks>Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.
    /// </remarks>
    public Status Refusal(string reason)
    {
        reason = reason.Length == 0 ? "" : $": {reason}";
        if (Path is not null)
        {
            return ApiErrors.Of(403, "Forbidden",
                $"forbidden: User \"{User.Name}\" cannot {Verb} path \"{Path}\"{reason}",
                new()).Status;
        }
        var what = Subresource is { Length: > 0 } ? $"{Resource}/{Subresource}" : Resource;
        var where = Namespace is { Length: > 0 }
            ? $"in the namespace \"{Namespace}\"" : "at the cluster scope";
        var kind = new Kind
        {
            Group = Group ?? "", Plural = Resource, Name = "", Singular = "", Version = "",
            Namespaced = false,
        };
        return ApiErrors.Forbidden(kind, Name ?? "", $"User \"{User.Name}\" cannot {Verb} "
            + $"resource \"{what}\" in API group \"{Group}\" {where}{reason}").Status;
    }
}

/// <summary>What an authoriser says, and why.</summary>
/// <param name="Allowed">True: go on.</param>
/// <param name="Reason">The rule that allows it, or what stood in the way; often empty for a
/// refusal, since nothing is forbidden: it is only not allowed.</param>
public readonly record struct Decision(bool Allowed, string Reason = "");

/// <summary>The stage after authentication: may this user do this? Role-based access control is one
/// such; a server without it allows everything.</summary>
public interface IAuthorizer
{
    /// <summary>Answers a question.</summary>
    Decision Decide(in Access access);

    /// <summary>The rules that speak for a user in a namespace.</summary>
    IEnumerable<PolicyRule> RulesOf(UserInfo user, string ns);

    /// <summary>Learns of a write.</summary>
    void Wrote(ApiObject? old, ApiObject? now)
    {
    }
}

/// <summary>Lets everybody do everything, as <c>--authorization-mode=AlwaysAllow</c>.</summary>
public sealed class AlwaysAllow : IAuthorizer
{
    /// <inheritdoc/>
    public Decision Decide(in Access access) => new(true);

    /// <inheritdoc/>
    public IEnumerable<PolicyRule> RulesOf(UserInfo user, string ns) => [PolicyRule.Everything];
}
