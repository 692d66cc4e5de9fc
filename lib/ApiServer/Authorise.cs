namespace KubeSim;

/// <summary>The stage after authentication: may this user do this? Role-based access control is one
/// such; a cluster without it allows everything.</summary>
public interface IAuthorizer
{
    /// <summary>Null to let the request pass, or why not.</summary>
    Status? Refuse(ApiRequest request);
}

/// <summary>Lets everybody do everything, as <c>--authorization-mode=AlwaysAllow</c>.</summary>
public sealed class AlwaysAllow : IAuthorizer
{
    /// <inheritdoc/>
    public Status? Refuse(ApiRequest request) => null;
}
