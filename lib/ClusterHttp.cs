namespace KubeSim;

/// <summary>The cluster as a server of HTTP sees it.</summary>
public sealed partial class Cluster
{
    /// <summary>Serves one request of an HTTP client. A write that is carried out is kept in the
    /// journal, as one made from here is.</summary>
    public HttpAnswer Serve(HttpCall call) =>
        Owned(s => s.Api.Serve(call, request => Handle(request, call.Client)));
}
